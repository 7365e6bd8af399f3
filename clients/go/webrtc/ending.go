package call

import (
	"sync"
	"time"
)

// finish ends the link, once. tell is whether the other side still has to be told.
func (l *link) finish(reason *Error, tell bool) {
	if l.over {
		return
	}
	l.over, l.err = true, reason
	for _, timer := range []*timer{l.answering, l.connecting, l.breaking, l.restoring, l.closing} {
		timer.stop()
	}
	l.conclude(false)
	message := map[string]any{"type": "end"}
	if tell && reason != nil {
		message["ended"] = shareable(reason.Code)
	}
	goodbye := l.connected && l.router.answered && !l.flooded
	if goodbye {
		l.control.send(message)
	}
	l.stop()
	close(l.finished)
	l.core.ended(l)
	l.core.running.Add(1)
	go func() {
		defer l.core.running.Done()
		l.clean(reason, tell, goodbye)
	}()
}

// clean tells the other side through the boxes too, waits a moment for its end, and closes everything.
func (l *link) clean(reason *Error, tell, goodbye bool) {
	var telling sync.WaitGroup
	if l.outbox != nil {
		telling.Add(1)
		go func() {
			defer telling.Done()
			if tell {
				l.outbox.end(ending(reason), l.core.timeouts.boxes)
			} else {
				l.outbox.end(nil, 0)
			}
			if l.left != nil {
				l.left()
			}
		}()
	} else if l.left != nil {
		l.left()
	}
	if goodbye {
		timer := time.NewTimer(l.core.timeouts.close)
		select {
		case <-l.otherEnd:
		case <-timer.C:
		}
		timer.Stop()
	}
	if l.channel != nil {
		l.channel.end()
	}
	l.loop.stop()
	if l.connection != nil {
		_ = l.connection.GracefulClose()
	}
	telling.Wait()
	l.core.remove(l)
	close(l.done)
}

// flood ends a connection on which the other side has too many of something. It does not wait for an answer, during which
// there would be more of them: the boxes tell the other side.
func (l *link) flood(reason error) {
	l.flooded = true
	l.fail(&Error{CodeFull, reason})
}

// channelClosed waits for the message that says that this was intended.
func (l *link) channelClosed() {
	l.once.Do(func() { close(l.otherEnd) })
	if !l.over && l.closing == nil {
		l.closing = l.loop.after(l.core.timeouts.close, func() { l.fail(refuse(CodeLost)) })
	}
}

// readCode counts as comparing, if the connection lasts for a while after it.
func (l *link) readCode() {
	if l.reading.Swap(true) {
		return
	}
	l.loop.do(func() {
		if !l.over {
			l.loop.after(l.core.timeouts.compare, func() {
				if !l.over {
					l.conclude(l.router.path)
				}
			})
		}
	})
}

// conclude says, once, whether people could compare the code.
func (l *link) conclude(compared bool) {
	if l.verdict.settle(l.failures(compared)) && compared {
		l.compared.Store(true)
	}
}
