//! A box on a server.

use crate::{
    Error, Messages, Page, ReadOptions, Sent,
    address::{Address, base_url},
    answers::{Ack, Answer, Created, CursorAck, Msgs, Nothing},
    http::{Call, Connection},
    message::whole_seconds,
    options::Options,
    retry::{Timings, in_time, retry},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{
    Method,
    header::{HeaderName, HeaderValue},
};
use serde::Serialize;
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::Mutex;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A box on a server: a first-in, first-out list of messages. It is not named `Box`, which every Rust program already
/// has.
///
/// With a box id you can read, acknowledge, send and delete; with a drop address you can only send. It retries transient
/// failures, resumes after every disconnection, and delivers messages in order and once each.
///
/// Methods fail with [`Error::Refused`] if the server refuses, with [`Error::Unreachable`] if it cannot be reached, and
/// with [`Error::TooLarge`]. A request is tried up to ten times. That takes about a minute if each attempt fails at once,
/// and up to six minutes if the server does not respond: an attempt then lasts 30 seconds. If the server asks to wait for more
/// than a minute (`Retry-After`), its refusal is final.
///
/// To limit how long a call takes, use [`tokio::time::timeout`], or drop its future: the server may still have carried
/// out the request, and nothing else is lost.
///
/// A clone is the same box with the same connections. It needs no closing, and stays on the server until you call
/// [`delete`](Self::delete), or nobody uses it for its lifetime. It must be used within a Tokio runtime.
#[derive(Clone)]
pub struct MessageBox {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) address: Address,
    pub(crate) connection: Connection,
    pub(crate) timings: Timings,
    /// Held while a message is sent, and passed on in the order of the calls.
    sending: Mutex<()>,
    /// Whether a loop is reading.
    pub(crate) reading: AtomicBool,
    /// The cursor at which the next loop begins; only the loop that is reading changes it.
    pub(crate) position: AtomicU64,
    /// Up to here, the server has deleted the messages.
    pub(crate) acknowledged: AtomicU64,
}

impl MessageBox {
    /// Creates a box on the server with this base URL, such as `https://example.com/prefix`.
    ///
    /// If the server cannot be reached, this retries only four times, within about four seconds: long enough for the
    /// server to restart, and short enough to notice a wrong URL. If the server accepts the connection and then says
    /// nothing, it fails after ten seconds.
    pub async fn create(server: &str) -> Result<Self, Error> {
        Self::create_with(server, Options::new()).await
    }

    /// Opens a box by its link, `<server>/boxes/<id>`. It sends no request: the first use shows whether the box exists.
    ///
    /// With [`Options::server`], the id is enough, and a link to another server is refused. [`Options::headers`] requires
    /// it: links come from other people and must not receive your credentials.
    pub fn open(link: &str) -> Result<Self, Error> {
        Self::open_with(link, Options::new())
    }

    pub(crate) async fn create_with(server: &str, options: Options) -> Result<Self, Error> {
        let server = base_url(server)?;
        let timings = options.timings;
        let mut call = Call::new(Method::POST, "/boxes".into());
        if let Some(ttl) = options.ttl {
            call = call.body(format!(r#"{{"ttl":{}}}"#, whole_seconds(ttl)));
        }
        let connection = Connection::new(server.clone(), options, timings.connect_timeout)?;
        let creating = timings.for_creating();
        let request = || in_time(&server, creating.response_timeout, connection.request(&call));
        let created: Created = retry(&creating, Error::is_transient, request).await?;
        Ok(Self::new(Address { server, id: created.data }, connection, timings))
    }

    pub(crate) fn open_with(link: &str, options: Options) -> Result<Self, Error> {
        if options.headers.is_some() && options.server.is_none() {
            return Err(Error::ServerRequired);
        }
        let timings = options.timings;
        let address = Address::parse(link, options.server.as_deref())?;
        let connection = Connection::new(address.server.clone(), options, timings.connect_timeout)?;
        Ok(Self::new(address, connection, timings))
    }

    fn new(address: Address, connection: Connection, timings: Timings) -> Self {
        let (sending, reading, position, acknowledged) = Default::default();
        Self { inner: Arc::new(Inner { address, connection, timings, sending, reading, position, acknowledged }) }
    }

    /// The link that opens this box again with the same rights. Keep it secret if you own the box: it then contains the
    /// box id.
    pub fn link(&self) -> String {
        self.inner.address.link()
    }

    /// The link to give to the other side. It contains the drop address, so its holder can only send.
    pub fn drop_link(&self) -> String {
        self.inner.address.to_drop().link()
    }

    /// Stores a message: any value that serializes to JSON, including `()`, which is null.
    ///
    /// It is stored once, however often the request is retried, because every message carries an `Idempotency-Key`.
    /// Messages arrive in the order in which the calls are first awaited. If you drop the future, the message may still
    /// be stored.
    pub async fn send<T: Serialize + ?Sized>(&self, message: &T) -> Result<Sent, Error> {
        let json = serde_json::to_string(message).map_err(Error::NotJson)?;
        let mut key = [0; 16];
        getrandom::fill(&mut key).expect("the system provides random numbers");
        let key = HeaderValue::try_from(BASE64_URL_SAFE_NO_PAD.encode(key)).expect("base64 is visible ASCII");
        let call = self.inner.call(Method::POST, "/messages").body(json).header(IDEMPOTENCY_KEY, key);
        let _turn = self.inner.sending.lock().await;
        let stored: Ack = self.inner.retry(&call).await?;
        Ok(Sent { seq: stored.seq, count: stored.data })
    }

    /// The messages of the box one at a time, in order and once each, across disconnections and restarts of the server.
    /// The first loop begins with the oldest message, the next one after the last message that an earlier one
    /// acknowledged. See [`Messages`].
    pub fn messages(&self) -> Messages {
        Messages::new(self.clone(), None)
    }

    /// [`messages`](Self::messages), but after this cursor. To get each message once even if your program restarts, save
    /// the number of the last message together with your results, and pass it here. The messages up to the cursor count as
    /// handled, and the loop first acknowledges them. To look at later messages without deleting the earlier ones, use
    /// [`read`](Self::read).
    pub fn messages_after(&self, cursor: u64) -> Messages {
        Messages::new(self.clone(), Some(cursor))
    }

    /// Reads messages without acknowledging them.
    pub async fn read(&self, options: ReadOptions) -> Result<Page, Error> {
        let timeout = self.inner.timings.response_timeout.saturating_add(options.longest_wait());
        let read = || in_time(&self.inner.address.server, timeout, self.inner.read_page(options));
        retry(&self.inner.timings, Error::is_transient, read).await
    }

    /// Deletes the messages up to and including the cursor, and returns how many are left. A loop over the box does this
    /// itself. If the cursor is ahead of the box, the error's code is `BOX_ERR_CURSOR`.
    pub async fn acknowledge(&self, cursor: u64) -> Result<u64, Error> {
        let call = self.inner.call(Method::PUT, "/cursor").body(format!(r#"{{"after":{cursor}}}"#));
        let left: CursorAck = self.inner.retry(&call).await?;
        self.inner.acknowledged.fetch_max(cursor, Ordering::Relaxed);
        Ok(left.data)
    }

    /// Takes all messages out of the box, in one step.
    ///
    /// If the response is lost, so are its messages, and also if you drop the future. Therefore this is retried only if
    /// nothing can have been taken; after an [`Error::Unreachable`], messages may be lost. To lose none, read and
    /// acknowledge instead.
    pub async fn drain(&self) -> Result<Page, Error> {
        let call = self.inner.call(Method::DELETE, "/messages");
        let taken: Msgs = self.inner.retry_if(took_nothing, &call).await?;
        Ok(taken.into())
    }

    /// Deletes the box with its messages; whoever reads it gets `BOX_ERR_NOT_FOUND`. It succeeds if the box is already
    /// gone.
    pub async fn delete(&self) -> Result<(), Error> {
        match self.inner.retry(&self.inner.call(Method::DELETE, "")).await {
            Ok(Nothing) => Ok(()),
            Err(Error::Refused(problem)) if problem.status == 404 => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Inner {
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call::new(method, format!("/boxes/{}{path}", self.address.id))
    }

    pub(crate) async fn read_page(&self, options: ReadOptions) -> Result<Page, Error> {
        let call = self.call(Method::GET, "/messages").query(options.query());
        let found: Msgs = self.connection.request(&call).await?;
        Ok(found.into())
    }

    async fn retry<T: Answer>(&self, call: &Call) -> Result<T, Error> {
        self.retry_if(Error::is_transient, call).await
    }

    async fn retry_if<T: Answer>(&self, may_repeat: fn(&Error) -> bool, call: &Call) -> Result<T, Error> {
        let timeout: Duration = self.timings.response_timeout;
        let request = || in_time(&self.address.server, timeout, self.connection.request(call));
        retry(&self.timings, may_repeat, request).await
    }
}

fn took_nothing(error: &Error) -> bool {
    error.is_before_request()
        || error.problem().is_some_and(|problem| problem.status == 429)
        || error.code() == Some("BOX_ERR_BUSY")
}

/// Names the box without revealing its id.
impl fmt::Debug for MessageBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageBox").field("server", &self.inner.address.server).finish_non_exhaustive()
    }
}
