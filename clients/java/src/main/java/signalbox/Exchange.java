package signalbox;

import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow.Subscription;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * A request that is under way, and its response. Every wait can be interrupted, is limited, and ends when the exchange is
 * aborted; after a timeout or an interrupt, one may go on waiting. The client's own body handlers promise none of this.
 * No more than one batch of the body is kept until somebody reads it, so that the network slows a fast server down.
 */
final class Exchange implements HttpResponse.BodySubscriber<Void>, Abortable {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<ByteBuffer> chunks = new ArrayDeque<>();
  private CompletableFuture<HttpResponse<Void>> sending;
  private HttpResponse<Void> response;
  private volatile Subscription subscription;
  private Throwable failure;
  private volatile boolean ended;
  private volatile boolean aborted;

  static Exchange start(HttpClient client, HttpRequest request) {
    Exchange exchange = new Exchange();
    exchange.sending = client.sendAsync(request, head -> exchange);
    exchange.sending.whenComplete((response, failure) -> exchange.change(() -> {
      exchange.response = response;
      if (exchange.failure == null) exchange.failure = failure;
    }));
    return exchange;
  }

  /** Returns the response as soon as its head has come. */
  HttpResponse<Void> head(Deadline until) throws InterruptedException, TimeoutException, ExecutionException {
    return await(() -> response, until);
  }

  /** Returns the next piece of the body; an empty one at its end. */
  ByteBuffer chunk(Deadline until) throws InterruptedException, TimeoutException, ExecutionException {
    ByteBuffer chunk = await(() -> chunks.isEmpty() && ended ? ByteBuffer.allocate(0) : chunks.poll(), until);
    boolean isDrained;
    lock.lock();
    try {
      isDrained = chunks.isEmpty() && !ended;
    } finally {
      lock.unlock();
    }
    if (isDrained) subscription.request(1);
    return chunk;
  }

  @Override
  public void abort() {
    change(() -> aborted = true);
    // After its end, the connection may already carry another exchange.
    if (ended) return;
    sending.cancel(true);
    Subscription subscribed = subscription;
    if (subscribed != null) subscribed.cancel();
  }

  /** Waits for a value. What was received before a failure comes before it. */
  private <T> T await(Supplier<T> value, Deadline until) throws InterruptedException, TimeoutException, ExecutionException {
    lock.lockInterruptibly();
    try {
      for (;;) {
        if (aborted) throw new BoxClosedException();
        T found = value.get();
        if (found != null) return found;
        if (failure != null) throw new ExecutionException(failure);
        if (until.passed()) throw new TimeoutException();
        changed.awaitNanos(until.left());
      }
    } finally {
      lock.unlock();
    }
  }

  private void change(Runnable change) {
    lock.lock();
    try {
      change.run();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public CompletionStage<Void> getBody() {
    return CompletableFuture.completedFuture(null);
  }

  @Override
  public void onSubscribe(Subscription subscribed) {
    change(() -> subscription = subscribed);
    if (aborted) subscribed.cancel();
    else subscribed.request(1);
  }

  @Override
  public void onNext(List<ByteBuffer> buffers) {
    // Empty pieces would look like the end.
    List<ByteBuffer> pieces = buffers.stream().filter(ByteBuffer::hasRemaining).toList();
    if (pieces.isEmpty()) subscription.request(1);
    change(() -> chunks.addAll(pieces));
  }

  @Override
  public void onError(Throwable error) {
    change(() -> {
      if (failure == null) failure = error;
    });
  }

  @Override
  public void onComplete() {
    change(() -> ended = true);
  }
}
