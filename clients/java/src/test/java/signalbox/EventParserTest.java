package signalbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class EventParserTest {
  @Test
  void eventsAreParsedAsTheStandardSays() {
    byte[] stream = "\ufeffretry: 1000\r\n: open\r\n\r\nid: 1\rdata: a\rdata:b\r\rid:2\nid: 3\0\nevent: gone\ndata\n\nid: 4\n\ndata:  é😀\n\ndata: incomplete\n".getBytes(StandardCharsets.UTF_8);
    List<EventParser.Event> expected = List.of(new EventParser.Event("", "a\nb", "1"), new EventParser.Event("gone", "", "2"), new EventParser.Event("", " é😀", "4"));
    for (int at = 0; at <= stream.length; at++) {
      List<EventParser.Event> found = new ArrayList<>();
      EventParser parser = new EventParser(1000, found::add);
      parser.push(ByteBuffer.wrap(Arrays.copyOf(stream, at)));
      parser.push(ByteBuffer.wrap(stream, at, stream.length - at));
      assertEquals(expected, found, "split at " + at);
    }
  }

  @Test
  void anEndlessEventIsRefused() {
    for (String chunk : List.of("data: aaaa\n", "data: aaaa")) {
      EventParser parser = new EventParser(1000, event -> { });
      ResponseTooLargeException e = assertThrows(ResponseTooLargeException.class, () -> {
        for (int i = 0; i < 1000; i++) parser.push(ByteBuffer.wrap(chunk.getBytes(StandardCharsets.UTF_8)));
      });
      assertEquals(1000, e.limit());
    }
  }
}
