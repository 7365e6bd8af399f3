package signalbox;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** The client's waits and timeouts, and its number of attempts. Tests change them. */
final class Timings implements Cloneable {
  /** Before the first retry; doubles with every further failure. */
  Duration minDelay = Duration.ofMillis(250);
  /** The longest wait between retries. */
  Duration maxDelay = Duration.ofSeconds(15);
  /** Attempts per request; following a box never gives up. */
  int maxAttempts = 10;
  /** After which no further attempt begins. */
  Duration maxRetrying = Duration.ofDays(100_000);
  /** The longest Retry-After that is waited for; with a longer one, the refusal is final. */
  Duration maxRetryAfter = Duration.ofDays(100_000);
  /** Until a response is complete. */
  Duration responseTimeout = Duration.ofSeconds(30);
  /** The same, when a box is created. */
  Duration createTimeout = Duration.ofSeconds(10);
  /** How long a new stream may stay silent: a server writes at once, unless a proxy buffers. */
  Duration streamOpenTimeout = Duration.ofSeconds(3);
  /** How long an open stream may stay silent: the server writes every 15 s. */
  Duration streamIdleTimeout = Duration.ofSeconds(45);
  /** In whole seconds. */
  Duration longPollWait = Duration.ofSeconds(25);
  /** How long to use long-polls before trying the stream again. */
  Duration longPollPeriod = Duration.ofMinutes(5);
  /** Between two long-polls that find nothing, in case the server does not wait. */
  Duration minPollInterval = Duration.ofSeconds(1);
  /** Between two acknowledgements, so that not every message costs a request. */
  Duration acknowledgeInterval = Duration.ofMillis(250);
  /** How long a loop waits for its last acknowledgement when it is closed. */
  Duration flushTimeout = Duration.ofSeconds(5);
  /** The same, if its thread is interrupted. */
  Duration interruptTimeout = Duration.ofSeconds(1);

  /** For creating a box: nothing is lost yet, so it is better to say soon that the URL is wrong. */
  Timings forCreating() {
    try {
      Timings timings = (Timings) clone();
      timings.maxAttempts = 5;
      timings.maxRetrying = Connection.CONNECT_TIMEOUT;
      timings.maxRetryAfter = Duration.ofSeconds(5);
      timings.responseTimeout = createTimeout;
      return timings;
    } catch (CloneNotSupportedException impossible) {
      throw new AssertionError(impossible);
    }
  }

  /**
   * How long to wait after so many failures in a row, the last of them given (or null): exponential backoff with jitter,
   * so that clients disconnected together do not all return together, added to the server's Retry-After.
   */
  Duration backoff(int failures, RuntimeException last) {
    double longest = Math.min(minDelay.toNanos() * Math.pow(2, failures - 1.0), maxDelay.toNanos());
    return askedBy(last).plusNanos((long) (longest * ThreadLocalRandom.current().nextDouble(0.5, 1)));
  }

  /** How long the server asked to wait. */
  static Duration askedBy(RuntimeException failure) {
    return failure instanceof BoxException refusal ? refusal.retryAfter() : Duration.ZERO;
  }

  /** Whether the same request may succeed later: there was no response, part of one, or one that says so. */
  static boolean isTransient(RuntimeException failure) {
    if (failure instanceof BoxException refusal) {
      return refusal.status() >= 500 || refusal.status() == 429 || refusal.status() == 408;
    }
    return failure instanceof UnreachableException;
  }
}
