//! TLS 1.2 and 1.3, by rustls.

pub(crate) mod certificate;
pub(crate) mod config;
pub(crate) mod development;
pub(crate) mod handshake;
pub(crate) mod info;
pub(crate) mod resolver;
pub(crate) mod settings;
pub(crate) mod stream;
