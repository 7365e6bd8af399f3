package sealing

import (
	"net/url"
	"regexp"
	"strings"
)

var dropAddress = regexp.MustCompile(`^drop_[A-Za-z0-9_-]{32}$`)

// An Invite is what a host gives to its guests, as a link.
type Invite struct {
	// Server is the base URL of the box routes, without a trailing slash.
	Server string
	// Key has the host's drop address and the secret.
	Key Key
}

// String names the server only.
func (i Invite) String() string { return "an invite at " + i.Server }

// GoString is String, for %#v.
func (i Invite) GoString() string { return i.String() }

// Link returns the invite as the address of a page, with the rest in the fragment, which browsers do not send.
func (i Invite) Link(page string) (string, error) {
	link, err := url.Parse(page)
	if err != nil {
		return "", ErrInvite
	}
	// url.Values would sort them.
	fragment := "v=1&drop=" + i.Key.HostDrop() + "&key=" + canonical.EncodeToString(i.Key.secret()) + "&id=" + i.Key.ID
	if server, err := baseURL(link.ResolveReference(&url.URL{Path: "."})); err != nil || server != i.Server {
		fragment += "&server=" + url.QueryEscape(i.Server)
	}
	link.Fragment, link.RawFragment = "", ""
	return link.String() + "#" + fragment, nil
}

// ParseInvite parses a link.
func ParseInvite(link string) (Invite, error) {
	page, text, _ := strings.Cut(link, "#")
	parsed, err := url.Parse(page)
	if err != nil {
		return Invite{}, ErrInvite
	}
	// Its error is about a parameter that it leaves out, perhaps one that somebody else has added.
	fragment, _ := url.ParseQuery(text)
	base := parsed.ResolveReference(&url.URL{Path: "."})
	if fragment.Has("server") {
		if base, err = url.Parse(fragment.Get("server")); err != nil {
			return Invite{}, ErrInvite
		}
	}
	server, err := baseURL(base)
	if err != nil || !fragment.Has("v") {
		return Invite{}, ErrInvite
	}
	// In another version, all else may have another form.
	if fragment.Get("v") != "1" {
		return Invite{}, ErrInviteVersion
	}
	if !dropAddress.MatchString(fragment.Get("drop")) {
		return Invite{}, ErrInvite
	}
	secret, ok := fromBase64url(fragment.Get("key"))
	if !ok || len(secret) != 32 {
		return Invite{}, ErrKey
	}
	key := NewKey(secret, fragment.Get("drop"))
	if key.ID != fragment.Get("id") {
		return Invite{}, ErrKey
	}
	return Invite{server, key}, nil
}

func baseURL(server *url.URL) (string, error) {
	if server.Scheme != "http" && server.Scheme != "https" || server.Host == "" {
		return "", ErrInvite
	}
	port := map[string]string{"http": ":80", "https": ":443"}[server.Scheme]
	host := strings.TrimSuffix(strings.ToLower(server.Host), port)
	return server.Scheme + "://" + host + strings.TrimRight(server.EscapedPath(), "/"), nil
}
