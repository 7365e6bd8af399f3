package call

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/fastify-signalbox/fastify-signalbox/clients/go/internal/sealing"
	"github.com/pion/webrtc/v4"
)

// inside returns a value in all that an application could keep it in. fmt calls no methods of what is not exported.
func inside(value any) []any {
	return []any{
		value, &value, []any{value}, map[string]any{"": value},
		struct{ Value any }{value}, struct{ value any }{value}, &struct{ value any }{value},
		struct{ value []any }{[]any{value}}, struct{ value map[string]any }{map[string]any{"": value}},
		struct{ value struct{ value any } }{struct{ value any }{value}},
	}
}

// printed returns a value, in all ways to keep it, in all ways to print it, and so a copy of what it points to.
func printed(value any) []string {
	values := inside(value)
	if pointed := reflect.ValueOf(value); pointed.Kind() == reflect.Pointer {
		values = append(values, inside(pointed.Elem().Interface())...)
	}
	var texts []string
	for _, value := range values {
		for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "% X", "%d", "%t", "%p"} {
			texts = append(texts, fmt.Sprintf(form, value))
		}
	}
	return texts
}

// revealing returns the forms in which a text is recognized.
func revealing(secret string) []string {
	bytes := []byte(secret)
	return []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("% X", secret), strings.Trim(fmt.Sprint(bytes), "[]"), strings.Trim(fmt.Sprintf("%#v", bytes), "[]byte{}")}
}

func TestWhatIsPrintedRevealsNoSecret(t *testing.T) {
	address := server(t)
	header := http.Header{"X-Secret": {"the password"}}
	turn := []webrtc.ICEServer{{URLs: []string{"turn:127.0.0.1:9?transport=tcp"}, Username: "a", Credential: "the credential"}}
	hosting, err := Host(waiting(t), address, &HostOptions{Header: header, ICEServers: turn, timeouts: brief(nil)})
	if err != nil {
		t.Fatal(err)
	}
	joining, err := Join(waiting(t), hosting.Invite(), &JoinOptions{Server: address, Header: header, ICEServers: turn, timeouts: brief(nil)})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := sealing.ParseInvite(hosting.Invite())
	if err != nil {
		t.Fatal(err)
	}
	_, parameters, _ := strings.Cut(hosting.Invite(), "#")
	fragment, _ := url.ParseQuery(parameters)
	key, _ := fromBase64url(fragment.Get("key"))
	_, box := splitLink(hosting.own.Link())
	secrets := []string{fragment.Get("key"), string(key), fragment.Get("drop"), box, joining.core.all()[0].drop, "the password", "the credential"}
	atHost, atGuest := peerOf(t, hosting.core), peerOf(t, joining.core)
	// Nothing changes any more while it is printed.
	closed(t, joining)
	closed(t, hosting)
	for _, value := range []any{hosting, joining, atHost, atGuest, hosting.own, joining.host, &parsed, &parsed.Key} {
		for _, said := range printed(value) {
			for _, secret := range secrets {
				for _, reveals := range revealing(secret) {
					if strings.Contains(strings.ToLower(said), strings.ToLower(reveals)) {
						t.Fatalf("a %T reveals %q: %s", value, reveals, said)
					}
				}
			}
		}
	}
}
