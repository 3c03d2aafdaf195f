//! HTTP/2 clients that send what a good one cannot, too much of it, or nothing.

use std::sync::mpsc;

use kino_engine::{Reason, Server, Settings, Take};

use crate::http2_client::{
    ACK, CANCEL, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY, HEADERS, NO_ERROR, PING,
    PREFACE, PRIORITY, PROTOCOL_ERROR, REFUSED_STREAM, RST_STREAM, Raw, SETTINGS, WINDOW_UPDATE, block, fields, frame,
};
use crate::support::{HANG, Running, SHORT, await_stats, ok, settings, write};

const STATUS_200: u8 = 0x88;
const STATUS_400: u8 = 0x8c;

fn plain(settings: Settings) -> Running {
    Running::new(settings, 1, |exchange| {
        let _ = exchange.reply.send(ok("ok"));
    })
}

fn initial_window(size: u32) -> Vec<u8> {
    let setting = [&[0, 4][..], &size.to_be_bytes()].concat();
    [PREFACE, &frame(SETTINGS, 0, 0, &setting)].concat()
}

#[test]
fn floods_of_frames_that_bring_nothing_are_ended() {
    let running = plain(settings());
    let open = frame(HEADERS, END_HEADERS, 1, &fields("POST", &[]));
    for (name, first, again) in [
        ("PING", vec![], frame(PING, 0, 0, &[0; 8])),
        ("PING that answers nothing", vec![], frame(PING, ACK, 0, &[0; 8])),
        ("SETTINGS", vec![], frame(SETTINGS, 0, 0, &[])),
        ("PRIORITY", vec![], frame(PRIORITY, 0, 3, &[0, 0, 0, 0, 1])),
        ("WINDOW_UPDATE", vec![], frame(WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1])),
        ("an unknown type", vec![], frame(77, 0, 0, b"x")),
        ("empty DATA", open.clone(), frame(DATA, 0, 1, &[])),
        ("padding", open, frame(DATA, 8, 1, &[3, 0, 0, 0])),
    ] {
        let mut raw = Raw::new(&running);
        raw.send(&first);
        raw.flood(name, |_| again.repeat(100));
        assert!(matches!(raw.end(), None | Some(ENHANCE_YOUR_CALM)), "{name}");
    }
    running.await_stats("all are gone", |stats| stats.connections == 0);
    running.stop();
}

#[test]
fn a_flood_is_told_why_it_is_ended() {
    let running = plain(settings());
    // As many as are over the limit, and then so many that some are unread when the server closes.
    for count in [1100, 50_000] {
        let mut raw = Raw::new(&running);
        raw.send(&frame(PING, 0, 0, &[0; 8]).repeat(count));
        assert_eq!(raw.end(), Some(ENHANCE_YOUR_CALM));
    }
    running.stop();
}

#[test]
fn control_frames_within_measure_are_answered() {
    let running = plain(settings());
    let mut raw = Raw::new(&running);
    for round in 0..20 {
        raw.send(&frame(PING, 0, 0, b"12345678").repeat(15));
        raw.get(2 * round + 1);
        while raw.await_frame(HEADERS).id != 2 * round + 1 {}
    }
    drop(raw);
    running.stop();
}

#[test]
fn a_header_block_without_an_end_is_ended() {
    let running = plain(settings());
    for piece in [vec![], block(&[("a", &"x".repeat(10_000))])] {
        let mut raw = Raw::new(&running);
        raw.send(&frame(HEADERS, 0, 1, &fields("GET", &[])));
        raw.flood("CONTINUATION", |_| frame(CONTINUATION, 0, 1, &piece).repeat(10));
        assert!(matches!(raw.end(), None | Some(ENHANCE_YOUR_CALM)));
    }
    running.stop();
}

/// A field of the dynamic table costs a byte to repeat (RFC 7541 section 7.3).
#[test]
fn a_small_block_that_unpacks_to_a_large_one_is_refused() {
    let running = plain(settings());
    let mut raw = Raw::new(&running);
    let mut bomb = fields("GET", &[]);
    bomb.extend_from_slice(b"\x40\x01a");
    // 3,900 bytes of value.
    bomb.extend_from_slice(&[127, 0xbd, 0x1d]);
    bomb.extend_from_slice(&[b'x'; 3900]);
    bomb.extend_from_slice(&[0xbe; 10_000]);
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &bomb));
    assert_eq!(raw.end(), Some(ENHANCE_YOUR_CALM));
    assert_eq!(running.server.stats().served, 0);
    running.stop();
}

/// CVE-2023-44487: each reset makes room for another stream, while the worker is still at the last.
#[test]
fn a_client_that_resets_what_it_requests_cannot_fill_the_queue() {
    const STREAMS: u32 = 4;
    let server = Server::start(&Settings { max_streams: STREAMS, queue_depth: 10, ..settings() }).unwrap();
    let mut raw = Raw::silent(server.tcp_address().unwrap());
    raw.send(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat());
    for round in 0..50 {
        let id = 2 * round + 1;
        raw.get(id);
        if round < STREAMS {
            await_stats(&server, "it waits", |stats| stats.queued == u64::from(round) + 1);
            raw.send(&frame(RST_STREAM, 0, id, &CANCEL.to_be_bytes()));
        } else {
            let reset = raw.await_frame(RST_STREAM);
            assert_eq!((reset.id, reset.code()), (id, REFUSED_STREAM));
        }
    }
    await_stats(&server, "they are abandoned", |stats| stats.disconnects == u64::from(STREAMS));
    assert_eq!(server.stats().queued, u64::from(STREAMS));
    let worker = server.worker();
    assert!(matches!(worker.try_take(), Take::Empty), "no worker sees them");
    assert_eq!(server.stats().queued, 0);
    raw.get(1001);
    match worker.take(HANG) {
        Take::Exchange(exchange) => exchange.reply.send(ok("ok")).unwrap(),
        other => panic!("{other:?}"),
    }
    drop(worker);
    assert_eq!(raw.await_frame(HEADERS).id, 1001);
    drop(raw);
    server.shutdown();
}

#[test]
fn a_client_that_goes_on_to_reset_is_ended() {
    let running = plain(settings());
    let mut raw = Raw::new(&running);
    let request = fields("GET", &[]);
    raw.flood("RST_STREAM", |count| {
        let id = 2 * count + 1;
        let open = frame(HEADERS, END_HEADERS | END_STREAM, id, &request);
        [open, frame(RST_STREAM, 0, id, &CANCEL.to_be_bytes())].concat()
    });
    assert!(matches!(raw.end(), None | Some(ENHANCE_YOUR_CALM)));
    running.await_stats("it is gone", |stats| stats.connections == 0);
    running.stop();
}

#[test]
fn more_streams_than_there_may_be_are_refused() {
    let server = Server::start(&Settings { max_streams: 2, ..settings() }).unwrap();
    let mut raw = Raw::silent(server.tcp_address().unwrap());
    raw.send(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat());
    let settings = raw.await_frame(SETTINGS);
    let streams = settings.payload.chunks(6).find(|setting| setting[..2] == [0, 3]).unwrap();
    assert_eq!(streams[2..], 2_u32.to_be_bytes());
    [1, 3, 5].into_iter().for_each(|id| raw.get(id));
    let reset = raw.await_frame(RST_STREAM);
    assert_eq!((reset.id, reset.code()), (5, REFUSED_STREAM));
    await_stats(&server, "two wait", |stats| stats.queued == 2);
    drop(raw);
    server.shutdown();
}

#[test]
fn what_is_malformed_never_reaches_a_worker() {
    let running = plain(settings());
    let target = [(":method", "GET"), (":scheme", "http"), (":path", "/")];
    let whole = [&target[..], &[(":authority", "test")]].concat();
    let with = |field: (&'static str, &'static str)| block(&[&whole[..], &[field]].concat());
    let replaced = |at: usize, value: &'static str| {
        let mut fields = whole.clone();
        fields[at].1 = value;
        block(&fields)
    };
    // By h2, on the stream.
    for (name, fields) in [
        ("connection", with(("connection", "close"))),
        ("transfer-encoding", with(("transfer-encoding", "chunked"))),
        ("upgrade", with(("upgrade", "echo"))),
        ("keep-alive", with(("keep-alive", "1"))),
        ("proxy-connection", with(("proxy-connection", "close"))),
        ("te", with(("te", "gzip"))),
        ("a second path", with((":path", "/b"))),
        ("a pseudo-header field behind a field", block(&[("a", "b"), (":method", "GET")])),
        ("no method", block(&whole[1..])),
        ("no scheme", block(&[whole[0], whole[2], whole[3]])),
        ("no path", block(&[whole[0], whole[1], whole[3]])),
        ("an empty path", replaced(2, "")),
        ("a space in the path", replaced(2, "/a b")),
        ("a path of another form", replaced(2, "http://a/")),
        ("an authority that is none", replaced(3, "a b")),
        ("a status", with((":status", "200"))),
        ("a protocol", with((":protocol", "websocket"))),
        ("a content-length that is none", with(("content-length", "+1"))),
        ("a content-length with no body", with(("content-length", "1"))),
    ] {
        let mut raw = Raw::new(&running);
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields));
        let reset = raw.await_frame(RST_STREAM);
        assert_eq!((reset.id, reset.code()), (1, PROTOCOL_ERROR), "{name}");
        raw.get(3);
        assert_eq!(raw.await_frame(HEADERS).id, 3, "the connection goes on: {name}");
    }
    let served = running.server.stats().served;
    assert_eq!(served, 19, "one for each connection");
    // By us, with a response.
    for (name, fields, reason) in [
        ("a star", replaced(2, "*"), Reason::BadTarget),
        ("another scheme", replaced(1, "ftp"), Reason::BadTarget),
        ("bytes that are not ASCII", replaced(2, "/\u{e9}"), Reason::BadTarget),
        ("user information", replaced(3, "user@test"), Reason::BadHost),
        ("neither authority nor Host", block(&target), Reason::BadHost),
        ("Host that disagrees", with(("host", "other")), Reason::BadHost),
        ("two Hosts", block(&[&target[..], &[("host", "a"), ("host", "a")]].concat()), Reason::BadHost),
        ("space before a value", with(("a", " b")), Reason::BadHeader),
    ] {
        let before = running.server.stats().refused[reason.index()];
        let mut raw = Raw::new(&running);
        raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields));
        let head = raw.await_frame_of(1);
        assert_eq!((head.kind, head.payload[0]), (HEADERS, STATUS_400), "{name}: {head:?}");
        assert_eq!(running.server.stats().refused[reason.index()], before + 1, "{name}");
        raw.get(3);
        assert_eq!(raw.await_frame(HEADERS).id, 3, "the connection goes on: {name}");
    }
    assert_eq!(running.server.stats().served, served + 8);
    // By h2, with the connection.
    for (name, bytes) in [
        ("an upper-case name", frame(HEADERS, END_HEADERS | END_STREAM, 1, &with(("A", "b")))),
        ("a line end in a value", frame(HEADERS, END_HEADERS | END_STREAM, 1, &with(("a", "b\r\nc: d")))),
        ("an even stream", frame(HEADERS, END_HEADERS | END_STREAM, 2, &fields("GET", &[]))),
        ("DATA on a stream that is not open", frame(DATA, 0, 1, b"x")),
        ("a reset of a stream that is not open", frame(RST_STREAM, 0, 1, &[0; 4])),
        ("a frame that is too large", frame(DATA, 0, 1, &[0; 16_385])),
        ("a frame within a header block", [frame(HEADERS, 0, 1, &[]), frame(PING, 0, 0, &[0; 8])].concat()),
        ("a window that overflows", frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0xff, 0xff, 0xff])),
        ("SETTINGS of half a setting", frame(SETTINGS, 0, 0, &[0; 5])),
    ] {
        let mut raw = Raw::new(&running);
        raw.send(&bytes);
        let code = raw.end();
        assert!(code.is_some_and(|code| code != NO_ERROR), "{name}: {code:?}");
    }
    assert_eq!(running.server.stats().served, served + 8);
    running.await_stats("all are gone", |stats| stats.connections == 0);
    running.stop();
}

#[test]
fn options_may_ask_for_the_whole_server() {
    let running = Running::new(settings(), 1, |exchange| {
        let _ = exchange.reply.send(ok(exchange.head.path().to_owned()));
    });
    let mut raw = Raw::new(&running);
    let fields = block(&[(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), (":authority", "test")]);
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 1, &fields));
    assert_eq!(raw.await_frame(DATA).payload, b"*");
    drop(raw);
    running.stop();
}

#[test]
fn a_client_that_opens_no_window_keeps_its_stream_no_longer_than_the_send_timeout() {
    let (send_end, ends) = mpsc::channel();
    let running = Running::new(Settings { send_timeout: Some(SHORT), ..settings() }, 2, move |exchange| {
        if exchange.head.method() == "POST" {
            let mut writer = exchange.reply.stream(ok(""), None).unwrap();
            let end = loop {
                if let Err(error) = write(&mut writer, vec![b'x'; 10_000]) {
                    break error;
                }
            };
            send_end.send(end).unwrap();
            return;
        }
        let _ = exchange.reply.send(ok("body"));
    });
    let mut raw = Raw::silent(running.server.tcp_address().unwrap());
    raw.send(&initial_window(0));
    raw.get(1);
    raw.send(&frame(HEADERS, END_HEADERS | END_STREAM, 3, &fields("POST", &[])));
    let mut resets: Vec<_> = (0..2).map(|_| raw.await_frame(RST_STREAM)).map(|it| (it.id, it.code())).collect();
    resets.sort_unstable();
    assert_eq!(resets, [(1, CANCEL), (3, CANCEL)]);
    ends.recv_timeout(HANG).unwrap();
    // The connection goes on.
    raw.get(5);
    assert_eq!(raw.await_frame(HEADERS).payload[0], STATUS_200);
    raw.send(&frame(WINDOW_UPDATE, 0, 5, &[0, 0, 0, 4]));
    assert_eq!(raw.await_frame(DATA).payload, b"body");
    drop(raw);
    running.stop();
}

#[test]
fn a_client_that_reads_nothing_is_cut_off_after_the_send_timeout() {
    let running = Running::new(Settings { send_timeout: Some(SHORT), ..settings() }, 1, |exchange| {
        let mut writer = exchange.reply.stream(ok(""), None).unwrap();
        while write(&mut writer, vec![b'x'; 60_000]).is_ok() {}
    });
    let mut raw = Raw::silent(running.server.tcp_address().unwrap());
    raw.send(&initial_window(0x7fff_ffff));
    raw.send(&frame(WINDOW_UPDATE, 0, 0, &[0x7f, 0, 0, 0]));
    raw.get(1);
    running.await_stats("it is cut off", |stats| stats.connections == 0 && stats.accepted == 1 && stats.served == 1);
    assert_eq!(running.server.stats().disconnects, 1);
    drop(raw);
    running.stop();
}

#[test]
fn a_client_that_sends_only_the_preface_is_closed() {
    let running = plain(Settings { head_timeout: SHORT, ..settings() });
    let mut raw = Raw::new(&running);
    assert_eq!(raw.end(), Some(NO_ERROR));
    assert_eq!(running.server.stats().refused, [0; Reason::ALL.len()]);
    running.stop();
}

#[test]
fn half_a_header_block_is_late_although_other_streams_go_on() {
    let running = plain(Settings { head_timeout: SHORT, ..settings() });
    let mut raw = Raw::new(&running);
    raw.get(1);
    let open = frame(HEADERS, END_HEADERS, 3, &fields("GET", &[]));
    raw.send(&open[..open.len() - 1]);
    assert_eq!(raw.end(), Some(ENHANCE_YOUR_CALM));
    assert_eq!(running.server.stats().refused[Reason::HeadTimeout.index()], 1);
    running.stop();
}

/// The client does not answer the PING that asks whether it has seen the GOAWAY.
#[test]
fn a_drain_ends_an_idle_connection_that_answers_nothing() {
    let running = plain(settings());
    let mut raw = Raw::new(&running);
    raw.get(1);
    raw.await_frame(HEADERS);
    std::thread::scope(|scope| {
        let draining = scope.spawn(|| running.server.drain(HANG));
        let first = raw.await_frame(GOAWAY);
        assert_eq!((first.code(), first.last_id()), (NO_ERROR, 0x7fff_ffff), "RFC 9113 section 6.8");
        // It did not know yet.
        raw.get(3);
        assert_eq!(raw.await_frame(HEADERS).id, 3);
        let last = raw.rest().into_iter().rfind(|frame| frame.kind == GOAWAY).unwrap();
        assert_eq!((last.code(), last.last_id()), (NO_ERROR, 3));
        assert!(draining.join().unwrap());
    });
    running.stop();
}

#[test]
fn a_connection_that_is_lost_within_a_frame_leaves_nothing_behind() {
    let running = plain(settings());
    let bytes = [PREFACE, &frame(SETTINGS, 0, 0, &[]), &frame(HEADERS, END_HEADERS, 1, &fields("POST", &[]))].concat();
    for length in (PREFACE.len()..bytes.len()).step_by(5) {
        let mut raw = Raw::silent(running.server.tcp_address().unwrap());
        raw.send(&bytes[..length]);
    }
    running.await_stats("all are gone", |stats| stats.connections == 0 && stats.accepted > 5);
    running.stop();
}
