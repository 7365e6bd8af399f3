package signalbox;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static signalbox.FakeServer.BOX_ID;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class AddressTest {
  private static final String OTHER = "https://other.example";

  @Test
  void aLinkIsAServerAndAnId() {
    Map.of(
        "http://localhost:8080/boxes/" + BOX_ID, "http://localhost:8080",
        "https://EXAMPLE.com:443/a/b/boxes/" + BOX_ID, "https://example.com/a/b",
        "HTTP://[::1]:80/boxes/" + BOX_ID, "http://[::1]",
        "https://example.com/boxes/boxes/" + BOX_ID + "?a=1#top", "https://example.com/boxes"
    ).forEach((link, server) -> {
      try (Box box = Box.open(link)) {
        assertEquals(server + "/boxes/" + BOX_ID, box.link());
      }
    });
    try (Box box = Box.open(BOX_ID, BoxOptions.defaults().server("https://example.com/a/"))) {
      assertEquals("https://example.com/a/boxes/" + BOX_ID, box.link());
    }
  }

  @Test
  void theDropLinkIsDerivedAsTheServerDoes() {
    String drop = "https://example.com/boxes/drop_ZWpX_-WODIMKvSdOTxrXsigGWWWwq9qK";
    for (String link : List.of("https://example.com/boxes/" + BOX_ID, drop)) {
      try (Box box = Box.open(link)) {
        assertEquals(drop, box.dropLink());
      }
    }
  }

  @Test
  void anInvalidLinkIsRefusedAndNotRepeated() {
    BoxOptions defaults = BoxOptions.defaults();
    BoxOptions headers = defaults.headers(Map.of("Authorization", "secret"));
    refuses("", defaults);
    refuses(BOX_ID, defaults);
    refuses("/boxes/" + BOX_ID, defaults);
    refuses("mailto:/boxes/" + BOX_ID, defaults);
    refuses("ftp://example.com/boxes/" + BOX_ID, defaults);
    refuses("https://example.com/boxes/" + BOX_ID + "x", defaults);
    refuses("https://example.com/boxes/" + BOX_ID + "/messages", defaults);
    refuses("https://exam ple.com/boxes/" + BOX_ID, defaults);
    refuses("https://example.com/boxes/" + BOX_ID, defaults.server(OTHER));
    refuses("https://example.com/boxes/" + BOX_ID, headers);
    refuses("https://example.com/boxes/" + BOX_ID, headers.server(OTHER));
    refuses("https://example.com/boxes/" + BOX_ID + "/boxes/" + BOX_ID, defaults);
    assertThrows(IllegalArgumentException.class, () -> Box.create("example.com"));
  }

  @Test
  void aLinkIsNoServer() {
    for (String path : List.of("/boxes/" + BOX_ID, "/boxes/" + BOX_ID + "/messages", "/boxes/box%5F" + BOX_ID.substring(4))) {
      for (Executable use : List.<Executable>of(() -> Box.create(OTHER + path), () -> BoxOptions.defaults().server(OTHER + path))) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, use);
        assertFalse(e.toString().contains(BOX_ID.substring(4)));
      }
    }
  }

  @Test
  void anInvalidHeaderIsRefusedAndItsValueNotRepeated() {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> BoxOptions.defaults().headers(Map.of("Authorization", "secret\n")));
    assertFalse(e.toString().contains("secret"));
    assertNull(e.getCause());
    assertThrows(IllegalArgumentException.class, () -> BoxOptions.defaults().headers(Map.of("Host", "example.com")));
  }

  private static void refuses(String link, BoxOptions options) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () -> Box.open(link, options));
    assertFalse(e.toString().contains(BOX_ID), link);
    assertNull(e.getCause(), link);
  }
}
