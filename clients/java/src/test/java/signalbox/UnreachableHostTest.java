package signalbox;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpConnectTimeoutException;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class UnreachableHostTest {
  /** Linux alone would try to connect for two minutes, and each of five attempts for as long. */
  @Test
  @Timeout(60)
  void createGivesUpOnAHostThatDropsPackets() throws IOException {
    List<SocketChannel> fillers = new ArrayList<>();
    // With its queue full, a socket that accepts nothing drops what comes.
    try (ServerSocket full = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      for (int i = 0; i < 4; i++) {
        SocketChannel filler = SocketChannel.open();
        fillers.add(filler);
        filler.configureBlocking(false);
        filler.connect(full.getLocalSocketAddress());
      }
      UnreachableException e = assertThrows(UnreachableException.class, () -> Box.create("http://127.0.0.1:" + full.getLocalPort()));
      assertInstanceOf(HttpConnectTimeoutException.class, e.getCause());
    } finally {
      for (SocketChannel filler : fillers) filler.close();
    }
  }
}
