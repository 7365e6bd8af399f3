package signalbox;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * Reads the body of a successful response. It returns null unless the body has what the contract promises: something
 * other than the box server may have responded, or the box server to another request, after a redirect.
 */
@FunctionalInterface
interface Answer<T> {
  Answer<String> CREATED = body -> {
    Map<String, String> members = ofType("created", body);
    if (members == null) return null;
    String id = Json.text(members.getOrDefault("data", ""));
    return Address.isBoxId(id) && Address.isDropAddress(Json.text(members.getOrDefault("drop", ""))) ? id : null;
  };

  Answer<Sent> ACK = body -> {
    Map<String, String> members = ofType("ack", body);
    long seq = count(members, "seq");
    int count = smallCount(members);
    return seq > 0 && count >= 0 ? new Sent(seq, count) : null;
  };

  Answer<Integer> CURSOR_ACK = body -> {
    int left = smallCount(ofType("ack", body));
    return left >= 0 ? left : null;
  };

  Answer<Page> MSGS = body -> {
    Map<String, String> members = ofType("msgs", body);
    if (members == null) return null;
    List<String> messages = Json.elements(members.get("data"));
    long next = count(members, "next");
    return messages != null && next >= messages.size() ? Page.of(messages, next) : null;
  };

  /** The answer without a body. */
  Answer<Boolean> NOTHING = body -> body.isEmpty() ? true : null;

  /**
   * Reads a body.
   *
   * @throws IOException if the body is not JSON: it may have been cut off
   */
  T read(String body) throws IOException;

  private static Map<String, String> ofType(String type, String body) throws IOException {
    Map<String, String> members = Json.members(body);
    return members != null && Json.text(members.getOrDefault("type", "")).equals(type) ? members : null;
  }

  /** The count or number in a member, up to 2^53 - 1; -1 if there is none. */
  private static long count(Map<String, String> members, String name) {
    String text = members == null ? "" : members.getOrDefault(name, "");
    long count = text.matches("[0-9]{1,16}") ? Long.parseLong(text) : -1;
    return count < 1L << 53 ? count : -1;
  }

  private static int smallCount(Map<String, String> members) {
    long count = count(members, "data");
    return count <= Integer.MAX_VALUE ? (int) count : -1;
  }
}
