//! What goes into a box and comes out of it.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::{fmt, time::Duration};

/// A message: a JSON value and its sequence number.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// The sequence number: 1, 2, 3 … per box.
    pub seq: u64,
    /// The JSON text of the value, as it was sent.
    pub data: Box<RawValue>,
}

impl Message {
    /// The JSON text of the value, as it was sent.
    pub fn json(&self) -> &str {
        self.data.get()
    }

    /// Decodes the value.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.json())
    }
}

/// The text of a JSON string, and the JSON text of any other value.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.decode::<String>() {
            Ok(text) => f.pad(&text),
            Err(_) => f.pad(self.json()),
        }
    }
}

/// Consecutive messages, and the cursor after them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// The messages, oldest first.
    pub messages: Vec<Message>,
    /// The sequence number of the last message; without messages, the cursor that was asked for.
    pub next: u64,
}

impl From<crate::answers::Msgs> for Page {
    fn from(crate::answers::Msgs { data, next, .. }: crate::answers::Msgs) -> Self {
        // Messages leave a box only from its front, so the sequence numbers within a page have no gap.
        let before = next - data.len() as u64;
        let messages = (before + 1..).zip(data).map(|(seq, data)| Message { seq, data }).collect();
        Self { messages, next }
    }
}

/// What the server says of a message that it stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The message's sequence number.
    pub seq: u64,
    /// The number of messages now in the box.
    pub count: u64,
}

/// Which messages to [read](crate::MessageBox::read): by default, the first 100, without waiting.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct ReadOptions {
    after: u64,
    limit: Option<u32>,
    wait: Duration,
}

impl ReadOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the cursor to start after; 0 is before the first message.
    pub fn after(mut self, cursor: u64) -> Self {
        self.after = cursor;
        self
    }

    /// Sets how many messages to read at most, 1 to 1,000.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Sets how long the server may wait for a message if there is none: up to 60 seconds, rounded up to whole seconds.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = Duration::from_secs(whole_seconds(wait));
        self
    }

    pub(crate) fn longest_wait(&self) -> Duration {
        self.wait
    }

    pub(crate) fn query(&self) -> String {
        let limit = self.limit.map(|limit| format!("&limit={limit}")).unwrap_or_default();
        let wait = if self.wait.is_zero() { String::new() } else { format!("&wait={}", self.wait.as_secs()) };
        format!("after={}{limit}{wait}", self.after)
    }
}

/// Rounded up.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs().saturating_add(u64::from(duration.subsec_nanos() > 0))
}
