package signalbox;

/**
 * What the server says of a message that it stored.
 *
 * @param seq the message's sequence number
 * @param count the number of messages now in the box
 */
public record Sent(long seq, int count) {}
