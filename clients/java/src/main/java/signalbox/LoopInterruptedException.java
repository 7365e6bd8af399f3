package signalbox;

/**
 * The thread was interrupted while a {@code for} loop waited for a message. Its interrupt status is set again. An
 * iterator cannot throw an {@link InterruptedException}; {@link Messages#take()} does.
 */
public final class LoopInterruptedException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  LoopInterruptedException(InterruptedException cause) {
    super("The thread was interrupted while it waited for a message", cause);
  }
}
