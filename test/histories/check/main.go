// Command check reads histories, and tells whether each box could have done in some order, one operation after the other,
// what its clients saw. README.md describes the format.
//
//	check OUTPUT-DIRECTORY HISTORY…
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// patience is how long one box may take; what takes longer is not explained, and is reported.
const patience = 20 * time.Second

type violation struct {
	Box        string `json:"box"`
	Operations int    `json:"operations"`
	Result     string `json:"result"`
	History    string `json:"history,omitempty"`
	Picture    string `json:"picture,omitempty"`
}

type report struct {
	Store      string         `json:"store"`
	Seed       string         `json:"seed"`
	Histories  int            `json:"histories"`
	Operations int            `json:"operations"`
	Unanswered int            `json:"unanswered"`
	Longest    int            `json:"longest"`
	Answers    map[string]int `json:"answers"`
	Violations []violation    `json:"violations"`
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: check OUTPUT-DIRECTORY HISTORY…")
		os.Exit(2)
	}
	h, err := load(os.Args[2:])
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(check(h, os.Args[1]))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func check(h *history, directory string) report {
	r := report{Store: h.store, Seed: h.seed, Histories: len(h.ops), Answers: map[string]int{}, Violations: []violation{}}
	names := make(chan string)
	var lock sync.Mutex
	var done sync.WaitGroup
	for range runtime.NumCPU() {
		done.Add(1)
		go func() {
			defer done.Done()
			for name := range names {
				part := partOf(h, name)
				result := porcupine.CheckOperationsTimeout(part.model(), part.operations, patience)
				lock.Lock()
				if result != porcupine.Ok {
					r.Violations = append(r.Violations, violation{Box: name, Operations: len(h.ops[name]), Result: string(result)})
				}
				lock.Unlock()
			}
		}()
	}
	for name, ops := range h.ops {
		r.Operations += len(ops)
		r.Longest = max(r.Longest, len(ops))
		for _, op := range ops {
			if op.Out == nil {
				r.Unanswered++
				r.Answers[op.Op+" ?"]++
			} else {
				r.Answers[fmt.Sprintf("%s %d", op.Op, op.Out.Status)]++
			}
		}
		names <- name
	}
	close(names)
	done.Wait()
	sort.Slice(r.Violations, func(i, j int) bool { return r.Violations[i].Operations < r.Violations[j].Operations })
	if len(r.Violations) > 0 {
		show(h, &r.Violations[0], directory)
	}
	return r
}

// show writes the smallest box that nothing explains: its history, and a picture of how far an explanation goes.
func show(h *history, v *violation, directory string) {
	part := partOf(h, v.Box)
	model := part.model()
	_, info := porcupine.CheckOperationsVerbose(model, part.operations, patience)
	base := filepath.Join(directory, fmt.Sprintf("%s-%s-%s", h.store, h.seed, v.Box))
	if porcupine.VisualizePath(model, info, base+".html") == nil {
		v.Picture = base + ".html"
	}
	file, err := os.Create(base + ".jsonl")
	if err != nil {
		return
	}
	defer file.Close()
	sort.Slice(part.operations, func(i, j int) bool { return part.operations[i].Call < part.operations[j].Call })
	for _, operation := range part.operations {
		json.NewEncoder(file).Encode(operation.Input)
	}
	v.History = base + ".jsonl"
}
