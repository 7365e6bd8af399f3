package call

import (
	"encoding/json"
	"strconv"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// offer is the host's first value: its offer and its random number.
func (l *link) offer() {
	if l.over {
		return
	}
	l.offered = true
	l.agreement.random = sealing.NewNonce()
	if err := l.describe(object{"random": encode(l.agreement.random)}); err != nil {
		l.fail(err)
		return
	}
	l.awaitAnswer()
}

// negotiate makes another offer, if one can be made now. If not, pion asks again when the present one is answered.
func (l *link) negotiate() {
	if l.over || !l.described || l.pending != nil || l.connection.SignalingState() != webrtc.SignalingStateStable {
		return
	}
	if err := l.describe(object{}); err != nil {
		l.fail(err)
	}
}

// describe sends an offer, and what goes with it.
//
// The guest is polite, but pion cannot roll an offer back. So the guest applies its own only once it has been answered:
// if the host's comes first, there is nothing to roll back.
func (l *link) describe(value object) error {
	if l.role == sealing.Guest {
		l.nameSections()
	}
	options := &webrtc.OfferOptions{ICERestart: l.restart}
	options.ICETricklingSupported = true
	if l.restart {
		l.restarting()
	}
	offer, err := l.connection.CreateOffer(options)
	if err != nil {
		return &Error{CodeDescription, err}
	}
	l.restart = false
	if l.role == sealing.Guest {
		l.pending = &offer
	} else if err := l.connection.SetLocalDescription(offer); err != nil {
		return &Error{CodeDescription, err}
	}
	value["description"] = encode(map[string]string{"type": "offer", "sdp": offer.SDP})
	return l.trySubmit(value)
}

// nameSections gives new media sections names that the host's own cannot have: an offer of the host's that comes first
// would otherwise take over a section of another kind.
func (l *link) nameSections() {
	transceivers := l.connection.GetTransceivers()
	for i, transceiver := range transceivers {
		if transceiver.Mid() == "" {
			_ = transceiver.SetMid("g" + strconv.Itoa(i))
		}
	}
}

// takeDescription takes the other side's description, and answers if it is an offer.
func (l *link) takeDescription(value object, text json.RawMessage) error {
	found, err := parseDescription(text)
	if err != nil {
		return err
	}
	first := !l.described
	if first && l.role == sealing.Host && !l.offered {
		return refuse(CodeFormat)
	}
	if first {
		if err := l.agreement.first(l.role, l.session, value, found); err != nil {
			return err
		}
	} else if found.fingerprint != l.agreement.fingerprint {
		return refuse(CodeFingerprint)
	}
	if found.kind == webrtc.SDPTypeOffer && l.role == sealing.Host && l.connection.SignalingState() != webrtc.SignalingStateStable {
		return nil // at the same time as this side's: the guest gives way
	}
	if err := l.apply(found); err != nil {
		return &Error{CodeDescription, err}
	}
	if first {
		l.awaitPath()
	}
	if found.kind == webrtc.SDPTypeOffer {
		return l.answer(first, found.sdp)
	}
	if l.restart {
		l.negotiate()
	}
	return nil
}

func (l *link) apply(found description) error {
	if pending := l.pending; pending != nil {
		l.pending = nil
		if found.kind == webrtc.SDPTypeAnswer {
			if err := l.connection.SetLocalDescription(*pending); err != nil {
				return err
			}
		}
	}
	sdp, restarted := l.candidates.limit(found.sdp)
	if restarted && l.connected {
		l.restarting()
	}
	return l.connection.SetRemoteDescription(webrtc.SessionDescription{Type: found.kind, SDP: sdp})
}

func (l *link) answer(first bool, offer string) error {
	options := &webrtc.AnswerOptions{}
	options.ICETricklingSupported = true
	answer, err := l.connection.CreateAnswer(options)
	if err != nil {
		return &Error{CodeDescription, err}
	}
	if err := l.connection.SetLocalDescription(answer); err != nil {
		return &Error{CodeDescription, err}
	}
	sdp, again := settle(answer.SDP, offer)
	value := object{"description": encode(map[string]string{"type": "answer", "sdp": sdp})}
	if first {
		value["opening"] = encode(l.agreement.opening)
	}
	err = l.trySubmit(value)
	if err == nil && again {
		l.negotiate()
	}
	return err
}

// awaitPath waits for a connection, now that the other side has described its end.
func (l *link) awaitPath() {
	l.described = true
	l.answering.stop()
	l.connecting = l.loop.after(l.core.timeouts.ice, l.noPath)
}

func (l *link) noPath() {
	if l.relayed {
		l.fail(refuse(CodeNoPathWithTURN))
	} else {
		l.fail(refuse(CodeNoPath))
	}
}
