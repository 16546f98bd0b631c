//! Docker passes the conformance suite. Needs an engine: `JEROBOAM_TEST_DOCKER` holds its URL
//! (`unix:///var/run/docker.sock`); without it every case says that it was skipped. Needs a static
//! busybox at `/bin/busybox`.

use compute_driver::conformance::{self, Bench, Connect};
use compute_driver::{DockerDriver, DockerSettings};
use std::sync::Arc;

#[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
fn engine() -> Option<Connect> {
    let Ok(url) = std::env::var("JEROBOAM_TEST_DOCKER") else {
        println!("skipped: JEROBOAM_TEST_DOCKER is not set");
        return None;
    };
    let connect = move |host| Arc::new(DockerDriver::new(DockerSettings::new(url.clone(), host)));
    Some(Arc::new(move |host| connect(host)))
}

macro_rules! check {
    ($module:ident $case:ident) => {
        #[tokio::test]
        async fn $case() {
            let Some(connect) = engine() else { return };
            let busybox = std::fs::read("/bin/busybox").expect("a static busybox");
            let case = async |bench: &Bench| conformance::$module::$case(bench).await;
            Bench::run(connect, busybox.into(), case).await;
        }
    };
}

compute_driver::each_case!(check);
