package signalbox;

import java.net.http.HttpClient;

/** HTTP clients that boxes share, because each of them has a thread; built when they are needed. */
final class Clients {
  private final HttpClient.Builder builder;
  private HttpClient following;
  private HttpClient staying;

  Clients(HttpClient.Builder builder) {
    this.builder = builder;
  }

  /** Returns the client that follows redirects, or the one that does not. */
  synchronized HttpClient client(boolean follow) {
    if (follow) return following == null ? following = build(HttpClient.Redirect.NORMAL) : following;
    return staying == null ? staying = build(HttpClient.Redirect.NEVER) : staying;
  }

  private HttpClient build(HttpClient.Redirect redirect) {
    return builder
        // HTTP/2 would send a retry over the connection that has just fallen silent.
        .version(HttpClient.Version.HTTP_1_1)
        .followRedirects(redirect)
        .connectTimeout(Connection.CONNECT_TIMEOUT)
        .build();
  }
}
