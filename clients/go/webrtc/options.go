package call

import (
	"errors"
	"net/http"
	"time"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/pion/webrtc/v4"
)

// HostOptions are the options of [Host]. The zero value, like nil, means the defaults.
type HostOptions struct {
	// Page is the page that the invite opens; by default, the one at the base of the box routes.
	Page string
	// MaxGuests is the maximum number of guests at a time; by default 16.
	MaxGuests int
	// Refused is called for each guest or message that is refused, usually with an [*Error]. The call continues. It
	// must not block.
	Refused func(error)

	// Prepare is called with each new connection before negotiation starts, for example to add tracks. An error ends
	// the attempt.
	Prepare func(*webrtc.PeerConnection) error
	// ICEServers are the STUN and TURN servers to use; by default, those that the server offers to anyone who has the
	// invite. An empty slice means none.
	ICEServers []webrtc.ICEServer
	// Configuration is anything else for the connections. Its ICEServers and Certificates are ignored.
	Configuration webrtc.Configuration
	// API makes pion's API for each connection, by default webrtc.NewAPI(webrtc.WithSettingEngine(settings)). Use it for
	// codecs or network settings of your own: change these settings, and pass them on. Their BufferFactory and remote IP
	// filter limit what the other side can make this one keep and check; without them, nothing does.
	API func(settings webrtc.SettingEngine) *webrtc.API
	// Timeout is how long to wait for the other side to answer; by default 30 seconds.
	Timeout time.Duration
	// NoCompare says that nobody compares codes: attempts to join are not counted.
	NoCompare bool
	// HTTPClient makes the requests; by default, http.DefaultClient.
	HTTPClient *http.Client
	// Header is sent with every request, for example with Authorization.
	Header http.Header

	timeouts *timeouts // for tests
}

// JoinOptions are the options of [Join]. The zero value, like nil, means the defaults.
type JoinOptions struct {
	// Server is the base URL of the box routes. It is required with Header; an invite for any other server is refused.
	Server string

	// Prepare is called with each new connection before negotiation starts, for example to add tracks. An error ends
	// the call.
	Prepare func(*webrtc.PeerConnection) error
	// ICEServers are the STUN and TURN servers to use; by default, those that the server offers to anyone who has the
	// invite. An empty slice means none.
	ICEServers []webrtc.ICEServer
	// Configuration is anything else for the connection. Its ICEServers and Certificates are ignored.
	Configuration webrtc.Configuration
	// API makes pion's API for each connection, by default webrtc.NewAPI(webrtc.WithSettingEngine(settings)). Use it for
	// codecs or network settings of your own: change these settings, and pass them on. Their BufferFactory and remote IP
	// filter limit what the other side can make this one keep and check; without them, nothing does.
	API func(settings webrtc.SettingEngine) *webrtc.API
	// Timeout is how long to wait for the other side to answer; by default 30 seconds.
	Timeout time.Duration
	// NoCompare says that nobody compares codes: a guest whose connection breaks may join again any number of times.
	NoCompare bool
	// HTTPClient makes the requests; by default, http.DefaultClient.
	HTTPClient *http.Client
	// Header is sent with every request, for example with Authorization.
	Header http.Header

	timeouts *timeouts // for tests
}

// commonOptions are what both sides have, with the defaults filled in.
type commonOptions struct {
	prepare       func(*webrtc.PeerConnection) error
	iceServers    []webrtc.ICEServer
	configuration webrtc.Configuration
	api           func(webrtc.SettingEngine) *webrtc.API
	noCompare     bool
	timeouts      timeouts
	box           signalbox.Options
}

func (o *HostOptions) common(server string) (commonOptions, error) {
	common := commonOptions{o.Prepare, o.ICEServers, o.Configuration, o.API, o.NoCompare, defaultTimeouts, signalbox.Options{Server: server, HTTPClient: o.HTTPClient, Header: o.Header}}
	if o.MaxGuests < 0 {
		return common, errors.New("signalbox: HostOptions.MaxGuests must not be negative")
	}
	return common, common.limitWaiting(o.timeouts, o.Timeout)
}

func (o *JoinOptions) common(server string) (commonOptions, error) {
	common := commonOptions{o.Prepare, o.ICEServers, o.Configuration, o.API, o.NoCompare, defaultTimeouts, signalbox.Options{Server: server, HTTPClient: o.HTTPClient, Header: o.Header}}
	if o.Header != nil && o.Server == "" {
		return common, errors.New("signalbox: JoinOptions.Header requires JoinOptions.Server")
	}
	return common, common.limitWaiting(o.timeouts, o.Timeout)
}

func (c *commonOptions) limitWaiting(own *timeouts, timeout time.Duration) error {
	if timeout < 0 {
		return errors.New("signalbox: Timeout must not be negative")
	}
	if own != nil {
		c.timeouts = *own
	}
	if timeout > 0 {
		c.timeouts.answer = timeout
	}
	return nil
}
