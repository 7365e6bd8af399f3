package call

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

func TestTheLimitsOnDescriptions(t *testing.T) {
	audio := "m=audio 9 UDP/TLS/RTP/SAVPF 0 8\r\n"
	video := func(formats int) string {
		line := "m=video 9 UDP/TLS/RTP/SAVPF"
		for format := range formats {
			line += fmt.Sprint(" ", format)
		}
		return line + "\r\n"
	}
	for _, c := range []struct {
		name, most, line string
	}{
		{"lines", strings.Repeat("a=x\r\n", maxLines), "a=x\r\n"},
		{"sections", strings.Repeat(audio, maxSections), audio},
		{"sources", strings.Repeat("a=ssrc:1 cname:x\r\n", maxSources), "a=ssrc:1 cname:x\r\n"},
		{"format parameters", audio + strings.Repeat("a=fmtp:0 x\r\n", maxFormats), "a=fmtp:0 x\r\n"},
		{"text of format parameters", audio + "a=fmtp:0 " + strings.Repeat("x", maxFormatText-9) + "\r\n", "a=fmtp:0 x\r\n"},
		{"feedback", audio + strings.Repeat("a=rtcp-fb:0 nack\r\n", maxFeedback), "a=rtcp-fb:0 nack\r\n"},
		{"formats", video(maxFormats), video(maxFormats + 1)},
		{"formats listed twice", "m=video 9 UDP/TLS/RTP/SAVPF 0 96 97\r\n", "m=video 9 UDP/TLS/RTP/SAVPF 96 97 96\r\n"},
		{"formats in another spelling", "", "m=video 9 UDP/TLS/RTP/SAVPF\t96  096\r\n"},
		{"formats mapped twice", audio + "a=rtpmap:96 VP8/90000\r\na=rtpmap:97 VP8/90000\r\n", "a=rtpmap:096 VP8/90000\r\n"},
		{"feedback for all formats", audio + strings.Repeat("a=rtcp-fb:* nack\r\n", maxFeedback/2), "a=rtcp-fb:* nack\r\n"},
		{"max-message-size", "a=max-message-size:49152\r\na=max-message-size:0\r\n", "a=max-message-size:49151\r\n"},
		{"the form of max-message-size", "", "a= Max-Message-Size:65536\r\n"},
		{"the number of max-message-size", "", "a=max-message-size:-1\r\n"},
	} {
		if err := checkDescription(c.most); err != nil {
			t.Error(c.name, err)
		}
		if err := checkDescription(c.most + c.line); !has(err, CodeDescription) {
			t.Error(c.name, "without a limit")
		}
	}
	if err := checkDescription(strings.Repeat(audio+"a=rtpmap:8 PCMA/8000\r\n", 2)); err != nil {
		t.Error("each section maps its own formats:", err)
	}
	if err := checkDescription(audio + strings.Repeat("a=fmtp:0 x\r\n", maxFormats) + audio + "a=fmtp:0 x\r\n"); err != nil {
		t.Error("the limit is for each section:", err)
	}
}

func TestCandidatesBeyondTheLimitAreIgnored(t *testing.T) {
	var c remoteCandidates
	lines := func(session string, count int) string {
		sdp := "v=0\r\na=ice-ufrag:" + session + "\r\n"
		for i := range count {
			sdp += fmt.Sprintf("a=candidate:%d 1 udp 1 192.0.2.1 9 typ host\r\n", i)
		}
		return sdp
	}
	limited, restarted := c.limit(lines("a", 99))
	if limited != lines("a", 99) || !restarted {
		t.Error("not the same:", limited)
	}
	if c.admit("candidate:98 1 udp 1 192.0.2.1 9 typ host") || !c.admit("candidate:x") || c.admit("candidate:x") {
		t.Error("a known candidate is admitted again")
	}
	if c.admit("candidate:y") {
		t.Error("another limit than 100")
	}
	if limited, restarted := c.limit(lines("a", 101)); limited != lines("a", 0) || restarted {
		t.Error("known candidates, or more than 100, in a later description:", strings.Count(limited, "candidate"))
	}
	if limited, restarted := c.limit(lines("b", 101)); limited != lines("b", 100) || !restarted {
		t.Error("a restart does not begin anew:", strings.Count(limited, "candidate"))
	}
	repeated := strings.ReplaceAll(lines("c", 1)+strings.Repeat("a=candidate:x\r\n", 3), "\r\n", "\r")
	if limited, restarted := c.limit(repeated); limited != strings.ReplaceAll(lines("c", 1)+"a=candidate:x\r\n", "\r\n", "\r") || !restarted {
		t.Errorf("repeated in lines that end with a carriage return: %q", limited)
	}
	if (&remoteCandidates{}).admit("candidate:" + strings.Repeat("x", maxCandidateText)) {
		t.Error("too long a candidate")
	}
}

func TestTheFormOfACandidate(t *testing.T) {
	for text, expected := range map[string]bool{
		`{"candidate":"candidate:1"}`:                                                                 true,
		`{"candidate":"","sdpMid":null,"sdpMLineIndex":null}`:                                         true,
		`{"candidate":"candidate:1","sdpMid":"0","sdpMLineIndex":0,"usernameFragment":"a","other":1}`: true,
		`{"candidate":1}`:                        false,
		`{}`:                                     false,
		`null`:                                   false,
		`"candidate:1"`:                          false,
		`{"candidate":"candidate:1","sdpMid":1}`: false,
		`{"candidate":"candidate:1","sdpMLineIndex":"0"}`:               false,
		`{"candidate":"candidate:1","sdpMLineIndex":65535}`:             true,
		`{"candidate":"candidate:1","sdpMLineIndex":65536}`:             false,
		`{"candidate":"candidate:1","sdpMLineIndex":-1}`:                false,
		`{"candidate":"candidate:1","sdpMLineIndex":0.5}`:               false,
		`{"candidate":"candidate:1","other":{}}`:                        false,
		`{"candidate":"candidate:1","other":[1]}`:                       false,
		`{"candidate":"candidate:1","other":true}`:                      false,
		`{"Candidate":"candidate:1"}`:                                   false,
		`{"candidate":"` + strings.Repeat("x", 4_097) + `"}`:            false,
		`{"candidate":"x","sdpMid":"` + strings.Repeat("x", 257) + `"}`: false,
	} {
		if _, ok := parseCandidate(json.RawMessage(text)); ok != expected {
			t.Error(text[:min(60, len(text))], ok)
		}
	}
}

func TestARouterRepeatsOnTheOtherWayWhatWasNotSeen(t *testing.T) {
	var sent [2][]int64
	r := router{}
	for way := range r.send {
		r.send[way] = func(seq int64, _ object) { sent[way] = append(sent[way], seq) }
	}
	expect := func(boxes, connection string) {
		t.Helper()
		if found := fmt.Sprint(sent[throughBoxes]); found != boxes {
			t.Error("through the boxes:", found)
		}
		if found := fmt.Sprint(sent[overConnection]); found != connection {
			t.Error("over the connection:", found)
		}
	}
	submit := func() {
		t.Helper()
		if err := r.submit(object{}); err != nil {
			t.Error(err)
		}
	}
	submit()
	submit()
	r.setPath(true)
	submit()
	expect("[1 2 3]", "[]")
	r.seen(1)
	expect("[1 2 3]", "[2 3]")
	submit()
	expect("[1 2 3]", "[2 3 4]")
	r.setPath(false)
	expect("[1 2 3 4]", "[2 3 4]")
	submit()
	r.seen(5)
	r.setPath(true)
	submit()
	expect("[1 2 3 4 5]", "[2 3 4 6]")
	if !has(r.seen(7), CodeFormat) {
		t.Error("seen what was not sent")
	}
	for range maxUnseen - 1 {
		submit()
	}
	if !has(r.submit(object{}), CodeFull) {
		t.Error("no limit on what is unseen")
	}
}

func TestASideThatNeverSeesAnythingGetsEverythingThroughTheBoxes(t *testing.T) {
	boxes := 0
	r := router{send: [2]func(int64, object){func(int64, object) { boxes++ }, func(int64, object) { t.Error("no control channel") }}}
	r.setPath(true)
	for range maxUnseen + 2 {
		if err := r.submit(object{}); err != nil {
			t.Fatal(err)
		}
	}
	r.seen(1)
	r.submit(object{})
	if len(r.unseen) > 2 || boxes != maxUnseen+3 {
		t.Error(len(r.unseen), boxes)
	}
}

func TestAReceiverTakesEachNumberOnce(t *testing.T) {
	var r router
	for _, c := range []struct {
		value    string
		numbered bool
		fresh    bool
		code     Code
	}{
		{`{"seq":1}`, true, true, ""},
		{`{"seq":1}`, false, false, ""},
		{`{}`, false, true, ""},
		{`{}`, true, false, CodeFormat},
		{`{"seq":3}`, true, false, CodeOrder},
		{`{"seq":2.0}`, false, true, ""},
		{`{"seq":2.5}`, false, false, CodeFormat},
		{`{"seq":-1}`, false, false, CodeFormat},
		{`{"seq":-0.5}`, false, false, CodeFormat},
		{`{"seq":-0}`, true, false, ""},
		{`{"seq":-0.0e1}`, true, false, ""},
		{`{"seq":"3"}`, false, false, CodeFormat},
		{`{"seq":null}`, false, false, CodeFormat},
	} {
		value, _ := parseObject([]byte(c.value))
		fresh, err := r.receive(value, c.numbered)
		if fresh != c.fresh || (err == nil) != (c.code == "") || err != nil && !has(err, c.code) {
			t.Error(c.value, fresh, err)
		}
	}
}

func TestTheControlChannelGetsTenMessagesASecond(t *testing.T) {
	var a allowance
	now := time.Now()
	for range maxAtOnce {
		if !a.take(now) {
			t.Fatal("fewer than 600")
		}
	}
	if a.take(now) || !(&allowance{used: maxAtOnce, at: now}).take(now.Add(100*time.Millisecond)) {
		t.Error("not ten a second")
	}
}

func TestATextIsMeasuredInUTF16(t *testing.T) {
	if longerThan([]byte(strings.Repeat("é", 10)), 10) || !longerThan([]byte(strings.Repeat("🎉", 6)), 10) || longerThan([]byte(strings.Repeat("🎉", 5)), 10) {
		t.Error("another measure")
	}
}

func TestALongValueIsSentInPartsOnTheControlChannel(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	eventually(t, "the control channel", func() bool { return onControl(guest) && onControl(host) })
	long := object{"new": encode(strings.Repeat("x", maxText-2_000))}
	host.link().loop.do(func() { host.link().submit(long) })
	eventually(t, "the value to be seen", func() bool {
		told := make(chan int, 1)
		host.link().loop.do(func() { told <- len(host.link().router.unseen) })
		return <-told == 0
	})
	host.link().loop.do(func() { host.link().submit(object{"new": encode(strings.Repeat("x", maxText))}) })
	await(t, "the end", guest.Closed())
	await(t, "the end here", host.Closed())
	if !has(guest.Err(), CodeTooLarge) || !has(host.Err(), CodeTooLarge) {
		t.Error(guest.Err(), host.Err())
	}
}

func TestHowAttemptsCount(t *testing.T) {
	now := time.Now()
	a := newAttempts(func() time.Time { return now })
	begin := func() func(int) {
		t.Helper()
		end, _, err := a.begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return end
	}
	for range 127 {
		begin()(comparedAttempt)
	}
	begin()(0)
	if _, first, _ := a.begin(context.Background()); first {
		t.Error("several have failed")
	}
	a.end(comparedAttempt)
	if _, _, err := a.begin(context.Background()); !has(err, CodeAttempts) {
		t.Error(err)
	}
	now = now.Add(forgetAfter)
	ended, cancel := context.WithCancel(context.Background())
	begin()(failedAttempt)
	now = now.Add(forgetAfter)
	end := begin()
	cancel()
	if _, _, err := a.begin(ended); err != context.Canceled {
		t.Error("an eighth failure could be under way:", err)
	}
	end(0)
	now = now.Add(8 * forgetAfter)
	if _, first, err := a.begin(context.Background()); !first || err != nil {
		t.Error(first, err)
	}
}

func TestWhichServersAreUsed(t *testing.T) {
	for code := range texts {
		if code.Text() == "" || !strings.HasPrefix(refuse(code).Error(), "signalbox: "+string(code)) {
			t.Error(code)
		}
	}
	if !hasTURN([]webrtc.ICEServer{{URLs: []string{"stun:x", "turns:x"}}}) || hasTURN([]webrtc.ICEServer{{URLs: []string{"stun:x"}}}) {
		t.Error("TURN is not recognized")
	}
}

func TestWhatWaitsToBeStoredIsLimited(t *testing.T) {
	value := json.RawMessage(`{"x":1}`)
	many := outbox{wake: make(chan struct{}, 1)}
	for range maxToStore {
		if err := many.send(value); err != nil {
			t.Fatal(err)
		}
	}
	if err := many.send(value); !has(err, CodeFull) {
		t.Error("values without a limit:", err)
	}
	large := outbox{wake: make(chan struct{}, 1)}
	long := json.RawMessage(`"` + strings.Repeat("x", maxBytesToStore/2) + `"`)
	if err := large.send(long); err != nil {
		t.Fatal(err)
	}
	if err := large.send(long); !has(err, CodeFull) {
		t.Error("bytes without a limit:", err)
	}
	if large.take(); large.send(long) != nil {
		t.Error("what is being stored no longer waits")
	}
	large.cancel, large.done = func() {}, make(chan struct{})
	close(large.done)
	if large.end(value, time.Minute); large.values != nil || large.bytes != 0 {
		t.Error("what an ending replaces still waits:", large.bytes)
	}
}
