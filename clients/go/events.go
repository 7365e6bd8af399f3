package signalbox

import "bytes"

// An event of an event stream.
type event struct {
	kind string // the event field; empty for a message
	data []byte // the data fields, joined by line feeds
	id   string // the most recent id of the stream
}

// An eventParser parses the bytes of an event stream, in chunks of any size, as the WHATWG HTML standard says in
// section 9.2.6: lines that end in CR LF, CR or LF, and an event at every empty line. An incomplete event at the end is
// discarded. retry is ignored: the reader has its own backoff.
type eventParser struct {
	limit     int64 // the longest event accepted, so that an endless one cannot fill the memory
	line      []byte
	data      []byte
	hasData   bool
	kind, id  string
	endedInCR bool
	started   bool
}

// push takes the next bytes, and calls found for each event that they complete, until it returns false.
func (p *eventParser) push(chunk []byte, found func(event) bool) (bool, error) {
	for len(chunk) > 0 {
		// A CR ends its line at once, so an LF after it belongs to it.
		if p.endedInCR && chunk[0] == '\n' {
			chunk = chunk[1:]
		}
		p.endedInCR = false
		end := bytes.IndexAny(chunk, "\r\n")
		part := chunk
		if end >= 0 {
			part = chunk[:end]
		}
		if int64(len(p.line)+len(part)+len(p.data)) > p.limit {
			return false, &TooLargeError{p.limit}
		}
		p.line = append(p.line, part...)
		if end < 0 {
			break
		}
		p.endedInCR = chunk[end] == '\r'
		chunk = chunk[end+1:]
		if completed, ok := p.endLine(); ok && !found(completed) {
			return false, nil
		}
	}
	return true, nil
}

func (p *eventParser) endLine() (event, bool) {
	line := p.line
	p.line = p.line[:0]
	if !p.started {
		p.started = true
		line = bytes.TrimPrefix(line, []byte("\ufeff"))
	}
	if len(line) > 0 {
		p.field(line)
		return event{}, false
	}
	completed, ok := event{p.kind, p.data, p.id}, p.hasData
	p.kind, p.data, p.hasData = "", nil, false
	return completed, ok
}

func (p *eventParser) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		if p.hasData {
			p.data = append(p.data, '\n')
		}
		p.data = append(p.data, value...)
		p.hasData = true
	case "event":
		p.kind = string(value)
	case "id":
		if !bytes.ContainsRune(value, 0) {
			p.id = string(value)
		}
	}
}
