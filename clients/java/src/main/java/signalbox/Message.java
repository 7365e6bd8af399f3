package signalbox;

import com.fasterxml.jackson.annotation.JsonRawValue;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;

/**
 * A JSON value and its sequence number.
 *
 * @param seq the sequence number: 1, 2, 3 … per box
 * @param json the JSON text of the value, as it was sent
 */
public record Message(long seq, String json) {
  /**
   * Returns the JSON text of the value, as it was sent.
   *
   * @return the JSON text
   */
  @JsonValue
  @JsonRawValue
  public String json() {
    return json;
  }

  /**
   * Decodes the value with Jackson, for example into a record, a {@code JsonNode} or a {@code Map}. Members that the
   * type lacks are ignored. To decode it in another way, use {@link #json()}.
   *
   * @param <T> the type
   * @param type its class
   * @return the value; null for a JSON null
   * @throws JsonProcessingException if the value is not of this type, or is nested in more than 1,000 levels
   */
  public <T> T decode(Class<T> type) throws JsonProcessingException {
    return Json.MAPPER.readValue(json, type);
  }

  /**
   * Decodes the value with Jackson, as {@link #decode(Class)} does, into a type with parameters.
   *
   * @param <T> the type
   * @param type the type, such as {@code new TypeReference<List<String>>() {}}
   * @return the value; null for a JSON null
   * @throws JsonProcessingException if the value is not of this type, or is nested in more than 1,000 levels
   */
  public <T> T decode(TypeReference<T> type) throws JsonProcessingException {
    return Json.MAPPER.readValue(json, type);
  }

  /**
   * Returns the text of a JSON string, and the JSON text of any other value.
   *
   * @return the text
   */
  @Override
  public String toString() {
    return Json.text(json);
  }
}
