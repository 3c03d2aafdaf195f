//! Certificates, as Ruby passes them.

use kino_engine::{CertificatePair, ClientVerification, Pem, Tls, TlsSettings, development_certificate};
use magnus::{Error, RArray, RHash, RString, Ruby};

use crate::ruby::error::{self, guard};
use crate::ruby::server;
use crate::ruby::setting::fetch;
use crate::ruby::vm::string;

/// What `Kino::Certificates#read` returns. Raises `Kino::ConfigError` if it cannot be used.
pub(crate) fn tls_from(ruby: &Ruby, given: RHash) -> Result<Tls, Error> {
    let pairs: RArray = fetch(ruby, given, "certificates")?;
    let pair = |index: usize| {
        let (cert_name, cert, key_name, key): (String, RString, String, RString) = pairs.entry(index as isize)?;
        Ok(CertificatePair { chain: pem(cert_name, cert), key: pem(key_name, key) })
    };
    let ca: Option<(String, RString)> = fetch(ruby, given, "ca")?;
    let verify: String = fetch(ruby, given, "verify")?;
    let settings = TlsSettings {
        certificates: (0..pairs.len()).map(pair).collect::<Result<_, Error>>()?,
        verify: match verify.as_str() {
            "required" => ClientVerification::Required,
            "optional" => ClientVerification::Optional,
            _ => ClientVerification::None,
        },
        ca: ca.map(|(name, text)| pem(name, text)),
        http2: fetch(ruby, given, "http2")?,
    };
    Tls::new(&settings).map_err(|failed| error::from_tls(ruby, &failed))
}

fn pem(name: String, text: RString) -> Pem {
    Pem { name, text: string::copy(text).into() }
}

/// `Native.replace_tls`.
pub(crate) fn replace(ruby: &Ruby, id: u64, given: RArray) -> Result<(), Error> {
    guard(ruby, || {
        let current = server::tls_of(ruby, id)?;
        let new = |index: usize| {
            let hash: Option<RHash> = given.entry(index as isize)?;
            hash.map(|hash| tls_from(ruby, hash)).transpose()
        };
        // All of them first: one that cannot be used must not leave the others half changed.
        let new = (0..given.len()).map(new).collect::<Result<Vec<_>, Error>>()?;
        for (current, new) in current.iter().zip(&new) {
            if let (Some(current), Some(new)) = (current, new) {
                current.replace(new);
            }
        }
        Ok(())
    })
}

/// A certificate for localhost and its key, in PEM. A date is year, month and day.
pub(crate) fn dev_certificate(
    ruby: &Ruby,
    from: (i32, u8, u8),
    until: (i32, u8, u8),
) -> Result<(String, String), Error> {
    guard(ruby, || development_certificate(from, until).map_err(|failed| error::general(ruby, failed)))
}
