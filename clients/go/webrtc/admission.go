package call

import (
	"errors"
	"time"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

// admit waits for the guest's turn, and sends the offer.
func (h *HostedCall) admit(l *link) {
	if h.core.compare {
		turn := h.keepWaiting(l)
		end, first, err := h.attempts.begin(l.ctx)
		turn()
		var refusal *Error
		if errors.As(err, &refusal) {
			l.leave(refusal)
		}
		if err != nil {
			return
		}
		l.verdict.then(end)
		// The offer costs an attempt, so it is not for a guest that has given up while the host was away.
		if !first && !l.isThere() {
			return
		}
	}
	servers := h.core.ice.servers(l.ctx, h.own)
	l.loop.do(func() {
		if l.over {
			return
		}
		if err := l.connect(servers); err != nil {
			l.fail(&Error{CodeClosed, err})
			return
		}
		l.offer()
	})
}

// keepWaiting tells a guest from time to time that it has to wait, until the function that it returns is called.
func (h *HostedCall) keepWaiting(l *link) (stop func()) {
	stopped := make(chan struct{})
	h.core.running.Add(1)
	go func() {
		defer h.core.running.Done()
		ticker := time.NewTicker(h.core.timeouts.waiting)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				l.loop.do(func() {
					if !l.over {
						l.submit(object{})
					}
				})
			case <-stopped:
				return
			case <-l.finished:
				return
			}
		}
	}()
	return func() { close(stopped) }
}

// isThere sends the guest an empty object, and reports whether its box has taken it.
func (l *link) isThere() bool {
	stored := make(chan struct{})
	l.loop.do(func() {
		if !l.over {
			l.submit(object{})
			l.outbox.then(func() { close(stored) })
		}
	})
	select {
	case <-stored:
		return true
	case <-l.finished:
		return false
	}
}

func (l *link) isOver() bool {
	select {
	case <-l.finished:
		return true
	default:
		return false
	}
}

// outlive returns when every connection has ended, or the call.
func (c *core) outlive() {
	for _, l := range c.all() {
		select {
		case <-l.finished:
		case <-c.ctx.Done():
			return
		}
	}
}

// failures says how an attempt to join counts, in sixteenths. It belongs to the loop.
func (l *link) failures(compared bool) int {
	switch {
	case compared:
		return comparedAttempt
	case l.offered || l.role == sealing.Guest:
		return failedAttempt
	default:
		return 0
	}
}
