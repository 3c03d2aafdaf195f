//! Addresses: TCP, Unix domain sockets, inherited ones, and several at once.

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kino_engine::{Address, Error, ListenerSettings, Server, Settings, Source};

use crate::support::{Client, ClientResponse, Running, listener, ok, settings, tcp};

/// A directory of the test's own.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static LAST: AtomicU32 = AtomicU32::new(0);
        let name = format!("kino-{}-{}", std::process::id(), LAST.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("kino.sock")
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unix(path: &Path, mode: Option<u32>) -> ListenerSettings {
    listener(Source::Unix { path: path.to_owned(), mode })
}

fn inherited(socket: impl Into<OwnedFd>) -> ListenerSettings {
    listener(Source::Inherited(Arc::new(socket.into())))
}

fn on(listeners: Vec<ListenerSettings>) -> Settings {
    Settings { listeners, ..settings() }
}

fn fail(listeners: Vec<ListenerSettings>) -> String {
    let error: Error = Server::start(&on(listeners)).expect_err("it cannot listen");
    assert!(error.is_bind(), "{error}");
    error.to_string()
}

/// Answers with its name, and who the client is.
fn running(listeners: Vec<ListenerSettings>, name: &'static str) -> Running {
    Running::new(on(listeners), 1, move |exchange| {
        let info = exchange.head.connection();
        let (server, port) = exchange.head.server();
        let is_known = info.peer.is_some() && info.local.is_some();
        let _ = exchange.reply.send(ok(format!("{name} {is_known} {server}:{port}")));
    })
}

fn body(response: &ClientResponse) -> &str {
    std::str::from_utf8(&response.body).unwrap()
}

/// std reads and writes both kinds of socket alike.
fn connect(path: &Path) -> Client {
    Client::new(TcpStream::from(OwnedFd::from(UnixStream::connect(path).unwrap())))
}

fn get(path: &Path) -> ClientResponse {
    connect(path).get("/")
}

#[test]
fn a_port_in_use_is_a_bind_error_that_names_the_address() {
    let first = Server::start(&settings()).unwrap();
    let port = first.tcp_address().unwrap().port();
    let error = fail(vec![tcp("127.0.0.1", port)]);
    assert!(error.contains(&format!("127.0.0.1:{port}")), "{error}");
    first.shutdown();
}

#[test]
fn an_unknown_host_and_no_address_are_bind_errors() {
    assert!(fail(vec![tcp("no such host", 0)]).contains("no such host:0"));
    assert!(fail(Vec::new()).contains("there is no address"));
}

#[test]
fn ports_are_shared_only_if_both_servers_ask_for_it() {
    let shared = |port| Settings { reuse_port: true, ..on(vec![tcp("127.0.0.1", port)]) };
    let first = Server::start(&shared(0)).unwrap();
    let port = first.tcp_address().unwrap().port();
    fail(vec![tcp("127.0.0.1", port)]);
    Server::start(&shared(port)).unwrap().shutdown();
    first.shutdown();
}

#[test]
fn several_addresses_are_served_at_once() {
    let directory = Directory::new();
    let running = running(vec![tcp("127.0.0.1", 0), tcp("::1", 0), unix(&directory.socket(), None)], "all");
    let [Address::Tcp(v4), Address::Tcp(v6), Address::Unix(Some(path))] = running.server.addresses() else {
        panic!("{:?}", running.server.addresses());
    };
    assert!(v4.is_ipv4() && v6.is_ipv6() && *path == directory.socket());
    for address in [v4, v6] {
        let mut client = Client::new(TcpStream::connect(address).unwrap());
        assert_eq!(body(&client.get("/")), "all true test:80");
    }
    assert_eq!(body(&get(path)), "all false test:80");
    let addresses = [*v4, *v6];
    running.stop();
    assert!(addresses.iter().all(|address| TcpStream::connect(address).is_err()));
    assert!(!directory.socket().exists());
}

#[test]
fn if_one_address_cannot_be_bound_none_is() {
    let directory = Directory::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    fail(vec![unix(&directory.socket(), None), tcp("127.0.0.1", port)]);
    assert!(!directory.socket().exists());
}

#[test]
fn a_unix_socket_has_the_given_permissions() {
    let directory = Directory::new();
    let server = Server::start(&on(vec![unix(&directory.socket(), Some(0o640))])).unwrap();
    assert_eq!(directory.socket().metadata().unwrap().permissions().mode() & 0o777, 0o640);
    server.shutdown();
}

#[test]
fn a_client_without_host_on_a_unix_socket_gets_the_name_localhost() {
    let directory = Directory::new();
    let running = running(vec![unix(&directory.socket(), None)], "unix");
    let mut client = connect(&directory.socket());
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(body(&client.response()), "unix false localhost:80");
    running.stop();
}

#[test]
fn a_stale_socket_file_is_replaced() {
    let directory = Directory::new();
    drop(UnixListener::bind(directory.socket()).unwrap());
    assert!(directory.socket().exists());
    let running = running(vec![unix(&directory.socket(), None)], "new");
    assert_eq!(body(&get(&directory.socket())), "new false test:80");
    running.stop();
}

#[test]
fn a_live_socket_file_is_refused_and_so_is_any_other_file() {
    let directory = Directory::new();
    let live = UnixListener::bind(directory.socket()).unwrap();
    let error = fail(vec![unix(&directory.socket(), None)]);
    assert!(error.contains("kino.sock: ") && error.contains("in use"), "{error}");
    drop(live);
    std::fs::remove_file(directory.socket()).unwrap();
    std::fs::write(directory.socket(), "data").unwrap();
    let error = fail(vec![unix(&directory.socket(), None)]);
    assert!(error.contains("it is no socket"), "{error}");
    assert_eq!(std::fs::read(directory.socket()).unwrap(), b"data");
}

#[test]
fn a_socket_file_that_another_server_has_put_there_is_left() {
    let directory = Directory::new();
    let server = Server::start(&on(vec![unix(&directory.socket(), None)])).unwrap();
    std::fs::remove_file(directory.socket()).unwrap();
    let other = UnixListener::bind(directory.socket()).unwrap();
    server.shutdown();
    assert!(directory.socket().exists());
    drop(other);
}

#[test]
fn a_path_that_is_too_long_is_a_bind_error() {
    let path = std::env::temp_dir().join("x".repeat(200));
    assert!(fail(vec![unix(&path, None)]).contains("xxx"));
}

#[test]
fn listening_sockets_are_handed_over_without_refusing_a_connection() {
    let directory = Directory::new();
    let first = running(vec![tcp("127.0.0.1", 0), unix(&directory.socket(), None)], "first");
    let address = first.server.tcp_address().unwrap();
    assert!(body(&first.connect().get("/")).starts_with("first"));
    let sockets = first.server.listeners().unwrap();
    let second = running(sockets.into_iter().map(inherited).collect(), "second");
    assert_eq!(second.server.addresses(), first.server.addresses());
    let server = Arc::clone(&first.server);
    first.stop();
    assert!(server.listeners().unwrap().is_empty());
    assert!(body(&Client::new(TcpStream::connect(address).unwrap()).get("/")).starts_with("second"));
    assert!(body(&get(&directory.socket())).starts_with("second"));
    second.server.claim_listeners();
    second.stop();
    assert!(TcpStream::connect(address).is_err());
    assert!(!directory.socket().exists());
}

#[test]
fn a_server_that_fails_to_take_over_leaves_the_socket_file() {
    let directory = Directory::new();
    let first = running(vec![unix(&directory.socket(), None)], "first");
    let socket = first.server.listeners().unwrap().remove(0);
    fail(vec![inherited(socket), tcp("no such host", 0)]);
    assert!(body(&get(&directory.socket())).starts_with("first"));
    first.server.claim_listeners();
    first.stop();
    assert!(!directory.socket().exists());
}

#[test]
fn a_socket_that_somebody_else_keeps_outlives_the_server() {
    let directory = Directory::new();
    let keeper = UnixListener::bind(directory.socket()).unwrap();
    let listener = ListenerSettings { is_kept: true, ..inherited(keeper.try_clone().unwrap()) };
    let running = running(vec![listener], "kept");
    running.server.claim_listeners();
    running.stop();
    UnixStream::connect(directory.socket()).unwrap();
    drop(keeper);
}

#[test]
fn an_inherited_socket_that_does_not_listen_is_a_bind_error() {
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let connected = TcpStream::connect(listening.local_addr().unwrap()).unwrap();
    let (pair, _) = UnixStream::pair().unwrap();
    for socket in [inherited(connected), inherited(pair)] {
        let error = fail(vec![socket]);
        assert!(error.contains("not a listening TCP or Unix socket"), "{error}");
    }
}

#[test]
fn idle_listeners_take_no_connection_from_each_other() {
    let settings = Settings { max_connections: 1, ..on(vec![tcp("127.0.0.1", 0), tcp("127.0.0.1", 0)]) };
    let running = Running::new(settings, 1, |exchange| {
        let _ = exchange.reply.send(ok("one"));
    });
    for address in running.server.addresses().iter().chain(running.server.addresses()) {
        let Address::Tcp(address) = address else { panic!("{address:?}") };
        assert_eq!(Client::new(TcpStream::connect(address).unwrap()).get("/").body, b"one");
    }
    running.stop();
}
