package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

// A part is what concerns one box of a history.
type part struct {
	history    *history
	operations []porcupine.Operation
	unanswered []line // operations without an answer
	falls      []line // failovers
}

// model is the model of the box: each operation happens in one step between its call and its return, and answers what the
// box then holds. Where the history leaves open what happened, there are several next states. An operation without an
// answer happens before it is decided, or does not. If nothing decides it, it is pending from its call on, and may happen
// before any later step.
func (p *part) model() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{box{}} },
		Equal: func(a, b any) bool { return a.(box).equal(b.(box)) },
		Hash:  func(state any) uint64 { return state.(box).hash() },
		Step: func(state, in, out any) []any {
			var next []any
			for _, b := range p.step(state.(box), in.(line), out.(line)) {
				next = append(next, b)
			}
			return next
		},
		DescribeOperation: func(in, _ any) string { return describe(in.(line)) },
		DescribeState: func(state any) string {
			b := state.(box)
			if !b.exists {
				return "no box"
			}
			return fmt.Sprintf("last %d, keep %d, %v", b.last, b.keep, b.texts)
		},
	}
	return model.ToModel()
}

func (p *part) step(b box, op, returned line) []box {
	switch op.Event {
	case "lost":
		return []box{{epoch: b.epoch, pending: b.pending}}
	case "failover":
		return rolledBack(b)
	case "asked":
		b.pending = append(slices.Clip(b.pending), op.number)
		return []box{b}
	}
	if op.Out == nil {
		return append(p.do(b, op, returned.Return), b)
	}
	// Pending operations happen as late as possible: if nothing has shown one yet, it may as well be still to come. This
	// may miss an explanation, which would be a false alarm, but it never makes one up.
	var next []box
	boxes := []box{b}
	for depth := 0; depth <= deepest && len(next) == 0; depth++ {
		for _, before := range boxes {
			next = append(next, p.do(before, op, returned.Return)...)
		}
		boxes = p.withOneMore(boxes, returned.Return)
	}
	return next
}

// deepest is how many pending operations may show at once.
const deepest = 3

// withOneMore is each of the boxes after each of its pending operations that changes anything.
func (p *part) withOneMore(boxes []box, until int64) []box {
	var more []box
	for _, b := range boxes {
		for _, number := range b.pending {
			for _, after := range p.do(b, p.unanswered[number], until) {
				after.pending = slices.DeleteFunc(slices.Clone(b.pending), func(n int) bool { return n == number })
				if !after.holds(b) && !slices.ContainsFunc(more, after.equal) {
					more = append(more, after)
				}
			}
		}
	}
	return more
}

// do is what a box can be after an operation that returned at that time.
func (p *part) do(b box, op line, returned int64) []box {
	h := p.history
	clocks := len(h.turns) > 0
	var next []box
	for _, now := range h.timesOf(op.Server, op.Call, returned) {
		for _, before := range swept(h, b, now, returned) {
			there := before.at(now, clocks)
			answer, after := there.do(op, now, h.max)
			if op.Out != nil && !answer.equal(*op.Out) {
				continue
			}
			next = append(next, after)
			// What had expired by this clock may still be there for one that is behind.
			if !there.equal(before) && answer.Status >= 400 {
				next = append(next, before)
			} else if !there.equal(before) && (op.Op == "read" || answer.Status == 200 && op.Op == "open") {
				next = append(next, before.used(now))
			}
		}
	}
	for i := range next {
		next[i].epoch = max(b.epoch, h.epoch(op.Call))
		next[i].undo = nil
		if p.mayBeUndone(op, returned) {
			next[i].undo = b.undo
			if !next[i].holds(b) {
				next[i].undo = &undo{b}
			}
		}
	}
	return next
}

// swept is the box as it is, and without what has expired by any other clock. That may be freed, or not.
func swept(h *history, b box, now, until int64) []box {
	boxes := []box{b}
	if len(h.turns) == 0 {
		return boxes
	}
	for _, time := range h.timesSince(b.epoch, until) {
		if time <= now {
			continue
		}
		if less := b.at(time, true); !slices.ContainsFunc(boxes, less.equal) {
			boxes = append(boxes, less)
		}
	}
	return boxes
}

// mayBeUndone tells whether a failover may undo an operation: not if it had returned when all was on the replica. Then
// nothing before it can be undone either.
func (p *part) mayBeUndone(op line, returned int64) bool {
	return slices.ContainsFunc(p.falls, func(fall line) bool { return returned >= fall.Safe && op.Call <= fall.Return })
}

// rolledBack is what a replica may have: it is behind by any number of the last steps, in their order. What was lost
// does not happen again, because no server sends it again.
func rolledBack(b box) []box {
	var boxes []box
	for at := &(undo{b}); at != nil; at = at.before.undo {
		before := at.before
		before.undo, before.pending = nil, b.pending
		boxes = append(boxes, before)
	}
	return boxes
}

// partOf is the history of one box as Porcupine takes it, with what happened to all.
func partOf(h *history, name string) *part {
	p := &part{history: h}
	clients := map[string]int{}
	add := func(l line, client string) {
		if _, known := clients[client]; !known {
			clients[client] = len(clients)
		}
		p.operations = append(p.operations, porcupine.Operation{ClientId: clients[client], Input: l, Output: l, Call: l.Call, Return: l.Return})
	}
	for _, op := range h.ops[name] {
		if op.Out != nil {
			add(op, op.Client)
			continue
		}
		// It changes nothing but the lifetime, and that only clocks could show.
		if op.Op == "read" && len(h.turns) == 0 {
			continue
		}
		if op.Return = h.decided(op); op.Return < h.end {
			// Its client has gone on.
			add(op, fmt.Sprint(op.Client, op.Call))
			continue
		}
		asked := op
		asked.Event, asked.number, asked.Return = "asked", len(p.unanswered), op.Call
		p.unanswered = append(p.unanswered, op)
		add(asked, op.Client)
	}
	for _, loss := range h.losses {
		add(loss, "nemesis")
	}
	for _, fall := range h.falls {
		if slices.Contains(fall.Boxes, name) {
			add(fall, "nemesis")
			p.falls = append(p.falls, fall)
		}
	}
	return p
}

func describe(l line) string {
	if l.Event != "" {
		return strings.TrimSpace(l.Event + " " + l.Op)
	}
	in := map[string]string{
		"create":      fmt.Sprintf("ttl %d keep %d", l.In.TTL, l.In.Keep),
		"open":        fmt.Sprintf("ttl %d keep %d", l.In.TTL, l.In.Keep),
		"store":       fmt.Sprintf("%s key %q", l.In.Value, l.In.Key),
		"read":        fmt.Sprintf("after %d limit %d", l.In.After, l.In.Limit),
		"acknowledge": fmt.Sprintf("after %d", l.In.After),
	}[l.Op]
	if l.Out == nil {
		return fmt.Sprintf("%s(%s) → no answer", l.Op, in)
	}
	return fmt.Sprintf("%s(%s) → %d %s seq %d count %d %v next %d", l.Op, in, l.Out.Status, l.Out.Code, l.Out.Seq, l.Out.Count, l.Out.Data, l.Out.Next)
}
