package call

import (
	"net"
	"regexp"
	"testing"

	"github.com/pion/stun/v4"
	"github.com/pion/webrtc/v4"
)

// credentials returns the name and the password of an ICE session.
func credentials(sdp string) (name, password string) {
	find := func(attribute string) string {
		return regexp.MustCompile(`a=` + attribute + `:(\S+)`).FindStringSubmatch(sdp)[1]
	}
	return find("ice-ufrag"), find("ice-pwd")
}

// checkFrom checks the path from a new address, as the guest that has this host's peer could.
func checkFrom(t *testing.T, atHost *Peer) {
	t.Helper()
	connection := atHost.Connection()
	pair, err := connection.SCTP().Transport().ICETransport().GetSelectedCandidatePair()
	if err != nil {
		t.Fatal(err)
	}
	own, password := credentials(connection.LocalDescription().SDP)
	theirs, _ := credentials(connection.RemoteDescription().SDP)
	request, err := stun.Build(stun.TransactionID, stun.BindingRequest, stun.NewUsername(own+":"+theirs), stun.NewShortTermIntegrity(password), stun.Fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.DialUDP("udp", nil, &net.UDPAddr{IP: net.ParseIP(pair.Local.Address), Port: int(pair.Local.Port)})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	if _, err := socket.Write(request.Raw); err != nil {
		t.Fatal(err)
	}
}

// addresses counts the other side's addresses that pion knows.
func addresses(peer *Peer) int {
	count := 0
	for _, stats := range peer.Connection().GetStats() {
		if candidate, ok := stats.(webrtc.ICECandidateStats); ok && candidate.Type == webrtc.StatsTypeRemoteCandidate {
			count++
		}
	}
	return count
}

func TestChecksFromTooManyAddressesAreIgnored(t *testing.T) {
	_, _, atHost, atGuest := connectedPair(t, HostOptions{}, JoinOptions{})
	admitted := func() int64 { return atHost.link().candidates.addresses.Load() }
	eventually(t, "checks from more addresses than are admitted", func() bool {
		for range 20 {
			checkFrom(t, atHost)
		}
		return admitted() > 2*maxAddresses
	})
	if count := addresses(atHost); count > maxAddresses {
		t.Error(count, "addresses")
	}
	before, _ := credentials(atGuest.Connection().LocalDescription().SDP)
	atHost.link().loop.do(atHost.link().restore)
	eventually(t, "the restart", func() bool {
		now, _ := credentials(atGuest.Connection().LocalDescription().SDP)
		path := make(chan bool, 1)
		atHost.link().loop.do(func() { path <- atHost.link().router.path })
		return now != before && <-path
	})
	if count := admitted(); count == 0 || count > maxAddresses {
		t.Error(count, "addresses after a restart")
	}
	sayAndHear(t, atHost, atGuest)
}
