package call

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

var forgedSDP = sdpWith("a=fingerprint:" + fingerprintOfForger)

func members(message sealing.Message) map[string]any {
	text, _ := json.Marshal(message)
	var members map[string]any
	json.Unmarshal(text, &members)
	return members
}

// What a host refuses of a guest whose session is open.
var refusedOfGuest = []struct {
	name string
	code Code
	do   func(*forger)
}{
	{"altered", CodeChanged, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		message.Sealed = "AAAA" + message.Sealed[4:]
		f.store(message)
	}},
	{"repeated", CodeReplayed, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		f.store(message)
		f.store(message)
	}},
	{"one missing", CodeOrder, func(f *forger) {
		f.session.Seal([]byte(`[{}]`))
		f.say(`[{}]`)
	}},
	{"hello repeated", CodeReplayed, func(f *forger) { f.store(f.hello) }},
	{"of another box", CodeForeign, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		message.To = f.drop()
		f.store(message)
	}},
	{"of another session", CodeForeign, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		message.Session = sealing.NewNonce() + "." + sealing.NewNonce()
		f.store(message)
	}},
	{"sent back", CodeReflected, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		message.From, message.To = sealing.Host, f.drop()
		f.store(message)
	}},
	{"of another invite", CodeKey, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		message.Key = "AAAAAAAA"
		f.store(message)
	}},
	{"of another version", CodeVersion, func(f *forger) {
		other := members(f.session.Seal([]byte(`[{}]`)))
		other["v"] = 2
		f.store(other)
	}},
	{"with another member", CodeFormat, func(f *forger) {
		other := members(f.session.Seal([]byte(`[{}]`)))
		other["x"] = 1
		f.store(other)
	}},
	{"no message", CodeFormat, func(f *forger) { f.store("hello") }},
	{"no batch", CodeFormat, func(f *forger) { f.say(`"hello"`) }},
	{"no object", CodeFormat, func(f *forger) { f.say(`[1]`) }},
	{"a batch between two parts", CodeFormat, func(f *forger) {
		f.say(`{"piece":"WzEs","more":true}`)
		f.say(`[{}]`)
	}},
	{"a part in another spelling", CodeFormat, func(f *forger) { f.say(`{"piece":"Ww=","more":true}`) }},
	{"parts without end", CodeTooLarge, func(f *forger) {
		part := string(encode(map[string]any{"piece": canonical.EncodeToString(make([]byte, partBytes)), "more": true}))
		for range maxText/partBytes + 1 {
			f.say(part)
		}
	}},
	{"too many values", CodeFull, func(f *forger) { f.say("[{}" + strings.Repeat(",{}", maxWaitingValues) + "]") }},
	{"a number that is none", CodeFormat, func(f *forger) { f.say(`[{"seq":1.5}]`) }},
	{"a number too high", CodeOrder, func(f *forger) { f.say(`[{"seq":2}]`) }},
	{"an offer first", CodeFormat, func(f *forger) { f.saySDP("offer", forgedSDP, "") }},
	{"a description of another type", CodeFormat, func(f *forger) { f.saySDP("rollback", forgedSDP, "") }},
	{"a description without text", CodeFormat, func(f *forger) { f.say(`[{"description":{"type":"answer"}}]`) }},
	{"no fingerprint", CodeFingerprint, func(f *forger) { f.saySDP("answer", sdpWith(), `,"opening":"`+f.opening+`"`) }},
	{"another fingerprint than it committed to", CodeFingerprint, func(f *forger) {
		f.saySDP("answer", strings.ReplaceAll(forgedSDP, "AB", "AC"), `,"opening":"`+f.opening+`"`)
	}},
	{"another opening", CodeFingerprint, func(f *forger) { f.saySDP("answer", forgedSDP, `,"opening":"`+sealing.NewNonce()+`"`) }},
	{"a description that pion cannot use", CodeDescription, func(f *forger) { f.saySDP("answer", "nonsense\r\n"+forgedSDP, `,"opening":"`+f.opening+`"`) }},
	{"a description beyond the limits", CodeDescription, func(f *forger) {
		f.saySDP("answer", forgedSDP+strings.Repeat("m=audio 9 x 0\r\n", maxSections+1), "")
	}},
	{"it leaves", CodeClosed, func(f *forger) { f.say(`null`) }},
	{"it has lost the connection", CodeLost, func(f *forger) { f.say(`{"ended":"CALL_ERR_LOST"}`) }},
	{"an ending after a gap", CodeTooLarge, func(f *forger) {
		f.session.Seal([]byte(`[{}]`))
		f.say(`{"ended":"CALL_ERR_TOO_LARGE"}`)
	}},
	{"an ending of its own", CodeClosed, func(f *forger) { f.say(`{"ended":"CALL_ERR_CHANGED"}`) }},
}

func TestWhatAHostRefusesByName(t *testing.T) {
	for _, c := range refusedOfGuest {
		t.Run(c.name, func(t *testing.T) {
			refused := make(codes, 8)
			hosting := hosted(t, HostOptions{Refused: refused.add})
			f := forgedGuest(t, hosting)
			if offer := <-f.values; offer["random"] == nil || offer["description"] == nil {
				t.Fatal("no offer:", offer)
			}
			c.do(f)
			refused.expect(t, c.code)
		})
	}
}

func TestWhatAHostRefusesOfAHello(t *testing.T) {
	for name, c := range map[string]struct {
		value func(*forger) string
		code  Code
	}{
		"no box":                {func(*forger) string { return `{"drop":"drop_x"}` }, CodeFormat},
		"a box id":              {func(f *forger) string { return `{"drop":"box_` + f.drop()[5:] + `"}` }, CodeFormat},
		"no object":             {func(*forger) string { return `[]` }, CodeFormat},
		"the host's own box":    {func(f *forger) string { return fmt.Sprintf(`{"drop":%q}`, f.key.HostDrop()) }, CodeForeign},
		"a box that is deleted": {func(f *forger) string { f.own.Delete(waiting(f.t)); return fmt.Sprintf(`{"drop":%q}`, f.drop()) }, CodeGone},
	} {
		t.Run(name, func(t *testing.T) {
			refused := make(codes, 8)
			hosting := hosted(t, HostOptions{Refused: refused.add})
			f := newForger(t, hosting.core.box().Server)
			f.key, f.other = hosting.key, hosting.own
			f.greet(json.RawMessage(c.value(f)))
			refused.expect(t, c.code)
		})
	}
}

// What a guest refuses of a host.
var refusedOfHost = []struct {
	name string
	code Code
	do   func(*forger)
}{
	{"altered", CodeChanged, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		message.Sealed = "AAAA" + message.Sealed[4:]
		f.store(message)
	}},
	{"repeated", CodeReplayed, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		f.store(message)
		f.store(message)
	}},
	{"one missing", CodeOrder, func(f *forger) {
		f.session.Seal([]byte(`[{}]`))
		f.say(`[{}]`)
	}},
	{"the hello sent back", CodeReflected, func(f *forger) { f.store(f.hello) }},
	{"of another guest", CodeForeign, func(f *forger) {
		message := f.session.Seal([]byte(`[{}]`))
		message.Session = sealing.NewNonce() + "." + sealing.NewNonce()
		f.store(message)
	}},
	{"no message", CodeFormat, func(f *forger) { f.store([]int{1}) }},
	{"an answer first", CodeFormat, func(f *forger) { f.saySDP("answer", forgedSDP, `,"random":"`+f.nonce+`"`) }},
	{"no random number", CodeFormat, func(f *forger) { f.saySDP("offer", forgedSDP, "") }},
	{"two certificates", CodeFingerprint, func(f *forger) {
		f.saySDP("offer", forgedSDP+"a= fingerprint:"+fingerprintOfForger+"\r\n", `,"random":"`+f.nonce+`"`)
	}},
	{"it leaves", CodeClosed, func(f *forger) { f.say(`null`) }},
	{"it is full", CodeFull, func(f *forger) { f.say(`{"ended":"CALL_ERR_FULL"}`) }},
	{"too many attempts", CodeAttempts, func(f *forger) { f.say(`{"ended":"CALL_ERR_ATTEMPTS"}`) }},
	{"used up", CodeUsedUp, func(f *forger) { f.say(`{"ended":"CALL_ERR_USED_UP"}`) }},
	{"an error of its own", CodeClosed, func(f *forger) { f.say(`{"ended":"CALL_ERR_FORMAT"}`) }},
	{"the server fails for it", CodeServer, func(f *forger) { f.say(`{"ended":"CALL_ERR_SERVER"}`) }},
}

func TestWhatAGuestRefusesByName(t *testing.T) {
	for _, c := range refusedOfHost {
		t.Run(c.name, func(t *testing.T) {
			f, joining := forgedHost(t)
			c.do(f)
			if err := endOf(t, joining.core); !has(err, c.code) {
				t.Errorf("%v instead of %s", err, c.code)
			}
		})
	}
}

// What either side refuses on the control channel.
var refusedOnControl = []struct {
	name string
	code Code
	do   func(*link)
}{
	{"no object", CodeFormat, func(l *link) { l.control.channel.SendText(`[]`) }},
	{"no JSON", CodeFormat, func(l *link) { l.control.channel.SendText(`{`) }},
	{"no type", CodeFormat, func(l *link) { l.control.channel.SendText(`{"type":1}`) }},
	{"bytes", CodeFormat, func(l *link) { l.control.channel.Send([]byte(`{"type":"x"}`)) }},
	{"seen beyond what was sent", CodeFormat, func(l *link) { l.control.channel.SendText(`{"type":"seen","seq":1000}`) }},
	{"seen without a number", CodeFormat, func(l *link) { l.control.channel.SendText(`{"type":"seen"}`) }},
	{"a signal without a number", CodeFormat, func(l *link) { l.control.channel.SendText(`{"type":"signal"}`) }},
	{"a signal too high", CodeOrder, func(l *link) { l.control.channel.SendText(`{"type":"signal","seq":1000}`) }},
	{"a text too long", CodeTooLarge, func(l *link) { l.control.channel.SendText(`{"type":"x` + strings.Repeat("x", maxControlText) + `"}`) }},
	{"something between two parts", CodeFormat, func(l *link) {
		l.control.channel.SendText(`{"type":"piece","piece":"e30","more":true}`)
		l.control.channel.SendText(`{"type":"x"}`)
	}},
	{"parts without end", CodeTooLarge, func(l *link) {
		for range maxText/partBytes + 1 {
			l.control.channel.SendText(string(encode(map[string]any{"type": "piece", "piece": canonical.EncodeToString(make([]byte, partBytes)), "more": true})))
		}
	}},
	{"too many messages", CodeFull, func(l *link) {
		for range maxAtOnce + 100 {
			l.control.channel.SendText(`{"type":"x"}`)
		}
	}},
	{"another fingerprint later", CodeFingerprint, func(l *link) {
		l.submit(object{"description": encode(map[string]string{"type": "offer", "sdp": forgedSDP})})
	}},
	{"an answer that was not asked for", CodeDescription, func(l *link) {
		l.submit(object{"description": encode(map[string]string{"type": "answer", "sdp": l.connection.LocalDescription().SDP})})
	}},
	{"an end with a reason", CodeLost, func(l *link) { l.control.channel.SendText(`{"type":"end","ended":"CALL_ERR_LOST"}`) }},
}

func TestWhatIsRefusedOnTheControlChannel(t *testing.T) {
	for _, c := range refusedOnControl {
		t.Run(c.name, func(t *testing.T) {
			_, joining, guest, _ := connectedPair(t, HostOptions{}, JoinOptions{})
			joining.core.all()[0].loop.do(func() { c.do(joining.core.all()[0]) })
			await(t, "the end", guest.Closed())
			if !has(guest.Err(), c.code) {
				t.Errorf("%v instead of %s", guest.Err(), c.code)
			}
		})
	}
}

func TestWhatIsUnknownOnTheControlChannelIsIgnored(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	host.link().loop.do(func() {
		host.link().control.channel.SendText(`{"type":"new","x":1}`)
		host.link().control.channel.SendText(`{"type":"piece","piece":"` + canonical.EncodeToString([]byte(`{"type":"new"}`)) + `","more":false}`)
		host.Channel().SendText("still there")
	})
	if heard(t, guest, 1)[0] != "still there" || guest.Err() != nil {
		t.Error(guest.Err())
	}
}
