//! Why the engine refuses a request: one list for the statuses and the counters.

use http::StatusCode;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $text:literal;)*) => {
        /// Why a request was refused before a worker saw it, or while its body was read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All reasons.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];

            /// Its position in [`Reason::ALL`].
            pub fn index(self) -> usize {
                self as usize
            }

            /// The status that the client gets.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// Its name in the counters.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// A connection that does not begin with the header that its listener asks for (PROXY protocol). It is closed
    /// without an answer.
    BadProxyHeader = BAD_REQUEST, "bad_proxy_header";
    /// Not `method SP target SP version` (RFC 9112 section 3), or the method is beyond its limit.
    BadRequestLine = BAD_REQUEST, "bad_request_line";
    /// A line that does not end in CRLF (RFC 9112 section 2.2).
    BareLineEnd = BAD_REQUEST, "bare_line_end";
    /// A header line that is folded, has no name, has space before its colon, or holds control characters (RFC 9112
    /// section 5).
    BadHeader = BAD_REQUEST, "bad_header";
    /// Host is missing, malformed, empty, or doubled (RFC 9112 section 3.2).
    BadHost = BAD_REQUEST, "bad_host";
    /// The target has a fragment, bytes that are not ASCII, or a form that the method does not allow (RFC 9112 section
    /// 3.2).
    BadTarget = BAD_REQUEST, "bad_target";
    /// Content-Length is not a number, or there are two (RFC 9112 section 6.3).
    BadLength = BAD_REQUEST, "bad_content_length";
    /// Transfer-Encoding is not exactly one `chunked`, or is not alone (RFC 9112 section 6.1).
    BadTransferEncoding = BAD_REQUEST, "bad_transfer_encoding";
    /// A transfer coding that the engine does not know (RFC 9112 section 6.1).
    UnknownCoding = NOT_IMPLEMENTED, "unknown_transfer_coding";
    /// CONNECT is for proxies (RFC 9110 section 9.3.6).
    Connect = NOT_IMPLEMENTED, "connect";
    /// A well-formed version that is neither HTTP/1.1 nor HTTP/1.0 (RFC 9110 section 15.6.6).
    BadVersion = HTTP_VERSION_NOT_SUPPORTED, "bad_version";
    /// The target is beyond its limit (RFC 9110 section 15.5.15).
    TargetTooLong = URI_TOO_LONG, "target_too_long";
    /// The head is beyond its limit (RFC 6585 section 5).
    HeadTooLarge = REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large";
    /// More header lines than the limit (RFC 6585 section 5).
    TooManyHeaders = REQUEST_HEADER_FIELDS_TOO_LARGE, "too_many_headers";
    /// The head was not complete in time (RFC 9110 section 15.5.9).
    HeadTimeout = REQUEST_TIMEOUT, "head_timeout";
    /// The body is beyond its limit (RFC 9110 section 15.5.14).
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large";
    /// The body's chunks are malformed (RFC 9112 section 7.1).
    BadChunk = BAD_REQUEST, "bad_chunk";
    /// The body stalled (RFC 9110 section 15.5.9).
    BodyTimeout = REQUEST_TIMEOUT, "body_timeout";
}
