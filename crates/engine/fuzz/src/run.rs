//! One connection over an in-memory stream. The client and the app take turns.
//!
//! Everything runs on one thread with tokio's paused clock, so a run is repeatable, deadlines of minutes pass at once,
//! and a lost wake-up shows as a run that makes no progress.

use std::io::ErrorKind;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use kino_engine::fuzzing::Engine;
use kino_engine::{Settings, Worker};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};
use tokio::task::{JoinHandle, yield_now};
use tokio::time::sleep;

/// More turns than any run needs.
const MOST_TURNS: usize = 1_000_000;

/// The timeouts of [`settings`] in seconds. All other waits are chosen around them.
pub(super) const HEAD: u64 = 10;
const IDLE: u64 = 20;
const BODY: u64 = 30;

/// After this long, every deadline has passed.
pub(super) const LONG: Duration = Duration::from_secs(2 * (HEAD + IDLE + BODY));

pub(super) fn settings() -> Settings {
    Settings {
        listeners: Vec::new(),
        backlog: 0,
        reuse_port: false,
        trusted_proxies: Default::default(),
        io_threads: 1,
        shards: 0,
        lanes: false,
        batch: 1,
        queue_depth: 4,
        queue_timeout: Duration::from_secs(5),
        max_head_size: 64 * 1024,
        max_target_size: 8 * 1024,
        max_headers: 100,
        head_timeout: Duration::from_secs(HEAD),
        handshake_timeout: Duration::from_secs(HEAD),
        keep_alive_timeout: Duration::from_secs(IDLE),
        body_timeout: Duration::from_secs(BODY),
        // Some runs are about a client that stalls for as long as it likes.
        send_timeout: None,
        linger_timeout: Duration::from_secs(1),
        max_connections: 1,
        max_requests: None,
        request_timeout: None,
        max_body_size: None,
        http2: false,
        max_streams: 128,
    }
}

/// The app behind the worker.
pub(super) trait App {
    /// Does what it can without waiting. Returns whether it made progress.
    fn step(&mut self, worker: &Worker, cx: &mut Context<'_>) -> bool;
}

pub(super) struct Run<A> {
    pub(super) app: A,
    /// The bytes that the client has received.
    pub(super) received: Vec<u8>,
    /// The server has closed.
    pub(super) eof: bool,
    /// The client reads.
    pub(super) reads: bool,
    engine: Engine,
    worker: Worker,
    client: Option<DuplexStream>,
    outbound: Vec<u8>,
    connection: JoinHandle<()>,
}

/// Runs `future` on a new runtime.
pub(super) fn block_on(future: impl Future<Output = ()>) {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap().block_on(future);
}

impl<A: App> Run<A> {
    /// `buffer`: how many bytes fit between client and server in each direction.
    pub(super) fn new(settings: &Settings, buffer: usize, app: A) -> Self {
        let engine = Engine::new(settings);
        let (client, server) = tokio::io::duplex(buffer);
        let (worker, connection) = (engine.worker(), tokio::spawn(engine.serve(server)));
        let (received, outbound) = (Vec::new(), Vec::new());
        Self { app, received, eof: false, reads: true, engine, worker, client: Some(client), outbound, connection }
    }

    /// Sends `bytes`, and lets everything settle.
    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.outbound.extend_from_slice(bytes);
        self.settle().await;
    }

    /// Lets time pass.
    pub(super) async fn wait(&mut self, time: Duration) {
        sleep(time).await;
        self.settle().await;
    }

    /// Shuts the client's sending side down.
    pub(super) async fn half_close(&mut self) {
        if let Some(client) = &mut self.client {
            let _ = tokio::io::AsyncWriteExt::shutdown(client).await;
        }
        self.settle().await;
    }

    pub(super) fn stop(&self) {
        self.engine.stop();
    }

    /// Disconnects the client, and checks that nothing of it is left.
    pub(super) async fn leave(mut self) -> A {
        self.client = None;
        self.settle().await;
        for _ in 0..3 {
            self.wait(LONG).await;
        }
        let stats = self.engine.stats();
        assert_eq!((stats.connections, stats.in_flight, stats.queued), (0, 0, 0), "something hangs: {stats:?}");
        assert!(self.connection.is_finished());
        self.connection.await.expect("the connection's task panicked");
        self.app
    }

    /// Takes turns until nothing makes progress except by the passing of time.
    pub(super) async fn settle(&mut self) {
        let mut quiet = 0;
        for _ in 0..MOST_TURNS {
            // One for the tasks, one for those that they wake.
            yield_now().await;
            yield_now().await;
            let moved = std::future::poll_fn(|cx| Poll::Ready(self.step(cx))).await;
            quiet = if moved { 0 } else { quiet + 1 };
            if quiet == 2 {
                return;
            }
        }
        panic!("the run never settles");
    }

    fn step(&mut self, cx: &mut Context<'_>) -> bool {
        let app = self.app.step(&self.worker, cx);
        let wrote = self.write(cx);
        let read = self.reads && self.read(cx);
        app || wrote || read
    }

    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(client) = self.client.as_mut().filter(|_| !self.outbound.is_empty()) else { return false };
        match Pin::new(client).poll_write(cx, &self.outbound) {
            Poll::Ready(Ok(sent)) => drop(self.outbound.drain(..sent)),
            Poll::Ready(Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::BrokenPipe);
                self.outbound.clear();
            }
            Poll::Pending => return false,
        }
        true
    }

    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(client) = self.client.as_mut().filter(|_| !self.eof) else { return false };
        let mut bytes = [0; 4096];
        let mut buf = ReadBuf::new(&mut bytes);
        match Pin::new(client).poll_read(cx, &mut buf) {
            Poll::Ready(result) => {
                result.unwrap();
                self.eof = buf.filled().is_empty();
                self.received.extend_from_slice(buf.filled());
                true
            }
            Poll::Pending => false,
        }
    }
}
