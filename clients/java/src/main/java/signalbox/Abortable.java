package signalbox;

/** Something that can be made to end early, from any thread. */
@FunctionalInterface
interface Abortable {
  void abort();
}
