package signalbox;

import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** Sends idempotent requests until there is a final response, or the attempts or the time are used up. */
record Retry(Connection connection, Scope scope, Timings timings, Predicate<RuntimeException> mayRepeat) {
  <T> T request(Call<T> call, Deadline until) throws InterruptedException {
    Deadline retrying = Deadline.in(timings.maxRetrying);
    RuntimeException last = null;
    try {
      for (int failures = 1;; failures++) {
        try (Pending<T> pending = new Pending<>(connection, scope, call)) {
          return pending.answer(until);
        } catch (BoxException | UnreachableException e) {
          last = e;
        }
        boolean isFinal = failures >= timings.maxAttempts || !mayRepeat.test(last) || retrying.passed();
        if (isFinal || Timings.askedBy(last).compareTo(timings.maxRetryAfter) > 0) throw last;
        scope.sleep(Deadline.in(timings.backoff(failures, last)), until);
      }
    } catch (TimeoutException e) {
      throw new CallTimeoutException(last);
    }
  }
}
