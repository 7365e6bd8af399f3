use super::fake::{BOX_ID, Fake, Reply};
use crate::{Error, Options, Problem, ReadOptions, http::may_follow};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

const EMPTY: &str = r#"{"type":"msgs","data":[],"next":0}"#;
const LEFT: &str = r#"{"type":"ack","data":4}"#;

/// JSON that serde_json would not decode: nested too deeply, a lone surrogate, and a number out of range.
pub(super) fn hard() -> String {
    format!(
        r#"{{"deep":{}{},  "s":"\ud800]\"", "n":1e999, "i":123456789012345678901234567890}}"#,
        "[".repeat(20_000),
        "]".repeat(20_000)
    )
}

#[tokio::test]
async fn a_refusal_is_an_error_with_the_problem() {
    let fake = Fake::start(|_, _| {
        let problem =
            r#"{"type":"/problems/x","title":"Full","status":409,"code":"BOX_ERR_FULL","detail":"what to do"}"#;
        Reply::new(409, "Retry-After: 7\r\n", problem)
    })
    .await;
    let error = fake.open().send(&1).await.unwrap_err();
    let expected = Problem {
        status: 409,
        code: Some("BOX_ERR_FULL".into()),
        title: Some("Full".into()),
        detail: "what to do".into(),
        retry_after: Some(Duration::from_secs(7)),
    };
    assert_eq!(error.problem(), Some(&expected));
    assert_eq!(error.code(), Some("BOX_ERR_FULL"));
    assert_eq!(error.to_string(), "BOX_ERR_FULL: what to do");
    assert_eq!(fake.requests("POST").len(), 1, "it was not sent again");
}

#[tokio::test]
async fn a_refusal_by_something_else_is_explained() {
    let fake = Fake::start(|seen, _| {
        // As many servers do.
        Reply::new(404, "", &format!(r#"{{"title":"{0}","detail":"no route {0}"}}"#, seen.path))
    })
    .await;
    let error = fake.open().acknowledge(1).await.unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(said.contains("no route /boxes/box_…/cursor") && !said.contains(&BOX_ID[4..]), "{said}");

    let fake = Fake::start(|_, _| Reply::new(404, "", "<h1>Not found</h1>")).await;
    let error = fake.open().acknowledge(1).await.unwrap_err();
    assert_eq!(error.to_string(), "the server responded unexpectedly, with status 404; is the URL's prefix right?");
    assert_eq!(error.code(), None);
}

#[tokio::test]
async fn a_read_says_what_to_read() {
    let fake = Fake::start(|_, _| Reply::json(EMPTY)).await;
    let inbox = fake.open();
    inbox.read(ReadOptions::new()).await.unwrap();
    inbox.read(ReadOptions::new().after(3).limit(10).wait(Duration::from_millis(1001))).await.unwrap();
    inbox.read(ReadOptions::new().wait(Duration::MAX)).await.unwrap();
    let queries: Vec<_> = fake.requests("GET").into_iter().map(|seen| seen.query).collect();
    assert_eq!(queries, ["after=0", "after=3&limit=10&wait=2", "after=0&wait=18446744073709551615"]);
    assert!(fake.requests("GET").iter().all(|seen| seen.header("accept") == "application/json"));
    assert!(fake.requests("GET").iter().all(|seen| seen.header("accept-encoding") == "identity"));
}

#[tokio::test]
async fn a_message_is_its_json_text() {
    let fake =
        Fake::start(|_, _| Reply::json(&format!(r#"{{"type":"msgs","data":["é\n",{},null],"next":9}}"#, hard()))).await;
    let page = fake.open().read(ReadOptions::new()).await.unwrap();
    assert_eq!(page.next, 9);
    assert_eq!(page.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), [7, 8, 9]);
    assert_eq!(page.messages[1].json(), hard());
    assert_eq!(page.messages[1].to_string(), hard());
    assert_eq!(page.messages[0].to_string(), "é\n");
    assert_eq!(page.messages[0].json(), r#""é\n""#);
    assert_eq!(page.messages[0].decode::<String>().unwrap(), "é\n");
    assert!(page.messages[0].decode::<u64>().is_err());
    assert_eq!(page.messages[2].decode::<Option<u64>>().unwrap(), None);
}

#[tokio::test]
async fn an_answer_that_breaks_the_contract_is_an_error() {
    for body in [
        "{}",
        "[]",
        "null",
        r#"{"type":"ack","data":1,"seq":1}"#,
        r#"{"type":"msgs","data":[1,2],"next":1}"#,
        r#"{"type":"msgs","data":null,"next":0}"#,
        r#"{"type":"msgs","data":[],"next":"0"}"#,
        r#"{"type":"msgs","data":[],"next":-1}"#,
        r#"{"type":"msgs","data":[]}"#,
    ] {
        let fake = Fake::start(move |_, _| Reply::json(body)).await;
        let error = fake.open().read(ReadOptions::new()).await.unwrap_err();
        assert_eq!(error.problem().map(|problem| problem.status), Some(200), "{body}: {error}");
        assert_eq!(fake.requests("GET").len(), 1, "{body}");
    }
    for body in
        [r#"{"type":"ack","data":1}"#, r#"{"type":"ack","data":-1,"seq":1}"#, r#"{"type":"ack","data":1,"seq":0}"#]
    {
        let fake = Fake::start(move |_, _| Reply::json(body)).await;
        assert!(matches!(fake.open().send(&1).await, Err(Error::Refused(_))), "{body}");
    }
    for (data, drop) in [("box_short", super::fake::DROP), (BOX_ID, BOX_ID), (super::fake::DROP, super::fake::DROP)] {
        let fake =
            Fake::start(move |_, _| Reply::json(&format!(r#"{{"type":"created","data":"{data}","drop":"{drop}"}}"#)))
                .await;
        assert!(matches!(Options::new().create(&fake.url).await, Err(Error::Refused(_))), "{data}");
    }
    let fake =
        Fake::start(|seen, _| if seen.method == "DELETE" { Reply::json("{}") } else { Reply::new(204, "", "") }).await;
    assert!(matches!(fake.open().delete().await, Err(Error::Refused(_))));
    assert!(matches!(fake.open().acknowledge(1).await, Err(Error::Refused(_))));
}

#[tokio::test]
async fn what_is_too_large_is_not_asked_for_again() {
    for kind in ["application/json", "text/event-stream"] {
        let fake = Fake::start(move |_, _| {
            Reply::new(200, &format!("Content-Type: {kind}\r\n"), &format!("data: {}", " ".repeat(2000)))
        })
        .await;
        let inbox = fake.open_with(Options::new().max_response_bytes(1000)).unwrap();
        let error = match kind {
            "application/json" => inbox.read(ReadOptions::new()).await.unwrap_err(),
            _ => inbox.messages().next().await.unwrap().unwrap_err(),
        };
        assert!(matches!(error, Error::TooLarge { limit: 1000, .. }), "{kind}: {error}");
        assert_eq!(fake.requests("GET").len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn requests_are_made_by_http_1() {
    let fake = Fake::start(|_, _| Reply::json(LEFT)).await;
    let http2 = reqwest::Client::builder().http2_prior_knowledge();
    let inbox = fake.open_with(Options::new().http_client(http2)).unwrap();
    assert_eq!(inbox.acknowledge(1).await.unwrap(), 4);
}

fn secret() -> HeaderMap {
    HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("secret"))])
}

#[tokio::test]
async fn headers_go_nowhere_else() {
    let other = Fake::start(|_, _| Reply::json(LEFT)).await;
    let location = format!("Location: {}/there\r\n", other.url);
    let fake = Fake::start(move |_, _| Reply::new(307, &location, "")).await;
    assert_eq!(fake.open().acknowledge(1).await.unwrap(), 4, "without headers, a redirect is followed");
    let followed = &other.requests("PUT")[0];
    assert_eq!(followed.body, r#"{"after":1}"#);
    assert_eq!(followed.header("referer"), "", "the other server does not learn the box id");

    let same = Options::new().server(&fake.url).headers(secret());
    let from = Options::new().server(&fake.url).headers_from(|| async { Ok(secret()) });
    assert!(!format!("{same:?} {from:?}").contains("secret"));
    for options in [same, from] {
        let marked = options.headers.as_ref().unwrap().get().await.unwrap();
        assert!(!format!("{marked:?}").contains("secret"), "HTTP libraries log what is not marked as sensitive");
        let error = fake.open_with(options).unwrap().acknowledge(1).await.unwrap_err();
        assert_eq!(error.problem().map(|problem| problem.status), Some(307));
        assert!(error.to_string().contains("`headers`"), "{error}");
        assert_eq!(fake.requests("PUT").last().unwrap().header("authorization"), "secret");
    }
    assert_eq!(other.requests("PUT").len(), 1);
}

#[tokio::test]
async fn headers_are_asked_for_with_each_request() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let fake = Fake::start(|_, _| Reply::json(LEFT)).await;
    let options = Options::new().server(&fake.url).headers_from(|| async {
        match CALLS.fetch_add(1, Ordering::Relaxed) {
            0 => Err("no token yet".into()),
            call => Ok(HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from(call))])),
        }
    });
    let inbox = fake.open_with(options).unwrap();
    inbox.acknowledge(1).await.unwrap();
    inbox.acknowledge(2).await.unwrap();
    let sent: Vec<_> = fake.requests("PUT").iter().map(|seen| seen.header("authorization").to_string()).collect();
    assert_eq!(sent, ["1", "2"]);
}

#[tokio::test]
async fn a_redirect_that_changes_the_method_is_explained() {
    let fake = Fake::start(|_, _| Reply::new(302, "Location: /new\r\n", "")).await;
    let error = fake.open().send(&1).await.unwrap_err();
    assert!(error.to_string().contains("use the new URL"), "{error}");
    assert!(fake.requests("GET").is_empty());
}

#[test]
fn a_redirect_does_not_lead_from_https_to_http() {
    for (from, to, followed) in [
        ("http://a.example", "http://b.example", true),
        ("http://a.example", "https://b.example", true),
        ("https://a.example", "https://b.example", true),
        ("https://a.example", "http://a.example", false),
        ("https://a.example", "ftp://a.example", false),
        ("http://a.example", "ftp://a.example", false),
    ] {
        assert_eq!(may_follow(&from.parse().unwrap(), &to.parse().unwrap()), followed, "{from} to {to}");
    }
}

#[tokio::test]
async fn a_get_follows_any_redirect_but_not_forever() {
    let fake = Fake::start(|_, earlier| match earlier {
        0 => Reply::new(301, "Location: /a?b\r\n", ""),
        1 => Reply::json(EMPTY),
        _ => Reply::new(308, "Location: /again\r\n", ""),
    })
    .await;
    let inbox = fake.open_timed(|timings| timings.max_attempts = 1);
    inbox.read(ReadOptions::new()).await.unwrap();
    assert!(matches!(inbox.read(ReadOptions::new()).await, Err(Error::Unreachable { .. })));
    assert_eq!(fake.requests("GET").len(), 2 + 11);
}
