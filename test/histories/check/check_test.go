package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const (
	lasting = `{"event":"run","store":"s","seed":"1","maxMessages":2,"endsWithServer":true}`
	shared  = `{"event":"run","store":"s","seed":"1","maxMessages":2,"endsWithServer":false}`
	opened  = `{"op":"open","client":"1","server":"a","box":"b","call":1,"return":2,"in":{"ttl":80},"out":{"status":201}}`
	room    = `{"op":"open","client":"1","server":"a","box":"b","call":1,"return":2,"in":{"ttl":80,"keep":10},"out":{"status":201}}`
	one     = `{"op":"store","client":"1","server":"a","box":"b","call":3,"return":4,"in":{"value":"x"},"out":{"status":200,"seq":1,"count":1}}`
	two     = `{"op":"store","client":"1","server":"a","box":"b","call":13,"return":14,"in":{"value":"y"},"out":{"status":200,"seq":2,"count":2}}`
	maybe   = `{"op":"store","client":"2","server":"a","box":"b","call":5,"return":6,"in":{"value":"y"},"out":null}`
	death   = `{"event":"dead","server":"a","call":7,"return":8}`
	fall    = `{"event":"failover","boxes":["b"],"safe":10,"call":20,"return":30}`
)

func read(at, end string, after int, data string, next int) string {
	return strings.NewReplacer("AT", at, "END", end, "AFTER", string(rune('0'+after)), "DATA", data, "NEXT", string(rune('0'+next))).Replace(
		`{"op":"read","client":"3","server":"a","box":"b","call":AT,"return":END,"in":{"after":AFTER,"limit":9},"out":{"status":200,"data":DATA,"next":NEXT}}`)
}

func at(server, time, call string) string {
	return `{"event":"turn","server":"` + server + `","time":` + time + `,"call":` + call + `,"return":` + call + `}`
}

var cases = []struct {
	name  string
	lines []string
	fine  bool
}{
	{"what was stored is read", []string{lasting, opened, one, read("5", "6", 0, `["x"]`, 1)}, true},
	{"what was stored is missing", []string{lasting, opened, one, read("5", "6", 0, `[]`, 0)}, false},
	{"a read at the same time may miss it", []string{lasting, opened, one, read("3", "6", 0, `[]`, 0)}, true},
	{"a read before it has it", []string{lasting, opened, one, read("2", "2", 0, `["x"]`, 1)}, false},
	{"without an answer it may be there", []string{lasting, opened, one, maybe, read("9", "10", 0, `["x","y"]`, 2)}, true},
	{"without an answer it may not be there", []string{lasting, opened, one, maybe, read("9", "10", 0, `["x"]`, 1)}, true},
	{"without an answer it may come later", []string{shared, opened, one, maybe, death, read("9", "10", 0, `["x"]`, 1), read("11", "12", 0, `["x","y"]`, 2)}, true},
	{"it does not come after its server is dead", []string{lasting, opened, one, maybe, death, read("9", "10", 0, `["x"]`, 1), read("11", "12", 0, `["x","y"]`, 2)}, false},
	{"it does not come twice", []string{shared, opened, maybe, read("9", "10", 0, `["y","y"]`, 2)}, false},
	{"a restart does not lose what a disk has", []string{lasting, opened, one, death, read("9", "10", 0, `[]`, 0)}, false},
	{"a failover loses the last", []string{shared, opened, one, two, fall, read("31", "32", 0, `["x"]`, 1)}, true},
	{"a failover loses nothing", []string{shared, opened, one, two, fall, read("31", "32", 0, `["x","y"]`, 2)}, true},
	{"a failover does not lose the first", []string{shared, opened, one, two, fall, read("31", "32", 0, `["y"]`, 2)}, false},
	{"a failover does not lose what was on the replica", []string{shared, opened, one, two, fall, read("31", "32", 0, `[]`, 0)}, false},
	{"nothing is lost before a failover", []string{shared, opened, one, two, fall, read("15", "16", 0, `["x"]`, 1)}, false},
	{"what a failover lost stays lost", []string{shared, opened, one, two, fall, read("31", "32", 0, `["x"]`, 1), read("33", "34", 0, `["x","y"]`, 2)}, false},
	{"a message of a room expires", []string{lasting, at("a", "0", "0"), room, one, at("a", "10000", "7"), read("8", "9", 0, `[]`, 0)}, true},
	{"it does not expire early", []string{lasting, at("a", "0", "0"), room, one, at("a", "9999", "7"), read("8", "9", 0, `[]`, 0)}, false},
	{"it does not outlive its time", []string{lasting, at("a", "0", "0"), room, one, at("a", "10000", "7"), read("8", "9", 0, `["x"]`, 1)}, false},
	{"a clock ahead may have removed it", []string{lasting, at("a", "0", "0"), at("z", "10000", "0"), room, one, read("8", "9", 0, `[]`, 0)}, true},
	{"a message of a box does not expire", []string{lasting, at("a", "0", "0"), opened, one, at("a", "79999", "7"), read("8", "9", 0, `["x"]`, 1)}, true},
}

func TestCases(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "history.jsonl")
			if err := os.WriteFile(file, []byte(strings.Join(c.lines, "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
			h, err := load([]string{file})
			if err != nil {
				t.Fatal(err)
			}
			found := check(h, t.TempDir())
			if fine := len(found.Violations) == 0; fine != c.fine {
				t.Errorf("explained: %v, expected %v", fine, c.fine)
			}
		})
	}
}
