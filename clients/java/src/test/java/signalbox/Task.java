package signalbox;

/** Something to do in another thread. */
@FunctionalInterface
interface Task {
  void run() throws Exception;
}
