package signalbox;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeoutException;

/**
 * Reads the messages after a cursor, in order and once each. They come over the stream, or for a while by long-poll if
 * the stream is refused or buffered. After a disconnection, a silent connection or a transient failure, reading resumes
 * after the last message returned. It fails if the server says that there is no point in retrying (the box is gone, or
 * the cursor is ahead of it), or sends too much at once.
 */
final class Follow {
  private final Box box;
  private final Scope scope;
  private final Queue<Message> ready = new ArrayDeque<>();
  private long cursor;
  private int failures;
  private boolean byLongPoll;
  private Way way;
  private Deadline pause;
  private Deadline lasting;

  Follow(Box box, Scope scope, long after) {
    this.box = box;
    this.scope = scope;
    cursor = after;
  }

  /** Returns the next message. After a timeout or an interrupt, one may go on waiting. */
  Message next(Deadline until) throws InterruptedException, TimeoutException {
    for (;;) {
      scope.requireOpen();
      Message message = ready.poll();
      if (message == null) {
        read(until);
      } else if (message.seq() > cursor) {
        cursor = message.seq();
        failures = 0;
        return message;
      }
    }
  }

  private void read(Deadline until) throws InterruptedException, TimeoutException {
    try {
      if (way == null) begin(until);
      if (!way.fill(ready, until)) again(null);
    } catch (Way.NoWayException e) {
      end();
      byLongPoll = true;
    } catch (BoxException | UnreachableException e) {
      end();
      if (!Timings.isTransient(e)) throw e;
      again(e);
    }
  }

  private void begin(Deadline until) throws InterruptedException, TimeoutException {
    if (pause != null) scope.sleep(pause, until);
    pause = null;
    lasting = Deadline.in(box.timings.maxDelay);
    way = byLongPoll ? new LongPolls(box, scope, cursor) : new EventStream(box, scope, cursor);
  }

  /** Conditions may have changed (another network, a restarted server), so the stream is tried again. */
  private void again(RuntimeException failure) {
    end();
    byLongPoll = false;
    if (lasting.passed()) failures = 0;
    failures++;
    pause = Deadline.in(box.timings.backoff(failures, failure));
  }

  private void end() {
    if (way != null) way.close();
    way = null;
  }
}
