package signalbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// An answer is the body of a successful response. sound reports whether it has what the contract promises: something
// other than the box server may have responded, or the box server to another request, after a redirect.
type answer interface{ sound() bool }

// decode is json.Unmarshal, except that an answer may know better.
func decode(body []byte, into any) error {
	if own, ok := into.(interface{ decode(body []byte) error }); ok {
		return own.decode(body)
	}
	return json.Unmarshal(body, into)
}

type created struct{ Type, Data, Drop string }

func (c created) sound() bool {
	return c.Type == "created" && strings.HasPrefix(c.Data, "box_") && capability.MatchString(c.Data) && strings.HasPrefix(c.Drop, "drop_") && capability.MatchString(c.Drop)
}

type ack struct {
	Type string
	Data *int
	Seq  int64
}

func (a ack) sound() bool { return a.Type == "ack" && a.Data != nil && *a.Data >= 0 && a.Seq > 0 }

type cursorAck struct {
	Type string
	Data *int
}

func (a cursorAck) sound() bool { return a.Type == "ack" && a.Data != nil && *a.Data >= 0 }

// nothing is the answer without a body.
type nothing struct{ hasBody bool }

func (n nothing) sound() bool { return !n.hasBody }

func (n *nothing) decode([]byte) error {
	n.hasBody = true
	return nil
}

type msgs struct {
	Type string
	Data []json.RawMessage
	Next *int64
}

func (m msgs) sound() bool {
	return m.Type == "msgs" && m.Data != nil && m.Next != nil && *m.Next >= int64(len(m.Data))
}

// decode leaves the messages as they are. json.Unmarshal would refuse the whole page for a single message that is
// nested too deeply for it.
func (m *msgs) decode(body []byte) error {
	members, err := split(body)
	if err != nil {
		return err
	}
	for _, member := range members {
		name, value, _ := bytes.Cut(member, []byte(":"))
		switch string(bytes.TrimSpace(name)) {
		case `"type"`:
			err = json.Unmarshal(value, &m.Type)
		case `"next"`:
			err = json.Unmarshal(value, &m.Next)
		case `"data"`:
			m.Data, err = elements(value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func elements(array []byte) ([]json.RawMessage, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(array), []byte("[")) {
		return nil, nil
	}
	texts, err := split(array)
	messages := make([]json.RawMessage, len(texts))
	for i, text := range texts {
		// A copy, so that one message does not keep the whole page in memory.
		messages[i] = bytes.Clone(text)
	}
	return messages, err
}

var errNotJSON = errors.New("it is incomplete, or neither an object nor an array")

// split returns the members of a JSON object, or the elements of an array, each as its text.
func split(text []byte) ([][]byte, error) {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || !bytes.Contains([]byte("{} []"), []byte{text[0], text[len(text)-1]}) {
		return nil, errNotJSON
	}
	text = text[1 : len(text)-1]
	var parts [][]byte
	start, depth, quoted, escaped := 0, 0, false, false
	for i, c := range text {
		switch {
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = c == '\\', c != '"'
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, bytes.TrimSpace(text[start:i]))
			start = i + 1
		}
		if depth < 0 {
			return nil, errNotJSON
		}
	}
	if depth != 0 || quoted {
		return nil, errNotJSON
	}
	if last := bytes.TrimSpace(text[start:]); len(last) > 0 {
		parts = append(parts, last)
	}
	return parts, nil
}
