package signalbox

import (
	"context"
	"sync/atomic"
	"time"
)

// backlog is how many messages may wait before they are acknowledged at once: well below what a box holds.
const backlog = 64

// An acknowledger tells the server how far a reader has got: one request at a time, with the latest cursor, and at most
// one per interval unless many messages are waiting. After a transient failure it tries again, also if no message comes:
// until the server has deleted what was handled, the box may be full. A refusal is final: only a later cursor can do
// better.
type acknowledger struct {
	wanted, done atomic.Int64
	wake         chan struct{} // there is something to acknowledge
	hurry        chan struct{} // there is much
	flushing     chan struct{} // closed at the end
	ended        chan struct{} // closed when the goroutine has ended
	cancel       context.CancelFunc
}

func startAcknowledger(ctx context.Context, b *Box) *acknowledger {
	ctx, cancel := context.WithCancel(ctx)
	a := &acknowledger{
		wake:     make(chan struct{}, 1),
		hurry:    make(chan struct{}, 1),
		flushing: make(chan struct{}),
		ended:    make(chan struct{}),
		cancel:   cancel,
	}
	go a.run(ctx, b)
	return a
}

// advance says that the consumer has handled every message up to and including this cursor.
func (a *acknowledger) advance(cursor int64) {
	a.wanted.Store(cursor)
	notify(a.wake)
	if cursor-a.done.Load() >= backlog {
		notify(a.hurry)
	}
}

// flush returns when everything has been acknowledged or refused, or after the timeout.
func (a *acknowledger) flush(timeout time.Duration) {
	timer := time.AfterFunc(timeout, a.cancel)
	close(a.flushing)
	<-a.ended
	timer.Stop()
	a.cancel()
}

func (a *acknowledger) run(ctx context.Context, b *Box) {
	defer close(a.ended)
	for flushing := false; !flushing; {
		select {
		case <-a.wake:
		case <-a.flushing:
			flushing = true
		}
		wait := b.timings.acknowledgeInterval
		if cursor := a.wanted.Load(); cursor > a.done.Load() {
			_, err := b.Acknowledge(ctx, cursor)
			if err == nil {
				a.done.Store(cursor)
			} else if isTransient(err) {
				// As if the attempts had gone on.
				wait = b.timings.backoffDelay(b.timings.maxAttempts, err)
				notify(a.wake)
			}
		}
		pause := time.NewTimer(wait)
		select {
		case <-pause.C:
		case <-a.hurry:
		case <-a.flushing:
		}
		pause.Stop()
	}
}

// notify makes sure that the channel, which has room for one, holds something.
func notify(channel chan struct{}) {
	select {
	case channel <- struct{}{}:
	default:
	}
}
