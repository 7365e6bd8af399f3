//! Requests to a server, one response each: no retries, and no more memory than allowed.

use crate::{
    Error, Problem,
    address::redact,
    answers::Answer,
    options::{Headers, Options},
};
use reqwest::{
    Client, Method, Response, StatusCode, Url,
    header::{ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER},
    redirect::Policy,
};
use serde::Deserialize;
use std::time::{Duration, SystemTime};

const MAX_REDIRECTS: usize = 10;
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The connections to a server, opened when they are needed.
pub(crate) struct Connection {
    pub(crate) server: String,
    pub(crate) max_bytes: usize,
    client: Client,
    headers: Option<Headers>,
}

/// A request of the contract.
pub(crate) struct Call {
    method: Method,
    path: String,
    query: String,
    body: Option<String>,
    headers: HeaderMap,
}

impl Call {
    pub(crate) fn new(method: Method, path: String) -> Self {
        Self { method, path, query: String::new(), body: None, headers: HeaderMap::from_iter([(ACCEPT, JSON)]) }
    }

    pub(crate) fn query(mut self, query: String) -> Self {
        self.query = query;
        self
    }

    pub(crate) fn body(mut self, json: String) -> Self {
        self.body = Some(json);
        self.header(CONTENT_TYPE, JSON)
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}

impl Connection {
    pub(crate) fn new(server: String, options: Options, connect_timeout: Duration) -> Result<Self, Error> {
        let Options { http_client, headers, max_response_bytes: max_bytes, .. } = options;
        let builder = http_client.unwrap_or_default().redirect(Policy::none()).connect_timeout(connect_timeout);
        // After a failure, HTTP/2 would send the next request over the same connection, even if that is dead.
        let builder = builder.http1_only();
        // Here and everywhere: without the URL of a request, which contains the box id.
        let client = builder.build().map_err(|error| Error::HttpClient(error.without_url()))?;
        Ok(Self { server, max_bytes, client, headers })
    }

    /// The response, whose body is not read yet.
    pub(crate) async fn open(&self, call: &Call) -> Result<Response, Error> {
        let mut url = Url::parse(&(self.server.clone() + &call.path)).map_err(|error| self.unreachable(error))?;
        if !call.query.is_empty() {
            url.set_query(Some(&call.query));
        }
        let mut headers = match &self.headers {
            Some(headers) => headers.get().await.map_err(|error| self.unreachable(error))?,
            None => HeaderMap::new(),
        };
        // A compressed body could be small on the network and fill the memory.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.extend(call.headers.clone());
        for _ in 0..=MAX_REDIRECTS {
            let mut request = self.client.request(call.method.clone(), url).headers(headers.clone());
            if let Some(body) = &call.body {
                request = request.body(body.clone());
            }
            let response = request.send().await.map_err(|error| self.cut_off(error))?;
            match self.redirect(call, &response) {
                Some(next) => url = next,
                None => return Ok(response),
            }
        }
        Err(self.unreachable("too many redirects"))
    }

    /// Where the same request is to be sent instead. With the caller's headers, nowhere: they are for this server.
    ///
    /// It is not left to reqwest, which would tell the next server the URL of the last request, and repeat some
    /// requests as a GET.
    fn redirect(&self, call: &Call, response: &Response) -> Option<Url> {
        let same_request = match response.status().as_u16() {
            301..=303 => call.method == Method::GET,
            307 | 308 => true,
            _ => false,
        };
        if !same_request || self.headers.is_some() {
            return None;
        }
        let next = response.url().join(response.headers().get(LOCATION)?.to_str().ok()?).ok()?;
        may_follow(response.url(), &next).then_some(next)
    }

    /// What a successful response says; any other is an error.
    pub(crate) async fn request<T: Answer>(&self, call: &Call) -> Result<T, Error> {
        let response = self.open(call).await?;
        if !response.status().is_success() {
            return Err(self.refusal(response).await);
        }
        let status = response.status();
        let body = self.read(response).await?;
        match T::parse(status, &body) {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(Error::Refused(Box::new(self.unexpected(status)))),
            // It may have been cut off.
            Err(error) => Err(self.unreachable(error)),
        }
    }

    /// The error that a response is. For a box server's, code and detail come from the problem document (RFC 9457).
    pub(crate) async fn refusal(&self, response: Response) -> Error {
        #[derive(Default, Deserialize)]
        struct Document {
            code: Option<String>,
            title: Option<String>,
            detail: Option<String>,
        }
        let mut problem = self.unexpected(response.status());
        problem.retry_after = response.headers().get(RETRY_AFTER).and_then(retry_after);
        let body = match self.read(response).await {
            Ok(body) => body,
            Err(error) => return error,
        };
        if let Ok(Document { code, title, detail }) = serde_json::from_slice(&body) {
            problem.code = code.as_deref().map(redact);
            problem.title = title.as_deref().map(redact);
            problem.detail = detail.map_or(problem.detail, |detail| redact(&detail));
        }
        Error::Refused(Box::new(problem))
    }

    fn unexpected(&self, status: StatusCode) -> Problem {
        let mut detail = format!("the server responded unexpectedly, with status {}", status.as_u16());
        if status == StatusCode::NOT_FOUND {
            detail += "; is the URL's prefix right?";
        } else if status.is_redirection() && self.headers.is_some() {
            detail = "the server redirects, but redirects are not followed with the option `headers`".into();
        } else if status.is_redirection() {
            detail = "the server redirects in a way that cannot be followed; use the new URL".into();
        }
        Problem { status: status.as_u16(), code: None, title: None, detail, retry_after: None }
    }

    /// Reads a body up to the limit, so that no server can fill the memory.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.cut_off(error))? {
            if body.len() + chunk.len() > self.max_bytes {
                return Err(Error::TooLarge { limit: self.max_bytes });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    pub(crate) fn cut_off(&self, error: reqwest::Error) -> Error {
        self.unreachable(error.without_url())
    }

    pub(crate) fn unreachable(&self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Unreachable { server: self.server.clone(), source: source.into() }
    }
}

/// Whether a redirect may lead from one URL to another, which learns the box id: not where everyone can read it.
pub(crate) fn may_follow(from: &Url, to: &Url) -> bool {
    to.scheme() == "https" || (from.scheme() == "http" && to.scheme() == "http")
}

/// Parses `Retry-After` (RFC 9110, section 10.2.3), in seconds or as a date. It is at most a day.
pub(crate) fn retry_after(value: &HeaderValue) -> Option<Duration> {
    const DAY: Duration = Duration::from_secs(86_400);
    let text = value.to_str().ok()?.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) if seconds.is_nan() => return None,
        Ok(seconds) => Duration::from_secs_f64(seconds.clamp(0.0, DAY.as_secs_f64())),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    Some(wait.min(DAY))
}
