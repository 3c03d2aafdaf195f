//! The long lists of what passes and what does not.
#![allow(clippy::unwrap_used)]

use super::{Delimiter, HeadInfo, HeadLimits, PartialHead, check_head};
use crate::refusal::Reason::{self, *};

const LIMITS: HeadLimits = HeadLimits { head: 300, target: 100, headers: 5 };

fn check(head: &str) -> Result<Option<HeadInfo>, Reason> {
    check_head(head.as_bytes(), &LIMITS)
}

fn with(fields: &str) -> Result<Option<HeadInfo>, Reason> {
    check(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"))
}

fn body(fields: &str) -> Delimiter {
    with(fields).unwrap().unwrap().body
}

#[test]
fn well_formed_heads_pass() {
    for head in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n",
        "GET HTTP://example.org:80/x?y HTTP/1.1\r\nHost: a\r\n\r\n",
        "M-SEARCH /%00/..//?a=b&c[]=| HTTP/1.1\r\nHost:a.example:\r\nX: \t\"\u{e9}\" \r\nEmpty:\r\n\r\n",
    ] {
        let info = check(head).unwrap_or_else(|reason| panic!("{head:?}: {reason:?}"));
        assert_eq!(info.map(|info| info.length), Some(head.len()), "{head:?}");
    }
}

#[test]
fn a_good_head_without_its_end_is_incomplete() {
    let head = "GET /path HTTP/1.1\r\nHost: example.org\r\nContent-Length: 3\r\n\r\n";
    for end in 0..head.len() {
        assert_eq!(check(&head[..end]), Ok(None), "{:?}", &head[..end]);
    }
}

#[test]
fn malformed_heads_are_refused_for_the_right_reason() {
    for (head, reason) in [
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET /\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", BadRequestLine),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
        (&format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "M".repeat(65)), BadRequestLine),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", BareLineEnd),
        ("GET / HTTP/1.1\r\nHost: a\n\r\n", BareLineEnd),
        ("GET / HTTP/1.1\r\nHost: a\r\n\n", BareLineEnd),
        ("GET / HTTP/1.1\r\nX: a\rb\r\nHost: a\r\n\r\n", BadHeader),
        ("GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET / HTTP/1.1\r\nX: a\0b\r\nHost: a\r\n\r\n", BadHeader),
        ("GET / HTTP/1.1\r\nX : a\r\nHost: a\r\n\r\n", BadHeader),
        ("GET / HTTP/1.1\r\nX\r\nHost: a\r\n\r\n", BadHeader),
        ("GET / HTTP/1.1\r\n: a\r\nHost: a\r\n\r\n", BadHeader),
        ("GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", BadHeader),
        ("GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", BadHeader),
        ("GET / HTTP/1.1\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", BadHost),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", BadHost),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", BadHost),
        ("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET /\u{e9} HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET /`<> HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET /?\" HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http://a%41/x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET http://u@h/x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("GET ftp://h/x HTTP/1.1\r\nHost: a\r\n\r\n", BadTarget),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", Connect),
        ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", BadVersion),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", BadVersion),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET / HTTP/01.01\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET / HTTP/1\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET / HTTP/1.x\r\nHost: a\r\n\r\n", BadRequestLine),
        ("GET / HTTP 1.1\r\nHost: a\r\n\r\n", BadRequestLine),
    ] {
        assert_eq!(check(head), Err(reason), "{head:?}");
    }
}

#[test]
fn body_delimiters() {
    assert_eq!(body("A: b"), Delimiter::None);
    assert_eq!(body("Content-Length: 0"), Delimiter::None);
    assert_eq!(body("Content-Length: 007"), Delimiter::Length(7));
    assert_eq!(body("Content-Length: 7\r\nContent-Length: 7"), Delimiter::Length(7));
    assert_eq!(body("Transfer-Encoding: Chunked"), Delimiter::Chunked);
    for (fields, reason) in [
        ("Content-Length:", BadLength),
        ("Content-Length: +7", BadLength),
        ("Content-Length: -7", BadLength),
        ("Content-Length: 0x7", BadLength),
        ("Content-Length: 7, 7", BadLength),
        ("Content-Length: 7 7", BadLength),
        ("Content-Length: 18446744073709551616", BadLength),
        ("Content-Length: 7\r\nContent-Length: 8", BadLength),
        ("Content-Length: 7\r\nTransfer-Encoding: chunked", BadTransferEncoding),
        ("Transfer-Encoding: chunked\r\nContent-Length: 7", BadTransferEncoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", BadTransferEncoding),
        ("Transfer-Encoding: chunked, chunked", BadTransferEncoding),
        ("Transfer-Encoding: chunked,", BadTransferEncoding),
        ("Transfer-Encoding: , chunked", BadTransferEncoding),
        ("Transfer-Encoding: chunked;q=1", BadTransferEncoding),
        ("Transfer-Encoding: identity", BadTransferEncoding),
        ("Transfer-Encoding: chunked, gzip", BadTransferEncoding),
        ("Transfer-Encoding:", BadTransferEncoding),
        ("Transfer-Encoding: gzip, chunked", UnknownCoding),
    ] {
        assert_eq!(with(fields), Err(reason), "{fields:?}");
    }
    let old = check("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(old, Err(BadTransferEncoding));
}

#[test]
fn limits_hold_before_the_end_is_seen() {
    let long = "x".repeat(101);
    assert_eq!(check(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")), Err(TargetTooLong));
    assert_eq!(check(&format!("GET /{}", "x".repeat(200))), Err(TargetTooLong));
    assert_eq!(check(&"M".repeat(65)), Err(BadRequestLine));
    assert_eq!(check(&"M".repeat(64)), Ok(None));
    assert_eq!(with(&format!("X: {}", "x".repeat(300))), Err(HeadTooLarge));
    assert_eq!(check(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(300))), Err(HeadTooLarge));
    assert_eq!(with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4"), with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4"));
    assert_eq!(with("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5"), Err(TooManyHeaders));
}

/// Feeds `head` byte by byte, as the transport does. Returns how often it was checked, and the last result.
fn trickle(head: &str) -> (usize, Result<Option<HeadInfo>, Reason>) {
    let mut partial = None::<PartialHead>;
    let mut looks = 0;
    let mut found = Ok(None);
    for at in 0..head.len() {
        let (before, new) = (&head.as_bytes()[..at], &head.as_bytes()[at..=at]);
        if partial.get_or_insert_with(|| PartialHead::new(before, &LIMITS)).extend(new, &LIMITS) {
            looks += 1;
            partial = None;
            found = check(&head[..=at]);
            if found != Ok(None) {
                break;
            }
        }
    }
    (looks, found)
}

#[test]
fn a_head_that_trickles_in_is_checked_at_line_ends_and_when_it_is_too_large() {
    let whole = format!("\r\nPOST /a HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(200));
    assert_eq!(trickle(&whole), (5, check(&whole)));
    for (head, looks, reason) in [
        (format!("GET /{}", "x".repeat(200)), 1, TargetTooLong),
        (format!("\r\nGET /{}", "x".repeat(200)), 2, TargetTooLong),
        ("M".repeat(200), 1, BadRequestLine),
        (format!("GET / {}", "x".repeat(200)), 1, BadRequestLine),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "x".repeat(300)), 3, HeadTooLarge),
        (format!("GET {}", "x ".repeat(200)), 1, HeadTooLarge),
    ] {
        assert_eq!(trickle(&head), (looks, Err(reason)), "{head:?}");
    }
}

/// A client that splits its request line must get the same status as one that does not.
#[test]
fn a_refusal_of_a_request_line_does_not_depend_on_its_pieces() {
    let (long, method) = ("x".repeat(101), "M".repeat(65));
    for line in [
        format!("GET /{long} HTTP/1.x"),
        format!("GET /{long} HTTP/2.0"),
        format!("GET /{long}"),
        format!("GET  {long}"),
        format!("GET /\u{e9}{long} HTTP/1.1"),
        format!("G(T /{long} HTTP/1.1"),
        format!(" /{long} HTTP/1.1"),
        format!("{method} /{long} HTTP/2.0"),
        format!("({method} / HTTP/1.1"),
        format!("GET / {long}"),
        format!("GET / HTTP/1.1 {long}"),
        "CONNECT a:80 HTTP/1.x".to_owned(),
        format!("GET /{long} HTTP/1.1\nX: y"),
        format!("{method}\nX: y"),
        format!("GET /{} HTTP/1.1", "x".repeat(400)),
        format!("GET / {}", "x y".repeat(400)),
        format!("GET / {}{long}", "x ".repeat(140)),
    ] {
        let head = format!("{line}\r\nHost: a\r\n\r\n");
        let whole = check(&head);
        assert!(whole.is_err(), "{line:?}");
        assert_eq!(trickle(&head).1, whole, "{line:?}");
    }
}

#[test]
fn an_upgrade_needs_both_headers_and_http_1_1() {
    let upgrade = |fields: &str| with(fields).unwrap().unwrap().upgrade;
    assert!(upgrade("Upgrade: websocket\r\nConnection: keep-alive, Upgrade"));
    assert!(!upgrade("Upgrade: websocket"));
    assert!(!upgrade("Connection: upgrade"));
    let old = check("GET / HTTP/1.0\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
    assert!(!old.unwrap().unwrap().upgrade);
}
