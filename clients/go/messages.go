package signalbox

import (
	"context"
	"iter"
)

// Messages returns the messages of the box one at a time, in order and once each, across disconnections and restarts of
// the server. It reads a stream of server-sent events, or falls back to long-polls if a proxy blocks or buffers the
// stream.
//
// Going on to the next message acknowledges the previous one, and the server forgets it. If the loop is left by break,
// return or a panic, its last message may not have been handled: it is not acknowledged, and a later loop delivers it
// again. If you have handled it, call [Box.Acknowledge] before you leave.
//
// Only one loop can run at a time on a Box; another one gets [ErrReading]. The next one continues after the last
// message that an earlier one acknowledged. Several Boxes can read the same box on the server, but what one
// acknowledges is gone for all.
//
// An error ends the loop, and is its last pair: the context's cause, an [*Error] if the box is gone or the cursor is
// ahead of it, or a [*TooLargeError]. A loop that has acknowledged messages waits for that to reach the server when it
// ends: up to five seconds, or one if the context has ended.
//
// The loop first acknowledges what this Box has handled and the server does not yet know of: it may fill the box.
func (b *Box) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return b.messages(ctx, nil)
}

// MessagesAfter is [Box.Messages], but starts after this cursor. To get each message once even if your program
// restarts, save the number of the last message together with your results, and pass it here. The messages up to the cursor
// count as handled, and the loop first acknowledges them. To look at later messages without deleting the earlier ones, use
// [Box.Read].
func (b *Box) MessagesAfter(ctx context.Context, cursor int64) iter.Seq2[Message, error] {
	return b.messages(ctx, &cursor)
}

func (b *Box) messages(ctx context.Context, after *int64) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		if !b.reading.CompareAndSwap(false, true) {
			yield(Message{}, ErrReading)
			return
		}
		if err := b.loop(ctx, after, yield); err != nil {
			yield(Message{}, err)
		}
	}
}

// loop returns an error unless the consumer left.
func (b *Box) loop(ctx context.Context, after *int64, yield func(Message, error) bool) error {
	defer b.reading.Store(false)
	start := b.position
	if after != nil {
		start = *after
	}
	acknowledger := startAcknowledger(context.WithoutCancel(ctx), b)
	defer func() {
		timeout := b.timings.flushTimeout
		if ctx.Err() != nil {
			timeout = b.timings.cancelTimeout
		}
		acknowledger.flush(timeout)
	}()
	// What was handled before may still fill the box, and then the message that the loop waits for cannot be stored.
	if start > b.acknowledged.Load() {
		acknowledger.advance(start)
	}
	return b.follow(ctx, start, func(message Message) bool {
		b.position = message.Seq - 1
		if !yield(message, nil) {
			return false
		}
		// Not reached if the loop was left at this message.
		b.position = message.Seq
		acknowledger.advance(message.Seq)
		return true
	})
}
