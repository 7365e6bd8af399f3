package signalbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
)

const defaultMaxResponseBytes = 64 << 20 // far more than a box holds on any server with default limits

// A connection makes requests to a server, one response each: no retries, and no more memory than allowed.
type connection struct {
	server   string
	client   *http.Client
	header   hidden.Value[http.Header]
	maxBytes int64
}

func newConnection(server string, options Options) *connection {
	client := options.HTTPClient
	if client == nil {
		client = http.DefaultClient
	}
	copied := *client
	if options.Header != nil {
		// A redirect could lead the headers to another server.
		copied.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	} else {
		copied.CheckRedirect = withoutReferer(client.CheckRedirect)
	}
	limit := options.MaxResponseBytes
	if limit <= 0 {
		limit = defaultMaxResponseBytes
	}
	return &connection{server, &copied, hidden.New(options.Header.Clone()), min(limit, math.MaxInt64-1)}
}

// withoutReferer keeps the client from telling the next server the URL of the last request, which contains the box id.
func withoutReferer(check func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(request *http.Request, via []*http.Request) error {
		request.Header.Del("Referer")
		if check != nil {
			return check(request, via)
		}
		if len(via) >= 10 {
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}
}

// A call is a request of the contract.
type call struct {
	method, path string
	query        url.Values
	body         []byte // JSON
	header       map[string]string
}

// open returns the response, whose body is not read yet.
func (c *connection) open(ctx context.Context, call call) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, call.method, c.server+call.path, bytes.NewReader(call.body))
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	request.URL.RawQuery = call.query.Encode()
	if header := c.header(); header != nil {
		request.Header = header.Clone()
	}
	request.Header.Set("Accept", "application/json")
	// A compressed body could be small on the network and fill the memory.
	request.Header.Set("Accept-Encoding", "identity")
	if call.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, value := range call.header {
		request.Header.Set(name, value)
	}
	response, err := c.client.Do(request)
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	return response, nil
}

// unreachable wraps a failure. A *url.Error contains the URL, and with it a capability, so only its reason is kept.
func (c *connection) unreachable(ctx context.Context, err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		err = withURL.Err
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return &UnreachableError{c.server, err}
}

// request returns the body of a successful response, and an *Error for any other.
func request[T answer](ctx context.Context, c *connection, call call) (T, error) {
	var found T
	response, err := c.open(ctx, call)
	if err != nil {
		return found, err
	}
	defer response.Body.Close()
	body, err := c.read(ctx, response)
	if err != nil {
		return found, err
	}
	if !isSuccess(response) {
		return found, refusal(response, body, call.method)
	}
	if response.StatusCode != http.StatusNoContent {
		var wrongType *json.UnmarshalTypeError
		if err := decode(body, &found); err != nil && !errors.As(err, &wrongType) {
			// It may have been cut off.
			return found, &UnreachableError{c.server, fmt.Errorf("the response is not JSON: %w", err)}
		} else if err != nil {
			return found, refusal(response, body, call.method)
		}
	}
	if !found.sound() {
		return found, refusal(response, body, call.method)
	}
	return found, nil
}

// read reads a body up to the limit, so that no server can fill the memory.
func (c *connection) read(ctx context.Context, response *http.Response) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(response.Body, c.maxBytes+1))
	if int64(len(body)) > c.maxBytes {
		return nil, &TooLargeError{c.maxBytes}
	}
	if err != nil {
		return nil, c.unreachable(ctx, err)
	}
	return body, nil
}

func isSuccess(response *http.Response) bool { return response.StatusCode/100 == 2 }

// refusal makes an error of a response; for a box server's, code and detail come from the problem document (RFC 9457).
func refusal(response *http.Response, body []byte, method string) *Error {
	err := &Error{Status: response.StatusCode, RetryAfter: retryAfter(response.Header.Get("Retry-After"))}
	var problem struct{ Code, Detail string }
	if !isSuccess(response) && json.Unmarshal(body, &problem) == nil {
		err.Code, err.Detail = problem.Code, problem.Detail
	}
	if err.Detail == "" {
		err.Detail = fmt.Sprintf("the server responded unexpectedly, with status %d", err.Status)
		if err.Status == http.StatusNotFound {
			err.Detail += "; is the URL's prefix right?"
		}
	}
	if err.Status/100 == 3 {
		err.Detail = "the server redirects, but redirects are not followed with Options.Header"
	} else if response.Request != nil && response.Request.Method != method {
		err.Detail += "; the server redirects, which turned the request into a GET: use the new URL"
	}
	return err
}

// retryAfter parses Retry-After (RFC 9110, section 10.2.3), in seconds or as a date. It is at most a day.
func retryAfter(value string) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
		wait = time.Duration(min(max(seconds, 0), 86_400) * float64(time.Second))
	} else if date, err := http.ParseTime(value); err == nil {
		wait = time.Until(date)
	}
	return min(max(wait, 0), 24*time.Hour)
}
