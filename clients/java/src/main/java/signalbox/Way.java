package signalbox;

import java.util.Queue;
import java.util.concurrent.TimeoutException;

/** A way of reading a box without end. After a timeout or an interrupt, one may go on waiting. */
interface Way extends AutoCloseable {
  /** It does not get through on this path; another way may. */
  final class NoWayException extends Exception {
    private static final long serialVersionUID = 1L;
  }

  /** Waits for something to come, which may be no message, and adds the messages. Returns false at a normal end. */
  boolean fill(Queue<Message> messages, Deadline until) throws InterruptedException, TimeoutException, NoWayException;

  @Override
  void close();
}
