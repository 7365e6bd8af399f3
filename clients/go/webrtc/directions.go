package call

import "strings"

// settle makes an answer of pion's agree with the offer: pion would send on a section on which the other side only
// sends, and consider that negotiated. again is whether this side has to make an offer of its own to do so.
func settle(answer, offer string) (settled string, again bool) {
	offered := directions(offer)
	lines := strings.SplitAfter(answer, "\n")
	section := -1
	for i, line := range lines {
		if strings.HasPrefix(line, "m=") {
			section++
		}
		if section < 0 || section >= len(offered) || offered[section] != "sendonly" && offered[section] != "inactive" {
			continue
		}
		switch text := strings.TrimSpace(line); text {
		case "a=sendrecv", "a=sendonly":
			allowed := "a=recvonly"
			if text == "a=sendonly" || offered[section] == "inactive" {
				allowed = "a=inactive"
			}
			lines[i] = strings.Replace(line, text, allowed, 1)
			again = true
		}
	}
	return strings.Join(lines, ""), again
}

// directions returns the direction of each media section of a description.
func directions(sdp string) []string {
	var found []string
	session := "sendrecv"
	for _, line := range strings.Split(sdp, "\n") {
		text := strings.TrimSpace(line)
		switch text {
		case "a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive":
			if len(found) == 0 {
				session = text[2:]
			} else {
				found[len(found)-1] = text[2:]
			}
		}
		if strings.HasPrefix(text, "m=") {
			found = append(found, session)
		}
	}
	return found
}
