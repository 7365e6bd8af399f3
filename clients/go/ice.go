package signalbox

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// ICEServers are the STUN and TURN servers that the server offers to users of a box.
type ICEServers struct {
	// Servers is empty if the server offers none.
	Servers []ICEServer
	// TTL is the lifetime of their credentials; 0 if they have none.
	TTL time.Duration
}

// An ICEServer is one of them, as in RTCIceServer.
type ICEServer struct {
	URLs                 []string
	Username, Credential string
}

// ICEServers asks the server for ICE servers. A drop address is enough.
func (b *Box) ICEServers(ctx context.Context) (ICEServers, error) {
	found, err := retryCall[iceServers](ctx, b, b.call("GET", "/ice-servers"))
	if err != nil {
		return ICEServers{}, err
	}
	servers := ICEServers{TTL: time.Duration(*found.TTL) * time.Second}
	for _, server := range found.Servers {
		servers.Servers = append(servers.Servers, ICEServer{server.URLs, server.Username, server.Credential})
	}
	return servers, nil
}

type iceServers struct {
	Servers []struct {
		URLs                 texts
		Username, Credential string
	} `json:"iceServers"`
	TTL *int64
}

func (i iceServers) sound() bool { return i.Servers != nil && i.TTL != nil && *i.TTL >= 0 }

// texts is one text, or several.
type texts []string

func (t *texts) UnmarshalJSON(value []byte) error {
	if bytes.HasPrefix(value, []byte(`"`)) {
		*t = make(texts, 1)
		return json.Unmarshal(value, &(*t)[0])
	}
	return json.Unmarshal(value, (*[]string)(t))
}
