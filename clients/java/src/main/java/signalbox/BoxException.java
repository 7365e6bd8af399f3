package signalbox;

import java.time.Duration;

/** The server refused, or its response is not what the contract promises. */
public final class BoxException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The HTTP status. */
  private final int status;
  /** The contract's error code. */
  private final String code;
  /** What to do next. */
  private final String detail;
  /** The wait that the server asked for. */
  private final Duration retryAfter;

  BoxException(int status, String code, String detail, Duration retryAfter) {
    super(code.isEmpty() ? detail : code + ": " + detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /**
   * Returns the HTTP status.
   *
   * @return the HTTP status
   */
  public int status() {
    return status;
  }

  /**
   * Returns the contract's error code, such as {@code BOX_ERR_NOT_FOUND}, or a code from the host application.
   *
   * @return the code; empty if something other than a box server responded
   */
  public String code() {
    return code;
  }

  /**
   * Says what went wrong and what to do next.
   *
   * @return what went wrong and what to do next
   */
  public String detail() {
    return detail;
  }

  /**
   * Returns how long the server asked to wait before the next attempt.
   *
   * @return the wait; zero if the server did not ask
   */
  public Duration retryAfter() {
    return retryAfter;
  }
}
