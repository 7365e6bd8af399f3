//! Telling the server how far a reader has got.

use crate::MessageBox;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// How many messages may wait before they are acknowledged at once: well below what a box holds.
const BACKLOG: u64 = 64;

/// Sends acknowledgements: one request at a time, with the latest cursor, and at most one per interval unless many
/// messages are waiting. A request that fails for good is dropped: the next one carries a later cursor, and until then,
/// the server merely keeps the messages for longer.
///
/// It is a task of its own, so that it goes on while the reader is busy, and when the reader is dropped.
pub(crate) struct Acknowledger {
    wanted: watch::Sender<u64>,
    task: JoinHandle<()>,
}

impl Acknowledger {
    pub(crate) fn start(inbox: MessageBox) -> Self {
        let (wanted, seen) = watch::channel(0);
        let task = tokio::spawn(async move {
            let late = async {
                closed(seen.clone()).await;
                sleep(inbox.inner.timings.flush_timeout).await;
            };
            tokio::select! {
                () = acknowledge(&inbox, seen.clone()) => {}
                () = late => {}
            }
        });
        Self { wanted, task }
    }

    /// Says that the consumer has handled every message up to and including this cursor.
    pub(crate) fn advance(&self, cursor: u64) {
        self.wanted.send_replace(cursor);
    }

    /// Returns when everything has been acknowledged, or after the timeout.
    pub(crate) async fn flush(self) {
        drop(self.wanted);
        // It fails only if the runtime ends.
        let _ = self.task.await;
    }
}

/// Until the reader is gone and all that it has handled is acknowledged.
async fn acknowledge(inbox: &MessageBox, mut wanted: watch::Receiver<u64>) {
    let (mut tried, mut done) = (0, 0);
    while let Ok(cursor) = wanted.wait_for(|wanted| *wanted > tried).await.map(|wanted| *wanted) {
        tried = cursor;
        if inbox.acknowledge(cursor).await.is_ok() {
            done = cursor;
        }
        let _ = timeout(inbox.inner.timings.acknowledge_interval, wanted.wait_for(|wanted| *wanted >= done + BACKLOG))
            .await;
    }
    let last = *wanted.borrow();
    if last > done {
        let _ = inbox.acknowledge(last).await;
    }
}

async fn closed(mut wanted: watch::Receiver<u64>) {
    while wanted.changed().await.is_ok() {}
}
