package call

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

// fullAttempts is how often a message is sent to a box that is full: its owner may be about to read.
const fullAttempts = 5

// The most that may wait to be stored. A server that takes its time would otherwise fill the memory with what this side
// has to say.
const (
	maxToStore      = 1_024
	maxBytesToStore = 8 << 20
)

// An outbox seals what this side says in one session, and stores it in the other side's box, one message at a time.
type outbox struct {
	box     *signalbox.Box
	session *sealing.Session
	full    time.Duration
	failed  func(error) // called at most once, unless it was ended
	wake    chan struct{}
	done    chan struct{}
	cancel  context.CancelFunc

	mu     sync.Mutex
	values []json.RawMessage
	bytes  int // of the values
	ending json.RawMessage
	stored []func() // to be called when the values have been stored
}

// startOutbox starts an outbox, which runs until it has sent an ending, or over is closed.
func startOutbox(over <-chan struct{}, box *signalbox.Box, session *sealing.Session, full time.Duration, failed func(error)) *outbox {
	ctx, cancel := context.WithCancel(context.Background())
	o := &outbox{box: box, session: session, full: full, failed: failed, wake: make(chan struct{}, 1), done: make(chan struct{}), cancel: cancel}
	go o.run(ctx, over)
	return o
}

// send adds a value. Values sent at about the same time share a message. It returns CALL_ERR_FULL if too many wait.
func (o *outbox) send(value json.RawMessage) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.ending != nil {
		return nil
	}
	if len(o.values) >= maxToStore || o.bytes+len(value) > maxBytesToStore {
		return refuse(CodeFull)
	}
	o.values, o.bytes = append(o.values, value), o.bytes+len(value)
	o.notify()
	return nil
}

// then calls a function when everything so far has been stored.
func (o *outbox) then(stored func()) {
	o.mu.Lock()
	o.stored = append(o.stored, stored)
	o.mu.Unlock()
	o.notify()
}

// end sends the ending instead of whatever is still waiting, and returns when that is done, or after the timeout.
// Without an ending, it returns at once.
func (o *outbox) end(ending json.RawMessage, timeout time.Duration) {
	if ending == nil {
		o.cancel()
		<-o.done
		return
	}
	o.mu.Lock()
	o.values, o.bytes, o.ending = nil, 0, ending
	o.mu.Unlock()
	o.notify()
	timer := time.AfterFunc(timeout, o.cancel)
	<-o.done
	timer.Stop()
	o.cancel()
}

func (o *outbox) notify() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) take() (values []json.RawMessage, stored []func(), ending json.RawMessage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	values, stored = o.values, o.stored
	o.values, o.bytes, o.stored = nil, 0, nil
	return values, stored, o.ending
}

func (o *outbox) ended() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.ending != nil
}

func (o *outbox) run(ctx context.Context, over <-chan struct{}) {
	defer close(o.done)
	defer o.cancel()
	broken := false
	for {
		select {
		case <-o.wake:
		case <-ctx.Done():
			return
		case <-over:
			return
		}
		values, stored, ending := o.take()
		if ending != nil {
			_ = o.store(ctx, ending) // otherwise, the other side has to find out
			return
		}
		if broken {
			continue
		}
		if len(values) > 0 {
			if err := o.sendBatch(ctx, values); err != nil {
				broken = true // a number is missing now, which only an ending may follow
				if !o.ended() {
					o.failed(err)
				}
				continue
			}
		}
		for _, tell := range stored {
			tell()
		}
	}
}

func (o *outbox) sendBatch(ctx context.Context, values []json.RawMessage) error {
	var batch bytes.Buffer
	batch.WriteByte('[')
	for i, value := range values {
		if i > 0 {
			batch.WriteByte(',')
		}
		batch.Write(value)
	}
	batch.WriteByte(']')
	if batch.Len() > maxText && len(values) > 1 {
		// Each value is within the limit on its own.
		for _, value := range values {
			if err := o.sendBatch(ctx, []json.RawMessage{value}); err != nil {
				return err
			}
		}
		return nil
	}
	for _, message := range messagesOf(batch.Bytes()) {
		if o.ended() {
			return nil
		}
		if err := o.store(ctx, message); err != nil {
			return err
		}
	}
	return nil
}

// messagesOf returns the batch or, if it is too long for one message, its parts.
func messagesOf(batch []byte) []json.RawMessage {
	if len(batch) <= maxWhole {
		return []json.RawMessage{batch}
	}
	var messages []json.RawMessage
	for _, part := range parts(batch) {
		messages = append(messages, encode(part))
	}
	return messages
}

// store seals a value and stores it. Its number is used up even if the server refuses it.
func (o *outbox) store(ctx context.Context, value json.RawMessage) error {
	return storeMessage(ctx, o.box, o.session.Seal(value), o.full)
}

// storeMessage stores a message, again and again for a while if the box is full.
func storeMessage(ctx context.Context, box *signalbox.Box, message sealing.Message, wait time.Duration) error {
	for attempt := 1; ; attempt++ {
		_, err := box.Send(ctx, message)
		var refusal *signalbox.Error
		if err == nil || attempt == fullAttempts || !errors.As(err, &refusal) || refusal.Code != "BOX_ERR_FULL" {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		wait *= 2
	}
}
