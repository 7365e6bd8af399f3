package call

import (
	"encoding/json"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// A description is checked: its type is one of two, it is within the limits, and it has a fingerprint in its one form.
type description struct {
	kind        webrtc.SDPType
	sdp         string
	fingerprint string
}

func parseDescription(value json.RawMessage) (description, error) {
	members, ok := parseObject(value)
	if !ok {
		return description{}, refuse(CodeFormat)
	}
	kind, hasKind := members.text("type")
	sdp, hasSDP := members.text("sdp")
	if !hasKind || !hasSDP || kind != "offer" && kind != "answer" {
		return description{}, refuse(CodeFormat)
	}
	if err := checkDescription(sdp); err != nil {
		return description{}, err
	}
	fingerprint, err := sealing.Fingerprint(sdp)
	if err != nil {
		return description{}, asError(err)
	}
	return description{webrtc.NewSDPType(kind), sdp, fingerprint}, nil
}

// An agreement is how two sides agree on a short code, and on the fingerprints behind it. The guest commits to its
// own before it knows the host's, and the host's random number comes before the guest opens the commitment.
type agreement struct {
	own         string // this side's fingerprint
	commitment  string // the guest's, as the host got it
	random      string // the host's
	opening     string // the guest's
	fingerprint string // the other side's, once it is agreed
	code        string
}

// first takes the other side's first description and what came with it; the code is known after that.
func (a *agreement) first(role sealing.Role, session *sealing.Session, value object, found description) error {
	if role == sealing.Guest {
		random, ok := value.text("random")
		if found.kind != webrtc.SDPTypeOffer || !ok || sealing.CheckRandom(random) != nil {
			return refuse(CodeFormat)
		}
		a.fingerprint, a.random = found.fingerprint, random
		a.code = session.Code(a.opening, random, found.fingerprint, a.own)
		return nil
	}
	if found.kind != webrtc.SDPTypeAnswer {
		return refuse(CodeFormat)
	}
	opening, _ := value.text("opening")
	if err := sealing.CheckCommitment(a.commitment, opening, found.fingerprint); err != nil {
		return asError(err)
	}
	a.fingerprint = found.fingerprint
	a.code = session.Code(opening, a.random, a.own, found.fingerprint)
	return nil
}
