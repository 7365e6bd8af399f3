package call

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// An inboxAndSender are the two ends of a session.
type inboxAndSender struct {
	*inbox
	sender *sealing.Session
}

func newInbox(t *testing.T) inboxAndSender {
	t.Helper()
	key := sealing.NewKey(sealing.NewSecret(), "drop_"+strings.Repeat("a", 32))
	drop, guest, host := "drop_"+strings.Repeat("b", 32), sealing.NewNonce(), sealing.NewNonce()
	here, err := sealing.NewSession(key, sealing.Host, drop, guest, host)
	if err != nil {
		t.Fatal(err)
	}
	there, err := sealing.NewSession(key, sealing.Guest, drop, guest, host)
	if err != nil {
		t.Fatal(err)
	}
	return inboxAndSender{&inbox{session: here}, there}
}

// receive returns what the last of the messages brings.
func (i inboxAndSender) receive(messages ...json.RawMessage) (found arrival, err error) {
	for _, message := range messages {
		if found, err = i.open(i.sender.Seal(message)); err != nil {
			return arrival{}, err
		}
	}
	return found, nil
}

// inParts is a batch of one value, which takes about 700 kB once it is sealed.
func inParts() []json.RawMessage {
	var messages []json.RawMessage
	for _, part := range parts(encode([]string{strings.Repeat("x", 400_000)})) {
		messages = append(messages, encode(part))
	}
	return messages
}

func TestAllPartsOfAnUnreadBatchCount(t *testing.T) {
	in := newInbox(t)
	for range 2 {
		if found, err := in.receive(inParts()...); err != nil || len(found.values) != 1 {
			t.Fatal(len(found.values), err)
		}
	}
	if _, err := in.receive(inParts()...); !has(err, CodeFull) {
		t.Errorf("more than 2 MiB are unread: %v", err)
	}
}

func TestWhatHasBeenReadDoesNotCount(t *testing.T) {
	in := newInbox(t)
	for _, messages := range [][]json.RawMessage{inParts(), {json.RawMessage(`[{},{}]`)}, {json.RawMessage(`[]`)}} {
		found, err := in.receive(messages...)
		if err != nil {
			t.Fatal(err)
		}
		in.read(found)
	}
	if in.values != 0 || in.bytes != 0 {
		t.Error(in.values, in.bytes)
	}
}

func TestWhatComesBeforeTheCertificateIsComparedIsLimited(t *testing.T) {
	l := newCore(context.Background(), commonOptions{timeouts: *brief(nil)}).newLink(sealing.Guest)
	t.Cleanup(func() { await(t, "the end", l.done) })
	l.loop.do(func() {
		for range 33 { // 64 KiB each
			l.hear(webrtc.DataChannelMessage{IsString: true, Data: make([]byte, maxControlText)})
		}
		l.fail(refuse(CodeClosed))
	})
	await(t, "the end", l.finished)
	if l.err.Code != CodeFull {
		t.Error(l.err)
	}
}

func TestWhiteSpaceAroundWhatIsSealed(t *testing.T) {
	in := newInbox(t)
	if found, err := in.receive(json.RawMessage("\t[{}]\n")); err != nil || len(found.values) != 1 {
		t.Error(len(found.values), err)
	}
	if found, err := in.receive(json.RawMessage(" null ")); err != nil || !found.ended || found.reason != "" {
		t.Error(found, err)
	}
}
