package signalbox

import (
	"context"
	"sync/atomic"
	"time"
)

// backlog is how many messages may wait before they are acknowledged at once: well below what a box holds.
const backlog = 64

// An acknowledger tells the server how far a reader has got: one request at a time, with the latest cursor, and at most
// one per interval unless many messages are waiting. A request that fails for good is dropped: the next one carries a
// later cursor, and until then, the server merely keeps the messages for longer.
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

// flush returns when everything has been acknowledged, or after the timeout.
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
		if cursor := a.wanted.Load(); cursor > a.done.Load() {
			if _, err := b.Acknowledge(ctx, cursor); err == nil {
				a.done.Store(cursor)
			}
		}
		pause := time.NewTimer(b.timings.acknowledgeInterval)
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
