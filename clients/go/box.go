package signalbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
)

// Options are the options of [Create] and [Open]. The zero value, like nil, means the defaults.
type Options struct {
	// TTL is the idle lifetime of a box that is created, in whole seconds; by default, the server's.
	TTL time.Duration
	// Server is the base URL of the box routes. It is required to open a box by its id alone, or with Header; a link
	// must lead to this server.
	Server string
	// HTTPClient makes the requests; by default, http.DefaultClient. Its Timeout would also end streams.
	HTTPClient *http.Client
	// Header is sent with every request, for example with Authorization. Redirects are then refused: they could lead
	// to another server.
	Header http.Header
	// MaxResponseBytes is the largest response body accepted, and the largest event of a stream; by default 64 MiB.
	MaxResponseBytes int64
}

// A Box is a box on a server. With a box id you can read, acknowledge, send and delete; with a drop address you can
// only send. It may be used by several goroutines at once, but only one loop can read it at a time. It holds no
// resources that need closing.
//
// A request is tried up to ten times. That takes about a minute if each attempt fails at once, and up to six minutes if
// the server does not respond: an attempt then lasts 30 seconds. To limit how long a call takes, use its context.
type Box struct {
	address    address
	connection *connection
	timings    timings
	reading    atomic.Bool
	position   int64 // the cursor at which the next loop begins; owned by whoever set reading
	// acknowledged is the latest cursor up to which the server has deleted the messages.
	acknowledged atomic.Int64
}

// Create creates a box on the server with this base URL, such as https://example.com/prefix. If the server cannot be
// reached, it retries only four times, within about four seconds: long enough for the server to restart, and short
// enough to notice a wrong URL. If the server does not respond at all, it gives up after ten seconds. options may be
// nil.
func Create(ctx context.Context, server string, options *Options) (*Box, error) {
	return create(ctx, server, options, defaultTimings)
}

func create(ctx context.Context, server string, options *Options, timings timings) (*Box, error) {
	base, err := baseURL(server)
	if err != nil {
		return nil, err
	}
	if options == nil {
		options = &Options{}
	}
	connection := newConnection(base, *options)
	creation := call{method: "POST", path: "/boxes"}
	if options.TTL != 0 {
		if options.TTL < 0 || options.TTL%time.Second != 0 {
			return nil, fmt.Errorf("signalbox: Options.TTL must be a whole number of seconds, not %v", options.TTL)
		}
		creation.body = fmt.Appendf(nil, `{"ttl":%d}`, options.TTL/time.Second)
	}
	limited := timings.forCreating()
	made, err := retry(ctx, limited, limited.responseTimeout, isTransientAndInTime, func(ctx context.Context) (created, error) {
		return request[created](ctx, connection, creation)
	})
	if err != nil {
		return nil, err
	}
	return &Box{address: address{base, hidden.New(made.Data)}, connection: connection, timings: timings}, nil
}

// Open opens a box by its link, <server>/boxes/<id>, or by its id and Options.Server. It sends no request: the first
// use shows whether the box exists. options may be nil.
//
// With Options.Header, Options.Server is required, and a link to another server is refused: links come from other
// people and must not receive your credentials.
func Open(link string, options *Options) (*Box, error) {
	if options == nil {
		options = &Options{}
	}
	if options.Header != nil && options.Server == "" {
		return nil, errors.New("signalbox: Options.Header requires Options.Server")
	}
	address, err := parseAddress(link, options.Server)
	if err != nil {
		return nil, err
	}
	return &Box{address: address, connection: newConnection(address.server, *options), timings: defaultTimings}, nil
}

// Link returns the link that opens this box again with the same rights. Keep it secret if you own the box: it then
// contains the box id.
func (b *Box) Link() string { return b.address.link() }

// DropLink returns the link to give to the other side. It contains the drop address, so its holder can only send.
func (b *Box) DropLink() string {
	return address{b.address.server, hidden.New(dropAddress(b.address.id()))}.link()
}

// String names the box without revealing its id.
func (b *Box) String() string { return "a box at " + b.address.server }

// GoString is String, for %#v.
func (b *Box) GoString() string { return b.String() }

// Sent is what the server says of a message that it stored.
type Sent struct {
	// Seq is the message's sequence number.
	Seq int64
	// Count is the number of messages now in the box.
	Count int
}

// Send stores a message: any value that [json.Marshal] accepts, including nil. It is stored once, however often the
// request is retried, because every message carries an Idempotency-Key. If the context ends first, the message may
// still have been stored.
func (b *Box) Send(ctx context.Context, message any) (Sent, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		return Sent{}, fmt.Errorf("signalbox: the message is not a JSON value: %w", err)
	}
	key := make([]byte, 16)
	rand.Read(key) // never fails
	storing := b.call("POST", "/messages")
	storing.body = bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	storing.header = map[string]string{"Idempotency-Key": base64.RawURLEncoding.EncodeToString(key)}
	stored, err := retryCall[ack](ctx, b, storing)
	if err != nil {
		return Sent{}, err
	}
	return Sent{stored.Seq, *stored.Data}, nil
}

// ReadOptions say which messages to read.
type ReadOptions struct {
	// After is the cursor to start after; 0 is before the first message.
	After int64
	// Limit is how many messages to read at most, 1 to 1,000; by default 100.
	Limit int
	// Wait is how long the server may wait for a message if there is none, in whole seconds, up to 60.
	Wait time.Duration
}

// Read reads messages without acknowledging them: with nil, the first 100, without waiting.
func (b *Box) Read(ctx context.Context, options *ReadOptions) (Page, error) {
	if options == nil {
		options = &ReadOptions{}
	}
	return retry(ctx, b.timings, b.timings.responseTimeout+options.Wait, isTransient, func(ctx context.Context) (Page, error) {
		return b.readPage(ctx, *options)
	})
}

func (b *Box) readPage(ctx context.Context, options ReadOptions) (Page, error) {
	reading := b.call("GET", "/messages")
	reading.query = url.Values{"after": {strconv.FormatInt(options.After, 10)}}
	if options.Limit != 0 {
		reading.query.Set("limit", strconv.Itoa(options.Limit))
	}
	if options.Wait != 0 {
		reading.query.Set("wait", strconv.FormatFloat(options.Wait.Seconds(), 'f', -1, 64))
	}
	found, err := request[msgs](ctx, b.connection, reading)
	if err != nil {
		return Page{}, err
	}
	return pageOf(found), nil
}

// Acknowledge deletes the messages up to and including the cursor, and returns how many are left. A loop over the box
// does this itself. If the cursor is ahead of the box, the error's code is BOX_ERR_CURSOR.
func (b *Box) Acknowledge(ctx context.Context, cursor int64) (left int, err error) {
	return b.acknowledge(ctx, cursor, b.timings)
}

func (b *Box) acknowledge(ctx context.Context, cursor int64, t timings) (left int, err error) {
	moving := b.call("PUT", "/cursor")
	moving.body = fmt.Appendf(nil, `{"after":%d}`, cursor)
	moved, err := retry(ctx, t, t.responseTimeout, isTransient, func(ctx context.Context) (cursorAck, error) {
		return request[cursorAck](ctx, b.connection, moving)
	})
	if err != nil {
		return 0, err
	}
	for known := b.acknowledged.Load(); cursor > known && !b.acknowledged.CompareAndSwap(known, cursor); {
		known = b.acknowledged.Load()
	}
	return *moved.Data, nil
}

// Drain takes all messages out of the box, in one step. If the response is lost, so are its messages. Therefore this is
// retried only if nothing can have been taken; after an [*UnreachableError], messages may be lost. To lose none, read
// and acknowledge instead.
func (b *Box) Drain(ctx context.Context) (Page, error) {
	taken, err := retry(ctx, b.timings, b.timings.responseTimeout, tookNothing, func(ctx context.Context) (msgs, error) {
		return request[msgs](ctx, b.connection, b.call("DELETE", "/messages"))
	})
	if err != nil {
		return Page{}, err
	}
	return pageOf(taken), nil
}

func tookNothing(err error) bool {
	if refusal, ok := asError(err); ok {
		return refusal.Status == http.StatusTooManyRequests || refusal.Code == "BOX_ERR_BUSY"
	}
	var network *net.OpError
	return errors.As(err, &network) && network.Op == "dial"
}

// Delete deletes the box with its messages; whoever reads it gets BOX_ERR_NOT_FOUND. It succeeds if the box is already
// gone.
func (b *Box) Delete(ctx context.Context) error {
	_, err := retryCall[nothing](ctx, b, b.call("DELETE", ""))
	if refusal, ok := asError(err); ok && refusal.Status == http.StatusNotFound {
		return nil
	}
	return err
}

func (b *Box) call(method, path string) call {
	return call{method: method, path: "/boxes/" + b.address.id() + path}
}

func retryCall[T answer](ctx context.Context, b *Box, call call) (T, error) {
	return retry(ctx, b.timings, b.timings.responseTimeout, isTransient, func(ctx context.Context) (T, error) {
		return request[T](ctx, b.connection, call)
	})
}
