package call

import (
	"encoding/json"
	"sync"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

const (
	maxWaitingValues = 1_024
	maxWaitingBytes  = 2 << 20
	maxBatch         = maxText + 2 // a value in a batch of its own
)

// An inbox opens what the other side says in one session, and gives its values to the loop, in order. Only the reader of
// the box uses it, except for read.
type inbox struct {
	session *sealing.Session
	puzzle  puzzle
	arrived int // the sealed size of the parts of a batch

	mu     sync.Mutex
	values int // waiting in the loop
	bytes  int
}

// An arrival is what one message brought or completed: values, or the end of the conversation.
type arrival struct {
	values []json.RawMessage
	bytes  int
	ended  bool
	reason Code // "" means that the other side left
}

func (i *inbox) open(message sealing.Message) (arrival, error) {
	text, err := i.session.Open(message, isEndingWithReason)
	if err != nil {
		return arrival{}, asError(err)
	}
	i.arrived += len(message.Sealed)
	if reason, ended := endingOf(text); ended {
		return arrival{ended: true, reason: reason}, nil
	}
	if members, ok := parseObject(text); ok {
		if text, err = i.puzzle.add(members, maxBatch); text == nil {
			return arrival{}, err
		}
	} else if i.puzzle.open {
		return arrival{}, refuse(CodeFormat)
	}
	var values []json.RawMessage
	if len(text) == 0 || text[0] != '[' || json.Unmarshal(text, &values) != nil {
		return arrival{}, refuse(CodeFormat)
	}
	found := arrival{values: values, bytes: i.arrived}
	i.arrived = 0
	return i.count(found)
}

func (i *inbox) count(found arrival) (arrival, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.values += len(found.values)
	i.bytes += found.bytes
	if i.values > maxWaitingValues || i.bytes > maxWaitingBytes {
		return arrival{}, refuse(CodeFull)
	}
	return found, nil
}

// read says that the loop has handled an arrival.
func (i *inbox) read(found arrival) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.values -= len(found.values)
	i.bytes -= found.bytes
}

func isEndingWithReason(text json.RawMessage) bool {
	_, ended := endingOf(text)
	return ended && string(text) != "null"
}

// endingOf returns the reason of an ending; "" means that the other side left.
func endingOf(text json.RawMessage) (reason Code, ended bool) {
	if string(text) == "null" {
		return "", true
	}
	members, _ := parseObject(text)
	if _, found := members["ended"]; !found {
		return "", false
	}
	return reasonIn(members), true
}

// reasonIn returns the code in an ending. Anything other than a code that may be shared counts as CALL_ERR_CLOSED.
func reasonIn(members object) Code {
	reason, _ := members.text("ended")
	return shareable(Code(reason))
}

// ending is what to send as the end of a conversation: without a reason, this side leaves.
func ending(reason *Error) json.RawMessage {
	if reason == nil {
		return json.RawMessage("null")
	}
	return encode(map[string]any{"ended": shareable(reason.Code)})
}
