package signalbox;

/** There was no response from the server, or only part of one. The cause says why. */
public final class UnreachableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The base URL of the box routes. */
  private final String server;

  UnreachableException(String server, String reason, Throwable cause) {
    super("The server at " + server + " could not be reached: " + reason, cause);
    this.server = server;
  }

  /**
   * Returns the base URL of the box routes.
   *
   * @return the base URL of the box routes
   */
  public String server() {
    return server;
  }
}
