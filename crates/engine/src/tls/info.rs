//! What a request may know of a TLS connection.

/// What is known of a TLS connection.
#[derive(Debug, Clone)]
pub struct TlsInfo {
    /// What the client has shown, verified; None if nothing.
    pub client: Option<ClientCertificate>,
}

/// The certificate of a client.
#[derive(Debug, Clone)]
pub struct ClientCertificate {
    /// Its subject, such as `CN=device 7,O=Example` (RFC 4514).
    pub subject: String,
    /// The certificate in PEM.
    pub pem: String,
}
