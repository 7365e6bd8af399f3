package signalbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class JsonTest {
  record Offer(String type, String sdp) {}

  @Test
  void aMessageIsWhatWasSent() throws JsonProcessingException {
    Message message = new Message(1, "{\"type\":\"offer\", \"sdp\":null,\"n\":12345678901234567890}");
    assertEquals(new Offer("offer", null), message.decode(Offer.class));
    assertEquals(new BigInteger("12345678901234567890"), message.decode(new TypeReference<Map<String, Object>>() {}).get("n"));
    assertNull(new Message(1, "null").decode(Offer.class));
    assertThrows(JsonProcessingException.class, () -> new Message(1, "[1]").decode(Offer.class));
    assertThrows(JsonProcessingException.class, () -> new Message(1, FakeServer.DEEP).decode(Object.class));
    Map.of("\"é\\n\"", "é\n", "null", "null", "{\"a\": \"b\"}", "{\"a\": \"b\"}", "", "", "\"", "\"").forEach((json, text) ->
        assertEquals(text, new Message(1, json).toString()));
  }

  @Test
  void aValueIsSentAsJson() {
    assertEquals("null", encoded(null));
    assertEquals("\"é\u2028\"", encoded("é\u2028"));
    assertEquals("\"\\uD800é\"", encoded("\ud800é").replace("\\u00E9", "é"));
    assertEquals("{\"type\":\"offer\",\"sdp\":null}", encoded(new Offer("offer", null)));
    assertEquals("[1,null,\"1970-01-01T00:00:00Z\"]", encoded(Arrays.asList(1, null, Instant.EPOCH)));
    assertEquals("{ \"a\":1}", encoded(new RawValue("{ \"a\":1}")));
    assertEquals("[{\"a\": 1e3}]", encoded(List.of(new Message(7, "{\"a\": 1e3}"))));
  }

  @Test
  void aValueThatIsNotJsonIsRefused() {
    for (Object value : new Object[] {Double.NaN, List.of(Float.POSITIVE_INFINITY), new RawValue("1 2"), new RawValue("{"), new RawValue(""), new Object()}) {
      assertThrows(IllegalArgumentException.class, () -> Json.encode(value), String.valueOf(value));
    }
  }

  @Test
  void aPageKeepsEachText() throws IOException {
    Page page = Answer.MSGS.read(" {\"next\" : 9,\"more\":[1],\"data\":[\"a,]\\\"\", " + FakeServer.DEEP + " ,{\"a\" : [1 ,2]}],\"type\":\"msgs\"}\n");
    assertEquals(List.of(new Message(7, "\"a,]\\\"\""), new Message(8, FakeServer.DEEP), new Message(9, "{\"a\" : [1 ,2]}")), page.messages());
    assertEquals(9, page.next());
  }

  @Test
  void anAnswerThatIsCutIsNotJson() {
    String whole = "{\"type\":\"msgs\",\"data\":[\"}]\",[1]],\"next\":2}";
    for (int at = 0; at < whole.length(); at++) {
      String cut = whole.substring(0, at);
      assertThrows(IOException.class, () -> Answer.MSGS.read(cut), cut);
    }
  }

  @Test
  void anEmptyPartIsNotJson() throws IOException {
    for (String array : List.of("[1,,2]", "[,1]", "[1,]", "[1, ]", "[,]")) assertThrows(IOException.class, () -> Json.elements(array), array);
    assertThrows(IOException.class, () -> Json.members("{\"a\":1,}"));
    assertEquals(List.of(), Json.elements("[ ]"));
  }

  @Test
  void anAnswerOfAnotherShapeIsNone() throws IOException {
    for (String body : List.of("{}", "[]", "{\"type\":\"ack\"}", "{\"type\":\"msgs\",\"data\":[1,2],\"next\":1}", "{\"type\":\"msgs\",\"data\":null,\"next\":0}", "{\"type\":\"msgs\",\"data\":{},\"next\":0}", "{\"type\":\"msgs\",\"data\":[],\"next\":\"0\"}", "{\"type\":\"msgs\",\"data\":[],\"next\":-1}", "{\"type\":\"msgs\",\"data\":[],\"next\":9007199254740992}")) {
      assertNull(Answer.MSGS.read(body), body);
    }
    for (String body : List.of("{\"type\":\"ack\",\"data\":1}", "{\"type\":\"ack\",\"data\":1,\"seq\":0}", "{\"type\":\"ack\",\"seq\":1}", "{\"type\":\"created\",\"data\":1,\"seq\":1}")) {
      assertNull(Answer.ACK.read(body), body);
    }
    assertNull(Answer.CURSOR_ACK.read("{\"type\":\"ack\",\"data\":2147483648}"));
    assertNull(Answer.CREATED.read("{\"type\":\"created\",\"data\":\"" + FakeServer.BOX_ID + "\",\"drop\":\"" + FakeServer.BOX_ID + "\"}"));
    assertNull(Answer.NOTHING.read("{}"));
  }

  private static String encoded(Object value) {
    return new String(Json.encode(value), StandardCharsets.UTF_8);
  }
}
