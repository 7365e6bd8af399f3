package signalbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static signalbox.FakeServer.json;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LongPollsTest {
  private static final String REPEATED = "{\"type\":\"msgs\",\"data\":[1,2],\"next\":2}";

  @Test
  void nothingNewIsFollowedByAPause() throws Exception {
    AtomicInteger requests = new AtomicInteger();
    for (String page : List.of("{\"type\":\"msgs\",\"data\":[],\"next\":2}", "{\"type\":\"msgs\",\"data\":[],\"next\":9}", REPEATED)) {
      requests.set(0);
      try (FakeServer server = new FakeServer((exchange, earlier) -> json(exchange, page));
          Box box = server.box(BoxOptions.defaults().server(server.url).headers(() -> {
            requests.incrementAndGet();
            return Map.of();
          }));
          LongPolls polls = new LongPolls(box, box.scope, 2)) {
        box.timings.minPollInterval = Duration.ofHours(1);
        Queue<Message> messages = new ArrayDeque<>();
        assertTrue(polls.fill(messages, Deadline.NEVER));
        assertThrows(TimeoutException.class, () -> polls.fill(messages, Deadline.in(Duration.ZERO)));
        assertEquals(1, requests.get(), page);
        assertEquals(0, messages.size(), page);
      }
    }
  }

  @Test
  void onlyMessagesMoveTheCursor() throws Exception {
    List<String> pages = List.of("{\"type\":\"msgs\",\"data\":[],\"next\":9}", REPEATED, "{\"type\":\"msgs\",\"data\":[2,3],\"next\":3}", REPEATED, "{\"type\":\"msgs\",\"data\":[4],\"next\":4}");
    try (FakeServer server = new FakeServer((exchange, earlier) -> json(exchange, pages.get(earlier)));
        Box box = server.box();
        LongPolls polls = new LongPolls(box, box.scope, 1)) {
      box.timings.minPollInterval = Duration.ofMillis(1);
      Queue<Message> messages = new ArrayDeque<>();
      for (int i = 0; i < pages.size(); i++) polls.fill(messages, Deadline.NEVER);
      assertEquals(List.of(2L, 3L, 4L), messages.stream().map(Message::seq).toList());
      assertEquals(List.of(1L, 1L, 2L, 3L, 3L), server.requests("GET").stream().map(request -> Long.parseLong(request.query().replaceAll("after=(\\d+).*", "$1"))).toList());
    }
  }
}
