package signalbox;

import java.time.Duration;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A loop over the messages of a box, in order and once each, across disconnections and restarts of the server; see
 * {@link Box#messages()}. Iterate over it, or call {@link #take()} or {@link #poll(Duration)}. All of them block until
 * there is a message.
 *
 * <p>Asking for the next message acknowledges the previous one, and the server forgets it. The message at which a loop
 * is left may not have been handled: it is not acknowledged, and a later loop delivers it again. If you have handled it,
 * call {@link Box#acknowledge(long)} before you leave.
 *
 * <p>Java does not tell a loop that it was left. It ends when it is closed, when the box is closed, or when a later loop
 * on the same {@code Box} begins; until then, it keeps its connection. One thread at a time may ask for messages; any
 * thread may close.
 *
 * <p>Asking fails with a {@link BoxException} if the box is gone or the cursor is ahead of it, or with a
 * {@link ResponseTooLargeException}; either ends the loop.
 */
public final class Messages implements Iterable<Message>, AutoCloseable {
  private static final String READING = "Another loop is already reading through this Box. End it first, or open the box again.";

  final Acknowledger acknowledger;
  private final Box box;
  private final Scope scope;
  private final Follow follow;
  private final ReentrantLock asking = new ReentrantLock();
  private Message delivered;
  private Message fetched;
  private volatile boolean replaced;

  Messages(Box box, long after) {
    this.box = box;
    acknowledger = new Acknowledger(box);
    scope = box.scope.child();
    follow = new Follow(box, scope, after);
  }

  /**
   * Waits for the next message.
   *
   * @return the message
   * @throws InterruptedException if the thread is interrupted; the loop may be continued
   * @throws BoxClosedException if the loop or the box is closed
   * @throws IllegalStateException if another thread is asking, or a later loop has begun
   */
  public Message take() throws InterruptedException {
    try {
      return next(Deadline.NEVER);
    } catch (TimeoutException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /**
   * Waits for the next message, but not for longer than a while. The previous one is acknowledged in any case.
   *
   * @param timeout the longest wait
   * @return the message; empty if none came in time
   * @throws InterruptedException if the thread is interrupted; the loop may be continued
   * @throws BoxClosedException if the loop or the box is closed
   * @throws IllegalStateException if another thread is asking, or a later loop has begun
   */
  public Optional<Message> poll(Duration timeout) throws InterruptedException {
    try {
      return Optional.of(next(Deadline.in(timeout)));
    } catch (TimeoutException e) {
      return Optional.empty();
    }
  }

  /**
   * Returns the loop as an iterator, which ends when the loop or the box is closed. {@code hasNext} waits for the next
   * message, and throws a {@link LoopInterruptedException} if the thread is interrupted.
   *
   * @return an iterator; each one continues where the last one stopped
   */
  @Override
  public Iterator<Message> iterator() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        try {
          if (fetched == null) fetched = take();
          return true;
        } catch (BoxClosedException e) {
          return false;
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
          throw new LoopInterruptedException(e);
        }
      }

      @Override
      public Message next() {
        if (!hasNext()) throw new NoSuchElementException();
        Message message = fetched;
        fetched = null;
        return message;
      }
    };
  }

  /**
   * Ends the loop. Messages that were handled are acknowledged: this waits until the server knows, for at most five
   * seconds. The one at which the loop was left is not. May be called again.
   */
  @Override
  public void close() {
    scope.abort();
    box.scope.remove(scope);
    acknowledger.flush(box.timings.flushTimeout);
  }

  /** Ends this loop because a later one begins, unless somebody is asking. */
  void replace() {
    if (scope.isClosed()) return;
    if (!asking.tryLock()) throw new IllegalStateException(READING);
    try {
      replaced = true;
      scope.abort();
      box.scope.remove(scope);
    } finally {
      asking.unlock();
    }
  }

  private Message next(Deadline until) throws InterruptedException, TimeoutException {
    if (!asking.tryLock()) throw new IllegalStateException(READING);
    try {
      if (replaced) throw new IllegalStateException("A later loop over this Box has begun");
      if (fetched != null) return takeFetched();
      if (delivered != null) {
        box.handled(delivered.seq());
        acknowledger.advance(delivered.seq());
        delivered = null;
      }
      delivered = follow.next(until);
      box.delivered(delivered.seq());
      return delivered;
    } catch (BoxException | ResponseTooLargeException e) {
      close();
      throw e;
    } finally {
      asking.unlock();
    }
  }

  private Message takeFetched() {
    Message message = fetched;
    fetched = null;
    return message;
  }
}
