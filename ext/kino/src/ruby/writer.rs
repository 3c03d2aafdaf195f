//! `Kino::Native::Writer`: the body of a streamed response.

use std::sync::Arc;

use kino_engine::{BodyWriter, Finish, LockGroup, Writable};
use magnus::{Error, RModule, RString, Ruby, Symbol, TypedData, Value, method, prelude::*};
use parking_lot::Mutex;

use crate::ruby::error::{self, guard};
use crate::ruby::fair_lock::FairLock;
use crate::ruby::handle::Handle;
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::gvl::{self, LONGEST_WAIT};
use crate::ruby::vm::string;

/// An object that is freed unfinished breaks the connection.
#[derive(TypedData)]
#[magnus(class = "Kino::Native::Writer", free_immediately)]
pub(crate) struct Writer(Owned<Inner>);

impl magnus::DataTypeFunctions for Writer {}

#[derive(Debug)]
struct Inner {
    body: Mutex<Option<BodyWriter>>,
    /// Held by the thread that writes, because the body's parker wakes one thread.
    write_lock: FairLock,
    handle: Arc<Handle>,
    lock_group: Arc<LockGroup>,
}

impl Writer {
    pub(crate) fn new(body: BodyWriter, handle: Arc<Handle>, lock_group: Arc<LockGroup>) -> Self {
        Self(Owned::new(Inner { body: Mutex::new(Some(body)), write_lock: FairLock::default(), handle, lock_group }))
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

/// Copies `chunk` into the pipe. Waits for room, without the VM lock.
fn write(ruby: &Ruby, writer: &Writer, chunk: RString) -> Result<usize, Error> {
    guard(ruby, || {
        let inner = writer.inner(ruby)?;
        let length = chunk.len();
        let mut rest = string::copy(chunk);
        // Writing a chunk for which there is room does not release the VM lock.
        if inner.lock_group.should_offer_within_request() {
            gvl::offer()?;
        }
        let _guard = inner.write_lock.lock()?;
        loop {
            // Held only for a moment, never while anything is waited for.
            let mut locked = inner.body.lock();
            let Some(body) = locked.as_mut() else {
                return Err(Error::new(ruby.exception_io_error(), "closed stream"));
            };
            match body.try_write(rest) {
                Ok(Writable::Written) => return Ok(length),
                Ok(Writable::Full(back)) => {
                    rest = back;
                    let parker = Arc::clone(body.parker());
                    // Unlocked before the interrupts are checked: what they run may use this writer.
                    drop(locked);
                    gvl::park(&parker, LONGEST_WAIT);
                    gvl::check_interrupts()?;
                }
                Err(failed) => return Err(error::from_write(ruby, failed)),
            }
        }
    })
}

/// Ends the body. Returns nil, or what was wrong with its length: `[:short, bytes]` if bytes were missing (the
/// connection is broken), `[:cut, bytes]` if there were too many (they were not sent).
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

/// Breaks the connection, so that the client cannot take what was sent for the whole.
fn abort(ruby: &Ruby, writer: &Writer) -> Result<Option<Value>, Error> {
    guard(ruby, || {
        let inner = writer.inner(ruby)?;
        let body = inner.body.lock().take();
        drop(body);
        inner.handle.close_body();
        Ok(None)
    })
}
