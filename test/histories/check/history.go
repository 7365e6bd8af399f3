package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
)

// A line of a history: an operation of a client, or an event. README.md describes the format.
type line struct {
	Event  string   `json:"event"`
	Store  string   `json:"store"`
	Seed   string   `json:"seed"`
	Max    int      `json:"maxMessages"`
	Ends   bool     `json:"endsWithServer"`
	Server string   `json:"server"`
	Time   int64    `json:"time"`
	Boxes  []string `json:"boxes"`
	Safe   int64    `json:"safe"`

	Op     string  `json:"op"`
	Client string  `json:"client"`
	Box    string  `json:"box"`
	Call   int64   `json:"call"`
	Return int64   `json:"return"`
	In     input   `json:"in"`
	Out    *output `json:"out"`

	number int // of an operation without an answer
}

type input struct {
	TTL   int64  `json:"ttl"`
	Keep  int64  `json:"keep"`
	Value string `json:"value"`
	Key   string `json:"key"`
	After int    `json:"after"`
	Limit int    `json:"limit"`
}

// output is what a response said; Count is the "data" of an ack.
type output struct {
	Status int      `json:"status"`
	Code   string   `json:"code"`
	Seq    int      `json:"seq"`
	Count  int      `json:"count"`
	Data   []string `json:"data"`
	Next   int      `json:"next"`
}

// A history is all that happened in one run.
type history struct {
	store  string
	seed   string
	max    int
	ends   bool // whether an operation without an answer is decided once its server is dead
	ops    map[string][]line
	turns  []line // of clocks
	deaths []line // of server processes
	losses []line // of everything
	falls  []line // failovers
	end    int64
}

func load(files []string) (*history, error) {
	h := &history{ops: map[string][]line{}}
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		lines := bufio.NewScanner(file)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var l line
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
				return nil, fmt.Errorf("%s: %w: %s", name, err, lines.Text())
			}
			if err := h.add(l); err != nil {
				return nil, err
			}
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
	}
	sort.Slice(h.turns, func(i, j int) bool { return h.turns[i].Call < h.turns[j].Call })
	sort.Slice(h.deaths, func(i, j int) bool { return h.deaths[i].Return < h.deaths[j].Return })
	return h, nil
}

func (h *history) add(l line) error {
	h.end = max(h.end, l.Call+1, l.Return+1)
	switch l.Event {
	case "run":
		h.store, h.seed, h.max, h.ends = l.Store, l.Seed, l.Max, l.Ends
	case "turn":
		h.turns = append(h.turns, l)
	case "dead":
		h.deaths = append(h.deaths, l)
	case "lost":
		h.losses = append(h.losses, l)
	case "failover":
		h.falls = append(h.falls, l)
	case "":
		h.ops[l.Box] = append(h.ops[l.Box], l)
	default:
		return fmt.Errorf("unknown event %q", l.Event)
	}
	return nil
}

// decided is when an operation without an answer has happened, or never will: once its server is dead if that is all
// that could do it, and else not before the end.
func (h *history) decided(op line) int64 {
	if h.ends {
		for _, death := range h.deaths {
			if death.Server == op.Server && death.Return >= op.Call {
				return death.Return
			}
		}
	}
	return h.end
}

// timesOf is what the clock of a server can have said between two moments. Without clocks there is one time.
func (h *history) timesOf(server string, from, to int64) []int64 {
	var times []int64
	for _, turn := range h.turns {
		if turn.Server != server || turn.Call > to {
			continue
		}
		if turn.Return < from {
			times = times[:0] // what it said before it was turned
		}
		times = append(times, turn.Time)
	}
	if times == nil {
		return []int64{0}
	}
	return times
}

// epoch is how many turns were over before a moment.
func (h *history) epoch(at int64) int {
	count := 0
	for count < len(h.turns) && h.turns[count].Return < at {
		count++
	}
	return count
}

// timesSince is what any clock can have said after this many turns and up to a moment.
func (h *history) timesSince(epoch int, to int64) []int64 {
	last := map[string]int64{}
	var times []int64
	for i, turn := range h.turns {
		if i < epoch {
			last[turn.Server] = turn.Time
		} else if turn.Call <= to {
			times = append(times, turn.Time)
		}
	}
	for _, time := range last {
		times = append(times, time)
	}
	return times
}
