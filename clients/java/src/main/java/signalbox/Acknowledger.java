package signalbox;

import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Tells the server how far the loops over a box have got: one request at a time, with the latest cursor, and at most one
 * per interval unless many messages are waiting. A request that fails for good is dropped: the next one carries a later
 * cursor, and until then, the server merely keeps the messages for longer. It has a thread only while there is something
 * to acknowledge.
 */
final class Acknowledger {
  /** How many messages may wait before they are acknowledged at once: well below what a box holds. */
  private static final long BACKLOG = 64;

  private final Box box;
  private final Scope scope = new Scope();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private long wanted;
  private long done;
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
      if (running) return;
      running = true;
      Thread thread = new Thread(this::run, "signalbox acknowledger");
      thread.setDaemon(true);
      thread.start();
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
      changed.signalAll();
      while (running && done < wanted && !deadline.passed()) {
        try {
          changed.awaitNanos(deadline.left());
        } catch (InterruptedException e) {
          interrupted = true;
          deadline = Deadline.earlier(deadline, Deadline.in(box.timings.interruptTimeout));
        }
      }
      flushing--;
    } finally {
      lock.unlock();
      if (interrupted) Thread.currentThread().interrupt();
    }
  }

  /** Gives up what is under way. */
  void close() {
    scope.abort();
  }

  private void run() {
    lock.lock();
    try {
      while (done < wanted) {
        long cursor = wanted;
        lock.unlock();
        try {
          box.acknowledge(cursor, scope);
        } catch (RuntimeException dropped) {
          // The next one carries a later cursor.
        } finally {
          lock.lock();
        }
        done = cursor;
        changed.signalAll();
        Deadline pause = Deadline.in(box.timings.acknowledgeInterval);
        while (!pause.passed() && !isUrgent()) changed.awaitNanos(pause.left());
      }
    } catch (InterruptedException ended) {
      // Nobody does this.
    } finally {
      running = false;
      changed.signalAll();
      lock.unlock();
    }
  }

  private boolean isUrgent() {
    return flushing > 0 || wanted - done >= BACKLOG;
  }
}
