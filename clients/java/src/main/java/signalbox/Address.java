package signalbox;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A box's server and the capability to use it.
 *
 * @param server the base URL of the box routes, without a trailing slash
 * @param id a box id or a drop address
 */
record Address(String server, String id) {
  private static final String FORM = "(?:box|drop)_[A-Za-z0-9_-]{32}";
  private static final Pattern CAPABILITY = Pattern.compile(FORM);

  static boolean isBoxId(String text) {
    return text.startsWith("box_") && CAPABILITY.matcher(text).matches();
  }

  static boolean isDropAddress(String text) {
    return text.startsWith("drop_") && CAPABILITY.matcher(text).matches();
  }

  /** The text without any capability. */
  static String redact(String text) {
    return CAPABILITY.matcher(text).replaceAll("…");
  }

  String link() {
    return server + "/boxes/" + id;
  }

  /** Derives the drop address of a box id; a drop address is its own. */
  Address drop() {
    if (id.startsWith("drop_")) return this;
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(("signalbox drop v1\0" + id).getBytes(StandardCharsets.US_ASCII));
      return new Address(server, "drop_" + Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(sum, 24)));
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError(impossible); // every Java has it
    }
  }

  @Override
  public String toString() {
    return "a box at " + server;
  }

  /** Returns the base URL of a server's box routes in canonical form: no query, no fragment, no trailing slash. */
  static String baseUrl(String server) {
    URI url = parse(server);
    String scheme = url == null || url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
    if (!scheme.matches("https?") || url.getHost() == null) {
      // The text stays out of the message: it may contain a capability.
      throw new IllegalArgumentException("The server must be an http:// or https:// URL, such as http://localhost:8080");
    }
    if (CAPABILITY.matcher(url.getPath()).find()) {
      // Errors name the server, so they would reveal it.
      throw new IllegalArgumentException("The server must be the base URL of the box routes, not a box's link");
    }
    boolean isDefault = url.getPort() == -1 || url.getPort() == (scheme.equals("http") ? 80 : 443);
    return scheme + "://" + url.getHost().toLowerCase(Locale.ROOT) + (isDefault ? "" : ":" + url.getPort()) + url.getRawPath().replaceFirst("/+$", "");
  }

  /** Parses a link, or an id together with its server. If the server is not null, the box must be there. */
  static Address parse(String link, String server) {
    if (CAPABILITY.matcher(link).matches()) {
      if (server == null) throw new IllegalArgumentException("Opening a box by its id requires the option server");
      return new Address(baseUrl(server), link);
    }
    URI url = parse(link);
    String path = url == null || url.getRawPath() == null ? "" : url.getRawPath();
    int end = path.lastIndexOf("/boxes/");
    if (end < 0 || !CAPABILITY.matcher(path.substring(end + 7)).matches()) {
      throw new IllegalArgumentException("A link must have the form <server>/boxes/<id>");
    }
    Address address = new Address(baseUrl(url.getScheme() + "://" + url.getRawAuthority() + path.substring(0, end)), path.substring(end + 7));
    if (server != null && !address.server.equals(baseUrl(server))) {
      throw new IllegalArgumentException("The link leads to another server than the option server");
    }
    return address;
  }

  private static URI parse(String text) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      return null; // its message would contain the text
    }
  }
}
