//! What a listener needs for TLS: certificates, keys, and trust anchors.

/// How a listener speaks TLS.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// At least one. Clients get the first that is for the host that they name (SNI), or else the first of all.
    pub certificates: Vec<CertificatePair>,
    /// Whether clients have to show a certificate.
    pub verify: ClientVerification,
    /// The certificates of the authorities that sign clients' certificates.
    pub ca: Option<Pem>,
    /// Whether HTTP/2 is offered (RFC 7301).
    pub http2: bool,
}

/// A certificate with the certificates that lead to its authority, and its key.
#[derive(Debug, Clone)]
pub struct CertificatePair {
    /// The certificate first, then the others in order.
    pub chain: Pem,
    /// Its private key, not encrypted.
    pub key: Pem,
}

/// A text in PEM (RFC 7468).
#[derive(Clone)]
pub struct Pem {
    /// What errors call it, such as its path.
    pub name: String,
    /// The text.
    pub text: Vec<u8>,
}

/// Without the text, which may be a private key.
impl std::fmt::Debug for Pem {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pem").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether clients have to show a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientVerification {
    /// They are not asked for one.
    None,
    /// They may show one; one that is not signed by an authority of [`TlsSettings::ca`] is refused.
    Optional,
    /// They must show one.
    Required,
}

/// Why TLS settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// There is no certificate at all.
    #[error("TLS needs a certificate")]
    NoCertificates,
    /// The text is not PEM, or has nothing of this kind.
    #[error("there is no {wanted} in {name}")]
    Missing {
        /// The [`Pem::name`].
        name: String,
        /// What was looked for.
        wanted: &'static str,
    },
    /// The private key is encrypted.
    #[error("the private key in {name} is encrypted: decrypt it first, with openssl pkey for example")]
    Encrypted {
        /// The [`Pem::name`].
        name: String,
    },
    /// What is in the PEM cannot be read or used.
    #[error("the {what} in {name} cannot be used: {why}")]
    Unusable {
        /// The [`Pem::name`].
        name: String,
        /// What it should be.
        what: &'static str,
        /// The library's reason.
        why: String,
    },
    /// The key is that of another certificate.
    #[error("the private key in {key} is not that of the certificate in {name}")]
    Mismatch {
        /// The certificate's [`Pem::name`].
        name: String,
        /// The key's [`Pem::name`].
        key: String,
    },
    /// The certificate is valid no more, or not yet.
    #[error("the certificate in {name} {why}")]
    Expired {
        /// The [`Pem::name`].
        name: String,
        /// When it has expired or will be valid.
        why: String,
    },
    /// Clients are to be verified, and there is nobody to believe.
    #[error("clients can only be verified with the certificates of their authorities")]
    NoAuthorities,
}
