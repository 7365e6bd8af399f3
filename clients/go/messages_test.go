package signalbox

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// firstOf returns the first message, or the error that comes in its place.
func firstOf(t *testing.T, box *Box) (Message, error) {
	t.Helper()
	for message, err := range box.Messages(t.Context()) {
		return message, err
	}
	t.Fatal("the loop ended without a message or an error")
	return Message{}, nil
}

// numbersTo leaves the loop at the message with this number, and returns all that came.
func numbersTo(t *testing.T, messages iter.Seq2[Message, error], last int64) []int64 {
	t.Helper()
	var numbers []int64
	for message, err := range messages {
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, message.Seq)
		if message.Seq == last {
			break
		}
	}
	return numbers
}

// stored is a server whose box holds the messages 1 to last.
func stored(t *testing.T, last int) *fake {
	return serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method != "GET" {
			answerJSON(w, `{"type":"ack","data":0}`)
			return
		}
		after, _ := strconv.Atoi(r.URL.Query().Get("after"))
		answerStream(w, r, false, numbered(after+1, last)...)
	})
}

func (f *fake) cursors() []string {
	var cursors []string
	for _, request := range f.requests("PUT") {
		cursors = append(cursors, request.body)
	}
	return cursors
}

func TestTheMessageAtWhichALoopWasLeftIsDeliveredAgain(t *testing.T) {
	f := stored(t, 3)
	box := f.box(t, nil)
	if numbers := numbersTo(t, box.Messages(t.Context()), 2); !reflect.DeepEqual(numbers, []int64{1, 2}) {
		t.Fatal(numbers)
	}
	if cursors := f.cursors(); cursors[len(cursors)-1] != `{"after":1}` {
		t.Error(cursors)
	}
	if numbers := numbersTo(t, box.Messages(t.Context()), 3); !reflect.DeepEqual(numbers, []int64{2, 3}) {
		t.Error(numbers)
	}
	if numbers := numbersTo(t, box.MessagesAfter(t.Context(), 1), 2); !reflect.DeepEqual(numbers, []int64{2}) {
		t.Error(numbers)
	}
}

func TestALoopThatGetsNothingLeavesThePosition(t *testing.T) {
	box := stored(t, 3).box(t, nil)
	ended, end := context.WithCancel(t.Context())
	end()
	for message, err := range box.MessagesAfter(ended, 2) {
		if err == nil {
			t.Error(message)
		}
	}
	if numbers := numbersTo(t, box.Messages(t.Context()), 1); !reflect.DeepEqual(numbers, []int64{1}) {
		t.Error(numbers)
	}
}

func TestAPanicLeavesTheLoopToo(t *testing.T) {
	f := stored(t, 1)
	box := f.box(t, nil)
	func() {
		defer func() { recover() }()
		for range box.Messages(t.Context()) {
			panic("in the consumer")
		}
	}()
	if message, err := firstOf(t, box); err != nil || message.Seq != 1 || len(f.cursors()) != 0 {
		t.Error(message, err, f.cursors())
	}
}

func TestTheIteratorCanBePulled(t *testing.T) {
	f := stored(t, 3)
	next, stop := iter.Pull2(f.box(t, nil).Messages(t.Context()))
	for expected := range int64(2) {
		if message, err, ok := next(); !ok || err != nil || message.Seq != expected+1 {
			t.Error(message, err, ok)
		}
	}
	stop()
	if cursors := f.cursors(); cursors[len(cursors)-1] != `{"after":1}` {
		t.Error(cursors)
	}
}

func TestOnlyOneLoopReadsAtATime(t *testing.T) {
	box := stored(t, 1).box(t, nil)
	for range box.Messages(t.Context()) {
		if _, err := firstOf(t, box); err != ErrReading {
			t.Error(err)
		}
		break
	}
	if _, err := firstOf(t, box); err != nil {
		t.Error(err)
	}
}

func TestTheContextEndsALoopAndWhatWasHandledIsAcknowledged(t *testing.T) {
	f := stored(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	box := f.box(t, nil)
	// Longer than the test may take: only the end of the loop can acknowledge the second message.
	box.timings.acknowledgeInterval = time.Hour
	var last error
	for message, err := range box.Messages(ctx) {
		last = err
		if message.Seq == 2 {
			cancel()
		}
		if message.Seq == 3 {
			t.Error("it went on")
		}
	}
	if cursors := f.cursors(); last != context.Canceled || cursors[len(cursors)-1] != `{"after":2}` {
		t.Error(last, cursors)
	}
}

func TestTheContextEndsALoopThatWaits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		cancel()
		answerStream(w, r, false)
	})
	for message, err := range f.box(t, nil).Messages(ctx) {
		if err != context.Canceled {
			t.Error(message, err)
		}
	}
}

func TestALoopEndsWithTheReasonIfTheBoxIsGone(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		if earlier > 0 {
			answerProblem(w, http.StatusNotFound, "BOX_ERR_NOT_FOUND")
			return
		}
		answerStream(w, r, true, "event: gone\ndata: {}\n\n")
	})
	_, err := firstOf(t, f.box(t, nil))
	if refusal, ok := asError(err); !ok || refusal.Code != "BOX_ERR_NOT_FOUND" {
		t.Error(err)
	}
}

func TestReadingResumesAfterTheLastMessage(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		switch {
		case r.Method != "GET":
			answerJSON(w, `{"type":"ack","data":0}`)
		case earlier == 0:
			cut(w)
		case earlier == 1:
			answerProblem(w, http.StatusServiceUnavailable, "BOX_ERR_STORE")
		case earlier == 2:
			answerStream(w, r, true, numbered(1, 2)...)
		default:
			// A proxy that repeats what was there before.
			answerStream(w, r, false, numbered(1, 4)...)
		}
	})
	if numbers := numbersTo(t, f.box(t, nil).Messages(t.Context()), 4); !reflect.DeepEqual(numbers, []int64{1, 2, 3, 4}) {
		t.Error(numbers)
	}
	if got := f.requests("GET"); len(got) != 4 || got[3].query != "after=2" || got[3].header.Get("Accept") != "text/event-stream" {
		t.Error(got)
	}
}

func TestAStreamThatFallsSilentIsOpenedAgain(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		if r.Method != "GET" {
			answerJSON(w, `{"type":"ack","data":0}`)
			return
		}
		answerStream(w, r, false, numbered(earlier+1, earlier+1)...)
	})
	box := f.box(t, nil)
	box.timings.streamIdleTimeout = 10 * time.Millisecond
	if numbers := numbersTo(t, box.Messages(t.Context()), 3); !reflect.DeepEqual(numbers, []int64{1, 2, 3}) {
		t.Error(numbers)
	}
}

func TestLongPollsTakeOverIfThereIsNoStream(t *testing.T) {
	for name, refuse := range map[string]func(http.ResponseWriter, *http.Request){
		"refused":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNotAcceptable) },
		"replaced": func(w http.ResponseWriter, r *http.Request) { answerJSON(w, `{"type":"msgs","data":[],"next":0}`) },
		"buffered": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"odd":      func(w http.ResponseWriter, r *http.Request) { answerStream(w, r, false, "id: 1.5\ndata: 1\n\n") },
		"begun": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			if r.Method != "GET" {
				answerJSON(w, `{"type":"ack","data":0}`)
			} else if r.Header.Get("Accept") == "text/event-stream" {
				refuse(w, r)
			} else if r.URL.RawQuery == "after=0&wait=25" {
				fmt.Fprintf(w, `{"type":"msgs","data":[%s,"two"],"next":2}`, deep)
			} else {
				fmt.Fprint(w, `{"type":"msgs","data":["three"],"next":3}`)
			}
		})
		box := f.box(t, nil)
		box.timings.streamOpenTimeout = 20 * time.Millisecond
		var texts []string
		for message, err := range box.Messages(t.Context()) {
			if err != nil {
				t.Fatal(name, err)
			}
			texts = append(texts, message.String())
			if len(texts) == 3 {
				break
			}
		}
		if strings.Join(texts[1:], " ") != "two three" || texts[0] != deep {
			t.Error(name, texts[1:])
		}
	}
}

func TestASlowConsumerDoesNotEndTheStream(t *testing.T) {
	taken := make(chan struct{}, 3)
	f := serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		if r.Method != "GET" {
			answerJSON(w, `{"type":"ack","data":0}`)
			return
		}
		if earlier > 0 {
			answerStream(w, r, false, numbered(3, 3)...)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range numbered(1, 3) {
			fmt.Fprint(w, event)
			w.(http.Flusher).Flush()
			<-taken
		}
		<-r.Context().Done()
	})
	box := f.box(t, nil)
	box.timings.streamIdleTimeout = 300 * time.Millisecond
	for message, err := range box.Messages(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		taken <- struct{}{}
		if message.Seq == 2 {
			// The third message is there long before it is asked for.
			time.Sleep(2 * box.timings.streamIdleTimeout)
		}
		if message.Seq == 3 {
			break
		}
	}
	if got := f.requests("GET"); len(got) != 1 {
		t.Errorf("%d streams", len(got))
	}
}

func TestAMessageIsWhatWasSent(t *testing.T) {
	message := Message{1, []byte(`{"n":12345678901234567890}`)}
	var value struct{ N uint64 }
	if err := message.Decode(&value); err != nil || value.N != 12345678901234567890 {
		t.Error(value, err)
	}
	for data, text := range map[string]string{`"é\n"`: "é\n", `null`: "null", `{"a":"b"}`: `{"a":"b"}`, ``: ""} {
		if said := (Message{1, []byte(data)}).String(); said != text {
			t.Errorf("%s: %q", data, said)
		}
	}
	if (Message{}).Decode(&value) == nil {
		t.Error("the zero message was decoded")
	}
}
