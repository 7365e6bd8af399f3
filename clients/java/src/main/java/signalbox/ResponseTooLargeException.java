package signalbox;

/**
 * A response, or an event of a stream, is larger than {@link BoxOptions#maxResponseBytes(long)}. It is not requested
 * again, since the next response would be as large.
 */
public final class ResponseTooLargeException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** In bytes. */
  private final long limit;

  ResponseTooLargeException(long limit) {
    super("The response is larger than " + limit + " bytes. To accept it, raise the option maxResponseBytes.");
    this.limit = limit;
  }

  /**
   * Returns the limit that was exceeded.
   *
   * @return the limit in bytes
   */
  public long limit() {
    return limit;
  }
}
