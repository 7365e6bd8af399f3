package signalbox;

import java.util.concurrent.CompletableFuture;

/** A task in a thread of its own, and how it ended. */
final class Outcome {
  final Thread thread;
  private final CompletableFuture<Throwable> ended = new CompletableFuture<>();

  Outcome(Task task) {
    thread = new Thread(() -> {
      try {
        task.run();
        ended.complete(null);
      } catch (Throwable e) {
        ended.complete(e);
      }
    });
    thread.start();
  }

  /** Waits for the end, and returns what was thrown; null if nothing was. */
  Throwable failure() {
    return ended.join();
  }
}
