//! Disks of nodes on the engine: what is left of a node that was between two containers when its agent
//! was killed, and what looking for it costs all others.

use super::*;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::{RemoveContainerOptionsBuilder, RemoveVolumeOptions};
use std::sync::Mutex;

/// Removes a container as the driver does, which then goes no further.
async fn cut_off(engine: &Docker, id: WorkloadId) {
    let found = described(engine, id).await.id.unwrap_or_default();
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true);
    let removed = engine.remove_container(&found, Some(options.build()));
    must(removed.await, "remove");
}

async fn run(bench: &Bench, id: WorkloadId, line: &str) -> String {
    let order = ExecOrder::new(["/bin/sh", "-c", line]);
    must(bench.driver.exec(id, order).await, line).text
}

async fn users(engine: &Docker, id: WorkloadId) -> String {
    let labels = described(engine, id).await.config;
    let labels = labels.and_then(|it| it.labels).unwrap_or_default();
    labels["jeroboam.uids"].clone()
}

fn anew(workload: &mut Workload, incarnation: u32, disk: Option<u32>) {
    workload.incarnation = incarnation;
    if let Some(node) = &mut workload.node {
        node.disk = disk;
    }
}

#[tokio::test]
async fn a_disk_that_has_lost_its_container_keeps_its_users_and_ports_and_is_found_again() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, _, engine| {
        let mut workload = node(bench).await;
        let id = workload.id;
        workload.networks = vec![attached(bench, "cluster").await];
        workload.publish = vec![2376];
        bench.start(&workload).await;
        let published = bench.seen(id).await.published;
        assert_eq!(published.len(), 1);
        run(bench, id, "echo kept > /var/lib/docker/file").await;
        let before = users(engine, id).await;

        cut_off(engine, id).await;
        assert_eq!(volumes(engine, id).await, 1);
        let neighbour = node(bench).await;
        must(bench.driver.ensure_created(&neighbour).await, "create");
        assert_ne!(users(engine, neighbour.id).await, before);

        anew(&mut workload, 2, Some(1));
        for _ in 0..2 {
            bench.start(&workload).await;
            let there = run(bench, id, "cat /var/lib/docker/file").await;
            assert_eq!(there, "kept\n");
            assert_eq!(users(engine, id).await, before);
            assert_eq!(bench.seen(id).await.published, published);
            cut_off(engine, id).await;
        }

        // Nobody has what is of no use any more.
        anew(&mut workload, 3, None);
        bench.start(&workload).await;
        assert_eq!(run(bench, id, "ls /var/lib/docker").await, "");
        assert_eq!(volumes(engine, id).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_disk_that_has_lost_its_container_goes_with_its_node() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, dir, engine| {
        let (workload, neighbour) = (node(bench).await, node(bench).await);
        must(bench.driver.ensure_created(&workload).await, "create");
        must(bench.driver.ensure_created(&neighbour).await, "create");
        let folder = dir.join(workload.id.to_string());
        for has_folder in [true, false] {
            must(bench.driver.ensure_created(&workload).await, "create");
            cut_off(engine, workload.id).await;
            if !has_folder {
                must(std::fs::remove_dir_all(&folder), "the folder");
            }
            must(bench.driver.ensure_absent(workload.id).await, "remove");
            assert_eq!(volumes(engine, workload.id).await, 0);
            assert!(!folder.exists());
            must(bench.driver.ensure_absent(workload.id).await, "again");
        }
        assert_eq!(volumes(engine, neighbour.id).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_volume_that_is_no_disk_is_not_taken_for_one() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, _, engine| {
        let mut workload = node(bench).await;
        must(bench.driver.ensure_created(&workload).await, "create");
        let mounts = described(engine, workload.id).await.mounts;
        let mut names = mounts.into_iter().flatten().filter_map(|it| it.name);
        let name = names.next().unwrap_or_default();
        cut_off(engine, workload.id).await;
        let options = None::<RemoveVolumeOptions>;
        must(engine.remove_volume(&name, options.clone()).await, "remove");
        let strange = VolumeCreateRequest {
            name: Some(name.clone()),
            ..VolumeCreateRequest::default()
        };
        must(engine.create_volume(strange).await, "a volume");

        anew(&mut workload, 2, Some(1));
        let refused = bench.driver.ensure_created(&workload).await;
        must(engine.remove_volume(&name, options).await, "remove");
        let Err(DriverError::Refused { text, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert!(text.contains(&name), "{text}");
        must(bench.driver.ensure_created(&workload).await, "create");
    })
    .await;
}

#[tokio::test]
async fn what_is_no_node_any_more_leaves_no_disk() {
    let Some(socket) = socket() else { return };
    with_nodes(socket, async |bench, _, engine| {
        let mut workload = node(bench).await;
        must(bench.driver.ensure_created(&workload).await, "create");
        anew(&mut workload, 2, Some(1));
        workload.node = None;
        must(bench.driver.ensure_created(&workload).await, "anew");
        assert_eq!(volumes(engine, workload.id).await, 0);
    })
    .await;
}

/// Passes on what is asked of an engine, and writes down its first lines.
async fn overheard(at: &Path, engine: String) -> Arc<Mutex<Vec<u8>>> {
    let listener = must(UnixListener::bind(at), "a socket");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heard = asked.clone();
    tokio::spawn(async move {
        while let Ok((here, _)) = listener.accept().await {
            let (engine, heard) = (engine.clone(), heard.clone());
            tokio::spawn(async move {
                let Ok(there) = UnixStream::connect(engine).await else {
                    return;
                };
                let (mut questions, mut back) = here.into_split();
                let (mut answers, mut on) = there.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut answers, &mut back).await });
                let mut part = vec![0; 64 << 10];
                while let Ok(read @ 1..) = questions.read(&mut part).await {
                    must(heard.lock(), "a lock").extend(&part[..read]);
                    if on.write_all(&part[..read]).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    asked
}

/// What has been asked since the last time: the method, and of what kind of thing.
fn questions(asked: &Mutex<Vec<u8>>) -> Vec<String> {
    let asked = std::mem::take(&mut *must(asked.lock(), "a lock"));
    let lines = String::from_utf8_lossy(&asked).into_owned();
    let lines = lines.lines().filter(|line| line.ends_with(" HTTP/1.1"));
    let lines = lines.filter(|line| !line.contains("/_ping"));
    let short = |line: &str| {
        let mut words = line.split_whitespace();
        let (method, path) = (words.next()?, words.next()?.split('?').next()?);
        // A version may stand before it.
        let mut parts = path.split('/').skip(1);
        let kind = parts.find(|part| !part.starts_with("v1."))?;
        Some(format!("{method} {kind}"))
    };
    lines.filter_map(short).collect()
}

#[tokio::test]
async fn to_remove_what_is_no_node_costs_no_question_about_disks() {
    let Some(socket) = socket() else { return };
    let folder = must(tempfile::tempdir(), "a folder");
    let at = folder.path().join("engine.sock");
    let asked = overheard(&at, socket).await;
    with_nodes(at.display().to_string(), async |bench, _, _| {
        let workload = bench.started(Behaviour::Idle).await;
        questions(&asked);
        must(bench.driver.ensure_absent(workload.id).await, "remove");
        let plain = ["GET containers", "DELETE containers"];
        assert_eq!(questions(&asked), plain);

        let workload = node(bench).await;
        must(bench.driver.ensure_created(&workload).await, "create");
        questions(&asked);
        must(bench.driver.ensure_absent(workload.id).await, "remove");
        let disk = ["GET volumes", "DELETE volumes"];
        assert_eq!(questions(&asked), [plain, disk].concat());
    })
    .await;
}
