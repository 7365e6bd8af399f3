package signalbox

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

var (
	// errNoStream means that the stream does not get through on this path; a long-poll may.
	errNoStream = errors.New("no stream")
	// errStopped means that deliver returned false.
	errStopped = errors.New("stopped")
	errSilent  = errors.New("the stream fell silent")
)

// A way of reading calls deliver with each message after a cursor. It returns nil if it ended for a reason of its own,
// and errStopped if deliver returned false.
type way func(ctx context.Context, after int64, deliver func(Message) bool) error

// follow calls deliver with the messages after a cursor, in order and once each, until it returns false. They come over
// the stream, or for a while by long-poll if the stream is refused or buffered. After a disconnection, a silent
// connection or a transient error, reading resumes after the last message delivered. It returns an error if the server
// says that there is no point in retrying (the box is gone, or the cursor is ahead of it), or sends too much at once.
func (b *Box) follow(ctx context.Context, after int64, deliver func(Message) bool) error {
	cursor, failures, left := after, 0, false
	fresh := func(message Message) bool {
		if message.Seq <= cursor {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		cursor, failures = message.Seq, 0
		left = !deliver(message)
		return !left
	}
	read := way(b.stream)
	for {
		began := time.Now()
		err := read(ctx, cursor, fresh)
		switch {
		case left:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == errNoStream:
			read = b.poll
			continue
		case err != nil && !isTransient(err):
			return err
		}
		// Conditions may have changed (another network, a restarted server), so try the stream again.
		read = b.stream
		if time.Since(began) > b.timings.maxDelay {
			failures = 0
		}
		failures++
		if err := sleep(ctx, b.timings.backoffDelay(failures, err)); err != nil {
			return err
		}
	}
}

func (b *Box) stream(parent context.Context, after int64, deliver func(Message) bool) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	silence := time.AfterFunc(b.timings.streamOpenTimeout, func() { cancel(errSilent) })
	defer silence.Stop()

	reading := b.call("GET", "/messages")
	reading.query = url.Values{"after": {strconv.FormatInt(after, 10)}}
	reading.header = map[string]string{"Accept": "text/event-stream"}
	response, err := b.connection.open(ctx, reading)
	if err != nil && context.Cause(ctx) == errSilent {
		return errNoStream
	}
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode == http.StatusNotAcceptable {
		return errNoStream
	}
	if !isSuccess(response) {
		silence.Reset(b.timings.responseTimeout)
		body, err := b.connection.read(ctx, response)
		if err != nil {
			return err
		}
		return refusal(response, body, "GET")
	}
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return errNoStream
	}
	return b.readStream(ctx, response.Body, silence, deliver)
}

func (b *Box) readStream(ctx context.Context, body io.Reader, silence *time.Timer, deliver func(Message) bool) error {
	parser := eventParser{limit: b.connection.maxBytes}
	chunk := make([]byte, 16<<10)
	opened := false
	for {
		n, err := body.Read(chunk)
		// No deadline while the consumer is busy: then the silence is ours.
		silence.Stop()
		if n > 0 {
			opened = true
			if err := parseMessages(&parser, chunk[:n], deliver); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil && !opened && context.Cause(ctx) == errSilent:
			// A proxy is buffering it. Silent later, the connection is dead: the machine slept or the network changed.
			return errNoStream
		case err != nil:
			return b.connection.unreachable(ctx, err)
		}
		silence.Reset(b.timings.streamIdleTimeout)
	}
}

func parseMessages(parser *eventParser, chunk []byte, deliver func(Message) bool) error {
	var failure error
	more, err := parser.push(chunk, func(found event) bool {
		// gone needs no handling: the stream ends, and the next request is refused with the reason.
		if found.kind != "" && found.kind != "message" {
			return true
		}
		seq, err := strconv.ParseInt(found.id, 10, 64)
		if err != nil || seq <= 0 {
			failure = errNoStream
		} else if !deliver(Message{seq, found.data}) {
			failure = errStopped
		}
		return failure == nil
	})
	if !more && err == nil {
		err = failure
	}
	return err
}

// poll ends after a while, because the next network may let streams through.
func (b *Box) poll(ctx context.Context, after int64, deliver func(Message) bool) error {
	wait := b.timings.longPollWait
	for cursor, until := after, time.Now().Add(b.timings.longPollPeriod); time.Now().Before(until); {
		began := time.Now()
		page, err := inTime(ctx, b.timings.responseTimeout+wait, func(ctx context.Context) (Page, error) {
			return b.readPage(ctx, ReadOptions{After: cursor, Wait: wait})
		})
		if err != nil {
			return err
		}
		cursor = page.Next
		for _, message := range page.Messages {
			if !deliver(message) {
				return errStopped
			}
		}
		if len(page.Messages) == 0 && time.Since(began) < b.timings.minPollInterval {
			if err := sleep(ctx, b.timings.minPollInterval); err != nil {
				return err
			}
		}
	}
	return nil
}
