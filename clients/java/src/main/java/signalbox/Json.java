package signalbox;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** JSON texts, which the client keeps as they are. */
final class Json {
  static final ObjectMapper MAPPER = JsonMapper.builder()
      .addModule(new JavaTimeModule())
      .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
      .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
      .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
      .build();

  private Json() {}

  /** Encodes a value as JSON in UTF-8. */
  static byte[] encode(Object value) {
    try {
      String text = MAPPER.writeValueAsString(value);
      requireOneValue(text);
      return toUtf8(text);
    } catch (CharacterCodingException e) {
      return encodeEscaped(value);
    } catch (IOException e) {
      throw new IllegalArgumentException("The message is not a JSON value", e);
    }
  }

  /** What Jackson writes is no JSON if it holds NaN or something raw. */
  private static void requireOneValue(String text) throws IOException {
    try (JsonParser parser = MAPPER.createParser(text)) {
      boolean isValue = parser.nextToken() != null;
      parser.skipChildren();
      if (!isValue || parser.nextToken() != null) throw new IOException("It is not one value");
    }
  }

  private static byte[] toUtf8(String text) throws CharacterCodingException {
    ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(text));
    byte[] exact = new byte[bytes.remaining()];
    bytes.get(exact);
    return exact;
  }

  /** Encodes a value with a lone surrogate, which only an escape can express. */
  private static byte[] encodeEscaped(Object value) {
    try {
      return MAPPER.writer().with(JsonWriteFeature.ESCAPE_NON_ASCII).writeValueAsBytes(value);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("The message is not a JSON value", e);
    }
  }

  /** Returns the text of a JSON string, and the JSON text of any other value. */
  static String text(String json) {
    try {
      return json.startsWith("\"") ? MAPPER.readValue(json, String.class) : json;
    } catch (JsonProcessingException e) {
      return json;
    }
  }

  /** Returns the members of an object as JSON texts, by their names; null if the text is an array. */
  static Map<String, String> members(String object) throws IOException {
    List<String> parts = split(object);
    if (object.strip().startsWith("[")) return null;
    Map<String, String> members = new HashMap<>();
    for (String part : parts) {
      int colon = part.indexOf(':');
      // The contract's names contain neither a colon nor an escape.
      if (colon >= 0) members.put(part.substring(0, colon).strip().replace("\"", ""), part.substring(colon + 1).strip());
    }
    return members;
  }

  /** Returns the elements of an array as JSON texts; null if the text is something else. */
  static List<String> elements(String array) throws IOException {
    return array != null && array.startsWith("[") ? split(array) : null;
  }

  /**
   * Returns the members of an object, or the elements of an array, each as its text. Jackson would refuse a whole page
   * for a single message that is nested too deeply for it, and would need much more memory than the text.
   */
  private static List<String> split(String padded) throws IOException {
    String text = padded.strip();
    if (!(text.startsWith("{") && text.endsWith("}")) && !(text.startsWith("[") && text.endsWith("]")) || text.length() < 2) throw notJson();
    List<String> parts = new ArrayList<>();
    int start = 1;
    int depth = 0;
    boolean quoted = false;
    int end = text.length() - 1;
    for (int i = 1; i < end; i++) {
      char c = text.charAt(i);
      if (quoted) {
        if (c == '\\') i++;
        else if (c == '"') quoted = false;
      } else if (c == '"') {
        quoted = true;
      } else if (c == '{' || c == '[') {
        depth++;
      } else if (c == '}' || c == ']') {
        if (--depth < 0) throw notJson();
      } else if (c == ',' && depth == 0) {
        parts.add(part(text, start, i));
        start = i + 1;
      }
    }
    if (depth != 0 || quoted) throw notJson();
    if (!parts.isEmpty() || !text.substring(start, end).isBlank()) parts.add(part(text, start, end));
    return parts;
  }

  private static String part(String text, int start, int end) throws IOException {
    String part = text.substring(start, end).strip();
    if (part.isEmpty()) throw notJson();
    return part;
  }

  private static IOException notJson() {
    return new IOException("it is malformed or incomplete, or neither an object nor an array");
  }
}
