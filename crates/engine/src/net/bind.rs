//! Opening the sockets that a server listens on.

use std::fs::{File, Permissions, TryLockError};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::error::Error;
use crate::settings::{ListenerSettings, Settings, Source};

/// An address that a server listens on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A TCP port, the one that the system picked if it was asked to.
    Tcp(SocketAddr),
    /// A Unix domain socket; None if it has no path in the file system.
    Unix(Option<PathBuf>),
}

/// A socket that listens.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) socket: Socket,
    pub(crate) address: Address,
    /// The file of a Unix domain socket that ends with the server.
    pub(crate) file: Option<SocketFile>,
    /// Whether another process has the socket, or was given it.
    pub(crate) is_shared: Arc<AtomicBool>,
}

/// Opens all sockets, or none.
pub(crate) fn bind_all(settings: &Settings) -> Result<Vec<Bound>, Error> {
    if settings.listeners.is_empty() {
        let source = io::Error::new(io::ErrorKind::InvalidInput, "there is no address");
        return Err(Error::Bind { address: "nothing".to_owned(), source });
    }
    settings.listeners.iter().map(|listener| bind(listener, settings)).collect()
}

fn bind(listener: &ListenerSettings, settings: &Settings) -> Result<Bound, Error> {
    let is_shared = Arc::new(AtomicBool::new(matches!(listener.source, Source::Inherited(_))));
    let (socket, path) = match &listener.source {
        Source::Tcp { host, port } => (tcp(host, *port, settings)?, None),
        Source::Unix { path, mode } => {
            let failed = |source| Error::Bind { address: format!("unix://{}", path.display()), source };
            return unix(path, *mode, settings, is_shared).map_err(failed);
        }
        Source::Inherited(descriptor) => {
            let socket = inherit(descriptor).map_err(Error::Inherited)?;
            let path = address_of(&socket).ok().and_then(|address| match address {
                Address::Unix(path) if !listener.is_kept => path,
                _ => None,
            });
            (socket, path)
        }
    };
    let address = address_of(&socket).map_err(Error::Runtime)?;
    let file = path.and_then(|path| SocketFile::at(&path, Arc::clone(&is_shared)).ok());
    Ok(Bound { socket, address, file, is_shared })
}

fn address_of(socket: &Socket) -> io::Result<Address> {
    let address = socket.local_addr()?;
    Ok(match address.as_socket() {
        Some(address) => Address::Tcp(address),
        None => Address::Unix(address.as_pathname().map(Path::to_owned)),
    })
}

/// Listens on the first address of `host` that can be bound.
fn tcp(host: &str, port: u16, settings: &Settings) -> Result<Socket, Error> {
    let address = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let failed = |source| Error::Bind { address: address.clone(), source };
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the name has no address");
    for candidate in (host, port).to_socket_addrs().map_err(failed)? {
        match listen(candidate, settings) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(failed(last))
}

fn listen(address: SocketAddr, settings: &Settings) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for connections of the last server that are in TIME_WAIT.
    socket.set_reuse_address(true)?;
    if settings.reuse_port {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(settings.backlog)?;
    Ok(socket)
}

/// Listens on a Unix domain socket. A file that is left of a server that is gone is replaced. `mode`: the permissions of
/// the file; None for what the umask leaves.
fn unix(path: &Path, mode: Option<u32>, settings: &Settings, is_shared: Arc<AtomicBool>) -> io::Result<Bound> {
    // The socket's name is the path as it is now: the app may change the working directory later.
    let path = std::path::absolute(path)?;
    let address = SockAddr::unix(&path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    // Two servers that start at once must not both find the file stale, and one remove the other's. If the directory
    // cannot be locked, that race remains.
    let _locked = path.parent().and_then(lock);
    if let Err(error) = socket.bind(&address) {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Err(error);
        }
        remove_stale(&path, &address)?;
        socket.bind(&address)?;
    }
    let file = SocketFile::at(&path, Arc::clone(&is_shared))?;
    // Nobody can connect before `listen`.
    if let Some(mode) = mode {
        std::fs::set_permissions(&path, Permissions::from_mode(mode))?;
    }
    socket.listen(settings.backlog)?;
    Ok(Bound { socket, address: Address::Unix(Some(path)), file: Some(file), is_shared })
}

/// Locks a directory until the file is dropped. None if that is not possible, or another process has it for long: any
/// that may read the directory can.
fn lock(directory: &Path) -> Option<File> {
    let directory = File::open(directory).ok()?;
    for _ in 0..LOCK_ATTEMPTS {
        match directory.try_lock() {
            Ok(()) => return Some(directory),
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(_)) => return None,
        }
    }
    None
}

/// How long to wait for another server that starts: it needs far less than a second.
const LOCK_ATTEMPTS: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Removes the file of a socket that nobody listens on.
fn remove_stale(path: &Path, address: &SockAddr) -> io::Result<()> {
    let metadata = std::fs::symlink_metadata(path)?;
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file of that name, and it is no socket"));
    }
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(address) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        // Also if its backlog is full.
        _ => Err(io::Error::from_raw_os_error(libc::EADDRINUSE)),
    }
}

/// Duplicates a socket that another process, or the caller, listens on.
fn inherit(descriptor: &OwnedFd) -> io::Result<Socket> {
    let socket = Socket::from(descriptor.try_clone()?);
    let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
    let is_known = matches!(socket.local_addr()?.domain(), Domain::IPV4 | Domain::IPV6 | Domain::UNIX);
    if !is_known || socket.r#type()? != Type::STREAM || !is_listening(&socket)? {
        return Err(invalid("not a listening TCP or Unix socket"));
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
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

/// The file of a Unix domain socket. Removed with this, unless another process goes on with the socket.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
    is_shared: Arc<AtomicBool>,
}

impl SocketFile {
    fn at(path: &Path, is_shared: Arc<AtomicBool>) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)?, is_shared })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another server may have put its own there.
        let is_ours = identity(&self.path).is_ok_and(|current| current == self.identity);
        if is_ours && !self.is_shared.load(Ordering::Acquire) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}
