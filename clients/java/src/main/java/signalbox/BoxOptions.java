package signalbox;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The options of {@link Box#create(String, BoxOptions)} and {@link Box#open(String, BoxOptions)}. They are immutable:
 * each method returns a copy with one option changed.
 */
public final class BoxOptions {
  private static final BoxOptions DEFAULTS = new BoxOptions(null, null, null, new Clients(HttpClient.newBuilder()), 64 << 20, null);

  final Duration ttl;
  final String server;
  final Supplier<Map<String, String>> headers;
  final Clients clients;
  final long maxResponseBytes;
  final Duration callTimeout;

  private BoxOptions(Duration ttl, String server, Supplier<Map<String, String>> headers, Clients clients, long maxResponseBytes, Duration callTimeout) {
    this.ttl = ttl;
    this.server = server;
    this.headers = headers;
    this.clients = clients;
    this.maxResponseBytes = maxResponseBytes;
    this.callTimeout = callTimeout;
  }

  /**
   * Returns the default options.
   *
   * @return the default options
   */
  public static BoxOptions defaults() {
    return DEFAULTS;
  }

  /**
   * Sets the idle lifetime of a box that is created; by default, the server decides.
   *
   * @param ttl the lifetime, in whole seconds
   * @return a copy with this option
   * @throws IllegalArgumentException if it is not one or more whole seconds
   */
  public BoxOptions ttl(Duration ttl) {
    if (ttl.toSeconds() < 1 || ttl.getNano() != 0) throw new IllegalArgumentException("The option ttl must be a whole number of seconds, not " + ttl);
    return new BoxOptions(ttl, server, headers, clients, maxResponseBytes, callTimeout);
  }

  /**
   * Sets the server of a box that is opened. It is required to open a box by its id alone, or with headers; a link must
   * lead to this server.
   *
   * @param server the base URL of the box routes
   * @return a copy with this option
   * @throws IllegalArgumentException if it is not an http or https URL, or is the link of a box
   */
  public BoxOptions server(String server) {
    return new BoxOptions(ttl, Address.baseUrl(server), headers, clients, maxResponseBytes, callTimeout);
  }

  /**
   * Sets headers that are sent with every request, such as {@code Authorization}. Redirects are then refused: they could
   * lead to another server.
   *
   * @param headers the values by name
   * @return a copy with this option
   * @throws IllegalArgumentException if a name or value is none, or may not be set
   */
  public BoxOptions headers(Map<String, String> headers) {
    Map<String, String> copy = Map.copyOf(headers);
    HttpRequest.Builder trial = HttpRequest.newBuilder(URI.create("http://localhost"));
    copy.forEach((name, value) -> Connection.setHeader(trial, name, value));
    return headers(() -> copy);
  }

  /**
   * Sets a function that returns the headers for each request, so that it can refresh a token in time. If it fails, the
   * request counts as failed and is retried. A header that is not valid, or may not be set, is an
   * {@link IllegalArgumentException} of the call. Redirects are refused.
   *
   * @param headers returns the values by name; called by whichever thread makes the request
   * @return a copy with this option
   */
  public BoxOptions headers(Supplier<Map<String, String>> headers) {
    return new BoxOptions(ttl, server, headers, clients, maxResponseBytes, callTimeout);
  }

  /**
   * Sets how the HTTP client is built, for example with your own certificates or proxy. Boxes with these options, or a
   * copy of them, share a client; by default, all boxes share one.
   *
   * @param httpClient the builder; its version, redirects and connect timeout are set
   * @return a copy with this option
   */
  public BoxOptions httpClient(HttpClient.Builder httpClient) {
    return new BoxOptions(ttl, server, headers, new Clients(httpClient), maxResponseBytes, callTimeout);
  }

  /**
   * Sets the largest response body accepted, and the largest event of a stream; by default 64 MiB.
   *
   * @param maxResponseBytes the limit in bytes, from 1 to 1 GiB
   * @return a copy with this option
   * @throws IllegalArgumentException if it is less or more
   */
  public BoxOptions maxResponseBytes(long maxResponseBytes) {
    if (maxResponseBytes < 1 || maxResponseBytes > 1 << 30) throw new IllegalArgumentException("The option maxResponseBytes must be between 1 byte and 1 GiB, not " + maxResponseBytes);
    return new BoxOptions(ttl, server, headers, clients, maxResponseBytes, callTimeout);
  }

  /**
   * Sets how long a call may take, with all its retries; by default, only the number of attempts is limited. A call that
   * takes longer throws a {@link CallTimeoutException}. A loop over messages is no call, and its acknowledgements are
   * none: see {@link Messages#poll(Duration)}.
   *
   * @param callTimeout the longest time
   * @return a copy with this option
   */
  public BoxOptions callTimeout(Duration callTimeout) {
    return new BoxOptions(ttl, server, headers, clients, maxResponseBytes, callTimeout);
  }
}
