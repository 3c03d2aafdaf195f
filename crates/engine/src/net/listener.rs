//! Binding and accepting.

use std::io;
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::error::Error;

/// Connections that the kernel holds until they are accepted. The kernel cuts it to its own limit
/// (`net.core.somaxconn`), so asking for many costs nothing.
const BACKLOG: i32 = 4096;

/// The pause when the system has no file descriptor or buffer for a new connection. Accepting again at once would spin:
/// the connection stays in the backlog.
const BACK_OFF: Duration = Duration::from_millis(50);

/// Listens on the first address of `host` that can be bound.
pub(crate) fn bind(host: &str, port: u16) -> Result<std::net::TcpListener, Error> {
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let failed = |source| Error::Bind { address: address.clone(), source };
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for candidate in (host, port).to_socket_addrs().map_err(failed)? {
        match listen(candidate) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

/// Duplicates `socket`, which another process made and listens on.
pub(crate) fn inherit(socket: &std::net::TcpListener) -> io::Result<std::net::TcpListener> {
    let socket = Socket::from(socket.try_clone()?);
    let is_tcp =
        matches!(socket.local_addr()?.domain(), Domain::IPV4 | Domain::IPV6) && socket.r#type()? == Type::STREAM;
    if !is_tcp || !is_listening(&socket)? {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a listening TCP socket"));
    }
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn is_listening(socket: &Socket) -> io::Result<bool> {
    socket.is_listener()
}

/// These systems cannot tell. If it does not listen, accepting will fail.
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn is_listening(_socket: &Socket) -> io::Result<bool> {
    Ok(true)
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for connections of the last server that are in TIME_WAIT.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Serves a connection, and holds the permit as long as it lives.
pub(crate) type Serve = Arc<dyn Fn(TcpStream, SocketAddr, OwnedSemaphorePermit) + Send + Sync>;

/// Accepts connections until `stop` turns true, and then those in the backlog, and calls `serve` for each. While `max`
/// connections live, new ones are left in the backlog. `is_shared`: whether another process is meant to listen on the
/// same socket.
pub(crate) async fn accept(
    listener: TcpListener,
    max: usize,
    mut stop: watch::Receiver<bool>,
    is_shared: Arc<AtomicBool>,
    serve: Serve,
) {
    let permits = Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS)));
    let mut stopped = std::pin::pin!(async move { stop.wait_for(|stop| *stop).await.is_ok() });
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &permits) => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer, permit)) => serve(stream, peer, permit),
            // The client left while it waited in the backlog.
            Err(error) if is_about_one_connection(&error) => {}
            Err(_) => tokio::time::sleep(BACK_OFF).await,
        }
    }
    let Ok(listener) = listener.into_std() else { return };
    accept_backlog(&listener, &permits, &serve);
    // Closing is not enough if a process that the app has forked has a copy: clients would wait in its backlog for
    // ever, and the next server could not bind the port.
    if !is_shared.load(Ordering::Acquire) {
        let _ = SockRef::from(&listener).shutdown(Shutdown::Both);
    }
}

/// Serves the connections in the backlog. Their clients believe to be connected, and closing the listener would reset
/// them. Bounded, because another process may share the socket, and its backlog may never be empty.
fn accept_backlog(listener: &std::net::TcpListener, permits: &Arc<Semaphore>, serve: &Serve) {
    for _ in 0..BACKLOG {
        let Ok(permit) = Arc::clone(permits).try_acquire_owned() else { return };
        let accepted = listener.accept().and_then(|(stream, peer)| {
            stream.set_nonblocking(true)?;
            Ok((TcpStream::from_std(stream)?, peer))
        });
        match accepted {
            Ok((stream, peer)) => serve(stream, peer, permit),
            Err(error) if is_about_one_connection(&error) => {}
            Err(_) => return,
        }
    }
}

async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

fn is_about_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
