// Makes the calls it reads, one JSON a line, through the generated client; see ../README.md.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"reflect"
	"sync"

	signalbox "github.com/fastify-signalbox/fastify-signalbox/generated/go"
)

type command struct {
	ID   int    `json:"id"`
	URL  string `json:"url"`
	Call string `json:"call"`
	Args struct {
		Box     string  `json:"box"`
		Message any     `json:"message"`
		Key     *string `json:"key"`
		TTL     *int    `json:"ttl"`
		Keep    *int    `json:"keep"`
		After   *int64  `json:"after"`
		Limit   *int    `json:"limit"`
		Wait    *int    `json:"wait"`
		Msg     *string `json:"msg"`
	} `json:"args"`
}

type result struct {
	ID      int                `json:"id"`
	Status  int                `json:"status,omitempty"`
	Answer  any                `json:"answer,omitempty"`
	Problem *signalbox.Problem `json:"problem,omitempty"`
	Error   string             `json:"error,omitempty"`
}

type response interface {
	StatusCode() int
	GetJSONDefault() *signalbox.Problem
}

// answered puts what every generated response has into one shape. The good answer is in JSON200 or JSON201.
func answered(res response, err error) result {
	if err != nil {
		return result{Error: err.Error()}
	}
	r := result{Status: res.StatusCode(), Problem: res.GetJSONDefault()}
	for _, name := range []string{"JSON200", "JSON201"} {
		if good := reflect.ValueOf(res).Elem().FieldByName(name); good.IsValid() && !good.IsNil() {
			r.Answer = good.Interface()
		}
	}
	return r
}

func call(ctx context.Context, c command) result {
	client, err := signalbox.NewClientWithResponses(c.URL)
	if err != nil {
		return result{Error: err.Error()}
	}
	args := c.Args
	switch c.Call {
	case "createBox":
		return answered(client.CreateBoxWithResponse(ctx, signalbox.CreateBox{Ttl: args.TTL, Keep: args.Keep}))
	case "openBox":
		return answered(client.OpenBoxWithResponse(ctx, args.Box, signalbox.CreateBox{Ttl: args.TTL, Keep: args.Keep}))
	case "storeMessage":
		return answered(client.StoreMessageWithResponse(ctx, args.Box, &signalbox.StoreMessageParams{IdempotencyKey: args.Key}, args.Message))
	case "readMessages":
		return answered(client.ReadMessagesWithResponse(ctx, args.Box, &signalbox.ReadMessagesParams{After: args.After, Limit: args.Limit, Wait: args.Wait}))
	case "acknowledge":
		return answered(client.AcknowledgeWithResponse(ctx, args.Box, signalbox.Cursor{After: *args.After}))
	case "drainMessages":
		return answered(client.DrainMessagesWithResponse(ctx, args.Box))
	case "deleteBox":
		return answered(client.DeleteBoxWithResponse(ctx, args.Box))
	case "classicBox":
		params := &signalbox.ClassicBoxParams{Msg: args.Msg}
		if args.Box != "" {
			params.Box = &args.Box
		}
		return answered(client.ClassicBoxWithResponse(ctx, params))
	case "getIceServers":
		return answered(client.GetIceServersWithResponse(ctx, args.Box))
	}
	return result{Error: "no such call: " + c.Call}
}

func main() {
	var writing sync.Mutex
	var calls sync.WaitGroup
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var c command
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			panic(err)
		}
		calls.Add(1)
		go func() {
			defer calls.Done()
			r := call(context.Background(), c)
			r.ID = c.ID
			writing.Lock()
			defer writing.Unlock()
			if err := out.Encode(r); err != nil {
				panic(err)
			}
		}()
	}
	calls.Wait()
}
