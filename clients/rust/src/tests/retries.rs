use super::{
    fake::{BOX_ID, Fake, Reply, quicken},
    requests::hard,
};
use crate::{Error, MessageBox, Options, ReadOptions, http::retry_after, retry::Timings};
use std::{
    error::Error as _,
    time::{Duration, SystemTime},
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};

#[test]
fn retry_after_is_honoured() {
    let (second, day) = (Duration::from_secs(1), Duration::from_secs(86_400));
    let date = httpdate::fmt_http_date(SystemTime::now() + 60 * second);
    for (value, least, most) in [
        ("-1", Duration::ZERO, Duration::ZERO),
        ("7", 7 * second, 7 * second),
        (" 1.5", second * 3 / 2, second * 3 / 2),
        ("1e300", day, day),
        ("999999", day, day),
        (date.as_str(), 50 * second, 60 * second),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Duration::ZERO, Duration::ZERO),
        ("Fri, 31 Dec 9999 23:59:59 GMT", day, day),
    ] {
        let wait = retry_after(&value.parse().unwrap()).unwrap();
        assert!(least <= wait && wait <= most, "{value}: {wait:?}");
        let delay = Timings::default().backoff_delay(1, wait);
        assert!(delay >= wait + Timings::default().min_delay / 2, "{value}: {delay:?}");
    }
    for value in ["", "soon", "NaN"] {
        assert_eq!(retry_after(&value.parse().unwrap()), None, "{value}");
    }
}

#[test]
fn the_wait_doubles_up_to_a_limit() {
    let timings = Timings::default();
    for failures in [1, 2, 3, 7, 40, u32::MAX] {
        let full = (timings.min_delay * 2_u32.pow((failures - 1).min(20))).min(timings.max_delay);
        for _ in 0..100 {
            let delay = timings.backoff_delay(failures, Duration::ZERO);
            assert!(full / 2 <= delay && delay <= full, "{failures}: {delay:?}");
        }
    }
}

#[tokio::test]
async fn create_does_not_wait_for_long() {
    let fake = Fake::start(|_, _| Reply::new(429, "Retry-After: 6\r\n", r#"{"code":"BOX_ERR_RATE"}"#)).await;
    let error = MessageBox::create(&fake.url).await.unwrap_err();
    assert_eq!(error.code(), Some("BOX_ERR_RATE"));
    assert_eq!(fake.requests("POST").len(), 1);

    let fake = Fake::start(|_, _| Reply::cut()).await;
    let mut options = Options::new();
    quicken(&mut options.timings);
    assert!(matches!(options.create(&fake.url).await, Err(Error::Unreachable { .. })));
    assert_eq!(fake.requests("POST").len(), 5);
}

#[test]
fn create_gives_up_after_about_four_seconds() {
    let Timings { min_delay, patience, connect_timeout, response_timeout, max_attempts, .. } =
        Timings::default().for_creating();
    assert!(patience <= Duration::from_secs(4) && connect_timeout <= Duration::from_secs(4));
    assert!(patience < response_timeout && response_timeout <= Duration::from_secs(10));
    assert!(min_delay * (2_u32.pow(max_attempts - 1) - 1) < Duration::from_secs(4));
}

#[tokio::test]
async fn create_does_not_repeat_an_attempt_that_times_out() {
    let silent = Fake::start(|_, _| Reply::hang()).await;
    let mut options = Options::new();
    quicken(&mut options.timings);
    options.timings.connect_timeout = Duration::from_millis(100);
    options.timings.create_timeout = Duration::from_millis(200);
    let error = timeout(Duration::from_secs(10), options.create(&silent.url)).await.unwrap().unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "no response within 200ms");
    assert_eq!(silent.requests("POST").len(), 1);
}

#[tokio::test]
async fn a_refusal_for_long_is_final() {
    let fake = Fake::start(|_, _| Reply::new(429, "Retry-After: 61\r\n", r#"{"code":"BOX_ERR_RATE"}"#)).await;
    let error = timeout(Duration::from_secs(10), fake.open().acknowledge(1)).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some("BOX_ERR_RATE"));
    assert_eq!(fake.requests("PUT").len(), 1);
}

#[tokio::test]
async fn create_gives_up_on_a_host_that_drops_packets() {
    // A queue of waiting connections that is full makes the system ignore further ones.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    let _listener = socket.listen(1).unwrap();
    let mut waiting = Vec::new();
    while let Ok(connected) = timeout(Duration::from_millis(300), TcpStream::connect(address)).await {
        waiting.push(connected.unwrap());
    }
    let mut options = Options::new();
    options.timings.connect_timeout = Duration::from_millis(100);
    // Without its own timeout, the connection would fail after two minutes.
    let error =
        timeout(Duration::from_secs(20), options.create(&format!("http://{address}"))).await.unwrap().unwrap_err();
    let Error::Unreachable { source, .. } = error else { panic!("{error}") };
    assert!(source.downcast_ref::<reqwest::Error>().unwrap().is_connect());
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_named_and_the_box_is_not() {
    let fake = Fake::start(|_, _| Reply::cut()).await;
    let inbox = fake.open();
    let error = inbox.acknowledge(1).await.unwrap_err();
    assert_eq!(fake.requests("PUT").len(), 10);
    assert_eq!(error.to_string(), format!("the server at {} could not be reached", fake.url));
    let mut said = format!("{error:?} {inbox:?} {:?}", inbox.messages());
    let mut source = error.source();
    while let Some(cause) = source {
        said += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    assert!(said.contains("IncompleteMessage"), "{said}");
    assert!(!said.contains(&BOX_ID[4..]) && !said.contains("/boxes"), "{said}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_asked_again() {
    let fake =
        Fake::start(|_, earlier| if earlier == 0 { Reply::hang() } else { Reply::json(r#"{"type":"ack","data":0}"#) })
            .await;
    let inbox = fake.open_timed(|timings| timings.response_timeout = Duration::from_millis(200));
    assert_eq!(inbox.acknowledge(1).await.unwrap(), 0);

    let silent = Fake::start(|_, _| Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", true)).await;
    let inbox = silent.open_timed(|timings| {
        timings.response_timeout = Duration::from_millis(20);
        timings.max_attempts = 2;
    });
    let error = inbox.read(ReadOptions::new()).await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), "no response within 20ms");
}

#[tokio::test]
async fn a_drain_is_repeated_only_if_nothing_was_taken() {
    let fake = Fake::start(|_, earlier| match earlier {
        0 => Reply::problem(503, "BOX_ERR_BUSY"),
        1 => Reply::problem(429, "BOX_ERR_RATE"),
        2 => Reply::json(&format!(r#"{{"type":"msgs","data":["ab",{}],"next":9}}"#, hard())),
        3 => Reply::problem(503, "BOX_ERR_STORE"),
        4 => Reply::json(r#"{"type":"msgs","data":[1"#),
        _ => Reply::cut(),
    })
    .await;
    let inbox = fake.open();
    let page = inbox.drain().await.unwrap();
    assert_eq!((page.next, page.messages[0].seq, page.messages[1].json()), (9, 8, hard().as_str()));
    assert_eq!(inbox.drain().await.unwrap_err().code(), Some("BOX_ERR_STORE"));
    for _ in 0..2 {
        assert!(matches!(inbox.drain().await, Err(Error::Unreachable { .. })));
    }
    assert_eq!(fake.requests("DELETE").len(), 6);

    let (url, gone) = (fake.url.clone(), fake);
    drop(gone);
    let mut options = Options::new();
    quicken(&mut options.timings);
    let error = options.open(&format!("{url}/boxes/{BOX_ID}")).unwrap().drain().await.unwrap_err();
    assert!(error.is_before_request(), "{error:?}");
}

#[tokio::test]
async fn deleting_a_box_that_is_gone_succeeds() {
    let fake = Fake::start(|_, earlier| match earlier {
        0 => Reply::new(204, "", ""),
        1 => Reply::problem(404, "BOX_ERR_NOT_FOUND"),
        _ => Reply::problem(403, "BOX_ERR_DROP_ONLY"),
    })
    .await;
    let inbox = fake.open();
    inbox.delete().await.unwrap();
    inbox.delete().await.unwrap();
    assert_eq!(inbox.delete().await.unwrap_err().code(), Some("BOX_ERR_DROP_ONLY"));
}
