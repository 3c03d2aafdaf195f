//! Arbitrary responses of an app, read by a client that is strict about framing.

use std::fmt;
use std::fs::File;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use kino_engine::{BodyReader, BodyWriter, Exchange, Readable, Response, ResponseBody, Take, Wake, Worker, Writable};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::time::Instant;

use super::client::{ClientResponse, End};
use super::run::{App, HEAD, LONG, Run, block_on, settings};

/// A file that exists wherever this is built.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");

/// Longer than the head timeout, which runs for a head sent early while the response is late.
const LATE: Duration = Duration::from_secs(HEAD + 1);

struct Plan {
    method: &'static str,
    is_1_0: bool,
    keeps_alive: bool,
    request: Vec<u8>,
    has_body: bool,
    reads: bool,
    is_late: bool,
    status: StatusCode,
    headers: HeaderMap,
    body: Kind,
}

enum Kind {
    Full(Vec<u8>),
    Stream {
        pieces: Vec<Vec<u8>>,
        finishes: bool,
    },
    File {
        length: u64,
    },
    /// Hijacks the connection.
    Hijack {
        with_head: bool,
        raw: Vec<u8>,
        leaves_first: bool,
    },
    /// Drops the exchange.
    Drop,
}

/// Shows bodies by their lengths: their bytes say little.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let request = String::from_utf8_lossy(&self.request);
        write!(f, "{:?}, reads: {}, late: {}", request.trim_end_matches('x'), self.reads, self.is_late)?;
        write!(f, " => {} {:?} ", self.status.as_u16(), self.headers)?;
        match &self.body {
            Kind::Full(bytes) => write!(f, "{} bytes", bytes.len()),
            Kind::Stream { pieces, finishes } => {
                write!(f, "pieces {:?}, finishes: {finishes}", pieces.iter().map(Vec::len).collect::<Vec<_>>())
            }
            Kind::File { length } => write!(f, "{length} bytes of a file"),
            Kind::Hijack { with_head, raw, leaves_first } => {
                write!(f, "hijacked, with head: {with_head}, {} bytes, leaves first: {leaves_first}", raw.len())
            }
            Kind::Drop => f.write_str("dropped"),
        }
    }
}

pub fn run(data: &[u8]) {
    let mut choices = Unstructured::new(data);
    if let Ok(conversation) = Conversation::new(&mut choices) {
        block_on(conversation.run());
    }
}

struct Conversation {
    plans: Vec<Plan>,
    /// Sent after the last request.
    tail: Vec<u8>,
    buffer: usize,
    is_pipelined: bool,
    is_slow: bool,
}

impl Conversation {
    fn new(choices: &mut Unstructured<'_>) -> Result<Self> {
        let count = choices.int_in_range(1..=4)?;
        let is_pipelined = choices.arbitrary()?;
        let is_slow = choices.arbitrary()?;
        let buffer = *choices.choose(&[64 * 1024, 16, 300])?;
        let plans = (0..count).map(|at| Plan::new(choices, at)).collect::<Result<_>>()?;
        let tail = match choices.int_in_range(0..=5)? {
            0..=2 => Vec::new(),
            3 => b"no HTTP\n".to_vec(),
            4 => b"GET /half HTTP/1.1\r\nHo".to_vec(),
            _ => choices.arbitrary()?,
        };
        Ok(Self { plans, tail, buffer, is_pipelined, is_slow })
    }

    async fn run(self) {
        let requests: Vec<_> = self.plans.iter().map(|plan| plan.request.clone()).collect();
        let lates: Vec<_> = self.plans.iter().map(|plan| plan.is_late).collect();
        let mut run = Run::new(&settings(), self.buffer, PlannedApp::new(self.plans));
        run.reads = !self.is_slow;
        if self.is_pipelined {
            run.send(&[requests.concat(), self.tail.clone()].concat()).await;
        } else {
            for (request, is_late) in requests.iter().zip(&lates) {
                run.send(request).await;
                run.reads = true;
                // No longer than needed, or the keep-alive timeout would end the connection before the next request.
                run.wait(if *is_late { LATE } else { Duration::ZERO }).await;
            }
            run.send(&self.tail).await;
        }
        run.reads = true;
        // Another thread reads files, and settling does not wait for it: one turn to begin, one for the file.
        for _ in 0..=2 * lates.len() {
            run.wait(LATE).await;
        }
        run.wait(LONG).await;
        run.half_close().await;
        run.wait(LONG).await;
        let (plans, got) = (&run.app.plans, String::from_utf8_lossy(&run.received));
        assert!(run.eof, "nothing has closed the connection: {plans:#?}, {got:?}");
        let received = std::mem::take(&mut run.received);
        let app = run.leave().await;
        check(&received, &app, &requests, &self.tail);
    }
}

impl Plan {
    fn new(choices: &mut Unstructured<'_>, at: u8) -> Result<Self> {
        let method = *choices.choose(&["GET", "HEAD", "POST", "OPTIONS"])?;
        let is_1_0 = choices.ratio(1, 5)?;
        let connection = *choices.choose(&["", "", "Connection: close\r\n", KEEP_ALIVE, UPGRADE])?;
        let version = if is_1_0 { "HTTP/1.0" } else { "HTTP/1.1" };
        let mut request = format!("{method} /{at} {version}\r\nHost: a\r\n{connection}").into_bytes();
        let has_body = method == "POST";
        if has_body {
            let length = choices.int_in_range(1..=300)?;
            request.extend_from_slice(format!("Content-Length: {length}\r\n").as_bytes());
            request.extend_from_slice(b"\r\n");
            request.resize(request.len() + length, b'x');
        } else {
            request.extend_from_slice(b"\r\n");
        }
        let reads = choices.arbitrary()?;
        let is_late = choices.ratio(1, 8)?;
        let status = status(choices)?;
        let mut headers = headers(choices)?;
        let body = Kind::new(choices, at)?;
        content_length(choices, &mut headers, &body)?;
        let keeps_alive = connection == KEEP_ALIVE;
        Ok(Self { method, is_1_0, keeps_alive, request, has_body, reads, is_late, status, headers, body })
    }

    /// The Content-Length, if any. None if it is malformed or repeated.
    fn announced(&self) -> Option<Option<u64>> {
        let mut values = self.headers.get_all(CONTENT_LENGTH).iter();
        let Some(value) = values.next() else { return Some(None) };
        let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        let length = digits.parse().ok()?;
        values.next().is_none().then_some(Some(length))
    }

    fn is_bodiless(&self) -> bool {
        self.method == "HEAD" || matches!(self.status.as_u16(), 204 | 304)
    }

    /// How many bytes of body the head announces.
    fn declared(&self) -> Option<u64> {
        self.announced().flatten().filter(|_| !self.is_bodiless())
    }

    fn response(&self, body: ResponseBody) -> Response {
        Response { status: self.status, headers: self.headers.clone(), body }
    }

    /// Whether the engine sends 500 in place of this response.
    fn is_refused(&self) -> bool {
        match &self.body {
            Kind::Drop => true,
            Kind::Hijack { .. } => false,
            _ if self.status.is_informational() || self.announced().is_none() => true,
            Kind::Full(bytes) => self.declared().is_some_and(|declared| declared != bytes.len() as u64),
            Kind::Stream { .. } | Kind::File { .. } => false,
        }
    }

    /// The body that may be sent, and whether it is sent completely.
    fn expected(&self) -> (Vec<u8>, bool) {
        let (mut bytes, mut is_whole) = match &self.body {
            Kind::Full(bytes) => (bytes.clone(), true),
            Kind::Stream { pieces, finishes } => (pieces.concat(), *finishes),
            Kind::File { .. } => (std::fs::read(FILE).unwrap(), true),
            Kind::Hijack { .. } | Kind::Drop => unreachable!(),
        };
        let length = match &self.body {
            Kind::File { length } => Some(self.declared().unwrap_or(*length)),
            _ => self.declared(),
        };
        if let Some(length) = length {
            is_whole &= length <= bytes.len() as u64;
            bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        }
        (bytes, is_whole)
    }
}

const KEEP_ALIVE: &str = "Connection: keep-alive\r\n";
const UPGRADE: &str = "Connection: upgrade\r\nUpgrade: x\r\n";

fn status(choices: &mut Unstructured<'_>) -> Result<StatusCode> {
    let known = *choices.choose(&[200, 200, 200, 204, 206, 304, 404, 500, 100, 101, 103, 0])?;
    let number = if known == 0 { choices.int_in_range(100..=999)? } else { known };
    Ok(StatusCode::from_u16(number).unwrap())
}

/// Any headers that the types allow. Half of them are ones that a server interprets.
fn headers(choices: &mut Unstructured<'_>) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    for _ in 0..choices.int_in_range(0..=6)? {
        let name = match choices.int_in_range(0..=15)? {
            0 => CONNECTION,
            1 => TRANSFER_ENCODING,
            2 => TRAILER,
            3 => http::header::DATE,
            4 => http::header::UPGRADE,
            5 => http::header::SET_COOKIE,
            6 => CONTENT_LENGTH,
            _ => match HeaderName::from_bytes(short(choices)?) {
                Ok(name) => name,
                Err(_) => continue,
            },
        };
        let known: &[&[u8]] = &[b"close", b"keep-alive", b"chunked", b"gzip", b"0", b"5", b"x-a, x-b", b"upgrade"];
        let value = if choices.arbitrary()? { *choices.choose(known)? } else { short(choices)? };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    Ok(headers)
}

fn short<'a>(choices: &mut Unstructured<'a>) -> Result<&'a [u8]> {
    let length = choices.int_in_range(0..=20)?;
    choices.bytes(length)
}

fn content_length(choices: &mut Unstructured<'_>, headers: &mut HeaderMap, body: &Kind) -> Result<()> {
    let right = match body {
        Kind::Full(bytes) => bytes.len() as u64,
        Kind::Stream { pieces, .. } => pieces.concat().len() as u64,
        Kind::File { length } => *length,
        Kind::Hijack { .. } | Kind::Drop => 0,
    };
    let length = match choices.int_in_range(0..=7)? {
        0..=3 => return Ok(()),
        4..=5 => right,
        6 => right + choices.int_in_range(1..=9)?,
        _ => choices.int_in_range(0..=right)?,
    };
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    Ok(())
}

impl Kind {
    fn new(choices: &mut Unstructured<'_>, at: u8) -> Result<Self> {
        // Bytes that tell to which request they belong.
        let letter = b'A' + at;
        Ok(match choices.int_in_range(0..=15)? {
            0..=3 => Self::Full(vec![letter; size(choices)?]),
            4..=9 => {
                let count = choices.int_in_range(0..=5)?;
                let pieces = (0..count).map(|_| Ok(vec![letter; size(choices)?])).collect::<Result<_>>()?;
                Self::Stream { pieces, finishes: choices.ratio(3, 4)? }
            }
            10 => Self::File { length: choices.int_in_range(0..=2 * std::fs::metadata(FILE).unwrap().len())? },
            11..=14 => Self::Hijack {
                with_head: choices.arbitrary()?,
                raw: vec![letter; size(choices)?],
                leaves_first: choices.arbitrary()?,
            },
            _ => Self::Drop,
        })
    }
}

fn size(choices: &mut Unstructured<'_>) -> Result<usize> {
    Ok(match choices.int_in_range(0..=9)? {
        0 => 0,
        1 => choices.int_in_range(0..=50_000)?,
        _ => choices.int_in_range(1..=40)?,
    })
}

/// What the app is doing for a request.
enum Work {
    Read { exchange: Option<Exchange>, may_read: bool },
    Sleep { exchange: Option<Exchange>, until: Instant },
    Write { writer: Option<BodyWriter>, left: Vec<Bytes>, finishes: bool, may_write: bool, _body: BodyReader },
    Own { end: UnixStream, left: Vec<u8>, leaves_first: bool },
}

struct PlannedApp {
    plans: Vec<Plan>,
    begun: usize,
    work: Option<Work>,
    /// Bytes from the client of a hijacked connection.
    owned: Option<Vec<u8>>,
}

impl App for PlannedApp {
    fn step(&mut self, worker: &Worker, cx: &mut Context<'_>) -> bool {
        match self.work.take() {
            Some(work) => self.go_on(work, cx),
            None => {
                let Take::Exchange(exchange) = worker.try_take() else { return false };
                self.begin(*exchange);
                true
            }
        }
    }
}

impl PlannedApp {
    fn new(plans: Vec<Plan>) -> Self {
        Self { plans, begun: 0, work: None, owned: None }
    }

    fn begin(&mut self, exchange: Exchange) {
        self.begun += 1;
        // The tail held another request.
        let Some(plan) = self.plans.get(self.begun - 1) else { return };
        assert_eq!(exchange.head.path(), format!("/{}", self.begun - 1));
        let until = Instant::now() + LATE;
        self.work = Some(match plan {
            Plan { reads: true, .. } => Work::Read { exchange: Some(exchange), may_read: true },
            Plan { is_late: true, .. } => Work::Sleep { exchange: Some(exchange), until },
            _ => return self.respond(exchange),
        });
    }

    fn go_on(&mut self, mut work: Work, cx: &mut Context<'_>) -> bool {
        let (moved, is_done) = match &mut work {
            Work::Read { exchange, may_read } => self.read(exchange, may_read),
            Work::Sleep { exchange, until } if Instant::now() >= *until => {
                if let Some(exchange) = exchange.take() {
                    self.respond(exchange);
                }
                (true, true)
            }
            Work::Sleep { .. } => (false, false),
            Work::Write { writer, left, finishes, may_write, _body } => write(writer, left, *finishes, may_write),
            Work::Own { end, left, leaves_first } => {
                let got = self.owned.get_or_insert_default();
                own(Pin::new(end), left, *leaves_first, got, cx)
            }
        };
        if !is_done {
            self.work = Some(work);
        }
        moved
    }

    fn read(&mut self, slot: &mut Option<Exchange>, may_read: &mut bool) -> (bool, bool) {
        let Some(mut exchange) = slot.take() else { return (true, true) };
        // Only after a wake-up: polling anyway would hide a lost one.
        *may_read |= exchange.body.parker().park(Duration::ZERO) == Wake::Unparked;
        if !std::mem::take(may_read) {
            *slot = Some(exchange);
            return (false, false);
        }
        let is_late = self.plans[self.begun - 1].is_late;
        match exchange.body.try_read(100) {
            Ok(Readable::Pending) => {
                *slot = Some(exchange);
                (false, false)
            }
            Ok(Readable::Chunk(_)) => {
                *slot = Some(exchange);
                *may_read = true;
                (true, false)
            }
            Ok(Readable::End) if is_late => {
                self.work = Some(Work::Sleep { exchange: Some(exchange), until: Instant::now() + LATE });
                (true, true)
            }
            Ok(Readable::End) => {
                self.respond(exchange);
                (true, true)
            }
            Err(error) => panic!("the whole body was sent: {error}"),
        }
    }

    fn respond(&mut self, exchange: Exchange) {
        let plan = &self.plans[self.begun - 1];
        let Exchange { body, reply, .. } = exchange;
        match &plan.body {
            Kind::Drop => {}
            Kind::Full(bytes) => {
                drop(body);
                let _ = reply.send(plan.response(ResponseBody::full(Bytes::copy_from_slice(bytes))));
            }
            Kind::File { length } => {
                drop(body);
                let length = plan.declared().unwrap_or(*length);
                let _ = reply.send(plan.response(ResponseBody::file(File::open(Path::new(FILE)).unwrap(), length)));
            }
            Kind::Stream { pieces, finishes } => {
                let left = pieces.iter().rev().cloned().map(Bytes::from).collect();
                let writer = reply.stream(plan.response(ResponseBody::empty()), plan.declared()).ok();
                self.work = Some(Work::Write { writer, left, finishes: *finishes, may_write: true, _body: body });
            }
            Kind::Hijack { with_head, raw, leaves_first } => {
                drop(body);
                let head = with_head.then(|| plan.response(ResponseBody::empty()));
                let Ok(end) = reply.hijack(head).unwrap() else { return };
                end.set_nonblocking(true).unwrap();
                let end = UnixStream::from_std(end).unwrap();
                self.work = Some(Work::Own { end, left: raw.clone(), leaves_first: *leaves_first });
            }
        }
    }
}

/// Returns whether it made progress, and whether it is finished.
fn write(writer: &mut Option<BodyWriter>, left: &mut Vec<Bytes>, finishes: bool, may_write: &mut bool) -> (bool, bool) {
    let Some(open) = writer.as_mut() else { return (true, true) };
    *may_write |= open.parker().park(Duration::ZERO) == Wake::Unparked;
    if !std::mem::take(may_write) {
        return (false, false);
    }
    let Some(piece) = left.pop() else {
        if let Some(writer) = writer.take().filter(|_| finishes) {
            writer.finish();
        }
        return (true, true);
    };
    match open.try_write(piece) {
        Ok(Writable::Written) => {
            *may_write = true;
            (true, false)
        }
        Ok(Writable::Full(piece)) => {
            left.push(piece);
            (false, false)
        }
        Err(_) => (true, true),
    }
}

/// The same for a hijacked connection.
fn own(
    mut end: Pin<&mut UnixStream>,
    left: &mut Vec<u8>,
    leaves_first: bool,
    got: &mut Vec<u8>,
    cx: &mut Context<'_>,
) -> (bool, bool) {
    if !left.is_empty() {
        return match end.poll_write(cx, left) {
            Poll::Ready(Ok(sent)) => {
                left.drain(..sent);
                (true, false)
            }
            Poll::Ready(Err(_)) => (true, true),
            Poll::Pending => (false, false),
        };
    }
    if leaves_first {
        return (true, true);
    }
    let mut bytes = [0; 4096];
    let mut buf = ReadBuf::new(&mut bytes);
    match end.as_mut().poll_read(cx, &mut buf) {
        Poll::Ready(Ok(())) => {
            got.extend_from_slice(buf.filled());
            (true, buf.filled().is_empty())
        }
        Poll::Ready(Err(_)) => (true, true),
        Poll::Pending => (false, false),
    }
}

/// Every response matches its plan, and ends where the next begins.
fn check(received: &[u8], app: &PlannedApp, requests: &[Vec<u8>], tail: &[u8]) {
    let mut rest = received;
    for (at, plan) in app.plans.iter().enumerate() {
        if let Kind::Hijack { with_head, raw, leaves_first } = &plan.body {
            assert!(app.begun > at, "no worker has seen {plan:?}");
            check_hijack(rest, plan, *with_head, raw);
            if !plan.has_body && !leaves_first {
                let sent = [&requests[at + 1..].concat(), tail].concat();
                assert_eq!(app.owned.as_deref(), Some(&sent[..]), "bytes that the client sent after its request");
            }
            return;
        }
        let before = rest;
        match ClientResponse::read(&mut rest, plan.method == "HEAD") {
            Err(_) => {
                let breaks = !plan.is_refused() && !plan.is_bodiless() && !plan.expected().1;
                let got = String::from_utf8_lossy(before);
                assert!(breaks && app.begun > at, "no response to {at} of {:#?} but {got:?}", app.plans);
                return;
            }
            Ok(response) => {
                assert!(app.begun > at, "a response without a worker: {response:?} to {at} of {:#?}", app.plans);
                check_response(&response, plan);
                // A body that the app has not read closes the connection without an announcement.
                let is_unread = plan.has_body && !plan.reads && rest.is_empty();
                // An app may send keep-alive to a client that did not ask for it: the connection still closes.
                let is_only_one = plan.is_1_0 && !plan.keeps_alive;
                if response.closes() || is_unread || (is_only_one && rest.is_empty()) {
                    assert!(rest.is_empty(), "more after the last: {:?}", String::from_utf8_lossy(rest));
                    return;
                }
            }
        }
    }
}

fn check_hijack(rest: &[u8], plan: &Plan, with_head: bool, raw: &[u8]) {
    let Some(at) = rest.len().checked_sub(raw.len()) else {
        panic!("{} bytes of {}: {plan:?}: {:?}", rest.len(), raw.len(), String::from_utf8_lossy(rest))
    };
    let (head, tail) = rest.split_at(at);
    assert_eq!(tail, raw, "{plan:?}: {:?}", String::from_utf8_lossy(rest));
    if with_head {
        assert!(head.ends_with(b"\r\n\r\n") && head.windows(4).filter(|window| window == b"\r\n\r\n").count() == 1);
        assert!(head.starts_with(format!("HTTP/1.1 {} ", plan.status.as_u16()).as_bytes()));
    } else {
        assert!(head.is_empty(), "{:?}", String::from_utf8_lossy(head));
    }
}

fn check_response(response: &ClientResponse, plan: &Plan) {
    assert_eq!(response.is_1_0, plan.is_1_0, "{response:?}");
    assert!(response.values("date").count() >= 1, "{response:?}");
    if plan.is_refused() {
        assert_eq!((response.status, response.end), (500, End::Complete), "{plan:?}");
        return;
    }
    assert_eq!(response.status, plan.status.as_u16(), "{plan:?}");
    check_headers(response, plan);
    if plan.is_bodiless() {
        assert!(response.body.is_empty() && response.end == End::Complete, "{plan:?}: {response:?}");
        return;
    }
    let (expected, is_whole) = plan.expected();
    match response.end {
        // A body with its announced length is complete, whatever the app does afterwards.
        End::Complete => {
            let is_whole = is_whole || plan.declared() == Some(expected.len() as u64);
            assert!(is_whole && response.body == expected, "{plan:?}: {response:?}");
        }
        End::Cut => assert!(!is_whole && expected.starts_with(&response.body), "{plan:?}: {response:?}"),
        // In HTTP/1.0, a body without a length has no other end.
        End::Close => {
            assert!(plan.is_1_0 && matches!(plan.body, Kind::Stream { .. }), "{plan:?}: {response:?}");
            assert!(if is_whole { response.body == expected } else { expected.starts_with(&response.body) });
        }
    }
}

/// The app's headers arrive, in order. The framing headers are the engine's.
fn check_headers(response: &ClientResponse, plan: &Plan) {
    for name in plan.headers.keys() {
        if [CONNECTION, TRANSFER_ENCODING, TRAILER, CONTENT_LENGTH].contains(name) {
            continue;
        }
        let sent: Vec<_> = plan.headers.get_all(name).iter().map(|value| value.as_bytes().trim_ascii()).collect();
        let got: Vec<_> = response.values(name.as_str()).collect();
        assert_eq!(got, sent, "{name}");
    }
    let announced = plan.headers.get(CONTENT_LENGTH).map(HeaderValue::as_bytes);
    let got = response.values("content-length").next();
    if plan.method == "HEAD" && !matches!(plan.status.as_u16(), 204 | 304) && announced.is_some() {
        assert_eq!(got, announced, "HEAD has the length that GET would have");
    }
}
