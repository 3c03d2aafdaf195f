//! `Kino::Request`: one request as the app sees it in `env["kino.request"]`.

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use kino_engine::{Gone, InterimResponse, Readable};
use magnus::value::Lazy;
use magnus::{Error, Module, RClass, RModule, RString, Ruby, Symbol, TryConvert, TypedData, Value, method, prelude::*};

use crate::ruby::error::{self, guard};
use crate::ruby::handle::{CurrentRequest, End, Handle, Lookup};
use crate::ruby::response::interim_headers;
use crate::ruby::setting::seconds;
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::gvl::{self, LONGEST_WAIT};
use crate::ruby::vm::{request_ref, string};

static REQUEST: Lazy<RClass> = Lazy::new(|ruby| {
    let kino = ruby.class_object().const_get::<_, RModule>("Kino");
    kino.and_then(|kino| kino.const_get("Request")).unwrap_or_else(|_| ruby.class_object())
});

/// A worker's [`CurrentRequest`] as an object, which the worker's requests refer to.
#[derive(TypedData)]
#[magnus(class = "Kino::Native::CurrentRequest", free_immediately)]
pub(crate) struct CurrentRequestObject(Owned<Arc<CurrentRequest>>);

impl magnus::DataTypeFunctions for CurrentRequestObject {}

impl CurrentRequestObject {
    pub(crate) fn new(current: Arc<CurrentRequest>) -> Self {
        Self(Owned::new(current))
    }
}

pub(crate) fn init(ruby: &Ruby, kino: RModule, native: RModule) -> Result<(), Error> {
    native.define_class("CurrentRequest", ruby.class_object())?.undef_default_alloc_func();
    CurrentRequestObject::class(ruby);
    let class = kino.define_class("Request", ruby.class_object())?;
    class.undef_default_alloc_func();
    class.define_method("disconnected?", method!(is_disconnected, 0))?;
    class.define_method("wait_end", method!(wait_end, 2))?;
    class.define_method("wake", method!(wake, 0))?;
    class.define_method("read_into", method!(read_into, 2))?;
    class.define_method("hijack", method!(hijack, 0))?;
    class.define_method("send_early_hints", method!(send_early_hints, 1))?;
    Lazy::force(&REQUEST, ruby);
    for end in [End::Disconnected, End::Stopping, End::Finished] {
        ruby.to_symbol(name_of(end));
    }
    Ok(())
}

/// The object for the request with this number. `current` is a [`CurrentRequestObject`].
pub(crate) fn new(ruby: &Ruby, current: Value, number: u64) -> Result<Value, Error> {
    request_ref::wrap(ruby.get_inner(&REQUEST), current, number)
}

fn find(ruby: &Ruby, request: Value) -> Result<Lookup, Error> {
    let (current, number) = unwrap(ruby, request)?;
    Ok(current.find(number))
}

/// The current request of the worker that has or had the request, and the request's number there.
fn unwrap(ruby: &Ruby, request: Value) -> Result<(&CurrentRequest, u64), Error> {
    let Some((current, number)) = request_ref::unwrap(request) else {
        return Err(error::general(ruby, "this is no request"));
    };
    let current = <&CurrentRequestObject>::try_convert(current)?;
    let current = current.0.get();
    let current = current.ok_or_else(|| error::disconnected(ruby, "this request belongs to the parent process"))?;
    Ok((current, number))
}

fn is_disconnected(ruby: &Ruby, request: Value) -> Result<bool, Error> {
    guard(ruby, || {
        Ok(match find(ruby, request)? {
            Lookup::Current(handle) => handle.is_gone(),
            Lookup::Over { was_disconnected } => was_disconnected,
        })
    })
}

fn name_of(end: End) -> &'static str {
    match end {
        End::Disconnected => "disconnected",
        End::Stopping => "stopping",
        End::Finished => "finished",
    }
}

/// Waits, without the VM lock, until no client waits for more of the response. Returns why; nil after `max` seconds,
/// or, if it is wakeable, after a call of `wake`.
fn wait_end(ruby: &Ruby, request: Value, max: Option<f64>, is_wakeable: bool) -> Result<Option<Symbol>, Error> {
    guard(ruby, || {
        let max = max.filter(|max| *max != f64::INFINITY).map(|max| seconds(ruby, max)).transpose()?;
        let handle = match find(ruby, request)? {
            Lookup::Current(handle) => handle,
            Lookup::Over { was_disconnected: true } => return Ok(Some(ruby.to_symbol(name_of(End::Disconnected)))),
            Lookup::Over { was_disconnected: false } => return Ok(Some(ruby.to_symbol(name_of(End::Finished)))),
        };
        let start = Instant::now();
        let watch = handle.watch();
        loop {
            if let Some(end) = handle.end() {
                return Ok(Some(ruby.to_symbol(name_of(end))));
            }
            let left = max.map_or(LONGEST_WAIT, |max| max.saturating_sub(start.elapsed()).min(LONGEST_WAIT));
            if (is_wakeable && handle.was_woken()) || left.is_zero() {
                return Ok(None);
            }
            gvl::park(watch.parker(), left);
            gvl::check_interrupts()?;
        }
    })
}

/// Ends the current or the next wakeable wait. Does nothing for a request that is over.
fn wake(ruby: &Ruby, request: Value) -> Result<(), Error> {
    guard(ruby, || {
        if let Lookup::Current(handle) = find(ruby, request)? {
            handle.wake();
        }
        Ok(())
    })
}

/// Sends 103 with these headers. Does nothing for a request that is over or answered, and for a client that has left:
/// they are hints.
fn send_early_hints(ruby: &Ruby, request: Value, headers: Value) -> Result<(), Error> {
    guard(ruby, || {
        let Lookup::Current(handle) = find(ruby, request)? else { return Ok(()) };
        handle.inform(InterimResponse::early_hints(interim_headers(ruby, headers)?));
        Ok(())
    })
}

/// Hijacks the connection with nothing sent. Returns the descriptor of the app's end; the caller wraps it in an IO at
/// once, which then owns it.
fn hijack(ruby: &Ruby, request: Value) -> Result<i32, Error> {
    guard(ruby, || match find(ruby, request)? {
        Lookup::Current(handle) => descriptor(ruby, handle.hijack(None)),
        Lookup::Over { .. } => descriptor(ruby, None),
    })
}

/// The descriptor as an Integer; Ruby owns it from here on.
pub(crate) fn descriptor(ruby: &Ruby, hijacked: Option<io::Result<Result<OwnedFd, Gone>>>) -> Result<i32, Error> {
    match hijacked {
        None => Err(error::general(ruby, "the request is answered already")),
        Some(Err(failed)) => Err(error::general(ruby, format!("no socket for this connection: {failed}"))),
        Some(Ok(Err(gone))) => Err(error::disconnected(ruby, gone.to_string())),
        Some(Ok(Ok(descriptor))) => Ok(descriptor.into_raw_fd()),
    }
}

/// Appends the next bytes of the body to `buffer`, at most `max`. False at its end.
fn read_into(ruby: &Ruby, request: Value, buffer: RString, max: usize) -> Result<bool, Error> {
    guard(ruby, || {
        let (current, number) = unwrap(ruby, request)?;
        let Lookup::Current(handle) = current.find(number) else { return Err(closed(ruby)) };
        // Reading bytes that are there does not release the VM lock.
        if current.lock_group().should_offer_within_request() {
            gvl::offer()?;
        }
        match next_piece(ruby, &handle, max)? {
            Some(piece) => string::push(buffer, &piece).map(|()| true),
            None => Ok(false),
        }
    })
}

fn next_piece(ruby: &Ruby, handle: &Handle, max: usize) -> Result<Option<Bytes>, Error> {
    let Some(_guard) = handle.read_guard() else {
        return Err(ruby_io_error(ruby, "another thread is reading this request body"));
    };
    loop {
        match handle.try_read(max) {
            None => return Err(closed(ruby)),
            Some(Ok(Readable::Chunk(bytes))) => return Ok(Some(bytes)),
            Some(Ok(Readable::End)) => return Ok(None),
            Some(Ok(Readable::Pending)) => {
                // A body that may be pending has a parker.
                let Some(parker) = handle.body_parker() else { return Ok(None) };
                gvl::park(parker, LONGEST_WAIT);
                gvl::check_interrupts()?;
            }
            Some(Err(failed)) => return Err(error::from_read(ruby, &failed)),
        }
    }
}

fn closed(ruby: &Ruby) -> Error {
    ruby_io_error(ruby, "the request is answered, its body is closed")
}

fn ruby_io_error(ruby: &Ruby, message: &'static str) -> Error {
    Error::new(ruby.exception_io_error(), message)
}
