//! Two clients of HTTP/2: one that behaves, by h2, and one that sends any bytes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Request, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::support::{HANG, Running};

/// A client that behaves. Its connection is driven by a thread of its own.
pub(crate) struct Http2 {
    runtime: Runtime,
    pub(crate) send: SendRequest<Bytes>,
    end: Option<JoinHandle<Result<(), h2::Error>>>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) fn get(path: &str) -> Request<()> {
    request("GET", path)
}

pub(crate) fn request(method: &str, path: &str) -> Request<()> {
    Request::builder().method(method).uri(format!("http://test{path}")).body(()).unwrap()
}

impl Http2 {
    pub(crate) fn new(running: &Running) -> Self {
        Self::connect(running.server.tcp_address().unwrap(), h2::client::Builder::new())
    }

    pub(crate) fn connect(address: SocketAddr, builder: h2::client::Builder) -> Self {
        let stream = async move { tokio::net::TcpStream::connect(address).await.unwrap() };
        Self::over(stream, builder)
    }

    /// Over TLS, with ALPN.
    pub(crate) fn encrypted(address: SocketAddr, mut config: ClientConfig, host: &'static str) -> Self {
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = async move {
            let stream = tokio::net::TcpStream::connect(address).await.unwrap();
            let name = ServerName::try_from(host).unwrap();
            let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            stream
        };
        Self::over(stream, h2::client::Builder::new())
    }

    fn over<S>(stream: impl Future<Output = S>, builder: h2::client::Builder) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (send, end) = runtime.block_on(async {
            let (send, connection) = builder.handshake(stream.await).await.unwrap();
            (send, tokio::spawn(connection))
        });
        Self { runtime, send, end: Some(end) }
    }

    /// Waits for `future`, but not for ever.
    pub(crate) fn wait<F: Future>(&self, future: F) -> F::Output {
        self.runtime.block_on(async { timeout(HANG, future).await.expect("the server hangs") })
    }

    pub(crate) fn start(&mut self, request: Request<()>, is_over: bool) -> (ResponseFuture, SendStream<Bytes>) {
        let ready = self.wait(self.send.clone().ready()).unwrap();
        self.send = ready;
        self.send.send_request(request, is_over).unwrap()
    }

    pub(crate) fn fetch(&mut self, request: Request<()>) -> Answer {
        let (response, _) = self.start(request, true);
        self.answer(response)
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.fetch(get(path))
    }

    /// Sends a request with a body, as the windows let it.
    pub(crate) fn post(&mut self, path: &str, body: impl Into<Bytes>) -> Answer {
        let (response, mut stream) = self.start(request("POST", path), false);
        self.send_all(&mut stream, body.into()).unwrap();
        self.answer(response)
    }

    pub(crate) fn send_all(&self, stream: &mut SendStream<Bytes>, mut body: Bytes) -> Result<(), h2::Error> {
        while !body.is_empty() {
            stream.reserve_capacity(body.len());
            let room = self.wait(std::future::poll_fn(|cx| stream.poll_capacity(cx)));
            let Some(room) = room.transpose()? else { return Ok(()) };
            stream.send_data(body.split_to(room.min(body.len())), false)?;
        }
        stream.send_data(Bytes::new(), true)
    }

    pub(crate) fn answer(&self, response: ResponseFuture) -> Answer {
        self.try_answer(response).unwrap()
    }

    pub(crate) fn try_answer(&self, response: ResponseFuture) -> Result<Answer, h2::Error> {
        let (head, mut stream) = self.wait(response)?.into_parts();
        let body = self.read_all(&mut stream)?;
        Ok(Answer { status: head.status, headers: head.headers, body })
    }

    /// The head of the response, and its body.
    pub(crate) fn head(&self, response: ResponseFuture) -> (StatusCode, RecvStream) {
        let (head, stream) = self.wait(response).unwrap().into_parts();
        (head.status, stream)
    }

    pub(crate) fn read_all(&self, stream: &mut RecvStream) -> Result<Vec<u8>, h2::Error> {
        let mut body = Vec::new();
        while let Some(data) = self.wait(stream.data()) {
            let data = data?;
            stream.flow_control().release_capacity(data.len()).unwrap();
            body.extend_from_slice(&data);
        }
        Ok(body)
    }

    /// The next piece of a body.
    pub(crate) fn read(&self, stream: &mut RecvStream) -> Bytes {
        let data = self.wait(stream.data()).unwrap().unwrap();
        stream.flow_control().release_capacity(data.len()).unwrap();
        data
    }

    /// Waits until the server has closed the connection. Returns the error that it gave, if it was one.
    pub(crate) fn closed(&mut self) -> Option<h2::Error> {
        let end = self.end.take().unwrap();
        self.wait(end).unwrap().err()
    }
}

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) id: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The error code of RST_STREAM or GOAWAY.
    pub(crate) fn code(&self) -> u32 {
        let at = if self.kind == GOAWAY { 4 } else { 0 };
        u32::from_be_bytes(self.payload[at..at + 4].try_into().unwrap())
    }

    /// The last stream that GOAWAY names.
    pub(crate) fn last_id(&self) -> u32 {
        u32::from_be_bytes(self.payload[..4].try_into().unwrap())
    }
}

pub(crate) fn frame(kind: u8, flags: u8, id: u32, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u32;
    [&length.to_be_bytes()[1..], &[kind, flags], &id.to_be_bytes(), payload].concat()
}

/// A header block without compression (RFC 7541 section 6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            integer(&mut block, text.len());
            block.extend_from_slice(text.as_bytes());
        }
    }
    block
}

/// With a prefix of 7 bits (RFC 7541 section 5.1).
fn integer(out: &mut Vec<u8>, number: usize) {
    if number < 127 {
        return out.push(number as u8);
    }
    out.push(127);
    let mut rest = number - 127;
    while rest >= 128 {
        out.push((rest % 128 + 128) as u8);
        rest /= 128;
    }
    out.push(rest as u8);
}

/// What every request needs, and `more`.
pub(crate) fn fields<'a>(method: &'a str, more: &[(&'a str, &'a str)]) -> Vec<u8> {
    let pseudo = [(":method", method), (":scheme", "http"), (":path", "/"), (":authority", "test")];
    block(&[&pseudo, more].concat())
}

/// More bytes than the sockets hold, and than the server reads of a client that it has given up.
const FLOOD: usize = 64 * 1024 * 1024;

/// A client that sends any bytes, and reads frames.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
}

impl Raw {
    /// Connects, and sends the preface and empty SETTINGS.
    pub(crate) fn new(running: &Running) -> Self {
        let mut raw = Self::silent(running.server.tcp_address().unwrap());
        raw.send(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat());
        raw
    }

    pub(crate) fn silent(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.set_write_timeout(Some(HANG)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    /// Sends frames until the server takes no more of them, which it must before [`FLOOD`].
    pub(crate) fn flood(&mut self, what: &str, mut frames: impl FnMut(u32) -> Vec<u8>) {
        let mut sent = 0;
        for count in 0.. {
            let bytes = frames(count);
            if self.stream.write_all(&bytes).is_err() {
                return;
            }
            sent += bytes.len();
            assert!(sent < FLOOD, "{what}: the server takes all");
        }
    }

    pub(crate) fn get(&mut self, id: u32) {
        self.send(&frame(HEADERS, END_HEADERS | END_STREAM, id, &fields("GET", &[])));
    }

    /// The next frame; None at the end of the connection.
    pub(crate) fn try_frame(&mut self) -> Option<Frame> {
        let mut header = [0; 9];
        self.read(&mut header)?;
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; length as usize];
        self.read(&mut payload)?;
        let id = u32::from_be_bytes(header[5..].try_into().unwrap());
        Some(Frame { kind: header[3], flags: header[4], id, payload })
    }

    fn read(&mut self, bytes: &mut [u8]) -> Option<()> {
        match self.stream.read_exact(bytes) {
            Ok(()) => Some(()),
            Err(error) => {
                let is_late = matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut);
                assert!(!is_late, "the server hangs");
                None
            }
        }
    }

    /// The next frame of this kind. Those before it are dropped; PING and SETTINGS are not answered.
    pub(crate) fn await_frame(&mut self, kind: u8) -> Frame {
        loop {
            let frame = self.try_frame().unwrap_or_else(|| panic!("the connection ends without a frame {kind}"));
            if frame.kind == kind {
                return frame;
            }
        }
    }

    /// The next frame of this stream.
    pub(crate) fn await_frame_of(&mut self, id: u32) -> Frame {
        loop {
            let frame = self.try_frame().unwrap_or_else(|| panic!("the connection ends without a frame of {id}"));
            if frame.id == id {
                return frame;
            }
        }
    }

    /// Reads on to the end of the connection, and returns what came.
    pub(crate) fn rest(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.try_frame()).collect()
    }

    /// The code of the last GOAWAY before the end of the connection.
    pub(crate) fn end(&mut self) -> Option<u32> {
        self.rest().iter().rev().find(|frame| frame.kind == GOAWAY).map(Frame::code)
    }
}
