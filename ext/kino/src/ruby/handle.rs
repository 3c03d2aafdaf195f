//! The native side of requests, which knows no Ruby object.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use http::{Method, StatusCode};
use kino_engine::{
    BodyReader, BodyWriter, Client, Exchange, Gone, LockGroup, ReadError, Readable, Reply, RequestHead, Response,
    Signal, Watch, is_bodiless,
};
use parking_lot::Mutex;

use crate::ruby::response::Head;

/// The native side of a request, shared by the worker that answers it and by the objects in its
/// env. The body has a lock of its own: `call(stream)` bodies read while they write. Neither lock is
/// held while Ruby is called or anything is waited for, so that taking them with the VM lock is safe.
#[derive(Debug)]
pub(crate) struct Handle {
    head: RequestHead,
    came: Instant,
    reply: Mutex<Option<Reply>>,
    body: Mutex<Option<BodyReader>>,
    /// Notified when the body's reader should look again. None where there is no body: most requests.
    body_signal: Option<Arc<Signal>>,
    is_being_read: AtomicBool,
    client: Client,
    is_taken: AtomicBool,
    /// The whole answer was given, and the client was there.
    is_sent: AtomicBool,
    /// The worker has put it down.
    is_over: AtomicBool,
    /// Whether the one wakeable wait for its end is to end before.
    is_woken: AtomicBool,
}

/// Why nobody waits for more of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Disconnected,
    Stopping,
    Finished,
}

impl Handle {
    pub(crate) fn of(exchange: Exchange) -> Arc<Self> {
        let Exchange { head, mut body, reply, came } = exchange;
        Arc::new(Self {
            head,
            came,
            client: reply.client(),
            reply: Mutex::new(Some(reply)),
            body_signal: (!body.is_finished()).then(|| Arc::clone(body.signal())),
            is_being_read: AtomicBool::new(false),
            body: Mutex::new(Some(body)),
            is_taken: AtomicBool::new(false),
            is_sent: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            is_woken: AtomicBool::new(false),
        })
    }

    /// What the client asks for. It stays for as long as the request may be put back.
    pub(crate) fn head(&self) -> &RequestHead {
        &self.head
    }

    /// The request as it came, for somebody else to answer; nobody here has any of it then. None where that would not
    /// be safe: its method may change something, or some of its body was read or of its answer sent.
    pub(crate) fn take_back(&self) -> Option<Box<Exchange>> {
        let _turn = self.turn()?;
        let is_safe = matches!(*self.head.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let (mut reply, mut body) = (self.reply.lock(), self.body.lock());
        let is_whole =
            reply.as_ref().is_some_and(Reply::is_open) && body.as_ref().is_some_and(BodyReader::is_untouched);
        if !(is_safe && is_whole) {
            return None;
        }
        let (body, reply) = (body.take()?, reply.take()?);
        Some(Box::new(Exchange { head: self.head.clone(), body, reply, came: self.came }))
    }

    /// Has back what could not be put back.
    pub(crate) fn keep(&self, exchange: Exchange) {
        *self.body.lock() = Some(exchange.body);
        *self.reply.lock() = Some(exchange.reply);
    }

    /// How many bytes of body must follow `head`. None where it does not say, and where no body
    /// follows whatever it says: on HEAD, 204 and 304 (RFC 9110 sections 9.3.2, 15.3.5, 15.4.5).
    pub(crate) fn expected_length(&self, head: &Head) -> Option<u64> {
        head.declared.filter(|_| !self.is_bodiless(head.status))
    }

    /// Whether no body follows a head with `status`.
    pub(crate) fn is_bodiless(&self, status: StatusCode) -> bool {
        self.head.method() == Method::HEAD || is_bodiless(status)
    }

    /// Whether the app has chunked the body that follows `head`.
    pub(crate) fn is_coded(&self, head: &Head) -> bool {
        head.is_chunked && !self.is_bodiless(head.status)
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
        let sent = reply.send(response);
        self.is_sent.store(sent.is_ok(), Ordering::Relaxed);
        Some(sent)
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
        self.is_over.store(true, Ordering::SeqCst);
        self.client.tell_watchers();
    }

    /// What is unread stays so. A thread that waits for it is woken and told.
    pub(crate) fn close_body(&self) {
        let body = self.body.lock().take();
        drop(body);
        if let Some(signal) = &self.body_signal {
            signal.notify();
        }
    }

    /// Whether the client left before its answer was complete, as far as we have seen.
    pub(crate) fn is_gone(&self) -> bool {
        !self.is_sent.load(Ordering::Relaxed) && self.client.is_gone()
    }

    /// Whether and why nobody waits for more of the answer.
    pub(crate) fn end(&self) -> Option<End> {
        if self.is_gone() {
            Some(End::Disconnected)
        } else if self.is_over.load(Ordering::SeqCst)
            || self.is_sent.load(Ordering::Relaxed)
            || self.is_taken.load(Ordering::Relaxed)
        {
            Some(End::Finished)
        } else {
            self.client.is_stopping().then_some(End::Stopping)
        }
    }

    /// What to wait on for that.
    pub(crate) fn watch(&self) -> Watch {
        self.client.watch()
    }

    /// Ends a wakeable wait for the end, or the next.
    pub(crate) fn wake(&self) {
        self.is_woken.store(true, Ordering::SeqCst);
        self.client.tell_watchers();
    }

    /// Whether somebody has done that since the last question.
    pub(crate) fn was_woken(&self) -> bool {
        self.is_woken.swap(false, Ordering::SeqCst)
    }

    /// What a reader of the body waits on; None where there is none.
    pub(crate) fn body_signal(&self) -> Option<&Signal> {
        self.body_signal.as_deref()
    }

    /// The right to read the body, for one at a time: a signal wakes one. Not the body's lock, because
    /// whoever closes the body must not wait for a reader that waits for its client.
    pub(crate) fn turn(&self) -> Option<Turn<'_>> {
        (!self.is_being_read.swap(true, Ordering::Acquire)).then(|| Turn(&self.is_being_read))
    }

    /// None where the body is closed.
    pub(crate) fn try_read(&self, max: usize) -> Option<Result<Readable, ReadError>> {
        self.body.lock().as_mut().map(|body| body.try_read(max))
    }
}

/// See [`Handle::turn`].
pub(crate) struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The request that a worker has in hand, by its number. Requests that are over have no handle any
/// more: what the app still holds of them is told so.
#[derive(Debug)]
pub(crate) struct Hand {
    held: Mutex<Held>,
    /// What its worker shares with others.
    lock: Arc<LockGroup>,
}

#[derive(Debug, Default)]
struct Held {
    number: u64,
    handle: Option<Arc<Handle>>,
    /// The last few whose client had left when they were put down.
    left: VecDeque<u64>,
}

/// How many requests are remembered whose client had left.
const REMEMBERED: usize = 64;

/// What has become of a request.
pub(crate) enum Lookup {
    InHand(Arc<Handle>),
    Over { has_left: bool },
}

impl Hand {
    pub(crate) fn new(lock: Arc<LockGroup>) -> Self {
        Self { held: Mutex::default(), lock }
    }

    pub(crate) fn lock(&self) -> &LockGroup {
        &self.lock
    }

    /// Takes a request up; its number.
    pub(crate) fn take_up(&self, handle: Arc<Handle>) -> u64 {
        let mut held = self.held.lock();
        held.number += 1;
        held.handle = Some(handle);
        held.number
    }

    /// Puts the request down that is in hand; unanswered, it becomes a 500.
    pub(crate) fn put_down(&self) {
        let Some(handle) = self.held.lock().handle.take() else { return };
        if handle.is_gone() {
            let mut held = self.held.lock();
            let number = held.number;
            held.left.truncate(REMEMBERED - 1);
            held.left.push_front(number);
        }
        handle.abandon();
    }

    pub(crate) fn current(&self) -> Option<Arc<Handle>> {
        self.held.lock().handle.clone()
    }

    /// The request of that number.
    pub(crate) fn find(&self, number: u64) -> Lookup {
        let held = self.held.lock();
        match &held.handle {
            Some(handle) if held.number == number => Lookup::InHand(Arc::clone(handle)),
            _ => Lookup::Over { has_left: held.left.contains(&number) },
        }
    }
}
