package signalbox

import (
	"net/http"
	"strings"
	"testing"
)

func TestALinkIsAServerAndAnID(t *testing.T) {
	for link, server := range map[string]string{
		"http://localhost:8080/boxes/" + boxID:                  "http://localhost:8080",
		"https://EXAMPLE.com:443/a/b/boxes/" + boxID:            "https://example.com/a/b",
		"https://example.com/boxes/boxes/" + boxID + "?a=1#top": "https://example.com/boxes",
	} {
		box, err := Open(link, nil)
		if err != nil || box.Link() != server+"/boxes/"+boxID {
			t.Errorf("%s: %v, %v", link, box, err)
		}
	}
	box, err := Open(boxID, &Options{Server: "https://example.com/a/"})
	if err != nil || box.Link() != "https://example.com/a/boxes/"+boxID {
		t.Error(box, err)
	}
}

func TestTheDropLinkIsDerivedAsTheServerDoes(t *testing.T) {
	const drop = "https://example.com/boxes/drop_ZWpX_-WODIMKvSdOTxrXsigGWWWwq9qK"
	for _, link := range []string{"https://example.com/boxes/" + boxID, drop} {
		box, err := Open(link, nil)
		if err != nil || box.DropLink() != drop {
			t.Error(box.DropLink(), err)
		}
	}
}

func TestAnInvalidLinkIsRefusedAndNotRepeated(t *testing.T) {
	header := http.Header{"Authorization": {"secret"}}
	for _, c := range []struct {
		link    string
		options *Options
	}{
		{"", nil},
		{boxID, nil},
		{"/boxes/" + boxID, nil},
		{"ftp://example.com/boxes/" + boxID, nil},
		{"https://example.com/boxes/" + boxID + "x", nil},
		{"https://example.com/boxes/" + boxID + "/messages", nil},
		{"https://exam ple.com/boxes/" + boxID, nil},
		{"https://example.com/boxes/" + boxID, &Options{Server: otherServer}},
		{"https://example.com/boxes/" + boxID, &Options{Header: header}},
		{"https://example.com/boxes/" + boxID, &Options{Header: header, Server: otherServer}},
	} {
		box, err := Open(c.link, c.options)
		if err == nil || strings.Contains(err.Error(), boxID) {
			t.Errorf("%s: %v, %v", c.link, box, err)
		}
	}
}
