package call

import (
	"context"
	"encoding/base64"
	"fmt"
	"iter"
	"sync"

	"github.com/pion/webrtc/v4"
)

// An anyCall is a call of either side.
type anyCall interface {
	Peers(context.Context) iter.Seq2[*Peer, error]
	Close(context.Context) error
}

// A played call writes what happens in it as events.
type played struct {
	runner *runner
	name   string

	mu    sync.Mutex
	call  anyCall
	ended chan struct{}
	peers map[string]*playedPeer
}

type playedPeer struct {
	*Peer
	flow flow
}

func (p *played) event(kind string, members map[string]any) {
	members["event"], members["name"] = kind, p.name
	p.runner.write(members)
}

func (p *played) refused(err error) { p.event("refused", map[string]any{"code": codeOf(err)}) }

func (p *played) begin(call anyCall) {
	p.mu.Lock()
	p.call, p.ended = call, make(chan struct{})
	p.mu.Unlock()
	go func() {
		defer close(p.ended)
		var reason error
		for peer, err := range call.Peers(context.Background()) {
			if err != nil {
				reason = err
				break
			}
			p.meet(peer)
		}
		p.event("end", map[string]any{"code": codeOf(reason)})
	}()
}

func (p *played) meet(peer *Peer) {
	met := &playedPeer{Peer: peer}
	p.mu.Lock()
	p.peers[peer.ID()] = met
	p.mu.Unlock()
	_, hosting := p.call.(*HostedCall)
	p.event("peer", map[string]any{"peer": peer.ID(), "code": peer.Code(), "host": !hosting})
	peer.OnTrack(func(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		p.event("track", map[string]any{"peer": peer.ID(), "kind": track.Kind().String()})
		met.flow.count(track)
	})
	peer.Channel().OnMessage(func(message webrtc.DataChannelMessage) {
		if message.IsString {
			p.event("data", map[string]any{"peer": peer.ID(), "text": string(message.Data)})
		} else {
			p.event("data", map[string]any{"peer": peer.ID(), "base64": base64.StdEncoding.EncodeToString(message.Data)})
		}
	})
	go func() {
		<-peer.Closed()
		p.event("closed", map[string]any{"peer": peer.ID(), "code": codeOf(peer.Err())})
	}()
}

func (p *played) carryOut(asked command) (any, error) {
	if asked.Call == "close" {
		return map[string]any{}, p.close()
	}
	p.mu.Lock()
	peer := p.peers[asked.Args.Peer]
	p.mu.Unlock()
	if peer == nil {
		return nil, fmt.Errorf("no peer %q", asked.Args.Peer)
	}
	switch asked.Call {
	case "send":
		return map[string]any{}, peer.Channel().SendText(asked.Args.Text)
	case "send_bytes":
		data, err := base64.StdEncoding.DecodeString(asked.Args.Base64)
		if err != nil {
			return nil, err
		}
		return map[string]any{}, peer.Channel().Send(data)
	case "video", "audio":
		return map[string]any{}, peer.flow.send(peer.Peer, asked.Call)
	case "received":
		return peer.flow.received(), nil
	case "restart":
		peer.link().loop.do(peer.link().restartICE)
		return map[string]any{}, nil
	case "drop":
		return map[string]any{}, peer.Close(context.Background())
	}
	return nil, fmt.Errorf("no such call: %q", asked.Call)
}

func (p *played) close() error {
	p.mu.Lock()
	call, ended := p.call, p.ended
	p.mu.Unlock()
	if call == nil {
		return nil
	}
	err := call.Close(context.Background())
	<-ended
	return err
}
