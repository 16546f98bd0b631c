//! Machines that are lent as a whole.

use super::nodes::{ONE, beside, tunnelled};
use super::*;

/// The host as a machine that is lent as a whole, but for 100 MiB.
fn lendable(name: &str, memory_mb: i64) -> Candidate {
    let mut machine = host(name, memory_mb);
    machine.lendable = Some(Size {
        memory_mb: memory_mb - 100,
        ..machine.host.capacity(OverCommit::none())
    });
    machine
}

fn whole(memory_mb: i64) -> Request {
    Request {
        whole: true,
        ..request(memory_mb)
    }
}

#[test]
fn a_whole_machine_is_the_smallest_that_is_lent_empty_and_large_enough() {
    let mut lent = lendable("lent", 2000);
    lent.host.lent_to = Some("somebody".into());
    let mut busy = lendable("busy", 2000);
    busy.host.servers = 1;
    let fitting = lendable("fitting", 2000);
    let hosts = [
        host("ordinary", 2000),
        lent,
        busy,
        lendable("small", 900),
        lendable("large", 9000),
        fitting,
    ];
    assert_eq!(chosen(&whole(800), &hosts), "small");
    assert_eq!(chosen(&whole(801), &hosts), "fitting");
    assert_eq!(chosen(&whole(1901), &hosts), "large");
    let refused = choose(&whole(8901), &hosts, OverCommit::default()).unwrap_err();
    let expected = [
        ("lent as a whole", 1),
        ("memory", 3),
        ("not empty", 1),
        ("not lendable as a whole", 1),
    ];
    assert_eq!(refused.by, BTreeMap::from(expected));
}

#[test]
fn a_whole_machine_has_no_more_cpus_than_it_has() {
    let over_committed = Request {
        size: Size {
            vcpus: 5,
            ..request(50).size
        },
        ..whole(50)
    };
    let hosts = [lendable("a", 1000)];
    let refused = choose(&over_committed, &hosts, OverCommit::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "No valid host was found. Of 1 hosts, turned away by cpu and disk: 1. Nearest: a (4 VCPUs \
         free, 5 needed)."
    );
}

#[test]
fn nobody_else_is_placed_on_a_lent_machine_and_lendable_ones_are_kept_empty() {
    let mut lent = lendable("lent", 9000);
    lent.host.lent_to = Some("somebody".into());
    let mut full = host("full", 1000);
    full.host.used_memory_mb = 940;
    let hosts = [lent, lendable("lendable", 9000), full];
    assert_eq!(chosen(&request(50), &hosts), "full");
    assert_eq!(chosen(&request(500), &hosts), "lendable");
    let refused = choose(&request(50), &hosts[..1], OverCommit::default()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "No valid host was found. Of 1 hosts, turned away by lent as a whole: 1. Nearest: lent \
         (another server has it for itself)."
    );
}

#[test]
fn nodes_with_machines_for_themselves_are_on_different_ones() {
    let mut first = lendable("a", 1000);
    first.host.lent_to = Some("its first node".into());
    let second = Request {
        whole: true,
        ..beside(&[("a", ONE)])
    };
    let other = Candidate {
        tunnel: tunnelled("b", 1500).tunnel,
        ..lendable("b", 1000)
    };
    assert_eq!(chosen(&second, &[first, other]), "b");
}
