//! Server-sent events.

use crate::Error;

/// Longer than any message's number. Every event has a copy of the id, so a longer one is not kept.
const MAX_ID: usize = 64;

/// An event of an event stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// The `event` field; empty for a message.
    pub(crate) kind: Vec<u8>,
    /// The `data` fields, joined by line feeds.
    pub(crate) data: Vec<u8>,
    /// The most recent `id` of the stream.
    pub(crate) id: Vec<u8>,
}

/// Parses the bytes of an event stream, in chunks of any size.
///
/// It follows the WHATWG HTML standard, section 9.2.6: lines that end in CR LF, CR or LF, and an event at every empty
/// line. An incomplete event at the end is discarded. `retry` is ignored: the reader has its own backoff.
pub(crate) struct EventParser {
    /// The longest event accepted, so that an endless one cannot fill the memory.
    limit: usize,
    line: Vec<u8>,
    data: Option<Vec<u8>>,
    kind: Vec<u8>,
    id: Vec<u8>,
    ended_in_cr: bool,
    started: bool,
}

impl EventParser {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, line: vec![], data: None, kind: vec![], id: vec![], ended_in_cr: false, started: false }
    }

    /// Takes the next bytes, and calls `found` for each event that they complete.
    pub(crate) fn push(&mut self, mut chunk: &[u8], mut found: impl FnMut(Event)) -> Result<(), Error> {
        while !chunk.is_empty() {
            // A CR ends its line at once, so an LF after it belongs to it.
            if self.ended_in_cr {
                self.ended_in_cr = false;
                chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
            }
            let end = chunk.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let part = &chunk[..end.unwrap_or(chunk.len())];
            if self.line.len() + part.len() + self.data.as_ref().map_or(0, Vec::len) > self.limit {
                return Err(Error::TooLarge { limit: self.limit });
            }
            self.line.extend_from_slice(part);
            let Some(end) = end else { break };
            self.ended_in_cr = chunk[end] == b'\r';
            chunk = &chunk[end + 1..];
            if let Some(event) = self.end_line() {
                found(event);
            }
        }
        Ok(())
    }

    fn end_line(&mut self) -> Option<Event> {
        let mut line = std::mem::take(&mut self.line);
        if !std::mem::replace(&mut self.started, true) && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        if !line.is_empty() {
            self.field(&line);
            return None;
        }
        let kind = std::mem::take(&mut self.kind);
        self.data.take().map(|data| Event { kind, data, id: self.id.clone() })
    }

    fn field(&mut self, line: &[u8]) {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = colon.map_or((line, &b""[..]), |at| (&line[..at], &line[at + 1..]));
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => self.data = Some(value.into()),
            },
            b"event" => self.kind = value.into(),
            b"id" if value.len() > MAX_ID => self.id.clear(),
            b"id" if !value.contains(&0) => self.id = value.into(),
            _ => {}
        }
    }
}
