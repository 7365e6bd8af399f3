//! A server that answers as told, and notes what it was asked.

use crate::{Error, MessageBox, Options, retry::Timings};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};

pub(super) const BOX_ID: &str = "box_0123456789abcdefghijklmnopqrstuv";
pub(super) const DROP: &str = "drop_ZWpX_-WODIMKvSdOTxrXsigGWWWwq9qK";

/// A request that a fake got.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HashMap<String, String>,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub(super) fn wants_stream(&self) -> bool {
        self.header("accept") == "text/event-stream"
    }

    /// The number in a query such as `after=3`.
    pub(super) fn after(&self) -> u64 {
        self.query.strip_prefix("after=").and_then(|number| number.split('&').next()?.parse().ok()).unwrap_or_default()
    }
}

/// What a fake does with a request: bytes to write, and whether the connection then stays open.
#[derive(Default)]
pub(super) struct Reply {
    text: String,
    stays: bool,
    /// More to write, each when there is a permit.
    later: Vec<String>,
    step: Option<Arc<Semaphore>>,
}

impl Reply {
    pub(super) fn new(status: u16, headers: &str, body: &str) -> Self {
        let length = body.len();
        let text =
            format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}");
        Self { text, ..Self::default() }
    }

    pub(super) fn json(text: &str) -> Self {
        Self::new(200, "Content-Type: application/json\r\n", text)
    }

    pub(super) fn problem(status: u16, code: &str) -> Self {
        Self::new(
            status,
            "Content-Type: application/problem+json\r\n",
            &format!(r#"{{"code":"{code}","detail":"what to do"}}"#),
        )
    }

    /// A stream that stays open.
    pub(super) fn stream(events: &str) -> Self {
        Self { stays: true, ..Self::ended_stream(events) }
    }

    pub(super) fn ended_stream(events: &str) -> Self {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        Self { text: format!("{head}: open\n\n{events}"), ..Self::default() }
    }

    pub(super) fn stepwise(events: Vec<String>, step: Arc<Semaphore>) -> Self {
        Self { later: events, step: Some(step), ..Self::stream("") }
    }

    /// Bytes that are no complete response.
    pub(super) fn raw(text: &str, stays: bool) -> Self {
        Self { text: text.into(), stays, ..Self::default() }
    }

    /// The connection ends in place of a response.
    pub(super) fn cut() -> Self {
        Self::raw("", false)
    }

    /// There is never a response.
    pub(super) fn hang() -> Self {
        Self::raw("", true)
    }
}

pub(super) fn numbered(numbers: impl Iterator<Item = u64>) -> String {
    numbers.map(|n| format!("id: {n}\ndata: {n}\n\n")).collect()
}

pub(super) struct Fake {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    accepting: tokio::task::JoinHandle<()>,
}

impl Fake {
    /// `answer` gets a request, and the number of earlier requests with the same method.
    pub(super) async fn start(answer: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (answer, noted) = (Arc::new(answer), seen.clone());
        let accepting = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                let (answer, noted) = (answer.clone(), noted.clone());
                tokio::spawn(async move { serve(connection, &*answer, &noted).await });
            }
        });
        Self { url, seen, accepting }
    }

    /// The requests with a method.
    pub(super) fn requests(&self, method: &str) -> Vec<Seen> {
        self.seen.lock().unwrap().iter().filter(|seen| seen.method == method).cloned().collect()
    }

    /// The cursors that were acknowledged.
    pub(super) fn cursors(&self) -> Vec<String> {
        self.requests("PUT").into_iter().map(|seen| seen.body).collect()
    }

    /// A box on this server, with short waits.
    pub(super) fn open(&self) -> MessageBox {
        self.open_with(Options::new()).unwrap()
    }

    pub(super) fn open_with(&self, options: Options) -> Result<MessageBox, Error> {
        self.open_in(options, |_| {})
    }

    /// With these waits.
    pub(super) fn open_timed(&self, change: impl FnOnce(&mut Timings)) -> MessageBox {
        self.open_in(Options::new(), change).unwrap()
    }

    fn open_in(&self, mut options: Options, change: impl FnOnce(&mut Timings)) -> Result<MessageBox, Error> {
        quicken(&mut options.timings);
        change(&mut options.timings);
        options.open(&format!("{}/boxes/{BOX_ID}", self.url))
    }
}

pub(super) fn quicken(timings: &mut Timings) {
    timings.min_delay = Duration::from_millis(1);
    timings.max_delay = Duration::from_millis(2);
    timings.acknowledge_interval = Duration::from_millis(1);
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn serve(
    connection: TcpStream,
    answer: &(dyn Fn(&Seen, usize) -> Reply + Send + Sync),
    noted: &Mutex<Vec<Seen>>,
) {
    let mut connection = BufReader::new(connection);
    let Some(seen) = read(&mut connection).await else { return };
    let earlier = {
        let mut noted = noted.lock().unwrap();
        let earlier = noted.iter().filter(|other| other.method == seen.method).count();
        noted.push(seen.clone());
        earlier
    };
    let Reply { text, stays, later, step } = answer(&seen, earlier);
    if connection.write_all(text.as_bytes()).await.is_err() {
        return;
    }
    for part in later {
        step.as_ref().unwrap().acquire().await.unwrap().forget();
        if connection.write_all(part.as_bytes()).await.is_err() {
            return;
        }
    }
    if stays {
        // Until the client is gone.
        let _ = connection.read_u8().await;
    }
}

async fn read(connection: &mut BufReader<TcpStream>) -> Option<Seen> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if connection.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        lines.push(line.trim_end().to_string());
    }
    let mut start = lines[0].split(' ');
    let (method, target) = (start.next()?.to_string(), start.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: HashMap<_, _> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
        .collect();
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Seen { method, path: path.into(), query: query.into(), headers, body })
}
