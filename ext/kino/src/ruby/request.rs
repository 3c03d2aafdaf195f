//! `Kino::Request`: one request as the app sees it in `env["kino.request"]`.

use std::io;
use std::os::fd::{IntoRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use kino_engine::{
    BodyReader, BodyWriter, Client, Exchange, Gone, ReadError, Readable, Reply, RequestHead, Response, Signal,
};
use magnus::{Error, Module, RModule, RString, Ruby, TypedData, method, prelude::*};
use parking_lot::Mutex;

use crate::ruby::error::{self, guard};
use crate::ruby::response::Head;
use crate::ruby::vm::fork::Owned;
use crate::ruby::vm::{gvl, string};

/// A wait that lasts longer than this looks again; nothing depends on its length.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The native side of a request, shared by the worker that answers it and by the objects in its
/// env. The body has a lock of its own: `call(stream)` bodies read while they write. Neither lock is
/// held while Ruby is called or anything is waited for, so that taking them with the VM lock is safe.
#[derive(Debug)]
pub(crate) struct Handle {
    reply: Mutex<Option<Reply>>,
    body: Mutex<Option<BodyReader>>,
    /// Notified when the body's reader should look again. None where there is no body: most requests.
    body_signal: Option<Arc<Signal>>,
    is_being_read: AtomicBool,
    client: Client,
    is_head: bool,
    is_taken: AtomicBool,
}

impl Handle {
    pub(crate) fn split(exchange: Exchange) -> (RequestHead, Arc<Self>) {
        let Exchange { head, mut body, client, reply } = exchange;
        let handle = Self {
            reply: Mutex::new(Some(reply)),
            body_signal: (!body.is_finished()).then(|| Arc::clone(body.signal())),
            is_being_read: AtomicBool::new(false),
            body: Mutex::new(Some(body)),
            client,
            is_head: head.method() == Method::HEAD,
            is_taken: AtomicBool::new(false),
        };
        (head, Arc::new(handle))
    }

    /// How many bytes of body must follow `head`. None where it does not say, and where no body
    /// follows whatever it says: on HEAD, 204 and 304 (RFC 9110 sections 9.3.2, 15.3.5, 15.4.5).
    pub(crate) fn expected_length(&self, head: &Head) -> Option<u64> {
        head.declared.filter(|_| !self.is_bodiless(head))
    }

    /// Whether no body follows `head`.
    pub(crate) fn is_bodiless(&self, head: &Head) -> bool {
        self.is_head || head.is_bodiless()
    }

    /// Whether the client sends one.
    pub(crate) fn has_body(&self) -> bool {
        self.body_signal.is_some()
    }

    /// Whether an answer is still owed.
    pub(crate) fn is_open(&self) -> bool {
        self.reply.lock().as_ref().is_some_and(Reply::is_open)
    }

    /// Answers, and lets go of the body: hyper reads the next request once this one's body is read
    /// or dropped. `None` if it was answered before.
    pub(crate) fn send(&self, response: Response) -> Option<Result<(), Gone>> {
        let reply = self.reply.lock().take()?;
        self.close_body();
        Some(reply.send(response))
    }

    /// Answers with a head; the request body can be read until the writer is finished.
    pub(crate) fn stream(&self, head: Response, declared: Option<u64>) -> Option<Result<BodyWriter, Gone>> {
        let reply = self.reply.lock().take()?;
        Some(reply.stream(head, declared))
    }

    /// Gives the connection away, after `head` if there is one. The other end of it is a socket that
    /// whoever gets the descriptor owns. `None` if the request was answered before.
    pub(crate) fn take_over(&self, head: Option<Response>) -> Option<io::Result<Result<OwnedFd, Gone>>> {
        let reply = self.reply.lock().take()?;
        self.is_taken.store(true, Ordering::Relaxed);
        self.close_body();
        Some(reply.take_over(head).map(|taken| taken.map(OwnedFd::from)))
    }

    /// Whether the connection was given away, so that what the app returns goes nowhere.
    pub(crate) fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Relaxed)
    }

    /// Lets go of an answer that is still owed: it becomes a 500. Dropping the handle is not enough,
    /// because the app's objects hold it as well, for as long as they please.
    pub(crate) fn abandon(&self) {
        let reply = self.reply.lock().take();
        drop(reply);
        self.close_body();
    }

    /// What is unread stays so. A thread that waits for it is woken and told.
    pub(crate) fn close_body(&self) {
        let body = self.body.lock().take();
        drop(body);
        if let Some(signal) = &self.body_signal {
            signal.notify();
        }
    }

    /// None where the body is closed.
    fn try_read(&self, max: usize) -> Option<Result<Readable, ReadError>> {
        self.body.lock().as_mut().map(|body| body.try_read(max))
    }
}

/// The Ruby object. Freeing it only lets go of the handle: the worker owns the answer.
#[derive(TypedData)]
#[magnus(class = "Kino::Request", free_immediately)]
pub(crate) struct Request(Owned<Arc<Handle>>);

impl magnus::DataTypeFunctions for Request {}

impl Request {
    pub(crate) fn new(handle: Arc<Handle>) -> Self {
        Self(Owned::new(handle))
    }

    fn handle(&self, ruby: &Ruby) -> Result<&Handle, Error> {
        self.0
            .get()
            .map(Arc::as_ref)
            .ok_or_else(|| error::disconnected(ruby, "this request belongs to the parent process"))
    }
}

pub(crate) fn init(ruby: &Ruby, kino: RModule) -> Result<(), Error> {
    let class = kino.define_class("Request", ruby.class_object())?;
    class.undef_default_alloc_func();
    class.define_method("disconnected?", method!(is_disconnected, 0))?;
    class.define_method("read_into", method!(read_into, 2))?;
    class.define_method("take_over", method!(take_over, 0))?;
    Request::class(ruby);
    Ok(())
}

fn is_disconnected(ruby: &Ruby, request: &Request) -> Result<bool, Error> {
    guard(ruby, || Ok(request.handle(ruby)?.client.is_gone()))
}

/// Gives the connection away with nothing sent: the descriptor of its other end. The caller wraps it
/// in an IO at once, which then owns it.
fn take_over(ruby: &Ruby, request: &Request) -> Result<i32, Error> {
    guard(ruby, || descriptor(ruby, request.handle(ruby)?.take_over(None)))
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
fn read_into(ruby: &Ruby, request: &Request, buffer: RString, max: usize) -> Result<bool, Error> {
    guard(ruby, || match next_piece(ruby, request.handle(ruby)?, max)? {
        Some(piece) => string::push(buffer, &piece).map(|()| true),
        None => Ok(false),
    })
}

fn next_piece(ruby: &Ruby, handle: &Handle, max: usize) -> Result<Option<Bytes>, Error> {
    let Some(_turn) = Turn::take(&handle.is_being_read) else {
        return Err(ruby_io_error(ruby, "another thread is reading this request body"));
    };
    loop {
        match handle.try_read(max) {
            None => return Err(ruby_io_error(ruby, "the request is answered, its body is closed")),
            Some(Ok(Readable::Chunk(bytes))) => return Ok(Some(bytes)),
            Some(Ok(Readable::End)) => return Ok(None),
            Some(Ok(Readable::Pending)) => {
                // A body that can make us wait has a signal.
                let Some(signal) = &handle.body_signal else { return Ok(None) };
                gvl::without_gvl(signal, || signal.wait(LONGEST_WAIT));
                gvl::check_interrupts()?;
            }
            Some(Err(failed)) => return Err(error::from_read(ruby, &failed)),
        }
    }
}

/// One reader at a time: a signal wakes one. Not the body's lock, because whoever closes the body
/// must not wait for a reader that waits for its client.
struct Turn<'a>(&'a AtomicBool);

impl<'a> Turn<'a> {
    fn take(flag: &'a AtomicBool) -> Option<Self> {
        (!flag.swap(true, Ordering::Acquire)).then(|| Self(flag))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn ruby_io_error(ruby: &Ruby, message: &'static str) -> Error {
    Error::new(ruby.exception_io_error(), message)
}
