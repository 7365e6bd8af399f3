package signalbox;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** A server that answers as told, and notes what it was asked. */
final class FakeServer implements AutoCloseable {
  static final String BOX_ID = "box_0123456789abcdefghijklmnopqrstuv";
  static final String ACK = "{\"type\":\"ack\",\"data\":0}";
  /** JSON that Jackson refuses to decode. */
  static final String DEEP = "[".repeat(20_000) + "]".repeat(20_000);

  record Request(String method, String path, String query, Headers headers, String body, int port) {}

  /** Answers a request; earlier is the number of earlier requests with the same method. */
  interface Handler {
    void handle(HttpExchange exchange, int earlier) throws Exception;
  }

  final String url;
  private final HttpServer server;
  private final List<Request> requests = new CopyOnWriteArrayList<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  FakeServer(Handler handler) {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    url = "http://localhost:" + server.getAddress().getPort();
    server.setExecutor(Executors.newCachedThreadPool(task -> {
      Thread thread = new Thread(task);
      thread.setDaemon(true);
      return thread;
    }));
    server.createContext("/", exchange -> {
      try (exchange) {
        String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
        int earlier;
        synchronized (requests) {
          earlier = requests(exchange.getRequestMethod()).size();
          requests.add(new Request(exchange.getRequestMethod(), exchange.getRequestURI().getPath(), exchange.getRequestURI().getQuery(), exchange.getRequestHeaders(), body, exchange.getRemoteAddress().getPort()));
        }
        handler.handle(exchange, earlier);
      } catch (Exception e) {
        // The client has gone.
      }
    });
    server.start();
  }

  /** Answers a request on a server that it may need. */
  interface Answering {
    void answer(FakeServer self, HttpExchange exchange, int earlier) throws Exception;
  }

  static FakeServer answering(Answering how) {
    AtomicReference<FakeServer> self = new AtomicReference<>();
    self.set(new FakeServer((exchange, earlier) -> how.answer(self.get(), exchange, earlier)));
    return self.get();
  }

  /** A server whose box holds the messages 1 to last. */
  static FakeServer holding(long last) {
    return answering((self, exchange, earlier) -> {
      if (exchange.getRequestMethod().equals("GET")) {
        long after = Long.parseLong(exchange.getRequestURI().getQuery().replaceAll("after=(\\d+).*", "$1"));
        self.stream(exchange, false, numbered(after + 1, last));
      } else {
        json(exchange, ACK);
      }
    });
  }

  /** A server whose box holds nothing; it says when its stream is open. */
  static FakeServer streaming(CountDownLatch asked) {
    return answering((self, exchange, earlier) -> {
      asked.countDown();
      self.stream(exchange, false, "");
    });
  }

  List<Request> requests(String method) {
    return requests.stream().filter(request -> request.method().equals(method)).toList();
  }

  /** The cursors that were acknowledged. */
  List<String> cursors() {
    return requests("PUT").stream().map(Request::body).toList();
  }

  /** Opens a box on this server, with short waits. */
  Box box() {
    return box(BoxOptions.defaults());
  }

  Box box(BoxOptions options) {
    Box box = Box.open(url + "/boxes/" + BOX_ID, options);
    shorten(box.timings);
    return box;
  }

  static Timings shorten(Timings timings) {
    timings.minDelay = Duration.ofMillis(1);
    timings.maxDelay = Duration.ofMillis(2);
    timings.acknowledgeInterval = Duration.ofMillis(1);
    return timings;
  }

  static void json(HttpExchange exchange, String text) throws IOException {
    answer(exchange, 200, "application/json", text);
  }

  static void problem(HttpExchange exchange, int status, String code) throws IOException {
    answer(exchange, status, "application/problem+json", "{\"code\":\"" + code + "\",\"detail\":\"what to do\"}");
  }

  static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", type);
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  /** Sends events, and keeps the stream open unless told to end it. */
  void stream(HttpExchange exchange, boolean end, String events) throws IOException, InterruptedException {
    exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
    exchange.sendResponseHeaders(200, 0);
    exchange.getResponseBody().write((": open\n\n" + events).getBytes(StandardCharsets.UTF_8));
    exchange.getResponseBody().flush();
    if (!end) hang();
  }

  /** Returns when the server is closed. */
  void hang() throws InterruptedException {
    closed.await();
  }

  static String numbered(long from, long to) {
    return LongStream.rangeClosed(from, to).mapToObj(n -> "id: " + n + "\ndata: " + n + "\n\n").collect(Collectors.joining());
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
  }
}
