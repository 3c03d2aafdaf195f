//! `Kino::Native::Worker`: one thread's way to its requests.
//!
//! The object is made and used by one Ruby thread of one Ractor; what it holds is native. `release`
//! in an `ensure` answers 500 for a request still in hand, however the worker ends.

use std::ffi::OsStr;
use std::hint::black_box;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use kino_engine::{Exchange, NotPutBack, ResponseBody, Signal, Take, Wake, open_file};
use magnus::gc::Marker;
use magnus::typed_data::Obj;
use magnus::{Error, RArray, RHash, RModule, RString, Ruby, TypedData, Value, function, method, prelude::*};

use crate::ruby::error::{self, guard};
use crate::ruby::fields::Fields;
use crate::ruby::handle::{Hand, Handle};
use crate::ruby::request::{self, HandObject, LONGEST_WAIT, descriptor};
use crate::ruby::response::{self, Head};
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::kept::Kept;
use crate::ruby::vm::{gvl, string};
use crate::ruby::writer::Writer;
use crate::ruby::{env, server};

#[derive(TypedData)]
#[magnus(class = "Kino::Native::Worker", free_immediately, mark)]
pub(crate) struct Worker(Owned<Inner>);

impl magnus::DataTypeFunctions for Worker {
    /// In a child of the process that made it nothing is marked, and nothing is used.
    fn mark(&self, marker: &Marker) {
        if let Some(inner) = self.0.get() {
            inner.cache.mark(marker);
            inner.fields.mark(marker);
            inner.hand_object.mark(marker);
        }
    }
}

#[derive(Debug)]
struct Inner {
    engine: kino_engine::Worker,
    hand: Arc<Hand>,
    /// The same as the object that requests refer to.
    hand_object: Kept,
    cache: env::Cache,
    fields: Fields,
    /// Whether the env says how long its request waited.
    tells_wait: bool,
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
    class.define_method("take_over", method!(take_over, 2))?;
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
        let (engine, tells_wait) = server::worker(ruby, server, index, lock, is_relief)?;
        let hand = Arc::new(Hand::new(Arc::clone(engine.lock())));
        let object = ruby.obj_wrap(HandObject::new(Arc::clone(&hand)));
        let inner = Inner {
            engine,
            hand,
            hand_object: Kept::default(),
            cache: env::Cache::default(),
            fields: Fields::default(),
            tells_wait,
        };
        inner.hand_object.set(object.as_value());
        let worker = ruby.obj_wrap(Worker(Owned::new(inner)));
        // Until here the worker could not mark it.
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
        self.hand.current().ok_or_else(|| error::general(ruby, "no request is in hand"))
    }

    /// The env of the next request; nil when the server is closed.
    fn next(&self, ruby: &Ruby) -> Result<Option<RHash>, Error> {
        self.hand.put_down();
        match self.wait()? {
            Some(exchange) => self.begin(ruby, exchange).map(Some),
            None => Ok(None),
        }
    }

    /// A request is taken with the lock held, always. One that is there costs no switch of threads; and one that is
    /// waited for goes to whichever thread has the lock first. (A thread that took it before it had the lock stood in line
    /// with it, for up to 100 ms, while the holder served others.)
    fn wait(&self) -> Result<Option<Box<Exchange>>, Error> {
        self.engine.rest();
        if self.engine.lock().wants_lock_after_answer() {
            gvl::offer()?;
        }
        let signal = self.engine.signal();
        loop {
            match self.engine.try_take() {
                Take::Exchange(exchange) => return Ok(Some(exchange)),
                Take::Closed => return Ok(None),
                Take::Empty | Take::Interrupted => {}
            }
            match gvl::without_gvl(signal, || self.engine.wait(LONGEST_WAIT)) {
                Some(Wake::Interrupted) | None => gvl::check_interrupts()?,
                Some(Wake::Notified | Wake::TimedOut) => {}
            }
        }
    }

    fn begin(&self, ruby: &Ruby, exchange: Box<Exchange>) -> Result<RHash, Error> {
        let waited = self.tells_wait.then(|| exchange.came.elapsed());
        let handle = Handle::of(*exchange);
        let has_body = handle.has_body();
        let number = self.hand.take_up(Arc::clone(&handle));
        let hand = self.hand_object.get().ok_or_else(|| error::general(ruby, "bug in Kino: a worker has no hand"))?;
        let env = request::new(ruby, hand, number)
            .and_then(|request| env::build(ruby, &self.cache, handle.head(), request, has_body, waited));
        if env.is_err() {
            // Its client is answered 500 now, and nobody takes the error for one of the app's.
            self.hand.put_down();
        }
        env
    }

    fn send(&self, ruby: &Ruby, status: Value, headers: Value, chunks: RArray) -> Result<(), Error> {
        let handle = self.current(ruby)?;
        if handle.is_taken() {
            return Ok(());
        }
        let head = Head::from_rack(ruby, &self.fields, status, headers)?;
        refuse_chunked(ruby, &handle, &head)?;
        let body = response::join(ruby, chunks)?;
        if handle.expected_length(&head).is_some_and(|declared| declared != body.len() as u64) {
            return Err(error::length_mismatch(ruby));
        }
        finish(ruby, handle.send(head.with(ResponseBody::full(body))))
    }
}

/// The worker takes the chunks apart first.
fn refuse_chunked(ruby: &Ruby, handle: &Handle, head: &Head) -> Result<(), Error> {
    if handle.is_coded(head) { Err(error::chunked_body(ruby)) } else { Ok(()) }
}

/// A client that has left is no error of the app: its answer is just not needed.
fn finish<T>(ruby: &Ruby, sent: Option<Result<T, kino_engine::Gone>>) -> Result<(), Error> {
    match sent {
        Some(_) => Ok(()),
        None => Err(error::general(ruby, "the request is answered already")),
    }
}

fn take(ruby: &Ruby, worker: &Worker) -> Result<Option<RHash>, Error> {
    guard(ruby, || worker.inner(ruby)?.next(ruby))
}

/// Answers the request in hand with an array body, and takes the next: one crossing a request.
fn reply(ruby: &Ruby, worker: &Worker, status: Value, headers: Value, chunks: RArray) -> Result<Option<RHash>, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        inner.send(ruby, status, headers, chunks)?;
        inner.next(ruby)
    })
}

/// Answers the request in hand and takes nothing.
fn answer(ruby: &Ruby, worker: &Worker, status: Value, headers: Value, chunks: RArray) -> Result<(), Error> {
    guard(ruby, || worker.inner(ruby)?.send(ruby, status, headers, chunks))
}

/// Sends a head whose body follows through the writer.
fn stream(ruby: &Ruby, worker: &Worker, status: Value, headers: Value) -> Result<Writer, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.current(ruby)?;
        let head = Head::from_rack(ruby, &inner.fields, status, headers)?;
        refuse_chunked(ruby, &handle, &head)?;
        let declared = if handle.is_bodiless(head.status) { Some(0) } else { head.declared };
        match handle.stream(head.with(ResponseBody::empty()), declared) {
            Some(Ok(writer)) => Ok(Writer::new(writer, handle, Arc::clone(inner.engine.lock()))),
            Some(Err(gone)) => Err(error::disconnected(ruby, gone.to_string())),
            None => Err(error::general(ruby, "the request is answered already")),
        }
    })
}

/// Answers with a file, which the front-end reads. False, and nothing is sent, if there is no regular
/// file of that name that we may read.
fn send_file(ruby: &Ruby, worker: &Worker, status: Value, headers: Value, path: RString) -> Result<bool, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.current(ruby)?;
        let head = Head::from_rack(ruby, &inner.fields, status, headers)?;
        if handle.is_coded(&head) {
            return Ok(false);
        }
        let path = string::with_bytes(path, |bytes| PathBuf::from(OsStr::from_bytes(bytes)));
        let signal = Signal::new();
        // A disk may block.
        let opened = loop {
            match gvl::without_gvl(&signal, || open_file(&path)) {
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

/// Sends a head and gives the connection away: the descriptor of its other end, see
/// `Request#take_over`.
fn take_over(ruby: &Ruby, worker: &Worker, status: Value, headers: Value) -> Result<i32, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.current(ruby)?;
        let head = Head::from_rack_or_101(ruby, &inner.fields, status, headers)?.framed_by_app();
        descriptor(ruby, handle.take_over(Some(head.with(ResponseBody::empty()))))
    })
}

/// Leaves the request in hand to those that relieve this worker, if there will be any and it can be answered again:
/// then it is in hand no more. False if nothing has changed.
fn put_back(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        let handle = inner.hand.current().filter(|_| inner.engine.is_relieved());
        let taken = handle.and_then(|handle| handle.take_back().map(|exchange| (handle, exchange)));
        let Some((handle, exchange)) = taken else { return Ok(false) };
        if let Err(NotPutBack::Refused(exchange)) = inner.engine.put_back(exchange) {
            handle.keep(*exchange);
            return Ok(false);
        }
        inner.hand.put_down();
        Ok(true)
    })
}

/// What a worker does last, whatever ends it: its client must not wait for the collector, nor those that
/// waited for this worker.
fn release(ruby: &Ruby, worker: &Worker) -> Result<(), Error> {
    guard(ruby, || {
        let inner = worker.inner(ruby)?;
        inner.hand.put_down();
        inner.engine.leave();
        Ok(())
    })
}

/// Whether the request in hand needs no answer any more.
fn is_answered(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.hand.current().is_none_or(|handle| !handle.is_open())))
}

/// Whether no content follows a head with `status` here. The request's own method counts, not what the
/// app has made of it in the env.
fn is_bodiless(ruby: &Ruby, worker: &Worker, status: Value) -> Result<bool, Error> {
    guard(ruby, || {
        let handle = worker.inner(ruby)?.current(ruby)?;
        Ok(response::status(status).is_some_and(|status| handle.is_bodiless(status)))
    })
}

/// Whether a request is in hand, answered or not: an error that comes while none is was raised by `take`.
fn is_holding(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.hand.current().is_some()))
}

/// Whether this worker was told to take nothing more.
fn is_leaving(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.engine.is_leaving()))
}

/// Whether this worker was set aside.
fn is_quarantined(ruby: &Ruby, worker: &Worker) -> Result<bool, Error> {
    guard(ruby, || Ok(worker.inner(ruby)?.engine.is_quarantined()))
}
