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
/// messages are waiting. After a transient failure, it tries again with what is then the latest cursor: until the server
/// has deleted what was handled, the box may be full. A final refusal is dropped: only a later cursor can do better.
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
    let timings = &inbox.inner.timings;
    let (mut tried, mut done) = (0, 0);
    while let Ok(cursor) = wanted.wait_for(|wanted| *wanted > tried).await.map(|wanted| *wanted) {
        tried = cursor;
        let (mut pause, mut enough) = (timings.acknowledge_interval, cursor.saturating_add(BACKLOG));
        match inbox.acknowledge(cursor).await {
            Ok(_) => done = cursor,
            Err(error) if error.is_transient() => {
                tried = done;
                (pause, enough) = (timings.max_delay.max(error.retry_after()), u64::MAX);
            }
            // It is not sent again when the loop is left: by then, another box may be there.
            Err(_) => done = cursor,
        }
        let reader_is_gone = matches!(timeout(pause, wanted.wait_for(|wanted| *wanted >= enough)).await, Ok(Err(_)));
        if reader_is_gone {
            break;
        }
    }
    let last = *wanted.borrow();
    if last > done {
        let _ = inbox.acknowledge(last).await;
    }
}

async fn closed(mut wanted: watch::Receiver<u64>) {
    while wanted.changed().await.is_ok() {}
}
