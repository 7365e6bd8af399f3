package signalbox

import "encoding/json"

// A Message is a JSON value and its sequence number.
type Message struct {
	// Seq is the sequence number: 1, 2, 3 … per box.
	Seq int64
	// Data is the JSON text of the value, as it was sent.
	Data json.RawMessage
}

// Decode stores the value in the variable that v points to, as [json.Unmarshal] does.
func (m Message) Decode(v any) error { return json.Unmarshal(m.Data, v) }

// String returns the text of a JSON string, and the JSON text of any other value.
func (m Message) String() string {
	var text string
	if len(m.Data) == 0 || m.Data[0] != '"' || m.Decode(&text) != nil {
		return string(m.Data)
	}
	return text
}

// A Page is consecutive messages, and the cursor after them.
type Page struct {
	Messages []Message
	// Next is the sequence number of the last message; without messages, the cursor that was asked for.
	Next int64
}

func pageOf(answer msgs) Page {
	page := Page{make([]Message, len(answer.Data)), *answer.Next}
	for i, data := range answer.Data {
		// Messages leave a box only from its front, so the sequence numbers within a page have no gap.
		page.Messages[i] = Message{page.Next - int64(len(answer.Data)) + 1 + int64(i), data}
	}
	return page
}
