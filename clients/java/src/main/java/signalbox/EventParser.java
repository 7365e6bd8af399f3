package signalbox;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Parses the bytes of an event stream, in chunks of any size, as the WHATWG HTML standard says in section 9.2.6: lines
 * that end in CR LF, CR or LF, and an event at every empty line. An incomplete event at the end is discarded. retry is
 * ignored: the reader has its own backoff.
 */
final class EventParser {
  /**
   * An event of an event stream.
   *
   * @param type the event field; empty for a message
   * @param data the data fields, joined by line feeds
   * @param id the most recent id of the stream
   */
  record Event(String type, String data, String id) {}

  private final long limit;
  private final Consumer<Event> found;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private StringBuilder data;
  private String type = "";
  private String id = "";
  private boolean endedInCr;
  private boolean started;

  /** Calls found with each event; none may be longer than the limit, so that an endless one cannot fill the memory. */
  EventParser(long limit, Consumer<Event> found) {
    this.limit = limit;
    this.found = found;
  }

  /** Takes the next bytes. */
  void push(ByteBuffer chunk) {
    while (chunk.hasRemaining()) {
      byte b = chunk.get();
      // A CR ends its line at once, so an LF after it belongs to it.
      boolean isRest = b == '\n' && endedInCr;
      endedInCr = b == '\r';
      if (isRest) continue;
      if (b == '\r' || b == '\n') {
        endLine();
      } else {
        line.write(b);
        if (line.size() + (data == null ? 0 : data.length()) > limit) throw new ResponseTooLargeException(limit);
      }
    }
  }

  private void endLine() {
    String text = line.toString(StandardCharsets.UTF_8);
    line.reset();
    if (!started && text.startsWith("\ufeff")) text = text.substring(1);
    started = true;
    if (!text.isEmpty()) {
      field(text);
      return;
    }
    if (data != null) found.accept(new Event(type, data.toString(), id));
    data = null;
    type = "";
  }

  private void field(String text) {
    int colon = text.indexOf(':');
    String name = colon < 0 ? text : text.substring(0, colon);
    String value = colon < 0 ? "" : text.substring(text.startsWith(" ", colon + 1) ? colon + 2 : colon + 1);
    switch (name) {
      case "data" -> {
        if (data == null) data = new StringBuilder(value);
        else data.append('\n').append(value);
      }
      case "event" -> type = value;
      case "id" -> {
        if (value.indexOf('\0') < 0) id = value;
      }
      default -> { }
    }
  }
}
