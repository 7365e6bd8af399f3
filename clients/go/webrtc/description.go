package call

import (
	"regexp"
	"strconv"
	"strings"
)

// The limits on descriptions. libwebrtc takes quadratic or cubic time for some kinds of lines, and what this side
// accepts, it may pass on.
const (
	maxLines           = 16_384
	maxSections        = 64
	maxSources         = 2_048
	maxFormats         = 128
	maxFormatText      = 16_384
	maxFeedback        = 128
	minMaxMessageSize  = 49_152
	maxMessageSizeLine = "a=max-message-size:"
)

var (
	lineEnd     = regexp.MustCompile(`\r\n|\r|\n`)
	messageSize = regexp.MustCompile(`^\d{1,15}$`)
)

// checkDescription returns CALL_ERR_DESCRIPTION if a description exceeds a limit.
func checkDescription(sdp string) error {
	lines := lineEnd.Split(sdp, maxLines+2)
	if len(lines) > maxLines+1 || len(lines) == maxLines+1 && lines[maxLines] != "" {
		return refuse(CodeDescription)
	}
	sections, sources, section := 0, 0, descriptionSection{}
	for _, line := range lines {
		switch {
		case strings.HasPrefix(line, "m="):
			sections++
			section = descriptionSection{types: max(0, len(strings.Fields(line))-3)}
		case strings.HasPrefix(line, "a=ssrc:"):
			sources++
		case strings.HasPrefix(line, maxMessageSizeLine):
			if !soundMessageSize(strings.TrimPrefix(line, maxMessageSizeLine)) {
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

func soundMessageSize(text string) bool {
	size, err := strconv.Atoi(text)
	return err == nil && messageSize.MatchString(text) && (size == 0 || size >= minMaxMessageSize)
}

type descriptionSection struct{ types, formats, formatText, feedback int }

func (s *descriptionSection) count(line string) {
	switch {
	case strings.HasPrefix(line, "a=fmtp:"):
		s.formats++
		s.formatText += len(line)
	case strings.HasPrefix(line, "a=rtcp-fb:*"):
		s.feedback += max(1, s.types)
	case strings.HasPrefix(line, "a=rtcp-fb:"):
		s.feedback++
	}
}

func (s *descriptionSection) exceeds() bool {
	return s.formats > maxFormats || s.formatText > maxFormatText || s.feedback > maxFeedback
}
