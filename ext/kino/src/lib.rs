//! The binding: Ruby classes over `kino-engine`.
//!
//! | module | what it does |
//! |---|---|
//! | `ruby::server` | the lifecycle calls, by server id |
//! | `ruby::worker` | takes a request, answers it, takes the next |
//! | `ruby::handle` | the native side of requests, and a worker's current one |
//! | `ruby::request` | the object in the env: reads the body, asks for the client |
//! | `ruby::writer` | a streamed response |
//! | `ruby::fair_lock` | a lock for Ruby threads that write one stream |
//! | `ruby::decoder` | decodes bodies that the app has chunked itself |
//! | `ruby::response` | from Rack's status, headers and array body to the engine's response |
//! | `ruby::header_cache` | response headers that were sent before |
//! | `ruby::env` | the Rack env of a request head |
//! | `ruby::clock` | `Kino.sleep` |
//! | `ruby::error` | turns engine errors into Ruby exceptions, and stops panics |
//! | `ruby::vm` | all of the unsafe |
//!
//! The rules of this boundary:
//!
//! - Ids, not objects, cross Ractors. A `Worker`, `Request` or `Writer` is made and used inside one Ractor; what
//!   several of them share is native memory behind an `Arc`.
//! - A Ruby call that can raise jumps over Rust frames. So it is made through magnus, which turns the jump into an
//!   `Err`, or inside a `vm` call that says what its closure must not hold.
//! - A wait releases the VM lock (`vm::gvl`), and interrupts are checked after it.
//! - Freeing an object never calls Ruby: the sweeper may run on any thread, in any Ractor.

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
