package call

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"
)

// Two seconds each, repeated without end: a picture that moves in VP8, whose frames are all key frames, and a tone in
// Opus.
var (
	//go:embed picture.ivf
	picture []byte
	//go:embed tone.ogg
	tone []byte
)

// A flow is the media between this side and one peer.
type flow struct{ audio, video atomic.Int64 }

func (f *flow) received() map[string]int64 {
	return map[string]int64{"audio": f.audio.Load(), "video": f.video.Load()}
}

// count counts the packets of a track until it ends.
func (f *flow) count(track *webrtc.TrackRemote) {
	counter := &f.audio
	if track.Kind() == webrtc.RTPCodecTypeVideo {
		counter = &f.video
	}
	for {
		if _, _, err := track.ReadRTP(); err != nil {
			return
		}
		counter.Add(1)
	}
}

// send sends a track from now on, until the peer is closed.
func (f *flow) send(peer *Peer, kind string) error {
	mime, frames, each, err := webrtc.MimeTypeVP8, [][]byte(nil), 40*time.Millisecond, error(nil)
	if kind == "audio" {
		mime, each = webrtc.MimeTypeOpus, 20*time.Millisecond
		frames, err = toneFrames()
	} else {
		frames, err = pictureFrames()
	}
	if err != nil {
		return err
	}
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: mime}, kind, "test")
	if err != nil {
		return err
	}
	if _, err := peer.Connection().AddTrack(track); err != nil {
		return err
	}
	go func() {
		ticker := time.NewTicker(each)
		defer ticker.Stop()
		for i := 0; ; i++ {
			select {
			case <-ticker.C:
				_ = track.WriteSample(media.Sample{Data: frames[i%len(frames)], Duration: each})
			case <-peer.Closed():
				return
			}
		}
	}()
	return nil
}

func pictureFrames() ([][]byte, error) {
	reader, _, err := ivfreader.NewWith(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	return all(func() ([]byte, error) {
		frame, _, err := reader.ParseNextFrame()
		return frame, err
	})
}

func toneFrames() ([][]byte, error) {
	reader, _, err := oggreader.NewWith(bytes.NewReader(tone))
	if err != nil {
		return nil, err
	}
	return all(func() ([]byte, error) {
		for {
			page, header, err := reader.ParseNextPage()
			if err != nil || header.GranulePosition > 0 {
				return page, err
			}
		}
	})
}

func all(next func() ([]byte, error)) ([][]byte, error) {
	var frames [][]byte
	for {
		frame, err := next()
		if errors.Is(err, io.EOF) && len(frames) > 0 {
			return frames, nil
		}
		if err != nil {
			return nil, fmt.Errorf("the test media cannot be read: %w", err)
		}
		frames = append(frames, frame)
	}
}
