package call

import (
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// isolated makes connections that find no path.
func isolated(settings webrtc.SettingEngine) *webrtc.API {
	settings.SetIPFilter(func(net.IP) bool { return false })
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings))
}

func TestNoPathIsFound(t *testing.T) {
	soon := func(limits *timeouts) { limits.ice = 200 * time.Millisecond }
	t.Run("without TURN", func(t *testing.T) {
		refused := make(codes, 8)
		hosting := hosted(t, HostOptions{API: isolated, Refused: refused.add})
		joining := joined(t, hosting.Invite(), JoinOptions{API: isolated, timeouts: brief(soon)})
		if err := endOf(t, joining.core); !has(err, CodeNoPath) {
			t.Error(err)
		}
		// It has tried twice.
		refused.expect(t, CodeNoPath)
		refused.expect(t, CodeNoPath)
	})
	t.Run("with TURN", func(t *testing.T) {
		hosting := hosted(t, HostOptions{API: isolated})
		options := JoinOptions{API: isolated, timeouts: brief(soon)}
		options.ICEServers = []webrtc.ICEServer{{URLs: []string{"turn:127.0.0.1:9?transport=tcp"}, Username: "a", Credential: "b"}}
		joining, err := Join(waiting(t), hosting.Invite(), &options)
		if err != nil {
			t.Fatal(err)
		}
		defer closed(t, joining)
		if err := endOf(t, joining.core); !has(err, CodeNoPathWithTURN) {
			t.Error(err)
		}
	})
}

// A loss breaks a connection without a goodbye.
func lose(peer *Peer) { peer.Connection().Close() }

func TestAGuestWhoseConnectionIsLostJoinsAgainOnce(t *testing.T) {
	quick := brief(func(limits *timeouts) { limits.close = 50 * time.Millisecond })
	hosting, joining, guest, host := connectedPair(t, HostOptions{timeouts: quick}, JoinOptions{timeouts: quick})
	lose(host)
	await(t, "the loss", guest.Closed())
	await(t, "the loss here", host.Closed())
	if !has(guest.Err(), CodeLost) || !has(host.Err(), CodeLost) {
		t.Error(guest.Err(), host.Err())
	}
	again, hostAgain := peerOf(t, hosting.core), peerOf(t, joining.core)
	if again.ID() != guest.ID() || again.Code() != hostAgain.Code() || again.Code() == guest.Code() {
		t.Error(again.ID(), guest.ID(), again.Code(), hostAgain.Code())
	}
	lose(again)
	if err := endOf(t, joining.core); !has(err, CodeLost) {
		t.Error(err)
	}
}

func TestAGuestMayJoinAgainOncePeopleHadTimeToCompare(t *testing.T) {
	quick := brief(func(limits *timeouts) { limits.close, limits.compare = 50*time.Millisecond, 50*time.Millisecond })
	hosting, joining, _, host := connectedPair(t, HostOptions{timeouts: quick}, JoinOptions{timeouts: quick})
	for range 3 {
		host.Code()
		eventually(t, "comparing", host.link().compared.Load)
		lose(host)
		peerOf(t, hosting.core)
		host = peerOf(t, joining.core)
	}
}

func TestWithoutComparingAGuestJoinsAgainAnyNumberOfTimes(t *testing.T) {
	quick := brief(func(limits *timeouts) { limits.close, limits.compare = 50*time.Millisecond, time.Millisecond })
	hosting, joining, _, host := connectedPair(t, HostOptions{NoCompare: true, timeouts: quick}, JoinOptions{NoCompare: true, timeouts: quick})
	for range 3 {
		lose(host)
		peerOf(t, hosting.core)
		host = peerOf(t, joining.core)
	}
	p := patience{}
	began := time.Now()
	ended := waiting(t)
	if !p.wait(ended, false) || p.short != 0 || time.Since(began) > time.Second {
		t.Error("it waits although the connection lasted")
	}
}

func TestEightFailedAttemptsCloseAnInvite(t *testing.T) {
	refused := make(codes, 32)
	hosting := hosted(t, HostOptions{Refused: refused.add})
	for range 8 {
		f := forgedGuest(t, hosting)
		if offer := next(f); offer["random"] == nil {
			t.Fatal("no offer:", offer)
		}
		f.say("null")
		refused.expect(t, CodeClosed)
	}
	joining := joined(t, hosting.Invite(), JoinOptions{})
	if err := endOf(t, joining.core); !has(err, CodeAttempts) {
		t.Error(err)
	}
	refused.expect(t, CodeAttempts)
	later := time.Now().Add(forgetAfter)
	hosting.attempts.mu.Lock()
	hosting.attempts.now = func() time.Time { return later }
	hosting.attempts.mu.Unlock()
	joined(t, hosting.Invite(), JoinOptions{})
	peerOf(t, hosting.core)
}

// next returns the next value that is not empty.
func next(f *forger) object {
	for value := range f.values {
		if len(value) > 1 || value["seq"] == nil {
			return value
		}
	}
	return nil
}

func TestANinthGuestWaitsForItsTurn(t *testing.T) {
	refused := make(codes, 32)
	hosting := hosted(t, HostOptions{Refused: refused.add, timeouts: brief(func(limits *timeouts) { limits.waiting = 20 * time.Millisecond })})
	var first *forger
	for range 8 {
		f := forgedGuest(t, hosting)
		next(f)
		if first == nil {
			first = f
		}
	}
	joining := joined(t, hosting.Invite(), JoinOptions{timeouts: brief(func(limits *timeouts) { limits.answer = 2 * time.Second })})
	waits := joining.core.all()[0]
	eventually(t, "a sign that the host is there", func() bool {
		told := make(chan int64, 1)
		waits.loop.do(func() { told <- waits.router.received })
		return <-told > 1
	})
	// One that is over makes room. It has failed too, which is forgotten here, as after ten minutes.
	hosting.attempts.mu.Lock()
	hosting.attempts.failed = -failedAttempt
	hosting.attempts.mu.Unlock()
	first.say("null")
	peerOf(t, joining.core)
}

func TestAConnectedCallSurvivesTheServer(t *testing.T) {
	target, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }, FlushInterval: -1})
	hosting := hostedAt(t, proxy.URL, HostOptions{HTTPClient: &http.Client{Transport: &http.Transport{}}})
	joining := joined(t, hosting.Invite(), JoinOptions{HTTPClient: &http.Client{Transport: &http.Transport{}}})
	guest, host := peerOf(t, hosting.core), peerOf(t, joining.core)
	eventually(t, "the control channel", func() bool { return onControl(guest) && onControl(host) })
	proxy.CloseClientConnections()
	proxy.Close()
	tracks := make(chan string, 1)
	host.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) { tracks <- track.Kind().String() })
	sendAudio(t, guest)
	if kind := <-tracks; kind != "audio" {
		t.Error(kind)
	}
	go joining.Close(waiting(t))
	await(t, "the goodbye", guest.Closed())
	if guest.Err() != nil {
		t.Error(guest.Err())
	}
}

func onControl(peer *Peer) bool {
	told := make(chan bool, 1)
	peer.link().loop.do(func() { told <- peer.link().router.way() == overConnection })
	return <-told
}

func TestWithoutItsBoxAHostKeepsItsGuests(t *testing.T) {
	hosting, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	if err := hosting.own.Delete(waiting(t)); err != nil {
		t.Fatal(err)
	}
	if err := endOf(t, hosting.core); !has(err, CodeGone) {
		t.Error(err)
	}
	guest.Channel().SendText("still here")
	if heard(t, host, 1)[0] != "still here" || guest.Err() != nil {
		t.Error(guest.Err())
	}
}
