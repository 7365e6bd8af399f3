package call

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// An object is the members of a JSON object. Unlike with a struct, names have to match in case, too.
type object map[string]json.RawMessage

func parseObject(text []byte) (object, bool) {
	var members object
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) || json.Unmarshal(text, &members) != nil {
		return nil, false
	}
	return members, true
}

// text returns a member that is a string.
func (o object) text(name string) (string, bool) {
	var text string
	value := o[name]
	if len(value) == 0 || value[0] != '"' || json.Unmarshal(value, &text) != nil {
		return "", false
	}
	return text, true
}

// number returns a member that is a whole number and not negative; -0 is 0.
func (o object) number(name string) (int64, bool) {
	var number float64
	value := o[name]
	if len(value) == 0 || !strings.ContainsRune("-0123456789", rune(value[0])) || json.Unmarshal(value, &number) != nil || number < 0 {
		return 0, false
	}
	whole := int64(min(number, 1<<53))
	return whole, float64(whole) == number && whole < 1<<53
}

// piece returns the bytes of a part of a message, of which there is at least one, and whether more follow.
func (o object) piece() (part []byte, more, ok bool) {
	text, isText := o.text("piece")
	if !isText || json.Unmarshal(o["more"], &more) != nil || bytes.Equal(o["more"], []byte("null")) {
		return nil, false, false
	}
	part, ok = fromBase64url(text)
	return part, more, ok && len(part) > 0
}

var canonical = base64.RawURLEncoding.Strict()

func fromBase64url(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") { // which the decoder would skip
		return nil, false
	}
	decoded, err := canonical.DecodeString(text)
	return decoded, err == nil
}

// encode returns JSON text in which a line of a description stays as it is.
func encode(value any) json.RawMessage {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // all values are this package's own
	}
	return bytes.TrimSpace(text.Bytes())
}

const (
	maxWhole  = 32_768  // a longer JSON text is sent in parts
	partBytes = 32_000  // which fits into a message of 64 KiB once it is sealed
	maxText   = 524_288 // of a value
)

// parts cuts a text that is too long for one message.
func parts(text []byte) []map[string]any {
	var cut []map[string]any
	for len(text) > partBytes {
		cut = append(cut, map[string]any{"piece": canonical.EncodeToString(text[:partBytes]), "more": true})
		text = text[partBytes:]
	}
	return append(cut, map[string]any{"piece": canonical.EncodeToString(text), "more": false})
}

// trim removes the white space that JSON allows around a value.
func trim(text []byte) []byte { return bytes.Trim(text, " \t\r\n") }

// A puzzle puts parts together again.
type puzzle struct {
	text []byte
	open bool // more parts follow
}

// add returns the whole text with the last part, and nil before that.
func (p *puzzle) add(members object, limit int) ([]byte, error) {
	part, more, ok := members.piece()
	if !ok {
		return nil, refuse(CodeFormat)
	}
	if len(p.text)+len(part) > limit {
		return nil, refuse(CodeTooLarge)
	}
	p.text, p.open = append(p.text, part...), more
	if more {
		return nil, nil
	}
	text := p.text
	p.text = nil
	text = trim(text)
	if len(text) == 0 || !utf8.Valid(text) {
		return nil, refuse(CodeFormat)
	}
	return text, nil
}
