package call

import (
	"errors"
	"io"
	"slices"

	"github.com/pion/webrtc/v4"
)

// The limits on the data channels that the other side opens. pion has a goroutine and a buffer of at least 64 KiB for
// each that is open, and keeps what is left of the closed ones until the connection ends. It stops by itself at streams
// on which the other side sends without opening them: it takes in no more than about 16 after the first.
const (
	maxChannels = 256 // at a time
	maxOpenings = 16_384
	maxNames    = 1_024 // bytes of the label and the protocol of one channel
)

var errChannels = errors.New("the other side opens too many data channels, or one with a label or protocol that is too long")

// theirChannels are those that the other side has opened. They belong to the goroutine in which pion accepts them.
type theirChannels struct {
	open   []theirChannel
	opened int
}

// A theirChannel is a pion DataChannel.
type theirChannel interface {
	ReadyState() webrtc.DataChannelState
	Label() string
	Protocol() string
}

// admit adds a channel, unless it is beyond the limits.
func (t *theirChannels) admit(channel theirChannel) bool {
	if len(t.open) == maxChannels {
		t.open = slices.DeleteFunc(t.open, func(open theirChannel) bool {
			return open.ReadyState() == webrtc.DataChannelStateClosed
		})
	}
	if len(t.open) == maxChannels || t.opened == maxOpenings || len(channel.Label())+len(channel.Protocol()) > maxNames {
		return false
	}
	t.open = append(t.open, channel)
	t.opened++
	return true
}

// limitChannels ends the connection when the other side opens a channel beyond the limits.
func (l *link) limitChannels() {
	exceeded := func() { l.loop.do(func() { l.flood(errChannels) }) }
	var theirs theirChannels
	l.connection.SCTP().OnDataChannelOpened(func(channel *webrtc.DataChannel) {
		if !theirs.admit(channel) {
			exceeded()
			// pion accepts no more before this returns.
			<-l.loop.stopped
		}
	})
	l.connection.SCTP().OnError(func(err error) {
		// The message that opens a channel did not fit into pion's 8 KiB. After that, pion accepts no other.
		if errors.Is(err, io.ErrShortBuffer) {
			exceeded()
		}
	})
}
