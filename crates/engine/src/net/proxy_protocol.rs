//! The PROXY protocol, by which a proxy says whose connection it passes on: versions 1 and 2 of HAProxy's specification,
//! `proxy-protocol.txt`.

use std::net::SocketAddr;

use ppp::v2::{Addresses, Command, Protocol};
use ppp::{v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The first bytes of version 1, which is text.
const V1: &[u8] = b"PROXY ";

/// Bytes of the longest header of version 1 (section 2.1).
const MAX_V1: usize = 107;

/// The first bytes of version 2 (section 2.2).
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes before the addresses of version 2. The last two say how many follow.
const FIXED_V2: usize = 16;

/// Bytes of the longest header of version 2 that is taken. The specification lets proxies send 64 KiB; the addresses
/// take 216 at most, and the rest is for fields that we do not read. The largest of them in use, a client's certificate,
/// is about half of this.
const MAX_V2: usize = 4096;

/// Who talks to whom: the client, and the address that it has connected to.
pub(crate) type Ends = (SocketAddr, SocketAddr);

/// What the first bytes of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// The beginning of a header, as far as one can tell.
    Partial,
    /// No header, or a malformed one.
    Invalid,
    /// A header of this length. No ends if it is the proxy's own connection, or of a kind that we do not know.
    Header(usize, Option<Ends>),
}

/// Looks for a header at the start of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    if may_begin(bytes, V1) {
        parse_v1(bytes)
    } else if may_begin(bytes, V2) {
        parse_v2(bytes)
    } else {
        Parsed::Invalid
    }
}

fn may_begin(bytes: &[u8], with: &[u8]) -> bool {
    let length = bytes.len().min(with.len());
    bytes[..length] == with[..length]
}

fn parse_v1(bytes: &[u8]) -> Parsed {
    let first = &bytes[..bytes.len().min(MAX_V1)];
    let Some(end) = memchr::memmem::find(first, b"\r\n") else {
        return if first.len() < MAX_V1 { Parsed::Partial } else { Parsed::Invalid };
    };
    let length = end + 2;
    let ends = match v1::Header::try_from(&first[..length]).map(|header| header.addresses) {
        Ok(v1::Addresses::Tcp4(it)) => {
            Some(ends(it.source_address, it.source_port, it.destination_address, it.destination_port))
        }
        Ok(v1::Addresses::Tcp6(it)) => {
            Some(ends(it.source_address, it.source_port, it.destination_address, it.destination_port))
        }
        Ok(v1::Addresses::Unknown) => None,
        Err(_) => return Parsed::Invalid,
    };
    Parsed::Header(length, ends)
}

fn parse_v2(bytes: &[u8]) -> Parsed {
    let Some(fixed) = bytes.first_chunk::<FIXED_V2>() else { return Parsed::Partial };
    let length = FIXED_V2 + usize::from(u16::from_be_bytes([fixed[14], fixed[15]]));
    if length > MAX_V2 {
        return Parsed::Invalid;
    }
    let Some(header) = bytes.get(..length) else { return Parsed::Partial };
    let Ok(header) = v2::Header::try_from(header) else { return Parsed::Invalid };
    if header.command == Command::Local {
        return Parsed::Header(length, None);
    }
    let ends = match header.addresses {
        Addresses::IPv4(it) => {
            Some(ends(it.source_address, it.source_port, it.destination_address, it.destination_port))
        }
        Addresses::IPv6(it) => {
            Some(ends(it.source_address, it.source_port, it.destination_address, it.destination_port))
        }
        Addresses::Unix(_) | Addresses::Unspecified => None,
    };
    // What is not a stream cannot be what this connection carries.
    if ends.is_some() && header.protocol != Protocol::Stream {
        return Parsed::Invalid;
    }
    Parsed::Header(length, ends)
}

fn ends(client: impl Into<std::net::IpAddr>, client_port: u16, server: impl Into<std::net::IpAddr>, port: u16) -> Ends {
    ((client, client_port).into(), (server, port).into())
}

/// What was read of a connection: the ends that the header names, and what came behind it.
pub(super) struct Introduced {
    pub(super) ends: Option<Ends>,
    pub(super) rest: Vec<u8>,
}

/// Why there is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotIntroduced {
    /// The connection ended before, as those of health checks do.
    Ended,
    /// Something else came first.
    Malformed,
}

/// Reads the header, which must come first.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Introduced, NotIntroduced> {
    let mut bytes = Vec::with_capacity(FIXED_V2 + MAX_V1);
    loop {
        // There is room for a header, so a read of nothing is the end.
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return Err(NotIntroduced::Ended);
        }
        match parse(&bytes) {
            Parsed::Partial => bytes.reserve(MAX_V1),
            Parsed::Invalid => return Err(NotIntroduced::Malformed),
            Parsed::Header(length, ends) => return Ok(Introduced { ends, rest: bytes.split_off(length) }),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [V2, &[command, family], &length, rest].concat()
    }

    fn known(client: &str, server: &str) -> Option<Ends> {
        Some((client.parse().unwrap(), server.parse().unwrap()))
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 2, 0x12, 0x34, 0, 80];

    #[test]
    fn headers_of_both_versions_are_read() {
        let mut v6 = [0; 36];
        (v6[15], v6[31], v6[33], v6[35]) = (1, 2, 3, 4);
        let with_fields = [&V4[..], &[4, 0, 1, 9]].concat();
        for (bytes, ends) in [
            (b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 80\r\n".to_vec(), known("192.0.2.1:4660", "198.51.100.2:80")),
            (b"PROXY TCP6 ::1 ::2 3 4\r\n".to_vec(), known("[::1]:3", "[::2]:4")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (b"PROXY UNKNOWN ffff::1 ffff::2 3 4\r\n".to_vec(), None),
            (v2(0x21, 0x11, &V4), known("192.0.2.1:4660", "198.51.100.2:80")),
            (v2(0x21, 0x11, &with_fields), known("192.0.2.1:4660", "198.51.100.2:80")),
            (v2(0x21, 0x21, &v6), known("[::1]:3", "[::2]:4")),
            (v2(0x21, 0x31, &[0; 216]), None),
            (v2(0x21, 0x00, &[]), None),
            (v2(0x20, 0x00, &[]), None),
            (v2(0x20, 0x11, &V4), None),
        ] {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(parse(&bytes), Parsed::Header(bytes.len(), ends), "{text}");
            let and_more = [&bytes[..], b"GET / HTTP/1.1\r\n"].concat();
            assert_eq!(parse(&and_more), Parsed::Header(bytes.len(), ends), "{text}");
            for length in 0..bytes.len() {
                assert_eq!(parse(&bytes[..length]), Parsed::Partial, "{length} bytes of {text}");
            }
        }
    }

    #[test]
    fn what_is_no_header_is_refused_as_soon_as_that_is_clear() {
        for bytes in [
            b"G".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 4660\r\n".to_vec(),
            b"PROXY TCP4 ::1 ::2 3 4\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 99999\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.1 198.51.100.2 4660 80 \r\n".to_vec(),
            b"PROXY UDP4 192.0.2.1 198.51.100.2 4660 80\r\n".to_vec(),
            b"PROXY \r\n".to_vec(),
            b"PROXX".to_vec(),
            [b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 100]].concat(),
            b"\r\n\r\nX".to_vec(),
            v2(0x11, 0x11, &V4),
            v2(0x22, 0x11, &V4),
            v2(0x21, 0x11, &V4[..11]),
            v2(0x21, 0x12, &V4),
            v2(0x21, 0x41, &V4),
            v2(0x21, 0x11, &[0; MAX_V2]),
        ] {
            assert_eq!(parse(&bytes), Parsed::Invalid, "{}", String::from_utf8_lossy(&bytes));
        }
    }
}
