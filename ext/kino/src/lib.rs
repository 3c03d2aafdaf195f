//! The binding: Ruby classes over `kino-engine`.
//!
//! | room | what it holds |
//! |---|---|
//! | `ruby::server` | the lifecycle calls, by server id |
//! | `ruby::worker` | take a request, answer it, take the next |
//! | `ruby::handle` | the native side of requests, and which of them a worker has in hand |
//! | `ruby::request` | the handle in the env: read the body, ask for the client |
//! | `ruby::writer` | a streamed answer |
//! | `ruby::response` | Rack's status, headers and array body to the engine's response |
//! | `ruby::fields` | response headers that were sent before |
//! | `ruby::env` | the Rack env of a request head, from frozen shared strings |
//! | `ruby::clock` | `Kino.sleep` |
//! | `ruby::error` | engine errors to Ruby exceptions; panics stop here |
//! | `ruby::vm` | all of the unsafe |
//!
//! The rules of this boundary, which each room keeps:
//!
//! - Ids, not objects, cross Ractors. A `Worker`, `Request` or `Writer` is made and used inside one
//!   Ractor; what several of them share is native memory behind an `Arc`.
//! - A Ruby call that can raise jumps over Rust frames. It is made through magnus, which turns the
//!   jump into an `Err`, or inside a `vm` call that says what its closure must not hold.
//! - A wait gives up the VM lock (`vm::gvl`), and after it interrupts are checked.
//! - Freeing an object never calls Ruby: the sweeper may run it on any thread, with any Ractor.

mod ruby;

use magnus::{Error, Ruby};

/// mimalloc for the extension alone; Ruby's own heap keeps the system's allocator.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Called by Ruby on `require`, on the main Ractor.
#[magnus::init]
fn init(ruby: &Ruby) -> Result<(), Error> {
    ruby::init(ruby)
}
