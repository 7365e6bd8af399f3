package call

import (
	"context"
	"strings"
	"sync"
	"time"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/pion/webrtc/v4"
)

const (
	maxURLs      = 32
	withoutTTL   = 5 * time.Minute
	afterFailure = 10 * time.Second // each guest would wait for it again otherwise
)

// An iceSource is where the ICE servers come from: the options, or the server, whose response is used for half of its
// lifetime.
type iceSource struct {
	ctx     context.Context // of the call: others may wait for what one guest has asked for
	fixed   []webrtc.ICEServer
	timeout time.Duration

	mu     sync.Mutex
	asking chan struct{} // closed when the request that is under way has ended; nil if there is none
	found  []webrtc.ICEServer
	until  time.Time
}

// servers asks the server of the box, unless that is known or under way. If it fails, only direct paths remain.
func (s *iceSource) servers(ctx context.Context, box *signalbox.Box) []webrtc.ICEServer {
	if s.fixed != nil {
		return s.fixed
	}
	s.mu.Lock()
	if time.Now().Before(s.until) {
		defer s.mu.Unlock()
		return s.found
	}
	asking, first := s.asking, s.asking == nil
	if first {
		asking = make(chan struct{})
		s.asking = asking
	}
	s.mu.Unlock()
	if first {
		s.ask(box)
	}
	select {
	case <-asking:
	case <-ctx.Done():
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found
}

// ask makes the request, and remembers a failure, too.
func (s *iceSource) ask(box *signalbox.Box) {
	ctx, cancel := context.WithTimeout(s.ctx, s.timeout)
	defer cancel()
	offered, err := box.ICEServers(ctx)
	var found []webrtc.ICEServer
	lasts := afterFailure
	if err == nil {
		found, lasts = usable(offered.Servers), withoutTTL
		if offered.TTL > 0 {
			lasts = offered.TTL / 2
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found, s.until = found, time.Now().Add(lasts)
	close(s.asking)
	s.asking = nil
}

// usable leaves out what pion would refuse, with the whole configuration.
func usable(offered []signalbox.ICEServer) []webrtc.ICEServer {
	var servers []webrtc.ICEServer
	api, count := webrtc.NewAPI(), 0
	for _, server := range offered {
		for _, url := range server.URLs {
			turn := isTURN(url)
			if count == maxURLs || !turn && !strings.HasPrefix(url, "stun:") && !strings.HasPrefix(url, "stuns:") {
				continue
			}
			if turn && (server.Username == "" || server.Credential == "") {
				continue
			}
			one := webrtc.ICEServer{URLs: []string{url}}
			if turn {
				one.Username, one.Credential = server.Username, server.Credential
			}
			if _, err := api.NewICEGatherer(webrtc.ICEGatherOptions{ICEServers: []webrtc.ICEServer{one}}); err == nil {
				servers = append(servers, one)
				count++
			}
		}
	}
	return servers
}

func isTURN(url string) bool {
	return strings.HasPrefix(url, "turn:") || strings.HasPrefix(url, "turns:")
}

func hasTURN(servers []webrtc.ICEServer) bool {
	for _, server := range servers {
		for _, url := range server.URLs {
			if isTURN(url) {
				return true
			}
		}
	}
	return false
}
