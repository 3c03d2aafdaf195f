//! Reading certificates and keys.

use std::time::SystemTime;

use httpdate::HttpDate;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use x509_cert::Certificate;
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode, EncodePem};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use crate::tls::info::ClientCertificate;
use crate::tls::settings::{CertificatePair, Pem, TlsError};

/// A certificate with its key, and the hosts that it is for.
#[derive(Debug)]
pub(crate) struct ServerCertificate {
    pub(crate) key: CertifiedKey,
    /// DNS names in lower case; `*.example.org` is for every name with one label more.
    pub(crate) names: Vec<String>,
}

/// The certificates in a PEM; at least one.
pub(super) fn chain(pem: &Pem) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let missing = || TlsError::Missing { name: pem.name.clone(), wanted: "certificate" };
    let all = CertificateDer::pem_slice_iter(&pem.text).collect::<Result<Vec<_>, _>>().map_err(|_| missing())?;
    if all.is_empty() { Err(missing()) } else { Ok(all) }
}

pub(super) fn load(pair: &CertificatePair, provider: &CryptoProvider) -> Result<ServerCertificate, TlsError> {
    let chain = chain(&pair.chain)?;
    let name = || pair.chain.name.clone();
    let unusable = |why: String| TlsError::Unusable { name: name(), what: "certificate", why };
    let parsed = Certificate::from_der(chain.first().ok_or(TlsError::NoCertificates)?)
        .map_err(|error| unusable(error.to_string()))?;
    check_validity(&parsed).map_err(|why| TlsError::Expired { name: name(), why })?;
    let names = dns_names(&parsed).map_err(|error| unusable(error.to_string()))?;
    let key = CertifiedKey::from_der(chain, private_key(&pair.key)?, provider).map_err(|error| match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            TlsError::Mismatch { name: name(), key: pair.key.name.clone() }
        }
        Error::InvalidCertificate(_) => unusable(error.to_string()),
        _ => TlsError::Unusable { name: pair.key.name.clone(), what: "private key", why: error.to_string() },
    })?;
    Ok(ServerCertificate { key, names })
}

fn private_key(pem: &Pem) -> Result<PrivateKeyDer<'static>, TlsError> {
    let missing = |_| {
        let is_encrypted = memchr::memmem::find(&pem.text, b"ENCRYPTED").is_some();
        let name = pem.name.clone();
        if is_encrypted { TlsError::Encrypted { name } } else { TlsError::Missing { name, wanted: "private key" } }
    };
    PrivateKeyDer::from_pem_slice(&pem.text).map_err(missing)
}

fn check_validity(certificate: &Certificate) -> Result<(), String> {
    let validity = &certificate.tbs_certificate.validity;
    let (from, until) = (validity.not_before.to_system_time(), validity.not_after.to_system_time());
    let now = SystemTime::now();
    if until < now {
        return Err(format!("has expired: it was valid until {}", HttpDate::from(until)));
    }
    if from > now {
        return Err(format!("is not valid yet: it will be from {}", HttpDate::from(from)));
    }
    Ok(())
}

/// The names of RFC 6125 section 6.4; the common name does not count any more.
fn dns_names(certificate: &Certificate) -> Result<Vec<String>, x509_cert::der::Error> {
    let Some((_, names)) = certificate.tbs_certificate.get::<SubjectAltName>()? else { return Ok(Vec::new()) };
    let names = names.0.into_iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase()),
        _ => None,
    });
    Ok(names.collect())
}

/// What a client has shown, after rustls has verified it. None if it cannot be parsed.
pub(super) fn client(certificate: &CertificateDer<'_>) -> Option<ClientCertificate> {
    let parsed = Certificate::from_der(certificate).ok()?;
    Some(ClientCertificate {
        subject: parsed.tbs_certificate.subject.to_string(),
        pem: parsed.to_pem(LineEnding::LF).ok()?,
    })
}
