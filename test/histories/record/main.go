// Command record uses boxes at random, with the Box of clients/go, and notes each request that it makes and what comes
// back. ../README.md describes the format. Its argument is a JSON object: see config.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"sync"
	"time"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/clients/go"
)

type config struct {
	Seed    string
	Since   int64 // of the monotonic clock, in ns
	Until   int64 // in ns since then
	Period  int64
	Slots   int
	Clients int
	TTL     int
	Keep    int
	Servers []struct{ Name, URL string }
	File    string
}

// patience is how long a call may take, with all its retries.
const patience = 2 * time.Second

func main() {
	var c config
	if err := json.Unmarshal([]byte(os.Args[1]), &c); err != nil {
		panic(err)
	}
	file, err := os.Create(c.File)
	if err != nil {
		panic(err)
	}
	lines := &notes{since: c.Since, to: bufio.NewWriter(file)}
	var done sync.WaitGroup
	for i := range c.Clients {
		done.Add(1)
		go func() {
			defer done.Done()
			c.run(fmt.Sprintf("go-%d", i), lines)
		}()
	}
	done.Wait()
	if err := lines.to.Flush(); err != nil {
		panic(err)
	}
}

// run is one client: one operation after the other.
func (c config) run(name string, lines *notes) {
	random := rand.New(rand.NewChaCha8(hash(c.Seed + "/" + name)))
	cursors := map[string]int64{}
	count := 0
	for lines.now() < c.Until {
		slot := random.IntN(c.Slots)
		for range 1 + random.IntN(6) {
			server := c.Servers[random.IntN(len(c.Servers))]
			client := &http.Client{Transport: &recorder{name, server.Name, lines}}
			id := c.boxAt(slot, lines.now())
			box, err := signalbox.Open(server.URL+"/boxes/"+id, &signalbox.Options{HTTPClient: client})
			if err != nil {
				panic(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			cursor, known := cursors[id]
			switch chance := random.IntN(100); {
			case !known || chance < 10:
				cursors[id] = cursor
				keep := 0
				if random.IntN(100) < 40 {
					keep = c.Keep
				}
				open(ctx, client, server.URL, id, c.TTL, keep)
			case chance < 50:
				count++
				box.Send(ctx, fmt.Sprintf("%s.%d", name, count))
			case chance < 80:
				options := signalbox.ReadOptions{After: cursor, Limit: 1 + random.IntN(10)}
				if len(c.Servers) > 1 || random.IntN(2) == 0 {
					options.After = random.Int64N(cursor + 2)
				}
				page, err := box.Read(ctx, &options)
				if err == nil {
					cursors[id] = page.Next
				} else {
					cursors[id] = 0
				}
			case chance < 91:
				box.Acknowledge(ctx, max(0, cursor-random.Int64N(3)))
			case chance < 97:
				box.Drain(ctx)
			default:
				box.Delete(ctx)
			}
			cancel()
			time.Sleep(time.Duration(random.IntN(5_000)) * time.Microsecond)
		}
	}
}
