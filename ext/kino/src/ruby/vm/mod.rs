//! The only room with `unsafe`. What holds for all of it, unless a block says otherwise:
//!
//! - **Lock.** Ruby calls us, in a method or a mark function, so the thread has the VM lock.
//! - **Owner.** An object is of the current Ractor, or frozen and shareable.
//! - **Life.** It stands on a machine stack that the collector scans, a caller's or our own, and is pinned by
//!   that; or it is marked with the worker's object, or a root.
//! - **Raise, kill, exit.** All three are jumps. They end in `protect`, around which `Err` is passed on to Ruby by
//!   way of the drops; what they jump over holds nothing that needs one.
//! - **Panic.** It ends in `error::guard`, at the latest in magnus, before it meets a frame of the VM's. Of what the VM
//!   calls besides methods only `gvl::run` can panic, and catches that.
//! - **Fork.** It copies one thread, which has the lock and no other of ours: methods of the parent's objects raise in
//!   the child before they come here (`fork::Owned`).

pub(crate) mod arenas;
pub(crate) mod descriptor;
pub(crate) mod fork;
pub(crate) mod gvl;
pub(crate) mod hash;
pub(crate) mod kept;
pub(crate) mod ractor;
pub(crate) mod roots;
pub(crate) mod string;
pub(crate) mod token;
