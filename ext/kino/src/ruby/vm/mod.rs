//! The only module with `unsafe`. What holds for all of it, unless a block says otherwise:
//!
//! - **Lock.** Ruby calls us, in a method or a mark function, so the thread has the VM lock.
//! - **Owner.** An object belongs to the current Ractor, or is frozen and shareable.
//! - **Life.** An object is on a machine stack that the garbage collector scans, a caller's or our own, and is pinned
//!   by that; or it is marked with the worker's object; or it is a root.
//! - **Raise, kill, exit.** All three are jumps. They end in `protect`, which returns an `Err` that is passed on to
//!   Ruby through ordinary drops. The frames that they jump over hold nothing that needs a drop.
//! - **Panic.** It ends in `error::guard`, at the latest in magnus, before it reaches a frame of the VM. Of the
//!   functions that the VM calls besides methods, only `gvl::run` can panic, and it catches that.
//! - **Fork.** The child has one thread, which holds the VM lock and no lock of ours. Methods of the parent's objects
//!   raise in the child before they come here (`fork::Owned`).

pub(crate) mod arenas;
pub(crate) mod descriptor;
pub(crate) mod fork;
pub(crate) mod gc_ref;
pub(crate) mod gvl;
pub(crate) mod hash;
pub(crate) mod ractor;
pub(crate) mod request_ref;
pub(crate) mod roots;
pub(crate) mod string;
