package signalbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static signalbox.FakeServer.ACK;
import static signalbox.FakeServer.json;
import static signalbox.FakeServer.numbered;
import static signalbox.FakeServer.problem;

import com.sun.net.httpserver.HttpExchange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@SuppressWarnings("try") // closing early is what they test
class MessagesTest {
  private static final Duration HOUR = Duration.ofHours(1);

  @Test
  void theMessageAtWhichALoopWasLeftIsDeliveredAgain() {
    try (FakeServer server = FakeServer.holding(3); Box box = server.box()) {
      try (Messages messages = box.messages()) {
        assertEquals(List.of(1L, 2L), numbers(messages, 2));
      }
      assertEquals("{\"after\":1}", last(server.cursors()));
      assertEquals(List.of(2L, 3L), numbers(box.messages(), 3));
      assertEquals(List.of(2L), numbers(box.messages(1), 2));
      assertThrows(IllegalArgumentException.class, () -> box.messages(-1));
    }
  }

  @Test
  void anExceptionLeavesTheLoopToo() {
    try (FakeServer server = FakeServer.holding(1); Box box = server.box()) {
      assertThrows(ArithmeticException.class, () -> {
        for (Message message : box.messages()) throw new ArithmeticException(message.toString());
      });
      assertEquals(List.of(1L), numbers(box.messages(), 1));
      assertEquals(List.of(), server.cursors());
    }
  }

  @Test
  void aMessageThatWasFetchedIsNotLost() throws InterruptedException {
    try (FakeServer server = FakeServer.holding(3); Messages messages = server.box().messages()) {
      Iterator<Message> iterator = messages.iterator();
      assertTrue(iterator.hasNext());
      assertTrue(iterator.hasNext());
      assertEquals(1, messages.take().seq());
      assertEquals(2, iterator.next().seq());
      assertEquals(3, messages.iterator().next().seq());
      assertEquals(Optional.empty(), messages.poll(Duration.ofMillis(1)));
      messages.close();
      assertFalse(iterator.hasNext());
      assertThrows(NoSuchElementException.class, iterator::next);
      assertThrows(BoxClosedException.class, messages::take);
    }
  }

  @Test
  void aLaterLoopReplacesOneThatWasLeft() {
    try (FakeServer server = FakeServer.holding(2); Box box = server.box()) {
      Messages earlier = box.messages();
      numbers(earlier, 1);
      assertEquals(List.of(1L), numbers(box.messages(), 1));
      assertThrows(IllegalStateException.class, earlier::take);
    }
  }

  @Test
  void onlyOneLoopWaitsAtATime() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (FakeServer server = FakeServer.streaming(asked); Box box = server.box()) {
      Messages messages = box.messages();
      Outcome waiting = new Outcome(messages::take);
      asked.await();
      assertThrows(IllegalStateException.class, box::messages);
      assertThrows(IllegalStateException.class, messages::take);
      messages.close();
      box.messages();
      assertInstanceOf(BoxClosedException.class, waiting.failure());
    }
  }

  @Test
  void anInterruptEndsTheWaitAndTheLoopMayGoOn() throws Exception {
    Semaphore asked = new Semaphore(0);
    CountDownLatch interrupted = new CountDownLatch(1);
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(": open\n\n".getBytes());
      exchange.getResponseBody().flush();
      asked.release();
      interrupted.await();
      exchange.getResponseBody().write(numbered(1, 1).getBytes());
    }); Box box = server.box()) {
      Messages messages = box.messages();
      Outcome taking = new Outcome(messages::take);
      asked.acquire();
      taking.thread.interrupt();
      assertInstanceOf(InterruptedException.class, taking.failure());
      Outcome iterating = new Outcome(() -> {
        try {
          messages.iterator().hasNext();
        } catch (LoopInterruptedException e) {
          assertTrue(Thread.currentThread().isInterrupted());
          throw e;
        }
      });
      iterating.thread.interrupt();
      assertInstanceOf(LoopInterruptedException.class, iterating.failure());
      interrupted.countDown();
      assertEquals(1, messages.take().seq());
      assertEquals(1, server.requests("GET").size());
    }
  }

  @Test
  void closingFromAnotherThreadEndsALoop() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (FakeServer server = FakeServer.streaming(asked)) {
      Box box = server.box();
      Outcome looping = new Outcome(() -> {
        for (Message message : box.messages()) throw new AssertionError(message);
      });
      asked.await();
      box.close();
      assertNull(looping.failure(), "it ends as if there were no more messages");
    }
  }

  @Test
  void closingEndsALoopThatWaitsForItsNextAttempt() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      problem(exchange, 503, "BOX_ERR_STORE");
      asked.countDown();
    })) {
      Box box = server.box();
      box.timings.minDelay = HOUR;
      box.timings.maxDelay = HOUR;
      Outcome taking = new Outcome(() -> box.messages().take());
      asked.await();
      box.close();
      assertInstanceOf(BoxClosedException.class, taking.failure());
    }
  }

  @Test
  void pollGoesOnWhereItStopped() throws InterruptedException {
    Semaphore polled = new Semaphore(0);
    try (FakeServer server = new FakeServer((exchange, earlier) -> {
      if (!exchange.getRequestMethod().equals("GET")) {
        json(exchange, ACK);
        return;
      }
      polled.acquire(3);
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(numbered(1, 1).getBytes());
      exchange.getResponseBody().flush();
      Thread.sleep(60_000);
    }); Box box = server.box(); Messages messages = box.messages()) {
      Optional<Message> found = Optional.empty();
      while (found.isEmpty()) {
        found = messages.poll(Duration.ofMillis(1));
        polled.release();
      }
      assertEquals(1, found.get().seq());
      assertEquals(1, server.requests("GET").size());
      assertEquals(Optional.empty(), messages.poll(Duration.ZERO));
      messages.close();
      assertEquals("{\"after\":1}", last(server.cursors()), "asking acknowledges, whether a message comes or not");
    }
  }

  @Test
  void aLoopEndsWithTheReasonIfTheBoxIsGone() {
    try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> {
      if (earlier > 0) problem(exchange, 404, "BOX_ERR_NOT_FOUND");
      else self.stream(exchange, true, "event: gone\ndata: {}\n\n");
    }); Box box = server.box()) {
      Messages messages = box.messages();
      assertEquals("BOX_ERR_NOT_FOUND", assertThrows(BoxException.class, messages::take).code());
      assertFalse(messages.iterator().hasNext());
    }
  }

  @Test
  void readingResumesAfterTheLastMessage() {
    try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> {
      if (!exchange.getRequestMethod().equals("GET")) json(exchange, ACK);
      else if (earlier == 1) problem(exchange, 503, "BOX_ERR_STORE");
      else if (earlier == 2) self.stream(exchange, true, numbered(1, 2));
      // A proxy that repeats what was there before.
      else if (earlier == 3) self.stream(exchange, false, numbered(1, 4));
    }); Box box = server.box()) {
      assertEquals(List.of(1L, 2L, 3L, 4L), numbers(box.messages(), 4));
      List<FakeServer.Request> requests = server.requests("GET");
      assertEquals("after=2", last(requests).query());
      assertEquals("text/event-stream", last(requests).headers().getFirst("Accept"));
    }
  }

  @Test
  void aStreamThatFallsSilentIsOpenedAgain() {
    try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> {
      if (exchange.getRequestMethod().equals("GET")) self.stream(exchange, false, numbered(earlier + 1, earlier + 1));
      else json(exchange, ACK);
    }); Box box = server.box()) {
      box.timings.streamIdleTimeout = Duration.ofMillis(10);
      assertEquals(List.of(1L, 2L, 3L), numbers(box.messages(), 3));
    }
  }

  @Test
  void longPollsTakeOverIfThereIsNoStream() {
    Map<String, FakeServer.Answering> refusals = Map.of(
        "refused", (self, exchange, earlier) -> exchange.sendResponseHeaders(406, -1),
        "replaced", (self, exchange, earlier) -> json(exchange, "{\"type\":\"msgs\",\"data\":[],\"next\":0}"),
        "buffered", (self, exchange, earlier) -> self.hang(),
        "odd", (self, exchange, earlier) -> self.stream(exchange, false, "id: 1.5\ndata: 1\n\n"),
        "begun", (self, exchange, earlier) -> {
          exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
          exchange.sendResponseHeaders(200, 0);
          self.hang();
        });
    refusals.forEach((name, refuse) -> {
      try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> answerLongPoll(self, exchange, earlier, refuse)); Box box = server.box()) {
        box.timings.streamOpenTimeout = Duration.ofMillis(50);
        box.timings.minPollInterval = Duration.ofMillis(1);
        List<String> texts = new ArrayList<>();
        for (Message message : box.messages()) {
          texts.add(message.json());
          if (texts.size() == 3) break;
        }
        assertEquals(List.of(FakeServer.DEEP, "\"two\"", "\"three\""), texts, name);
      }
    });
  }

  private static void answerLongPoll(FakeServer self, HttpExchange exchange, int earlier, FakeServer.Answering refuse) throws Exception {
    if (!exchange.getRequestMethod().equals("GET")) json(exchange, ACK);
    else if (exchange.getRequestHeaders().getFirst("Accept").equals("text/event-stream")) refuse.answer(self, exchange, earlier);
    else if (exchange.getRequestURI().getQuery().equals("after=0&wait=25")) json(exchange, "{\"type\":\"msgs\",\"data\":[" + FakeServer.DEEP + ",\"two\"],\"next\":2}");
    else if (earlier < 4) json(exchange, "{\"type\":\"msgs\",\"data\":[],\"next\":2}");
    else json(exchange, "{\"type\":\"msgs\",\"data\":[\"three\"],\"next\":3}");
  }

  @Test
  void theStreamIsTriedAgainAfterAWhileOfLongPolls() {
    try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> {
      if (earlier == 0) exchange.sendResponseHeaders(406, -1);
      else if (exchange.getRequestHeaders().getFirst("Accept").equals("text/event-stream")) self.stream(exchange, false, numbered(1, 1));
      else json(exchange, "{\"type\":\"msgs\",\"data\":[],\"next\":0}");
    }); Box box = server.box()) {
      box.timings.longPollPeriod = Duration.ofMillis(20);
      box.timings.minPollInterval = Duration.ofMillis(1);
      assertEquals(List.of(1L), numbers(box.messages(), 1));
    }
  }

  @Test
  void aSlowConsumerDoesNotEndTheStream() throws InterruptedException {
    Semaphore taken = new Semaphore(0);
    try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> {
      if (!exchange.getRequestMethod().equals("GET")) {
        json(exchange, ACK);
        return;
      }
      exchange.getResponseHeaders().set("Content-Type", "text/event-stream");
      exchange.sendResponseHeaders(200, 0);
      for (int n = 1; n <= 3; n++) {
        exchange.getResponseBody().write(numbered(n, n).getBytes());
        exchange.getResponseBody().flush();
        taken.acquire();
      }
      self.hang();
    }); Box box = server.box(); Messages messages = box.messages()) {
      box.timings.streamIdleTimeout = Duration.ofMillis(500);
      for (long n = 1; n <= 3; n++) {
        // The third is there long before it is asked for.
        if (n == 3) Thread.sleep(2 * box.timings.streamIdleTimeout.toMillis());
        assertEquals(n, messages.take().seq());
        taken.release();
      }
      assertEquals(1, server.requests("GET").size());
    }
  }

  private static List<Long> numbers(Messages messages, long last) {
    List<Long> numbers = new ArrayList<>();
    for (Message message : messages) {
      numbers.add(message.seq());
      assertEquals(String.valueOf(message.seq()), message.json());
      if (message.seq() == last) break;
    }
    return numbers;
  }

  private static <T> T last(List<T> list) {
    return list.get(list.size() - 1);
  }
}
