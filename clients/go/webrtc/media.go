package call

import (
	"errors"
	"io"
	"sync"

	"github.com/pion/transport/v5/packetio"
)

// The limits on the media of a connection. 64 sections with three simulcast layers, each sent again on a source of its
// own, are 384 sources. There are more of RTCP, which also names the sources of this side.
const (
	maxRTPSources   = 512
	maxRTCPSources  = 1_024
	minBuffer       = 16 << 10 // for each source
	maxBuffer       = 1 << 20
	maxBuffers      = 16 << 20 // what all sources of a connection may have beyond minBuffer
	leaveRoom       = 8        // for how many more of its size a source leaves room when it grows
	packetsOfBuffer = 64       // bytes for each packet: many small ones would cost more than their bytes
)

var errSources = errors.New("the other side sends media from too many sources")

// A mediaStore is what pion keeps of the other side's media, of each source, until it is read. By itself, pion limits
// neither the number of sources, nor all of them together.
type mediaStore struct {
	exceeded func() // called once, when there are too many sources; must not block

	mu      sync.Mutex
	sources [2]int // of RTP and RTCP
	beyond  int    // bytes beyond minBuffer
	over    bool
}

// buffer returns the buffer of a new source. pion calls it only for sources in packets that were authenticated.
func (m *mediaStore) buffer(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
	which, limit := 0, maxRTPSources
	if kind == packetio.RTCPBufferPacket {
		which, limit = 1, maxRTCPSources
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.over || m.sources[which] == limit {
		if !m.over {
			m.over = true
			m.exceeded()
		}
		return nowhere{}
	}
	m.sources[which]++
	b := &mediaBuffer{Buffer: packetio.NewBuffer(), store: m, which: which}
	b.resize(minBuffer)
	return b
}

// A mediaBuffer holds the packets of one source. It drops those that do not fit.
type mediaBuffer struct {
	*packetio.Buffer
	store *mediaStore
	which int
	size  int // guarded by the store
	once  sync.Once
}

func (b *mediaBuffer) resize(size int) {
	b.size = size
	b.SetLimitSize(size)
	b.SetLimitCount(size / packetsOfBuffer)
}

// grow doubles the limit, if there is room. The fuller it is, the less a source may have, so that those that nobody reads
// leave something to the others.
func (b *mediaBuffer) grow() bool {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	if b.size == maxBuffer || b.store.beyond+b.size+leaveRoom*2*b.size > maxBuffers {
		return false
	}
	b.store.beyond += b.size
	b.resize(2 * b.size)
	return true
}

// WriteWithAttributes, like the next three methods, is what pion expects of a buffer.
func (b *mediaBuffer) WriteWithAttributes(packet []byte, attributes packetio.Attributes) (int, error) {
	n, err := b.Buffer.Write(packet, attributes)
	for errors.Is(err, packetio.ErrFull) && b.grow() {
		n, err = b.Buffer.Write(packet, attributes)
	}
	return n, err
}

func (b *mediaBuffer) ReadWithAttributes(packet []byte, attributes packetio.Attributes) (int, packetio.Attributes, error) {
	return b.Buffer.Read(packet, attributes)
}

func (b *mediaBuffer) Write(packet []byte) (int, error) { return b.WriteWithAttributes(packet, nil) }

func (b *mediaBuffer) Read(packet []byte) (int, error) {
	n, _, err := b.Buffer.Read(packet, nil)
	return n, err
}

// Close makes room for another source.
func (b *mediaBuffer) Close() error {
	b.once.Do(func() {
		b.store.mu.Lock()
		defer b.store.mu.Unlock()
		b.store.sources[b.which]--
		b.store.beyond -= b.size - minBuffer
	})
	return b.Buffer.Close()
}

// nowhere is the buffer of a source that is one too many.
type nowhere struct{}

func (nowhere) Read([]byte) (int, error)         { return 0, io.EOF }
func (nowhere) Write(packet []byte) (int, error) { return len(packet), nil }
func (nowhere) Close() error                     { return nil }
