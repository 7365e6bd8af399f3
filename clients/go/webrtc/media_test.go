package call

import (
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/transport/v5/packetio"
	"github.com/pion/webrtc/v4"
)

// A wildTrack sends packets of any source, once it is bound.
type wildTrack struct {
	webrtc.TrackLocal
	bound  chan struct{}
	once   sync.Once
	writer webrtc.TrackLocalWriter
}

func (w *wildTrack) Bind(context webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	parameters, err := w.TrackLocal.Bind(context)
	w.once.Do(func() {
		w.writer = context.WriteStream()
		close(w.bound)
	})
	return parameters, err
}

// send sends one packet of each of these sources.
func (w *wildTrack) send(from, to uint32) {
	for source := from; source < to; source++ {
		_, _ = w.writer.WriteRTP(&rtp.Header{Version: 2, PayloadType: 111, SSRC: source}, []byte{0xf8, 0xff, 0xfe})
	}
}

// quiet makes connections as the default, except that pion does not log each packet that it cannot use.
func quiet(settings webrtc.SettingEngine) *webrtc.API {
	settings.LoggerFactory = &logging.DefaultLoggerFactory{Writer: io.Discard}
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings))
}

// wild has the guest send a track with which it can send anything else.
func wild(t *testing.T, atGuest, atHost *Peer) *wildTrack {
	t.Helper()
	silence, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus}, "audio", "test")
	if err != nil {
		t.Fatal(err)
	}
	track := &wildTrack{TrackLocal: silence, bound: make(chan struct{})}
	if _, err := atGuest.Connection().AddTrack(track); err != nil {
		t.Fatal(err)
	}
	await(t, "the track to be negotiated", track.bound)
	eventually(t, "the first packet to arrive", func() bool {
		track.send(1, 2)
		return atHost.link().media.count(0) > 0
	})
	return track
}

func (m *mediaStore) count(which int) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sources[which]
}

func TestAGuestThatSendsFromTooManySourcesIsEnded(t *testing.T) {
	_, _, atHost, atGuest := connectedPair(t, HostOptions{API: quiet}, JoinOptions{})
	track := wild(t, atGuest, atHost)
	until(t, "the end", atHost.Closed(), func() { track.send(1_000, 5_000) })
	await(t, "the end on the other side", atGuest.Closed())
	if !has(atHost.Err(), CodeFull) || !has(atGuest.Err(), CodeFull) {
		t.Error(atHost.Err(), atGuest.Err())
	}
	if count := atHost.link().media.count(0); count > maxRTPSources {
		t.Error(count, "sources")
	}
}

func TestAGuestWhoseReportsNameTooManySourcesIsEnded(t *testing.T) {
	_, _, atHost, atGuest := connectedPair(t, HostOptions{API: quiet}, JoinOptions{})
	wild(t, atGuest, atHost)
	until(t, "the end", atHost.Closed(), func() {
		for first := uint32(0); first < 3_000; first += 30 {
			goodbye := &rtcp.Goodbye{}
			for source := range uint32(30) {
				goodbye.Sources = append(goodbye.Sources, first+source)
			}
			_ = atGuest.Connection().WriteRTCP([]rtcp.Packet{goodbye})
		}
	})
	if count := atHost.link().media.count(1); !has(atHost.Err(), CodeFull) || count > maxRTCPSources {
		t.Error(atHost.Err(), count)
	}
}

func TestACallHasRoomForTheSourcesOfAllItsSections(t *testing.T) {
	_, _, atHost, atGuest := connectedPair(t, HostOptions{API: quiet}, JoinOptions{})
	track := wild(t, atGuest, atHost)
	const layers, repeated = 3, 2
	eventually(t, "all sources", func() bool {
		track.send(1_000, 1_000+maxSections*layers*repeated)
		return atHost.link().media.count(0) > maxSections*layers*repeated
	})
	sayAndHear(t, atGuest, atHost)
}

func TestUnreadMediaIsLimitedInSum(t *testing.T) {
	store := mediaStore{exceeded: func() { t.Error("too many sources") }}
	packet := make([]byte, 1_200)
	fill := func(b io.Writer) (bytes int) {
		for {
			n, err := b.Write(packet)
			if err != nil {
				return bytes
			}
			bytes += n
		}
	}
	var buffers []io.ReadWriteCloser
	sum := 0
	for source := range uint32(maxRTPSources) {
		b := store.buffer(packetio.RTPBufferPacket, source)
		bytes := fill(b)
		if bytes < minBuffer-2*len(packet) || bytes > maxBuffer {
			t.Fatal(source, "keeps", bytes)
		}
		sum += bytes
		buffers = append(buffers, b)
	}
	if sum > maxBuffers+maxRTPSources*minBuffer || sum < maxBuffers {
		t.Error(sum, "bytes")
	}
	if n, err := buffers[0].Read(packet); n != len(packet) || err != nil {
		t.Error(n, err)
	}
	for range 2 { // pion closes some twice
		for _, b := range buffers {
			b.Close()
		}
	}
	if store.sources[0] != 0 || store.beyond != 0 {
		t.Error("closed buffers still count:", store.sources, store.beyond)
	}
	small := store.buffer(packetio.RTPBufferPacket, 1)
	packet = packet[:12]
	if packets := fill(small) / len(packet); packets > maxBuffer/packetsOfBuffer {
		t.Error(packets, "small packets")
	}
}

func TestUnreadSourcesLeaveRoomToOthers(t *testing.T) {
	store := mediaStore{}
	packet := make([]byte, 1_200)
	for source, least := range []int{16: 200 << 10, 32: 50 << 10, 48: 24 << 10} {
		b, bytes := store.buffer(packetio.RTPBufferPacket, uint32(source)), 0
		for {
			n, err := b.Write(packet)
			if err != nil {
				break
			}
			bytes += n
		}
		if bytes < least {
			t.Errorf("after %d unread ones, a source has %d bytes", source, bytes)
		}
	}
}

func TestTheEndOfASourceTooManyIsAskedForOnce(t *testing.T) {
	exceeded := 0
	store := mediaStore{exceeded: func() { exceeded++ }}
	for source := range uint32(maxRTCPSources + 10) {
		store.buffer(packetio.RTCPBufferPacket, source)
	}
	b := store.buffer(packetio.RTPBufferPacket, 1)
	if n, err := b.Read(nil); exceeded != 1 || n != 0 || err != io.EOF {
		t.Error(exceeded, n, err)
	}
	if fmt.Sprint(store.sources) != fmt.Sprint([2]int{0, maxRTCPSources}) {
		t.Error(store.sources)
	}
}
