//! `Kino::Native::Writer`: the body of a streamed answer.

use std::sync::Arc;

use kino_engine::{BodyWriter, Finish, LockGroup, Writable};
use magnus::{Error, RModule, RString, Ruby, Symbol, TypedData, Value, method, prelude::*};
use parking_lot::Mutex;

use crate::ruby::error::{self, guard};
use crate::ruby::handle::Handle;
use crate::ruby::request::LONGEST_WAIT;
use crate::ruby::turns::Turns;
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::{gvl, string};

/// The Ruby object. An object that is freed unfinished breaks the connection.
#[derive(TypedData)]
#[magnus(class = "Kino::Native::Writer", free_immediately)]
pub(crate) struct Writer(Owned<Inner>);

impl magnus::DataTypeFunctions for Writer {}

#[derive(Debug)]
struct Inner {
    body: Mutex<Option<BodyWriter>>,
    /// One thread writes at a time: the body's signal wakes one.
    turns: Turns,
    handle: Arc<Handle>,
    /// What its worker shares with others.
    lock: Arc<LockGroup>,
}

impl Writer {
    pub(crate) fn new(body: BodyWriter, handle: Arc<Handle>, lock: Arc<LockGroup>) -> Self {
        Self(Owned::new(Inner { body: Mutex::new(Some(body)), turns: Turns::default(), handle, lock }))
    }

    fn inner(&self, ruby: &Ruby) -> Result<&Inner, Error> {
        self.0.get().ok_or_else(|| error::disconnected(ruby, "this answer belongs to the parent process"))
    }
}

pub(crate) fn init(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let class = native.define_class("Writer", ruby.class_object())?;
    class.undef_default_alloc_func();
    class.define_method("write", method!(write, 1))?;
    class.define_method("finish", method!(finish, 0))?;
    class.define_method("abort", method!(abort, 0))?;
    Writer::class(ruby);
    for name in ["short", "cut"] {
        ruby.to_symbol(name);
    }
    Ok(())
}

/// Copies `chunk` into the pipe; waits, without the lock, while the client is slower than that.
fn write(ruby: &Ruby, writer: &Writer, chunk: RString) -> Result<usize, Error> {
    guard(ruby, || {
        let inner = writer.inner(ruby)?;
        let length = chunk.len();
        let mut rest = string::copy(chunk);
        // A chunk for which there is room is written without giving the lock up.
        if inner.lock.wants_lock_within_request() {
            gvl::offer()?;
        }
        let _turn = inner.turns.take()?;
        loop {
            // Held for a moment only, never while anything is waited for.
            let mut held = inner.body.lock();
            let Some(body) = held.as_mut() else {
                return Err(Error::new(ruby.exception_io_error(), "closed stream"));
            };
            match body.try_write(rest) {
                Ok(Writable::Written) => return Ok(length),
                Ok(Writable::Full(back)) => {
                    rest = back;
                    let signal = Arc::clone(body.signal());
                    // Let go before the interrupts are checked: what they run may use this writer.
                    drop(held);
                    gvl::wait(&signal, LONGEST_WAIT);
                    gvl::check_interrupts()?;
                }
                Err(failed) => return Err(error::from_write(ruby, failed)),
            }
        }
    })
}

/// Ends the body. nil, or what was wrong with its length: `[:short, bytes]` that were missing (the
/// connection is broken), `[:cut, bytes]` that were too many (they were not sent).
fn finish(ruby: &Ruby, writer: &Writer) -> Result<Option<(Symbol, u64)>, Error> {
    guard(ruby, || {
        let inner = writer.inner(ruby)?;
        let body = inner.body.lock().take();
        inner.handle.close_body();
        Ok(match body.map(BodyWriter::finish) {
            None | Some(Finish::Complete) => None,
            Some(Finish::Short { missing }) => Some((ruby.to_symbol("short"), missing)),
            Some(Finish::Cut { surplus }) => Some((ruby.to_symbol("cut"), surplus)),
        })
    })
}

/// Breaks the connection, so that nobody takes what was sent for the whole.
fn abort(ruby: &Ruby, writer: &Writer) -> Result<Option<Value>, Error> {
    guard(ruby, || {
        let inner = writer.inner(ruby)?;
        let body = inner.body.lock().take();
        drop(body);
        inner.handle.close_body();
        Ok(None)
    })
}
