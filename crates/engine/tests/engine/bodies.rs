//! Bodies in both directions: streaming, limits, backpressure, cuts.

use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, StatusCode};
use kino_engine::{ReadError, Reason, Response, ResponseBody, Settings, Writable, WriteError, open_file};

use crate::support::{HANG, Running, SHORT, ok, read_all, settings, write};

fn head() -> Response {
    Response { status: StatusCode::OK, headers: HeaderMap::new(), body: ResponseBody::empty() }
}

fn head_of(length: &'static str) -> Response {
    let mut head = head();
    head.headers.insert(CONTENT_LENGTH, HeaderValue::from_static(length));
    head
}

fn echo() -> Running {
    Running::new(settings(), 1, |mut exchange| {
        let body = read_all(&mut exchange).unwrap();
        let _ = exchange.reply.send(ok(body));
    })
}

#[test]
fn a_request_body_with_a_length_arrives_whole() {
    let running = echo();
    let mut client = running.connect();
    let body = "x".repeat(300_000);
    client.send(format!("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    assert_eq!(client.response().body, body.as_bytes());
    drop(client);
    running.stop();
}

#[test]
fn a_chunked_request_body_arrives_whole_without_its_trailers() {
    let running = echo();
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("3\r\nabc\r\n").send("4;name=value\r\ndefg\r\n").send("0\r\nTrailer: dropped\r\n\r\n");
    assert_eq!(client.response().body, b"abcdefg");
    assert_eq!(client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").response().body, b"");
    drop(client);
    running.stop();
}

#[test]
fn a_100_continue_is_sent_only_when_the_body_is_first_read() {
    let (read, may_read) = mpsc::channel::<()>();
    let may_read = std::sync::Mutex::new(may_read);
    let running = Running::new(settings(), 1, move |mut exchange| {
        may_read.lock().unwrap().recv_timeout(HANG).unwrap();
        let body = read_all(&mut exchange).unwrap();
        let _ = exchange.reply.send(ok(body));
    });
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    running.await_stats("the worker has the request", |stats| stats.in_flight == 1);
    client.stream.get_ref().set_nonblocking(true).unwrap();
    assert_eq!(client.stream.get_ref().peek(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    client.stream.get_ref().set_nonblocking(false).unwrap();
    read.send(()).unwrap();
    assert_eq!(client.head().status, 100);
    assert_eq!(client.send("body").response().body, b"body");
    drop(client);
    running.stop();
}

#[test]
fn a_body_announced_as_too_large_never_reaches_a_worker() {
    let running = Running::new(Settings { max_body_size: Some(10), ..settings() }, 1, drop);
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 11\r\n\r\n");
    let response = client.response();
    assert_eq!((response.status, response.header("connection")), (413, Some("close")));
    assert!(client.is_closed());
    assert_eq!(running.server.stats().refused[Reason::BodyTooLarge.index()], 1);
    assert_eq!(running.server.stats().served, 0);
    running.stop();
}

#[test]
fn a_chunked_body_that_grows_too_large_is_refused_while_it_is_read() {
    let (seen, errors) = mpsc::channel();
    let running = Running::new(Settings { max_body_size: Some(10), ..settings() }, 1, move |mut exchange| {
        seen.send(read_all(&mut exchange).unwrap_err()).unwrap();
        assert!(exchange.reply.send(ok("too late")).is_err());
    });
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n");
    assert_eq!(client.response().status, 413);
    assert!(client.is_closed());
    assert!(matches!(errors.recv_timeout(HANG).unwrap(), ReadError::TooLarge { limit: 10 }));
    running.stop();
}

#[test]
fn reading_fails_if_the_client_disconnects_within_its_body() {
    for start in [
        "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf",
        "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let (seen, errors) = mpsc::channel();
        let running = Running::new(settings(), 1, move |mut exchange| {
            seen.send(read_all(&mut exchange)).unwrap();
        });
        let mut client = running.connect();
        client.send(start);
        running.await_stats("the worker has the request", |stats| stats.in_flight == 1);
        drop(client);
        let read = errors.recv_timeout(HANG).unwrap();
        assert!(matches!(read, Err(ReadError::Gone)), "{read:?}");
        running.stop();
    }
}

#[test]
fn a_streamed_response_is_chunked_or_has_its_length() {
    let running = Running::new(settings(), 1, |exchange| {
        let sized = exchange.head.path() == "/sized";
        let (head, declared) = if sized { (head_of("6"), Some(6)) } else { (head(), None) };
        let mut writer = exchange.reply.stream(head, declared).unwrap();
        for chunk in ["one", "", "two"] {
            write(&mut writer, chunk).unwrap();
        }
        writer.finish();
    });
    let mut client = running.connect();
    let response = client.get("/");
    assert_eq!((response.header("transfer-encoding"), response.body.as_slice()), (Some("chunked"), &b"onetwo"[..]));
    let response = client.get("/sized");
    assert_eq!((response.header("content-length"), response.body.as_slice()), (Some("6"), &b"onetwo"[..]));
    drop(client);
    running.stop();
}

#[test]
fn a_slow_client_holds_the_writer_back() {
    let (full, filled) = mpsc::channel();
    let written = Arc::new(AtomicU64::new(0));
    let total = 64 * 1024 * 1024_u64;
    let counter = Arc::clone(&written);
    let running = Running::new(settings(), 1, move |exchange| {
        let mut writer = exchange.reply.stream(head(), None).unwrap();
        let chunk = bytes::Bytes::from(vec![b'x'; 16 * 1024]);
        while counter.load(Ordering::Relaxed) < total {
            let mut rest = chunk.clone();
            while let Writable::Full(back) = writer.try_write(rest).unwrap() {
                let _ = full.send(());
                rest = back;
                writer.parker().park(HANG);
            }
            counter.fetch_add(chunk.len() as u64, Ordering::Relaxed);
        }
        writer.finish();
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    filled.recv_timeout(HANG).unwrap();
    // Socket buffers may hold some megabytes. All of it would mean that nothing holds the writer back.
    assert!(written.load(Ordering::Relaxed) < total / 2);
    assert_eq!(client.response().body.len() as u64, total);
    drop(client);
    running.stop();
}

#[test]
fn a_stalled_client_frees_its_writer_after_the_send_timeout() {
    // With small pieces, the kernel buffer has room for many more when the socket is no longer reported as writable.
    for piece in [64 * 1024, 500] {
        let (seen, ends) = mpsc::channel();
        let running = Running::new(Settings { send_timeout: Some(SHORT), ..settings() }, 1, move |exchange| {
            let mut writer = exchange.reply.stream(head(), None).unwrap();
            while write(&mut writer, vec![b'x'; piece]).is_ok() {}
            seen.send(write(&mut writer, "more").is_err()).unwrap();
        });
        let mut client = running.connect();
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
        assert!(ends.recv_timeout(HANG).unwrap());
        running.await_stats("the disconnect is counted", |stats| stats.disconnects == 1 && stats.connections == 0);
        client.try_response().expect_err("a response that no client can take for complete");
        running.stop();
    }
}

#[test]
fn a_client_that_stalls_on_a_whole_response_is_disconnected() {
    let running = Running::new(Settings { send_timeout: Some(SHORT), ..settings() }, 1, |exchange| {
        let _ = exchange.reply.send(ok(vec![b'x'; 64 * 1024 * 1024]));
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    running.await_stats("the connection is reset", |stats| stats.served == 1 && stats.connections == 0);
    client.try_response().expect_err("a response that no client can take for complete");
    running.stop();
}

/// The kernel reports a socket as writable only when a third of its buffer is free, which takes this client three
/// seconds.
#[test]
fn a_slow_client_that_never_pauses_gets_its_whole_response() {
    const MOST: Duration = Duration::from_millis(1500);
    let total = 16 * 1024 * 1024;
    let running = Running::new(Settings { send_timeout: Some(MOST), ..settings() }, 1, move |exchange| {
        let _ = exchange.reply.send(ok(vec![b'x'; total]));
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n");
    let trickle = client.stream.get_ref().try_clone().unwrap();
    let (mut taken, start) = (0, Instant::now());
    while start.elapsed() < MOST * 3 {
        taken += (&trickle).read(&mut [0; 16 * 1024]).unwrap();
        std::thread::sleep(MOST / 30);
    }
    assert!(taken < total / 2, "the server never had to wait");
    let rest = std::iter::from_fn(|| (&trickle).read(&mut [0; 64 * 1024]).ok());
    for read in rest {
        taken += read;
        if taken >= total {
            break;
        }
    }
    assert!(taken >= total, "{taken}");
    drop((client, trickle));
    running.stop();
}

#[test]
fn writing_fails_once_the_client_has_disconnected() {
    let (seen, ends) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        let mut writer = exchange.reply.stream(head(), None).unwrap();
        let error = loop {
            if let Err(error) = write(&mut writer, vec![b'x'; 64 * 1024]) {
                break error;
            }
        };
        seen.send(error).unwrap();
    });
    let mut client = running.connect();
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").head();
    drop(client);
    assert_eq!(ends.recv_timeout(HANG).unwrap(), WriteError::Gone);
    running.await_stats("the worker is free", |stats| stats.in_flight == 0 && stats.disconnects == 1);
    running.stop();
}

#[test]
fn an_unfinished_response_breaks_the_connection() {
    let running = Running::new(settings(), 1, |exchange| match exchange.head.path() {
        "/short" => {
            let mut writer = exchange.reply.stream(head_of("10"), Some(10)).unwrap();
            write(&mut writer, "half").unwrap();
            writer.finish();
        }
        _ => {
            let mut writer = exchange.reply.stream(head(), None).unwrap();
            write(&mut writer, "half").unwrap();
        }
    });
    for path in ["/short", "/dropped"] {
        let mut client = running.connect();
        client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
        let response = client.try_response().expect_err("a response that no client can take for complete");
        assert!(response.body.starts_with(b"half"), "chunks written before the cut are delivered");
        assert!(client.is_closed());
    }
    running.stop();
}

#[test]
fn a_response_longer_than_announced_is_cut() {
    let (seen, ends) = mpsc::channel();
    let running = Running::new(settings(), 1, move |exchange| {
        let mut writer = exchange.reply.stream(head_of("4"), Some(4)).unwrap();
        write(&mut writer, "abc").unwrap();
        write(&mut writer, "def").unwrap();
        seen.send(format!("{:?}", writer.finish())).unwrap();
    });
    let mut client = running.connect();
    assert_eq!(client.get("/").body, b"abcd");
    assert_eq!(ends.recv_timeout(HANG).unwrap(), "Cut { surplus: 2 }");
    assert_eq!(client.get("/").body, b"abcd", "the next response starts in the right place");
    drop(client);
    running.stop();
}

/// A temporary file, deleted after the test.
struct TestFile(std::path::PathBuf);

impl TestFile {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("kino-engine-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn file_response(path: &std::path::Path, length: Option<u64>) -> Response {
    let (file, size) = open_file(path).unwrap();
    Response {
        status: StatusCode::OK,
        headers: HeaderMap::new(),
        body: ResponseBody::file(file, length.unwrap_or(size)),
    }
}

#[test]
fn a_file_is_sent_whole_without_its_worker() {
    let content: Vec<u8> = (0..1_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let file = TestFile::new("whole", &content);
    let path = file.0.clone();
    let running = Running::new(settings(), 1, move |exchange| {
        let response = if exchange.head.path() == "/file" { file_response(&path, None) } else { ok("free") };
        let _ = exchange.reply.send(response);
    });
    let mut slow = running.connect();
    slow.send("GET /file HTTP/1.1\r\nHost: a\r\n\r\n");
    let mut other = running.connect();
    assert_eq!(other.get("/").body, b"free", "although the client has not read the file yet");
    let response = slow.response();
    assert_eq!(response.header("content-length"), Some("4000000"));
    assert!(response.body == content);
    drop((slow, other));
    running.stop();
}

#[test]
fn a_file_that_shrinks_breaks_the_connection_and_one_that_grows_is_cut() {
    let file = TestFile::new("changes", b"0123456789");
    let path = file.0.clone();
    let running = Running::new(settings(), 1, move |exchange| {
        let length = if exchange.head.path() == "/shrunk" { 20 } else { 4 };
        let _ = exchange.reply.send(file_response(&path, Some(length)));
    });
    let mut client = running.connect();
    assert_eq!(client.get("/grown").body, b"0123");
    client.send("GET /shrunk HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.try_response().is_err());
    assert!(client.is_closed());
    running.stop();
}

#[test]
fn only_regular_files_are_opened() {
    assert!(open_file(std::path::Path::new("/dev/null")).is_err());
    assert!(open_file(&std::env::temp_dir()).is_err());
    assert!(open_file(std::path::Path::new("/no/such/file")).is_err());
}

#[test]
fn reading_a_broken_body_again_gives_the_same_error() {
    let (seen, errors) = mpsc::channel();
    let running = Running::new(settings(), 1, move |mut exchange| {
        let again = (0..2).map(|_| read_all(&mut exchange)).collect::<Vec<_>>();
        seen.send(again).unwrap();
    });
    let mut client = running.connect();
    client.send("POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nhalf");
    drop(client);
    assert_eq!(errors.recv_timeout(HANG).unwrap(), [Err(ReadError::Gone), Err(ReadError::Gone)]);
    running.stop();
}
