//! How to create and open boxes.

use crate::{Error, MessageBox, address::base_url, retry::Timings};
use reqwest::{ClientBuilder, header::HeaderMap};
use std::{fmt, pin::Pin, sync::Arc, time::Duration};

/// Far more than a box holds on any server with default limits.
const MAX_RESPONSE_BYTES: usize = 64 << 20;

type AnyError = Box<dyn std::error::Error + Send + Sync>;

/// How to [create](Self::create) or [open](Self::open) a box, if not by default.
///
/// ```no_run
/// # async fn example() -> Result<(), signalbox_client::Error> {
/// use signalbox_client::Options;
/// use std::time::Duration;
///
/// let inbox = Options::new().ttl(Duration::from_secs(600)).create("https://example.com/signal").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "options do nothing until a box is created or opened with them"]
pub struct Options {
    pub(crate) ttl: Option<Duration>,
    pub(crate) server: Option<String>,
    pub(crate) http_client: Option<ClientBuilder>,
    pub(crate) headers: Option<Headers>,
    pub(crate) max_response_bytes: usize,
    pub(crate) timings: Timings,
}

impl Options {
    /// The defaults.
    pub fn new() -> Self {
        Self {
            ttl: None,
            server: None,
            http_client: None,
            headers: None,
            max_response_bytes: MAX_RESPONSE_BYTES,
            timings: Timings::default(),
        }
    }

    /// Sets the idle lifetime of a box that is created, rounded up to whole seconds. By default, the server decides.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }

    /// Sets the base URL of the box routes. It is required to open a box by its id alone, or with headers; a link must
    /// lead to this server.
    pub fn server(mut self, server: impl Into<String>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Sends these headers, such as `Authorization`, with every request. Redirects are then refused: they could lead to
    /// another server.
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers = Some(Headers::Same(headers));
        self
    }

    /// Calls a function for the headers of each request, so that it can refresh a token in time. If it fails, the
    /// request counts as failed, and is retried. Redirects are refused, as with [`headers`](Self::headers).
    ///
    /// ```
    /// # use signalbox_client::{Options, reqwest::header::{AUTHORIZATION, HeaderMap}};
    /// # async fn token() -> Result<String, std::io::Error> { Ok("secret".into()) }
    /// let options = Options::new().server("https://example.com/signal").headers_from(|| async {
    ///     let value = format!("Bearer {}", token().await?).try_into()?;
    ///     Ok(HeaderMap::from_iter([(AUTHORIZATION, value)]))
    /// });
    /// ```
    pub fn headers_from<F, T>(mut self, function: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output = Result<HeaderMap, AnyError>> + Send + 'static,
    {
        self.headers = Some(Headers::From(Arc::new(move || Box::pin(function()))));
        self
    }

    /// Sets how requests are made, for example with your own certificates. A timeout of its own would also end streams.
    ///
    /// The client speaks HTTP/1.1 even if HTTP/2 is enabled in reqwest, has its own connect timeout, and follows redirects
    /// itself; what the builder says about these is ignored.
    pub fn http_client(mut self, builder: ClientBuilder) -> Self {
        self.http_client = Some(builder);
        self
    }

    /// Sets the largest response body accepted, and the largest event of a stream; by default 64 MiB.
    pub fn max_response_bytes(mut self, limit: usize) -> Self {
        self.max_response_bytes = limit;
        self
    }

    /// Creates a box, as [`MessageBox::create`] does.
    pub async fn create(self, server: &str) -> Result<MessageBox, Error> {
        MessageBox::create_with(server, self).await
    }

    /// Opens a box, as [`MessageBox::open`] does.
    pub fn open(self, link: &str) -> Result<MessageBox, Error> {
        MessageBox::open_with(link, self)
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("ttl", &self.ttl)
            // Not as it was given: it may be refused for a password or a box id in it.
            .field("server", &self.server.as_deref().and_then(|server| base_url(server).ok()))
            .field("max_response_bytes", &self.max_response_bytes)
            .finish_non_exhaustive()
    }
}

/// The caller's headers, or how to get them.
pub(crate) enum Headers {
    Same(HeaderMap),
    From(Arc<dyn Fn() -> HeadersFuture + Send + Sync>),
}

type HeadersFuture = Pin<Box<dyn Future<Output = Result<HeaderMap, AnyError>> + Send>>;

impl Headers {
    pub(crate) async fn get(&self) -> Result<HeaderMap, AnyError> {
        let mut headers = match self {
            Self::Same(headers) => headers.clone(),
            Self::From(function) => function().await?,
        };
        // So that no HTTP library logs them.
        for value in headers.values_mut() {
            value.set_sensitive(true);
        }
        Ok(headers)
    }
}
