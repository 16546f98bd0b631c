//! Nodes on a real engine, made by hand as `docs/nodes.md` says. Needs `JEROBOAM_TEST_DOCKER`
//! (`unix:///var/run/docker.sock`) and `/bin/busybox`; `JEROBOAM_TEST_NODE_IMAGE` may name an archive
//! to take instead of making the image of this machine's engine.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod nodes {
    pub mod authority;
    pub mod guests;
    pub mod image;
    pub mod inner;
    pub mod node;

    mod anew;
    mod confined;
    mod lives;
    mod names;
    mod serves;
    mod services;
    mod stale;
    mod swarm;
}
