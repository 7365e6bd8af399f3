use super::fake::{Fake, Reply, numbered};
use crate::{Error, MessageBox, Messages, retry::Timings};
use futures_core::{FusedStream, Stream};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;

const LEFT: &str = r#"{"type":"ack","data":0}"#;
const HOUR: Duration = Duration::from_secs(3600);
/// Ends a test that would otherwise hang.
const LONG: Duration = Duration::from_secs(10);

/// A server whose box holds the messages 1 to `last`.
async fn stored(last: u64) -> Fake {
    Fake::start(move |seen, _| match seen.method.as_str() {
        "GET" => Reply::stream(&numbered(seen.after() + 1..=last)),
        _ => Reply::json(LEFT),
    })
    .await
}

/// The numbers up to `last`, at which the loop is left.
async fn numbers_to(messages: &mut Messages, last: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.last() != Some(&last) {
        numbers.push(messages.next().await.unwrap().unwrap().seq);
    }
    numbers
}

/// Leaves the loop at this message.
async fn take_to(inbox: &MessageBox, last: u64) -> Vec<u64> {
    let mut messages = inbox.messages();
    let numbers = numbers_to(&mut messages, last).await;
    messages.close().await;
    numbers
}

#[tokio::test]
async fn the_message_at_which_a_loop_was_left_is_delivered_again() {
    let fake = stored(3).await;
    let inbox = fake.open();
    assert_eq!(take_to(&inbox, 2).await, [1, 2]);
    assert_eq!(fake.cursors().last().unwrap(), r#"{"after":1}"#);
    assert_eq!(take_to(&inbox, 3).await, [2, 3]);
    assert_eq!(fake.cursors().last().unwrap(), r#"{"after":2}"#);
    assert_eq!(numbers_to(&mut inbox.messages_after(1), 2).await, [2]);
}

#[tokio::test]
async fn a_loop_that_gets_nothing_leaves_the_position() {
    let fake = stored(3).await;
    let inbox = fake.open();
    drop(inbox.messages_after(2));
    let mut unanswered = inbox.messages_after(3);
    assert!(timeout(Duration::from_millis(50), unanswered.next()).await.is_err());
    drop(unanswered);
    assert_eq!(take_to(&inbox, 1).await, [1]);
    assert_eq!(fake.cursors(), [r#"{"after":3}"#], "what came before the loop, as the caller said");
}

#[tokio::test]
async fn a_message_that_was_handled_is_not_delivered_again() {
    let fake = stored(1).await;
    let inbox = fake.open();
    let mut messages = inbox.messages();
    assert_eq!(messages.next().await.unwrap().unwrap().seq, 1);
    // Asking for another says that it was handled.
    assert!(timeout(Duration::from_millis(50), messages.next()).await.is_err());
    drop(messages);
    assert!(timeout(Duration::from_millis(200), inbox.messages().next()).await.is_err());
}

#[tokio::test]
async fn only_one_loop_reads_at_a_time() {
    let fake = stored(2).await;
    let inbox = fake.open();
    let mut first = inbox.messages();
    let mut second = inbox.clone().messages();
    assert_eq!(first.next().await.unwrap().unwrap().seq, 1);
    assert!(matches!(second.next().await, Some(Err(Error::AlreadyReading))));
    assert!(second.next().await.is_none());
    drop(second);
    assert!(matches!(inbox.messages().next().await, Some(Err(Error::AlreadyReading))), "the first goes on");
    drop(first);
    assert_eq!(inbox.messages().next().await.unwrap().unwrap().seq, 1);
}

#[tokio::test]
async fn a_dropped_wait_loses_and_acknowledges_nothing() {
    let step = Arc::new(tokio::sync::Semaphore::new(0));
    let steps = step.clone();
    let fake = Fake::start(move |seen, _| match seen.method.as_str() {
        "GET" => Reply::stepwise((1..=50).map(|n| numbered(n..=n)).collect(), steps.clone()),
        _ => Reply::json(LEFT),
    })
    .await;
    let inbox = fake.open();
    let mut messages = inbox.messages();
    let mut found = Vec::new();
    let mut dropped = 0;
    while found.len() < 50 {
        if dropped % 3 == 2 {
            step.add_permits(1);
        }
        // Dropped after each single poll, wherever it is.
        tokio::select! {
            biased;
            next = messages.next() => found.push(next.unwrap().unwrap().seq),
            () = std::future::ready(()) => {
                dropped += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
    assert_eq!(found, (1..=50).collect::<Vec<_>>());
    assert!(dropped > 50, "{dropped}");
    assert_eq!(fake.requests("GET").len(), 1, "the stream stayed open");
    messages.close().await;
    assert_eq!(fake.cursors().last().unwrap(), r#"{"after":49}"#);
}

#[tokio::test]
async fn a_dropped_loop_acknowledges_what_was_handled() {
    let fake = stored(3).await;
    let inbox = fake.open_timed(|timings| timings.acknowledge_interval = HOUR);
    let mut messages = inbox.messages();
    numbers_to(&mut messages, 3).await;
    drop(messages);
    // It goes on in the background.
    while fake.cursors().last().is_none_or(|cursor| cursor != r#"{"after":2}"#) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn the_end_of_a_loop_does_not_wait_forever() {
    let fake =
        Fake::start(|seen, _| if seen.method == "GET" { Reply::stream(&numbered(1..=2)) } else { Reply::hang() }).await;
    let inbox = fake.open_timed(|timings| timings.flush_timeout = Duration::from_millis(20));
    assert_eq!(timeout(LONG, take_to(&inbox, 2)).await.unwrap(), [1, 2]);
    assert_eq!(Timings::default().flush_timeout, Duration::from_secs(5), "as documented");
}

#[tokio::test]
async fn acknowledgements_are_combined() {
    let fake = stored(200).await;
    let inbox = fake.open_timed(|timings| timings.acknowledge_interval = HOUR);
    take_to(&inbox, 200).await;
    let cursors = fake.cursors();
    assert!(cursors.len() <= 10, "{cursors:?}");
    assert_eq!(cursors.last().unwrap(), r#"{"after":199}"#);
}

#[tokio::test]
async fn a_backlog_is_acknowledged_at_once() {
    let fake = stored(200).await;
    let inbox = fake.open_timed(|timings| timings.acknowledge_interval = HOUR);
    let mut messages = inbox.messages();
    for (last, requests) in [(2, 1), (200, 2)] {
        numbers_to(&mut messages, last).await;
        // Without the end of the loop, and long before the interval ends.
        while fake.cursors().len() < requests {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::test]
async fn a_failed_acknowledgement_does_not_disturb_the_loop() {
    let fake = Fake::start(|seen, earlier| match seen.method.as_str() {
        "GET" => Reply::stream(&numbered(1..=3)),
        _ if earlier == 0 => Reply::problem(409, "BOX_ERR_CURSOR"),
        _ => Reply::json(LEFT),
    })
    .await;
    assert_eq!(take_to(&fake.open(), 3).await, [1, 2, 3]);
    assert_eq!(fake.cursors().last().unwrap(), r#"{"after":2}"#);
}

#[tokio::test]
async fn an_acknowledgement_is_repeated_while_the_loop_is_idle() {
    let fake = Fake::start(|seen, earlier| match seen.method.as_str() {
        "GET" => Reply::stream(&numbered(1..=2)),
        _ if earlier < 3 => Reply::problem(503, "BOX_ERR_STORE"),
        _ => Reply::json(LEFT),
    })
    .await;
    let inbox = fake.open_timed(|timings| {
        timings.max_attempts = 1;
        timings.acknowledge_interval = HOUR;
    });
    let mut messages = inbox.messages();
    numbers_to(&mut messages, 2).await;
    // Nothing else comes that could be acknowledged: the box may be full.
    let repeated = async {
        while fake.cursors().len() < 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(LONG, repeated).await.unwrap();
    messages.close().await;
    assert_eq!(fake.cursors(), [r#"{"after":1}"#; 4], "it is not repeated once it has succeeded");
}

#[tokio::test]
async fn what_a_loop_could_not_acknowledge_is_acknowledged_when_the_next_one_begins() {
    let works = Arc::new(AtomicBool::new(false));
    let now = works.clone();
    let fake = Fake::start(move |seen, _| match (seen.method.as_str(), now.load(Ordering::Relaxed)) {
        ("GET", works) => Reply::stream(&numbered(1..=if works { 0 } else { 2 })),
        (_, true) => Reply::json(LEFT),
        _ => Reply::problem(503, "BOX_ERR_STORE"),
    })
    .await;
    let inbox = fake.open_timed(|timings| timings.max_attempts = 1);
    take_to(&inbox, 2).await;
    works.store(true, Ordering::Relaxed);
    let before = fake.cursors().len();
    let mut messages = inbox.messages();
    // Until then, a full box would stay full, and nobody could store what the loop waits for.
    let acknowledged = async {
        while fake.cursors().len() == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        next = messages.next() => panic!("{next:?}"),
        in_time = timeout(LONG, acknowledged) => in_time.unwrap(),
    }
    messages.close().await;
    assert_eq!(fake.cursors()[before..], [r#"{"after":1}"#]);
}

#[tokio::test]
async fn what_has_been_acknowledged_is_not_acknowledged_again_when_the_next_loop_begins() {
    let fake = stored(2).await;
    let inbox = fake.open();
    for _ in 0..2 {
        take_to(&inbox, 2).await;
    }
    assert_eq!(fake.cursors(), [r#"{"after":1}"#]);
}

#[tokio::test]
async fn a_cursor_that_was_refused_is_not_sent_again_when_the_loop_ends() {
    let fake = Fake::start(|_, _| Reply::problem(409, "BOX_ERR_CURSOR")).await;
    let mut messages = fake.open().messages_after(7);
    assert_eq!(messages.next().await.unwrap().unwrap_err().code(), Some("BOX_ERR_CURSOR"));
    messages.close().await;
    assert_eq!(fake.cursors(), [r#"{"after":7}"#], "by then, it may be that of another box");
}

#[tokio::test]
async fn acknowledgements_that_fail_for_good_are_combined() {
    let fake = Fake::start(|seen, _| match seen.method.as_str() {
        "GET" => Reply::stream(&numbered(1..=200)),
        _ => Reply::problem(403, "BOX_ERR_DROP_ONLY"),
    })
    .await;
    let inbox = fake.open_timed(|timings| timings.acknowledge_interval = HOUR);
    let mut messages = inbox.messages();
    for seq in 1..=200 {
        numbers_to(&mut messages, seq).await;
        // Long enough for a request.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let requests = fake.cursors().len();
    assert!(requests <= 5, "{requests} requests");
}

#[tokio::test]
async fn a_loop_ends_with_the_reason_if_the_box_is_gone() {
    let fake = Fake::start(|_, earlier| match earlier {
        0 => Reply::ended_stream("event: gone\ndata: {}\n\n"),
        _ => Reply::problem(404, "BOX_ERR_NOT_FOUND"),
    })
    .await;
    let inbox = fake.open();
    let mut messages = inbox.messages();
    assert_eq!(messages.next().await.unwrap().unwrap_err().code(), Some("BOX_ERR_NOT_FOUND"));
    assert!(messages.next().await.is_none() && messages.is_terminated());
    assert!(!matches!(inbox.messages().next().await, Some(Err(Error::AlreadyReading))), "another may begin");
}

#[tokio::test]
async fn a_loop_is_a_stream() {
    let fake = stored(2).await;
    let mut messages = fake.open().messages();
    for expected in 1..=2 {
        let next = poll_fn(|cx| Pin::new(&mut messages).poll_next(cx)).await;
        assert_eq!(next.unwrap().unwrap().seq, expected);
    }
    assert!(!messages.is_terminated());
}
