//! Turns engine errors into Ruby exceptions, and stops panics.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kino_engine::{ReadError, WriteError};
use magnus::prelude::*;
use magnus::value::Lazy;
use magnus::{Error, ExceptionClass, RModule, Ruby};

/// The classes of `lib/kino/errors.rb`, which is loaded before the extension.
macro_rules! classes {
    ($($constant:ident = $name:literal;)*) => {
        $(static $constant: Lazy<ExceptionClass> = Lazy::new(|ruby| class_named(ruby, $name));)*

        /// Looks the classes up on the main Ractor.
        pub(crate) fn init(ruby: &Ruby) -> Result<(), Error> {
            $(Lazy::force(&$constant, ruby);)*
            Ok(())
        }
    };
}

classes! {
    ERROR = "Error";
    BIND = "BindError";
    CONFIG = "ConfigError";
    DISCONNECTED = "DisconnectedError";
    BODY_TOO_LARGE = "BodyTooLargeError";
    BAD_BODY = "BadBodyError";
    BODY_TIMEOUT = "BodyTimeoutError";
    BAD_RESPONSE = "InvalidResponseError";
    LENGTH_MISMATCH = "LengthMismatchError";
    SERVER_HEADER = "ServerHeaderError";
    CHUNKED_BODY = "ChunkedBodyError";
}

fn class_named(ruby: &Ruby, name: &str) -> ExceptionClass {
    ruby.class_object()
        .const_get::<_, RModule>("Kino")
        .and_then(|kino| kino.const_get(name))
        // Only if the extension is loaded without `kino/errors`.
        .unwrap_or_else(|_| ruby.exception_standard_error())
}

/// `Kino::Error`.
pub(crate) fn general(ruby: &Ruby, message: impl Into<String>) -> Error {
    Error::new(ruby.get_inner(&ERROR), message.into())
}

/// `Kino::InvalidResponseError`: what the app returned cannot be sent.
pub(crate) fn bad_response(ruby: &Ruby, message: impl Into<String>) -> Error {
    Error::new(ruby.get_inner(&BAD_RESPONSE), message.into())
}

/// `Kino::LengthMismatchError`: nothing is sent; the worker sends the body as a stream, which can break off.
pub(crate) fn length_mismatch(ruby: &Ruby) -> Error {
    Error::new(ruby.get_inner(&LENGTH_MISMATCH), "the body is not as long as its content-length")
}

/// `Kino::ServerHeaderError`: nothing is sent; the worker does what the header asks for.
pub(crate) fn server_header(ruby: &Ruby) -> Error {
    Error::new(ruby.get_inner(&SERVER_HEADER), "rack.hijack and rack.protocol are the worker's to act on")
}

/// `Kino::ChunkedBodyError`: nothing is sent; the worker decodes the chunks.
pub(crate) fn chunked_body(ruby: &Ruby) -> Error {
    Error::new(ruby.get_inner(&CHUNKED_BODY), "the chunks of a body are the worker's to take apart")
}

/// `Kino::DisconnectedError`.
pub(crate) fn disconnected(ruby: &Ruby, message: impl Into<String>) -> Error {
    Error::new(ruby.get_inner(&DISCONNECTED), message.into())
}

/// For an error at the start.
pub(crate) fn from_start(ruby: &Ruby, error: &kino_engine::Error) -> Error {
    let class = if error.is_bind() { &BIND } else { &ERROR };
    Error::new(ruby.get_inner(class), error.to_string())
}

/// `Kino::BindError`.
pub(crate) fn bind(ruby: &Ruby, message: String) -> Error {
    Error::new(ruby.get_inner(&BIND), message)
}

/// `Kino::ConfigError`: certificates that cannot be used.
pub(crate) fn from_tls(ruby: &Ruby, error: &kino_engine::TlsError) -> Error {
    Error::new(ruby.get_inner(&CONFIG), format!("tls: {error}"))
}

/// Why a request body ended early.
pub(crate) fn from_read(ruby: &Ruby, error: &ReadError) -> Error {
    let class = match error {
        ReadError::TooLarge { .. } => &BODY_TOO_LARGE,
        ReadError::Malformed => &BAD_BODY,
        ReadError::Stalled => &BODY_TIMEOUT,
        _ => &DISCONNECTED,
    };
    Error::new(ruby.get_inner(class), error.to_string())
}

/// Why a response body cannot be written.
pub(crate) fn from_write(ruby: &Ruby, error: WriteError) -> Error {
    disconnected(ruby, error.to_string())
}

/// Runs `body`, and turns a panic into `Kino::Error`. Unwinding into a Ruby frame would be undefined, and magnus' own
/// guard raises `fatal`, which takes the whole process down.
pub(crate) fn guard<T>(ruby: &Ruby, body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let what = panic_text(panic.as_ref());
        Err(general(ruby, format!("bug in Kino: {what}")))
    })
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic")
}
