package signalbox

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// backlog is how many messages may wait before they are acknowledged at once: well below what a box holds.
const backlog = 64

// An acknowledger tells the server how far a reader has got: one request at a time, with the latest cursor, and at most
// one per interval unless many messages are waiting. After a transient failure it tries again, ever less often and not
// before the server allows, also if no message comes: until the server has deleted what was handled, the box may be full.
// After a refusal it waits for a later cursor. Who leaves the loop does not wait: what is left to acknowledge is sent at
// once.
type acknowledger struct {
	wanted  atomic.Int64
	changed chan struct{} // holds something if wanted may have changed
	left    chan struct{} // closed when the loop is left
	ended   chan struct{} // closed when the goroutine has ended
	cancel  context.CancelFunc
}

func startAcknowledger(ctx context.Context, b *Box) *acknowledger {
	ctx, cancel := context.WithCancel(ctx)
	a := &acknowledger{
		changed: make(chan struct{}, 1),
		left:    make(chan struct{}),
		ended:   make(chan struct{}),
		cancel:  cancel,
	}
	go a.run(ctx, b)
	return a
}

// advance says that the consumer has handled every message up to and including this cursor.
func (a *acknowledger) advance(cursor int64) {
	a.wanted.Store(cursor)
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// flush says that the loop was left. It returns when everything has been acknowledged, when that has failed for good, or
// after the timeout.
func (a *acknowledger) flush(timeout time.Duration) {
	timer := time.AfterFunc(timeout, a.cancel)
	close(a.left)
	<-a.ended
	timer.Stop()
	a.cancel()
}

func (a *acknowledger) run(ctx context.Context, b *Box) {
	defer close(a.ended)
	// One attempt, so that the next one sends what is then the latest cursor.
	once, last := b.timings, b.timings
	once.maxAttempts = 1
	last.maxRetryAfter = b.timings.flushTimeout
	var tried, done int64
	for failures := 0; failures > 0 || a.wait(tried, 1, nil); {
		tried = a.wanted.Load()
		wait, enough := b.timings.acknowledgeInterval, int64(backlog)
		_, err := b.acknowledge(ctx, tried, once)
		if err != nil && isTransient(err) {
			failures++
			wait, enough = b.timings.backoffDelay(failures, err), math.MaxInt64
		} else {
			// What was refused is not sent again when the loop is left: by then, another box may be there.
			failures, done = 0, tried
		}
		pause := time.NewTimer(wait)
		staying := a.wait(tried, enough, pause.C)
		pause.Stop()
		if !staying {
			break
		}
	}
	if cursor := a.wanted.Load(); cursor > done {
		b.acknowledge(ctx, cursor, last)
	}
}

// wait returns when enough messages have been handled since a cursor, or after the pause. It returns false at once when
// the loop is left.
func (a *acknowledger) wait(cursor, enough int64, pause <-chan time.Time) bool {
	for a.wanted.Load()-cursor < enough {
		select {
		case <-a.changed:
		case <-pause:
			return true
		case <-a.left:
			return false
		}
	}
	return true
}
