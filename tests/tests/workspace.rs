//! The walls of the house: which crate may know which (docs/architecture.md). Cargo enforces the
//! direction; this says what the direction is.

use cargo_metadata::{DependencyKind, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};

/// Each crate, and the crates of the workspace it may be built upon.
const EDGES: &[(&str, &[&str])] = &[
    ("schemas", &[]),
    ("process", &["schemas"]),
    ("store", &["process", "schemas"]),
    ("bus", &["process", "schemas"]),
    ("blobs", &["process", "schemas"]),
    ("pki", &["schemas"]),
    ("compute-driver", &["process", "schemas"]),
    ("node-init", &[]),
    (
        "agent",
        &["blobs", "bus", "compute-driver", "process", "schemas"],
    ),
    ("kubernetes", &["process", "schemas"]),
    (
        "conductor",
        &["bus", "kubernetes", "pki", "process", "schemas", "store"],
    ),
    (
        "api",
        &[
            "blobs",
            "bus",
            "kubernetes",
            "pki",
            "process",
            "schemas",
            "store",
        ],
    ),
];

/// These put everything together, so they may know everything below.
const TOPMOST: [&str; 2] = ["devstack", "tests"];

#[test]
fn every_crate_is_built_only_upon_what_the_architecture_allows() {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec()
        .expect("cargo metadata");
    let crates = metadata.workspace_packages();
    let names: BTreeSet<String> = crates.iter().map(|it| it.name.to_string()).collect();
    let allowed: BTreeMap<_, _> = EDGES.iter().copied().collect();
    for one in crates {
        if TOPMOST.contains(&one.name.as_str()) {
            continue;
        }
        let upon = one.dependencies.iter();
        let upon = upon.filter(|it| it.kind == DependencyKind::Normal && names.contains(&it.name));
        let known = allowed.get(one.name.as_str());
        let known = known.unwrap_or_else(|| panic!("{} is missing in EDGES", one.name));
        for dependency in upon {
            assert!(
                known.contains(&dependency.name.as_str()),
                "{} must not depend on {}",
                one.name,
                dependency.name
            );
        }
    }
}
