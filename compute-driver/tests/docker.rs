//! Docker passes the conformance suite. Needs an engine: `JEROBOAM_TEST_DOCKER` holds its URL
//! (`unix:///var/run/docker.sock`); without it every case says that it was skipped. Needs a static
//! busybox at `/bin/busybox`. `JEROBOAM_TEST_DOCKER_TLS` may name a folder with `ca.pem`, `cert.pem`
//! and `key.pem` for an engine at `tcp://`.

use compute_driver::conformance::{self, Bench, Connect};
use compute_driver::docker::{GuardMode, NodeSettings, TlsFiles};
use compute_driver::{DockerDriver, DockerSettings};
use std::path::PathBuf;
use std::sync::Arc;

#[expect(clippy::print_stdout, reason = "a skipped test has to say so")]
fn engine() -> Option<Connect> {
    let Ok(url) = std::env::var("JEROBOAM_TEST_DOCKER") else {
        println!("skipped: JEROBOAM_TEST_DOCKER is not set");
        return None;
    };
    let tls = std::env::var_os("JEROBOAM_TEST_DOCKER_TLS")
        .map(PathBuf::from)
        .map(|folder| {
            let [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| folder.join(name));
            TlsFiles { ca, cert, key }
        });
    let folders = conformance::must(tempfile::tempdir(), "a folder");
    let connect = move |host| {
        let settings = DockerSettings {
            tls: tls.clone(),
            nodes: NodeSettings {
                dir: Some(folders.path().to_owned()),
                ..NodeSettings::default()
            },
            gateway_guard: GuardMode::Off,
            ..DockerSettings::new(url.clone(), host)
        };
        Arc::new(DockerDriver::new(settings))
    };
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
