//! A loop over the messages of a box.

use crate::{Error, Message, MessageBox, acknowledger::Acknowledger, follow::Follow, message_box::Inner};
use futures_core::{FusedStream, Stream};
use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, ready},
};

/// The messages of a box one at a time, in order and once each, across disconnections and restarts of the server.
///
/// ```no_run
/// # async fn example(inbox: signalbox_client::MessageBox) -> Result<(), signalbox_client::Error> {
/// let mut messages = inbox.messages();
/// while let Some(message) = messages.next().await {
///     println!("{}", message?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// It is also a [`Stream`]. It reads the server's event stream, or falls back to long-polls if a proxy blocks or buffers
/// that.
///
/// **Asking for the next message acknowledges the previous one**, and the server forgets it. If you leave a loop, its last
/// message may not have been handled: it is not acknowledged, and a later loop delivers it again. If you have handled it,
/// call [`MessageBox::acknowledge`] before you leave. A combinator that asks ahead, such as `buffered` or `peekable`,
/// acknowledges what you have not handled yet.
///
/// The loop first acknowledges what this [`MessageBox`] has handled and the server does not yet know of: it may fill the
/// box.
///
/// Dropping a future of [`next`](Self::next) loses nothing: the next call goes on where it stopped. So
/// `tokio::time::timeout(limit, messages.next())` and `select!` are safe.
///
/// Only one loop can read through a [`MessageBox`] and its clones at a time; another one gets
/// [`Error::AlreadyReading`]. Several openings of the same box can read it, but what one acknowledges is gone for all.
///
/// An error is the last item: [`Error::Refused`] if the box is gone or the cursor is ahead of it, or
/// [`Error::TooLarge`]. To wait until the server knows what was acknowledged, call [`close`](Self::close). If you drop
/// the loop instead, that goes on in the background for up to five seconds.
#[must_use = "messages do nothing unless they are asked for"]
pub struct Messages {
    inbox: MessageBox,
    after: Option<u64>,
    state: State,
}

enum State {
    New,
    Reading(Reading),
    Ended(Option<Acknowledger>),
}

struct Reading {
    /// The wait for the next message. It is kept when a future of ours is dropped.
    next: Pin<Box<Wait>>,
    /// The message that the consumer has, until it asks for another.
    delivered: Option<u64>,
    acknowledger: Acknowledger,
    claim: Claim,
}

type Wait = dyn Future<Output = (Follow, Result<Message, Error>)> + Send;

impl Messages {
    pub(crate) fn new(inbox: MessageBox, after: Option<u64>) -> Self {
        Self { inbox, after, state: State::New }
    }

    /// Acknowledges the previous message and waits for the next one. `None` comes only after an error.
    pub async fn next(&mut self) -> Option<Result<Message, Error>> {
        poll_fn(|cx| self.poll(cx)).await
    }

    /// Ends the loop, and waits until the messages that were acknowledged are deleted on the server, for up to five
    /// seconds. The message at which the loop is left is not acknowledged.
    pub async fn close(mut self) {
        self.end();
        if let State::Ended(Some(acknowledger)) = std::mem::replace(&mut self.state, State::Ended(None)) {
            acknowledger.flush().await;
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        if matches!(self.state, State::New) {
            let Some(claim) = Claim::new(&self.inbox.inner) else {
                self.state = State::Ended(None);
                return Poll::Ready(Some(Err(Error::AlreadyReading)));
            };
            let start = self.after.unwrap_or_else(|| claim.position());
            let acknowledger = Acknowledger::start(self.inbox.clone());
            // What was handled before may still fill the box, and then the message that we wait for cannot be stored.
            if start > claim.acknowledged() {
                acknowledger.advance(start);
            }
            self.state = State::Reading(Reading {
                next: Box::pin(Follow::new(self.inbox.clone(), start).next()),
                delivered: None,
                acknowledger,
                claim,
            });
        }
        let State::Reading(reading) = &mut self.state else { return Poll::Ready(None) };
        let next = ready!(reading.poll(cx));
        if next.is_err() {
            self.end();
        }
        Poll::Ready(Some(next))
    }

    fn end(&mut self) {
        self.state = match std::mem::replace(&mut self.state, State::Ended(None)) {
            State::Reading(Reading { acknowledger, .. }) => State::Ended(Some(acknowledger)),
            State::New => State::Ended(None),
            ended => ended,
        };
    }
}

impl Reading {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Message, Error>> {
        if let Some(seq) = self.delivered.take() {
            self.claim.set_position(seq);
            self.acknowledger.advance(seq);
        }
        let (follow, next) = ready!(self.next.as_mut().poll(cx));
        if let Ok(message) = &next {
            self.claim.set_position(message.seq - 1);
            self.delivered = Some(message.seq);
            self.next = Box::pin(follow.next());
        }
        Poll::Ready(next)
    }
}

impl Stream for Messages {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

impl FusedStream for Messages {
    fn is_terminated(&self) -> bool {
        matches!(self.state, State::Ended(_))
    }
}

impl fmt::Debug for Messages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").field("inbox", &self.inbox).finish_non_exhaustive()
    }
}

/// The right to read through a box, which one loop has at a time.
struct Claim(Arc<Inner>);

impl Claim {
    fn new(inner: &Arc<Inner>) -> Option<Self> {
        (!inner.reading.swap(true, Ordering::Acquire)).then(|| Self(inner.clone()))
    }

    fn position(&self) -> u64 {
        self.0.position.load(Ordering::Relaxed)
    }

    fn acknowledged(&self) -> u64 {
        self.0.acknowledged.load(Ordering::Relaxed)
    }

    fn set_position(&self, cursor: u64) {
        self.0.position.store(cursor, Ordering::Relaxed);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.reading.store(false, Ordering::Release);
    }
}
