//! Raw bytes into a connection, in arbitrary pieces.
//!
//! An input is a line of controls, followed by the bytes that the client sends. The controls choose the limits, what
//! the app does, how the client leaves, and the pieces.

use std::task::Context;
use std::time::Duration;

use arbitrary::Unstructured;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use kino_engine::{
    BodyReader, BodyWriter, Exchange, ReadError, Readable, Response, ResponseBody, ResponseSender, Settings, Take,
    Wake, Worker, Writable, fuzzing,
};

use super::client::{ClientResponse, End, HeadError};
use super::reference::{self, Ends, Meaning, Request};
use super::run::{App, HEAD, LONG, Run, block_on, settings};

/// Longer inputs find nothing new.
const MOST_BYTES: usize = 8 * 1024;

/// Bytes per read of the app, fewer than a body has.
const MOST_READ: usize = 50;

/// Splits are tried at every byte up to this one.
const MOST_SPLITS: usize = 512;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Reads the whole body and sends it back.
    Echo,
    /// Streams each chunk back as it arrives.
    Stream,
    /// Responds without reading.
    Ignore,
    /// Responds after the first chunk.
    First,
    /// Responds first, then reads.
    Late,
    /// Drops the exchange.
    Drop,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// Waits until the server closes.
    Waits,
    /// Shuts its sending side down once it has its responses.
    HalfCloses,
    /// Disconnects as soon as everything is sent.
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

/// Takes the first once the controls are used up.
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
        request_timeout: None,
        max_body_size: choose(controls, &[None, Some(20), Some(0)]),
        max_requests: choose(controls, &[None, Some(2), Some(1)]),
        ..wide
    }
}

/// The verdict on a head or body does not depend on the pieces in which it arrives.
fn splits(sent: &[u8], settings: &Settings) {
    let mut decided = None;
    for end in 0..=sent.len() {
        let verdict = fuzzing::head(&sent[..end], settings);
        match (&decided, verdict) {
            (None, Ok(None)) => {}
            (None, verdict) => decided = Some((end, verdict)),
            (Some((_, Ok(first))), Ok(then)) => assert_eq!(first, &then),
            (Some((_, Err(first))), Err(then)) => assert_eq!(first, &then, "at {end}"),
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
        check_responses(&run.received, &run.app, &meaning, all);
        assert!(run.eof, "no deadline has closed the connection");
    }
    let app = run.leave().await;
    check_requests(&app, &meaning, is_on_time && leaving == Leaving::Waits);
}

/// Sends in pieces. Returns whether there was neither a pause nor a stop of the server.
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

/// What the worker has seen of one request.
#[derive(Debug)]
struct Seen {
    head: kino_engine::RequestHead,
    read: Vec<u8>,
    end: Option<Result<(), ReadError>>,
}

/// The request that the app works on.
struct CurrentRequest {
    body: BodyReader,
    reply: Option<ResponseSender>,
    writer: Option<BodyWriter>,
    /// A chunk that is read but not written yet.
    pending: Option<Bytes>,
    may_read: bool,
    may_write: bool,
}

struct Reader {
    plan: Plan,
    max_body_size: Option<u64>,
    current: Option<CurrentRequest>,
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
        self.current = Some(CurrentRequest { body, reply, writer, pending: None, may_read: true, may_write: true });
    }

    fn response(&self, body: impl Into<Bytes>) -> Response {
        let mut headers = HeaderMap::new();
        headers.insert("x-n", HeaderValue::from(self.seen.len() as u64 - 1));
        Response { status: StatusCode::OK, headers, body: ResponseBody::full(body.into()) }
    }

    /// Returns whether it made progress, and whether it is finished.
    fn go_on(&mut self, current: &mut CurrentRequest) -> (bool, bool) {
        if let Some(chunk) = current.pending.take() {
            return Self::write(current, chunk);
        }
        // Only after a wake-up: polling anyway would hide a lost one.
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
                    self.respond(current);
                }
                (true, self.plan == Plan::First)
            }
            Ok(Readable::End) => {
                assert!(current.body.is_finished());
                self.last().end = Some(Ok(()));
                self.respond(current);
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

    fn write(current: &mut CurrentRequest, chunk: Bytes) -> (bool, bool) {
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

    fn respond(&mut self, current: &mut CurrentRequest) {
        let body = self.last().read.clone();
        if let Some(reply) = current.reply.take() {
            let _ = reply.send(self.response(body));
        }
        if let Some(writer) = current.writer.take() {
            writer.finish();
        }
    }

    fn last(&mut self) -> &mut Seen {
        self.seen.last_mut().expect("the app works on a request")
    }
}

/// Workers see exactly the requests that the reference parser finds, in order.
fn check_requests(app: &Reader, meaning: &Meaning, is_patient: bool) {
    assert!(app.seen.len() <= meaning.requests.len(), "too many requests: {:?}", app.seen);
    for (seen, request) in app.seen.iter().zip(&meaning.requests) {
        check_head(seen, request);
        assert!(request.body.starts_with(&seen.read), "the body was {:?}", seen.read);
        match &seen.end {
            Some(Ok(())) => assert_eq!((request.ends, &seen.read), (Ends::Complete, &request.body)),
            // An incomplete line may already be malformed.
            Some(Err(ReadError::Malformed)) => assert_ne!(request.ends, Ends::Complete),
            Some(Err(ReadError::TooLarge { limit })) => assert!(request.body.len() as u64 > *limit),
            Some(Err(ReadError::Stalled)) => assert!(request.ends == Ends::Incomplete || !is_patient),
            Some(Err(ReadError::Gone)) if is_patient && app.plan == Plan::Echo => panic!("the client has not left"),
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

/// The responses are well-formed and in order, and every request gets one. `all` is how the client left, if it was
/// quick enough to get them all.
fn check_responses(received: &[u8], app: &Reader, meaning: &Meaning, all: Option<Leaving>) {
    let mut rest = received;
    let mut responses: Vec<ClientResponse> = Vec::new();
    loop {
        let request = meaning.requests.get(responses.len());
        let before = rest;
        let to_head = request.map_or(is_head(&meaning.rest), |request| request.method == "HEAD");
        match ClientResponse::read(&mut rest, to_head) {
            Err(HeadError::Closed) => break,
            Err(HeadError::Cut) => {
                // A response that breaks off while the client is slow may end within its head.
                let end = app.seen.get(responses.len()).and_then(|seen| seen.end.as_ref());
                let is_broken = app.plan == Plan::Stream && !matches!(end, Some(Ok(())));
                assert!(is_broken, "half a head: {:?}", String::from_utf8_lossy(before));
                return;
            }
            Ok(response) if response.status == 100 => {
                let request = request.expect("100 for no request");
                let expects = request.values("expect").any(|value| value.eq_ignore_ascii_case(b"100-continue"));
                assert!(expects && !request.is_1_0, "100 that the client does not expect");
                assert!(app.seen.len() > responses.len(), "100 before a worker has it");
            }
            Ok(response) => {
                // The head timed out before its method was known to be HEAD.
                if response.status == 408 && response.values("x-n").next().is_none() {
                    rest = rest.strip_prefix(b"408 Request Timeout\n").unwrap_or(rest);
                }
                check_response(&response, responses.len(), app, request);
                responses.push(response);
            }
        }
    }
    let most = meaning.requests.len() + usize::from(meaning.refused || meaning.unfinished);
    assert!(responses.len() <= most, "{most} requests and {responses:?}");
    let before = responses.len().saturating_sub(1);
    assert!(responses[..before].iter().all(|response| !response.closes()), "more after the last: {responses:?}");
    if let Some(leaving) = all {
        check_all(&responses, app, meaning, leaving);
    }
}

fn is_head(mut bytes: &[u8]) -> bool {
    while let [b'\r', b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes.starts_with(b"HEAD ")
}

fn check_response(response: &ClientResponse, at: usize, app: &Reader, request: Option<&Request>) {
    assert_eq!(response.values("date").count(), 1, "{response:?}");
    let number = response.values("x-n").next();
    let Some(number) = number else {
        assert!(response.status >= 400, "{response:?}");
        // hyper's own refusals have no text: the transport should have refused the request, and counted it.
        assert!(response.values("content-type").eq([b"text/plain; charset=utf-8"]), "{response:?}");
        assert_eq!(response.end, End::Complete);
        assert!(app.plan == Plan::Drop || response.closes() || response.status == 500, "{response:?}");
        return;
    };
    assert_eq!(number, at.to_string().as_bytes(), "responses out of order");
    assert!(request.is_some_and(|request| request.is_1_0 == response.is_1_0));
    let seen = &app.seen[at];
    let is_whole = matches!(seen.end, Some(Ok(())));
    assert!(response.end != End::Cut || (app.plan == Plan::Stream && !is_whole), "{response:?}");
    if matches!(app.plan, Plan::Echo | Plan::Stream | Plan::First) && seen.head.method() != "HEAD" {
        assert!(seen.read.starts_with(&response.body));
        assert!(!is_whole || seen.read == response.body, "{response:?}");
        assert!(
            is_whole || app.plan != Plan::Stream || response.end != End::Complete,
            "half a response looks complete"
        );
    }
}

/// After a response that does not close, the next request gets one too.
fn check_all(responses: &[ClientResponse], app: &Reader, meaning: &Meaning, leaving: Leaving) {
    if responses.last().is_some_and(ClientResponse::closes) {
        return;
    }
    // A body that the app has not read closes the connection without an announcement.
    let last = responses.len().saturating_sub(1);
    let is_unread = |at: usize| {
        let is_read = matches!(app.seen.get(at).and_then(|seen| seen.end.as_ref()), Some(Ok(())));
        meaning.requests.get(at).is_some_and(|request| !request.body.is_empty() || request.ends != Ends::Complete)
            && !is_read
    };
    if !responses.is_empty() && is_unread(last) {
        return;
    }
    let Some(next) = meaning.requests.get(responses.len()) else {
        assert!(!meaning.refused || responses.len() > meaning.requests.len(), "a refusal without a response");
        return;
    };
    let was_cut = next.ends != Ends::Complete && leaving == Leaving::HalfCloses;
    assert!(was_cut, "no response to {next:?} after {responses:?}");
}
