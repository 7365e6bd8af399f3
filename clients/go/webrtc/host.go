package call

import (
	"context"
	"iter"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
)

const defaultMaxGuests = 16

// A HostedCall is a call that this side has opened.
type HostedCall struct {
	core      *core
	own       *signalbox.Box
	key       sealing.Key
	invite    hidden.Value[string]
	limit     int         // how many guests there may be at a time
	onRefusal func(error) // may be nil
	attempts  *attempts
	turning   atomic.Int64      // guests that are being turned away
	sessions  map[string]*guest // by the guest's nonce; only the reader of the box uses them
}

// Host opens a call on the server with this base URL of the box routes, and returns when its invite is valid. The
// context is that of the whole call: when it ends, the call does. options may be nil.
func Host(ctx context.Context, server string, options *HostOptions) (*HostedCall, error) {
	if options == nil {
		options = &HostOptions{}
	}
	common, err := options.common(server)
	if err != nil {
		return nil, err
	}
	if _, err := url.Parse(options.Page); err != nil {
		return nil, asError(sealing.ErrInvite)
	}
	boxOptions := common.box
	box, err := signalbox.Create(ctx, server, &boxOptions)
	if err != nil {
		return nil, endedBy(ctx, err)
	}
	base, drop := splitLink(box.DropLink())
	common.box.Server = base
	key := sealing.NewKey(sealing.NewSecret(), drop)
	page := options.Page
	if page == "" {
		page = base + "/"
	}
	invite, err := sealing.Invite{Server: base, Key: key}.Link(page)
	if err != nil {
		return nil, asError(err)
	}
	h := &HostedCall{core: newCore(ctx, common), own: box, key: key, invite: hidden.New(invite), limit: options.MaxGuests, onRefusal: options.Refused, attempts: newAttempts(time.Now)}
	if h.limit == 0 {
		h.limit = defaultMaxGuests
	}
	h.sessions = map[string]*guest{}
	go h.run()
	return h, nil
}

// splitLink returns the base URL of the box routes and the id in a box's link.
func splitLink(link string) (server, id string) {
	at := strings.LastIndex(link, "/boxes/")
	return link[:at], link[at+len("/boxes/"):]
}

// Invite returns the link for the guests. Whoever has it can join.
func (h *HostedCall) Invite() string { return h.invite() }

// String names the call without revealing its invite.
func (h *HostedCall) String() string { return "a call at " + h.core.box().Server }

// GoString is String, for %#v.
func (h *HostedCall) GoString() string { return h.String() }

// ID is this side's id, as the guests see it in [Peer.ID].
func (h *HostedCall) ID() string { return participantID(h.key.HostDrop()) }

// Peers returns the guests as they become connected. The loop ends when the call is closed. If it ends for another
// reason, or the context does, that is the last pair. One loop at a time gets each peer.
func (h *HostedCall) Peers(ctx context.Context) iter.Seq2[*Peer, error] { return h.core.each(ctx) }

// Close leaves the call: it tells all guests, closes their connections and deletes the box, so that the invite is no
// longer valid. It returns when that is done, or when the context has ended.
func (h *HostedCall) Close(ctx context.Context) error {
	h.core.cancel(errLeft)
	return h.core.wait(ctx)
}

func (h *HostedCall) refused(err error) {
	if h.onRefusal != nil {
		h.onRefusal(err)
	}
}

// run reads the box until the call ends, and then cleans up.
func (h *HostedCall) run() {
	defer close(h.core.done)
	if failure := h.read(); failure != nil {
		// Nobody can join any more, but a connection lives on without the boxes.
		h.core.finish(failure)
		for _, l := range h.core.all() {
			l.boxFailed(failure)
		}
		h.core.outlive()
	}
	cause := context.Cause(h.core.ctx)
	if cause == errLeft {
		cause = nil
	}
	h.core.cancel(errLeft)
	h.core.leaveAll(nil)
	h.core.deleteBox(h.own)
	h.core.running.Wait()
	h.core.finish(cause)
}

func (h *HostedCall) read() error {
	for message, err := range h.own.Messages(h.core.ctx) {
		if h.core.ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return asError(err)
		}
		sealed, err := sealing.ParseMessage(message.Data)
		if err != nil {
			h.refused(asError(err))
			continue
		}
		h.dispatch(sealed)
	}
	return nil
}
