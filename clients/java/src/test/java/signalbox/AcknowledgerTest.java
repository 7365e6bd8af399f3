package signalbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static signalbox.FakeServer.ACK;
import static signalbox.FakeServer.json;
import static signalbox.FakeServer.numbered;
import static signalbox.FakeServer.problem;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@SuppressWarnings("try") // closing early is what they test
class AcknowledgerTest {
  private static final Duration HOUR = Duration.ofHours(1);

  /** A server whose box holds the messages 1 to last, and that answers acknowledgements as told. */
  private static FakeServer holding(long last, FakeServer.Handler acknowledged) {
    return FakeServer.answering((self, exchange, earlier) -> {
      if (exchange.getRequestMethod().equals("PUT")) acknowledged.handle(exchange, earlier);
      else self.stream(exchange, false, numbered(1, last));
    });
  }

  private static void take(Messages messages, int count) throws InterruptedException {
    for (int i = 0; i < count; i++) messages.take();
  }

  @Test
  void whatWasHandledIsAcknowledgedWhenTheBoxIsClosed() throws InterruptedException {
    try (FakeServer server = FakeServer.holding(3)) {
      try (Box box = server.box()) {
        // Longer than the test may take: only closing can acknowledge the second message.
        box.timings.acknowledgeInterval = HOUR;
        take(box.messages(), 3);
      }
      assertEquals("{\"after\":2}", server.cursors().get(server.cursors().size() - 1));
    }
  }

  @Test
  void aCursorThatWasRefusedIsNotSentAgainWhenTheLoopEnds() throws InterruptedException {
    try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> problem(exchange, 409, "BOX_ERR_CURSOR"));
        Box box = server.box()) {
      assertThrows(BoxException.class, () -> box.messages(7).take());
      box.close();
      assertEquals(List.of("{\"after\":7}"), server.cursors(), "by then, it may be that of another box");
    }
  }

  @Test
  void aLoopFirstAcknowledgesWhatAnEarlierOneCouldNot() throws InterruptedException {
    AtomicBoolean works = new AtomicBoolean();
    CountDownLatch accepted = new CountDownLatch(1);
    try (FakeServer server = FakeServer.answering((self, exchange, earlier) -> {
      if (exchange.getRequestMethod().equals("GET")) {
        self.stream(exchange, false, works.get() ? "" : numbered(1, 2));
      } else if (works.get()) {
        json(exchange, ACK);
        accepted.countDown();
      } else {
        problem(exchange, 503, "BOX_ERR_STORE");
      }
    }); Box box = server.box()) {
      box.timings.flushTimeout = Duration.ofMillis(20);
      try (Messages messages = box.messages()) {
        take(messages, 2);
      }
      works.set(true);
      // Until it does, a full box would stay full, and nobody could store what the loop waits for.
      box.messages().poll(Duration.ofMillis(10));
      assertTrue(accepted.await(10, TimeUnit.SECONDS));
    }
  }

  @Test
  void whatHasBeenAcknowledgedIsNotAcknowledgedAgainWhenTheNextLoopBegins() throws InterruptedException {
    try (FakeServer server = FakeServer.holding(2); Box box = server.box()) {
      for (int loops = 0; loops < 2; loops++) {
        try (Messages messages = box.messages()) {
          while (messages.take().seq() < 2) continue;
        }
      }
      assertEquals(List.of("{\"after\":1}"), server.cursors());
    }
  }

  @Test
  void closingDoesNotWaitForTheNextAttempt() throws InterruptedException {
    CountDownLatch asked = new CountDownLatch(1);
    try (FakeServer server = holding(2, (exchange, earlier) -> {
      if (earlier > 0) {
        json(exchange, ACK);
        return;
      }
      exchange.getResponseHeaders().set("Retry-After", "3600");
      problem(exchange, 503, "BOX_ERR_STORE");
      asked.countDown();
    }); Box box = server.box()) {
      take(box.messages(), 2);
      asked.await();
      box.close();
      assertEquals(List.of("{\"after\":1}", "{\"after\":1}"), server.cursors());
    }
  }

  @Test
  void anOpenLoopTriesUntilTheServerAccepts() throws InterruptedException {
    CountDownLatch accepted = new CountDownLatch(1);
    try (FakeServer server = holding(2, (exchange, earlier) -> {
      if (earlier < 15) {
        problem(exchange, 503, "BOX_ERR_STORE");
      } else {
        json(exchange, ACK);
        accepted.countDown();
      }
    }); Box box = server.box()) {
      take(box.messages(), 2);
      accepted.await();
    }
  }

  @Test
  void aClosedLoopDoesNotGoOnTrying() throws InterruptedException {
    Semaphore asked = new Semaphore(0);
    try (FakeServer server = holding(2, (exchange, earlier) -> {
      problem(exchange, 503, "BOX_ERR_STORE");
      asked.release();
    }); Box box = server.box()) {
      box.timings.flushTimeout = Duration.ofMillis(20);
      Messages messages = box.messages();
      take(messages, 2);
      asked.acquire();
      messages.close();
      while (isRunning()) Thread.sleep(1);
    }
  }

  private static boolean isRunning() {
    return Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().equals("signalbox acknowledger"));
  }

  @Test
  void theLimitForACallIsNotForAcknowledgements() throws InterruptedException {
    try (FakeServer server = holding(2, (exchange, earlier) -> {
      if (earlier == 0) problem(exchange, 503, "BOX_ERR_STORE");
      else json(exchange, ACK);
    }); Box box = server.box(BoxOptions.defaults().callTimeout(Duration.ofNanos(1)))) {
      take(box.messages(), 2);
      box.close();
      assertEquals(List.of("{\"after\":1}", "{\"after\":1}"), server.cursors());
    }
  }

  @Test
  void acknowledgementsAreCombined() throws InterruptedException {
    try (FakeServer server = FakeServer.holding(200); Box box = server.box(); Messages messages = box.messages()) {
      box.timings.acknowledgeInterval = HOUR;
      take(messages, 200);
      messages.close();
      assertEquals("{\"after\":199}", server.cursors().get(server.cursors().size() - 1));
      assertTrue(server.cursors().size() <= 10, server.cursors()::toString);
    }
  }

  @Test
  void manyMessagesDoNotWaitForTheInterval() throws InterruptedException {
    Semaphore asked = new Semaphore(0);
    try (FakeServer server = holding(200, (exchange, earlier) -> {
      json(exchange, ACK);
      asked.release();
    }); Box box = server.box(); Messages messages = box.messages()) {
      box.timings.acknowledgeInterval = HOUR;
      take(messages, 2);
      asked.acquire();
      take(messages, 198);
      asked.acquire();
    }
  }

  @Test
  void aFailedAcknowledgementDoesNotDisturbTheLoop() throws InterruptedException {
    try (FakeServer server = holding(3, (exchange, earlier) -> problem(exchange, 409, "BOX_ERR_CURSOR")); Box box = server.box()) {
      take(box.messages(), 3);
    }
  }
}
