//! What can go wrong.

use std::{fmt, time::Duration};

/// A failed call, or the end of a loop over [`Messages`](crate::Messages).
///
/// No error contains a box id, a drop address or the URL of a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server refused, or its response is not what the contract promises.
    #[error("{0}")]
    Refused(Box<Problem>),
    /// There was no response, or only part of one. [`source`](std::error::Error::source) says why.
    #[error("the server at {server} could not be reached")]
    #[non_exhaustive]
    Unreachable {
        /// The base URL of the box routes.
        server: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A response, or an event of a stream, is larger than
    /// [`Options::max_response_bytes`](crate::Options::max_response_bytes). It is not requested again, since the next
    /// response would be as large.
    #[error("the response is larger than {limit} bytes")]
    #[non_exhaustive]
    TooLarge {
        /// The limit that was exceeded.
        limit: usize,
    },
    /// Another loop is already reading through the same [`MessageBox`](crate::MessageBox), or through a clone of it. End
    /// that loop first, or open the box again.
    #[error("another loop is already reading through this MessageBox")]
    AlreadyReading,
    /// The message cannot be written as JSON.
    #[error("the message is not a JSON value")]
    NotJson(#[source] serde_json::Error),
    /// A server is not an http or https URL, or contains a user, a password, a box id or a drop address.
    #[error("the server must be an http:// or https:// URL without a user, a password, a box id or a drop address")]
    InvalidServer,
    /// A link does not have the form `<server>/boxes/<id>`.
    #[error("a link must have the form <server>/boxes/<id>")]
    InvalidLink,
    /// Opening a box by its id, or with headers, requires [`Options::server`](crate::Options::server).
    #[error("opening a box by its id, or with headers, requires the option `server`")]
    ServerRequired,
    /// A link leads to another server than [`Options::server`](crate::Options::server).
    #[error("the link leads to another server than the option `server`")]
    OtherServer,
    /// The HTTP client cannot be built, for example because the system has no certificates.
    #[error("the HTTP client cannot be built")]
    HttpClient(#[source] reqwest::Error),
}

impl Error {
    /// What the server said, if it refused.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// The contract's error code, such as `BOX_ERR_FULL`, if a box server refused.
    pub fn code(&self) -> Option<&str> {
        self.problem()?.code.as_deref()
    }

    /// Whether the same request may succeed later: there was no response, part of one, or one that says so.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Refused(problem) => problem.status >= 500 || matches!(problem.status, 408 | 429),
            Self::Unreachable { .. } => true,
            _ => false,
        }
    }

    /// Whether the request cannot have reached the server.
    pub(crate) fn is_before_request(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => source.downcast_ref().is_some_and(reqwest::Error::is_connect),
            _ => false,
        }
    }

    /// How long the server asked to wait.
    pub(crate) fn retry_after(&self) -> Duration {
        self.problem().and_then(|problem| problem.retry_after).unwrap_or_default()
    }
}

/// Why a server refused: its problem document (RFC 9457), or what is known without one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The contract's error code, such as `BOX_ERR_NOT_FOUND`, or a code from the host application. `None` if something
    /// other than a box server responded.
    pub code: Option<String>,
    /// A short name for the problem.
    pub title: Option<String>,
    /// What went wrong and what to do next.
    pub detail: String,
    /// How long the server asked to wait before the next attempt.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.detail)
    }
}
