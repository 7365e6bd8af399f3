//! Reading a box without end.

use crate::{
    Error, Message, MessageBox, ReadOptions,
    events::{Event, EventParser},
    http::Connection,
    message_box::Inner,
    retry::{Timings, in_time, while_waiting},
};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use tokio::time::{Instant, sleep, timeout};

const EVENT_STREAM: &str = "text/event-stream";

/// The messages after a cursor, in order and once each, without end.
///
/// They come over the stream, or for a while by long-poll if the stream is refused or buffered. After a disconnection, a
/// silent connection or a transient error, reading resumes after the last message returned.
pub(crate) struct Follow {
    inbox: MessageBox,
    cursor: u64,
    way: Way,
    began: Instant,
    failures: u32,
    ready: VecDeque<Message>,
    /// Why nothing comes after the messages that are ready.
    stopped: Option<Stop>,
}

enum Way {
    /// The stream, once it is open.
    Stream(Option<Box<Stream>>),
    /// Long-polls, until then: the next network may let streams through.
    LongPoll(Instant),
}

enum Stop {
    /// The stream does not get through on this path; a long-poll may.
    NoStream,
    /// The stream ended.
    Ended,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl Follow {
    pub(crate) fn new(inbox: MessageBox, cursor: u64) -> Self {
        let (ready, began) = (VecDeque::new(), Instant::now());
        Self { inbox, cursor, way: Way::Stream(None), began, failures: 0, ready, stopped: None }
    }

    /// The next message. It gives itself back, so that whoever drops a wait for this can go on with it.
    pub(crate) async fn next(mut self) -> (Self, Result<Message, Error>) {
        let next = self.advance().await;
        (self, next)
    }

    /// Fails if there is no point in retrying: the box is gone, the cursor is ahead of it, or it sends too much at once.
    async fn advance(&mut self) -> Result<Message, Error> {
        loop {
            while let Some(message) = self.ready.pop_front() {
                if message.seq > self.cursor {
                    self.cursor = message.seq;
                    self.failures = 0;
                    return Ok(message);
                }
            }
            match self.stopped.take() {
                None => self.stopped = self.fetch().await.err(),
                Some(stop) => self.recover(stop).await?,
            }
        }
    }

    async fn recover(&mut self, stop: Stop) -> Result<(), Error> {
        let timings = &self.inbox.inner.timings;
        let asked = match stop {
            Stop::NoStream => {
                self.began = Instant::now();
                self.way = Way::LongPoll(self.began + timings.long_poll_period);
                return Ok(());
            }
            Stop::Failed(error) if !error.is_transient() => return Err(error),
            Stop::Failed(error) => error.retry_after(),
            Stop::Ended => Default::default(),
        };
        // Conditions may have changed (another network, a restarted server), so try the stream again.
        self.way = Way::Stream(None);
        if self.began.elapsed() > timings.max_delay {
            self.failures = 0;
        }
        self.failures += 1;
        sleep(timings.backoff_delay(self.failures, asked)).await;
        Ok(())
    }

    /// Waits for something to happen on the current way.
    async fn fetch(&mut self) -> Result<(), Stop> {
        let inner = &*self.inbox.inner;
        match &mut self.way {
            Way::Stream(None) => {
                self.began = Instant::now();
                let stream = Stream::open(inner, self.cursor).await?;
                self.way = Way::Stream(Some(Box::new(stream)));
            }
            Way::Stream(Some(stream)) => stream.receive(inner, &mut self.ready).await?,
            Way::LongPoll(until) if Instant::now() >= *until => self.way = Way::Stream(None),
            Way::LongPoll(_) => self.ready = long_poll(inner, self.cursor).await?,
        }
        Ok(())
    }
}

async fn long_poll(inner: &Inner, cursor: u64) -> Result<VecDeque<Message>, Error> {
    let Timings { response_timeout, long_poll_wait, min_poll_interval, .. } = inner.timings;
    let began = Instant::now();
    let asked = ReadOptions::new().after(cursor).wait(long_poll_wait);
    let page = in_time(&inner.address.server, response_timeout + long_poll_wait, inner.read_page(asked)).await?;
    let fresh: VecDeque<_> = page.messages.into_iter().filter(|message| message.seq > cursor).collect();
    if fresh.is_empty() && began.elapsed() < min_poll_interval {
        sleep(min_poll_interval).await;
    }
    Ok(fresh)
}

/// An open stream.
struct Stream {
    response: Response,
    parser: EventParser,
    /// Whether anything has come yet.
    begun: bool,
}

impl Stream {
    async fn open(inner: &Inner, after: u64) -> Result<Self, Stop> {
        let Inner { connection, timings, .. } = inner;
        let asked = ReadOptions::new().after(after);
        let call = inner.call(Method::GET, "/messages").query(asked.query());
        let call = call.header(ACCEPT, HeaderValue::from_static(EVENT_STREAM));
        let Some(response) = while_waiting(timings.stream_open_timeout, connection.open(&call)).await else {
            return Err(Stop::NoStream);
        };
        let response = response?;
        if response.status() == StatusCode::NOT_ACCEPTABLE {
            return Err(Stop::NoStream);
        }
        if !response.status().is_success() {
            let refusal = async { Ok(connection.refusal(response).await) };
            return Err(Stop::Failed(in_time(&connection.server, timings.response_timeout, refusal).await?));
        }
        let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        if !kind.starts_with(EVENT_STREAM.as_bytes()) {
            return Err(Stop::NoStream);
        }
        Ok(Self { response, parser: EventParser::new(connection.max_bytes), begun: false })
    }

    /// Waits for the next bytes, and adds the messages that they complete.
    async fn receive(
        &mut self,
        Inner { connection, timings, .. }: &Inner,
        ready: &mut VecDeque<Message>,
    ) -> Result<(), Stop> {
        let Timings { stream_open_timeout, stream_idle_timeout, .. } = *timings;
        let chunk = self.response.chunk();
        // It begins when the consumer asks: if it is busy, the silence is ours.
        let chunk = match self.begun {
            true => timeout(stream_idle_timeout, chunk).await.ok(),
            false => while_waiting(stream_open_timeout, chunk).await,
        };
        let chunk = match chunk {
            Some(chunk) => chunk.map_err(|error| connection.cut_off(error))?.ok_or(Stop::Ended)?,
            // Silent later, the connection is dead: the machine slept or the network changed.
            None if self.begun => return Err(connection.unreachable("the stream fell silent").into()),
            // A proxy is buffering it.
            None => return Err(Stop::NoStream),
        };
        self.begun = true;
        let mut result = Ok(());
        self.parser.push(&chunk, |event| {
            // `gone` needs no handling: the stream ends, and the next request is refused with the reason.
            if result.is_ok() && matches!(event.kind.as_slice(), b"" | b"message") {
                result = message_of(event, connection).map(|message| ready.push_back(message));
            }
        })?;
        result
    }
}

fn message_of(Event { id, data, .. }: Event, connection: &Connection) -> Result<Message, Stop> {
    let number = std::str::from_utf8(&id).ok().filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
    let seq = number.and_then(|id| id.parse().ok()).filter(|seq| *seq > 0).ok_or(Stop::NoStream)?;
    let text = String::from_utf8(data).map_err(|error| connection.unreachable(error))?;
    let data = RawValue::from_string(text).map_err(|error| connection.unreachable(error))?;
    Ok(Message { seq, data })
}
