package signalbox;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tells the server how far a loop over a box has got: one request at a time, with the latest cursor, and at most one
 * per interval unless many messages are waiting. After a transient failure it tries again, ever less often, until the
 * loop is closed. After a refusal it waits for a later cursor; the one that was refused is not sent again when the loop
 * is closed: by then, another box may be there. It has a thread only while there is something to acknowledge.
 */
final class Acknowledger {
  /** How many messages may wait before they are acknowledged at once: well below what a box holds. */
  private static final long BACKLOG = 64;

  private final Box box;
  private final Scope scope = new Scope();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  /** The latest cursor, the one last sent, and the one that the server has accepted or refused. */
  private long wanted;
  private long tried;
  private long done;
  /** Whether there is a reason for another request. */
  private boolean asked;
  /** Whether a transient failure is one. */
  private boolean persistent;
  private int failures;
  private Deadline pause;
  private int flushing;
  private boolean running;

  Acknowledger(Box box) {
    this.box = box;
  }

  /** Says that every message up to and including this cursor has been handled. */
  void advance(long cursor) {
    lock.lock();
    try {
      if (cursor <= wanted) return;
      wanted = cursor;
      if (isUrgent()) changed.signalAll();
      ask();
    } finally {
      lock.unlock();
    }
  }

  /** The latest cursor, if it is still to be acknowledged; otherwise 0. */
  long pending() {
    lock.lock();
    try {
      return done < wanted ? wanted : 0;
    } finally {
      lock.unlock();
    }
  }

  /** Returns when everything has been acknowledged, or after the timeout, which is shorter if the thread is interrupted. */
  void flush(Duration timeout) {
    Deadline deadline = Deadline.in(timeout);
    boolean interrupted = false;
    lock.lock();
    try {
      flushing++;
      if (done < wanted) {
        failures = 0;
        endPause();
        ask();
      }
      while (running && done < wanted && !deadline.passed()) {
        try {
          changed.awaitNanos(deadline.left());
        } catch (InterruptedException e) {
          interrupted = true;
          deadline = Deadline.earlier(deadline, Deadline.in(box.timings.interruptTimeout));
        }
      }
      if (--flushing == 0) giveUp();
    } finally {
      lock.unlock();
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  /** Gives up what is under way. */
  void close() {
    scope.abort();
    lock.lock();
    try {
      giveUp();
      endPause();
    } finally {
      lock.unlock();
    }
  }

  private void ask() {
    asked = true;
    persistent = true;
    if (running) return;
    running = true;
    Thread thread = new Thread(this::run, "signalbox acknowledger");
    thread.setDaemon(true);
    thread.start();
  }

  private void giveUp() {
    persistent = false;
    if (done == wanted) return;
    asked = false;
    endPause();
  }

  private void endPause() {
    pause = Deadline.in(Duration.ZERO);
    changed.signalAll();
  }

  private void run() {
    lock.lock();
    try {
      while (asked && done < wanted) {
        asked = false;
        tried = wanted;
        RuntimeException failure = request(tried);
        boolean isTransient = failure != null && Timings.isTransient(failure);
        if (!isTransient) done = tried;
        if (isTransient && persistent) asked = true;
        failures = isTransient ? failures + 1 : 0;
        // Who closes does not wait for as long as the server may ask.
        RuntimeException asking = flushing > 0 ? null : failure;
        pause = Deadline.in(isTransient ? box.timings.backoff(failures, asking) : box.timings.acknowledgeInterval);
        changed.signalAll();
        while (!pause.passed() && (isTransient ? asked : !isUrgent())) changed.awaitNanos(pause.left());
      }
    } catch (InterruptedException ended) {
      // Nobody does this.
    } finally {
      running = false;
      changed.signalAll();
      lock.unlock();
    }
  }

  /** Sends a cursor, without the lock. Returns why that failed; null if it did not. */
  private RuntimeException request(long cursor) throws InterruptedException {
    lock.unlock();
    try {
      box.acknowledgeOnce(cursor, scope);
      return null;
    } catch (RuntimeException e) {
      return e;
    } finally {
      lock.lock();
    }
  }

  private boolean isUrgent() {
    return flushing > 0 || wanted - tried >= BACKLOG;
  }
}
