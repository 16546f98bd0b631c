//! Against a real engine, when `JEROBOAM_TEST_DOCKER` names one (`unix:///var/run/docker.sock`).

use crate::images::{TempStore, layer};
use blobs::{Format, docker_archive};
use std::io::{Read, Write};
use std::process::{Command, Stdio};

fn docker(host: &str, args: &[&str], input: &mut dyn Read) -> Vec<u8> {
    let mut child = Command::new("docker")
        .args(["--host", host])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    std::io::copy(input, &mut stdin).unwrap();
    stdin.flush().unwrap();
    drop(stdin);
    let out = child.wait_with_output().unwrap();
    assert!(
        out.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&out.stderr)
    );
    out.stdout
}

#[test]
fn what_docker_saves_is_kept_and_what_we_make_docker_loads() {
    let Ok(host) = std::env::var("JEROBOAM_TEST_DOCKER") else {
        eprintln!("skipped: JEROBOAM_TEST_DOCKER is not set");
        return;
    };
    let none = || std::io::empty();
    let name = format!("jeroboam-blobs-test-{}", std::process::id());
    let (saved_name, ours, short) = (
        format!("{name}:saved"),
        format!("{name}:ours"),
        format!("{name}:short"),
    );
    let root = layer(&[("etc/who", name.as_bytes()), ("big", &vec![7; 300_000])]);
    docker(&host, &["import", "-", &saved_name], &mut root.as_slice());
    // A second layer, as a snapshot has it.
    let dockerfile =
        format!("FROM {saved_name}\nLABEL a=b\nCOPY Dockerfile /added\nCMD [\"/x\"]\n");
    let context = layer(&[("Dockerfile", dockerfile.as_bytes())]);
    docker(
        &host,
        &["build", "-q", "-t", &saved_name, "-"],
        &mut context.as_slice(),
    );
    let saved = docker(&host, &["save", &saved_name], &mut none());

    let it = TempStore::new();
    let taken = it.take(&saved, Format::Docker).unwrap();
    assert!(
        it.given_back(&taken) == saved,
        "docker save comes back byte for byte"
    );
    assert_eq!(taken.layers.len(), 2);
    assert_eq!(taken.run.cmd, ["/x"]);
    let id = docker(
        &host,
        &["inspect", "-f", "{{.Id}}", &saved_name],
        &mut none(),
    );
    assert_eq!(
        String::from_utf8(id).unwrap().trim(),
        taken.config.to_string()
    );

    docker(&host, &["rmi", &saved_name], &mut none());
    let archive = docker_archive(&it.store, &taken.manifest, Some(&ours), &|_| false).unwrap();
    docker(&host, &["load"], &mut archive.reader(&it.store).unwrap());
    // Now the engine has the layers: an archive without them does.
    let archive = docker_archive(&it.store, &taken.manifest, Some(&short), &|_| true).unwrap();
    assert!(archive.len() < 20_000);
    docker(&host, &["load"], &mut archive.reader(&it.store).unwrap());
    for tag in [&ours, &short] {
        let id = docker(&host, &["inspect", "-f", "{{.Id}}", tag], &mut none());
        assert_eq!(
            String::from_utf8(id).unwrap().trim(),
            taken.config.to_string()
        );
        docker(&host, &["rmi", tag], &mut none());
    }
}
