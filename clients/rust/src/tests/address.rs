use super::fake::{BOX_ID, DROP};
use crate::{
    Error, MessageBox, Options,
    address::{base_url, redact},
};
use reqwest::header::HeaderMap;

const OTHER: &str = "https://other.example";

#[test]
fn a_link_is_a_server_and_an_id() {
    for (before, after, server) in [
        ("http://localhost:8080/boxes/", "", "http://localhost:8080"),
        ("https://EXAMPLE.com:443/a/b/boxes/", "", "https://example.com/a/b"),
        ("https://example.com/boxes/boxes/", "?a=1#top", "https://example.com/boxes"),
        ("https://user:password@example.com/boxes/", "", "https://example.com"),
    ] {
        let inbox = MessageBox::open(&format!("{before}{BOX_ID}{after}")).unwrap();
        assert_eq!(inbox.link(), format!("{server}/boxes/{BOX_ID}"));
    }
    let inbox = Options::new().server("https://example.com/a/").open(BOX_ID).unwrap();
    assert_eq!(inbox.link(), format!("https://example.com/a/boxes/{BOX_ID}"));
    let inbox =
        Options::new().server("HTTPS://example.com:443").open(&format!("https://example.com/boxes/{DROP}")).unwrap();
    assert_eq!(inbox.link(), format!("https://example.com/boxes/{DROP}"));
}

#[test]
fn the_drop_link_is_derived_as_the_server_does() {
    for id in [BOX_ID, DROP] {
        let inbox = MessageBox::open(&format!("https://example.com/boxes/{id}")).unwrap();
        assert_eq!(inbox.drop_link(), format!("https://example.com/boxes/{DROP}"));
    }
}

#[test]
fn an_invalid_link_is_refused_and_not_repeated() {
    let headers = || Options::new().headers(HeaderMap::new());
    let function = || Options::new().headers_from(|| async { Ok(HeaderMap::new()) });
    let link = format!("https://example.com/boxes/{BOX_ID}");
    let open = |link: &str, options: Options| {
        let error = options.open(link).unwrap_err();
        for said in [error.to_string(), format!("{error:?}")] {
            assert!(!said.contains(&BOX_ID[4..]), "{said}");
        }
        error
    };
    for link in [
        "",
        &format!("/boxes/{BOX_ID}"),
        &format!("{link}x"),
        &format!("{link}/messages"),
        &format!("https://exam ple.com/boxes/{BOX_ID}"),
        &format!("https://example.com/boxes/xbox{}", &BOX_ID[3..]),
        &format!("data:text/plain,{BOX_ID}"),
    ] {
        assert!(matches!(open(link, Options::new()), Error::InvalidLink), "{link}");
    }
    assert!(matches!(open(&format!("ftp://example.com/boxes/{BOX_ID}"), Options::new()), Error::InvalidServer));
    assert!(matches!(open(&link, Options::new().server("example.com")), Error::InvalidServer));
    for server in [
        link.as_str(),
        &format!("https://example.com/boxes/{DROP}/"),
        "https://user:password@example.com",
        "https://user@example.com",
        "https://:password@example.com",
    ] {
        assert!(matches!(open(BOX_ID, Options::new().server(server)), Error::InvalidServer), "{server}");
        assert!(matches!(base_url(server), Err(Error::InvalidServer)), "{server}");
        let said = format!("{:?}", Options::new().server(server));
        assert!(!said.contains("example.com"), "{said}");
    }
    assert!(matches!(open(&format!("{link}/boxes/{BOX_ID}"), Options::new()), Error::InvalidServer));
    assert!(format!("{:?}", Options::new().server(OTHER)).contains(OTHER));
    assert!(matches!(open(BOX_ID, Options::new()), Error::ServerRequired));
    assert!(matches!(open(&link, headers()), Error::ServerRequired));
    assert!(matches!(open(&link, function()), Error::ServerRequired));
    assert!(matches!(open(&link, Options::new().server(OTHER)), Error::OtherServer));
    assert!(matches!(open(&link, headers().server(OTHER)), Error::OtherServer));
    assert!(matches!(open(&link, headers().server("https://example.com/prefix")), Error::OtherServer));
}

#[test]
fn capabilities_are_cut_short_in_texts() {
    let text = format!("no route /boxes/{BOX_ID}/x, nor {DROP}; but box_short and box_");
    assert_eq!(redact(&text), "no route /boxes/box_…/x, nor drop_…; but box_short and box_");
    assert_eq!(redact("é"), "é");
}
