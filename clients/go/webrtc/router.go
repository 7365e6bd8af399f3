package call

import (
	"encoding/json"
)

// The two ways to the other side.
const (
	throughBoxes = iota
	overConnection
)

const (
	maxUnseen      = 256
	maxUnseenBytes = 1 << 20
)

// A router numbers the values that this side sends, and chooses their way: over the connection, or through the boxes.
// Whenever the way changes, it repeats what has not been sent there yet and has not been seen. So neither way has gaps,
// whatever the other delays or loses. It belongs to a loop.
type router struct {
	send [2]func(seq int64, value object) // one for each way

	path     bool // the connection has a network path
	answered bool // the other side has sent seen, so it has a control channel
	without  bool // too much was unseen before its first seen: it counts as a side without one

	sent     int64
	sentOn   [2]int64 // the highest number sent on each way
	unseen   []numbered
	bytes    int
	received int64
}

type numbered struct {
	seq   int64
	value object
	size  int
}

func (r *router) way() int {
	if r.path && r.answered && !r.without {
		return overConnection
	}
	return throughBoxes
}

// submit sends a value. After the other side's first seen, leaving too much unseen is an error.
func (r *router) submit(value object) error {
	r.sent++
	size := 0
	for name, member := range value {
		size += len(name) + len(member)
	}
	r.unseen = append(r.unseen, numbered{r.sent, value, size})
	r.bytes += size
	r.flush()
	if len(r.unseen) <= maxUnseen && r.bytes <= maxUnseenBytes {
		return nil
	}
	if r.answered && !r.without {
		return refuse(CodeFull)
	}
	r.without, r.unseen, r.bytes = true, nil, 0
	return nil
}

// flush sends what is still to be sent on the present way.
func (r *router) flush() {
	way := r.way()
	for _, next := range r.unseen {
		if next.seq > r.sentOn[way] {
			r.sentOn[way] = next.seq
			r.send[way](next.seq, next.value)
		}
	}
}

func (r *router) setPath(path bool) {
	r.path = path
	r.flush()
}

// seen takes the other side's report.
func (r *router) seen(seq int64) error {
	if seq > r.sent {
		return refuse(CodeFormat)
	}
	for len(r.unseen) > 0 && r.unseen[0].seq <= seq {
		r.bytes -= r.unseen[0].size
		r.unseen = r.unseen[1:]
	}
	r.answered = true
	r.flush()
	return nil
}

// receive reports whether a value is the next one. One without a number, which only the boxes may bring, always is.
func (r *router) receive(value object, numbered bool) (fresh bool, err error) {
	if _, found := value["seq"]; !found && !numbered {
		return true, nil
	}
	seq, ok := value.number("seq")
	switch {
	case !ok:
		return false, refuse(CodeFormat)
	case seq <= r.received:
		return false, nil
	case seq > r.received+1:
		return false, refuse(CodeOrder)
	}
	r.received = seq
	return true, nil
}

// withNumber returns the JSON text of a value with its number and further members.
func withNumber(seq int64, value object, more object) json.RawMessage {
	members := object{"seq": encode(seq)}
	for name, member := range value {
		members[name] = member
	}
	for name, member := range more {
		members[name] = member
	}
	return encode(members)
}
