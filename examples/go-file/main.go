// Hosts or joins a call, and sends a file to everyone who asks for it. See README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	call "github.com/fastify-signalbox/fastify-signalbox/clients/go/webrtc"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: go-file <server or invite> <file>")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		var refusal *call.Error
		if errors.As(err, &refusal) {
			log.Fatal(refusal.Code.Text())
		}
		log.Fatal(err)
	}
}

// A side is a call that was hosted or joined.
type side interface {
	Peers(context.Context) iter.Seq2[*call.Peer, error]
	Close(context.Context) error
}

// run serves the file until the call or the context ends.
func run(ctx context.Context, target, file string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	// The call gets a context of its own, so that everyone can be told when the program is interrupted.
	current, err := open(context.WithoutCancel(ctx), target)
	if err != nil {
		return err
	}
	defer current.Close(context.WithoutCancel(ctx))
	for peer, err := range current.Peers(ctx) {
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Println("Connected, code", peer.Code())
		go serve(ctx, peer, file)
	}
	return nil
}

func open(ctx context.Context, target string) (side, error) {
	if strings.Contains(target, "#") {
		return call.Join(ctx, target, nil)
	}
	hosted, err := call.Host(ctx, target, &call.HostOptions{
		Refused: func(err error) { log.Println("A guest could not be connected:", err) },
	})
	if err != nil {
		return nil, err
	}
	fmt.Println("Invite:", hosted.Invite())
	return hosted, nil
}

// serve answers "get" with the file, until the peer leaves.
func serve(ctx context.Context, peer *call.Peer, file string) {
	for message, err := range peer.Channel().Messages(ctx) {
		if err != nil {
			return
		}
		if !message.IsString || string(message.Data) != "get" {
			continue
		}
		if err := send(peer, file); err != nil {
			log.Println("The file could not be sent:", err)
		}
	}
	fmt.Println("The other side left.")
}

// send sends a text with the name and the size, and then the bytes.
func send(peer *call.Peer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	about, err := json.Marshal(map[string]any{"name": filepath.Base(path), "size": info.Size()})
	if err != nil {
		return err
	}
	if err := peer.Channel().SendText(string(about)); err != nil {
		return err
	}
	return sendBytes(peer, file)
}
