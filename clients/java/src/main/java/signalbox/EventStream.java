package signalbox;

import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** Reads the messages after a cursor from one stream of server-sent events. */
final class EventStream implements Way {
  private static final String EVENT_STREAM = "text/event-stream";

  private final Connection connection;
  private final Scope scope;
  private final Timings timings;
  private final Call<Page> call;
  private final Exchange exchange;
  private final EventParser parser;
  private Queue<Message> messages;
  private Pending<Page> refused;
  private Deadline silence;
  private boolean accepted;
  private boolean opened;
  private boolean odd;

  EventStream(Box box, Scope scope, long after) {
    connection = box.connection;
    timings = box.timings;
    this.scope = scope;
    call = box.call("GET", "/messages?after=" + after, timings.responseTimeout, Answer.MSGS);
    silence = Deadline.in(timings.streamOpenTimeout);
    parser = new EventParser(connection.maxBytes, this::found);
    exchange = connection.open(scope, call, EVENT_STREAM);
  }

  @Override
  public boolean fill(Queue<Message> into, Deadline until) throws InterruptedException, TimeoutException, NoWayException {
    messages = into;
    if (refused != null) refused.answer(until);
    Deadline soonest = Deadline.earlier(silence, until);
    ByteBuffer chunk;
    try {
      if (!accepted) accept(exchange.head(soonest), until);
      chunk = exchange.chunk(soonest);
    } catch (ExecutionException e) {
      throw connection.unreachable(e);
    } catch (TimeoutException e) {
      if (!silence.passed() || refused != null) throw e;
      // Silent from the start, a proxy is buffering it. Silent later, the connection is dead: the machine slept or the
      // network changed.
      if (!opened) throw new NoWayException();
      throw new UnreachableException(connection.server, "the stream fell silent", new HttpTimeoutException("silence"));
    }
    if (!chunk.hasRemaining()) return false;
    opened = true;
    silence = Deadline.in(timings.streamIdleTimeout);
    parser.push(chunk);
    if (odd) throw new NoWayException();
    return true;
  }

  private void accept(HttpResponse<Void> response, Deadline until) throws InterruptedException, TimeoutException, NoWayException {
    if (response.statusCode() == 406) throw new NoWayException();
    if (!Connection.isSuccess(response)) {
      refused = new Pending<>(connection, scope, call, exchange);
      refused.answer(until);
    }
    if (!response.headers().firstValue("Content-Type").orElse("").startsWith(EVENT_STREAM)) throw new NoWayException();
    accepted = true;
  }

  private void found(EventParser.Event event) {
    // gone needs no handling: the stream ends, and the next request is refused with the reason.
    if (!event.type().isEmpty() && !event.type().equals("message")) return;
    if (!event.id().matches("[1-9][0-9]{0,15}")) odd = true;
    if (!odd) messages.add(new Message(Long.parseLong(event.id()), event.data()));
  }

  @Override
  public void close() {
    exchange.abort();
    scope.remove(exchange);
  }
}
