package signalbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestCreateTellsTheServerTheTTL(t *testing.T) {
	drop := dropAddress(boxID)
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"type":"created","data":%q,"drop":%q}`, boxID, drop)
	})
	box, err := Create(t.Context(), f.url+"/", &Options{TTL: time.Minute})
	if err != nil || box.Link() != f.url+"/boxes/"+boxID || box.DropLink() != f.url+"/boxes/"+drop {
		t.Fatal(box, err)
	}
	if body := f.requests("POST")[0].body; body != `{"ttl":60}` {
		t.Error(body)
	}
	if _, err := Create(t.Context(), f.url, &Options{TTL: time.Millisecond}); err == nil {
		t.Error("a TTL that is not whole seconds was accepted")
	}
}

func TestEveryAttemptToSendHasOneKey(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		switch earlier {
		case 0:
			cut(w)
		case 1:
			answerProblem(w, http.StatusServiceUnavailable, "BOX_ERR_STORE")
		default:
			answerJSON(w, `{"type":"ack","data":3,"seq":7}`)
		}
	})
	box := f.box(t, nil)
	for _, message := range []any{map[string]string{"sdp": "<v=0>"}, nil} {
		if sent, err := box.Send(t.Context(), message); err != nil || sent != (Sent{Seq: 7, Count: 3}) {
			t.Fatal(sent, err)
		}
	}
	keys := map[string]int{}
	for _, request := range f.requests("POST") {
		keys[request.header.Get("Idempotency-Key")+" "+request.body]++
	}
	if len(keys) != 2 {
		t.Error(keys)
	}
	for key, times := range keys {
		key, body, _ := strings.Cut(key, " ")
		if len(key) < 22 {
			t.Errorf("the key %q is no 128 random bits", key)
		}
		if expected := map[string]int{`{"sdp":"<v=0>"}`: 3, "null": 1}[body]; times != expected {
			t.Errorf("%s came %d times", body, times)
		}
	}
}

func TestAValueThatIsNotJSONIsNotSent(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {})
	if _, err := f.box(t, nil).Send(t.Context(), make(chan int)); err == nil || len(f.requests("POST")) != 0 {
		t.Error(err)
	}
}

func TestARefusalIsAnError(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Retry-After", "7")
		answerProblem(w, http.StatusConflict, "BOX_ERR_FULL")
	})
	_, err := f.box(t, nil).Send(t.Context(), 1)
	var refusal *Error
	if !errors.As(err, &refusal) || *refusal != (Error{409, "BOX_ERR_FULL", "what to do", 7 * time.Second}) {
		t.Fatal(err)
	}
	if len(f.requests("POST")) != 1 {
		t.Error("it was sent again")
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	date := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	for value, expected := range map[string][2]time.Duration{
		"":       {0, 0},
		"soon":   {0, 0},
		"-1":     {0, 0},
		"7":      {7 * time.Second, 7 * time.Second},
		"1e300":  {24 * time.Hour, 24 * time.Hour},
		"999999": {24 * time.Hour, 24 * time.Hour},
		date:     {50 * time.Second, time.Minute},
	} {
		wait := retryAfter(value)
		if wait < expected[0] || wait > expected[1] {
			t.Errorf("%q: %v", value, wait)
		}
		if delay := defaultTimings.backoffDelay(1, &Error{RetryAfter: wait}); delay < wait+defaultTimings.minDelay/2 {
			t.Errorf("%q: waits %v only", value, delay)
		}
	}
	if delay := defaultTimings.backoffDelay(1_000_000, nil); delay < defaultTimings.maxDelay/2 || delay > defaultTimings.maxDelay {
		t.Error(delay)
	}
}

func TestCreateDoesNotWaitForLong(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		w.Header().Set("Retry-After", "6")
		answerProblem(w, http.StatusTooManyRequests, "BOX_ERR_RATE")
	})
	_, err := Create(t.Context(), f.url, nil)
	if refusal, ok := asError(err); !ok || refusal.Code != "BOX_ERR_RATE" || len(f.requests("POST")) != 1 {
		t.Error(err)
	}
}

func TestCreateGivesUpOnAServerThatDoesNotRespond(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	brief := defaultTimings
	brief.minDelay, brief.responseTimeout = time.Millisecond, 50*time.Millisecond
	_, err := create(t.Context(), f.url, nil, brief)
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Server != f.url || len(f.requests("POST")) != 1 {
		t.Error(err, len(f.requests("POST")))
	}
	if limit := defaultTimings.forCreating().responseTimeout; limit != 10*time.Second {
		t.Error(limit)
	}
}

func TestAServerThatCannotBeReachedIsNamedAndTheBoxIsNot(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) { cut(w) })
	box := f.box(t, nil)
	_, err := box.Acknowledge(t.Context(), 1)
	var unreachable *UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Server != f.url || !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if attempts := len(f.requests("PUT")); attempts != 10 {
		t.Errorf("%d attempts", attempts)
	}
	if said := fmt.Sprintf("%v %+v %v", err, err, box); strings.Contains(said, boxID) {
		t.Error(said)
	}
}

func TestTheContextEndsACallWithItsCause(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		cancel(cause)
		<-r.Context().Done()
	})
	if _, err := f.box(t, nil).Read(ctx, &ReadOptions{Wait: time.Minute}); !errors.Is(err, cause) {
		t.Error(err)
	}
}

func TestADeadlineTellsWhatWasTried(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		answerProblem(w, http.StatusServiceUnavailable, "BOX_ERR_STORE")
	})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	box := f.box(t, nil)
	box.timings.minDelay, box.timings.maxDelay = time.Hour, time.Hour
	err := box.Delete(ctx)
	if refusal, ok := asError(err); !ok || refusal.Code != "BOX_ERR_STORE" || !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestWhatIsTooLargeIsNotAskedForAgain(t *testing.T) {
	for _, contentType := range []string{"application/json", "text/event-stream"} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
			w.Header().Set("Content-Type", contentType)
			io.WriteString(w, "data: "+strings.Repeat(" ", 2000))
		})
		box := f.box(t, &Options{MaxResponseBytes: 1000})
		var err error
		if contentType == "application/json" {
			_, err = box.Read(t.Context(), nil)
		} else {
			_, err = firstOf(t, box)
		}
		var tooLarge *TooLargeError
		if !errors.As(err, &tooLarge) || len(f.requests("GET")) != 1 {
			t.Errorf("%s: %v", contentType, err)
		}
	}
}

func TestAnAnswerThatBreaksTheContractIsAnError(t *testing.T) {
	for _, body := range []string{`{}`, `[]`, `{"type":"ack"}`, `{"type":"msgs","data":[1,2],"next":1}`, `{"type":"msgs","data":null,"next":0}`, `{"type":"msgs","data":[],"next":"0"}`} {
		f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) { answerJSON(w, body) })
		page, err := f.box(t, nil).Read(t.Context(), nil)
		if refusal, ok := asError(err); !ok || refusal.Status != 200 {
			t.Errorf("%s: %v, %v", body, page, err)
		}
	}
}

func TestHeadersGoNowhereElse(t *testing.T) {
	other := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) { answerJSON(w, `{"type":"ack","data":0}`) })
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		http.Redirect(w, r, other.url, http.StatusTemporaryRedirect)
	})
	if left, err := f.box(t, nil).Acknowledge(t.Context(), 1); err != nil || left != 0 {
		t.Error("without headers, a redirect is followed:", err)
	}
	if referer := other.requests("PUT")[0].header.Get("Referer"); referer != "" {
		t.Error("the other server learns the box id:", referer)
	}
	box := f.box(t, &Options{Server: f.url, Header: http.Header{"Authorization": {"secret"}}})
	_, err := box.Acknowledge(t.Context(), 1)
	if refusal, ok := asError(err); !ok || refusal.Status != 307 || len(other.requests("PUT")) != 1 {
		t.Error(err)
	}
	if sent := f.requests("PUT")[1].header.Get("Authorization"); sent != "secret" {
		t.Error(sent)
	}
}

func TestARedirectThatChangesTheMethodIsExplained(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.Method == "POST" {
			http.Redirect(w, r, "/new", http.StatusFound)
			return
		}
		answerJSON(w, `{}`)
	})
	_, err := f.box(t, nil).Send(t.Context(), 1)
	if refusal, ok := asError(err); !ok || !strings.Contains(refusal.Detail, "use the new URL") {
		t.Error(err)
	}
}

func TestADrainIsRepeatedOnlyIfNothingWasTaken(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		if earlier == 0 {
			answerProblem(w, http.StatusServiceUnavailable, "BOX_ERR_BUSY")
		} else if earlier == 1 {
			answerJSON(w, `{"type":"msgs","data":["ab",`+deep+`,{"a":"]\"}"}],"next":9}`)
		} else {
			cut(w)
		}
	})
	box := f.box(t, nil)
	page, err := box.Drain(t.Context())
	if err != nil || page.Next != 9 || fmt.Sprint(page.Messages[0], page.Messages[2]) != `ab {"a":"]\"}"}` || page.Messages[0].Seq != 7 || string(page.Messages[1].Data) != deep {
		t.Fatal(page.Next, err)
	}
	var unreachable *UnreachableError
	if _, err := box.Drain(t.Context()); !errors.As(err, &unreachable) || len(f.requests("DELETE")) != 3 {
		t.Error(err, len(f.requests("DELETE")))
	}
}

func TestDeletingABoxThatIsGoneSucceeds(t *testing.T) {
	f := serve(t, func(w http.ResponseWriter, r *http.Request, earlier int) {
		if earlier == 0 {
			w.WriteHeader(http.StatusNoContent)
		} else {
			answerProblem(w, http.StatusNotFound, "BOX_ERR_NOT_FOUND")
		}
	})
	box := f.box(t, nil)
	for range 2 {
		if err := box.Delete(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
