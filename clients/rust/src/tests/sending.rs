use super::fake::{BOX_ID, DROP, Fake, Reply, quicken};
use crate::{Error, MessageBox, Options, Sent};
use serde_json::{json, value::RawValue};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio::time::timeout;

const ACK: &str = r#"{"type":"ack","data":3,"seq":7}"#;

async fn create(fake: &Fake, mut options: Options) -> Result<MessageBox, Error> {
    quicken(&mut options.timings);
    options.create(&format!("{}/", fake.url)).await
}

#[tokio::test]
async fn create_tells_the_server_the_ttl() {
    let fake = Fake::start(|_, _| {
        Reply::new(201, "", &format!(r#"{{"type":"created","data":"{BOX_ID}","drop":"{DROP}","expires":"x"}}"#))
    })
    .await;
    for ttl in [None, Some(Duration::from_secs(60)), Some(Duration::from_millis(1500))] {
        let inbox = create(&fake, Options { ttl, ..Options::new() }).await.unwrap();
        assert_eq!(inbox.link(), format!("{}/boxes/{BOX_ID}", fake.url));
        assert_eq!(inbox.drop_link(), format!("{}/boxes/{DROP}", fake.url));
    }
    let seen = fake.requests("POST");
    assert_eq!(seen.iter().map(|seen| seen.body.as_str()).collect::<Vec<_>>(), ["", r#"{"ttl":60}"#, r#"{"ttl":2}"#]);
    assert!(seen.iter().all(|seen| seen.path == "/boxes"));
}

#[tokio::test]
async fn every_attempt_to_send_has_one_key() {
    let fake = Fake::start(|_, earlier| match earlier {
        0 => Reply::cut(),
        1 => Reply::problem(503, "BOX_ERR_STORE"),
        2 => Reply::problem(408, "BOX_ERR_TIMEOUT"),
        // Not JSON, and perhaps cut off.
        3 => Reply::json(&ACK[..20]),
        4 => Reply::json(""),
        _ => Reply::json(ACK),
    })
    .await;
    let outbox = fake.open();
    for message in [json!({ "sdp": "<v=0>é" }), json!(null)] {
        assert_eq!(outbox.send(&message).await.unwrap(), Sent { seq: 7, count: 3 });
    }
    let mut times = BTreeMap::new();
    for seen in fake.requests("POST") {
        assert!(seen.header("idempotency-key").len() >= 22, "128 random bits");
        assert_eq!(seen.header("content-type"), "application/json");
        *times.entry((seen.body.clone(), seen.header("idempotency-key").to_string())).or_insert(0) += 1;
    }
    let times: Vec<_> = times.into_iter().map(|((body, _), times)| (body, times)).collect();
    assert_eq!(times, [("null".into(), 1), (r#"{"sdp":"<v=0>é"}"#.into(), 6)]);
}

#[tokio::test]
async fn a_json_text_is_sent_as_it_is() {
    let fake = Fake::start(|_, _| Reply::json(ACK)).await;
    let text = r#"{"n": 12345678901234567890123,  "e": 1e999, "s": "\ud800"}"#;
    fake.open().send(&RawValue::from_string(text.into()).unwrap()).await.unwrap();
    fake.open().send("plain").await.unwrap();
    fake.open().send(&()).await.unwrap();
    let bodies: Vec<_> = fake.requests("POST").into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [text, r#""plain""#, "null"]);
}

#[tokio::test]
async fn a_value_that_is_not_json_is_not_sent() {
    let fake = Fake::start(|_, _| Reply::json(ACK)).await;
    let error = fake.open().send(&HashMap::from([(vec![1], 1)])).await.unwrap_err();
    assert!(matches!(error, Error::NotJson(_)));
    assert!(fake.requests("POST").is_empty());
}

#[tokio::test]
async fn messages_arrive_in_the_order_of_the_calls() {
    let fake = Fake::start(|_, earlier| if earlier < 3 { Reply::cut() } else { Reply::json(ACK) }).await;
    let outbox = fake.open();
    let clone = outbox.clone();
    let (one, two, three) = tokio::join!(outbox.send(&1), clone.send(&2), outbox.send(&3));
    assert!(one.is_ok() && two.is_ok() && three.is_ok());
    let bodies: Vec<_> = fake.requests("POST").into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, ["1", "1", "1", "1", "2", "3"]);
}

#[tokio::test]
async fn a_dropped_send_does_not_hold_up_the_next() {
    let fake = Fake::start(|_, earlier| if earlier == 0 { Reply::hang() } else { Reply::json(ACK) }).await;
    let outbox = fake.open();
    let waiting = outbox.send(&1);
    assert!(timeout(Duration::from_millis(200), waiting).await.is_err());
    assert_eq!(outbox.send(&2).await.unwrap().seq, 7);
    assert_eq!(fake.requests("POST").len(), 2);
}
