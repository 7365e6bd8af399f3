package call

import (
	"encoding/json"
	"math"
	"net"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/pion/webrtc/v4"
)

const (
	maxCandidates    = 100 // between two ICE restarts: each costs this side a flood of connectivity checks
	maxAddresses     = 200 // that pion checks, including those from which the other side was only seen to check
	maxCandidateText = 4_096
	maxName          = 256 // of a section or an ICE session
)

// withEnd is a line with what ends it: for pion, too, a carriage return alone ends a line.
var withEnd = regexp.MustCompile(`[^\r\n]*[\r\n]+|[^\r\n]+$`)

// parseCandidate accepts a flat object of strings and numbers. Anything else is no candidate.
func parseCandidate(value json.RawMessage) (init webrtc.ICECandidateInit, ok bool) {
	members, isObject := parseObject(value)
	text, isText := members.text("candidate")
	if !isObject || !isText || len(text) > maxCandidateText || !members.isFlat() {
		return init, false
	}
	mid, hasMid := members.name("sdpMid")
	fragment, hasFragment := members.name("usernameFragment")
	if !hasMid || !hasFragment {
		return init, false
	}
	init = webrtc.ICECandidateInit{Candidate: text, SDPMid: mid, UsernameFragment: fragment}
	if members.has("sdpMLineIndex") {
		number, isNumber := members.number("sdpMLineIndex")
		if !isNumber || number > math.MaxUint16 {
			return init, false
		}
		line := uint16(number)
		init.SDPMLineIndex = &line
	}
	return init, true
}

// has reports whether there is a member other than null.
func (o object) has(name string) bool {
	value, found := o[name]
	return found && string(value) != "null"
}

// isFlat reports whether all members are strings, numbers or null.
func (o object) isFlat() bool {
	for name, value := range o {
		if o.has(name) && strings.ContainsRune("{[tf", rune(value[0])) {
			return false
		}
	}
	return true
}

// name returns a member that names something, if there is one.
func (o object) name(member string) (name *string, ok bool) {
	if !o.has(member) {
		return nil, true
	}
	text, isText := o.text(member)
	return &text, isText && len(text) <= maxName
}

// remoteCandidates counts the other side's candidates, inside its descriptions and on their own. One beyond the limit is
// ignored, which leaves fewer paths to try.
type remoteCandidates struct {
	known     map[string]bool
	sessions  map[string]bool
	addresses atomic.Int64
}

// admitAddress counts an address that pion is about to check. The other side can make it check any number of them,
// without naming a candidate, by sending checks from there.
func (c *remoteCandidates) admitAddress(net.IP) bool { return c.addresses.Add(1) <= maxAddresses }

// limit returns the description with as many candidates as are admitted. A description in which every ICE session is
// new is a restart, at which pion forgets the candidates too.
func (c *remoteCandidates) limit(sdp string) (limited string, restarted bool) {
	lines := withEnd.FindAllString(sdp, -1)
	sessions := map[string]bool{}
	restart := true
	for _, line := range lines {
		if name, found := strings.CutPrefix(strings.TrimSpace(line), "a=ice-ufrag:"); found {
			sessions[name] = true
			restart = restart && !c.sessions[name]
		}
	}
	if restart = restart && len(sessions) > 0; restart {
		c.known = nil
		c.addresses.Store(0)
	}
	c.sessions = sessions
	var kept strings.Builder
	for _, line := range lines {
		text, found := strings.CutPrefix(strings.TrimSpace(line), "a=")
		if !found || !strings.HasPrefix(text, "candidate:") || c.admit(text) {
			kept.WriteString(line)
		}
	}
	return kept.String(), restart
}

// admit reports whether a candidate is new and within the limit. pion would look up a known one again.
func (c *remoteCandidates) admit(text string) bool {
	if c.known[text] || len(text) > maxCandidateText || len(c.known) >= maxCandidates {
		return false
	}
	if c.known == nil {
		c.known = map[string]bool{}
	}
	c.known[text] = true
	return true
}
