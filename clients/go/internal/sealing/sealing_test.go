package sealing

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func TestAnInviteThatWasAlteredIsRefusedByName(t *testing.T) {
	v, _ := readVectors(t)
	for _, c := range []struct {
		from, to string
		expected error
	}{
		{"https://box.example", "ftp://box.example", ErrInvite},
		{v.Invite.Link, "not a link", ErrInvite},
		{"v=1&", "", ErrInvite},
		{"drop_", "box_", ErrInvite},
		{"v=1", "v=2", ErrInviteVersion},
		{"key=A", "key=B", ErrKey},
		{"key=A", "key=", ErrKey},
		{"&id=3", "&id=4", ErrKey},
		{"Hh8&", "Hh9&", ErrKey},
	} {
		link := strings.Replace(v.Invite.Link, c.from, c.to, 1)
		if _, err := ParseInvite(link); link == v.Invite.Link || err != c.expected {
			t.Errorf("%s: %v", link, err)
		}
	}
}

func TestAnInviteThatMeansTheSameIsAccepted(t *testing.T) {
	v, _ := readVectors(t)
	for _, link := range []string{
		strings.Replace(v.Invite.Link, "box.example", "BOX.example:443", 1),
		v.Invite.Link + "&from=50%",
		v.Invite.Link + "&key=other",
	} {
		if invite, err := ParseInvite(link); err != nil || invite.Server != "https://box.example/call" {
			t.Errorf("%s: %s, %v", link, invite.Server, err)
		}
	}
}

func TestTheFormOfAMessage(t *testing.T) {
	v, _ := readVectors(t)
	original := string(compact(t, v.Messages[1].Message))
	for _, c := range []struct {
		from, to string
		expected error
	}{
		{`"v":1`, `"v":1.0`, nil},
		{`"n":1`, `"n":1e0`, nil},
		{`"v":1`, `"v":"1"`, ErrFormat},
		{`"v":1`, `"v":0`, ErrVersion},
		{`"n":1`, `"n":-0`, ErrFormat},
		{`"n":1`, `"n":1.5`, ErrFormat},
		{`"n":1`, `"n":9007199254740992`, ErrFormat},
		{`"n":1`, `"n":1e999`, ErrFormat},
		{`"n":1`, `"n":null`, ErrFormat},
		{`"to":`, `"To":`, ErrFormat},
		{`"from":"host"`, `"from":"server"`, ErrFormat},
		{`"from":"host"`, `"from":null`, ErrFormat},
		{`"key":"`, `"key":"x`, ErrFormat},
		{`ubw","n"`, `ubw.","n"`, ErrFormat},
		{`"session":"`, `"session":"\n`, ErrFormat},
		{`"sealed":"`, `"sealed":"","x":"`, ErrFormat},
		{`"sealed":"`, `"sealed":"` + strings.Repeat("A", maxSealed), ErrTooLarge},
		{original, `[]`, ErrFormat},
		{original, `null`, ErrFormat},
	} {
		text := strings.Replace(original, c.from, c.to, 1)
		if _, err := ParseMessage([]byte(text)); text == original || err != c.expected {
			t.Errorf("%s: %v", c.to[:min(len(c.to), 40)], err)
		}
	}
}

func TestAMessageIsOpenedOnceAndInOrder(t *testing.T) {
	v, key := readVectors(t)
	host, guest := v.session(t, key, Host), v.session(t, key, Guest)
	var sealed []Message
	for n := range 4 {
		sealed = append(sealed, host.Seal(fmt.Appendf(nil, "[%d]", n)))
	}
	isEnding := func(value json.RawMessage) bool { return string(value) == "[3]" }
	for _, c := range []struct {
		message  Message
		expected error
	}{
		{sealed[1], ErrOrder},
		{sealed[0], nil},
		{sealed[0], ErrReplayed},
		{sealed[2], ErrOrder},
		{sealed[1], nil},
		{sealed[3], nil},
		{sealed[2], ErrReplayed},
	} {
		if _, err := guest.Open(c.message, isEnding); err != c.expected {
			t.Errorf("%d: %v", c.message.N, err)
		}
	}
}

func TestAChangeOfAnyMemberIsRefused(t *testing.T) {
	v, key := readVectors(t)
	sealed := v.session(t, key, Host).Seal([]byte(`["a"]`))
	for at := range sealed.Sealed {
		changed := sealed
		replacement := "A"
		if sealed.Sealed[at] == 'A' {
			replacement = "B"
		}
		changed.Sealed = sealed.Sealed[:at] + replacement + sealed.Sealed[at+1:]
		if _, err := v.session(t, key, Guest).Open(changed, nil); err != ErrChanged {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	other := v.session(t, NewKey(NewSecret(), v.HostDrop), Host).Seal([]byte(`["a"]`))
	other.Key = key.ID
	if _, err := v.session(t, key, Guest).Open(other, nil); err != ErrChanged {
		t.Error(err)
	}
	if _, err := v.session(t, key, Guest).Open(v.session(t, key, Host).Seal([]byte(`["a"`)), nil); err != ErrFormat {
		t.Error(err)
	}
}

func TestADoubtfulFingerprintIsRefused(t *testing.T) {
	v, _ := readVectors(t)
	line := "a=fingerprint:" + v.Code.HostFingerprint
	for _, sdp := range []string{
		"", "v=0", line + " ", " " + line, strings.ToLower(line), strings.ToUpper(line), line + ":00",
		strings.Replace(line, ":sha", ": sha", 1), strings.Replace(line, "sha-256", "sha-1", 1), line + "\ra=x", line + "\r\na=x-FingerPrint:1",
	} {
		if found, err := Fingerprint(sdp); err != ErrFingerprint {
			t.Errorf("%q: %s, %v", sdp, found, err)
		}
	}
	other := "a=fingerprint:" + v.Code.GuestFingerprint
	found, err := Fingerprint(other + "\n" + line + "\r\n" + other)
	if err != nil || found != v.Code.HostFingerprint+","+v.Code.GuestFingerprint {
		t.Error(found, err)
	}
}

func TestACommitmentAndARandomNumberHaveOneForm(t *testing.T) {
	c := func() vectors { v, _ := readVectors(t); return v }().Code
	for _, opening := range []string{"", c.Opening + "A", c.Opening[:21], NewNonce()} {
		if err := CheckCommitment(c.Commitment, opening, c.GuestFingerprint); err != ErrFingerprint {
			t.Errorf("%s: %v", opening, err)
		}
	}
	if err := CheckCommitment(c.Commitment, c.Opening, c.HostFingerprint); err != ErrFingerprint {
		t.Error(err)
	}
	if CheckRandom(c.Random) != nil || CheckRandom(c.Random+"A") != ErrFormat || CheckRandom("") != ErrFormat {
		t.Error("the form of a random number is not checked")
	}
}
