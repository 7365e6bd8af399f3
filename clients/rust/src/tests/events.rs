use crate::{
    Error,
    events::{Event, EventParser},
};

fn event(kind: &str, id: &str, data: &str) -> Event {
    Event { kind: kind.into(), id: id.into(), data: data.into() }
}

fn parse<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut parser = EventParser::new(1000);
    let mut events = Vec::new();
    for chunk in chunks {
        parser.push(chunk, |event| events.push(event)).unwrap();
    }
    events
}

#[test]
fn events_are_parsed_as_the_standard_says_however_they_are_split() {
    let stream =
        "\u{feff}retry: 1000\r\n: open\r\n\r\nid: 1\rdata: a\rdata:b\r\rid:2\nid: 3\0\nevent: gone\ndata\n\nid: 4\n\n\
        event: x\n\ndata:  é😀\n\nid: 5\r\ndata: a\r\ndata: b\r\n\r\ndata: incomplete\n"
            .as_bytes();
    let expected = [event("", "1", "a\nb"), event("gone", "2", ""), event("", "4", " é😀"), event("", "5", "a\nb")];
    for first in 0..=stream.len() {
        for second in first..=stream.len() {
            let chunks = [&stream[..first], &stream[first..second], &stream[second..]];
            assert_eq!(parse(chunks), expected, "split at {first} and {second}");
        }
    }
    assert_eq!(parse(stream.chunks(1)), expected);
}

#[test]
fn an_endless_event_is_refused() {
    for chunk in ["data: aaaa\n", "data: aaaa", ": aaaa"] {
        let mut parser = EventParser::new(1000);
        let refused = (0..1000).find_map(|_| parser.push(chunk.as_bytes(), |_| {}).err());
        assert!(matches!(refused, Some(Error::TooLarge { limit: 1000, .. })), "{chunk:?}");
    }
}

#[test]
fn an_id_that_is_too_long_for_a_number_is_not_kept() {
    let long = "1".repeat(100);
    let events = parse([format!("id: 1\ndata: a\n\nid: {long}\ndata: b\n\ndata: c\n\n").as_bytes()]);
    assert_eq!(events, [event("", "1", "a"), event("", "", "b"), event("", "", "c")]);
}

#[test]
fn the_limit_is_for_each_event() {
    let mut parser = EventParser::new(20);
    let mut count = 0;
    for _ in 0..100 {
        parser.push(b": comment\ndata: aaaa\n\n", |_| count += 1).unwrap();
    }
    assert_eq!(count, 100);
}
