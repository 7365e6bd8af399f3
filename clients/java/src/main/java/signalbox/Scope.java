package signalbox;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What ends together: when a scope is closed, its requests are aborted and its waits end. */
final class Scope implements Abortable {
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Set<Abortable> parts = ConcurrentHashMap.newKeySet();

  /** Makes a scope that ends with this one, if not earlier. */
  Scope child() {
    Scope child = new Scope();
    add(child);
    return child;
  }

  void add(Abortable part) {
    parts.add(part);
    // It may have been closed in the meantime.
    if (isClosed()) part.abort();
  }

  void remove(Abortable part) {
    parts.remove(part);
  }

  boolean isClosed() {
    return closed.getCount() == 0;
  }

  void requireOpen() {
    if (isClosed()) throw new BoxClosedException();
  }

  /** Waits until a pause is over; if the other deadline comes first, that is a timeout. */
  void sleep(Deadline pause, Deadline until) throws InterruptedException, TimeoutException {
    if (closed.await(Math.min(pause.left(), until.left()), TimeUnit.NANOSECONDS)) throw new BoxClosedException();
    if (!pause.passed()) throw new TimeoutException();
  }

  @Override
  public void abort() {
    closed.countDown();
    for (Abortable part : parts) part.abort();
    parts.clear();
  }
}
