//! Which queue hands a request from a network thread to a worker and back at the least cost?
//!
//! Every row does what one request costs a dispatcher: a producer puts an item in, one of several
//! waiting consumers takes it and answers through a channel of the item's own. `cargo bench -p
//! kino-engine`; rounds are interleaved and the median is printed.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

const ITEMS: usize = 100_000;
const CONSUMERS: usize = 2;
const ROUNDS: usize = 7;

type Item = flume::Sender<()>;

trait Queue: Send + Sync + 'static {
    fn push(&self, item: Item);
    fn take(&self) -> Option<Item>;
    fn close(&self);
}

/// What `dispatch::queue` does: one lock, idle workers in a stack, each with a wake-up of its own.
#[derive(Default)]
struct OneLock(Mutex<Shared>);

#[derive(Default)]
struct Shared {
    waiting: VecDeque<Item>,
    idle: Vec<Arc<Parker>>,
    closed: bool,
}

#[derive(Default)]
struct Parker(Mutex<bool>, Condvar);

thread_local!(static PARKER: Arc<Parker> = Arc::default());

impl Parker {
    fn notify(&self) {
        *self.0.lock() = true;
        self.1.notify_one();
    }

    fn wait(&self) {
        let mut notified = self.0.lock();
        while !std::mem::take(&mut *notified) {
            self.1.wait(&mut notified);
        }
    }
}

impl Queue for OneLock {
    fn push(&self, item: Item) {
        let chosen = {
            let mut shared = self.0.lock();
            shared.waiting.push_back(item);
            shared.idle.pop()
        };
        if let Some(parker) = chosen {
            parker.notify();
        }
    }

    fn take(&self) -> Option<Item> {
        PARKER.with(|parker| {
            loop {
                {
                    let mut shared = self.0.lock();
                    if let Some(item) = shared.waiting.pop_front() {
                        return Some(item);
                    }
                    if shared.closed {
                        return None;
                    }
                    shared.idle.push(Arc::clone(parker));
                }
                parker.wait();
            }
        })
    }

    fn close(&self) {
        let mut shared = self.0.lock();
        shared.closed = true;
        shared.idle.drain(..).for_each(|parker| parker.notify());
    }
}

struct Flume(Mutex<Option<flume::Sender<Item>>>, flume::Receiver<Item>);

impl Queue for Flume {
    fn push(&self, item: Item) {
        self.0.lock().as_ref().unwrap().send(item).unwrap();
    }

    fn take(&self) -> Option<Item> {
        self.1.recv().ok()
    }

    fn close(&self) {
        self.0.lock().take();
    }
}

struct Crossbeam(Mutex<Option<crossbeam_channel::Sender<Item>>>, crossbeam_channel::Receiver<Item>);

impl Queue for Crossbeam {
    fn push(&self, item: Item) {
        self.0.lock().as_ref().unwrap().send(item).unwrap();
    }

    fn take(&self) -> Option<Item> {
        self.1.recv().ok()
    }

    fn close(&self) {
        self.0.lock().take();
    }
}

/// `window` items are under way at a time: 1 shows the wake-up, many show the throughput.
fn run(queue: Arc<dyn Queue>, window: usize) -> Duration {
    let consumers: Vec<_> = (0..CONSUMERS)
        .map(|_| {
            let queue = Arc::clone(&queue);
            thread::spawn(move || {
                while let Some(item) = queue.take() {
                    item.send(()).unwrap();
                }
            })
        })
        .collect();
    let (answer, answers) = flume::unbounded();
    let start = Instant::now();
    (0..window).for_each(|_| queue.push(answer.clone()));
    for _ in 0..ITEMS - window {
        answers.recv().unwrap();
        queue.push(answer.clone());
    }
    (0..window).for_each(|_| answers.recv().unwrap());
    let took = start.elapsed();
    queue.close();
    consumers.into_iter().for_each(|it| it.join().unwrap());
    took
}

fn main() {
    type Make = fn() -> Arc<dyn Queue>;
    let rows: [(&str, Make); 3] = [
        ("one lock", || Arc::<OneLock>::default()),
        ("flume", || {
            let (sender, receiver) = flume::bounded(1024);
            Arc::new(Flume(Mutex::new(Some(sender)), receiver))
        }),
        ("crossbeam", || {
            let (sender, receiver) = crossbeam_channel::bounded(1024);
            Arc::new(Crossbeam(Mutex::new(Some(sender)), receiver))
        }),
    ];
    for window in [1, 64] {
        let mut took = vec![Vec::new(); rows.len()];
        for _ in 0..ROUNDS {
            for (row, (_, make)) in rows.iter().enumerate() {
                took[row].push(run(make(), window));
            }
        }
        for ((name, _), mut times) in rows.iter().zip(took) {
            times.sort();
            let each = |time: Duration| time.as_nanos() / ITEMS as u128;
            println!(
                "{window:>3} under way  {name:<10} {:>6} ns an item (min {}, max {})",
                each(times[ROUNDS / 2]),
                each(times[0]),
                each(times[ROUNDS - 1])
            );
        }
    }
}
