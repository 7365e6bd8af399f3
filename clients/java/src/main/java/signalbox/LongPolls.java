package signalbox;

import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.TimeoutException;

/** Reads the messages after a cursor by long-polls. It ends after a while, because the next network may let streams through. */
final class LongPolls implements Way {
  private final Box box;
  private final Scope scope;
  private final Timings timings;
  private final Deadline period;
  private long cursor;
  private Pending<Page> pending;
  private Deadline shortest;
  private Deadline pause;

  LongPolls(Box box, Scope scope, long after) {
    this.box = box;
    this.scope = scope;
    timings = box.timings;
    period = Deadline.in(timings.longPollPeriod);
    cursor = after;
  }

  @Override
  public boolean fill(Queue<Message> messages, Deadline until) throws InterruptedException, TimeoutException {
    if (pending == null) {
      if (pause != null) scope.sleep(pause, until);
      if (period.passed()) return false;
      shortest = Deadline.in(timings.minPollInterval);
      Duration wait = timings.longPollWait;
      String path = "/messages?after=" + cursor + "&wait=" + wait.toSeconds();
      pending = new Pending<>(box.connection, scope, box.call("GET", path, timings.responseTimeout.plus(wait), Answer.MSGS));
    }
    Page page = pending.answer(until);
    close();
    long before = cursor;
    for (Message message : page.messages()) {
      // A proxy may repeat an earlier page.
      if (message.seq() <= cursor) continue;
      messages.add(message);
      cursor = message.seq();
    }
    // In case the server does not wait.
    pause = cursor == before ? shortest : null;
    return true;
  }

  @Override
  public void close() {
    if (pending != null) pending.close();
    pending = null;
  }
}
