// Package call connects programs and browsers over WebRTC, through boxes on a signalbox server that cannot read what
// passes through them.
//
// [Host] opens a call and returns its invite, a link. [Join] joins the call with it. Both loop over [Call.Peers]: a peer
// has an open data channel, a pion PeerConnection for audio and video, and a short code that shows, if people compare
// it, that nobody is in the middle.
//
//	for peer, err := range joined.Peers(ctx) {
//		if err != nil {
//			return err
//		}
//		fmt.Println("compare this code:", peer.Code())
//		peer.Channel().SendText("hello")
//	}
//
// What goes wrong is an [*Error], whose code and text are the same in every language.
package call
