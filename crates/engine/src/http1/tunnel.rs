//! A hijacked connection: its bytes go to and from the app.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, Interest};
use tokio::net::UnixStream;
use tokio::time::sleep;

use crate::dispatch::exchange_state::Hijacked;
use crate::http1::head::write_head;
use crate::http1::linger::{Linger, Unread};
use crate::io::socket::Socket;

pub(crate) struct Tunnel<S> {
    pub(crate) client: S,
    /// What the client has sent behind the request, in order.
    pub(crate) ahead: [Bytes; 2],
    pub(crate) hijacked: Hijacked,
}

impl<S: Socket> Tunnel<S> {
    /// Copies bytes between the client and the app, until both have ended.
    pub(crate) async fn run(mut self, linger: Linger) {
        let mut head = Vec::new();
        if let Some(response) = &self.hijacked.head {
            write_head(&mut head, response.status, &response.headers);
        }
        let Ok(mut app) = UnixStream::from_std(self.hijacked.stream) else { return };
        if self.client.write_all(&head).await.is_err() || self.client.flush().await.is_err() {
            return;
        }
        if copy_both_ways(&mut self.client, &mut app, self.ahead).await {
            linger.run(self.client, Unread::Nothing, None).await;
        }
    }
}

/// Returns whether the app has closed its end for good, so that what the client still sends goes nowhere.
///
/// Not tokio's `copy_bidirectional`: after the app has closed its end for good, that would wait for the client to close
/// as well, and a client that never does would hold the connection for ever.
async fn copy_both_ways<S: Socket>(client: &mut S, app: &mut UnixStream, ahead: [Bytes; 2]) -> bool {
    let (mut from_client, mut to_client) = tokio::io::split(client);
    let (mut from_app, mut to_app) = app.split();
    let mut up = std::pin::pin!(async move {
        // Here and not earlier: the app may have closed already, and what it wrote still counts.
        for bytes in ahead {
            if to_app.write_all(&bytes).await.is_err() {
                return;
            }
        }
        copy(&mut from_client, &mut to_app).await;
        let _ = to_app.shutdown().await;
    });
    let mut down = std::pin::pin!(async move {
        copy(&mut from_app, &mut to_client).await;
        let _ = to_client.shutdown().await;
        from_app
    });
    let from_app = tokio::select! {
        () = &mut up => return has_closed(&down.await).await,
        from_app = &mut down => from_app,
    };
    // The app has closed for good, or only for writing so far.
    while !has_closed(&from_app).await {
        tokio::select! {
            () = &mut up => return false,
            () = sleep(HALF_CLOSED_CHECK) => {}
        }
    }
    true
}

/// How often to check whether an app that has ended its own side has closed. Polled, because no readiness event says it
/// alone: the socket is writable all the time.
const HALF_CLOSED_CHECK: Duration = Duration::from_secs(1);

async fn has_closed(app: &tokio::net::unix::ReadHalf<'_>) -> bool {
    app.ready(Interest::WRITABLE).await.is_ok_and(|ready| ready.is_write_closed())
}

/// Bytes that a tunnel holds in each direction.
const COPY_BUFFER: usize = 8 * 1024;

/// Not tokio's `copy`: that throws away what it holds when reading fails, as it does at the end of an app that has not
/// read all that the client sent.
async fn copy(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) {
    let mut bytes = vec![0; COPY_BUFFER];
    while let Ok(read @ 1..) = from.read(&mut bytes).await {
        // TLS may keep some of it in its buffer unless it is flushed.
        if to.write_all(&bytes[..read]).await.is_err() || to.flush().await.is_err() {
            return;
        }
    }
}
