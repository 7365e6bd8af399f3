package call

import (
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// connect makes the connection with its two channels. Nothing is negotiated yet.
func (l *link) connect(servers []webrtc.ICEServer) error {
	configuration := l.core.configuration
	configuration.ICEServers = servers
	certificate, fingerprint, err := newCertificate()
	if err != nil {
		return err
	}
	configuration.Certificates = []webrtc.Certificate{certificate}
	l.agreement.own = fingerprint
	l.relayed = hasTURN(servers)
	connection, err := l.newAPI().NewPeerConnection(configuration)
	if err != nil {
		return err
	}
	l.connection = connection
	l.peer = newPeer(l)
	connection.OnTrack(l.peer.tracks.arrive)
	l.limitChannels()
	channel, err := l.open("signalbox", 0)
	if err != nil {
		return err
	}
	l.channel = newChannel(channel, func() { l.leave(refuse(CodeFull)) }, func() { l.loop.do(l.channelClosed) })
	control, err := l.openControl()
	if err != nil {
		return err
	}
	l.control = control
	l.watch()
	if l.core.prepare != nil {
		return l.core.prepare(connection)
	}
	return nil
}

// newAPI returns what makes this connection, with limits on what pion keeps of it.
func (l *link) newAPI() *webrtc.API {
	var settings webrtc.SettingEngine
	l.media.exceeded = func() { l.loop.do(func() { l.flood(errSources) }) }
	settings.BufferFactory = l.media.buffer
	settings.SetRemoteIPFilter(l.candidates.admitAddress)
	if l.core.api != nil {
		return l.core.api(settings)
	}
	return webrtc.NewAPI(webrtc.WithSettingEngine(settings))
}

// open makes a channel that both sides know of.
func (l *link) open(label string, id uint16) (*webrtc.DataChannel, error) {
	negotiated := true
	channel, err := l.connection.CreateDataChannel(label, &webrtc.DataChannelInit{Negotiated: &negotiated, ID: &id})
	if err != nil {
		return nil, err
	}
	channel.OnOpen(func() {
		l.loop.do(func() {
			if l.openings++; l.openings == 2 {
				l.opened()
			}
		})
	})
	return channel, nil
}

func (l *link) openControl() (*control, error) {
	channel, err := l.open(controlLabel, controlID)
	if err != nil {
		return nil, err
	}
	// A sender that sends faster than this side reads has to wait.
	channel.OnMessage(func(message webrtc.DataChannelMessage) {
		l.loop.wait(func() { l.hear(message) })
	})
	channel.OnClose(func() { l.loop.do(l.channelClosed) })
	return &control{channel: channel}, nil
}

// watch follows the connection. It leaves OnConnectionStateChange to the application.
func (l *link) watch() {
	l.connection.OnNegotiationNeeded(func() { l.loop.do(l.negotiate) })
	l.connection.OnICECandidate(func(candidate *webrtc.ICECandidate) {
		if candidate == nil {
			return
		}
		init := candidate.ToJSON()
		l.loop.do(func() {
			if !l.over {
				l.submit(object{"candidate": encode(init)})
			}
		})
	})
	dtls := l.connection.SCTP().Transport()
	dtls.ICETransport().OnConnectionStateChange(func(state webrtc.ICETransportState) {
		l.loop.do(func() { l.pathChanged(state) })
	})
	dtls.OnStateChange(func(state webrtc.DTLSTransportState) {
		if state == webrtc.DTLSTransportStateFailed {
			l.loop.do(l.handshakeFailed)
		}
	})
}

// opened says that both channels are open. Now the certificate can be compared.
func (l *link) opened() {
	if l.over {
		return
	}
	if err := checkCertificate(l.connection, l.agreement.fingerprint); err != nil {
		l.fail(err)
		return
	}
	l.agreed()
}

// agreed says that the connection is up, and uses the agreed certificate.
func (l *link) agreed() {
	l.connecting.stop()
	l.connected = true
	l.control.send(map[string]any{"type": "seen", "seq": l.router.received})
	l.loop.after(l.core.timeouts.compare, func() {
		if !l.over && !l.reading.Load() {
			l.conclude(false)
		}
	})
	l.core.connected(l)
	for _, message := range l.held {
		l.hear(message)
	}
	l.held = nil
}

// handshakeFailed tells a certificate other than the agreed one from a path that is too bad.
func (l *link) handshakeFailed() {
	if !l.over && !l.connected {
		if err := checkCertificate(l.connection, l.agreement.fingerprint); err != nil && err.(*Error).Code == CodeFingerprint {
			l.fail(err)
		}
	}
}

// hear takes a message on the control channel.
func (l *link) hear(message webrtc.DataChannelMessage) {
	if !l.connected && !l.over {
		l.heldBytes += len(message.Data)
		if len(l.held) > maxAtOnce || l.heldBytes > maxWaitingBytes {
			l.fail(refuse(CodeFull))
			return
		}
		l.held = append(l.held, message)
		return
	}
	kind, members, err := l.control.receive(message)
	if l.over {
		if err == nil && kind == "end" {
			l.once.Do(func() { close(l.otherEnd) })
		}
		return
	}
	if err == nil {
		err = l.obey(kind, members)
	}
	if err != nil {
		l.fail(err)
	}
}

func (l *link) obey(kind string, members object) error {
	switch kind {
	case "seen":
		seq, ok := members.number("seq")
		if !ok {
			return refuse(CodeFormat)
		}
		return l.router.seen(seq)
	case "signal":
		fresh, err := l.router.receive(members, true)
		if err != nil {
			return err
		}
		l.control.send(map[string]any{"type": "seen", "seq": l.router.received})
		if fresh {
			l.take(members)
		}
	case "end":
		reason := Code("")
		if _, found := members["ended"]; found {
			reason = reasonIn(members)
		}
		l.otherEnded(reason)
	}
	return nil
}

// pathChanged follows the network path. While it is restored, connecting changes nothing.
func (l *link) pathChanged(state webrtc.ICETransportState) {
	switch state {
	case webrtc.ICETransportStateConnected, webrtc.ICETransportStateCompleted:
		l.breaking.stop()
		l.restoring.stop()
		l.breaking, l.restoring = nil, nil
		l.router.setPath(true)
	case webrtc.ICETransportStateDisconnected:
		l.pathLost(false)
	case webrtc.ICETransportStateFailed:
		l.pathLost(true)
	}
}

func (l *link) pathLost(failed bool) {
	l.router.setPath(false)
	if l.over || !l.connected {
		return
	}
	if failed {
		l.breaking.stop()
		l.restore()
	} else if l.breaking == nil {
		l.breaking = l.loop.after(l.core.timeouts.disconnected, l.restore)
	}
}

// restore waits for another path. Only the host asks for one, so that the two do not do it at the same time.
func (l *link) restore() {
	l.restarting()
	if l.role == sealing.Host {
		l.restartICE()
	}
}

// restarting says that ICE restarts, here or on the other side. Unlike a browser, pion gives up the old path at once,
// so what comes next has to go through the boxes.
func (l *link) restarting() {
	l.router.setPath(false)
	if l.restoring == nil {
		l.restoring = l.loop.after(l.core.timeouts.reconnect, func() { l.fail(refuse(CodeLost)) })
	}
}

func (l *link) restartICE() {
	l.restart = true
	l.negotiate()
}
