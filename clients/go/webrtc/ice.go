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
	maxURLs    = 32
	withoutTTL = 5 * time.Minute
)

// An iceSource is where the ICE servers come from: the options, or the server, whose response is used for half of its
// lifetime.
type iceSource struct {
	fixed   []webrtc.ICEServer
	timeout time.Duration

	mu    sync.Mutex
	found []webrtc.ICEServer
	until time.Time
}

// servers asks the server of the box. If that fails, only direct paths remain.
func (s *iceSource) servers(ctx context.Context, box *signalbox.Box) []webrtc.ICEServer {
	if s.fixed != nil {
		return s.fixed
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Now().Before(s.until) {
		return s.found
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	offered, err := box.ICEServers(ctx)
	if err != nil {
		return nil
	}
	s.found = usable(offered.Servers)
	s.until = time.Now().Add(withoutTTL)
	if offered.TTL > 0 {
		s.until = time.Now().Add(offered.TTL / 2)
	}
	return s.found
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
