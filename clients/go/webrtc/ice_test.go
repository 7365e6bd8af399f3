package call

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/pion/webrtc/v4"
)

// askedForServers returns an ICE source, and a box on a server that answers its requests.
func askedForServers(t *testing.T, answer http.HandlerFunc) (*iceSource, *signalbox.Box) {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	box, err := signalbox.Open(server.URL+"/boxes/drop_"+strings.Repeat("a", 32), nil)
	if err != nil {
		t.Fatal(err)
	}
	return newCore(waiting(t), commonOptions{timeouts: *brief(nil)}).ice, box
}

func TestOneRequestForServersIsForAllGuests(t *testing.T) {
	var requests atomic.Int64
	asked, answered := make(chan struct{}, 8), make(chan struct{})
	source, box := askedForServers(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		asked <- struct{}{}
		<-answered
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"iceServers":[{"urls":"stun:stun.example"}],"ttl":60}`)
	})
	found := make(chan []webrtc.ICEServer, 2)
	for range 2 {
		go func() { found <- source.servers(waiting(t), box) }()
	}
	await(t, "a request", asked)
	left, leave := context.WithCancel(waiting(t))
	leave()
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		source.servers(left, box)
	}()
	await(t, "a guest that has left", gone)
	close(answered)
	for range 2 {
		if servers := <-found; len(servers) != 1 {
			t.Error(servers)
		}
	}
	if requests.Load() != 1 {
		t.Error(requests.Load(), "requests")
	}
}

func TestAFailureToFindServersIsRemembered(t *testing.T) {
	var requests atomic.Int64
	source, box := askedForServers(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusNotFound)
	})
	for range 3 {
		if servers := source.servers(waiting(t), box); len(servers) != 0 {
			t.Error(servers)
		}
	}
	if requests.Load() != 1 {
		t.Error(requests.Load(), "requests")
	}
}
