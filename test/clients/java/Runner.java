import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import signalbox.operations.ApiClient;
import signalbox.operations.ApiException;
import signalbox.operations.ApiResponse;
import signalbox.operations.api.BoxApi;
import signalbox.operations.api.ClassicApi;
import signalbox.operations.api.WebrtcApi;
import signalbox.operations.model.CreateBox;
import signalbox.operations.model.Cursor;

/** Makes the calls it reads, one JSON a line, through the generated client; see ../README.md. */
public class Runner {
  static final ObjectMapper json = ApiClient.createDefaultObjectMapper();
  static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  static ApiResponse<?> call(String name, ApiClient client, JsonNode args) throws Exception {
    BoxApi boxes = new BoxApi(client);
    String box = text(args, "box");
    switch (name) {
      case "createBox":
        return boxes.createBoxWithHttpInfo(args.has("ttl") ? new CreateBox().ttl(number(args, "ttl")).keep(number(args, "keep")) : null);
      case "openBox":
        return boxes.openBoxWithHttpInfo(box, args.has("ttl") ? new CreateBox().ttl(number(args, "ttl")).keep(number(args, "keep")) : null);
      case "storeMessage":
        return boxes.storeMessageWithHttpInfo(box, json.treeToValue(args.get("message"), Object.class), text(args, "key"));
      case "readMessages":
        return boxes.readMessagesWithHttpInfo(box, after(args), number(args, "limit"), number(args, "wait"));
      case "acknowledge":
        return boxes.acknowledgeWithHttpInfo(box, new Cursor().after(after(args)));
      case "drainMessages":
        return boxes.drainMessagesWithHttpInfo(box);
      case "deleteBox":
        return boxes.deleteBoxWithHttpInfo(box);
      case "classicBox":
        return new ClassicApi(client).classicBoxWithHttpInfo(box, text(args, "msg"));
      case "getIceServers":
        return new WebrtcApi(client).getIceServersWithHttpInfo(box);
      default:
        throw new IllegalArgumentException(name);
    }
  }

  static String text(JsonNode args, String name) {
    return args.has(name) ? args.get(name).asText() : null;
  }

  static Integer number(JsonNode args, String name) {
    return args.has(name) ? args.get(name).asInt() : null;
  }

  static Long after(JsonNode args) {
    return args.has("after") ? args.get("after").asLong() : null;
  }

  static void answer(JsonNode command) {
    ObjectNode result = json.createObjectNode();
    result.set("id", command.get("id"));
    try {
      ApiClient client = new ApiClient();
      client.updateBaseUri(command.get("url").asText());
      ApiResponse<?> response = call(command.get("call").asText(), client, command.get("args"));
      result.put("status", response.getStatusCode());
      result.set("answer", json.valueToTree(response.getData()));
    } catch (ApiException e) {
      if (e.getProblem() == null) {
        result.put("error", e.toString());
      } else {
        result.put("status", e.getCode());
        result.set("problem", json.valueToTree(e.getProblem()));
      }
    } catch (Exception e) {
      result.put("error", e.toString());
    }
    synchronized (out) {
      out.println(result);
    }
  }

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = lines.readLine()) != null;) {
      JsonNode command = json.readTree(line);
      new Thread(() -> answer(command)).start();
    }
  }
}
