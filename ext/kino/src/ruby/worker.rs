//! `Kino::Native::Worker`: how a thread takes and answers requests.
//!
//! The object is made and used by one Ruby thread of one Ractor; what it holds is native. `release` in an `ensure`
//! answers 500 to a current request, however the worker ends.

use std::ffi::OsStr;
use std::hint::black_box;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use kino_engine::{Exchange, NotPutBack, Parker, ResponseBody, Take, Wake, open_file};
use magnus::gc::Marker;
use magnus::typed_data::Obj;
use magnus::{Error, RArray, RHash, RModule, RString, Ruby, TypedData, Value, function, method, prelude::*};

use crate::ruby::error::{self, guard};
use crate::ruby::handle::{CurrentRequest, Handle};
use crate::ruby::header_cache::HeaderCache;
use crate::ruby::request::{self, CurrentRequestObject, descriptor};
use crate::ruby::response::{self, Head};
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::gc_ref::GcRef;
use crate::ruby::vm::gvl::{self, LONGEST_WAIT};
use crate::ruby::vm::string;
use crate::ruby::writer::Writer;
use crate::ruby::{env, server};

#[derive(TypedData)]
#[magnus(class = "Kino::Native::Worker", free_immediately, mark)]
pub(crate) struct Worker(Owned<Inner>);

impl magnus::DataTypeFunctions for Worker {
    /// Marks nothing in a child of the process that made it: nothing is used there.
    fn mark(&self, marker: &Marker) {
        if let Some(inner) = self.0.get() {
            inner.cache.mark(marker);
            inner.headers.mark(marker);
            inner.current_object.mark(marker);
        }
    }
}

#[derive(Debug)]
struct Inner {
    engine: kino_engine::Worker,
    current: Arc<CurrentRequest>,
    /// The object for `current`, which requests refer to.
    current_object: GcRef,
    cache: env::Cache,
    headers: HeaderCache,
    extras: env::Extras,
}

pub(crate) fn init(ruby: &Ruby, native: RModule) -> Result<(), Error> {
    let class = native.define_class("Worker", ruby.class_object())?;
    class.undef_default_alloc_func();
    class.define_singleton_method("new", function!(new, 4))?;
    class.define_method("take", method!(take, 0))?;
    class.define_method("reply", method!(reply, 3))?;
    class.define_method("answer", method!(answer, 3))?;
    class.define_method("stream", method!(stream, 2))?;
    class.define_method("send_file", method!(send_file, 3))?;
    class.define_method("hijack", method!(hijack, 2))?;
    class.define_method("put_back", method!(put_back, 0))?;
    class.define_method("release", method!(release, 0))?;
    class.define_method("answered?", method!(is_answered, 0))?;
    class.define_method("bodiless?", method!(is_bodiless, 1))?;
    class.define_method("holding?", method!(is_holding, 0))?;
    class.define_method("leaving?", method!(is_leaving, 0))?;
    class.define_method("quarantined?", method!(is_quarantined, 0))?;
    Worker::class(ruby);
    Ok(())
}

fn new(ruby: &Ruby, server: u64, index: usize, lock: usize, is_relief: bool) -> Result<Obj<Worker>, Error> {
    guard(ruby, || {
        let (engine, extras) = server::worker(ruby, server, index, lock, is_relief)?;
        let current = Arc::new(CurrentRequest::new(Arc::clone(engine.lock_group())));
        let object = ruby.obj_wrap(CurrentRequestObject::new(Arc::clone(&current)));
        let inner = Inner {
            engine,
            current,
            current_object: GcRef::default(),
            cache: env::Cache::default(),
            headers: HeaderCache::default(),
            extras,
        };
        inner.current_object.set(object.as_value());
        let worker = ruby.obj_wrap(Worker(Owned::new(inner)));
        // Kept on the stack until here, because the worker could not mark it before.
        black_box(object);
        Ok(worker)
    })
}

impl Worker {
    fn inner(&self, ruby: &Ruby) -> Result<&Inner, Error> {
        self.0.get().ok_or_else(|| error::general(ruby, "this worker belongs to the parent process"))
    }
}

impl Inner {
    fn current(&self, ruby: &Ruby) -> Result<Arc<Handle>, Error> {
        self.current.get().ok_or_else(|| error::general(ruby, "no request is in hand"))
    }

    /// The env of the next request; nil when the server is closed.
    fn next(&self, ruby: &Ruby) -> Result<Option<RHash>, Error> {
        self.current.clear();
        match self.take()? {
            Some(exchange) => self.begin(ruby, exchange).map(Some),
            None => Ok(None),
        }
    }

    /// Takes the next request, always with the VM lock held. So a request that is there costs no thread switch, and one
    /// that comes later goes to the thread that gets the lock first. (A thread that took a request before it had the
    /// lock stood in line with it, for up to 100 ms, while the holder served others.)
    fn take(&self) -> Result<Option<Box<Exchange>>, Error> {
        self.engine.rest();
        if self.engine.lock_group().should_offer_after_answer() {
            gvl::offer()?;
        }
        let parker = self.engine.parker();
        loop {
            match self.engine.try_take() {
                Take::Exchange(exchange) => return Ok(Some(exchange)),
                Take::Closed => return Ok(None),
                Take::Empty | Take::Interrupted => {}
            }
            match gvl::without_gvl(parker, || self.engine.wait(LONGEST_WAIT)) {
                Some(Wake::Interrupted) | None => gvl::check_interrupts()?,
                Some(Wake::Unparked | Wake::TimedOut) => {}
            }
        }
    }

    fn begin(&self, ruby: &Ruby, exchange: Box<Exchange>) -> Result<RHash, Error> {
        let waited = self.extras.queue_ms.then(|| exchange.received_at.elapsed());
        let handle = Handle::new(*exchange);
        let has_body = handle.has_body();
        let number = self.current.set(Arc::clone(&handle));
        let object = self.current_object.get();
        let object = object.ok_or_else(|| error::general(ruby, "bug in Kino: a worker has no current request"))?;
        let env = request::new(ruby, object, number).and_then(|request| {
            env::build(ruby, &self.cache, handle.head(), request, has_body, waited, self.extras.early_hints)
        });
        if env.is_err() {
            // The client is answered 500 now, and the loop does not take the error for one of the app's.
            self.current.clear();
        }
        env
    }

    fn send(&self, ruby: &Ruby, status: Value, headers: Value, chunks: RArray) -> Result<(), Error> {
        let handle = self.current(ruby)?;
        if handle.is_hijacked() {
            return Ok(());
        }
        let head = Head::from_rack(ruby, &self.headers, status, headers)?;
        refuse_chunked(ruby, &handle, &head)?;
        let body = response::join(ruby, chunks)?;
        if handle.expected_length(&head).is_some_and(|declared| declared != body.len() as u64) {
            return Err(error::length_mismatch(ruby));
        }
        finish(ruby, handle.send(head.with(ResponseBody::full(body))))
    }
}

/// Refuses a body that the worker must decode first.
fn refuse_chunked(ruby: &Ruby, handle: &Handle, head: &Head) -> Result<(), Error> {
    if handle.is_chunked(head) { Err(error::chunked_body(ruby)) } else { Ok(()) }
}

/// A client that has left is no error of the app: its response is not needed.
fn finish<T>(ruby: &Ruby, sent: Option<Result<T, kino_engine::Gone>>) -> Result<(), Error> {
    match sent {
        Some(_) => Ok(()),
        None => Err(error::general(ruby, "the request is answered already")),
    }
}

fn take(ruby: &Ruby, worker: &Worker) -> Result<Option<RHash>, Error> {
    guard(ruby, || worker.inner(ruby)?.next(ruby))
}

/// Answers the current request with an array body, and takes the next: one crossing for each request.
fn reply(ruby: &Ruby, worker: &Worker, status: Value, headers: Value, chunks: RArray) -> Result<Option<RHash>, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        inner.send(ruby, status, headers, chunks)?;
        inner.next(ruby)
    })
}

/// Answers the current request, and takes none.
fn answer(ruby: &Ruby, worker: &Worker, status: Value, headers: Value, chunks: RArray) -> Result<(), Error> {
    guard(ruby, || worker.inner(ruby)?.send(ruby, status, headers, chunks))
}

/// Sends a head whose body follows through the writer.
fn stream(ruby: &Ruby, worker: &Worker, status: Value, headers: Value) -> Result<Writer, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.current(ruby)?;
        let head = Head::from_rack(ruby, &inner.headers, status, headers)?;
        refuse_chunked(ruby, &handle, &head)?;
        let declared = if handle.is_bodiless(head.status) { Some(0) } else { head.declared };
        match handle.stream(head.with(ResponseBody::empty()), declared) {
            Some(Ok(writer)) => Ok(Writer::new(writer, handle, Arc::clone(inner.engine.lock_group()))),
            Some(Err(gone)) => Err(error::disconnected(ruby, gone.to_string())),
            None => Err(error::general(ruby, "the request is answered already")),
        }
    })
}

/// Answers with a file, which the front-end reads. Sends nothing and returns false if there is no regular file with
/// that name that may be read.
fn send_file(ruby: &Ruby, worker: &Worker, status: Value, headers: Value, path: RString) -> Result<bool, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.current(ruby)?;
        let head = Head::from_rack(ruby, &inner.headers, status, headers)?;
        if handle.is_chunked(&head) {
            return Ok(false);
        }
        let path = string::with_bytes(path, |bytes| PathBuf::from(OsStr::from_bytes(bytes)));
        let parker = Parker::new();
        // Without the VM lock, because a disk may block.
        let opened = loop {
            match gvl::without_gvl(&parker, || open_file(&path)) {
                Some(opened) => break opened,
                None => gvl::check_interrupts()?,
            }
        };
        let Ok((file, size)) = opened else { return Ok(false) };
        let length = handle.expected_length(&head).unwrap_or(size);
        finish(ruby, handle.send(head.with(ResponseBody::file(file, length))))?;
        Ok(true)
    })
}

/// Sends a head and hijacks the connection. Returns the descriptor of the app's end, see `Request#hijack`.
fn hijack(ruby: &Ruby, worker: &Worker, status: Value, headers: Value) -> Result<i32, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.current(ruby)?;
        let head = Head::from_rack_or_101(ruby, &inner.headers, status, headers)?.framed_by_app();
        descriptor(ruby, handle.hijack(Some(head.with(ResponseBody::empty()))))
    })
}

/// Puts the current request back for the workers that relieve this one, if there are any and it can be answered again.
/// Returns whether it did.
fn put_back(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.current.get().filter(|_| inner.engine.is_relieved());
        let taken = handle.and_then(|handle| handle.take_back().map(|exchange| (handle, exchange)));
        let Some((handle, exchange)) = taken else { return Ok(false) };
        if let Err(NotPutBack::Refused(exchange)) = inner.engine.put_back(exchange) {
            handle.restore(*exchange);
            return Ok(false);
        }
        inner.current.clear();
        Ok(true)
    })
}

/// The last call of a worker, whatever ends it: neither its client nor requests that waited for this worker must wait
/// for the garbage collector.
fn release(ruby: &Ruby, worker: &Worker) -> Result<(), Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        inner.current.clear();
        inner.engine.leave();
        Ok(())
    })
}

/// Whether the current request needs no answer any more.
fn is_answered(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.current.get().is_none_or(|handle| !handle.is_open())))
}

/// Whether no content follows a head with `status`. The method of the request counts, not what the app has made of it
/// in the env.
fn is_bodiless(ruby: &Ruby, worker: &Worker, status: Value) -> Result<bool, Error> {
    guard(ruby, || {
        let handle = worker.inner(ruby)?.current(ruby)?;
        Ok(response::status(status).is_some_and(|status| handle.is_bodiless(status)))
    })
}

/// Whether there is a current request, answered or not. An error that comes while there is none was raised by `take`.
fn is_holding(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.current.get().is_some()))
}

/// Whether this worker was told to leave.
fn is_leaving(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.engine.is_leaving()))
}

/// Whether this worker is quarantined.
fn is_quarantined(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.engine.is_quarantined()))
}
