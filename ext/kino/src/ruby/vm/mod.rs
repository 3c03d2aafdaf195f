//! The only room with `unsafe`. Each block says who holds the VM lock, who owns the object, and
//! what happens on a raise.

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
