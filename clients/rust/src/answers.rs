//! The bodies of successful responses.

use crate::address::is_capability;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;

/// What a successful response says.
pub(crate) trait Answer: Sized {
    /// `None` if it is not what the contract promises: something other than the box server may have responded.
    fn parse(status: StatusCode, body: &[u8]) -> Result<Option<Self>, serde_json::Error>;
}

/// An answer in JSON.
trait Sound {
    /// Whether it has what the contract promises beyond the types of its members.
    fn is_sound(&self) -> bool;
}

impl<T: Sound + for<'de> Deserialize<'de>> Answer for T {
    fn parse(status: StatusCode, body: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        if status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        match serde_json::from_slice::<T>(body) {
            Ok(answer) => Ok(Some(answer).filter(T::is_sound)),
            Err(error) if error.is_data() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Created {
    #[serde(rename = "type")]
    kind: String,
    pub(crate) data: String,
    drop: String,
}

impl Sound for Created {
    fn is_sound(&self) -> bool {
        let is = |text: &str, prefix| text.starts_with(prefix) && is_capability(text);
        self.kind == "created" && is(&self.data, "box_") && is(&self.drop, "drop_")
    }
}

#[derive(Deserialize)]
pub(crate) struct Ack {
    #[serde(rename = "type")]
    kind: String,
    pub(crate) data: u64,
    pub(crate) seq: u64,
}

impl Sound for Ack {
    fn is_sound(&self) -> bool {
        self.kind == "ack" && self.seq > 0
    }
}

#[derive(Deserialize)]
pub(crate) struct CursorAck {
    #[serde(rename = "type")]
    kind: String,
    pub(crate) data: u64,
}

impl Sound for CursorAck {
    fn is_sound(&self) -> bool {
        self.kind == "ack"
    }
}

/// The messages stay the texts that they are: parsing one could fail, or lose digits.
#[derive(Deserialize)]
pub(crate) struct Msgs {
    #[serde(rename = "type")]
    kind: String,
    pub(crate) data: Vec<Box<RawValue>>,
    pub(crate) next: u64,
}

impl Sound for Msgs {
    fn is_sound(&self) -> bool {
        self.kind == "msgs" && self.next >= self.data.len() as u64
    }
}

/// The answer without a body.
pub(crate) struct Nothing;

impl Answer for Nothing {
    fn parse(status: StatusCode, _: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        Ok((status == StatusCode::NO_CONTENT).then_some(Self))
    }
}
