package signalbox;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** A request under way whose response will be read whole. Closing it gives it up. */
final class Pending<T> implements AutoCloseable {
  private final Connection connection;
  private final Scope scope;
  private final Call<T> call;
  private final Exchange exchange;
  private final Deadline deadline;
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();

  Pending(Connection connection, Scope scope, Call<T> call) {
    this(connection, scope, call, connection.open(scope, call, "application/json"));
  }

  /** For a response that is read whole although that was not the plan. */
  Pending(Connection connection, Scope scope, Call<T> call, Exchange exchange) {
    this.connection = connection;
    this.scope = scope;
    this.call = call;
    this.exchange = exchange;
    deadline = Deadline.in(call.timeout());
  }

  /**
   * Waits for the answer. After a timeout or an interrupt, one may go on waiting.
   *
   * @throws BoxException if the server refuses
   * @throws UnreachableException if the response does not come, or not whole
   * @throws ResponseTooLargeException if it is too large
   */
  T answer(Deadline until) throws InterruptedException, TimeoutException {
    Deadline soonest = Deadline.earlier(deadline, until);
    try {
      HttpResponse<Void> response = exchange.head(soonest);
      // No server can fill the memory.
      for (ByteBuffer chunk; (chunk = exchange.chunk(soonest)).hasRemaining();) {
        if (body.size() + chunk.remaining() > connection.maxBytes) throw new ResponseTooLargeException(connection.maxBytes);
        byte[] bytes = new byte[chunk.remaining()];
        chunk.get(bytes);
        body.writeBytes(bytes);
      }
      return read(response);
    } catch (ExecutionException e) {
      throw connection.unreachable(e);
    } catch (TimeoutException e) {
      if (!deadline.passed()) throw e;
      throw new UnreachableException(connection.server, "no response within " + call.timeout().toSeconds() + " s", new HttpTimeoutException("no response"));
    }
  }

  private T read(HttpResponse<Void> response) {
    byte[] bytes = body.toByteArray();
    // After a redirect that turned the request into a GET, the answer would be another request's.
    if (Connection.isSuccess(response) && response.request().method().equals(call.method())) {
      try {
        T found = call.answer().read(new String(bytes, StandardCharsets.UTF_8));
        if (found != null) return found;
      } catch (IOException e) {
        throw new UnreachableException(connection.server, "the response is not JSON", e);
      }
    }
    throw connection.refusal(response, bytes, call.method());
  }

  @Override
  public void close() {
    exchange.abort();
    scope.remove(exchange);
  }
}
