package call

import (
	"context"
	"sync"
	"time"
)

// What docs/sealing.md says about the odds, in sixteenths of a failed attempt.
const (
	failedAttempt   = 16
	comparedAttempt = 1
	maxFailed       = 8 * failedAttempt
	forgetAfter     = 10 * time.Minute
)

// attempts counts the attempts to join with one invite: those under way, and those that failed.
type attempts struct {
	now func() time.Time

	mu       sync.Mutex
	failed   int
	since    time.Time // when one was last forgotten, or the first one failed
	underWay int
	changed  chan struct{} // closed and replaced at each change
}

func newAttempts(now func() time.Time) *attempts {
	return &attempts{now: now, since: now(), changed: make(chan struct{})}
}

func (a *attempts) forget() {
	for ; a.failed > 0 && a.now().Sub(a.since) >= forgetAfter; a.since = a.since.Add(forgetAfter) {
		a.failed = max(0, a.failed-failedAttempt)
	}
	if a.failed == 0 {
		a.since = a.now()
	}
}

// begin waits while those under way could still use up what may fail, and returns how to end the attempt. It is
// refused with CALL_ERR_ATTEMPTS if too many have failed. first says that nothing has failed lately, and no other
// attempt is under way.
func (a *attempts) begin(ctx context.Context) (end func(sixteenths int), first bool, err error) {
	for {
		a.mu.Lock()
		a.forget()
		if a.failed >= maxFailed {
			a.mu.Unlock()
			return nil, false, refuse(CodeAttempts)
		}
		if a.failed+a.underWay*failedAttempt < maxFailed {
			first = a.failed < failedAttempt && a.underWay == 0
			a.underWay++
			a.mu.Unlock()
			return a.end, first, nil
		}
		changed := a.changed
		a.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}

func (a *attempts) end(sixteenths int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.forget()
	a.underWay--
	a.failed += sixteenths
	close(a.changed)
	a.changed = make(chan struct{})
}
