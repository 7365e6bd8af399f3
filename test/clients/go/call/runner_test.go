package call

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// A command is a line on stdin.
type command struct {
	ID   int
	Call string
	Args struct {
		Name, Server, Page, Invite string
		Peer, Text, Base64         string
		MaxGuests                  int
		Compare                    *bool
		Timings                    map[string]float64
	}
}

// TestRunner is no test: it carries out the commands that it reads, one JSON a line; see ../../README.md. It is one
// because only a test of the package can shorten its time limits.
func TestRunner(t *testing.T) {
	r := &runner{calls: map[string]*played{}, writing: json.NewEncoder(os.Stdout)}
	var running sync.WaitGroup
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var asked command
		if err := json.Unmarshal(line, &asked); err != nil {
			t.Fatal(err)
		}
		running.Add(1)
		go func() {
			defer running.Done()
			answer, err := r.carryOut(asked)
			if err != nil {
				r.write(map[string]any{"id": asked.ID, "error": codeOf(err)})
			} else {
				r.write(map[string]any{"id": asked.ID, "answer": answer})
			}
		}()
	}
	running.Wait()
	r.closeAll()
}

type runner struct {
	mu      sync.Mutex
	calls   map[string]*played
	writing *json.Encoder
}

func (r *runner) write(message map[string]any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.writing.Encode(message) != nil {
		os.Exit(1)
	}
}

// codeOf returns the code of an error, or its text.
func codeOf(err error) any {
	var refusal *Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refusal):
		return refusal.Code
	default:
		return err.Error()
	}
}

func (r *runner) carryOut(asked command) (any, error) {
	switch asked.Call {
	case "host":
		return r.host(asked)
	case "join":
		return map[string]any{}, r.join(asked)
	}
	r.mu.Lock()
	call := r.calls[asked.Args.Name]
	r.mu.Unlock()
	if call == nil {
		return nil, fmt.Errorf("no call %q", asked.Args.Name)
	}
	return call.carryOut(asked)
}

func timingsOf(asked command) *timeouts {
	own := defaultTimeouts
	for name, into := range map[string]*time.Duration{
		"answer": &own.answer, "waiting": &own.waiting, "ice": &own.ice, "reconnect": &own.reconnect,
		"disconnected": &own.disconnected, "close": &own.close, "compare": &own.compare,
	} {
		if ms, found := asked.Args.Timings[name]; found {
			*into = time.Duration(ms * float64(time.Millisecond))
		}
	}
	return &own
}

func noCompare(asked command) bool { return asked.Args.Compare != nil && !*asked.Args.Compare }

func (r *runner) host(asked command) (any, error) {
	call := r.add(asked.Args.Name)
	hosted, err := Host(context.Background(), asked.Args.Server, &HostOptions{
		Page:      asked.Args.Page,
		MaxGuests: asked.Args.MaxGuests,
		NoCompare: noCompare(asked),
		Refused:   call.refused,
		timeouts:  timingsOf(asked),
	})
	if err != nil {
		return nil, err
	}
	call.begin(hosted)
	return map[string]any{"invite": hosted.Invite()}, nil
}

func (r *runner) join(asked command) error {
	call := r.add(asked.Args.Name)
	joined, err := Join(context.Background(), asked.Args.Invite, &JoinOptions{
		NoCompare: noCompare(asked),
		timeouts:  timingsOf(asked),
	})
	if err != nil {
		return err
	}
	call.begin(joined)
	return nil
}

func (r *runner) add(name string) *played {
	r.mu.Lock()
	defer r.mu.Unlock()
	call := &played{runner: r, name: name, peers: map[string]*playedPeer{}}
	r.calls[name] = call
	return call
}

func (r *runner) closeAll() {
	r.mu.Lock()
	var calls []*played
	for _, call := range r.calls {
		calls = append(calls, call)
	}
	r.mu.Unlock()
	var closing sync.WaitGroup
	for _, call := range calls {
		closing.Add(1)
		go func() {
			defer closing.Done()
			call.close()
		}()
	}
	closing.Wait()
}
