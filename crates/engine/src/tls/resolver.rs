//! Which certificate a client gets.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::tls::certificate::ServerCertificate;

/// Chooses by the host that the client names (RFC 6066 section 3), and by the signatures that it knows.
#[derive(Debug)]
pub(super) struct BySni {
    all: Vec<Arc<CertifiedKey>>,
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
}

impl BySni {
    /// None without certificates.
    pub(super) fn new(certificates: Vec<ServerCertificate>) -> Option<Self> {
        let (mut all, mut by_name) = (Vec::new(), HashMap::<_, Vec<_>>::new());
        for ServerCertificate { key, names } in certificates {
            let key = Arc::new(key);
            for name in names {
                by_name.entry(name).or_default().push(Arc::clone(&key));
            }
            all.push(key);
        }
        (!all.is_empty()).then_some(Self { all, by_name })
    }

    fn named(&self, name: &str) -> Option<&[Arc<CertifiedKey>]> {
        let name = name.to_ascii_lowercase();
        // A wildcard stands for one label (RFC 6125 section 6.4.3).
        let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let found = self.by_name.get(&name).or_else(|| self.by_name.get(&wildcard?));
        found.map(Vec::as_slice)
    }
}

impl ResolvesServerCert for BySni {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let candidates = hello.server_name().and_then(|name| self.named(name)).unwrap_or(&self.all);
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        candidates.iter().find(fits).or(candidates.first()).cloned()
    }
}
