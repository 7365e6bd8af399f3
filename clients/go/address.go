package signalbox

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"regexp"
	"strings"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/hidden"
)

var capability = regexp.MustCompile(`^(?:box|drop)_[A-Za-z0-9_-]{32}$`)

// An address is a box's server and the capability to use it.
type address struct {
	server string               // the base URL of the box routes, without a trailing slash
	id     hidden.Value[string] // a box id or a drop address
}

func (a address) link() string { return a.server + "/boxes/" + a.id() }

// baseURL returns the base URL of a server's box routes in canonical form: no query, no fragment, no trailing slash.
func baseURL(server string) (string, error) {
	parsed, err := url.Parse(server)
	if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		// The error of url.Parse would contain the URL, and with it perhaps a capability.
		return "", errors.New("signalbox: the server must be an http:// or https:// URL, such as http://localhost:8080")
	}
	return parsed.Scheme + "://" + canonicalHost(parsed) + strings.TrimRight(parsed.EscapedPath(), "/"), nil
}

func canonicalHost(parsed *url.URL) string {
	host := strings.ToLower(parsed.Host)
	port := map[string]string{"http": ":80", "https": ":443"}[parsed.Scheme]
	return strings.TrimSuffix(host, port)
}

// parseAddress parses a link, or an id together with its server. If server is given, the box must be there.
func parseAddress(link, server string) (address, error) {
	if capability.MatchString(link) {
		if server == "" {
			return address{}, errors.New("signalbox: opening a box by its id requires Options.Server")
		}
		base, err := baseURL(server)
		return address{base, hidden.New(link)}, err
	}
	parsed, err := url.Parse(link)
	if err != nil {
		return address{}, errLink
	}
	path, id, found := cutLast(parsed.EscapedPath(), "/boxes/")
	if !found || !capability.MatchString(id) {
		return address{}, errLink
	}
	base, err := baseURL(parsed.Scheme + "://" + parsed.Host + path)
	if err != nil || server == "" {
		return address{base, hidden.New(id)}, err
	}
	expected, err := baseURL(server)
	if err == nil && base != expected {
		err = errors.New("signalbox: the link leads to another server than Options.Server")
	}
	return address{base, hidden.New(id)}, err
}

var errLink = errors.New("signalbox: a link must have the form <server>/boxes/<id>")

func cutLast(text, separator string) (before, after string, found bool) {
	at := strings.LastIndex(text, separator)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(separator):], true
}

// dropAddress derives the drop address of a box id; a drop address is its own.
func dropAddress(id string) string {
	if strings.HasPrefix(id, "drop_") {
		return id
	}
	sum := sha256.Sum256([]byte("signalbox drop v1\x00" + id))
	return "drop_" + base64.RawURLEncoding.EncodeToString(sum[:24])
}
