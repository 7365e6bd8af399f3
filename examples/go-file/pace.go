package main

import (
	"errors"
	"io"

	call "github.com/fastify-signalbox/fastify-signalbox/clients/go/webrtc"
)

const (
	chunk   = 16 << 10 // every implementation takes messages of this size
	waiting = 1 << 20  // how much may wait to be sent
)

var errLeft = errors.New("the other side left")

// sendBytes sends no faster than the network takes it: what is sent to a data channel waits in memory.
func sendBytes(peer *call.Peer, from io.Reader) error {
	channel := peer.Channel()
	drained := make(chan struct{}, 1)
	channel.SetBufferedAmountLowThreshold(waiting / 2)
	channel.OnBufferedAmountLow(func() {
		select {
		case drained <- struct{}{}:
		default:
		}
	})
	buffer := make([]byte, chunk)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			if err := channel.Send(buffer[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for channel.BufferedAmount() > waiting {
			select {
			case <-drained:
			case <-peer.Closed():
				return errLeft
			}
		}
	}
}
