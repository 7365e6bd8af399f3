package signalbox;

import java.net.ConnectException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;

/**
 * A box on a server. With a box id you can read, acknowledge, send and delete; with a drop address you can only send. It
 * retries transient failures and resumes after every disconnection. Messages arrive in order, and once each, except that
 * the message at which a loop was left is delivered again.
 *
 * <p>Methods throw a {@link BoxException} if the server refuses or its response is not what the contract promises, an
 * {@link UnreachableException} if there is no response (a request is tried ten times, each time for at most 30 seconds,
 * with waits of about a minute in all), a {@link ResponseTooLargeException} if a response exceeds
 * {@link BoxOptions#maxResponseBytes(long)}, a {@link CallTimeoutException} after
 * {@link BoxOptions#callTimeout(Duration)}, a {@link BoxClosedException} if the box is closed, and an
 * {@link InterruptedException} if the thread is interrupted. In the last three cases, the server may still have carried
 * out the request.
 *
 * <p>A {@code Box} may be used by several threads, but only one loop can read it at a time.
 */
public final class Box implements AutoCloseable {
  private static final SecureRandom RANDOM = new SecureRandom();

  final Connection connection;
  final Timings timings;
  final Scope scope = new Scope();
  private final Address address;
  private final Duration callTimeout;
  final ReentrantLock sending = new ReentrantLock(true);
  private Messages current;
  private long position;
  /** Up to here, the server has deleted the messages. */
  private long acknowledged;

  private Box(Address address, Connection connection, Timings timings, BoxOptions options) {
    this.address = address;
    this.connection = connection;
    this.timings = timings;
    callTimeout = options.callTimeout;
  }

  /**
   * Creates a box, as {@link #create(String, BoxOptions)} does, with the default options.
   *
   * @param server the base URL of the box routes, such as {@code https://example.com/prefix}
   * @return the box
   * @throws InterruptedException if the thread is interrupted
   */
  public static Box create(String server) throws InterruptedException {
    return create(server, BoxOptions.defaults());
  }

  /**
   * Creates a box. If the server cannot be reached, this gives up within about four seconds: long enough for the server
   * to restart, and short enough to notice a wrong URL. If the server does not respond at all, that takes ten seconds.
   *
   * @param server the base URL of the box routes, such as {@code https://example.com/prefix}
   * @param options the options
   * @return the box
   * @throws InterruptedException if the thread is interrupted
   * @throws IllegalArgumentException if the server is not an http or https URL, or is the link of a box
   */
  public static Box create(String server, BoxOptions options) throws InterruptedException {
    return create(server, options, new Timings());
  }

  static Box create(String server, BoxOptions options, Timings timings) throws InterruptedException {
    Connection connection = new Connection(Address.baseUrl(server), options);
    byte[] body = options.ttl == null ? null : ("{\"ttl\":" + options.ttl.toSeconds() + "}").getBytes(StandardCharsets.US_ASCII);
    Timings creating = timings.forCreating();
    Call<String> call = new Call<>("POST", "/boxes", body, null, creating.responseTimeout, Answer.CREATED);
    Retry retry = new Retry(connection, new Scope(), creating, e -> Timings.isTransient(e) && !(e.getCause() instanceof HttpTimeoutException));
    String id = retry.request(call, deadline(options.callTimeout));
    return new Box(new Address(connection.server, id), connection, timings, options);
  }

  /**
   * Opens a box by its link, {@code <server>/boxes/<id>}. This sends no request: the first use shows whether the box
   * exists.
   *
   * @param link the link
   * @return the box
   * @throws IllegalArgumentException if it is not a link
   */
  public static Box open(String link) {
    return open(link, BoxOptions.defaults());
  }

  /**
   * Opens a box by its link, {@code <server>/boxes/<id>}, or by its id and the option {@code server}. This sends no
   * request: the first use shows whether the box exists.
   *
   * <p>With headers, the option {@code server} is required, and a link to another server is refused: links come from
   * other people and must not receive your credentials.
   *
   * @param link the link, or the box id or drop address
   * @param options the options
   * @return the box
   * @throws IllegalArgumentException if the link is malformed, leads to another server, or a server is required
   */
  public static Box open(String link, BoxOptions options) {
    if (options.headers != null && options.server == null) throw new IllegalArgumentException("The option headers requires the option server");
    Address address = Address.parse(link, options.server);
    return new Box(address, new Connection(address.server(), options), new Timings(), options);
  }

  /**
   * Returns the link that opens this box again with the same rights. Keep it secret if you own the box: it then contains
   * the box id.
   *
   * @return the link
   */
  public String link() {
    return address.link();
  }

  /**
   * Returns the link to give to the other side. It contains the drop address, so its holder can only send.
   *
   * @return the link
   */
  public String dropLink() {
    return address.drop().link();
  }

  /**
   * Stores a message. It is stored once, however often the request is retried, because every message carries an
   * Idempotency-Key. Messages arrive in the order of the calls, whichever threads make them.
   *
   * @param message any value that Jackson can write as JSON, such as a record, a {@code Map}, a {@code JsonNode}, a
   *     {@code String} or null; a {@code RawValue} for JSON text; or a received {@link Message}
   * @return its number
   * @throws InterruptedException if the thread is interrupted
   * @throws IllegalArgumentException if it is not a JSON value
   */
  public Sent send(Object message) throws InterruptedException {
    byte[] key = new byte[16];
    RANDOM.nextBytes(key);
    Call<Sent> call = new Call<>("POST", path("/messages"), Json.encode(message), Base64.getUrlEncoder().withoutPadding().encodeToString(key), timings.responseTimeout, Answer.ACK);
    Deadline until = deadline(callTimeout);
    if (!sending.tryLock(until.left(), TimeUnit.NANOSECONDS)) throw new CallTimeoutException(null);
    try {
      return new Retry(connection, scope, timings, Timings::isTransient).request(call, until);
    } finally {
      sending.unlock();
    }
  }

  /**
   * Begins a loop over the messages. It starts after the last message that an earlier loop on this object acknowledged;
   * the first one starts at the front of the box.
   *
   * <p>The loop first acknowledges what this object has handled and the server does not yet know of: it may fill the box.
   *
   * <p>Only one loop can run at a time on this object: an earlier one that was left ends, and if another thread is
   * waiting in it, this throws. Several objects can read the same box, but what one acknowledges is gone for all.
   *
   * @return the loop; close it to end it before the box is closed or the next loop begins
   * @throws IllegalStateException if another loop is waiting for a message
   * @throws BoxClosedException if the box is closed
   */
  public Messages messages() {
    return begin(null);
  }

  /**
   * Begins a loop over the messages, as {@link #messages()} does, but after a cursor. To get each message once even if
   * your program restarts, save the number of the last message together with your results, and pass it here. The messages
   * up to the cursor count as handled, and the loop first acknowledges them. To look at later messages without deleting
   * the earlier ones, use {@link #read(long, int, Duration)}.
   *
   * @param after the cursor to start after; 0 is before the first message
   * @return the loop
   * @throws IllegalStateException if another loop is waiting for a message
   * @throws BoxClosedException if the box is closed
   */
  public Messages messages(long after) {
    if (after < 0) throw new IllegalArgumentException("A cursor must not be negative");
    return begin(after);
  }

  private synchronized Messages begin(Long after) {
    scope.requireOpen();
    long pending = 0;
    if (current != null) {
      current.replace();
      pending = current.acknowledger.pending();
      current.acknowledger.close();
    }
    long start = after == null ? position : after;
    current = new Messages(this, start);
    // What was handled before may still fill the box, and then the message that the loop waits for cannot be stored.
    current.acknowledger.advance(Math.max(pending, start > acknowledged ? start : 0));
    return current;
  }

  private synchronized Messages current() {
    return current;
  }

  /** Says that a loop has delivered a message, which it may be left with. */
  synchronized void delivered(long seq) {
    position = seq - 1;
  }

  /** Says that the consumer has asked for the message after this one. */
  synchronized void handled(long seq) {
    position = seq;
  }

  private synchronized void acknowledged(long cursor) {
    acknowledged = Math.max(acknowledged, cursor);
  }

  /**
   * Reads the first 100 messages without acknowledging them, and without waiting.
   *
   * @return the messages
   * @throws InterruptedException if the thread is interrupted
   */
  public Page read() throws InterruptedException {
    return read(0, 100, Duration.ZERO);
  }

  /**
   * Reads messages without acknowledging them.
   *
   * @param after the cursor to start after; 0 is before the first message
   * @param limit how many messages at most, 1 to 1,000
   * @param wait how long the server may wait for a message if there is none, in whole seconds, up to 60
   * @return the messages
   * @throws InterruptedException if the thread is interrupted
   * @throws IllegalArgumentException if the wait is not whole seconds
   */
  public Page read(long after, int limit, Duration wait) throws InterruptedException {
    if (wait.getNano() != 0) throw new IllegalArgumentException("The wait must be a whole number of seconds, not " + wait);
    String query = "/messages?after=" + after + "&limit=" + limit + "&wait=" + wait.toSeconds();
    return request(call("GET", query, timings.responseTimeout.plus(wait), Answer.MSGS), scope, Timings::isTransient);
  }

  /**
   * Deletes the messages up to and including the cursor. A loop over the box does this itself.
   *
   * @param cursor the number of the last message that was handled
   * @return the number of messages left
   * @throws InterruptedException if the thread is interrupted
   * @throws BoxException with the code {@code BOX_ERR_CURSOR} if the cursor is ahead of the box
   */
  public int acknowledge(long cursor) throws InterruptedException {
    int left = request(acknowledgement(cursor), scope, Timings::isTransient);
    acknowledged(cursor);
    return left;
  }

  /** Does the same, in one attempt and without the limit for a call: it belongs to a loop. */
  void acknowledgeOnce(long cursor, Scope within) throws InterruptedException {
    try (Pending<Integer> pending = new Pending<>(connection, within, acknowledgement(cursor))) {
      pending.answer(Deadline.NEVER);
      acknowledged(cursor);
    } catch (TimeoutException impossible) {
      throw new AssertionError(impossible);
    }
  }

  private Call<Integer> acknowledgement(long cursor) {
    byte[] body = ("{\"after\":" + cursor + "}").getBytes(StandardCharsets.US_ASCII);
    return new Call<>("PUT", path("/cursor"), body, null, timings.responseTimeout, Answer.CURSOR_ACK);
  }

  /**
   * Takes all messages out of the box, in one step. If the response is lost, so are its messages. Therefore this is
   * retried only if nothing can have been taken; after an {@link UnreachableException} or a
   * {@link CallTimeoutException}, messages may be lost. To lose none, read and acknowledge instead.
   *
   * @return the messages
   * @throws InterruptedException if the thread is interrupted; messages may be lost
   */
  public Page drain() throws InterruptedException {
    return request(call("DELETE", "/messages", timings.responseTimeout, Answer.MSGS), scope, Box::tookNothing);
  }

  private static boolean tookNothing(RuntimeException failure) {
    if (failure instanceof BoxException refusal) return refusal.status() == 429 || refusal.code().equals("BOX_ERR_BUSY");
    return failure.getCause() instanceof ConnectException || failure.getCause() instanceof HttpConnectTimeoutException;
  }

  /**
   * Closes this object and deletes the box with its messages; whoever reads it gets {@code BOX_ERR_NOT_FOUND}. It
   * succeeds if the box is already gone, and also works after {@link #close()}.
   *
   * @throws InterruptedException if the thread is interrupted
   */
  public void delete() throws InterruptedException {
    scope.abort();
    Messages loop = current();
    if (loop != null) loop.acknowledger.close();
    try {
      request(call("DELETE", "", timings.responseTimeout, Answer.NOTHING), new Scope(), Timings::isTransient);
    } catch (BoxException e) {
      if (e.status() != 404) throw e;
    }
  }

  /**
   * Stops everything this object does: loops end, and calls that are waiting throw a {@link BoxClosedException}. What was
   * handled is acknowledged: this waits until the server knows, for at most five seconds. The box stays on the server,
   * and whoever opens it next reads what was not acknowledged. May be called from any thread, and again.
   */
  @Override
  public void close() {
    scope.abort();
    Messages loop = current();
    if (loop == null) return;
    loop.acknowledger.flush(timings.flushTimeout);
    loop.acknowledger.close();
  }

  /** Names the box without revealing its id. */
  @Override
  public String toString() {
    return address.toString();
  }

  <T> Call<T> call(String method, String path, Duration timeout, Answer<T> answer) {
    return new Call<>(method, path(path), null, null, timeout, answer);
  }

  private String path(String path) {
    return "/boxes/" + address.id() + path;
  }

  private <T> T request(Call<T> call, Scope within, Predicate<RuntimeException> mayRepeat) throws InterruptedException {
    return new Retry(connection, within, timings, mayRepeat).request(call, deadline(callTimeout));
  }

  private static Deadline deadline(Duration callTimeout) {
    return callTimeout == null ? Deadline.NEVER : Deadline.in(callTimeout);
  }
}
