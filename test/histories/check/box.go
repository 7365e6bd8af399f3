package main

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
)

// A box in the plainest words there are. A value of this type never changes.
type box struct {
	exists   bool
	ttl      int64 // in ms
	deadline int64 // in ms since the epoch; it does not expire if no clock is in the history
	keep     int64 // in ms; 0 if it is no room
	last     int
	texts    []string
	times    []int64
	acks     []ack

	epoch   int   // how many turns of a clock were over before the last operation
	undo    *undo // what a failover may undo
	pending []int // operations without an answer that may still happen
}

// An ack is the first answer to a key.
type ack struct {
	key, value string
	seq, count int
}

// undo is the state before an operation that had not returned when its effect was surely on the replica.
type undo struct{ before box }

func (b box) equal(other box) bool {
	return b.holds(other) && b.epoch == other.epoch && slices.Equal(b.pending, other.pending) &&
		(b.undo == other.undo || b.undo != nil && other.undo != nil && b.undo.before.equal(other.undo.before))
}

// holds tells whether a box is what the other one is, for its clients.
func (b box) holds(other box) bool {
	return b.exists == other.exists && b.ttl == other.ttl && b.deadline == other.deadline && b.keep == other.keep && b.last == other.last &&
		slices.Equal(b.texts, other.texts) && slices.Equal(b.times, other.times) && slices.Equal(b.acks, other.acks)
}

func (b box) hash() uint64 {
	h := fnv.New64a()
	number := func(n int) { h.Write(binary.LittleEndian.AppendUint64(nil, uint64(n))) }
	number(b.last)
	number(len(b.texts))
	number(len(b.acks))
	number(int(b.deadline))
	number(len(b.pending))
	for _, text := range b.texts {
		h.Write([]byte(text))
	}
	return h.Sum64()
}

// at is what is there at a time: nothing of what has expired.
func (b box) at(now int64, clocks bool) box {
	if !b.exists || !clocks {
		return b
	}
	if b.deadline <= now {
		return b.gone()
	}
	for b.keep > 0 && len(b.times) > 0 && b.times[0]+b.keep <= now {
		b = b.without(1)
	}
	return b
}

func (b box) gone() box { return box{epoch: b.epoch, undo: b.undo, pending: b.pending} }

// without is the box without its first messages.
func (b box) without(count int) box {
	b.texts, b.times = b.texts[count:], b.times[count:]
	return b
}

// used is the box after a use, which renews its lifetime if that gains more than an eighth.
func (b box) used(now int64) box {
	if 8*(now+b.ttl-b.deadline) > b.ttl {
		b.deadline = now + b.ttl
	}
	return b
}

// do does one operation, and answers it.
func (b box) do(op line, now int64, most int) (output, box) {
	in := op.In
	if op.Op == "create" || op.Op == "open" {
		if b.exists && op.Op == "open" {
			return output{Status: 200}, b.used(now)
		}
		made := b.gone()
		made.exists, made.ttl, made.keep, made.deadline = true, in.TTL*1000, in.Keep*1000, now+in.TTL*1000
		return output{Status: 201}, made
	}
	if !b.exists {
		return refused(404, "BOX_ERR_NOT_FOUND"), b
	}
	switch op.Op {
	case "store":
		return b.store(in, now, most)
	case "read":
		if in.After > b.last {
			return refused(409, "BOX_ERR_CURSOR"), b
		}
		from := min(max(in.After-(b.last-len(b.texts)), 0), len(b.texts))
		data := b.texts[from:min(from+in.Limit, len(b.texts))]
		next := in.After
		if len(data) > 0 {
			next = b.last - len(b.texts) + from + len(data)
		}
		return output{Status: 200, Data: data, Next: next}, b.used(now)
	case "acknowledge":
		if in.After > b.last {
			return refused(409, "BOX_ERR_CURSOR"), b
		}
		left := b.used(now).without(max(in.After-(b.last-len(b.texts)), 0))
		return output{Status: 200, Count: len(left.texts)}, left
	case "drain":
		return output{Status: 200, Data: b.texts, Next: b.last}, b.used(now).without(len(b.texts))
	case "delete":
		return output{Status: 204}, b.gone()
	}
	panic("unknown operation " + op.Op)
}

func (b box) store(in input, now int64, most int) (output, box) {
	if i := slices.IndexFunc(b.acks, func(a ack) bool { return a.key == in.Key }); in.Key != "" && i >= 0 {
		if b.acks[i].value != in.Value {
			return refused(422, "BOX_ERR_IDEMPOTENCY"), b
		}
		return output{Status: 200, Seq: b.acks[i].seq, Count: b.acks[i].count}, b.used(now)
	}
	if len(b.texts) >= most {
		if b.keep == 0 {
			return refused(409, "BOX_ERR_FULL"), b
		}
		b = b.without(len(b.texts) - most + 1)
	}
	b = b.used(now)
	b.last++
	b.texts = append(slices.Clip(b.texts), in.Value)
	b.times = append(slices.Clip(b.times), now)
	if in.Key != "" {
		b.acks = append(slices.Clip(b.acks), ack{in.Key, in.Value, b.last, len(b.texts)})
	}
	return output{Status: 200, Seq: b.last, Count: len(b.texts)}, b
}

func refused(status int, code string) output { return output{Status: status, Code: code} }

func (o output) equal(other output) bool {
	return o.Status == other.Status && o.Code == other.Code && o.Seq == other.Seq && o.Count == other.Count &&
		o.Next == other.Next && slices.Equal(o.Data, other.Data)
}
