//! What every connector must keep, whatever its system: one suite, run against a world that holds the system.
//!
//! A connector's tests implement [`World`] for its system - a real server, or a fake that follows the documented
//! shapes - and call [`conforms`]. Systems that speak HTTP get every fault at every request through a [`Proxy`].

mod program;
mod proxy;
mod replica;
mod serve;
mod suite;
mod tunnel;
mod world;

pub(crate) use program::{Running, free_port, program};
pub(crate) use proxy::{Fault, Proxy};
pub(crate) use replica::Replica;
pub(crate) use serve::{clock, parts, serve};
pub(crate) use suite::conforms;
pub(crate) use tunnel::Tunnel;
pub(crate) use world::{Abilities, World};
