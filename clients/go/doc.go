// Package signalbox is the client of a signalbox server: message boxes over plain HTTP, mainly for WebRTC signaling.
//
// A [Box] retries transient failures, resumes after every disconnection, and delivers messages in order and once each.
// [Create] makes a box, [Open] opens one by its link. The owner of a box gives [Box.DropLink] to the other side, whose
// holder can only send.
//
// Every method takes a context, and returns its cause if it ends first. Otherwise, errors are
//   - an [*Error] if the server refuses, or its response is not what the contract promises;
//   - an [*UnreachableError] if there is no response;
//   - a [*TooLargeError] if a response exceeds [Options.MaxResponseBytes].
//
// No error contains a box id or a drop address.
package signalbox
