//! The configuration of rustls.

use std::sync::Arc;

use parking_lot::RwLock;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

use crate::tls::certificate::{self, ServerCertificate};
use crate::tls::resolver::BySni;
use crate::tls::settings::{ClientVerification, TlsError, TlsSettings};

/// Sessions of TLS 1.2 that are kept for clients that resume by id. Those of TLS 1.3 are in tickets.
const SESSIONS: usize = 4096;

/// The TLS side of a listener. Its settings can be replaced; connections that are open keep theirs.
#[derive(Debug)]
pub struct Tls {
    config: RwLock<Arc<ServerConfig>>,
}

impl Tls {
    /// Checks the settings.
    ///
    /// # Errors
    ///
    /// [`TlsError`] if they cannot be used.
    pub fn new(settings: &TlsSettings) -> Result<Self, TlsError> {
        Ok(Self { config: RwLock::new(build(settings)?) })
    }

    /// Goes on with what `other` has, for new connections.
    pub fn replace(&self, other: &Self) {
        let config = other.current();
        *self.config.write() = config;
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read())
    }
}

/// A new config each time, with new keys for its tickets: a session that was begun under other certificates, or with
/// other authorities, is not resumed.
fn build(settings: &TlsSettings) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(default_provider());
    let certificates = settings.certificates.iter().map(|pair| certificate::load(pair, &provider));
    let resolver = BySni::new(certificates.collect::<Result<Vec<ServerCertificate>, _>>()?);
    let verifier = verifier(settings, &provider)?;
    let unusable = |error: rustls::Error| TlsError::Unusable {
        name: "this build".to_owned(),
        what: "cryptography",
        why: error.to_string(),
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(unusable)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(resolver.ok_or(TlsError::NoCertificates)?));
    // The first that the client offers, too. One that offers none of them is refused, and one without ALPN is not.
    let offered: &[&[u8]] = if settings.http2 { &[H2, HTTP_1_1] } else { &[HTTP_1_1] };
    config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
    config.ticketer = Ticketer::new().map_err(unusable)?;
    Ok(Arc::new(config))
}

/// The names of the protocols (RFC 7301 section 6).
pub(crate) const H2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

fn verifier(settings: &TlsSettings, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    if settings.verify == ClientVerification::None {
        return Ok(Arc::new(NoClientAuth));
    }
    let ca = settings.ca.as_ref().ok_or(TlsError::NoAuthorities)?;
    let unusable = |why: String| TlsError::Unusable { name: ca.name.clone(), what: "certificate of an authority", why };
    let mut roots = RootCertStore::empty();
    for certificate in certificate::chain(ca)? {
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let builder =
        if settings.verify == ClientVerification::Optional { builder.allow_unauthenticated() } else { builder };
    builder.build().map(|verifier| verifier as Arc<dyn ClientCertVerifier>).map_err(|error| unusable(error.to_string()))
}
