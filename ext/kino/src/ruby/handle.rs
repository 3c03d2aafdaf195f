//! The native side of requests. It knows no Ruby object.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::{Method, StatusCode, Version};
use kino_engine::{
    BodyReader, BodyWriter, Client, Exchange, Gone, InterimResponse, LockGroup, Parker, ReadError, Readable,
    RequestHead, Response, ResponseSender, Watch, is_bodiless,
};
use parking_lot::Mutex;

use crate::ruby::response::Head;

/// The native side of a request, shared by the worker that answers it and by the objects in its env. The body has a
/// lock of its own, because `call(stream)` bodies read while they write. Neither lock is held while Ruby is called or
/// anything is waited for, so taking them with the VM lock held is safe.
#[derive(Debug)]
pub(crate) struct Handle {
    head: RequestHead,
    received_at: Instant,
    reply: Mutex<Option<ResponseSender>>,
    body: Mutex<Option<BodyReader>>,
    /// Unparked when the body's reader should look again. None if there is no body, as in most requests.
    body_parker: Option<Arc<Parker>>,
    is_being_read: AtomicBool,
    client: Client,
    is_hijacked: AtomicBool,
    /// The whole response was given, and the client was there.
    is_sent: AtomicBool,
    /// The worker is done with it.
    is_over: AtomicBool,
    /// Whether the current or the next wakeable wait for its end is to end early.
    is_woken: AtomicBool,
}

/// Why no client waits for more of a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Disconnected,
    Stopping,
    Finished,
}

impl Handle {
    pub(crate) fn new(exchange: Exchange) -> Arc<Self> {
        let Exchange { head, mut body, reply, received_at } = exchange;
        Arc::new(Self {
            head,
            received_at,
            client: reply.client(),
            reply: Mutex::new(Some(reply)),
            body_parker: (!body.is_finished()).then(|| Arc::clone(body.parker())),
            is_being_read: AtomicBool::new(false),
            body: Mutex::new(Some(body)),
            is_hijacked: AtomicBool::new(false),
            is_sent: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            is_woken: AtomicBool::new(false),
        })
    }

    /// The request head. It stays here as long as the request may be put back.
    pub(crate) fn head(&self) -> &RequestHead {
        &self.head
    }

    /// The exchange as the engine gave it, for another worker to answer; nothing of it remains here. None if that would
    /// not be safe: its method may change something, some of its body was read, or some of its response was sent.
    pub(crate) fn take_back(&self) -> Option<Box<Exchange>> {
        let _guard = self.read_guard()?;
        let is_safe = matches!(*self.head.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let (mut reply, mut body) = (self.reply.lock(), self.body.lock());
        let is_untouched =
            reply.as_ref().is_some_and(ResponseSender::is_open) && body.as_ref().is_some_and(BodyReader::is_untouched);
        if !(is_safe && is_untouched) {
            return None;
        }
        let (body, reply) = (body.take()?, reply.take()?);
        Some(Box::new(Exchange { head: self.head.clone(), body, reply, received_at: self.received_at }))
    }

    /// Restores what could not be put back.
    pub(crate) fn restore(&self, exchange: Exchange) {
        *self.body.lock() = Some(exchange.body);
        *self.reply.lock() = Some(exchange.reply);
    }

    /// How many bytes of body must follow `head`. None if it does not say; and if no body follows whatever it says: for
    /// HEAD, 204 and 304 (RFC 9110 sections 9.3.2, 15.3.5, 15.4.5).
    pub(crate) fn expected_length(&self, head: &Head) -> Option<u64> {
        head.declared.filter(|_| !self.is_bodiless(head.status))
    }

    /// Whether no body follows a head with `status`.
    pub(crate) fn is_bodiless(&self, status: StatusCode) -> bool {
        self.head.method() == Method::HEAD || is_bodiless(status)
    }

    /// Whether the app has chunked the body that follows `head`.
    pub(crate) fn is_chunked(&self, head: &Head) -> bool {
        head.is_chunked && !self.is_bodiless(head.status)
    }

    /// Whether the request has a body.
    pub(crate) fn has_body(&self) -> bool {
        self.body_parker.is_some()
    }

    /// Whether it can still be answered.
    pub(crate) fn is_open(&self) -> bool {
        self.reply.lock().as_ref().is_some_and(ResponseSender::is_open)
    }

    /// Sends an interim response. Does nothing for a client that has left, and after the response.
    pub(crate) fn inform(&self, interim: InterimResponse) {
        if let Some(reply) = self.reply.lock().as_ref() {
            let _ = reply.inform(interim);
        }
    }

    /// Answers, and closes the body: hyper reads the next request once this one's body is read or dropped. None if the
    /// request was answered before.
    pub(crate) fn send(&self, response: Response) -> Option<Result<(), Gone>> {
        let reply = self.reply.lock().take()?;
        self.close_body();
        let sent = reply.send(response);
        self.is_sent.store(sent.is_ok(), Ordering::Relaxed);
        Some(sent)
    }

    /// Answers with a head. The request body can be read until the writer is finished.
    pub(crate) fn stream(&self, head: Response, declared: Option<u64>) -> Option<Result<BodyWriter, Gone>> {
        let reply = self.reply.lock().take()?;
        Some(reply.stream(head, declared))
    }

    /// Hijacks the connection, after `head` if there is one. Returns the app's end of it, which the caller owns. None
    /// if the request was answered before.
    pub(crate) fn hijack(&self, head: Option<Response>) -> Option<io::Result<Result<OwnedFd, Gone>>> {
        // The engine would refuse, too, but then the app could not answer any more.
        if self.head.version() == Version::HTTP_2 {
            return Some(Err(io::Error::new(io::ErrorKind::Unsupported, "HTTP/2 has no hijacking")));
        }
        let reply = self.reply.lock().take()?;
        self.is_hijacked.store(true, Ordering::Relaxed);
        self.close_body();
        Some(reply.hijack(head).map(|hijacked| hijacked.map(OwnedFd::from)))
    }

    /// Whether the connection was hijacked, so that what the app returns goes nowhere.
    pub(crate) fn is_hijacked(&self) -> bool {
        self.is_hijacked.load(Ordering::Relaxed)
    }

    /// Ends the request for the worker: if it was not answered, the client gets a 500. Dropping the handle is not
    /// enough, because the app's objects hold it, too, as long as they please.
    pub(crate) fn finish(&self) {
        let reply = self.reply.lock().take();
        drop(reply);
        self.close_body();
        self.is_over.store(true, Ordering::SeqCst);
        self.client.notify_watchers();
    }

    /// Closes the body; what is unread stays unread. A thread that waits for it is woken and told.
    pub(crate) fn close_body(&self) {
        let body = self.body.lock().take();
        drop(body);
        if let Some(parker) = &self.body_parker {
            parker.unpark();
        }
    }

    /// Whether the client left before its response was complete, as far as the engine has seen.
    pub(crate) fn is_gone(&self) -> bool {
        !self.is_sent.load(Ordering::Relaxed) && self.client.is_gone()
    }

    /// Whether, and why, no client waits for more of the response.
    pub(crate) fn end(&self) -> Option<End> {
        if self.is_gone() {
            Some(End::Disconnected)
        } else if self.is_over.load(Ordering::SeqCst)
            || self.is_sent.load(Ordering::Relaxed)
            || self.is_hijacked.load(Ordering::Relaxed)
        {
            Some(End::Finished)
        } else {
            self.client.is_stopping().then_some(End::Stopping)
        }
    }

    /// What to wait on for the end.
    pub(crate) fn watch(&self) -> Watch {
        self.client.watch()
    }

    /// Ends the current or the next wakeable wait for the end.
    pub(crate) fn wake(&self) {
        self.is_woken.store(true, Ordering::SeqCst);
        self.client.notify_watchers();
    }

    /// Whether [`Handle::wake`] was called since the last time this was asked.
    pub(crate) fn was_woken(&self) -> bool {
        self.is_woken.swap(false, Ordering::SeqCst)
    }

    /// What a reader of the body waits on; None if there is no body.
    pub(crate) fn body_parker(&self) -> Option<&Parker> {
        self.body_parker.as_deref()
    }

    /// The right to read the body, for one thread at a time, because the parker wakes one. It is not the body's lock,
    /// because a thread that closes the body must not wait for a reader that waits for its client. None if another
    /// thread is reading.
    pub(crate) fn read_guard(&self) -> Option<ReadGuard<'_>> {
        (!self.is_being_read.swap(true, Ordering::Acquire)).then(|| ReadGuard(&self.is_being_read))
    }

    /// None if the body is closed.
    pub(crate) fn try_read(&self, max: usize) -> Option<Result<Readable, ReadError>> {
        self.body.lock().as_mut().map(|body| body.try_read(max))
    }
}

/// See [`Handle::read_guard`].
pub(crate) struct ReadGuard<'a>(&'a AtomicBool);

impl Drop for ReadGuard<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// A worker's current request, by number. A request that is over has no handle any more; what the app still holds of it
/// is told so.
#[derive(Debug)]
pub(crate) struct CurrentRequest {
    state: Mutex<State>,
    lock_group: Arc<LockGroup>,
}

#[derive(Debug, Default)]
struct State {
    /// Of the current request, or of the last one.
    number: u64,
    handle: Option<Arc<Handle>>,
    /// The last few requests whose client had left when they were over.
    disconnected: VecDeque<u64>,
}

/// How many requests are remembered whose client had left.
const MAX_REMEMBERED: usize = 64;

/// What [`CurrentRequest::find`] found.
pub(crate) enum Lookup {
    Current(Arc<Handle>),
    Over { was_disconnected: bool },
}

impl CurrentRequest {
    pub(crate) fn new(lock_group: Arc<LockGroup>) -> Self {
        Self { state: Mutex::default(), lock_group }
    }

    pub(crate) fn lock_group(&self) -> &LockGroup {
        &self.lock_group
    }

    /// Makes a request the current one. Returns its number.
    pub(crate) fn set(&self, handle: Arc<Handle>) -> u64 {
        let mut state = self.state.lock();
        state.number += 1;
        state.handle = Some(handle);
        state.number
    }

    /// Ends the current request, if there is one. If it was not answered, it is answered 500.
    pub(crate) fn clear(&self) {
        let Some(handle) = self.state.lock().handle.take() else { return };
        if handle.is_gone() {
            let mut state = self.state.lock();
            let number = state.number;
            state.disconnected.truncate(MAX_REMEMBERED - 1);
            state.disconnected.push_front(number);
        }
        handle.finish();
    }

    pub(crate) fn get(&self) -> Option<Arc<Handle>> {
        self.state.lock().handle.clone()
    }

    /// The request with this number.
    pub(crate) fn find(&self, number: u64) -> Lookup {
        let state = self.state.lock();
        match &state.handle {
            Some(handle) if state.number == number => Lookup::Current(Arc::clone(handle)),
            _ => Lookup::Over { was_disconnected: state.disconnected.contains(&number) },
        }
    }
}
