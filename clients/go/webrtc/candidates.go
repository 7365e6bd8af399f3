package call

import (
	"encoding/json"
	"strings"

	"github.com/pion/webrtc/v4"
)

const (
	maxCandidates    = 100 // between two ICE restarts: each costs this side a flood of connectivity checks
	maxCandidateText = 4_096
	maxName          = 256 // of a section or an ICE session
)

// parseCandidate accepts a flat object of strings and numbers. Anything else is no candidate.
func parseCandidate(value json.RawMessage) (webrtc.ICECandidateInit, bool) {
	var init webrtc.ICECandidateInit
	var flat struct {
		Candidate *string  `json:"candidate"`
		Mid       *string  `json:"sdpMid"`
		Line      *float64 `json:"sdpMLineIndex"`
		Fragment  *string  `json:"usernameFragment"`
	}
	if json.Unmarshal(value, &flat) != nil || flat.Candidate == nil || len(*flat.Candidate) > maxCandidateText {
		return init, false
	}
	if flat.Mid != nil && len(*flat.Mid) > maxName || flat.Fragment != nil && len(*flat.Fragment) > maxName {
		return init, false
	}
	init = webrtc.ICECandidateInit{Candidate: *flat.Candidate, SDPMid: flat.Mid, UsernameFragment: flat.Fragment}
	if flat.Line != nil {
		line := uint16(*flat.Line)
		init.SDPMLineIndex = &line
	}
	return init, true
}

// remoteCandidates counts the other side's candidates, inside its descriptions and on their own. One beyond the limit is
// ignored, which leaves fewer paths to try.
type remoteCandidates struct {
	known    map[string]bool
	sessions map[string]bool
}

// limit returns the description with as many candidates as are admitted. A description in which every ICE session is
// new is a restart, at which pion forgets the candidates too.
func (c *remoteCandidates) limit(sdp string) (limited string, restarted bool) {
	lines := strings.SplitAfter(sdp, "\n")
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

// admit reports whether a candidate is within the limit. One that is known already costs nothing.
func (c *remoteCandidates) admit(text string) bool {
	if c.known[text] {
		return true
	}
	if len(text) > maxCandidateText || len(c.known) >= maxCandidates {
		return false
	}
	if c.known == nil {
		c.known = map[string]bool{}
	}
	c.known[text] = true
	return true
}
