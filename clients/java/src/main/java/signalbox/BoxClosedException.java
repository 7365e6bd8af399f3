package signalbox;

/** The {@link Box} or the loop was closed, before the call or while it was waiting. */
public final class BoxClosedException extends IllegalStateException {
  private static final long serialVersionUID = 1L;

  BoxClosedException() {
    super("The box or the loop was closed");
  }
}
