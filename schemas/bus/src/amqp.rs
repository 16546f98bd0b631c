//! RabbitMQ by lapin. One connection per handle, kept up by [`link`]; on it one channel each for
//! sending, for sending with confirmation, for calls, and one per subscription, so that none waits
//! behind another.

mod consume;
mod link;
mod session;
mod tls;
mod topology;
mod wire;

pub(crate) use consume::{Subscription, Ticket};
pub(crate) use link::Link;
pub(crate) use session::{Caller, Outcome};
