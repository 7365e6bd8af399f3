package sealing

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Commit returns how the guest commits to its opening and its fingerprint before it knows the host's.
func Commit(opening, guestFingerprint string) string {
	sum := sha256.Sum256([]byte(join("commitment", opening, guestFingerprint)))
	return canonical.EncodeToString(sum[:])
}

// CheckCommitment returns an error if the opening has the wrong form, or does not match the commitment.
func CheckCommitment(commitment, opening, guestFingerprint string) error {
	if _, err := parseNonce(opening); err != nil || Commit(opening, guestFingerprint) != commitment {
		return ErrFingerprint
	}
	return nil
}

// CheckRandom returns an error if the host's random number has the wrong form.
func CheckRandom(random string) error {
	_, err := parseNonce(random)
	return err
}

// Code returns the short code that two people compare; both sides get the same digits.
func (s *Session) Code(opening, random, hostFingerprint, guestFingerprint string) string {
	derived := s.key.derive(s.salt, 8, "code", opening, random, hostFingerprint, guestFingerprint, s.key.HostDrop(), s.guestDrop)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(derived)%1_000_000)
}

var (
	fingerprintLine = regexp.MustCompile(`^a=fingerprint:((?:sha-256 (?:[\dA-F]{2}:){31}|sha-384 (?:[\dA-F]{2}:){47}|sha-512 (?:[\dA-F]{2}:){63})[\dA-F]{2})$`)
	lineEnd         = regexp.MustCompile(`\r?\n`)
)

// Fingerprint returns the fingerprints of a description: all distinct ones, sorted and joined by commas. A line that
// names one in any other form makes the description unacceptable: it could be the line that a browser uses.
func Fingerprint(sdp string) (string, error) {
	var found []string
	for _, line := range lineEnd.Split(sdp, -1) {
		if !strings.Contains(strings.ToLower(line), "fingerprint") {
			continue
		}
		match := fingerprintLine.FindStringSubmatch(line)
		if match == nil {
			return "", ErrFingerprint
		}
		found = append(found, match[1])
	}
	if len(found) == 0 {
		return "", ErrFingerprint
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), ","), nil
}
