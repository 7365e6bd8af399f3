package signalbox

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"
)

// Waits that are short enough for a thousand failures.
func quickTimings() timings {
	quick := defaultTimings
	quick.minDelay, quick.maxDelay, quick.acknowledgeInterval = time.Millisecond, 8*time.Millisecond, time.Millisecond
	return quick
}

type command struct {
	ID   int
	Call string
	Link string
	URL  string
	Args struct {
		Messages []any
		Count    int
		Leave    bool
		After    *int64
	}
	Timings struct {
		MaxAttempts       int     `json:"max_attempts"`
		StreamOpenTimeout float64 `json:"stream_open_timeout"`
	}
}

// TestRunner is no test: it carries out the commands that it reads, one JSON a line, through Box; see ../../README.md.
// It is one because only a test of the package can shorten its waits.
func TestRunner(t *testing.T) {
	var writing sync.Mutex
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
			result := map[string]any{"id": asked.ID}
			if answer, err := carryOut(asked); err != nil {
				result["error"] = err.Error()
			} else {
				result["answer"] = answer
			}
			text, _ := json.Marshal(result)
			writing.Lock()
			defer writing.Unlock()
			fmt.Println(string(text))
		}()
	}
	running.Wait()
}

func carryOut(asked command) (any, error) {
	ctx := context.Background()
	// Connections of its own, because the proxy counts them.
	transport := http.DefaultTransport.(*http.Transport).Clone()
	defer transport.CloseIdleConnections()
	box, err := Open(asked.Link, &Options{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return nil, err
	}
	box.connection.server = asked.URL
	box.timings = quickTimings()
	if asked.Timings.MaxAttempts != 0 {
		box.timings.maxAttempts = asked.Timings.MaxAttempts
	}
	if asked.Timings.StreamOpenTimeout != 0 {
		box.timings.streamOpenTimeout = time.Duration(asked.Timings.StreamOpenTimeout * float64(time.Second))
	}
	switch asked.Call {
	case "send":
		return send(ctx, box, asked.Args.Messages)
	case "take":
		return take(box.messages(ctx, asked.Args.After), box, asked.Args.Count, asked.Args.Leave)
	default:
		page, err := box.Read(ctx, nil)
		return pairs(page.Messages), err
	}
}

func send(ctx context.Context, box *Box, messages []any) ([]int64, error) {
	var numbers []int64
	for _, message := range messages {
		sent, err := box.Send(ctx, message)
		if err != nil {
			return nil, err
		}
		numbers = append(numbers, sent.Seq)
	}
	return numbers, nil
}

func take(messages iter.Seq2[Message, error], box *Box, count int, leave bool) ([][2]any, error) {
	var taken []Message
	for message, err := range messages {
		if err != nil {
			return nil, err
		}
		taken = append(taken, message)
		if len(taken) == count && leave {
			return pairs(taken), nil
		}
		if len(taken) == count {
			_, err := box.Acknowledge(context.Background(), message.Seq)
			return pairs(taken), err
		}
	}
	return nil, nil
}

func pairs(messages []Message) [][2]any {
	answer := [][2]any{}
	for _, message := range messages {
		answer = append(answer, [2]any{message.Seq, message.Data})
	}
	return answer
}
