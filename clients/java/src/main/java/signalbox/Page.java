package signalbox;

import java.util.ArrayList;
import java.util.List;

/**
 * Consecutive messages, and the cursor after them.
 *
 * @param messages the messages, oldest first
 * @param next the sequence number of the last message; without messages, the cursor that was asked for
 */
public record Page(List<Message> messages, long next) {
  /**
   * Keeps a copy of the list.
   *
   * @param messages the messages, oldest first
   * @param next the cursor after them
   */
  public Page {
    messages = List.copyOf(messages);
  }

  static Page of(List<String> texts, long next) {
    List<Message> messages = new ArrayList<>(texts.size());
    // Messages leave a box only from its front, so the sequence numbers within a page have no gap.
    for (String text : texts) messages.add(new Message(next - texts.size() + messages.size() + 1, text));
    return new Page(messages, next);
  }
}
