package signalbox

import (
	"errors"
	"fmt"
	"time"
)

// ErrReading is returned if another loop is already reading through the same [Box]. End that loop first, or open the
// box again.
var ErrReading = errors.New("signalbox: another loop is already reading through this Box")

// An Error is a response other than the expected one.
type Error struct {
	// Status is the HTTP status.
	Status int
	// Code is the contract's error code, such as BOX_ERR_NOT_FOUND, or a code from the host application. It is empty
	// if something other than a box server responded.
	Code string
	// Detail says what went wrong and what to do next.
	Detail string
	// RetryAfter is how long the server asked to wait before the next attempt; 0 if it did not ask.
	RetryAfter time.Duration
}

func (e *Error) Error() string {
	if e.Code == "" {
		return "signalbox: " + e.Detail
	}
	return fmt.Sprintf("signalbox: %s: %s", e.Code, e.Detail)
}

// An UnreachableError means that there was no response from the server, or only part of one.
type UnreachableError struct {
	// Server is the base URL of the box routes.
	Server string
	// Err is the reason.
	Err error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("signalbox: the server at %s could not be reached: %v", e.Server, e.Err)
}

func (e *UnreachableError) Unwrap() error { return e.Err }

// A TooLargeError means that a response, or an event of a stream, is larger than [Options.MaxResponseBytes]. It is not
// requested again, since the next response would be as large.
type TooLargeError struct {
	// Limit is the limit that was exceeded, in bytes.
	Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("signalbox: the response is larger than %d bytes", e.Limit)
}
