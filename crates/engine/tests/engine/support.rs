//! A server with workers, and a client that speaks bytes.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use kino_engine::{
    BodyReader, BodyWriter, Exchange, ReadError, Readable, Response, ResponseBody, Server, Settings, Take, Wake,
    Writable, WriteError,
};

/// Longer than any test takes; whoever waits this long hangs.
pub(crate) const HANG: Duration = Duration::from_secs(20);

/// Long enough for a client that is on time, short enough to wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

pub(crate) fn settings() -> Settings {
    Settings {
        host: "127.0.0.1".into(),
        port: 0,
        io_threads: 1,
        shards: crate::SHARDS,
        lanes: crate::LANES,
        batch: crate::BATCH,
        queue_depth: 1024,
        queue_timeout: Duration::from_secs(5),
        max_head_size: 64 * 1024,
        max_target_size: 8 * 1024,
        max_headers: 100,
        head_timeout: HANG,
        keep_alive_timeout: HANG,
        body_timeout: HANG,
        send_timeout: Some(HANG),
        linger_timeout: HANG,
        max_connections: 10_000,
        max_requests: None,
        inherited: None,
        request_timeout: None,
        max_body_size: Some(1024 * 1024),
    }
}

/// A server whose workers call `app` for each exchange.
pub(crate) struct Running {
    pub(crate) server: Arc<Server>,
    workers: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn new(settings: Settings, workers: usize, app: impl Fn(Exchange) + Send + Sync + 'static) -> Self {
        let server = Arc::new(Server::start(&settings).unwrap());
        let app = Arc::new(app);
        let workers = (0..workers)
            .map(|index| {
                let (worker, app) = (server.worker_of(index), Arc::clone(&app));
                std::thread::spawn(move || {
                    loop {
                        match worker.take(HANG) {
                            Take::Exchange(exchange) => app(*exchange),
                            Take::Interrupted => {}
                            Take::Closed => return,
                            Take::Empty => panic!("no request within {HANG:?}"),
                        }
                    }
                })
            })
            .collect();
        Self { server, workers }
    }

    pub(crate) fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.server.address()).unwrap())
    }

    /// Waits until the counters are as `wanted`.
    pub(crate) fn await_stats(&self, what: &str, wanted: impl Fn(kino_engine::Snapshot) -> bool) {
        await_stats(&self.server, what, wanted);
    }

    /// A clean stop; every worker must have left.
    pub(crate) fn stop(self) {
        assert!(self.server.drain(HANG), "connections left: {:?}", self.server.stats());
        self.server.close();
        for worker in self.workers {
            worker.join().unwrap();
        }
        self.server.shutdown();
        assert_eq!(self.server.stats().in_flight, 0);
        assert_eq!(self.server.stats().queued, 0);
    }
}

/// Polls the counters: they have no event to wait on, and none is worth its cost.
pub(crate) fn await_stats(server: &Server, what: &str, wanted: impl Fn(kino_engine::Snapshot) -> bool) {
    let deadline = Instant::now() + HANG;
    while !wanted(server.stats()) {
        assert!(Instant::now() < deadline, "{what}: {:?}", server.stats());
        std::thread::yield_now();
    }
}

pub(crate) fn ok(body: impl Into<Bytes>) -> Response {
    Response { status: StatusCode::OK, headers: HeaderMap::new(), body: ResponseBody::full(body.into()) }
}

/// Reads the whole request body, waiting as a worker would.
pub(crate) fn read_all(exchange: &mut Exchange) -> Result<Vec<u8>, ReadError> {
    read_body(&mut exchange.body)
}

pub(crate) fn read_body(body: &mut BodyReader) -> Result<Vec<u8>, ReadError> {
    let mut all = Vec::new();
    loop {
        match body.try_read(10_000)? {
            Readable::Chunk(chunk) => all.extend_from_slice(&chunk),
            Readable::End => return Ok(all),
            Readable::Pending => assert_eq!(body.parker().park(HANG), Wake::Unparked),
        }
    }
}

/// Writes one chunk, waiting for room as a worker would.
pub(crate) fn write(writer: &mut BodyWriter, chunk: impl Into<Bytes>) -> Result<(), WriteError> {
    let mut chunk = chunk.into();
    loop {
        match writer.try_write(chunk)? {
            Writable::Written => return Ok(()),
            Writable::Full(rest) => {
                chunk = rest;
                assert_eq!(writer.parker().park(HANG), Wake::Unparked);
            }
        }
    }
}

/// One answer as it came over the wire.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        Self { stream: BufReader::new(stream) }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
        self
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).answer()
    }

    pub(crate) fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = self.stream.read_line(&mut head).unwrap();
            assert!(read > 0, "the connection closed within a head: {head:?}");
        }
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status line");
        (status, head)
    }

    /// An answer with Content-Length or chunked coding; panics if it is cut.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|(answer, why)| panic!("{why}: {answer:?}"))
    }

    pub(crate) fn try_answer(&mut self) -> Result<Answer, (Answer, String)> {
        let (status, head) = self.head();
        let mut answer = Answer { status, head, body: Vec::new() };
        let length = answer.header("content-length").map(|it| it.parse::<usize>().unwrap());
        let result = match length {
            Some(length) => {
                answer.body.resize(length, 0);
                self.stream.read_exact(&mut answer.body)
            }
            None if answer.header("transfer-encoding").is_some() => self.chunks(&mut answer.body),
            None => Ok(()),
        };
        match result {
            Ok(()) => Ok(answer),
            Err(error) => Err((answer, error.to_string())),
        }
    }

    pub(crate) fn chunks(&mut self, body: &mut Vec<u8>) -> std::io::Result<()> {
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let size = usize::from_str_radix(line.trim(), 16).expect("a chunk size");
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..])?;
            self.stream.read_exact(&mut [0; 2])?;
            if size == 0 {
                return Ok(());
            }
        }
    }

    /// Whether the server closes the connection, with nothing left to read.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
        }
    }
}
