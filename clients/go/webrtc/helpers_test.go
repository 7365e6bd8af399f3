package call

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// patienceOfTests is how long a test waits for what has to happen.
const patienceOfTests = 20 * time.Second

// TestMain also checks that nothing is left running when every call has been closed.
func TestMain(m *testing.M) {
	code := m.Run()
	for until := time.Now().Add(5 * time.Second); code == 0 && len(left()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			fmt.Fprintf(os.Stderr, "left running:\n%s\n", strings.Join(left(), "\n\n"))
			code = 1
		}
	}
	os.Exit(code)
}

// left returns the goroutines of this package and of pion, by their stacks.
func left() []string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var found []string
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		if !strings.Contains(stack, "TestMain") && (strings.Contains(stack, "clients/go/webrtc") || strings.Contains(stack, "github.com/pion/")) {
			found = append(found, stack)
		}
	}
	return found
}

func server(t *testing.T) string {
	t.Helper()
	url := os.Getenv("SIGNALBOX_URL")
	if url == "" {
		t.Skip("SIGNALBOX_URL is not set to the URL of a server without rate limits")
	}
	t.Parallel()
	return url
}

// brief are the time limits with what a test changes.
func brief(change func(*timeouts)) *timeouts {
	own := defaultTimeouts
	own.answer, own.ice = patienceOfTests, patienceOfTests
	if change != nil {
		change(&own)
	}
	return &own
}

func hosted(t *testing.T, options HostOptions) *HostedCall {
	t.Helper()
	return hostedAt(t, server(t), options)
}

func hostedAt(t *testing.T, url string, options HostOptions) *HostedCall {
	t.Helper()
	options.ICEServers = []webrtc.ICEServer{}
	if options.timeouts == nil {
		options.timeouts = brief(nil)
	}
	call, err := Host(context.Background(), url, &options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, call) })
	return call
}

func joined(t *testing.T, invite string, options JoinOptions) *Call {
	t.Helper()
	options.ICEServers = []webrtc.ICEServer{}
	if options.timeouts == nil {
		options.timeouts = brief(nil)
	}
	call, err := Join(context.Background(), invite, &options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closed(t, call) })
	return call
}

func closed(t *testing.T, call interface{ Close(context.Context) error }) {
	t.Helper()
	if err := call.Close(waiting(t)); err != nil {
		t.Error("the call was not closed:", err)
	}
}

// waiting returns a context that ends when the test has waited for long enough.
func waiting(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patienceOfTests)
	t.Cleanup(cancel)
	return ctx
}

func peerOf(t *testing.T, c *core) *Peer {
	t.Helper()
	for peer, err := range c.each(waiting(t)) {
		if err != nil {
			t.Fatal(err)
		}
		return peer
	}
	t.Fatal("the call ended")
	return nil
}

// endOf returns how the loop over peers ends.
func endOf(t *testing.T, c *core) error {
	t.Helper()
	for _, err := range c.each(waiting(t)) {
		if err != nil {
			return err
		}
	}
	return nil
}

func has(err error, code Code) bool {
	var own *Error
	return errors.As(err, &own) && own.Code == code
}

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(patienceOfTests):
		t.Fatal("waited in vain:", what)
	}
}

// until repeats what may be lost on the way.
func until(t *testing.T, what string, done <-chan struct{}, again func()) {
	t.Helper()
	eventually(t, what, func() bool {
		again()
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for until := time.Now().Add(patienceOfTests); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatal("waited in vain:", what)
		}
	}
}

// connectedPair returns both sides' peer of a new call.
func connectedPair(t *testing.T, host HostOptions, guest JoinOptions) (*HostedCall, *Call, *Peer, *Peer) {
	t.Helper()
	hosting := hosted(t, host)
	joining := joined(t, hosting.Invite(), guest)
	return hosting, joining, peerOf(t, hosting.core), peerOf(t, joining.core)
}

// heard returns the next messages of a peer.
func heard(t *testing.T, peer *Peer, count int) []string {
	t.Helper()
	var texts []string
	for message, err := range peer.Channel().Messages(waiting(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if texts = append(texts, string(message.Data)); len(texts) == count {
			break
		}
	}
	return texts
}

// codes collects the codes of what a host refuses.
type codes chan Code

func (c codes) add(err error) {
	var own *Error
	errors.As(err, &own)
	c <- own.Code
}

func (c codes) expect(t *testing.T, code Code) {
	t.Helper()
	select {
	case found := <-c:
		if found != code {
			t.Errorf("%s instead of %s", found, code)
		}
	case <-time.After(patienceOfTests):
		t.Fatal("nothing was refused; expected", code)
	}
}

// sayAndHear checks that the two ends are still connected.
func sayAndHear(t *testing.T, from, to *Peer) {
	t.Helper()
	if err := from.Channel().SendText("still here"); err != nil {
		t.Fatal(err)
	}
	for message, err := range to.Channel().Messages(waiting(t)) {
		if err != nil || string(message.Data) != "still here" {
			t.Error(message, err)
		}
		return
	}
	t.Error("the channel has ended")
}
