package call

import (
	"time"
	"unicode/utf8"

	"github.com/pion/webrtc/v4"
)

const (
	controlLabel = "signalbox-control"
	controlID    = 255

	maxControlText = 65_536
	maxAtOnce      = 600
	perSecond      = 10
)

// A sender is what is needed of a data channel to send.
type sender interface {
	Send(data []byte) error
	SendText(text string) error
}

// A control is the library's own data channel, through which connected sides negotiate and say goodbye without the
// server. It belongs to a loop.
type control struct {
	channel sender
	puzzle  puzzle
	allowed allowance
}

// send sends a message: the JSON text of an object with a type. That the channel is closing shows elsewhere.
func (c *control) send(message any) {
	text := encode(message)
	if len(text) <= maxWhole {
		_ = c.channel.SendText(string(text))
		return
	}
	for _, part := range parts(text) {
		part["type"] = "piece"
		_ = c.channel.SendText(string(encode(part)))
	}
}

// receive returns the next message and its type, or none if it has only part of one.
func (c *control) receive(message webrtc.DataChannelMessage) (kind string, members object, err error) {
	if !c.allowed.take(time.Now()) {
		return "", nil, refuse(CodeFull)
	}
	if !message.IsString || !utf8.Valid(message.Data) {
		return "", nil, refuse(CodeFormat)
	}
	if longerThan(message.Data, maxControlText) {
		return "", nil, refuse(CodeTooLarge)
	}
	kind, members, ok := typed(message.Data)
	if !ok || c.puzzle.open && kind != "piece" {
		return "", nil, refuse(CodeFormat)
	}
	if kind != "piece" {
		return kind, members, nil
	}
	whole, err := c.puzzle.add(members, maxText)
	if whole == nil {
		return "", nil, err
	}
	kind, members, ok = typed(whole)
	if !ok {
		return "", nil, refuse(CodeFormat)
	}
	return kind, members, nil
}

func typed(text []byte) (kind string, members object, ok bool) {
	if members, ok = parseObject(text); !ok {
		return "", nil, false
	}
	kind, ok = members.text("type")
	return kind, members, ok
}

// longerThan counts UTF-16 code units, as the other languages do.
func longerThan(text []byte, limit int) bool {
	if len(text) <= limit {
		return false
	}
	units := 0
	for _, r := range string(text) {
		units++
		if r > 0xffff {
			units++
		}
	}
	return units > limit
}

// An allowance lets some messages through at once, and more as time passes.
type allowance struct {
	used float64
	at   time.Time
}

func (a *allowance) take(now time.Time) bool {
	a.used = max(0, a.used-now.Sub(a.at).Seconds()*perSecond) + 1
	a.at = now
	return a.used <= maxAtOnce
}
