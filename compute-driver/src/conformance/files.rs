//! Files put into containers and fetched from them.

use super::{Behaviour, Bench, must};
use crate::Driver;
use crate::error::DriverError;
use crate::image::ByteStream;
use crate::sim::files::{File, FileKind, Files, read_tar, write_tar};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use futures::TryStreamExt;
use schemas::ids::WorkloadId;
use schemas::workload::InjectedFile;

/// There before the first start, and again after a rebuild.
pub async fn injected_files_are_there_with_their_modes(bench: &Bench) {
    let mut workload = bench.workload(Behaviour::Idle).await;
    workload.files = vec![
        injected("/etc/secret", 0o600, b"hush"),
        injected("/srv/deep/er/run", 0o755, b"#!/bin/sh\n"),
        injected("/etc/empty", 0o644, b""),
        injected("/etc/binary", 0o640, &[0, 159, 146, 150, 255]),
    ];
    for incarnation in [1, 2] {
        workload.incarnation = incarnation;
        bench.start(&workload).await;
        for file in &workload.files {
            let there = fetch(&*bench.driver, workload.id, &file.path).await;
            let content = must(BASE64_STANDARD.decode(&file.content_b64), "base64");
            assert_eq!(there.mode, file.mode, "mode of {}", file.path);
            assert_eq!(
                there.kind,
                FileKind::Content(content.into()),
                "content of {}",
                file.path
            );
        }
    }
}

/// A path that climbs is the user's mistake.
pub async fn paths_that_leave_the_root_are_refused(bench: &Bench) {
    let mut workload = bench.workload(Behaviour::Idle).await;
    workload.files = vec![injected("/etc/../../etc/passwd", 0o644, b"x")];
    let result = bench.driver.ensure_created(&workload).await;
    assert!(
        matches!(
            result,
            Err(DriverError::Refused {
                permanent: true,
                ..
            })
        ),
        "{result:?}"
    );
}

/// `archive_put` and `archive_get`, running or not.
pub async fn files_are_put_and_fetched(bench: &Bench) {
    let workload = bench.started(Behaviour::Idle).await;
    put(&*bench.driver, workload.id, "/srv", "note", "hello").await;
    let there = fetch(&*bench.driver, workload.id, "/srv/note").await;
    assert_eq!(there.kind, FileKind::Content(Bytes::from_static(b"hello")));
    must(
        bench
            .driver
            .ensure_stopped(workload.id, std::time::Duration::ZERO)
            .await,
        "stop",
    );
    let there = fetch(&*bench.driver, workload.id, "/srv/note").await;
    assert_eq!(
        there.kind,
        FileKind::Content(Bytes::from_static(b"hello")),
        "after the stop"
    );
    match bench.driver.archive_get(workload.id, "/no/such/file").await {
        Err(DriverError::NotFound { .. }) => {}
        Err(other) => panic!("failed otherwise: {other:?}"),
        Ok(_) => panic!("a file that is not there was fetched"),
    }
}

/// Puts one file into a folder.
pub(super) async fn put(driver: &dyn Driver, id: WorkloadId, folder: &str, name: &str, text: &str) {
    let kind = FileKind::Content(Bytes::copy_from_slice(text.as_bytes()));
    let files = Files::from([(name.to_owned(), File { mode: 0o644, kind })]);
    let tar = must(write_tar(&files, str::to_owned), "tar");
    must(driver.archive_put(id, folder, tar).await, "put");
}

/// Fetches one file.
pub(super) async fn fetch(driver: &dyn Driver, id: WorkloadId, path: &str) -> File {
    let tar = collect(must(driver.archive_get(id, path).await, path)).await;
    let files = must(read_tar("/", &tar), "tar");
    let name = path.rsplit('/').next().unwrap_or(path);
    files
        .get(&format!("/{name}"))
        .unwrap_or_else(|| panic!("no {name} in {files:?}"))
        .clone()
}

/// All of a stream.
pub(super) async fn collect(stream: ByteStream) -> Bytes {
    let all = stream.try_fold(BytesMut::new(), |mut all, part| async move {
        all.extend_from_slice(&part);
        Ok(all)
    });
    must(all.await, "stream").into()
}

fn injected(path: &str, mode: u32, content: &[u8]) -> InjectedFile {
    InjectedFile {
        path: path.into(),
        mode,
        content_b64: BASE64_STANDARD.encode(content),
    }
}
