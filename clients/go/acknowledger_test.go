package signalbox

import (
	"context"
	"iter"
	"net/http"
	"reflect"
	"sync/atomic"
	"testing"
	"time"
)

// holding is a server whose box holds the messages 1 to last, and that answers the first, second … acknowledgement as
// told.
func holding(t *testing.T, last int, answer func(w http.ResponseWriter, count int)) *fake {
	return serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		if r.Method == "PUT" {
			answer(w, earlier+1)
			return
		}
		answerStream(w, r, false, numbered(1, last)...)
	})
}

func accept(w http.ResponseWriter) { answerJSON(w, `{"type":"ack","data":0}`) }

// fail answers as a store that does not work, and asks for so many seconds.
func fail(w http.ResponseWriter, seconds string) {
	w.Header().Set("Retry-After", seconds)
	answerProblem(w, http.StatusServiceUnavailable, "BOX_ERR_STORE")
}

// begin takes the next messages, one after the other, and keeps the loop.
func begin(t *testing.T, box *Box) (take func(count int), leave func()) {
	next, leave := iter.Pull2(box.Messages(t.Context()))
	t.Cleanup(leave)
	return func(count int) {
		t.Helper()
		for range count {
			if _, err, ok := next(); err != nil || !ok {
				t.Fatal(err, ok)
			}
		}
	}, leave
}

// until waits for so many acknowledgements.
func (f *fake) until(count int) {
	for len(f.cursors()) < count {
		time.Sleep(time.Millisecond)
	}
}

func TestAcknowledgementsAreCombined(t *testing.T) {
	f := stored(t, 200)
	box := f.box(t, nil)
	box.timings.acknowledgeInterval = time.Hour
	numbersTo(t, box.Messages(t.Context()), 200)
	if cursors := f.cursors(); len(cursors) > 10 || cursors[len(cursors)-1] != `{"after":199}` {
		t.Error(cursors)
	}
}

func TestAFailedAcknowledgementDoesNotDisturbTheLoop(t *testing.T) {
	f := holding(t, 3, func(w http.ResponseWriter, _ int) { answerProblem(w, http.StatusConflict, "BOX_ERR_CURSOR") })
	if numbers := numbersTo(t, f.box(t, nil).Messages(t.Context()), 3); len(numbers) != 3 {
		t.Error(numbers)
	}
}

func TestAFailedAcknowledgementIsRepeatedWithTheLatestCursor(t *testing.T) {
	f := holding(t, 3, func(w http.ResponseWriter, count int) {
		if count <= 20 {
			fail(w, "0")
		} else {
			accept(w)
		}
	})
	take, _ := begin(t, f.box(t, nil))
	take(2)
	f.until(2)
	take(1)
	f.until(20)
	if cursors := f.cursors(); cursors[9] != `{"after":2}` {
		t.Error(cursors)
	}
	f.until(21)
}

func TestALoopThatIsLeftDoesNotWaitBeforeItRepeatsAFailedAcknowledgement(t *testing.T) {
	f := holding(t, 2, func(w http.ResponseWriter, count int) {
		if count == 1 {
			fail(w, "0")
		} else {
			accept(w)
		}
	})
	box := f.box(t, nil)
	box.timings.minDelay, box.timings.maxDelay = time.Hour, time.Hour
	take, leave := begin(t, box)
	take(2)
	f.until(1)
	leave()
	if cursors := f.cursors(); !reflect.DeepEqual(cursors, []string{`{"after":1}`, `{"after":1}`}) {
		t.Error(cursors)
	}
}

func TestALoopThatIsLeftDoesNotWaitForAsLongAsTheServerMayAsk(t *testing.T) {
	f := holding(t, 2, func(w http.ResponseWriter, _ int) { fail(w, "3600") })
	box := f.box(t, nil)
	box.timings.flushTimeout = 30 * time.Minute
	take, leave := begin(t, box)
	take(2)
	f.until(1)
	leave()
	if cursors := f.cursors(); len(cursors) != 2 {
		t.Error(cursors)
	}
}

func TestHoweverManyMessagesWaitTheServerIsNotAskedBeforeItAllows(t *testing.T) {
	f := holding(t, 200, func(w http.ResponseWriter, count int) {
		if count < 10 {
			fail(w, "0")
		} else {
			fail(w, "3600")
		}
	})
	take, _ := begin(t, f.box(t, nil))
	take(2)
	f.until(10)
	take(198)
	time.Sleep(10 * time.Millisecond)
	if cursors := f.cursors(); len(cursors) != 10 {
		t.Error(cursors)
	}
}

func TestARefusedAcknowledgementDoesNotComeAgainForEachMessage(t *testing.T) {
	f := holding(t, 10, func(w http.ResponseWriter, _ int) { answerProblem(w, http.StatusConflict, "BOX_ERR_CURSOR") })
	box := f.box(t, nil)
	box.timings.acknowledgeInterval = time.Hour
	take, leave := begin(t, box)
	for range 10 {
		take(1)
		time.Sleep(time.Millisecond)
	}
	if cursors := f.cursors(); !reflect.DeepEqual(cursors, []string{`{"after":1}`}) {
		t.Error(cursors)
	}
	leave()
	if cursors := f.cursors(); cursors[len(cursors)-1] != `{"after":9}` {
		t.Error("not once more when the loop is left", cursors)
	}
}

func TestARefusedAcknowledgementIsNotRepeatedWithoutALaterCursor(t *testing.T) {
	f := holding(t, 2, func(w http.ResponseWriter, _ int) { answerProblem(w, http.StatusConflict, "BOX_ERR_CURSOR") })
	take, _ := begin(t, f.box(t, nil))
	take(2)
	time.Sleep(10 * time.Millisecond)
	if cursors := f.cursors(); len(cursors) != 1 {
		t.Error(cursors)
	}
}

func TestWhatALoopCouldNotAcknowledgeIsAcknowledgedWhenTheNextOneBegins(t *testing.T) {
	var works atomic.Bool
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		switch {
		case r.Method == "GET" && works.Load():
			answerStream(w, r, false)
		case r.Method == "GET":
			answerStream(w, r, false, numbered(1, 2)...)
		case works.Load():
			accept(w)
		default:
			fail(w, "0")
		}
	})
	box := f.box(t, nil)
	take, leave := begin(t, box)
	take(2)
	leave()
	works.Store(true)
	before := len(f.cursors())
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		// Until then, a full box would stay full, and nobody could store what the loop waits for.
		for deadline := time.Now().Add(10 * time.Second); len(f.cursors()) == before && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	for range box.Messages(ctx) {
	}
	if cursors := f.cursors()[before:]; !reflect.DeepEqual(cursors, []string{`{"after":1}`}) {
		t.Error(cursors)
	}
}

func TestWhatHasBeenAcknowledgedIsNotAcknowledgedAgainWhenTheNextLoopBegins(t *testing.T) {
	f := holding(t, 2, func(w http.ResponseWriter, _ int) { accept(w) })
	box := f.box(t, nil)
	for range 2 {
		for message, err := range box.Messages(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if message.Seq == 2 {
				break
			}
		}
	}
	if cursors := f.cursors(); !reflect.DeepEqual(cursors, []string{`{"after":1}`}) {
		t.Error(cursors)
	}
}

func TestACursorThatWasRefusedIsNotSentAgainWhenTheLoopEnds(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		answerProblem(w, http.StatusConflict, "BOX_ERR_CURSOR")
	})
	for _, err := range f.box(t, nil).MessagesAfter(t.Context(), 7) {
		if err == nil {
			t.Error("a message")
		}
	}
	if cursors := f.cursors(); !reflect.DeepEqual(cursors, []string{`{"after":7}`}) {
		t.Error(cursors)
	}
}
