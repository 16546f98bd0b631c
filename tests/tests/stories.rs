//! Stories about a whole cloud, each told as it is and most replayed with every crash and every lost,
//! doubled and overtaken message.

#![expect(clippy::unwrap_used, reason = "tests")]

mod stories {
    mod adopted;
    mod blobs;
    mod clusters;
    mod containers;
    mod hosts;
    mod kubernetes;
    mod lent;
    mod nodes;
    mod overlays;
    mod pods;
    mod resizes;
    mod servers;
    mod services;
    mod snapshots;
    mod swarms;
}

use mimalloc::MiMalloc;
use tests::replay::{Story, replay, tell};
use tests::world::Setup;

/// The allocator of the program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Told as it is, with every crash, and with every fate of every message.
fn told_and_replayed(hosts: usize, story: Story) {
    replayed_by(1, hosts, story);
}

/// The same by so many conductors, of whom the first crashes.
fn replayed_by(conductors: usize, hosts: usize, story: Story) {
    let tried = replay(conductors, hosts, story);
    assert!(
        tried.crashes > 20,
        "{tried:?}: the crash points are not reached"
    );
    assert!(tried.messages > 10, "{tried:?}: no messages to lose");
}

/// Told once, with two conductors.
fn once(hosts: usize, story: Story) {
    let setup = Setup {
        hosts,
        conductors: 2,
        ..Setup::default()
    };
    tell(setup, story, "told once");
}
