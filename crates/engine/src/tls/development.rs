//! A certificate for development.

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, date_time_ymd};

/// The names of the machine for itself.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// Year, month and day.
pub type Date = (i32, u8, u8);

/// A certificate for this machine, signed by itself, and its private key, both in PEM. It is no authority's, so whoever
/// trusts it trusts nothing else.
///
/// # Errors
///
/// The library's text, if there is no randomness.
///
/// # Panics
///
/// If there is no such date.
pub fn development_certificate(from: Date, until: Date) -> Result<(String, String), String> {
    let make = || {
        let mut params = CertificateParams::new(NAMES.map(str::to_owned))?;
        params.distinguished_name.push(DnType::CommonName, "localhost (made by kino --dev-cert)");
        (params.not_before, params.not_after) =
            (date_time_ymd(from.0, from.1, from.2), date_time_ymd(until.0, until.1, until.2));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        Ok((params.self_signed(&key)?.pem(), key.serialize_pem()))
    };
    make().map_err(|error: rcgen::Error| error.to_string())
}
