package signalbox;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Carries out the commands that it reads, one JSON a line, through {@link Box}; see ../../README.md. It is in the
 * package's own namespace because only from there can its waits be shortened.
 */
public final class BoxRunner {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  private BoxRunner() {}

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null;) {
      JsonNode asked = JSON.readTree(line);
      new Thread(() -> answer(asked)).start();
    }
  }

  private static void answer(JsonNode asked) {
    ObjectNode result = JSON.createObjectNode();
    result.set("id", asked.get("id"));
    try (Box box = open(asked)) {
      result.set("answer", carryOut(asked.get("call").asText(), box, asked.get("args")));
    } catch (Exception e) {
      result.put("error", e.toString());
    }
    synchronized (OUT) {
      OUT.println(result);
    }
  }

  private static Box open(JsonNode asked) {
    String link = asked.get("link").asText();
    // Connections of its own, because the proxy counts them.
    BoxOptions options = BoxOptions.defaults().server(asked.get("url").asText()).httpClient(HttpClient.newBuilder());
    Box box = Box.open(link.substring(link.lastIndexOf('/') + 1), options);
    JsonNode timings = asked.get("timings");
    // Waits that are short enough for a thousand failures.
    box.timings.minDelay = Duration.ofMillis(1);
    box.timings.maxDelay = Duration.ofMillis(8);
    box.timings.acknowledgeInterval = Duration.ofMillis(1);
    if (timings.has("max_attempts")) box.timings.maxAttempts = timings.get("max_attempts").asInt();
    if (timings.has("stream_open_timeout")) box.timings.streamOpenTimeout = Duration.ofMillis((long) (1000 * timings.get("stream_open_timeout").asDouble()));
    return box;
  }

  private static JsonNode carryOut(String call, Box box, JsonNode args) throws Exception {
    return switch (call) {
      case "send" -> send(box, args.get("messages"));
      case "take" -> take(box, args);
      case "read" -> pairs(box.read().messages());
      default -> throw new IllegalArgumentException(call);
    };
  }

  private static ArrayNode send(Box box, JsonNode messages) throws InterruptedException {
    ArrayNode numbers = JSON.createArrayNode();
    for (JsonNode message : messages) numbers.add(box.send(message).seq());
    return numbers;
  }

  private static ArrayNode take(Box box, JsonNode args) throws Exception {
    Messages messages = args.has("after") ? box.messages(args.get("after").asLong()) : box.messages();
    List<Message> taken = new ArrayList<>();
    for (Message message : messages) {
      taken.add(message);
      if (taken.size() < args.get("count").asInt()) continue;
      if (!args.path("leave").asBoolean()) box.acknowledge(message.seq());
      break;
    }
    return pairs(taken);
  }

  private static ArrayNode pairs(List<Message> messages) throws Exception {
    ArrayNode pairs = JSON.createArrayNode();
    for (Message message : messages) pairs.addArray().add(message.seq()).add(message.decode(JsonNode.class));
    return pairs;
  }
}
