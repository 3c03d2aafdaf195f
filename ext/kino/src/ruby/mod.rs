//! Everything that knows Ruby.

mod clock;
mod decoder;
mod directives;
mod env;
mod error;
mod fair_lock;
mod handle;
mod header_cache;
mod request;
mod response;
mod server;
mod setting;
mod tls;
mod vm;
mod worker;
mod writer;

use magnus::{Error, Module, Object, Ruby, function};

/// Defines the classes, and resolves on the main Ractor what a worker would otherwise be the first to ask the VM for.
pub(crate) fn init(ruby: &Ruby) -> Result<(), Error> {
    vm::ractor::declare_safe();
    vm::fork::watch();
    vm::gvl::init(ruby)?;
    error::init(ruby)?;
    let kino = ruby.define_module("Kino")?;
    kino.define_singleton_method("sleep", function!(clock::sleep, -1))?;
    let native = kino.define_module("Native")?;
    env::init(ruby, native)?;
    server::init(ruby, native)?;
    request::init(ruby, kino, native)?;
    writer::init(ruby, native)?;
    decoder::init(ruby, native)?;
    worker::init(ruby, native)
}
