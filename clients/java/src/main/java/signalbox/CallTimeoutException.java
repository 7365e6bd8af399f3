package signalbox;

import java.time.Duration;

/**
 * A call took longer than {@link BoxOptions#callTimeout(Duration)}. The server may still have carried it out. The cause
 * is the failure of the last attempt, if there was one.
 */
public final class CallTimeoutException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  CallTimeoutException(Throwable cause) {
    super("The call took longer than the option callTimeout", cause);
  }
}
