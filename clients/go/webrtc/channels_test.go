package call

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pion/logging"
	"github.com/pion/webrtc/v4"
)

// openChannels has the guest open channels, with an ordinary connection, and returns them.
func openChannels(t *testing.T, guest *Peer, count int, label string) []*webrtc.DataChannel {
	t.Helper()
	var channels []*webrtc.DataChannel
	for range count {
		channel, err := guest.Connection().CreateDataChannel(label, nil)
		if err != nil {
			t.Fatal(err)
		}
		channels = append(channels, channel)
	}
	return channels
}

// arriving returns options of a host with which the channels that arrive can be counted.
func arriving() (HostOptions, chan *webrtc.DataChannel) {
	arrived := make(chan *webrtc.DataChannel, 2*maxChannels+1)
	return HostOptions{API: quiet, Prepare: func(connection *webrtc.PeerConnection) error {
		connection.OnDataChannel(func(channel *webrtc.DataChannel) { arrived <- channel })
		return nil
	}}, arrived
}

func awaitFull(t *testing.T, guest, host *Peer) {
	t.Helper()
	await(t, "the end at the host", host.Closed())
	await(t, "the end at the guest", guest.Closed())
	if !has(host.Err(), CodeFull) || !has(guest.Err(), CodeFull) {
		t.Error(host.Err(), guest.Err())
	}
}

func TestAsManyChannelsAsAllowedCanBeOpenAtATime(t *testing.T) {
	options, arrived := arriving()
	_, _, atHost, atGuest := connectedPair(t, options, JoinOptions{API: quiet})
	openChannels(t, atHost, 10, "those of this side do not count")
	for count := maxChannels; count <= 2*maxChannels; count += maxChannels {
		channels := openChannels(t, atGuest, maxChannels, "a channel")
		eventually(t, "the channels to arrive", func() bool { return len(arrived) == count })
		sayAndHear(t, atHost, atGuest)
		for _, channel := range channels {
			channel.Close()
		}
		for range count {
			channel := <-arrived
			eventually(t, "a channel to be closed", func() bool { return channel.ReadyState() == webrtc.DataChannelStateClosed })
			arrived <- channel
		}
	}
	sayAndHear(t, atGuest, atHost)
}

func TestOneChannelMoreEndsTheConnection(t *testing.T) {
	options, arrived := arriving()
	_, _, atHost, atGuest := connectedPair(t, options, JoinOptions{API: quiet})
	openChannels(t, atGuest, maxChannels, "a channel")
	eventually(t, "the channels to arrive", func() bool { return len(arrived) == maxChannels })
	for range maxChannels {
		// When the first of them arrives, the connection ends.
		_, _ = atGuest.Connection().CreateDataChannel("one more", nil)
	}
	awaitFull(t, atGuest, atHost)
	if len(arrived) > maxChannels+1 {
		t.Error("still accepted:", len(arrived)-maxChannels)
	}
}

func TestLongNamesOfAChannelEndTheConnection(t *testing.T) {
	for what, length := range map[string]int{"one byte more": maxNames + 1, "more than pion reads": 60_000} {
		t.Run(what, func(t *testing.T) {
			options, arrived := arriving()
			_, _, atHost, atGuest := connectedPair(t, options, JoinOptions{API: quiet})
			openChannels(t, atGuest, 1, strings.Repeat("x", maxNames))
			eventually(t, "the channel to arrive", func() bool { return len(arrived) == 1 })
			sayAndHear(t, atGuest, atHost)
			openChannels(t, atGuest, 1, strings.Repeat("x", length))
			awaitFull(t, atGuest, atHost)
		})
	}
}

// A streamLog counts the streams that pion takes in.
type streamLog struct{ taken atomic.Int32 }

func (s *streamLog) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("accepted a new stream")) {
		s.taken.Add(1)
	}
	return len(line), nil
}

func TestStreamsThatAreNotOpenedAreFew(t *testing.T) {
	options, arrived := arriving()
	var log streamLog
	options.API = func(settings webrtc.SettingEngine) *webrtc.API {
		settings.LoggerFactory = &logging.DefaultLoggerFactory{Writer: &log, ScopeLevels: map[string]logging.LogLevel{"sctp": logging.LogLevelDebug}}
		return webrtc.NewAPI(webrtc.WithSettingEngine(settings))
	}
	_, _, atHost, atGuest := connectedPair(t, options, JoinOptions{API: quiet})
	negotiated := true
	for i := range 100 {
		id := uint16(1_000 + i)
		channel, err := atGuest.Connection().CreateDataChannel("", &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
		if err != nil {
			t.Fatal(err)
		}
		if err := channel.SendText("not opened"); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the first streams", func() bool { return log.taken.Load() >= 16 })
	for range 3 {
		// Meanwhile, pion tries to send the rest again.
		sayAndHear(t, atHost, atGuest)
	}
	if taken := log.taken.Load(); taken > 20 || len(arrived) > 0 {
		t.Error(taken, "streams taken in,", len(arrived), "channels opened")
	}
}

// A countedChannel is one that no connection has.
type countedChannel struct {
	state webrtc.DataChannelState
	names [2]string
}

func (f *countedChannel) ReadyState() webrtc.DataChannelState { return f.state }
func (f *countedChannel) Label() string                       { return f.names[0] }
func (f *countedChannel) Protocol() string                    { return f.names[1] }

func TestHowChannelsCount(t *testing.T) {
	var theirs theirChannels
	var last *countedChannel
	admit := func() bool {
		last = &countedChannel{state: webrtc.DataChannelStateOpen}
		return theirs.admit(last)
	}
	for range maxChannels {
		if !admit() {
			t.Fatal("fewer than at a time")
		}
	}
	closing := theirs.open[0].(*countedChannel)
	closing.state = webrtc.DataChannelStateClosing
	if admit() {
		t.Error("one that is closing counts")
	}
	closing.state = webrtc.DataChannelStateClosed
	for range maxOpenings - maxChannels {
		if !admit() {
			t.Fatal("fewer than in total")
		}
		last.state = webrtc.DataChannelStateClosed
	}
	if admit() {
		t.Error("no limit on what pion keeps of closed channels")
	}
	for length, expected := range map[int]bool{24: true, 25: false} {
		if (&theirChannels{}).admit(&countedChannel{names: [2]string{strings.Repeat("x", 1_000), strings.Repeat("x", length)}}) != expected {
			t.Error("a protocol of", length, "bytes")
		}
	}
}
