package main

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

// modelOf is the model of one box of a history: each operation happens in one step between its call and its return, and
// answers what the box then holds. Where the history leaves open what happened, there are several next states.
func modelOf(h *history, undoes []line) porcupine.Model {
	model := porcupine.NondeterministicModel{
		Init:  func() []any { return []any{box{}} },
		Equal: func(a, b any) bool { return a.(box).equal(b.(box)) },
		Hash:  func(state any) uint64 { return state.(box).hash() },
		Step: func(state, in, out any) []any {
			var next []any
			for _, b := range step(h, undoes, state.(box), in.(line), out.(line)) {
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

func step(h *history, undoes []line, b box, op, returned line) []box {
	switch op.Event {
	case "lost":
		return []box{{epoch: b.epoch}}
	case "failover":
		return rolledBack(b)
	}
	clocks := len(h.turns) > 0
	var next []box
	for _, now := range h.timesOf(op.Server, op.Call, returned.Return) {
		for _, before := range swept(h, b, now, returned.Return) {
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
	if op.Out == nil {
		next = append(next, b)
	}
	for i := range next {
		next[i].epoch = max(b.epoch, h.epoch(op.Call))
		next[i].undo = nil
		if mayBeUndone(undoes, op, returned.Return) {
			next[i].undo = b.undo
			if !next[i].equal(b) {
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
func mayBeUndone(undoes []line, op line, returned int64) bool {
	return slices.ContainsFunc(undoes, func(fall line) bool { return returned >= fall.Safe && op.Call <= fall.Return })
}

// rolledBack is what a replica may have: it is behind by any number of the last steps, in their order.
func rolledBack(b box) []box {
	var boxes []box
	for at := &(undo{b}); at != nil; at = at.before.undo {
		before := at.before
		before.undo = nil
		boxes = append(boxes, before)
	}
	return boxes
}

// operationsOf is the history of one box as Porcupine takes it, with what happened to all.
func operationsOf(h *history, name string) (operations []porcupine.Operation, undoes []line) {
	clients := map[string]int{}
	add := func(l line, client string) {
		if _, known := clients[client]; !known {
			clients[client] = len(clients)
		}
		operations = append(operations, porcupine.Operation{ClientId: clients[client], Input: l, Output: l, Call: l.Call, Return: l.Return})
	}
	for _, op := range h.ops[name] {
		if op.Out == nil {
			// It changes nothing but the lifetime, and that only clocks could show.
			if op.Op == "read" && len(h.turns) == 0 {
				continue
			}
			op.Return = h.decided(op)
			// Its client has gone on.
			add(op, fmt.Sprint(op.Client, op.Call))
		} else {
			add(op, op.Client)
		}
	}
	for _, loss := range h.losses {
		add(loss, "nemesis")
	}
	for _, fall := range h.falls {
		if slices.Contains(fall.Boxes, name) {
			add(fall, "nemesis")
			undoes = append(undoes, fall)
		}
	}
	return operations, undoes
}

func describe(l line) string {
	if l.Event != "" {
		return l.Event
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
