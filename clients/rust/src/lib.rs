//! The client of a signalbox server: message boxes over plain HTTP, mainly for WebRTC signaling.
//!
//! A [`MessageBox`] retries transient failures, resumes after every disconnection, and delivers messages in order and
//! once each. [`MessageBox::create`] makes a box, [`MessageBox::open`] opens one by its link. The owner of a box gives
//! [`MessageBox::drop_link`] to the other side, whose holder can only send.
//!
//! ```no_run
//! # async fn example() -> Result<(), signalbox_client::Error> {
//! use signalbox_client::MessageBox;
//!
//! let inbox = MessageBox::create("http://localhost:8080").await?;
//! let outbox = MessageBox::open(&inbox.drop_link())?;
//! outbox.send("hello").await?;
//!
//! let mut messages = inbox.messages();
//! while let Some(message) = messages.next().await {
//!     println!("{}", message?); // hello
//!     break;
//! }
//! inbox.delete().await
//! # }
//! ```
#![cfg_attr(
    feature = "operations",
    doc = "\nThe module [`operations`] is generated from the contract, and has a function for each operation: one request, one\nresponse, no retries."
)]

mod acknowledger;
mod address;
mod answers;
mod error;
mod events;
mod follow;
mod http;
mod message;
mod message_box;
mod messages;
mod options;
mod retry;

#[cfg(test)]
mod tests;

/// Generated from the OpenAPI contract: a function for each operation, with one request and one response, and no
/// retries. Begin with [`Client`](operations::Client).
// A link to what the generator printed; a published package holds the file itself.
#[cfg(feature = "operations")]
#[allow(clippy::all, missing_docs, unreachable_pub)]
#[rustfmt::skip]
pub mod operations;

pub use error::{Error, Problem};
pub use message::{Message, Page, ReadOptions, Sent};
pub use message_box::MessageBox;
pub use messages::Messages;
pub use options::Options;
/// The HTTP library, for [`Options::http_client`] and [`Options::headers`].
pub use reqwest;
