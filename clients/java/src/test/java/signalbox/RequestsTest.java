package signalbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static signalbox.FakeServer.ACK;
import static signalbox.FakeServer.BOX_ID;
import static signalbox.FakeServer.answer;
import static signalbox.FakeServer.json;
import static signalbox.FakeServer.problem;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.http.HttpClient;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@SuppressWarnings("try") // closing early is what they test
class RequestsTest {
  private static final String STORED = "{\"type\":\"ack\",\"data\":3,\"seq\":7}";

  @Test
  void createTellsTheServerTheTtl() throws InterruptedException {
    String drop = "drop_ZWpX_-WODIMKvSdOTxrXsigGWWWwq9qK";
    try (FakeServer server = new FakeServer((exchange, earlier) -> answer(exchange, 201, "application/json", "{\"type\":\"created\",\"data\":\"" + BOX_ID + "\",\"drop\":\"" + drop + "\"}"));
        Box box = Box.create(server.url + "/", BoxOptions.defaults().ttl(Duration.ofMinutes(1)))) {
      assertEquals(server.url + "/boxes/" + BOX_ID, box.link());
      assertEquals(server.url + "/boxes/" + drop, box.dropLink());
      assertEquals("{\"ttl\":60}", server.requests("POST").get(0).body());
    }
    assertThrows(IllegalArgumentException.class, () -> BoxOptions.defaults().ttl(Duration.ofMillis(1500)));
  }

  @Test
  void everyAttemptToSendHasOneKey() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier == 1) problem(exchange, 503, "BOX_ERR_STORE");
      if (earlier > 1) json(exchange, STORED);
    }); Box box = server.box()) {
      for (Object message : Arrays.asList(Map.of("sdp", "<v=0>"), null)) assertEquals(new Sent(7, 3), box.send(message));
      Map<String, Integer> times = new HashMap<>();
      for (FakeServer.Request request : server.requests("POST")) {
        String key = request.headers().getFirst("Idempotency-Key");
        assertTrue(key.length() >= 22, "128 random bits");
        times.merge(key + " " + request.body(), 1, Integer::sum);
      }
      assertEquals(2, times.size());
      times.forEach((what, count) -> assertEquals(what.endsWith("null") ? 1 : 3, count));
    }
  }

  @Test
  void aConnectionIsUsedAgain() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier % 2 == 0) problem(exchange, 503, "BOX_ERR_STORE");
      else json(exchange, STORED);
    }); Box box = server.box()) {
      for (int n = 0; n < 3; n++) box.send(n);
      assertEquals(1, server.requests("POST").stream().map(FakeServer.Request::port).distinct().count());
    }
  }

  @Test
  void aMessageWaitsForTheOneBeforeIt() throws Exception {
    CountDownLatch failed = new CountDownLatch(1);
    CountDownLatch mayStore = new CountDownLatch(1);
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier == 0) {
        failed.countDown();
        mayStore.await();
        problem(exchange, 503, "BOX_ERR_STORE");
      } else {
        json(exchange, STORED);
      }
    }); Box box = server.box()) {
      Thread first = start(() -> box.send(1));
      failed.await();
      Thread second = start(() -> box.send(2));
      while (!box.sending.hasQueuedThreads()) Thread.onSpinWait();
      mayStore.countDown();
      first.join();
      second.join();
      assertEquals(List.of("1", "1", "2"), server.requests("POST").stream().map(FakeServer.Request::body).toList());
    }
  }

  @Test
  void aRefusalIsAnException() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      exchange.getResponseHeaders().set("Retry-After", "7");
      problem(exchange, 409, "BOX_ERR_FULL");
    }); Box box = server.box()) {
      BoxException e = assertThrows(BoxException.class, () -> box.send(1));
      assertEquals(List.of(409, "BOX_ERR_FULL", "what to do", Duration.ofSeconds(7)), List.of(e.status(), e.code(), e.detail(), e.retryAfter()));
      assertEquals(1, server.requests("POST").size());
    }
  }

  @Test
  void retryAfterIsHonoured() {
    String date = DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusMinutes(1));
    Map<String, List<Integer>> expected = Map.of(
        "", List.of(0, 0), "soon", List.of(0, 0), "-1", List.of(0, 0), "NaN", List.of(0, 0),
        "7", List.of(7, 7), "1.5", List.of(1, 2), "1e300", List.of(86_400, 86_400), "999999", List.of(86_400, 86_400), date, List.of(1, 60));
    Timings timings = new Timings();
    expected.forEach((value, range) -> {
      Duration wait = Connection.retryAfter(value);
      assertTrue(wait.compareTo(Duration.ofSeconds(range.get(0))) >= 0 && wait.compareTo(Duration.ofSeconds(range.get(1))) <= 0, value + ": " + wait);
      Duration backoff = timings.backoff(1, new BoxException(503, "", "", wait));
      assertTrue(backoff.compareTo(wait.plus(timings.minDelay.dividedBy(2))) >= 0, value + ": " + backoff);
    });
    Duration longest = timings.backoff(1_000_000, null);
    assertTrue(longest.compareTo(timings.maxDelay.dividedBy(2)) >= 0 && longest.compareTo(timings.maxDelay) <= 0, longest.toString());
  }

  @Test
  void createDoesNotWaitForLong() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      exchange.getResponseHeaders().set("Retry-After", "6");
      problem(exchange, 429, "BOX_ERR_RATE");
    })) {
      assertEquals("BOX_ERR_RATE", assertThrows(BoxException.class, () -> Box.create(server.url)).code());
      assertEquals(1, server.requests("POST").size());
    }
  }

  @Test
  void createGivesUpAfterFiveAttempts() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> problem(exchange, 500, "BOX_ERR_INTERNAL"))) {
      assertThrows(BoxException.class, () -> Box.create(server.url, BoxOptions.defaults(), FakeServer.shorten(new Timings())));
      assertEquals(5, server.requests("POST").size());
    }
  }

  @Test
  void createDoesNotRepeatWhatTimesOut() throws Exception {
    assertEquals(Duration.ofSeconds(10), new Timings().forCreating().responseTimeout);
    Timings timings = FakeServer.shorten(new Timings());
    timings.createTimeout = Duration.ofMillis(500);
    timings.responseTimeout = timings.createTimeout;
    try (Hanging server = new Hanging()) {
      assertThrows(UnreachableException.class, () -> Box.create(server.fake.url, BoxOptions.defaults(), timings));
      server.asked.await();
      assertEquals(1, server.fake.requests("POST").size());
    }
  }

  @Test
  void noAttemptBeginsAfterTheTimeForThem() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> problem(exchange, 503, "BOX_ERR_STORE")); Box box = server.box()) {
      box.timings.maxRetrying = Duration.ZERO;
      assertThrows(BoxException.class, box::read);
      assertEquals(1, server.requests("GET").size());
    }
  }

  @Test
  void boxesWithTheSameOptionsShareAClient() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> json(exchange, ACK))) {
      BoxOptions options = BoxOptions.defaults().httpClient(HttpClient.newBuilder());
      for (BoxOptions same : List.of(options, options, options.maxResponseBytes(1000))) {
        try (Box box = server.box(same)) {
          box.acknowledge(1);
        }
      }
      assertEquals(1, server.requests("PUT").stream().map(FakeServer.Request::port).distinct().count());
    }
  }

  @Test
  void aServerThatCannotBeReachedIsNamedAndTheBoxIsNot() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> { }); Box box = server.box()) {
      UnreachableException e = assertThrows(UnreachableException.class, () -> box.acknowledge(1));
      assertEquals(server.url, e.server());
      assertEquals(10, server.requests("PUT").size());
      assertSecret(e);
      assertFalse(box.toString().contains(BOX_ID));
    }
  }

  @Test
  void whatAServerEchoesIsNotRepeated() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier == 0) {
        answer(exchange, 400, "application/json", "{\"code\":\"ODD\",\"detail\":\"Route " + exchange.getRequestURI() + " not found\"}");
      } else {
        exchange.getResponseHeaders().set("Location", "http://[" + BOX_ID);
        exchange.sendResponseHeaders(307, -1);
      }
    }); Box box = server.box()) {
      assertSecret(assertThrows(BoxException.class, () -> box.send(1)));
      assertSecret(assertThrows(RuntimeException.class, () -> box.send(2)));
    }
  }

  @Test
  void aCallTimeoutTellsWhatWasTried() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> problem(exchange, 503, "BOX_ERR_STORE")); Box box = server.box(BoxOptions.defaults().callTimeout(Duration.ofMillis(500)))) {
      box.timings.minDelay = Duration.ofHours(1);
      box.timings.maxDelay = Duration.ofHours(1);
      CallTimeoutException e = assertThrows(CallTimeoutException.class, box::read);
      assertEquals("BOX_ERR_STORE", assertInstanceOf(BoxException.class, e.getCause()).code());
    }
  }

  @Test
  void aCallTimeoutEndsARequest() throws Exception {
    try (Hanging server = new Hanging(); Box box = server.fake.box(BoxOptions.defaults().callTimeout(Duration.ofMillis(100)))) {
      assertNull(assertThrows(CallTimeoutException.class, () -> box.read(0, 1, Duration.ofSeconds(60))).getCause());
    }
  }

  @Test
  void aResponseThatDoesNotComeIsAskedForAgain() throws Exception {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier == 0) {
        // It begins, and then hangs.
        exchange.sendResponseHeaders(200, 100);
        exchange.getResponseBody().write('{');
        exchange.getResponseBody().flush();
        Thread.sleep(60_000);
      }
      json(exchange, ACK);
    }); Box box = server.box()) {
      box.timings.responseTimeout = Duration.ofMillis(500);
      assertEquals(0, box.acknowledge(1));
    }
  }

  @Test
  void anInterruptEndsACall() throws Exception {
    try (Hanging server = new Hanging(); Box box = server.fake.box()) {
      Outcome outcome = new Outcome(() -> box.read(0, 1, Duration.ofSeconds(60)));
      server.asked.await();
      outcome.thread.interrupt();
      assertInstanceOf(InterruptedException.class, outcome.failure());
    }
  }

  @Test
  void closingFromAnotherThreadEndsCalls() throws Exception {
    try (Hanging server = new Hanging(); Box box = server.fake.box()) {
      Outcome first = new Outcome(() -> box.send(1));
      server.asked.await();
      Outcome second = new Outcome(() -> box.send(2));
      box.close();
      assertInstanceOf(BoxClosedException.class, first.failure());
      assertInstanceOf(BoxClosedException.class, second.failure());
      assertThrows(BoxClosedException.class, box::read);
      assertThrows(BoxClosedException.class, box::messages);
    }
  }

  @Test
  void whatIsTooLargeIsNotAskedForAgain() {
    for (String type : List.of("application/json", "text/event-stream")) {
      try (FakeServer server = new FakeServer((exchange, earlier) -> answer(exchange, 200, type, "data: " + " ".repeat(2000))); Box box = server.box(BoxOptions.defaults().maxResponseBytes(1000))) {
        ResponseTooLargeException e = assertThrows(ResponseTooLargeException.class, () -> {
          if (type.equals("application/json")) box.read();
          else box.messages().take();
        });
        assertEquals(1000, e.limit());
        assertEquals(1, server.requests("GET").size());
      }
    }
  }

  @Test
  void anAnswerThatBreaksTheContractIsAnException() {
    for (String body : List.of("{}", "[]", "{\"type\":\"msgs\",\"data\":[1,2],\"next\":1}")) {
      try (FakeServer server = new FakeServer((exchange, earlier) -> json(exchange, body)); Box box = server.box()) {
        assertEquals(200, assertThrows(BoxException.class, box::read).status(), body);
      }
    }
  }

  @Test
  void headersGoNowhereElse() throws InterruptedException {
    try (FakeServer other = new FakeServer((exchange, earlier) -> json(exchange, ACK));
        FakeServer server = new FakeServer((exchange, earlier) -> {
          exchange.getResponseHeaders().set("Location", other.url + exchange.getRequestURI());
          exchange.sendResponseHeaders(307, -1);
        });
        Box without = server.box();
        Box with = server.box(BoxOptions.defaults().server(server.url).headers(Map.of("Authorization", "secret")))) {
      assertEquals(0, without.acknowledge(1), "without headers, a redirect is followed");
      assertNull(other.requests("PUT").get(0).headers().getFirst("Referer"));
      assertEquals(307, assertThrows(BoxException.class, () -> with.acknowledge(1)).status());
      assertEquals(1, other.requests("PUT").size());
      assertEquals("secret", server.requests("PUT").get(1).headers().getFirst("Authorization"));
    }
  }

  @Test
  void aFunctionForHeadersIsCalledForEachRequest() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> json(exchange, ACK))) {
      int[] calls = {0};
      BoxOptions options = BoxOptions.defaults().server(server.url).headers(() -> {
        if (calls[0]++ == 0) throw new IllegalStateException("no token yet");
        return Map.of("Authorization", "token " + calls[0]);
      });
      try (Box box = server.box(options)) {
        box.acknowledge(1);
        box.acknowledge(2);
      }
      assertEquals(List.of("token 2", "token 3"), server.requests("PUT").stream().map(request -> request.headers().getFirst("Authorization")).toList());
    }
  }

  @Test
  void anInvalidHeaderOfAFunctionIsNotRepeated() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> json(exchange, ACK))) {
      int[] calls = {0};
      BoxOptions options = BoxOptions.defaults().server(server.url).headers(() -> {
        calls[0]++;
        return Map.of("Authorization", "secret\n");
      });
      try (Box box = server.box(options)) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, box::read);
        assertFalse(e.toString().contains("secret"));
        assertNull(e.getCause());
        assertEquals(1, calls[0]);
      }
    }
  }

  @Test
  void aRedirectThatChangesTheMethodIsExplained() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (exchange.getRequestMethod().equals("GET")) {
        json(exchange, "{}");
      } else {
        exchange.getResponseHeaders().set("Location", "/new");
        exchange.sendResponseHeaders(302, -1);
      }
    }); Box box = server.box()) {
      BoxException e = assertThrows(BoxException.class, () -> box.send(1));
      assertTrue(e.detail().contains("use the new URL"), e.detail());
    }
  }

  @Test
  void aDrainIsRepeatedOnlyIfNothingWasTaken() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier == 0) problem(exchange, 503, "BOX_ERR_BUSY");
      if (earlier == 1) json(exchange, "{\"type\":\"msgs\",\"data\":[\"ab\"],\"next\":9}");
    }); Box box = server.box()) {
      assertEquals(new Page(List.of(new Message(9, "\"ab\"")), 9), box.drain());
      assertThrows(UnreachableException.class, box::drain);
      assertEquals(3, server.requests("DELETE").size());
      server.close();
      assertThrows(UnreachableException.class, box::drain);
    }
  }

  @Test
  void aDrainIsNotRepeatedIfSomethingMayHaveBeenTaken() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier == 0) problem(exchange, 429, "BOX_ERR_RATE");
      else problem(exchange, earlier == 1 ? 503 : 500, "BOX_ERR_STORE");
    }); Box box = server.box()) {
      assertEquals(503, assertThrows(BoxException.class, box::drain).status());
      assertEquals(500, assertThrows(BoxException.class, box::drain).status());
      assertEquals(3, server.requests("DELETE").size());
    }
  }

  @Test
  void aDrainThatBecameAGetIsNone() {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (exchange.getRequestMethod().equals("GET")) {
        json(exchange, "{\"type\":\"msgs\",\"data\":[1],\"next\":1}");
      } else {
        exchange.getResponseHeaders().set("Location", "/new");
        exchange.sendResponseHeaders(303, -1);
      }
    }); Box box = server.box()) {
      BoxException e = assertThrows(BoxException.class, box::drain);
      assertTrue(e.detail().contains("use the new URL"), e.detail());
    }
  }

  @Test
  void deletingABoxThatIsGoneSucceedsAfterClosingToo() throws InterruptedException {
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (earlier == 0) exchange.sendResponseHeaders(204, -1);
      else problem(exchange, 404, "BOX_ERR_NOT_FOUND");
    })) {
      Box box = server.box();
      box.delete();
      assertThrows(BoxClosedException.class, box::read);
      box.close();
      box.delete();
      assertEquals(2, server.requests("DELETE").size());
    }
  }

  private static void assertSecret(Throwable failure) {
    StringWriter said = new StringWriter();
    failure.printStackTrace(new PrintWriter(said, true));
    assertFalse(said.toString().contains(BOX_ID), said::toString);
  }

  private static Thread start(Task task) {
    return new Outcome(task).thread;
  }

  /** A server that never answers. */
  private static final class Hanging implements AutoCloseable {
    final CountDownLatch asked = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);
    final FakeServer fake = new FakeServer((exchange, earlier) -> {
      asked.countDown();
      closed.await();
    });

    @Override
    public void close() {
      closed.countDown();
      fake.close();
    }
  }
}
