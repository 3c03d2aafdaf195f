//! TLS, with rustls as the client.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::mpsc;

use bytes::Bytes;
use http::StatusCode;
use kino_engine::{
    CertificatePair, ClientVerification, ListenerSettings, Pem, Response, Settings, Source, Tls, TlsError, TlsSettings,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, HandshakeKind, RootCertStore, StreamOwned, version};

use crate::http2_client::Http2;
use crate::support::{HANG, Running, SHORT, listener, ok, read_all, settings, tcp, write};

/// An authority, which signs certificates for the test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate and its key, in PEM.
struct Pair {
    chain: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let mut params = CertificateParams::new(names.iter().map(|name| name.to_string()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, names[0]);
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Pair { chain: params.signed_by(&key, &self.issuer).unwrap().pem(), key: key.serialize_pem() }
    }

    fn pair(&self, name: &str) -> Pair {
        self.sign(&[name], |_| {})
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap()).unwrap();
        roots
    }

    fn client(&self) -> ClientConfig {
        ClientConfig::builder().with_root_certificates(self.roots()).with_no_client_auth()
    }

    fn client_with(&self, pair: &Pair) -> ClientConfig {
        let chain = vec![CertificateDer::from_pem_slice(pair.chain.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
        ClientConfig::builder().with_root_certificates(self.roots()).with_client_auth_cert(chain, key).unwrap()
    }
}

fn pem(name: &str, text: &str) -> Pem {
    Pem { name: name.to_owned(), text: text.as_bytes().to_vec() }
}

fn given(pairs: &[&Pair]) -> TlsSettings {
    let certificates =
        pairs.iter().map(|pair| CertificatePair { chain: pem("a.crt", &pair.chain), key: pem("a.key", &pair.key) });
    TlsSettings { certificates: certificates.collect(), verify: ClientVerification::None, ca: None, http2: true }
}

fn tls(settings: &TlsSettings) -> Arc<Tls> {
    Arc::new(Tls::new(settings).unwrap())
}

fn with(tls: Arc<Tls>) -> Settings {
    Settings { listeners: vec![ListenerSettings { tls: Some(tls), ..tcp("127.0.0.1", 0) }], ..settings() }
}

/// Answers with the scheme, the port and the client's name.
fn running(settings: Settings) -> Running {
    Running::new(settings, 1, |exchange| {
        let client = exchange.head.connection().tls.as_ref().unwrap().client.as_ref();
        let subject = client.map_or("nobody", |client| client.subject.as_str());
        let port = exchange.head.server().1;
        let _ = exchange
            .reply
            .send(ok(format!("{} {port} {subject}", if exchange.head.is_https() { "https" } else { "http" })));
    })
}

type Connection = StreamOwned<ClientConnection, TcpStream>;

fn connect(running: &Running, config: &Arc<ClientConfig>, host: &'static str) -> Connection {
    let stream = TcpStream::connect(running.server.tcp_address().unwrap()).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    stream.set_write_timeout(Some(HANG)).unwrap();
    let session = ClientConnection::new(Arc::clone(config), ServerName::try_from(host).unwrap()).unwrap();
    StreamOwned::new(session, stream)
}

const GET: &str = "GET / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n";

/// The whole response to a GET; the server must end the connection properly.
fn get(stream: &mut Connection) -> std::io::Result<String> {
    stream.write_all(GET.as_bytes())?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").unwrap().1
}

/// The common name in the server's certificate, or else its names.
fn certificate(stream: &Connection) -> Vec<u8> {
    stream.conn.peer_certificates().unwrap()[0].to_vec()
}

fn has_name(certificate: &[u8], name: &str) -> bool {
    certificate.windows(name.len()).any(|window| window == name.as_bytes())
}

#[test]
fn both_versions_are_spoken_and_the_request_knows_the_scheme() {
    let authority = Authority::new();
    let running = running(with(tls(&given(&[&authority.pair("a.test")]))));
    for version in [&version::TLS13, &version::TLS12] {
        let config = ClientConfig::builder_with_protocol_versions(&[version]);
        let mut config = config.with_root_certificates(authority.roots()).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut stream = connect(&running, &Arc::new(config), "a.test");
        assert_eq!(body(&get(&mut stream).unwrap()), "https 443 nobody");
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    running.stop();
}

#[test]
fn the_certificate_is_that_of_the_host_that_the_client_names() {
    let authority = Authority::new();
    let pairs = [authority.pair("a.test"), authority.pair("b.test"), authority.sign(&["*.c.test"], |_| {})];
    let running = running(with(tls(&given(&[&pairs[0], &pairs[1], &pairs[2]]))));
    let config = Arc::new(authority.client());
    for (host, name) in [("a.test", "a.test"), ("b.test", "b.test"), ("x.c.test", "*.c.test")] {
        let mut stream = connect(&running, &config, host);
        get(&mut stream).unwrap();
        assert!(has_name(&certificate(&stream), name), "{host}");
    }
    // The first one is for all others, whose clients then refuse it; a wildcard is for one label.
    for host in ["d.test", "c.test", "x.y.c.test"] {
        let mut stream = connect(&running, &config, host);
        let error = get(&mut stream).unwrap_err().to_string();
        assert!(error.contains("not valid for name") && error.contains("a.test"), "{host}: {error}");
    }
    running.stop();
}

#[test]
fn clients_are_verified_as_asked() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let pair = authority.pair("a.test");
    let known =
        authority.sign(&["device 7"], |params| params.distinguished_name.push(DnType::OrganizationName, "Kino"));
    let unknown = stranger.pair("device 8");
    for (verify, anonymous, foreign) in [
        (ClientVerification::None, Some("nobody"), Some("nobody")),
        (ClientVerification::Optional, Some("nobody"), None),
        (ClientVerification::Required, None, None),
    ] {
        let ca = Some(pem("ca.crt", &authority.pem));
        let running = running(with(tls(&TlsSettings { verify, ca, ..given(&[&pair]) })));
        let ask = |config| {
            let response = get(&mut connect(&running, &Arc::new(config), "a.test")).ok();
            response.map(|response| body(&response).trim_start_matches("https 443 ").to_owned())
        };
        assert_eq!(ask(authority.client()).as_deref(), anonymous, "{verify:?}");
        let name = if verify == ClientVerification::None { "nobody" } else { "O=Kino,CN=device 7" };
        assert_eq!(ask(authority.client_with(&known)).as_deref(), Some(name), "{verify:?}");
        // It is signed by an authority that the server does not know; the client trusts the server all the same.
        let config = authority.client_with(&unknown);
        assert_eq!(ask(config).as_deref(), foreign, "{verify:?}");
        running.stop();
    }
}

#[test]
fn sessions_are_resumed_in_both_versions_but_not_after_a_change() {
    let authority = Authority::new();
    let tls = tls(&given(&[&authority.pair("a.test")]));
    let running = running(with(Arc::clone(&tls)));
    for version in [&version::TLS13, &version::TLS12] {
        let config = ClientConfig::builder_with_protocol_versions(&[version]);
        let mut config = config.with_root_certificates(authority.roots()).with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(8);
        let config = Arc::new(config);
        let kind = || {
            let mut stream = connect(&running, &config, "a.test");
            get(&mut stream).unwrap();
            stream.conn.handshake_kind()
        };
        assert_eq!([kind(), kind()], [Some(HandshakeKind::Full), Some(HandshakeKind::Resumed)], "{version:?}");
        tls.replace(&Tls::new(&given(&[&authority.pair("a.test")])).unwrap());
        assert_eq!(kind(), Some(HandshakeKind::Full), "{version:?}");
    }
    running.stop();
}

#[test]
fn new_certificates_are_for_new_connections_and_old_connections_stay() {
    let authority = Authority::new();
    let tls = tls(&given(&[&authority.sign(&["a.test", "old.test"], |_| {})]));
    let running = running(with(Arc::clone(&tls)));
    let config = Arc::new(authority.client());
    let mut old = connect(&running, &config, "a.test");
    old.conn.complete_io(&mut old.sock).unwrap();
    tls.replace(&Tls::new(&given(&[&authority.sign(&["a.test", "new.test"], |_| {})])).unwrap());
    let mut new = connect(&running, &config, "a.test");
    get(&mut new).unwrap();
    assert!(has_name(&certificate(&new), "new.test"));
    assert_eq!(body(&get(&mut old).unwrap()), "https 443 nobody");
    assert!(has_name(&certificate(&old), "old.test"));
    running.stop();
}

#[test]
fn a_client_that_stops_in_the_handshake_or_speaks_no_tls_is_closed() {
    let authority = Authority::new();
    let settings = with(tls(&given(&[&authority.pair("a.test")])));
    let running = running(Settings { handshake_timeout: SHORT, ..settings });
    let mut buffer = Vec::new();
    let mut hello = Vec::new();
    let mut session =
        ClientConnection::new(Arc::new(authority.client()), ServerName::try_from("a.test").unwrap()).unwrap();
    session.write_tls(&mut hello).unwrap();
    for bytes in [&b""[..], &hello[..hello.len() / 2], b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n"] {
        let mut stream = TcpStream::connect(running.server.tcp_address().unwrap()).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.write_all(bytes).unwrap();
        // Whether it is the end or a reset: what counts is that the server does not wait.
        let _ = stream.read_to_end(&mut buffer);
    }
    running.await_stats("all closed", |stats| stats.connections == 0 && stats.accepted == 3);
    assert_eq!(running.server.stats().served, 0);
    running.stop();
}

#[test]
fn a_stop_does_not_wait_for_a_client_in_the_handshake() {
    let authority = Authority::new();
    let settings = with(tls(&given(&[&authority.pair("a.test")])));
    let running = running(Settings { handshake_timeout: 10 * HANG, ..settings });
    let stream = TcpStream::connect(running.server.tcp_address().unwrap()).unwrap();
    running.await_stats("it is accepted", |stats| stats.connections == 1);
    running.stop();
    drop(stream);
}

#[test]
fn large_bodies_go_both_ways() {
    let authority = Authority::new();
    let settings = with(tls(&given(&[&authority.pair("a.test")])));
    let running = Running::new(settings, 1, |mut exchange| {
        let body = read_all(&mut exchange).unwrap();
        let _ = exchange.reply.send(ok(body));
    });
    let sent: Vec<u8> = (0..900_000).map(|number: u32| (number % 251) as u8).collect();
    let mut stream = connect(&running, &Arc::new(authority.client()), "a.test");
    let head =
        format!("POST / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", sent.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&sent).unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).unwrap();
    assert!(response.ends_with(&sent));
    running.stop();
}

#[test]
fn a_client_that_takes_nothing_is_disconnected() {
    let authority = Authority::new();
    let settings = with(tls(&given(&[&authority.pair("a.test")])));
    let (done, has_failed) = mpsc::channel();
    let running = Running::new(Settings { send_timeout: Some(SHORT), ..settings }, 1, move |exchange| {
        let mut writer = exchange.reply.stream(ok(""), None).unwrap();
        let chunk = Bytes::from(vec![b'x'; 64 * 1024]);
        let failed = (0..1000).any(|_| write(&mut writer, chunk.clone()).is_err());
        done.send(failed).unwrap();
    });
    let mut stream = connect(&running, &Arc::new(authority.client()), "a.test");
    stream.write_all(GET.as_bytes()).unwrap();
    assert!(has_failed.recv_timeout(HANG).unwrap());
    running.await_stats("the connection is gone", |stats| stats.connections == 0);
    running.stop();
}

#[test]
fn a_response_that_waits_in_the_buffer_of_tls_does_not_wait_for_ever() {
    let authority = Authority::new();
    let settings = with(tls(&given(&[&authority.pair("a.test")])));
    let running = Running::new(Settings { send_timeout: Some(SHORT), ..settings }, 1, move |exchange| {
        let _ = exchange.reply.send(ok("x".repeat(20_000)));
    });
    // Responses are not read. The first that does not fit into the system's buffers fits into that of TLS.
    let mut stream = connect(&running, &Arc::new(authority.client()), "a.test");
    let mut sent = 0;
    while stream.write_all(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n").is_ok() {
        sent += 1;
        running.await_stats("it is answered, or the connection is gone", |stats| {
            stats.served >= sent || stats.connections == 0
        });
    }
    running.await_stats("the connection is gone", |stats| stats.connections == 0 && stats.accepted == 1);
    running.stop();
}

#[test]
fn the_end_of_a_connection_does_not_wait_for_ever_either() {
    let authority = Authority::new();
    let path = std::env::temp_dir().join(format!("kino-{}-tls-end-{}.sock", std::process::id(), crate::SHARDS));
    let source = Source::Unix { path: path.clone(), mode: None };
    let tls = Some(tls(&given(&[&authority.pair("a.test")])));
    let listeners = vec![ListenerSettings { tls, ..listener(source) }];
    let running = Running::new(Settings { listeners, send_timeout: Some(SHORT), ..settings() }, 1, |exchange| {
        let size = exchange.head.path()[1..].parse().unwrap();
        let _ = exchange.reply.send(ok("x".repeat(size)));
    });
    // Whatever the system's buffer for such a socket takes, for one of these responses the rest fits into that of TLS.
    let clients: Vec<_> = (1..=80)
        .map(|index| {
            let socket = TcpStream::from(OwnedFd::from(UnixStream::connect(&path).unwrap()));
            let name = ServerName::try_from("a.test").unwrap();
            let session = ClientConnection::new(Arc::new(authority.client()), name).unwrap();
            let mut stream = StreamOwned::new(session, socket);
            let size = index * 5_000;
            write!(stream, "GET /{size} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n").unwrap();
            stream
        })
        .collect();
    running.await_stats("all are gone", |stats| stats.connections == 0 && stats.accepted == 80);
    drop(clients);
    running.stop();
}

#[test]
fn a_hijacked_connection_goes_on_encrypted() {
    let authority = Authority::new();
    let settings = with(tls(&given(&[&authority.pair("a.test")])));
    let running = Running::new(settings, 1, |exchange| {
        let head = Response { status: StatusCode::SWITCHING_PROTOCOLS, ..ok("") };
        let mut app = exchange.reply.hijack(Some(head)).unwrap().unwrap();
        app.set_read_timeout(Some(HANG)).unwrap();
        let mut bytes = [0; 4];
        app.read_exact(&mut bytes).unwrap();
        app.write_all(&bytes).unwrap();
    });
    let mut stream = connect(&running, &Arc::new(authority.client()), "a.test");
    stream.write_all(b"GET / HTTP/1.1\r\nhost: a.test\r\nconnection: upgrade\r\nupgrade: echo\r\n\r\n").unwrap();
    stream.write_all(b"ping").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(response.starts_with("HTTP/1.1 101 ") && response.ends_with("\r\n\r\nping"), "{response}");
    running.stop();
}

#[test]
fn an_end_without_close_notify_is_the_end() {
    let authority = Authority::new();
    let running = running(with(tls(&given(&[&authority.pair("a.test")]))));
    let mut stream = connect(&running, &Arc::new(authority.client()), "a.test");
    stream.conn.complete_io(&mut stream.sock).unwrap();
    stream.sock.shutdown(Shutdown::Both).unwrap();
    running.await_stats("the connection is gone", |stats| stats.connections == 0);
    running.stop();
}

#[test]
fn http2_is_spoken_with_clients_that_choose_it() {
    let authority = Authority::new();
    let settings = with(tls(&given(&[&authority.pair("a.test")])));
    let running = Running::new(settings, 1, |mut exchange| {
        let scheme = if exchange.head.is_https() { "https" } else { "http" };
        let head = format!("{:?} {scheme} {} ", exchange.head.version(), exchange.head.server().1);
        let body = read_all(&mut exchange).unwrap();
        let _ = exchange.reply.send(ok([head.as_bytes(), &body].concat()));
    });
    let address = running.server.tcp_address().unwrap();
    let mut client = Http2::encrypted(address, authority.client(), "a.test");
    assert_eq!(client.get("/").body, b"HTTP/2.0 https 443 ");
    let sent = vec![b'x'; 900_000];
    assert!(client.post("/", sent.clone()).body.ends_with(&sent));
    drop(client);
    running.stop();
}

#[test]
fn http2_is_not_offered_if_it_is_off() {
    let authority = Authority::new();
    let tls = tls(&TlsSettings { http2: false, ..given(&[&authority.pair("a.test")]) });
    let running = running(Settings { http2: false, ..with(tls) });
    let mut config = authority.client();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut stream = connect(&running, &Arc::new(config), "a.test");
    assert_eq!(body(&get(&mut stream).unwrap()), "https 443 nobody");
    assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
    running.stop();
}

#[test]
fn a_client_of_http2_that_takes_nothing_is_disconnected_over_tls_too() {
    let authority = Authority::new();
    let settings = Settings { send_timeout: Some(SHORT), ..with(tls(&given(&[&authority.pair("a.test")]))) };
    let running = Running::new(settings, 1, |exchange| {
        let _ = exchange.reply.send(ok("x".repeat(16_000)));
    });
    let mut config = authority.client();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let mut stream = connect(&running, &Arc::new(config), "a.test");
    // The preface, SETTINGS without any, and a connection window that never ends; then GET / again and again. What is
    // sent back is not read, and fits into the buffer of TLS at last.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").unwrap();
    stream.write_all(b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\0\0").unwrap();
    // :method GET, :scheme https, :path / from the static table, :authority a.
    let block = [0x82, 0x87, 0x84, 0x41, 1, b'a'];
    for stream_id in (1_u32..).step_by(2) {
        let head = [&[0, 0, 6, 1, 5][..], &stream_id.to_be_bytes(), &block].concat();
        if stream.write_all(&head).is_err() {
            break;
        }
        let sent = u64::from(stream_id.div_ceil(2));
        running.await_stats("it is answered, or the connection is gone", |stats| {
            stats.served >= sent || stats.connections == 0
        });
    }
    running.await_stats("the connection is gone", |stats| stats.connections == 0 && stats.accepted == 1);
    running.stop();
}

#[test]
fn what_cannot_be_used_is_refused_with_a_reason() {
    let authority = Authority::new();
    let (one, other) = (authority.pair("a.test"), authority.pair("b.test"));
    let expired = authority.sign(&["a.test"], |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let early = authority.sign(&["a.test"], |params| params.not_before = date_time_ymd(2999, 1, 1));
    let refused = |settings: TlsSettings| -> String {
        let error: TlsError = Tls::new(&settings).unwrap_err();
        error.to_string()
    };
    let pair = |chain: &str, key: &str| given(&[&Pair { chain: chain.to_owned(), key: key.to_owned() }]);
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let broken_key = "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n";
    assert_eq!(refused(given(&[])), "TLS needs a certificate");
    assert_eq!(refused(pair("", &one.key)), "there is no certificate in a.crt");
    assert_eq!(refused(pair(&one.key, &one.key)), "there is no certificate in a.crt");
    assert_eq!(refused(pair(&one.chain, "")), "there is no private key in a.key");
    assert!(refused(pair(&one.chain, encrypted)).starts_with("the private key in a.key is encrypted"));
    assert!(refused(pair(broken, &one.key)).starts_with("the certificate in a.crt cannot be used: "));
    assert!(refused(pair(&one.chain, broken_key)).starts_with("the private key in a.key cannot be used: "));
    assert_eq!(
        refused(pair(&one.chain, &other.key)),
        "the private key in a.key is not that of the certificate in a.crt"
    );
    assert_eq!(
        refused(given(&[&expired])),
        "the certificate in a.crt has expired: it was valid until Fri, 01 Jan 2021 00:00:00 GMT"
    );
    assert!(refused(given(&[&early])).contains("is not valid yet: it will be from Tue, 01 Jan 2999"));
    let verify = |ca| TlsSettings { verify: ClientVerification::Required, ca, ..given(&[&one]) };
    assert!(refused(verify(None)).contains("only be verified with the certificates of their authorities"));
    assert_eq!(refused(verify(Some(pem("ca.crt", "")))), "there is no certificate in ca.crt");
    assert!(refused(verify(Some(pem("ca.crt", broken)))).starts_with("the certificate of an authority in ca.crt"));
}
