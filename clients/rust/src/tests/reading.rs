//! How a loop gets at messages.

use super::{
    fake::{Fake, Reply, numbered},
    requests::hard,
};
use crate::{Error, MessageBox};
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::sleep};

const LEFT: &str = r#"{"type":"ack","data":0}"#;

async fn take(inbox: &MessageBox, count: usize) -> Vec<u64> {
    let mut messages = inbox.messages();
    let mut numbers = Vec::new();
    while numbers.len() < count {
        numbers.push(messages.next().await.unwrap().unwrap().seq);
    }
    numbers
}

/// A server whose GETs are answered as told.
async fn reading(answer: impl Fn(&super::fake::Seen, usize) -> Reply + Send + Sync + 'static) -> Fake {
    Fake::start(move |seen, earlier| if seen.method == "GET" { answer(seen, earlier) } else { Reply::json(LEFT) }).await
}

#[tokio::test]
async fn reading_resumes_after_the_last_message() {
    let fake = reading(|_, earlier| match earlier {
        0 => Reply::cut(),
        1 => Reply::problem(503, "BOX_ERR_STORE"),
        2 => Reply::ended_stream(&(numbered(1..=2) + "id: 3\ndata: incompl")),
        // Not JSON.
        3 => Reply::stream("id: 3\ndata: {\n\n"),
        // A proxy that repeats what was there before.
        _ => Reply::stream(&(numbered(1..=2) + &numbered(2..=4))),
    })
    .await;
    assert_eq!(take(&fake.open(), 4).await, [1, 2, 3, 4]);
    let seen = fake.requests("GET");
    assert_eq!(seen.len(), 5);
    assert!(seen.iter().all(|seen| seen.wants_stream()));
    assert_eq!(seen.iter().map(|seen| seen.after()).collect::<Vec<_>>(), [0, 0, 0, 2, 2]);
}

#[tokio::test]
async fn what_came_before_a_failure_is_delivered() {
    let fake = reading(|_, _| Reply::stream(&(numbered(1..=2) + "data: " + &"x".repeat(2000)))).await;
    let inbox = fake.open_with(crate::Options::new().max_response_bytes(1000)).unwrap();
    let mut messages = inbox.messages();
    for seq in 1..=2 {
        assert_eq!(messages.next().await.unwrap().unwrap().seq, seq);
    }
    assert!(matches!(messages.next().await, Some(Err(Error::TooLarge { limit: 1000, .. }))));
}

#[tokio::test]
async fn a_stream_that_falls_silent_is_opened_again() {
    let fake = reading(|_, earlier| {
        let next = earlier as u64 + 1;
        Reply::stream(&numbered(next..=next))
    })
    .await;
    let inbox = fake.open_timed(|timings| timings.stream_idle_timeout = Duration::from_millis(10));
    assert_eq!(take(&inbox, 3).await, [1, 2, 3]);
}

#[tokio::test]
async fn long_polls_take_over_if_there_is_no_stream() {
    type Refuse = fn() -> Reply;
    let ways: [(&str, Refuse); 7] = [
        ("refused", || Reply::new(406, "", "")),
        ("replaced", || Reply::json(r#"{"type":"msgs","data":[],"next":0}"#)),
        ("buffered", Reply::hang),
        ("begun", || Reply::raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", true)),
        ("odd", || Reply::stream("id: 1.5\ndata: 1\n\n")),
        ("signed", || Reply::stream("id: +1\ndata: 1\n\n")),
        ("without numbers", || Reply::stream("data: 1\n\n")),
    ];
    for (name, refuse) in ways {
        let fake = reading(move |seen, _| match seen.query.as_str() {
            _ if seen.wants_stream() => refuse(),
            "after=0&wait=25" => Reply::json(&format!(r#"{{"type":"msgs","data":[{},"two"],"next":2}}"#, hard())),
            // The same again, as a proxy might, and then something new.
            "after=2&wait=25" => Reply::json(r#"{"type":"msgs","data":["one","two","three"],"next":3}"#),
            _ => Reply::hang(),
        })
        .await;
        let inbox = fake.open_timed(|timings| {
            if matches!(name, "buffered" | "begun") {
                timings.stream_open_timeout = Duration::from_millis(50);
            }
        });
        let mut messages = inbox.messages();
        let mut texts = Vec::new();
        for seq in 1..=3 {
            let message = messages.next().await.unwrap().unwrap();
            assert_eq!(message.seq, seq, "{name}");
            texts.push(message.to_string());
        }
        assert_eq!(texts, [hard().as_str(), "two", "three"], "{name}");
        let streams = fake.requests("GET").iter().filter(|seen| seen.wants_stream()).count();
        assert!(streams <= 1, "{name}: {streams} streams");
    }
}

#[tokio::test]
async fn the_stream_is_tried_again_after_a_while_of_long_polls() {
    let fake = reading(|seen, earlier| match seen.wants_stream() {
        true if earlier == 0 => Reply::new(406, "", ""),
        true => Reply::stream(&numbered(1..=1)),
        false => Reply::json(r#"{"type":"msgs","data":[],"next":0}"#),
    })
    .await;
    let inbox = fake.open_timed(|timings| {
        timings.long_poll_period = Duration::from_millis(50);
        timings.min_poll_interval = Duration::from_millis(10);
    });
    assert_eq!(take(&inbox, 1).await, [1]);
    assert!((3..20).contains(&fake.requests("GET").len()), "neither at once nor without pause");
}

#[tokio::test]
async fn a_slow_consumer_does_not_end_the_stream() {
    let step = Arc::new(Semaphore::new(1));
    let steps = step.clone();
    let fake = reading(move |_, _| Reply::stepwise((1..=3).map(|n| numbered(n..=n)).collect(), steps.clone())).await;
    let idle = Duration::from_millis(300);
    let inbox = fake.open_timed(|timings| timings.stream_idle_timeout = idle);
    let mut messages = inbox.messages();
    for seq in 1..=3 {
        assert_eq!(messages.next().await.unwrap().unwrap().seq, seq);
        step.add_permits(1);
        // The next message is there long before it is asked for.
        sleep(2 * idle).await;
    }
    assert_eq!(fake.requests("GET").len(), 1);
}

#[tokio::test]
async fn time_without_a_waiting_consumer_does_not_cost_the_stream() {
    let fake = reading(|_, _| Reply::stream(&numbered(1..=1))).await;
    let inbox = fake.open_timed(|timings| timings.stream_open_timeout = Duration::from_millis(200));
    let mut messages = inbox.messages();
    // The request has begun, and the consumer does something else.
    tokio::select! {
        biased;
        _ = messages.next() => unreachable!("there is no connection yet"),
        () = std::future::ready(()) => {}
    }
    sleep(Duration::from_secs(1)).await;
    assert_eq!(messages.next().await.unwrap().unwrap().seq, 1);
    assert!(fake.requests("GET").iter().all(|seen| seen.wants_stream()));
}

#[tokio::test]
async fn a_message_of_the_stream_is_its_json_text() {
    let fake =
        reading(|_, _| Reply::stream(&format!("id: 1\ndata: {}\n\nid: 2\ndata: [1,\ndata: 2]\n\n", hard()))).await;
    let mut messages = fake.open().messages();
    assert_eq!(messages.next().await.unwrap().unwrap().json(), hard());
    assert_eq!(messages.next().await.unwrap().unwrap().json(), "[1,\n2]");
}
