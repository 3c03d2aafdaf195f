//! Raw bytes into a connection, in arbitrary pieces.
//!
//! An input is a line of controls, and then what the client sends. The controls choose the limits, what the app does,
//! how the client ends, and the pieces.

use std::task::Context;
use std::time::Duration;

use arbitrary::Unstructured;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use kino_engine::{
    BodyReader, BodyWriter, Exchange, ReadError, Readable, Response, ResponseBody, ResponseSender, Settings, Take,
    Wake, Worker, Writable, fuzzing,
};

use super::reference::{self, Ends, Meaning, Request};
use super::response::{self, ClientResponse, End, Parsed};
use super::run::{App, HEAD, LONG, Run, block_on, closes, settings};

/// Longer inputs find nothing more.
const MOST_BYTES: usize = 8 * 1024;

/// The app reads this many bytes at a time, fewer than a body has.
const MOST_READ: usize = 50;

/// Splits are tried at each of the first bytes, up to this many.
const MOST_SPLITS: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Reads all of the body and sends it back.
    Echo,
    /// Streams each chunk back as it comes.
    Stream,
    /// Answers without reading.
    Ignore,
    /// Answers after the first chunk.
    First,
    /// Answers first, then reads.
    Late,
    /// Does not answer.
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// Stays until the server closes.
    Waits,
    /// Ends its sending side when it has its responses.
    HalfCloses,
    /// Leaves as soon as everything is sent.
    Leaves,
}

pub fn run(data: &[u8]) {
    let data = &data[..data.len().min(MOST_BYTES)];
    let end = data.iter().position(|byte| *byte == b'\n');
    let (controls, sent) = end.map_or((&data[..0], data), |end| (&data[..end], &data[end + 1..]));
    let mut controls = Unstructured::new(controls);
    let settings = choose_settings(&mut controls);
    splits(&sent[..sent.len().min(MOST_SPLITS)], &settings);
    block_on(converse(controls, sent, settings));
}

/// When the controls are used up, the first choice is taken.
fn choose<T: Copy>(controls: &mut Unstructured<'_>, from: &[T]) -> T {
    *controls.choose(from).unwrap_or(&from[0])
}

fn choose_settings(controls: &mut Unstructured<'_>) -> Settings {
    let wide = settings();
    let (max_head_size, max_target_size, max_headers) = choose(
        controls,
        &[(wide.max_head_size, wide.max_target_size, wide.max_headers), (300, 60, 6), (200, 100, 100)],
    );
    Settings {
        max_head_size,
        max_target_size,
        max_headers,
        inherited: None,
        request_timeout: None,
        max_body_size: choose(controls, &[None, Some(20), Some(0)]),
        max_requests: choose(controls, &[None, Some(2), Some(1)]),
        ..wide
    }
}

/// The verdict on a head or body does not depend on the pieces in which it comes.
fn splits(sent: &[u8], settings: &Settings) {
    let mut decided = None;
    for end in 0..=sent.len() {
        let verdict = fuzzing::head(&sent[..end], settings);
        match (&decided, verdict) {
            (None, Ok(None)) => {}
            (None, verdict) => decided = Some((end, verdict)),
            (Some((_, Ok(first))), Ok(then)) => assert_eq!(first, &then),
            (Some((_, Err(_))), Err(_)) => {}
            (Some(first), then) => panic!("at {} {:?}, and at {end} {then:?}", first.0, first.1),
        }
    }
    let start = match decided {
        Some((_, Ok(Some((length, _))))) => length,
        _ => 0,
    };
    let whole = fuzzing::chunks([&sent[start..]]);
    assert_eq!(whole, fuzzing::chunks(sent[start..].chunks(1)));
    assert_eq!(whole, fuzzing::chunks(sent[start..].chunks(7)));
}

async fn converse(mut controls: Unstructured<'_>, sent: &[u8], settings: Settings) {
    let buffer = choose(&mut controls, &[64 * 1024, 16, 300]);
    let plan = choose(&mut controls, &[Plan::Echo, Plan::Stream, Plan::Ignore, Plan::First, Plan::Late, Plan::Drop]);
    let leaving = choose(&mut controls, &[Leaving::Waits, Leaving::HalfCloses, Leaving::Leaves]);
    let meaning = reference::read(sent, &settings);
    let app = Reader { plan, max_body_size: settings.max_body_size, current: None, seen: Vec::new() };
    let mut run = Run::new(&settings, buffer, app);
    let is_on_time = send(&mut run, &mut controls, sent).await;
    if leaving != Leaving::Leaves {
        run.settle().await;
        if leaving == Leaving::HalfCloses {
            run.half_close().await;
        }
        run.wait(LONG).await;
        let all = is_on_time.then_some(leaving);
        check_answers(&run.received, &run.app, &meaning, all);
        assert!(run.eof, "no deadline has closed the connection");
    }
    let app = run.leave().await;
    check_requests(&app, &meaning, is_on_time && leaving == Leaving::Waits);
}

/// Sends in pieces. Returns whether it did so without a pause and without a stop of the server.
async fn send(run: &mut Run<Reader>, controls: &mut Unstructured<'_>, mut left: &[u8]) -> bool {
    let mut is_on_time = true;
    while !left.is_empty() {
        let length = match controls.arbitrary::<u8>().unwrap_or(0) {
            0 => left.len(),
            255 => {
                is_on_time = false;
                run.stop();
                0
            }
            254 => {
                is_on_time = false;
                run.wait(Duration::from_secs(HEAD + 1)).await;
                0
            }
            length => usize::from(length).min(left.len()),
        };
        run.send(&left[..length]).await;
        left = &left[length..];
    }
    is_on_time
}

/// What the worker saw of one request.
#[derive(Debug)]
struct Seen {
    head: kino_engine::RequestHead,
    read: Vec<u8>,
    end: Option<Result<(), ReadError>>,
}

/// The request in current.
struct Current {
    body: BodyReader,
    reply: Option<ResponseSender>,
    writer: Option<BodyWriter>,
    /// What was read and not written.
    pending: Option<Bytes>,
    may_read: bool,
    may_write: bool,
}

struct Reader {
    plan: Plan,
    max_body_size: Option<u64>,
    current: Option<Current>,
    seen: Vec<Seen>,
}

impl App for Reader {
    fn step(&mut self, worker: &Worker, _cx: &mut Context<'_>) -> bool {
        let Some(mut current) = self.current.take() else {
            let Take::Exchange(exchange) = worker.try_take() else { return false };
            self.begin(*exchange);
            return true;
        };
        let (moved, is_done) = self.go_on(&mut current);
        if !is_done {
            self.current = Some(current);
        }
        moved || is_done
    }
}

impl Reader {
    fn begin(&mut self, exchange: Exchange) {
        let Exchange { head, body, reply, .. } = exchange;
        self.seen.push(Seen { head, read: Vec::new(), end: None });
        let (mut reply, mut writer) = (Some(reply), None);
        match self.plan {
            Plan::Echo | Plan::First => {}
            Plan::Stream => writer = reply.take().and_then(|reply| reply.stream(self.response(""), None).ok()),
            Plan::Late => {
                let _ = reply.take().map(|reply| reply.send(self.response("late")));
            }
            Plan::Ignore => {
                drop(body);
                let _ = reply.take().map(|reply| reply.send(self.response("ignored")));
                return;
            }
            Plan::Drop => return,
        }
        self.current = Some(Current { body, reply, writer, pending: None, may_read: true, may_write: true });
    }

    fn response(&self, body: impl Into<Bytes>) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert("x-n", HeaderValue::from(self.seen.len() as u64 - 1));
        Response { status: StatusCode::OK, headers, body: ResponseBody::full(body.into()) }
    }

    /// Whether anything was done, and whether everything is.
    fn go_on(&mut self, current: &mut Current) -> (bool, bool) {
        if let Some(chunk) = current.pending.take() {
            return Self::write(current, chunk);
        }
        // Only after a wake-up, so that a lost one is noticed.
        current.may_read |= current.body.parker().park(Duration::ZERO) == Wake::Unparked;
        if !std::mem::take(&mut current.may_read) {
            return (false, false);
        }
        let read = current.body.try_read(MOST_READ);
        match read {
            Ok(Readable::Pending) => (false, false),
            Ok(Readable::Chunk(chunk)) => {
                assert!(!chunk.is_empty());
                current.may_read = true;
                self.last().read.extend_from_slice(&chunk);
                if current.writer.is_some() {
                    current.pending = Some(chunk);
                }
                if self.plan == Plan::First {
                    self.answer(current);
                }
                (true, self.plan == Plan::First)
            }
            Ok(Readable::End) => {
                assert!(current.body.is_finished());
                self.last().end = Some(Ok(()));
                self.answer(current);
                (true, true)
            }
            Err(error) => {
                if let (ReadError::TooLarge { limit }, Some(most)) = (&error, self.max_body_size) {
                    assert_eq!(*limit, most);
                }
                self.last().end = Some(Err(error));
                (true, true)
            }
        }
    }

    fn write(current: &mut Current, chunk: Bytes) -> (bool, bool) {
        let Some(writer) = &mut current.writer else { return (true, true) };
        current.may_write |= writer.parker().park(Duration::ZERO) == Wake::Unparked;
        if !std::mem::take(&mut current.may_write) {
            current.pending = Some(chunk);
            return (false, false);
        }
        match writer.try_write(chunk) {
            Ok(Writable::Written) => {
                current.may_write = true;
                (true, false)
            }
            Ok(Writable::Full(chunk)) => {
                current.pending = Some(chunk);
                (false, false)
            }
            Err(_) => (true, true),
        }
    }

    fn answer(&mut self, current: &mut Current) {
        let body = self.last().read.clone();
        if let Some(reply) = current.reply.take() {
            let _ = reply.send(self.response(body));
        }
        if let Some(writer) = current.writer.take() {
            writer.finish();
        }
    }

    fn last(&mut self) -> &mut Seen {
        self.seen.last_mut().expect("a request is in current")
    }
}

/// Workers see the requests in the bytes, in order, and nothing else.
fn check_requests(app: &Reader, meaning: &Meaning, is_patient: bool) {
    assert!(app.seen.len() <= meaning.requests.len(), "too many requests: {:?}", app.seen);
    for (seen, request) in app.seen.iter().zip(&meaning.requests) {
        check_head(seen, request);
        assert!(request.body.starts_with(&seen.read), "the body was {:?}", seen.read);
        match &seen.end {
            Some(Ok(())) => assert_eq!((request.ends, &seen.read), (Ends::Complete, &request.body)),
            // An unfinished line may be bad already.
            Some(Err(ReadError::Malformed)) => assert_ne!(request.ends, Ends::Complete),
            Some(Err(ReadError::TooLarge { limit })) => assert!(request.body.len() as u64 > *limit),
            Some(Err(ReadError::Stalled)) => assert!(request.ends == Ends::Incomplete || !is_patient),
            Some(Err(ReadError::Gone)) if is_patient && app.plan == Plan::Echo => panic!("nobody has left"),
            Some(Err(_)) | None => {}
        }
    }
}

fn check_head(seen: &Seen, request: &Request) {
    let head = &seen.head;
    assert_eq!(head.method().as_str(), request.method);
    assert_eq!(head.version(), if request.is_1_0 { Version::HTTP_10 } else { Version::HTTP_11 });
    let (rest, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let path = match rest.split_once("://") {
        Some((_, rest)) if !request.target.starts_with('/') => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => rest,
    };
    assert_eq!((head.path(), head.query()), (path, query));
    for name in head.headers().keys() {
        let values: Vec<_> = head.headers().get_all(name).iter().map(HeaderValue::as_bytes).collect();
        let mut wanted: Vec<_> = request.values(name.as_str()).collect();
        if name == "content-length" {
            wanted.truncate(1);
        }
        assert_eq!(values, wanted, "{name}");
    }
    for (name, _) in &request.headers {
        assert!(head.headers().contains_key(name), "{name} is lost");
    }
    let _ = head.server();
}

/// The responses are well-formed and in order, and no request is left without one. `all` is how the client left, if it
/// was quick enough to get them all.
fn check_answers(received: &[u8], app: &Reader, meaning: &Meaning, all: Option<Leaving>) {
    let mut rest = received;
    let mut answers: Vec<ClientResponse> = Vec::new();
    loop {
        let request = meaning.requests.get(answers.len());
        match response::parse(rest, request.map_or(is_head(&meaning.rest), |request| request.method == "HEAD")) {
            Parsed::Nothing => break,
            Parsed::PartialHead => {
                // A response that breaks off while the client is slow may have sent any part of its head.
                let end = app.seen.get(answers.len()).and_then(|seen| seen.end.as_ref());
                let is_broken = app.plan == Plan::Stream && !matches!(end, Some(Ok(())));
                assert!(is_broken, "half a head: {:?}", String::from_utf8_lossy(rest));
                return;
            }
            Parsed::Response(answer) if answer.status == 100 => {
                let request = request.expect("100 for no request");
                let expects = request.values("expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"));
                assert!(expects && !request.is_1_0, "100 that nobody expects");
                assert!(app.seen.len() > answers.len(), "100 before a worker has it");
                rest = &rest[answer.length..];
            }
            Parsed::Response(answer) => {
                rest = &rest[answer.length..];
                // The head was late before it was recognised as HEAD.
                if answer.status == 408 && answer.header("x-n").is_none() {
                    rest = rest.strip_prefix(b"408 Request Timeout\n").unwrap_or(rest);
                }
                check_answer(&answer, answers.len(), app, request);
                answers.push(answer);
            }
        }
    }
    let most = meaning.requests.len() + usize::from(meaning.refused || meaning.unfinished);
    assert!(answers.len() <= most, "{most} requests and {answers:?}");
    let before = answers.len().saturating_sub(1);
    assert!(answers[..before].iter().all(|answer| !closes(answer)), "more after the last: {answers:?}");
    if let Some(leaving) = all {
        check_all(&answers, app, meaning, leaving);
    }
}

fn is_head(mut bytes: &[u8]) -> bool {
    while let [b'\r', b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes.starts_with(b"HEAD ")
}

fn check_answer(answer: &ClientResponse, at: usize, app: &Reader, request: Option<&Request>) {
    assert_eq!(answer.values("date").count(), 1, "{answer:?}");
    let number = answer.values("x-n").next();
    let Some(number) = number else {
        assert!(answer.status >= 400, "{answer:?}");
        // hyper's own responses have no text: what it refuses, the transport should have refused and counted.
        assert!(answer.values("content-type").eq([b"text/plain; charset=utf-8"]), "{answer:?}");
        assert_eq!(answer.end, End::Complete);
        assert!(app.plan == Plan::Drop || closes(answer) || answer.status == 500, "{answer:?}");
        return;
    };
    assert_eq!(number, at.to_string().as_bytes(), "answers out of order");
    assert!(request.is_some_and(|request| request.is_1_0 == answer.is_1_0));
    let seen = &app.seen[at];
    let is_whole = matches!(seen.end, Some(Ok(())));
    assert!(answer.end != End::Truncated || (app.plan == Plan::Stream && !is_whole), "{answer:?}");
    if matches!(app.plan, Plan::Echo | Plan::Stream | Plan::First) && seen.head.method() != "HEAD" {
        assert!(seen.read.starts_with(&answer.body));
        assert!(!is_whole || seen.read == answer.body, "{answer:?}");
        assert!(is_whole || app.plan != Plan::Stream || answer.end != End::Complete, "half an answer looks whole");
    }
}

/// After a response that does not close, the next request has one, too.
fn check_all(answers: &[ClientResponse], app: &Reader, meaning: &Meaning, leaving: Leaving) {
    if answers.last().is_some_and(closes) {
        return;
    }
    // An unread body closes the connection without a word.
    let last = answers.len().saturating_sub(1);
    let is_unread = |at: usize| {
        let is_read = matches!(app.seen.get(at).and_then(|seen| seen.end.as_ref()), Some(Ok(())));
        meaning.requests.get(at).is_some_and(|request| !request.body.is_empty() || request.ends != Ends::Complete)
            && !is_read
    };
    if !answers.is_empty() && is_unread(last) {
        return;
    }
    let Some(next) = meaning.requests.get(answers.len()) else {
        assert!(!meaning.refused || answers.len() > meaning.requests.len(), "a refusal without an answer");
        return;
    };
    let was_cut = next.ends != Ends::Complete && leaving == Leaving::HalfCloses;
    assert!(was_cut, "no answer to {next:?} after {answers:?}");
}
