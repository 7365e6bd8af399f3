package call

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

// A Code says why a call, a peer or a guest's attempt to join ended.
type Code string

// The codes that mean that a link or a network does not work.
const (
	CodeInvite         Code = "CALL_ERR_INVITE"
	CodeInviteVersion  Code = "CALL_ERR_INVITE_VERSION"
	CodeKey            Code = "CALL_ERR_KEY"
	CodeGone           Code = "CALL_ERR_GONE"
	CodeNoPeer         Code = "CALL_ERR_NO_PEER"
	CodeNoPath         Code = "CALL_ERR_NO_PATH"
	CodeNoPathWithTURN Code = "CALL_ERR_NO_PATH_WITH_TURN"
	CodeLost           Code = "CALL_ERR_LOST"
	CodeUnverified     Code = "CALL_ERR_UNVERIFIED"
	CodeDescription    Code = "CALL_ERR_DESCRIPTION"
	CodeTooLarge       Code = "CALL_ERR_TOO_LARGE"
	CodeServer         Code = "CALL_ERR_SERVER"
	CodeFull           Code = "CALL_ERR_FULL"
	CodeAttempts       Code = "CALL_ERR_ATTEMPTS"
	CodeUsedUp         Code = "CALL_ERR_USED_UP"
	CodeClosed         Code = "CALL_ERR_CLOSED"
)

// The codes that mean that a message was refused. An honest server passes messages on unchanged, so the cause is a
// dishonest server, or someone with another link.
const (
	CodeFormat      Code = "CALL_ERR_FORMAT"
	CodeVersion     Code = "CALL_ERR_VERSION"
	CodeChanged     Code = "CALL_ERR_CHANGED"
	CodeReplayed    Code = "CALL_ERR_REPLAYED"
	CodeOrder       Code = "CALL_ERR_ORDER"
	CodeReflected   Code = "CALL_ERR_REFLECTED"
	CodeForeign     Code = "CALL_ERR_FOREIGN"
	CodeFingerprint Code = "CALL_ERR_FINGERPRINT"
)

const newInvite = " Use a new invite, sent another way."

var texts = map[Code]string{
	CodeInvite:         "This link is not a valid invite, or it leads to another server. Ask for it again, and copy the whole link.",
	CodeInviteVersion:  "This invite was made by a newer version. Reload the page or update this program.",
	CodeKey:            "The key in this link is wrong: the link was altered or cut off, or it belongs to another call. Ask for it again, and copy the whole link.",
	CodeGone:           "This invite is no longer valid: the call was ended, or the invite went unused for too long. Ask for a new one.",
	CodeNoPeer:         "The other side did not answer. Make sure that its page or program is open, then try again.",
	CodeNoPath:         "No network path to the other side was found, and there was no TURN server to relay the call. Try another network, or set up a TURN server.",
	CodeNoPathWithTURN: "No network path to the other side was found, not even through the TURN server. Try another network, or check the TURN server.",
	CodeLost:           "The connection to the other side was lost and could not be restored. Check your network, then join again.",
	CodeUnverified:     "This program cannot check whose certificate the connection uses, so a code would prove nothing.",
	CodeDescription:    "The two sides offer incompatible connections. Update the browser or program on both sides.",
	CodeTooLarge:       "A message is too large for the server or for the other side. Send less at once.",
	CodeServer:         "The server cannot be reached or is not responding as it should. Check your network, then try again later.",
	CodeFull:           "This call is full, or too many messages are waiting. Try again later.",
	CodeAttempts:       "There were too many attempts to join with this invite, so it accepts no new guests for now. Try again in ten minutes, or use a new invite.",
	CodeUsedUp:         "This invite has been used too many times and accepts no new guests. A new invite is needed.",
	CodeClosed:         "The conversation has ended. To continue, join again or ask for a new invite.",

	CodeFormat:      "A message was refused: it is malformed." + newInvite,
	CodeVersion:     "A message was refused: its protocol version is unknown. Reload the page or update the program on both sides.",
	CodeChanged:     "A message was refused: it was altered in transit." + newInvite,
	CodeReplayed:    "A message was refused: it had already been received." + newInvite,
	CodeOrder:       "A message was refused: an earlier one is missing, or the order was changed." + newInvite,
	CodeReflected:   "A message was refused: it is one of our own, sent back." + newInvite,
	CodeForeign:     "A message was refused: it belongs to another conversation." + newInvite,
	CodeFingerprint: "The other side is not who it claimed to be: its DTLS fingerprint does not match." + newInvite,
}

// Text says what happened and what to do, for people to read.
func (c Code) Text() string { return texts[c] }

// An Error is the reason why a call, a peer or an attempt to join ended. Find it with [errors.As].
type Error struct {
	// Code identifies the reason.
	Code Code
	// Err is the cause, such as a [*signalbox.Error]; or nil.
	Err error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("signalbox: %s: %s (%v)", e.Code, e.Code.Text(), e.Err)
	}
	return fmt.Sprintf("signalbox: %s: %s", e.Code, e.Code.Text())
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func refuse(code Code) *Error { return &Error{Code: code} }

// asError makes an Error of what sealing or a box refused.
func asError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var sealed sealing.Error
	if errors.As(err, &sealed) {
		return refuse(Code(sealed))
	}
	var refusal *signalbox.Error
	if errors.As(err, &refusal) && refusal.Code == "BOX_ERR_NOT_FOUND" {
		return &Error{CodeGone, err}
	}
	if errors.As(err, &refusal) && refusal.Status == http.StatusRequestEntityTooLarge {
		return &Error{CodeTooLarge, err}
	}
	return &Error{CodeServer, err}
}

// endedBy returns the context's cause if it has ended, and otherwise the error as an Error.
func endedBy(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return asError(err)
}

// onlySignaling reports whether a connection survives an ending with this code through the boxes.
func onlySignaling(code Code) bool { return code == CodeGone || code == CodeServer }

// shared are the codes that the other side is told. Any other becomes CALL_ERR_CLOSED.
var shared = map[Code]bool{
	CodeFull: true, CodeAttempts: true, CodeUsedUp: true, CodeTooLarge: true, CodeDescription: true, CodeLost: true,
	CodeNoPath: true, CodeNoPathWithTURN: true, CodeGone: true, CodeServer: true,
}

func shareable(code Code) Code {
	if shared[code] {
		return code
	}
	return CodeClosed
}
