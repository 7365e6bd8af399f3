package signalbox;

import java.time.Duration;

/** A moment that comes after a while. */
final class Deadline {
  static final Deadline NEVER = new Deadline(Long.MAX_VALUE);

  private final long began = System.nanoTime();
  private final long span;

  private Deadline(long span) {
    this.span = span;
  }

  static Deadline in(Duration span) {
    // Longer is never: it would overflow.
    return span.toDays() > 36_500 ? NEVER : new Deadline(span.toNanos());
  }

  /** How many nanoseconds are left; not positive once it has passed. */
  long left() {
    return this == NEVER ? Long.MAX_VALUE : span - (System.nanoTime() - began);
  }

  boolean passed() {
    return left() <= 0;
  }

  static Deadline earlier(Deadline a, Deadline b) {
    return a.left() < b.left() ? a : b;
  }
}
