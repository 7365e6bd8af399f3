package call

import (
	"regexp"
	"strconv"
	"strings"
)

// The limits on descriptions. libwebrtc and pion take quadratic or cubic time for some kinds of lines, and every
// implementation has the same limits.
const (
	maxLines      = 16_384
	maxSections   = 64
	maxSources    = 2_048
	maxFormats    = 128
	maxFormatText = 16_384
	maxFeedback   = 128
	minSize       = 49_152
)

var (
	lineEnds    = regexp.MustCompile(`[\r\n]+`)
	messageSize = regexp.MustCompile(`^a=max-message-size:(\d{1,15})$`)
)

// checkDescription returns CALL_ERR_DESCRIPTION if a description exceeds a limit.
func checkDescription(sdp string) error {
	lines := lineEnds.Split(strings.TrimRight(sdp, "\r\n"), maxLines+1)
	if len(lines) > maxLines {
		return refuse(CodeDescription)
	}
	sections, sources, section := 0, 0, section{formats: 1, mapped: map[string]bool{}}
	for _, line := range lines {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "m="):
			sections++
			section.begin(line)
		case strings.HasPrefix(line, "a=ssrc"):
			sources++
		case strings.Contains(strings.ToLower(line), "max-message-size"):
			if !soundSize(line) {
				return refuse(CodeDescription)
			}
		default:
			section.count(line)
		}
		if sections > maxSections || sources > maxSources || section.exceeds() {
			return refuse(CodeDescription)
		}
	}
	return nil
}

// soundSize reports whether a line names a size that has room for the longest message on the control channel; 0 means
// any size.
func soundSize(line string) bool {
	match := messageSize.FindStringSubmatch(line)
	if match == nil {
		return false
	}
	size, err := strconv.Atoi(match[1])
	return err == nil && (size == 0 || size >= minSize)
}

// A section is what has been counted in one media section.
type section struct {
	formats, parameters, parameterText, feedback int
	repeated                                     bool // a format is listed or mapped twice, which would double its feedback
	mapped                                       map[string]bool
}

func (s *section) begin(line string) {
	fields := strings.Fields(line)
	formats := fields[min(3, len(fields)):]
	*s = section{formats: max(1, len(formats)), mapped: map[string]bool{}}
	listed := map[string]bool{}
	for _, format := range formats[:min(maxFormats, len(formats))] {
		s.note(listed, format)
	}
}

// note notes a format, of which there should be only one.
func (s *section) note(known map[string]bool, format string) {
	format = strings.TrimLeft(format, "0") // 096 is 96
	s.repeated = s.repeated || known[format]
	known[format] = true
}

func (s *section) count(line string) {
	switch {
	case strings.HasPrefix(line, "a=rtpmap:"):
		format, _, _ := strings.Cut(strings.TrimSpace(line[len("a=rtpmap:"):]), " ")
		s.note(s.mapped, format)
	case strings.HasPrefix(line, "a=fmtp"):
		s.parameters++
		s.parameterText += len(line)
	case strings.HasPrefix(line, "a=rtcp-fb") && strings.Contains(line, "*"):
		s.feedback += s.formats // one line becomes one for each of them
	case strings.HasPrefix(line, "a=rtcp-fb"):
		s.feedback++
	}
}

func (s *section) exceeds() bool {
	return s.repeated || s.formats > maxFormats || s.parameters > maxFormats || s.parameterText > maxFormatText || s.feedback > maxFeedback
}
