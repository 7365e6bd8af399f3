//go:build go1.25

package call

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// play plays what happens to one side that has a fake clock, and no connection.
func (v limitVector) play(t *testing.T) {
	l := newCore(context.Background(), commonOptions{timeouts: defaultTimeouts}).newLink(sealing.Role(v.Role))
	l.control, l.relayed = &control{channel: &fakeChannel{}}, v.Turn
	l.pending = &webrtc.SessionDescription{} // which is never answered: nothing is negotiated
	began := time.Now()
	check := func(at int, ends bool) {
		t.Helper()
		time.Sleep(time.Until(began.Add(time.Duration(at) * time.Millisecond)))
		synctest.Wait()
		if l.isOver() != ends {
			t.Errorf("%s, as the %s: after %d ms, the end is %v", v.Why, v.Role, at, !ends)
		}
	}
	events := map[string]func(){
		"value":        func() { l.arrive(arrival{values: []json.RawMessage{[]byte("{}")}}) },
		"description":  l.awaitPath,
		"open":         l.agreed,
		"closed":       l.channelClosed,
		"end":          func() { l.hear(webrtc.DataChannelMessage{IsString: true, Data: []byte(`{"type":"end"}`)}) },
		"connected":    func() { l.pathChanged(webrtc.ICETransportStateConnected) },
		"disconnected": func() { l.pathChanged(webrtc.ICETransportStateDisconnected) },
		"failed":       func() { l.pathChanged(webrtc.ICETransportStateFailed) },
	}
	l.loop.wait(l.awaitAnswer)
	last := 0
	for _, step := range v.Steps {
		check(step.At, false)
		l.loop.wait(events[step.Event])
		last = step.At
	}
	if v.Ends == nil {
		check(3_600_000, false)
	} else {
		if v.Ends.At > last {
			check(v.Ends.At-1, false)
		}
		check(v.Ends.At, true)
		if code := l.code(); code != v.Ends.Code {
			t.Errorf("%s, as the %s: %q", v.Why, v.Role, code)
		}
	}
	l.leave(nil)
	<-l.done
}

// code is why the link has ended; "" if the other side has left.
func (l *link) code() Code {
	if l.err == nil {
		return ""
	}
	return l.err.Code
}

func TestVectorsOfTimeLimits(t *testing.T) {
	vectors := readCallVectors(t).Limits
	for _, vector := range vectors {
		synctest.Test(t, vector.play)
	}
	if len(vectors) < 26 {
		t.Error(len(vectors))
	}
}
