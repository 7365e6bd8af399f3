package call

import (
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
)

// sendAudio sends silence in Opus until the peer is closed.
func sendAudio(t *testing.T, peer *Peer) {
	t.Helper()
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Connection().AddTrack(track); err != nil {
		t.Fatal(err)
	}
	go func() {
		ticker := time.NewTicker(20 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				_ = track.WriteSample(media.Sample{Data: []byte{0xf8, 0xff, 0xfe}, Duration: 20 * time.Millisecond})
			case <-peer.Closed():
				return
			}
		}
	}()
}

func firstTrack(t *testing.T, peer *Peer) {
	t.Helper()
	arrived := make(chan struct{})
	peer.OnTrack(func(*webrtc.TrackRemote, *webrtc.RTPReceiver) { close(arrived) })
	await(t, "a track", arrived)
}

func TestEitherSideAddsATrackAtAnyTime(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	sendAudio(t, guest)
	firstTrack(t, host)
	sendAudio(t, host)
	firstTrack(t, guest)
}

func TestTracksThatArriveEarlyAreKept(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	sendAudio(t, guest)
	eventually(t, "a track", func() bool {
		host.tracks.mu.Lock()
		defer host.tracks.mu.Unlock()
		return len(host.tracks.early) == 1
	})
	firstTrack(t, host)
}

func TestBothSidesAddATrackAtTheSameTime(t *testing.T) {
	for _, again := range []string{"once", "again", "and again"} {
		t.Run(again, func(t *testing.T) {
			_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
			sendAudio(t, guest)
			sendAudio(t, host)
			firstTrack(t, host)
			firstTrack(t, guest)
		})
	}
}

func TestTransceiversWithoutTracksAsAPageOffersThem(t *testing.T) {
	prepare := func(connection *webrtc.PeerConnection) error {
		for _, kind := range []webrtc.RTPCodecType{webrtc.RTPCodecTypeAudio, webrtc.RTPCodecTypeVideo} {
			if _, err := connection.AddTransceiverFromKind(kind); err != nil {
				return err
			}
		}
		return nil
	}
	_, _, guest, host := connectedPair(t, HostOptions{Prepare: prepare}, JoinOptions{})
	sendAudio(t, host)
	firstTrack(t, guest)
}

func TestABrokenPathIsRestored(t *testing.T) {
	quick := brief(func(limits *timeouts) { limits.disconnected = time.Millisecond })
	_, _, guest, host := connectedPair(t, HostOptions{timeouts: quick}, JoinOptions{timeouts: quick})
	eventually(t, "the control channel", func() bool { return onControl(guest) && onControl(host) })
	before := fragment(host)
	for _, peer := range []*Peer{guest, host} {
		peer.link().loop.do(func() { peer.link().pathChanged(webrtc.ICETransportStateDisconnected) })
	}
	eventually(t, "a restart", func() bool { return fragment(host) != before && onControl(guest) && onControl(host) })
	guest.Channel().SendText("again")
	if heard(t, host, 1)[0] != "again" || guest.Err() != nil {
		t.Error(guest.Err())
	}
	sendAudio(t, host)
	firstTrack(t, guest)
}

func TestARestartGivesUpThePathThatWorks(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	eventually(t, "the control channel", func() bool { return onControl(guest) && onControl(host) })
	before := fragment(host)
	guest.link().loop.do(guest.link().restartICE)
	eventually(t, "a restart", func() bool { return fragment(host) != before && onControl(guest) && onControl(host) })
	guest.Channel().SendText("again")
	if heard(t, host, 1)[0] != "again" || guest.Err() != nil {
		t.Error(guest.Err())
	}
}

// Both offer a section of another kind at the same time: the host offers audio before it gets the guest's offer of video.
func TestSectionsOfDifferentKindsAreNotConfused(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	eventually(t, "the control channel", func() bool { return onControl(guest) && onControl(host) })
	release := make(chan struct{})
	guest.link().loop.do(func() { <-release }) // the host's loop
	sendAudio(t, guest)
	eventually(t, "the host's wish to offer", func() bool { return waitingSteps(guest.link().loop) == 1 })
	if _, err := host.Connection().AddTransceiverFromKind(webrtc.RTPCodecTypeVideo); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the guest's offer", func() bool { return waitingSteps(guest.link().loop) == 2 })
	close(release)
	firstTrack(t, host)
	eventually(t, "both sections", func() bool {
		description := guest.Connection().CurrentRemoteDescription()
		return strings.Contains(description.SDP, "m=audio") && strings.Contains(description.SDP, "m=video")
	})
	if guest.Err() != nil || host.Err() != nil {
		t.Error(guest.Err(), host.Err())
	}
}

func waitingSteps(l *loop) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.steps)
}

func TestACertificateIsComparedBeforeThereIsAPeer(t *testing.T) {
	_, _, guest, _ := connectedPair(t, HostOptions{}, JoinOptions{})
	guest.link().loop.do(func() {
		guest.link().connected, guest.link().agreement.fingerprint = false, fingerprintOfForger
		guest.link().opened()
	})
	await(t, "the end", guest.Closed())
	if !has(guest.Err(), CodeFingerprint) {
		t.Error(guest.Err())
	}
}

// fragment identifies the ICE session.
func fragment(peer *Peer) string {
	told := make(chan string, 1)
	peer.link().loop.do(func() {
		_, after, _ := strings.Cut(peer.link().connection.CurrentRemoteDescription().SDP, "a=ice-ufrag:")
		fragment, _, _ := strings.Cut(after, "\r\n")
		told <- fragment
	})
	return <-told
}

func TestAPathThatIsNotRestoredIsLost(t *testing.T) {
	quick := brief(func(limits *timeouts) { limits.disconnected, limits.reconnect = time.Millisecond, 20*time.Millisecond })
	_, joining, _, host := connectedPair(t, HostOptions{}, JoinOptions{timeouts: quick})
	host.link().loop.do(func() { host.link().pathChanged(webrtc.ICETransportStateFailed) })
	await(t, "the loss", host.Closed())
	if !has(host.Err(), CodeLost) {
		t.Error(host.Err())
	}
	peerOf(t, joining.core)
}

func TestTheCertificateMustBeTheAgreedOne(t *testing.T) {
	_, _, guest, _ := connectedPair(t, HostOptions{}, JoinOptions{})
	agreed := guest.link().agreement.fingerprint
	for fingerprint, expected := range map[string]bool{
		agreed:                             true,
		fingerprintOfForger + "," + agreed: true,
		fingerprintOfForger:                false,
		"":                                 false,
	} {
		if err := checkCertificate(guest.Connection(), fingerprint); (err == nil) != expected {
			t.Error(fingerprint, err)
		}
	}
	fresh, err := webrtc.NewPeerConnection(webrtc.Configuration{})
	if err != nil {
		t.Fatal(err)
	}
	defer fresh.GracefulClose()
	if err := checkCertificate(fresh, agreed); !has(err, CodeUnverified) {
		t.Error(err)
	}
}

func TestAnAnswerAgreesWithItsOffer(t *testing.T) {
	for _, c := range []struct {
		offered, answered, settled string
		again                      bool
	}{
		{"sendrecv", "sendrecv", "sendrecv", false},
		{"sendonly", "sendrecv", "recvonly", true},
		{"sendonly", "sendonly", "inactive", true},
		{"inactive", "sendrecv", "inactive", true},
		{"sendonly", "recvonly", "recvonly", false},
		{"recvonly", "sendonly", "sendonly", false},
	} {
		description := func(direction string) string {
			return sdpWith("m=application 9 x y", "a=sendrecv", "m=audio 9 x 0", "a="+direction)
		}
		settled, again := settle(description(c.answered), description(c.offered))
		if settled != description(c.settled) || again != c.again {
			t.Error(c, settled)
		}
	}
}
