//! `Kino::Request`: one request as the app sees it in `env["kino.request"]`.

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kino_engine::{Gone, Readable};
use magnus::value::Lazy;
use magnus::{Error, Module, RClass, RModule, RString, Ruby, Symbol, TryConvert, TypedData, Value, method, prelude::*};

use crate::ruby::error::{self, guard};
use crate::ruby::handle::{End, Hand, Handle, Lookup};
use crate::ruby::server;
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::{gvl, string, token};

/// A wait that lasts longer than this looks again; nothing depends on its length.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

static REQUEST: Lazy<RClass> = Lazy::new(|ruby| {
    let kino = ruby.class_object().const_get::<_, RModule>("Kino");
    kino.and_then(|kino| kino.const_get("Request")).unwrap_or_else(|_| ruby.class_object())
});

/// A worker's hand as an object, which the requests that it has held refer to.
#[derive(TypedData)]
#[magnus(class = "Kino::Native::Hand", free_immediately)]
pub(crate) struct HandObject(Owned<Arc<Hand>>);

impl magnus::DataTypeFunctions for HandObject {}

impl HandObject {
    pub(crate) fn new(hand: Arc<Hand>) -> Self {
        Self(Owned::new(hand))
    }
}

pub(crate) fn init(ruby: &Ruby, kino: RModule, native: RModule) -> Result<(), Error> {
    native.define_class("Hand", ruby.class_object())?.undef_default_alloc_func();
    HandObject::class(ruby);
    let class = kino.define_class("Request", ruby.class_object())?;
    class.undef_default_alloc_func();
    class.define_method("disconnected?", method!(is_disconnected, 0))?;
    class.define_method("wait_end", method!(wait_end, 2))?;
    class.define_method("wake", method!(wake, 0))?;
    class.define_method("read_into", method!(read_into, 2))?;
    class.define_method("take_over", method!(take_over, 0))?;
    Lazy::force(&REQUEST, ruby);
    for end in [End::Disconnected, End::Stopping, End::Finished] {
        ruby.to_symbol(name_of(end));
    }
    Ok(())
}

/// The object for the request with this number in the hand that `hand` is.
pub(crate) fn new(ruby: &Ruby, hand: Value, number: u64) -> Result<Value, Error> {
    token::wrap(ruby.get_inner(&REQUEST), hand, number)
}

fn find(ruby: &Ruby, request: Value) -> Result<Lookup, Error> {
    let (hand, number) = hand(ruby, request)?;
    Ok(hand.find(number))
}

/// The hand that holds or has held the request, and its number there.
fn hand(ruby: &Ruby, request: Value) -> Result<(&Hand, u64), Error> {
    let Some((hand, number)) = token::unwrap(request) else {
        return Err(error::general(ruby, "this is no request"));
    };
    let hand = <&HandObject>::try_convert(hand)?;
    let hand = hand.0.get().ok_or_else(|| error::disconnected(ruby, "this request belongs to the parent process"))?;
    Ok((hand, number))
}

fn is_disconnected(ruby: &Ruby, request: Value) -> Result<bool, Error> {
    guard(ruby, || {
        Ok(match find(ruby, request)? {
            Lookup::InHand(handle) => handle.is_gone(),
            Lookup::Over { has_left } => has_left,
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

/// Waits, without the lock, until nobody waits for more of the answer, and says why. nil when that many seconds are
/// over, or, if it is wakeable, when somebody has called `wake`.
fn wait_end(ruby: &Ruby, request: Value, max: Option<f64>, is_wakeable: bool) -> Result<Option<Symbol>, Error> {
    guard(ruby, || {
        let max = max.filter(|max| *max != f64::INFINITY).map(|max| server::seconds(ruby, max)).transpose()?;
        let handle = match find(ruby, request)? {
            Lookup::InHand(handle) => handle,
            Lookup::Over { has_left: true } => return Ok(Some(ruby.to_symbol(name_of(End::Disconnected)))),
            Lookup::Over { has_left: false } => return Ok(Some(ruby.to_symbol(name_of(End::Finished)))),
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
            gvl::wait(watch.signal(), left);
            gvl::check_interrupts()?;
        }
    })
}

/// Ends a wakeable wait, or the next. Nothing for a request that is over.
fn wake(ruby: &Ruby, request: Value) -> Result<(), Error> {
    guard(ruby, || {
        if let Lookup::InHand(handle) = find(ruby, request)? {
            handle.wake();
        }
        Ok(())
    })
}

/// Gives the connection away with nothing sent: the descriptor of its other end. The caller wraps it
/// in an IO at once, which then owns it.
fn take_over(ruby: &Ruby, request: Value) -> Result<i32, Error> {
    guard(ruby, || match find(ruby, request)? {
        Lookup::InHand(handle) => descriptor(ruby, handle.take_over(None)),
        Lookup::Over { .. } => descriptor(ruby, None),
    })
}

/// The descriptor as an Integer; Ruby owns it from here on.
pub(crate) fn descriptor(ruby: &Ruby, taken: Option<io::Result<Result<OwnedFd, Gone>>>) -> Result<i32, Error> {
    match taken {
        None => Err(error::general(ruby, "the request is answered already")),
        Some(Err(failed)) => Err(error::general(ruby, format!("no socket for this connection: {failed}"))),
        Some(Ok(Err(gone))) => Err(error::disconnected(ruby, gone.to_string())),
        Some(Ok(Ok(descriptor))) => Ok(descriptor.into_raw_fd()),
    }
}

/// Appends the next piece of the body to `buffer`, at most `max` bytes of it. False at its end.
fn read_into(ruby: &Ruby, request: Value, buffer: RString, max: usize) -> Result<bool, Error> {
    guard(ruby, || {
        let (hand, number) = hand(ruby, request)?;
        let Lookup::InHand(handle) = hand.find(number) else { return Err(closed(ruby)) };
        // Bytes that are there are read without giving the lock up.
        if hand.lock().wants_lock_within_request() {
            gvl::offer()?;
        }
        match next_piece(ruby, &handle, max)? {
            Some(piece) => string::push(buffer, &piece).map(|()| true),
            None => Ok(false),
        }
    })
}

fn next_piece(ruby: &Ruby, handle: &Handle, max: usize) -> Result<Option<Bytes>, Error> {
    let Some(_turn) = handle.turn() else {
        return Err(ruby_io_error(ruby, "another thread is reading this request body"));
    };
    loop {
        match handle.try_read(max) {
            None => return Err(closed(ruby)),
            Some(Ok(Readable::Chunk(bytes))) => return Ok(Some(bytes)),
            Some(Ok(Readable::End)) => return Ok(None),
            Some(Ok(Readable::Pending)) => {
                // A body that can make us wait has a signal.
                let Some(signal) = handle.body_signal() else { return Ok(None) };
                gvl::wait(signal, LONGEST_WAIT);
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
