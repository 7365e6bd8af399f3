package call

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
	"github.com/pion/webrtc/v4"
)

func TestTwoSidesConnectAndSeeTheSameCode(t *testing.T) {
	hosting, joining, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	if guest.Code() != host.Code() || !regexp.MustCompile(`^\d{6}$`).MatchString(guest.Code()) {
		t.Error(guest.Code(), host.Code())
	}
	if guest.ID() != joining.ID() || host.ID() != hosting.ID() || guest.ID() == host.ID() {
		t.Error(guest.ID(), joining.ID(), host.ID(), hosting.ID())
	}
	if err := guest.Channel().SendText("hello guest"); err != nil {
		t.Error(err)
	}
	if err := host.Channel().Send([]byte{0, 255}); err != nil {
		t.Error(err)
	}
	if found := heard(t, host, 1); found[0] != "hello guest" {
		t.Error(found)
	}
	if found := heard(t, guest, 1); found[0] != "\x00\xff" {
		t.Error(found)
	}
}

func TestMessagesThatArriveEarlyAreKeptInOrder(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	var sent []string
	for i := range 100 {
		sent = append(sent, fmt.Sprint(i))
		if err := guest.Channel().SendText(sent[i]); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "early messages", func() bool {
		host.Channel().mu.Lock()
		defer host.Channel().mu.Unlock()
		return len(host.Channel().messages) == 100
	})
	found := make(chan string, 200)
	host.Channel().OnMessage(func(message webrtc.DataChannelMessage) { found <- string(message.Data) })
	guest.Channel().SendText("late")
	for _, expected := range append(sent, "late") {
		if text := <-found; text != expected {
			t.Fatal(text, "instead of", expected)
		}
	}
}

func TestTooManyEarlyMessagesEndTheConnection(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	for range maxEarly + 1 {
		guest.Channel().SendText("x")
	}
	await(t, "the end", host.Closed())
	await(t, "the end on the other side", guest.Closed())
	if !has(host.Err(), CodeFull) || !has(guest.Err(), CodeFull) {
		t.Error(host.Err(), guest.Err())
	}
}

func TestASenderWaitsForASlowReader(t *testing.T) {
	_, _, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	const count, size = 300, 16 << 10 // several times what is kept
	go func() {
		for range count {
			guest.Channel().Send(make([]byte, size))
		}
	}()
	bytes := 0
	for message, err := range host.Channel().Messages(waiting(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes += len(message.Data); bytes == count*size {
			return
		}
	}
	t.Error("ended after", bytes, host.Err())
}

func TestWhenOneSideLeavesTheOtherSidesLoopEnds(t *testing.T) {
	t.Run("host", func(t *testing.T) {
		hosting, joining, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
		closed(t, hosting)
		await(t, "the end", host.Closed())
		await(t, "the end", guest.Closed())
		if err := endOf(t, joining.core); err != nil || host.Err() != nil || guest.Err() != nil {
			t.Error(err, host.Err(), guest.Err())
		}
		_, err := Join(waiting(t), hosting.Invite(), nil)
		if !has(err, CodeGone) {
			t.Error("the invite is still valid:", err)
		}
	})
	t.Run("guest", func(t *testing.T) {
		hosting, joining, guest, _ := connectedPair(t, HostOptions{}, JoinOptions{})
		closed(t, joining)
		await(t, "the end", guest.Closed())
		if guest.Err() != nil || endOf(t, joining.core) != nil {
			t.Error(guest.Err())
		}
		again := joined(t, hosting.Invite(), JoinOptions{})
		if peerOf(t, hosting.core).ID() != again.ID() {
			t.Error("another guest cannot join")
		}
	})
}

func TestAPeerCanBeClosedWithAReason(t *testing.T) {
	_, joining, guest, host := connectedPair(t, HostOptions{}, JoinOptions{})
	if err := guest.CloseWithCode(waiting(t), CodeFull); err != nil {
		t.Fatal(err)
	}
	await(t, "the end", host.Closed())
	if err := endOf(t, joining.core); !has(host.Err(), CodeFull) || !has(err, CodeFull) {
		t.Error(host.Err(), err)
	}
}

func TestTheContextEndsEverything(t *testing.T) {
	url := server(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	hosting, err := Host(ctx, url, &HostOptions{ICEServers: []webrtc.ICEServer{}})
	if err != nil {
		t.Fatal(err)
	}
	joining := joined(t, hosting.Invite(), JoinOptions{})
	host := peerOf(t, joining.core)
	reason := errors.New("enough")
	cancel(reason)
	if err := endOf(t, hosting.core); err != reason {
		t.Error(err)
	}
	await(t, "the goodbye", host.Closed())
	if err := endOf(t, joining.core); err != nil {
		t.Error(err)
	}
	if err := hosting.Close(waiting(t)); err != nil {
		t.Error(err)
	}
	ended, cancelled := context.WithCancel(context.Background())
	cancelled()
	if _, err := Host(ended, url, nil); err != context.Canceled {
		t.Error(err)
	}
	for _, err := range joining.Peers(ended) {
		if err != context.Canceled {
			t.Error(err)
		}
	}
}

func TestSeveralGuestsUpToTheMaximum(t *testing.T) {
	refused := make(codes, 8)
	hosting := hosted(t, HostOptions{MaxGuests: 2, Refused: refused.add})
	var ids, found []string
	for range 2 {
		joining := joined(t, hosting.Invite(), JoinOptions{})
		peer := peerOf(t, joining.core)
		peer.Channel().SendText(joining.ID())
		ids = append(ids, joining.ID())
	}
	for range 2 {
		guest := peerOf(t, hosting.core)
		if heard(t, guest, 1)[0] != guest.ID() {
			t.Error("the guests are confused")
		}
		found = append(found, guest.ID())
	}
	slices.Sort(ids)
	slices.Sort(found)
	if !slices.Equal(ids, found) {
		t.Error(ids, found)
	}
	third := joined(t, hosting.Invite(), JoinOptions{})
	if err := endOf(t, third.core); !has(err, CodeFull) {
		t.Error(err)
	}
	refused.expect(t, CodeFull)
}

func TestTheBoxesAreDeleted(t *testing.T) {
	hosting, joining, _, _ := connectedPair(t, HostOptions{}, JoinOptions{})
	base, _ := splitLink(hosting.own.Link())
	own := joining.core.all()[0]
	drop := own.drop
	closed(t, joining)
	await(t, "the guest's box", own.done)
	closed(t, hosting)
	for _, drop := range []string{hosting.key.HostDrop(), drop} {
		box, err := signalbox.Open(base+"/boxes/"+drop, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = box.Send(waiting(t), "anyone there?")
		var refusal *signalbox.Error
		if !errors.As(err, &refusal) || refusal.Code != "BOX_ERR_NOT_FOUND" {
			t.Error(drop, err)
		}
	}
}

func TestAnInviteIsCheckedFirst(t *testing.T) {
	for link, code := range map[string]Code{
		"http://127.0.0.1:9/#nothing":                                  CodeInvite,
		"http://127.0.0.1:9/#v=2":                                      CodeInviteVersion,
		"http://127.0.0.1:9/#v=1&drop=drop_" + strings.Repeat("A", 32): CodeKey,
	} {
		if _, err := Join(waiting(t), link, nil); !has(err, code) {
			t.Error(link, err)
		}
	}
	hosting := hosted(t, HostOptions{})
	if _, err := Join(waiting(t), hosting.Invite(), &JoinOptions{Server: "https://other.example"}); !has(err, CodeInvite) {
		t.Error(err)
	}
	if _, err := Join(waiting(t), hosting.Invite(), &JoinOptions{Header: map[string][]string{"X": {"y"}}}); err == nil {
		t.Error("credentials would go to any server")
	}
}

func TestThePageIsCheckedBeforeABoxIsCreated(t *testing.T) {
	requests := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests++
		w.WriteHeader(http.StatusForbidden)
	}))
	defer server.Close()
	if _, err := Host(waiting(t), server.URL, &HostOptions{Page: "https://%zz"}); !has(err, CodeInvite) || requests != 0 {
		t.Error(err, requests)
	}
}

func TestNobodyAnswers(t *testing.T) {
	hosting := hosted(t, HostOptions{})
	hosting.attempts.underWay = 8
	hosting.core.timeouts.waiting = time.Hour
	joining := joined(t, hosting.Invite(), JoinOptions{Timeout: 2 * time.Second})
	if err := endOf(t, joining.core); !has(err, CodeNoPeer) {
		t.Error(err)
	}
	hosting.attempts.mu.Lock()
	defer hosting.attempts.mu.Unlock()
	hosting.attempts.underWay = 0
}
