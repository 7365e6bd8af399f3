/**
 * The client of a signalbox server: message boxes over plain HTTP, mainly for WebRTC signaling.
 *
 * <p>A {@link signalbox.Box} retries transient failures, resumes after every disconnection, and delivers messages in
 * order and once each. {@link signalbox.Box#create(String)} makes a box, {@link signalbox.Box#open(String)} opens one by
 * its link. The owner of a box gives {@link signalbox.Box#dropLink()} to the other side, whose holder can only send.
 *
 * <p>No exception contains a box id or a drop address.
 *
 * <p>{@code signalbox.operations} is generated from the OpenAPI contract, and has a method for each operation: one
 * request, one response, no retries.
 */
package signalbox;
