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
  private static final BoxOptions DEFAULTS = new BoxOptions(null, null, null, null, 64 << 20, null);

  final Duration ttl;
  final String server;
  final Supplier<Map<String, String>> headers;
  final HttpClient.Builder httpClient;
  final long maxResponseBytes;
  final Duration callTimeout;

  private BoxOptions(Duration ttl, String server, Supplier<Map<String, String>> headers, HttpClient.Builder httpClient, long maxResponseBytes, Duration callTimeout) {
    this.ttl = ttl;
    this.server = server;
    this.headers = headers;
    this.httpClient = httpClient;
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
    return new BoxOptions(ttl, server, headers, httpClient, maxResponseBytes, callTimeout);
  }

  /**
   * Sets the server of a box that is opened. It is required to open a box by its id alone, or with headers; a link must
   * lead to this server.
   *
   * @param server the base URL of the box routes
   * @return a copy with this option
   * @throws IllegalArgumentException if it is not an http or https URL
   */
  public BoxOptions server(String server) {
    return new BoxOptions(ttl, Address.baseUrl(server), headers, httpClient, maxResponseBytes, callTimeout);
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
    copy.forEach((name, value) -> {
      try {
        trial.header(name, value);
      } catch (IllegalArgumentException e) {
        // Its message may contain the value, which is a secret.
        throw new IllegalArgumentException("The header " + name + " is invalid, or cannot be set");
      }
    });
    return headers(() -> copy);
  }

  /**
   * Sets a function that returns the headers for each request, so that it can refresh a token in time. If it fails, the
   * request counts as failed and is retried. Redirects are refused.
   *
   * @param headers returns the values by name; called by whichever thread makes the request
   * @return a copy with this option
   */
  public BoxOptions headers(Supplier<Map<String, String>> headers) {
    return new BoxOptions(ttl, server, headers, httpClient, maxResponseBytes, callTimeout);
  }

  /**
   * Sets how the HTTP client is built, for example with your own certificates or proxy. By default, all boxes share one.
   *
   * @param httpClient the builder; its version, redirects and connect timeout are set by the box
   * @return a copy with this option
   */
  public BoxOptions httpClient(HttpClient.Builder httpClient) {
    return new BoxOptions(ttl, server, headers, httpClient, maxResponseBytes, callTimeout);
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
    return new BoxOptions(ttl, server, headers, httpClient, maxResponseBytes, callTimeout);
  }

  /**
   * Sets how long a call may take, with all its retries; by default, only the number of attempts is limited. A call that
   * takes longer throws a {@link CallTimeoutException}. A loop over messages is no call: see
   * {@link Messages#poll(Duration)}.
   *
   * @param callTimeout the longest time
   * @return a copy with this option
   */
  public BoxOptions callTimeout(Duration callTimeout) {
    return new BoxOptions(ttl, server, headers, httpClient, maxResponseBytes, callTimeout);
  }
}
