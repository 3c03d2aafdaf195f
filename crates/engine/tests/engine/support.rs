//! A server with workers, and a blocking client.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use kino_engine::{
    BodyReader, BodyWriter, Exchange, ListenerSettings, ReadError, Readable, Response, ResponseBody, Server, Settings,
    Source, Take, Wake, Writable, WriteError,
};

#[path = "../client/response.rs"]
mod response;

pub(crate) use response::{ClientResponse, End, HeadError};

/// Longer than any test takes: a wait of this length is a hang.
pub(crate) const HANG: Duration = Duration::from_secs(20);

/// A timeout that a prompt client meets, and that a test can wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

pub(crate) fn settings() -> Settings {
    Settings {
        listeners: vec![tcp("127.0.0.1", 0)],
        backlog: 1024,
        reuse_port: false,
        trusted_proxies: Default::default(),
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
        handshake_timeout: HANG,
        keep_alive_timeout: HANG,
        body_timeout: HANG,
        send_timeout: Some(HANG),
        linger_timeout: HANG,
        max_connections: 10_000,
        max_requests: None,
        request_timeout: None,
        max_body_size: Some(1024 * 1024),
        http2: true,
        max_streams: 128,
    }
}

pub(crate) fn tcp(host: &str, port: u16) -> ListenerSettings {
    listener(Source::Tcp { host: host.into(), port })
}

pub(crate) fn listener(source: Source) -> ListenerSettings {
    ListenerSettings { source, is_kept: false, tls: None, proxy_protocol: false }
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
        Client::new(TcpStream::connect(self.server.tcp_address().unwrap()).unwrap())
    }

    /// Waits until `wanted` holds for the counters.
    pub(crate) fn await_stats(&self, what: &str, wanted: impl Fn(kino_engine::Snapshot) -> bool) {
        await_stats(&self.server, what, wanted);
    }

    /// Stops cleanly: every worker must leave, and no request may be left.
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

/// Polls the counters. They have no event to wait for: it would cost more than it is worth.
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

impl ClientResponse {
    /// The first value of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(key, _)| key == name)?;
        Some(std::str::from_utf8(value).unwrap())
    }
}

/// A blocking client. Whatever it reads goes through the strict parser of [`ClientResponse`].
pub(crate) struct Client {
    pub(crate) stream: BufReader<TcpStream>,
    /// The server has said that no response follows.
    has_last: bool,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        Self { stream: BufReader::new(stream), has_last: false }
    }

    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
        self
    }

    pub(crate) fn get(&mut self, path: &str) -> ClientResponse {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).response()
    }

    /// Reads the head only, which is the whole response to a HEAD request.
    pub(crate) fn head(&mut self) -> ClientResponse {
        self.receive(ClientResponse::read_head)
    }

    /// Reads the body of a `response` that [`Client::head`] returned.
    pub(crate) fn body(&mut self, response: &mut ClientResponse) {
        response.read_body(&mut self.stream);
        self.has_last = response.closes();
    }

    /// Reads a whole response. Panics if it is cut.
    pub(crate) fn response(&mut self) -> ClientResponse {
        self.try_response().unwrap_or_else(|response| panic!("the response is cut: {response:?}"))
    }

    /// Reads a response. A cut one is the error.
    pub(crate) fn try_response(&mut self) -> Result<ClientResponse, ClientResponse> {
        let response = self.receive(|stream| ClientResponse::read(stream, false));
        if response.end == End::Cut { Err(response) } else { Ok(response) }
    }

    fn receive(
        &mut self,
        read: impl FnOnce(&mut BufReader<TcpStream>) -> Result<ClientResponse, HeadError>,
    ) -> ClientResponse {
        assert!(!self.has_last, "the server has announced the end of the connection");
        let response = read(&mut self.stream).unwrap_or_else(|error| panic!("no head: {error:?}"));
        self.has_last = response.closes();
        response
    }

    /// Whether the server closes the connection, with nothing left to read.
    pub(crate) fn is_closed(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(read) => read == 0,
            Err(error) => !matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut),
        }
    }
}
