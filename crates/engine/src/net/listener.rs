//! Accepting.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::Socket;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::io::stream::{StdStream, Stream};
use crate::net::bind::{Address, Bound, SocketFile};
use crate::net::connection::Speaks;

/// Most connections that are taken from a backlog once no more are accepted. Bounded, because another process may share
/// the socket, and its backlog may never be empty.
const MAX_FINAL_ACCEPTS: usize = 4096;

/// The pause when the system has no file descriptor or buffer for a new connection. Accepting again at once would spin:
/// the connection stays in the backlog.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Serves a connection, and holds the permit as long as it lives. The address is that of the client; None if it has
/// none, on a Unix domain socket.
pub(crate) type Serve = Arc<dyn Fn(Stream, Option<SocketAddr>, &Speaks, OwnedSemaphorePermit) + Send + Sync>;

/// A listening socket that a runtime waits for.
#[derive(Debug)]
pub(crate) struct Listener {
    socket: ListenerSocket,
    file: Option<SocketFile>,
    /// See [`Bound`].
    is_shared: Arc<AtomicBool>,
}

#[derive(Debug)]
enum ListenerSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Registers it with the runtime of this thread.
    pub(crate) fn new(bound: Bound) -> io::Result<Self> {
        let Bound { socket, address, file, is_shared } = bound;
        let socket = match address {
            Address::Tcp(_) => ListenerSocket::Tcp(TcpListener::from_std(socket.into())?),
            Address::Unix(_) => ListenerSocket::Unix(UnixListener::from_std(socket.into())?),
        };
        Ok(Self { socket, file, is_shared })
    }

    async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match &self.socket {
            ListenerSocket::Tcp(socket) => {
                socket.accept().await.map(|(stream, peer)| (Stream::Tcp(stream), Some(peer)))
            }
            ListenerSocket::Unix(socket) => socket.accept().await.map(|(stream, _)| (Stream::Unix(stream), None)),
        }
    }

    async fn next(&self, permits: &Arc<Semaphore>) -> io::Result<(Stream, Option<SocketAddr>, OwnedSemaphorePermit)> {
        // Not held while it waits for a client, or idle listeners would keep connections from each other. If two accept
        // at once, one of the connections waits here instead of in the backlog.
        drop(permits.acquire().await.map_err(io::Error::other)?);
        let (stream, peer) = self.accept().await?;
        let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
        Ok((stream, peer, permit))
    }

    /// Takes it from its runtime.
    fn into_std(self) -> io::Result<Socket> {
        match self.socket {
            ListenerSocket::Tcp(socket) => socket.into_std().map(Socket::from),
            ListenerSocket::Unix(socket) => socket.into_std().map(Socket::from),
        }
    }
}

/// Accepts connections until `stop` turns true, and then those in the backlog, and calls `serve` for each. There are as
/// many `permits` as connections may live; without one, new ones are left in the backlog.
pub(crate) async fn accept(
    mut listener: Listener,
    permits: Arc<Semaphore>,
    mut stop: watch::Receiver<bool>,
    speaks: Speaks,
    serve: Serve,
) {
    let mut stopped = std::pin::pin!(async move { stop.wait_for(|stop| *stop).await.is_ok() });
    loop {
        let accepted = tokio::select! {
            accepted = listener.next(&permits) => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer, permit)) => serve(stream, peer, &speaks, permit),
            // The client left while it waited in the backlog.
            Err(error) if is_about_one_connection(&error) => {}
            Err(_) => tokio::time::sleep(BACK_OFF).await,
        }
    }
    let (is_shared, file) = (Arc::clone(&listener.is_shared), listener.file.take());
    let Ok(socket) = listener.into_std() else { return };
    accept_backlog(&socket, &permits, &speaks, &serve);
    // Closing is not enough if a process that the app has forked has a copy: clients would wait in its backlog for
    // ever, and the next server could not bind the port.
    if !is_shared.load(Ordering::Acquire) {
        let _ = socket.shutdown(Shutdown::Both);
    }
    drop(file);
}

/// Serves the connections in the backlog. Their clients believe to be connected, and closing the listener would reset
/// them.
fn accept_backlog(socket: &Socket, permits: &Arc<Semaphore>, speaks: &Speaks, serve: &Serve) {
    for _ in 0..MAX_FINAL_ACCEPTS {
        let Ok(permit) = Arc::clone(permits).try_acquire_owned() else { return };
        let accepted = socket.accept().and_then(|(stream, peer)| {
            stream.set_nonblocking(true)?;
            let peer = peer.as_socket();
            let stream = match peer {
                Some(_) => StdStream::Tcp(stream.into()),
                None => StdStream::Unix(stream.into()),
            };
            Ok((Stream::from_std(stream)?, peer))
        });
        match accepted {
            Ok((stream, peer)) => serve(stream, peer, speaks, permit),
            Err(error) if is_about_one_connection(&error) => {}
            Err(_) => return,
        }
    }
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
