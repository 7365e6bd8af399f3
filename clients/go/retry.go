package signalbox

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"time"
)

// timings are the client's waits and timeouts, and its number of attempts.
type timings struct {
	minDelay            time.Duration // before the first retry; doubles with every further failure
	maxDelay            time.Duration // the longest wait between retries
	maxAttempts         int           // per request; following a box never gives up
	maxRetryAfter       time.Duration // the longest Retry-After that is waited for; with a longer one, the refusal is final
	responseTimeout     time.Duration // until a response is complete
	streamOpenTimeout   time.Duration // how long a new stream may stay silent: a server writes at once, unless a proxy buffers
	streamIdleTimeout   time.Duration // how long an open stream may stay silent: the server writes every 15 s
	longPollWait        time.Duration
	longPollPeriod      time.Duration // how long to use long-polls before trying the stream again
	minPollInterval     time.Duration // between two long-polls that find nothing, in case the server does not wait
	acknowledgeInterval time.Duration // between two acknowledgements, so that not every message costs a request
	flushTimeout        time.Duration // how long a loop waits for its last acknowledgement when it is left
	cancelTimeout       time.Duration // the same, if its context has ended
}

var defaultTimings = timings{
	minDelay:            250 * time.Millisecond,
	maxDelay:            15 * time.Second,
	maxAttempts:         10,
	maxRetryAfter:       math.MaxInt64,
	responseTimeout:     30 * time.Second,
	streamOpenTimeout:   3 * time.Second,
	streamIdleTimeout:   45 * time.Second,
	longPollWait:        25 * time.Second,
	longPollPeriod:      5 * time.Minute,
	minPollInterval:     time.Second,
	acknowledgeInterval: 250 * time.Millisecond,
	flushTimeout:        5 * time.Second,
	cancelTimeout:       time.Second,
}

// forCreating returns the timings for creating a box: nothing is lost yet, so it is better to say soon that the URL is
// wrong. For the same reason, an attempt that gets no response in time is the last.
func (t timings) forCreating() timings {
	t.responseTimeout = min(t.responseTimeout, 10*time.Second)
	t.maxAttempts = 5
	t.maxRetryAfter = 5 * time.Second
	return t
}

// isTransient reports whether the same request may succeed later: there was no response, part of one, or one that says
// so.
func isTransient(err error) bool {
	if refusal, ok := asError(err); ok {
		return refusal.Status >= 500 || refusal.Status == http.StatusTooManyRequests || refusal.Status == http.StatusRequestTimeout
	}
	var unreachable *UnreachableError
	return errors.As(err, &unreachable)
}

func isTransientAndInTime(err error) bool {
	var late interface{ Timeout() bool }
	return isTransient(err) && !(errors.As(err, &late) && late.Timeout())
}

func asError(err error) (*Error, bool) {
	var refusal *Error
	return refusal, errors.As(err, &refusal)
}

func askedBy(err error) time.Duration {
	if refusal, ok := asError(err); ok {
		return refusal.RetryAfter
	}
	return 0
}

// backoffDelay returns how long to wait after so many failures in a row, the last of them err: exponential backoff with
// jitter, so that clients disconnected together do not all return together, added to the server's Retry-After.
func (t timings) backoffDelay(failures int, err error) time.Duration {
	backoff := min(float64(t.minDelay)*math.Pow(2, float64(failures-1)), float64(t.maxDelay))
	return askedBy(err) + time.Duration(backoff*(0.5+rand.Float64()/2))
}

// retry sends an idempotent request until there is a final response, the attempts are used up, or the context ends.
func retry[T any](ctx context.Context, t timings, timeout time.Duration, mayRepeat func(error) bool, request func(context.Context) (T, error)) (T, error) {
	for failures := 1; ; failures++ {
		answer, err := inTime(ctx, timeout, request)
		if err == nil {
			return answer, nil
		}
		if ctx.Err() != nil {
			return answer, context.Cause(ctx)
		}
		if failures >= t.maxAttempts || !mayRepeat(err) || askedBy(err) > t.maxRetryAfter {
			return answer, err
		}
		if ended := sleep(ctx, t.backoffDelay(failures, err)); ended != nil {
			return answer, fmt.Errorf("%w; before that, %w", ended, err)
		}
	}
}

func inTime[T any](ctx context.Context, timeout time.Duration, request func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, timeoutError{timeout})
	defer cancel()
	return request(ctx)
}

// A timeoutError says that there was no response in time.
type timeoutError struct{ limit time.Duration }

func (e timeoutError) Error() string { return fmt.Sprintf("no response within %v", e.limit) }

func (timeoutError) Timeout() bool { return true }

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
