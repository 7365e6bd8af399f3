// Through what openapi-generator makes for Kotlin; see ../../README.md.
import com.fasterxml.jackson.databind.JsonNode
import com.fasterxml.jackson.databind.node.ObjectNode
import com.fasterxml.jackson.module.kotlin.jacksonObjectMapper
import signalbox.apis.BoxApi
import signalbox.apis.ClassicApi
import signalbox.infrastructure.ClientError
import signalbox.infrastructure.ClientException
import signalbox.infrastructure.Serializer
import signalbox.infrastructure.ServerError
import signalbox.infrastructure.ServerException
import signalbox.models.CreateBox
import signalbox.models.Cursor
import okhttp3.OkHttpClient
import java.time.Duration

val json = jacksonObjectMapper()

fun call(name: String, args: JsonNode, url: String): Any? {
    // A read may be held for longer than the ten seconds that OkHttp waits.
    val http = OkHttpClient.Builder().readTimeout(Duration.ofSeconds(70)).build()
    val boxes = BoxApi(url, http)
    val box = args["box"]?.asText()
    return when (name) {
        "createBox" -> boxes.createBox(CreateBox(ttl = args["ttl"]?.asInt()))
        "storeMessage" -> boxes.storeMessage(box!!, if (args.has("json")) args["message"] else plain(args["message"]))
        "readMessages" -> boxes.readMessages(box!!, args["after"]?.asLong() ?: 0, 100, args["wait"]?.asInt() ?: 0)
        "acknowledge" -> boxes.acknowledge(box!!, Cursor(after = args["after"].asLong()))
        "drainMessages" -> boxes.drainMessages(box!!)
        "deleteBox" -> boxes.deleteBox(box!!)
        else -> ClassicApi(url, http).classicBox(box, args["msg"]?.asText())
    }
}

/** What its types do not let a program do. */
class NotInKotlin(private val reason: String) : Exception(reason) {
    override fun toString() = reason
}

/** A message as Kotlin's own maps, lists, texts and numbers. */
fun plain(message: JsonNode): Any {
    if (message.isNull) throw NotInKotlin("storeMessage takes Any, which is never null")
    return json.convertValue(message, Any::class.java)
}

fun answer(command: JsonNode): ObjectNode {
    val result = json.createObjectNode()
    result.set<JsonNode>("id", command["id"])
    try {
        val found = call(command["call"].asText(), command["args"], command["url"].asText())
        if (found != Unit) result.set<JsonNode>("answer", Serializer.jacksonObjectMapper.valueToTree(found))
    } catch (error: ClientException) {
        problem(result, error.statusCode, (error.response as? ClientError<*>)?.body)
    } catch (error: ServerException) {
        problem(result, error.statusCode, (error.response as? ServerError<*>)?.body)
    } catch (error: Throwable) {
        result.put("error", error.toString())
    }
    return result
}

fun problem(result: ObjectNode, status: Int, body: Any?) {
    result.put("status", status)
    result.set<JsonNode>("problem", json.readTree(body?.toString() ?: "{}"))
}

fun main() {
    generateSequence(::readLine).forEach { println(json.writeValueAsString(answer(json.readTree(it)))) }
}
