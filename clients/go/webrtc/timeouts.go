package call

import "time"

// timeouts are the time limits of docs/call-protocol.md. Only tests change the defaults.
type timeouts struct {
	answer       time.Duration // until the other side's first description; for a guest, each earlier value restarts it
	waiting      time.Duration // how often a host tells a guest that it has to wait
	ice          time.Duration // from the first description to an open data channel
	reconnect    time.Duration // from the first ICE restart to a working path
	disconnected time.Duration // how long the connection may be disconnected before ICE is restarted
	close        time.Duration // from the closing of the channel, or an end, to the message that belongs to it
	compare      time.Duration // what people need to compare the code
	boxes        time.Duration // to tell the other side of the end, and to delete a box
	full         time.Duration // before the first repetition of a message for a box that is full; doubles
	servers      time.Duration // until the server has said which ICE servers to use
}

var defaultTimeouts = timeouts{
	answer:       30 * time.Second,
	waiting:      10 * time.Second,
	ice:          20 * time.Second,
	reconnect:    20 * time.Second,
	disconnected: 3 * time.Second,
	close:        time.Second,
	compare:      20 * time.Second,
	boxes:        2 * time.Second,
	full:         500 * time.Millisecond,
	servers:      5 * time.Second,
}
