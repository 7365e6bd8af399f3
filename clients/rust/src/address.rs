//! Links, box ids and drop addresses.

use crate::Error;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::Url;
use sha2::{Digest, Sha256};

/// A box's server and the capability to use it.
#[derive(Clone)]
pub(crate) struct Address {
    /// The base URL of the box routes, without a trailing slash.
    pub(crate) server: String,
    /// A box id or a drop address.
    pub(crate) id: String,
}

impl Address {
    /// Parses a link, or an id together with its server. If `server` is given, the box must be there.
    pub(crate) fn parse(link: &str, server: Option<&str>) -> Result<Self, Error> {
        let expected = server.map(base_url).transpose()?;
        if is_capability(link) {
            return Ok(Self { server: expected.ok_or(Error::ServerRequired)?, id: link.into() });
        }
        let url = Url::parse(link).map_err(|_| Error::InvalidLink)?;
        let (path, id) = url.path().rsplit_once("/boxes/").ok_or(Error::InvalidLink)?;
        if !is_capability(id) {
            return Err(Error::InvalidLink);
        }
        let server = canonical(&url, path)?;
        if expected.is_some_and(|expected| expected != server) {
            return Err(Error::OtherServer);
        }
        Ok(Self { server, id: id.into() })
    }

    pub(crate) fn link(&self) -> String {
        format!("{}/boxes/{}", self.server, self.id)
    }

    /// The address of the same box for whoever may only send.
    pub(crate) fn to_drop(&self) -> Self {
        Self { server: self.server.clone(), id: drop_address(&self.id) }
    }
}

/// The base URL of a server's box routes in canonical form: no query, no fragment, no trailing slash. A user or a password
/// is refused, since it would not be sent.
pub(crate) fn base_url(server: &str) -> Result<String, Error> {
    let url = Url::parse(server).map_err(|_| Error::InvalidServer)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::InvalidServer);
    }
    canonical(&url, url.path())
}

fn canonical(url: &Url, path: &str) -> Result<String, Error> {
    // Errors name the server, so it must not contain a capability.
    if !matches!(url.scheme(), "http" | "https") || redact(path) != path {
        return Err(Error::InvalidServer);
    }
    Ok(url.origin().ascii_serialization() + path.trim_end_matches('/'))
}

/// Derives the drop address of a box id; a drop address is its own.
fn drop_address(id: &str) -> String {
    if id.starts_with("drop_") {
        return id.into();
    }
    let hash = Sha256::digest(format!("signalbox drop v1\0{id}"));
    format!("drop_{}", BASE64_URL_SAFE_NO_PAD.encode(&hash[..24]))
}

pub(crate) fn is_capability(text: &str) -> bool {
    secret_of(text).is_some_and(|secret| secret.len() == SECRET && secret.bytes().all(is_secret))
}

/// The text with every box id and drop address in it cut short, for errors: a server may repeat the URL of a request.
pub(crate) fn redact(text: &str) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) =
        ["box_", "drop_"].iter().filter_map(|prefix| rest.find(prefix).map(|at| at + prefix.len())).min()
    {
        let (before, after) = rest.split_at(at);
        let length = after.bytes().take_while(|byte| is_secret(*byte)).count();
        redacted.push_str(before);
        redacted.push_str(if length < SECRET { &after[..length] } else { "…" });
        rest = &after[length..];
    }
    redacted + rest
}

/// The length of a capability after its prefix.
const SECRET: usize = 32;

fn secret_of(capability: &str) -> Option<&str> {
    capability.strip_prefix("box_").or_else(|| capability.strip_prefix("drop_"))
}

fn is_secret(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}
