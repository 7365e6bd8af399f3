package signalbox;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.function.Supplier;

/** Makes requests to a server, one response each: no retries, and no more memory than allowed. */
final class Connection {
  static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(4);
  private static final Duration DAY = Duration.ofDays(1);

  final String server;
  final long maxBytes;
  private final HttpClient client;
  private final Supplier<Map<String, String>> headers;

  Connection(String server, BoxOptions options) {
    this.server = server;
    maxBytes = options.maxResponseBytes;
    headers = options.headers;
    // A redirect could lead the headers to another server.
    client = options.clients.client(headers == null);
  }

  /** Sends a request. The response is waited for later. */
  Exchange open(Scope scope, Call<?> call, String accept) {
    scope.requireOpen();
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(server + call.path()))
        .method(call.method(), call.body() == null ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(call.body()));
    if (headers != null) addHeaders(request);
    request.setHeader("Accept", accept);
    // A compressed body could be small on the network and fill the memory.
    request.setHeader("Accept-Encoding", "identity");
    if (call.body() != null) request.setHeader("Content-Type", "application/json");
    if (call.key() != null) request.setHeader("Idempotency-Key", call.key());
    Exchange exchange = Exchange.start(client, request.build());
    scope.add(exchange);
    return exchange;
  }

  private void addHeaders(HttpRequest.Builder request) {
    Map<String, String> found;
    try {
      found = Objects.requireNonNull(headers.get());
    } catch (RuntimeException e) {
      throw new UnreachableException(server, "the option headers failed", e);
    }
    found.forEach((name, value) -> setHeader(request, name, value));
  }

  /** Sets a header of the caller's. */
  static void setHeader(HttpRequest.Builder request, String name, String value) {
    try {
      request.setHeader(name, value);
    } catch (IllegalArgumentException | NullPointerException e) {
      // Its message may contain the value, which is a secret.
      throw new IllegalArgumentException("The header " + name + " is invalid, or cannot be set");
    }
  }

  /** The failure of an exchange as one that callers may see: without the address of the box, which a URL contains. */
  UnreachableException unreachable(ExecutionException failed) {
    Throwable cause = failed.getCause();
    while (cause instanceof CompletionException && cause.getCause() != null) cause = cause.getCause();
    String message = cause.getMessage() == null ? cause.getClass().getSimpleName() : Address.redact(cause.getMessage());
    return new UnreachableException(server, message, isClean(cause) ? cause : new IOException(message));
  }

  private static boolean isClean(Throwable failure) {
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      if (!Address.redact(cause.toString()).equals(cause.toString())) return false;
    }
    return true;
  }

  /** Makes an exception of a response; for a box server's, code and detail come from the problem document (RFC 9457). */
  BoxException refusal(HttpResponse<?> response, byte[] body, String method) {
    int status = response.statusCode();
    String code = "";
    String detail = "";
    if (!isSuccess(response)) {
      Map<String, String> problem = problem(body);
      code = Address.redact(problem.getOrDefault("code", ""));
      detail = Address.redact(problem.getOrDefault("detail", ""));
    }
    if (detail.isEmpty()) {
      detail = "The server responded unexpectedly, with status " + status + (status == 404 ? ". Is the URL's prefix right?" : ".");
    }
    if (status / 100 == 3) {
      detail = headers == null ? "The server redirects too often, or to a URL that is not safe." : "The server redirects, but redirects are not followed with the option headers.";
    } else if (!response.request().method().equals(method)) {
      detail += " The server redirects, which turned the request into a GET: use the new URL.";
    }
    return new BoxException(status, code, detail, retryAfter(response.headers()));
  }

  private static Map<String, String> problem(byte[] body) {
    try {
      Map<String, String> members = Json.members(new String(body, StandardCharsets.UTF_8));
      if (members == null) return Map.of();
      members.values().removeIf(value -> !value.startsWith("\""));
      members.replaceAll((name, value) -> Json.text(value));
      return members;
    } catch (IOException e) {
      return Map.of();
    }
  }

  static boolean isSuccess(HttpResponse<?> response) {
    return response.statusCode() / 100 == 2;
  }

  private static Duration retryAfter(HttpHeaders headers) {
    return headers.firstValue("Retry-After").map(Connection::retryAfter).orElse(Duration.ZERO);
  }

  /** Parses Retry-After (RFC 9110, section 10.2.3), in seconds or as a date. It is at most a day. */
  static Duration retryAfter(String value) {
    Duration wait;
    try {
      wait = Duration.ofMillis((long) (1000 * Math.min(Double.parseDouble(value), DAY.toSeconds())));
    } catch (NumberFormatException notSeconds) {
      try {
        wait = Duration.between(ZonedDateTime.now(), ZonedDateTime.parse(value.strip(), DateTimeFormatter.RFC_1123_DATE_TIME));
      } catch (DateTimeException notDate) {
        wait = Duration.ZERO;
      }
    }
    return wait.isNegative() ? Duration.ZERO : wait.compareTo(DAY) > 0 ? DAY : wait;
  }
}
