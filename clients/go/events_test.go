package signalbox

import (
	"errors"
	"reflect"
	"testing"
)

// parse returns the events of chunks, each as its kind, id and data.
func parse(t *testing.T, chunks ...string) [][3]string {
	t.Helper()
	parser := eventParser{limit: 1000}
	var events [][3]string
	for _, chunk := range chunks {
		if _, err := parser.push([]byte(chunk), func(e event) bool {
			events = append(events, [3]string{e.kind, e.id, string(e.data)})
			return true
		}); err != nil {
			t.Fatal(err)
		}
	}
	return events
}

func TestEventsAreParsedAsTheStandardSays(t *testing.T) {
	const stream = "\ufeffretry: 1000\r\n: open\r\n\r\nid: 1\rdata: a\rdata:b\r\rid:2\nid: 3\x00\nevent: gone\ndata\n\nid: 4\n\ndata:  é😀\n\ndata: incomplete\n"
	expected := [][3]string{{"", "1", "a\nb"}, {"gone", "2", ""}, {"", "4", " é😀"}}
	for at := range len(stream) + 1 {
		if found := parse(t, stream[:at], stream[at:]); !reflect.DeepEqual(found, expected) {
			t.Fatalf("split at %d: %q", at, found)
		}
	}
}

func TestAnEndlessEventIsRefused(t *testing.T) {
	for _, chunk := range []string{"data: aaaa\n", "data: aaaa"} {
		parser := eventParser{limit: 1000}
		var err error
		for range 1000 {
			if _, err = parser.push([]byte(chunk), nil); err != nil {
				break
			}
		}
		var tooLarge *TooLargeError
		if !errors.As(err, &tooLarge) || tooLarge.Limit != 1000 {
			t.Fatalf("%q: %v", chunk, err)
		}
	}
}
