//! The border between Jeroboam and a container engine: [`Driver`] says what a host can be asked for,
//! [`docker`] and [`sim`] do it, and [`conformance`] is the one statement of what it means, which
//! both have to pass.
//!
//! Only our ids cross this border; names and ids of an engine stay inside its driver.

pub mod conformance;
pub mod docker;
pub mod driver;
pub mod error;
pub mod facts;
pub mod faulty;
pub mod image;
mod inject;
mod node;
mod pod;
pub mod sim;
pub mod terminal;
mod watch;

pub use docker::{DockerDriver, DockerSettings};
pub use driver::Driver;
pub use error::{DriverError, Result};
pub use facts::{
    Capabilities, EngineFacts, Event, EventStream, Happening, Stats, Top, oci_architecture,
};
pub use faulty::FaultyDriver;
pub use image::{ByteStream, ImageContent, ImageSource};
pub use node::Uids;
pub use pod::{Conversation, PodHere};
pub use sim::{SimDriver, SimEngine, SimTimings};
pub use terminal::{ExecOrder, ExecOutput, Terminal, TerminalControl, TtySize};
