package signalbox

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	boxID       = "box_0123456789abcdefghijklmnopqrstuv"
	otherServer = "https://other.example"
)

// A seen is a request that a fake server got.
type seen struct {
	method, path, query, body string
	header                    http.Header
}

// A fake is a server that answers as told, and notes what it was asked.
type fake struct {
	url    string
	mu     sync.Mutex
	got    []seen
	server *httptest.Server
}

// serve starts a fake; answer gets the number of earlier requests with the same method.
func serve(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, earlier int)) *fake {
	f := &fake{}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		earlier := len(f.requests(r.Method))
		f.mu.Lock()
		f.got = append(f.got, seen{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header})
		f.mu.Unlock()
		answer(w, r, earlier)
	}))
	f.url = f.server.URL
	t.Cleanup(func() {
		f.server.CloseClientConnections()
		f.server.Close()
	})
	return f
}

// requests returns what the fake was asked with a method.
func (f *fake) requests(method string) []seen {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []seen
	for _, request := range f.got {
		if request.method == method {
			found = append(found, request)
		}
	}
	return found
}

// box opens a box on the fake, with short waits.
func (f *fake) box(t *testing.T, options *Options) *Box {
	t.Helper()
	box, err := Open(f.url+"/boxes/"+boxID, options)
	if err != nil {
		t.Fatal(err)
	}
	box.timings.minDelay, box.timings.maxDelay = time.Millisecond, 2*time.Millisecond
	box.timings.acknowledgeInterval = time.Millisecond
	return box
}

func answerJSON(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, text)
}

func answerProblem(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"code":%q,"detail":"what to do"}`, code)
}

// answerStream sends events, and keeps the stream open unless told to end it.
func answerStream(w http.ResponseWriter, r *http.Request, end bool, events ...string) {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, ": open\n\n"+strings.Join(events, ""))
	w.(http.Flusher).Flush()
	if !end {
		<-r.Context().Done()
	}
}

func numbered(from, to int) []string {
	var events []string
	for n := from; n <= to; n++ {
		events = append(events, fmt.Sprintf("id: %d\ndata: %d\n\n", n, n))
	}
	return events
}

// cut resets the connection in place of a response.
func cut(w http.ResponseWriter) {
	connection, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		connection.Close()
	}
}

// deep is valid JSON that encoding/json refuses to decode.
var deep = string(bytes.Repeat([]byte("["), 20_000)) + string(bytes.Repeat([]byte("]"), 20_000))
