package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// notes are the lines of a history.
type notes struct {
	lock  sync.Mutex
	since int64
	to    *bufio.Writer
}

// now is this machine's monotonic clock, which all processes share; time.Now does not give it away.
func (n *notes) now() int64 {
	var at unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &at); err != nil {
		panic(err)
	}
	return at.Nano() - n.since
}

func (n *notes) add(line map[string]any) {
	n.lock.Lock()
	defer n.lock.Unlock()
	if err := json.NewEncoder(n.to).Encode(line); err != nil {
		panic(err)
	}
}

// A recorder notes each request, so that every retry is an operation. Each has a connection of its own, because on
// another one the transport may repeat a request without telling.
type recorder struct {
	client, server string
	notes          *notes
}

var transport = &http.Transport{DisableKeepAlives: true}

func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	op, box, in, err := describe(request)
	if err != nil {
		return nil, err
	}
	call := r.notes.now()
	response, err := transport.RoundTrip(request)
	var out map[string]any
	if err == nil {
		var body []byte
		body, err = io.ReadAll(response.Body)
		response.Body.Close()
		response.Body = io.NopCloser(bytes.NewReader(body))
		if err == nil {
			out = seen(op, response.StatusCode, body)
		}
	}
	// Without a connection, nothing was sent.
	if !errors.Is(err, syscall.ECONNREFUSED) {
		r.notes.add(map[string]any{"op": op, "client": r.client, "server": r.server, "box": box, "call": call, "return": r.notes.now(), "in": in, "out": out})
	}
	if err != nil {
		return nil, err
	}
	return response, nil
}

// describe tells what a request asks for.
func describe(request *http.Request) (op, box string, in map[string]any, err error) {
	path := strings.Split(request.URL.Path, "/")
	box = path[2]
	in = map[string]any{}
	var body any
	if request.GetBody != nil {
		reader, err := request.GetBody()
		if err != nil {
			return "", "", nil, err
		}
		json.NewDecoder(reader).Decode(&body)
	}
	switch part := strings.Join(append([]string{request.Method}, path[3:]...), " "); part {
	case "PUT":
		op, in = "open", body.(map[string]any)
	case "POST messages":
		op = "store"
		in["value"], in["key"] = body, request.Header.Get("Idempotency-Key")
	case "GET messages":
		op = "read"
		query := request.URL.Query()
		in["after"], in["limit"] = json.Number(query.Get("after")), json.Number(query.Get("limit"))
	case "PUT cursor":
		op, in = "acknowledge", body.(map[string]any)
	case "DELETE messages":
		op = "drain"
	case "DELETE":
		op = "delete"
	default:
		err = fmt.Errorf("unknown request %s", part)
	}
	return op, box, in, err
}

// seen is what an answer says of the box; nil if the server does not know either.
func seen(op string, status int, body []byte) map[string]any {
	var answer map[string]any
	if status >= 500 || status != http.StatusNoContent && json.Unmarshal(body, &answer) != nil {
		return nil
	}
	out := map[string]any{"status": status}
	switch {
	case status >= 400:
		out["code"] = answer["code"]
	case op == "store":
		out["seq"], out["count"] = answer["seq"], answer["data"]
	case op == "acknowledge":
		out["count"] = answer["data"]
	case op == "read" || op == "drain":
		out["data"], out["next"] = answer["data"], answer["next"]
	}
	return out
}

// open opens a box under an id of the client's, which a Box does not.
func open(ctx context.Context, client *http.Client, server, id string, ttl, keep int) {
	settings := map[string]int{"ttl": ttl}
	if keep > 0 {
		settings["keep"] = keep
	}
	body, _ := json.Marshal(settings)
	request, err := http.NewRequestWithContext(ctx, "PUT", server+"/boxes/"+id, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if response, err := client.Do(request); err == nil {
		response.Body.Close()
	} else {
		time.Sleep(20 * time.Millisecond)
	}
}

// boxAt is the id of the box that is in a slot at a moment, as history.ts has it.
func (c config) boxAt(slot int, now int64) string {
	generation := (now*int64(c.Slots) + int64(slot)*c.Period) / (c.Period * int64(c.Slots))
	digest := hash(fmt.Sprintf("%s/%d/%d", c.Seed, slot, generation))
	return "box_" + base64.RawURLEncoding.EncodeToString(digest[:])[:32]
}

func hash(text string) [32]byte { return sha256.Sum256([]byte(text)) }
