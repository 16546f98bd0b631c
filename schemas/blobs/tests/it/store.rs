//! What the store promises whoever dies when.

use crate::images::TempStore;
use blobs::{BlobStore, Digest, Removal, StoreError};
use std::io::{Read, Seek, SeekFrom};

#[test]
fn a_blob_is_stored_once_and_read_at_any_offset() {
    let it = TempStore::new();
    let first = it.store.put(b"hello").unwrap();
    let second = it.store.put(b"hello").unwrap();
    assert!(first.new && !second.new);
    assert_eq!(first.digest, Digest::of(b"hello"));
    let (mut file, len) = it.store.open_blob(&first.digest).unwrap();
    file.seek(SeekFrom::Start(3)).unwrap();
    let mut rest = String::new();
    file.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), len), ("lo", 5));
    assert_eq!(it.files().len(), 1);
    assert_eq!(it.store.list().unwrap().count(), 1);
}

#[test]
fn other_bytes_than_announced_leave_nothing() {
    let it = TempStore::new();
    let mut writer = it.store.writer(100).unwrap();
    writer.append(b"these").unwrap();
    let wrong = Digest::of(b"those");
    assert!(matches!(
        writer.finish(Some(wrong)),
        Err(StoreError::Mismatch { .. })
    ));
    let mut writer = it.store.writer(4).unwrap();
    assert!(matches!(
        writer.append(b"these"),
        Err(StoreError::TooLarge { limit: 4 })
    ));
    drop(writer);
    assert_eq!(it.files(), Vec::<String>::new());
}

#[test]
fn a_blob_that_rots_is_told_apart_from_one_that_is_absent() {
    let it = TempStore::new();
    let stored = it.store.put(b"fresh").unwrap();
    it.store.verify(&stored.digest).unwrap();
    std::fs::write(&it.files()[0], b"stale").unwrap();
    assert!(matches!(
        it.store.verify(&stored.digest),
        Err(StoreError::Damaged(_))
    ));
    let other = Digest::of(b"other");
    assert!(matches!(
        it.store.verify(&other),
        Err(StoreError::Absent(_))
    ));
    assert!(!it.store.has(&other).unwrap());
}

#[test]
fn a_pinned_blob_stays_until_the_pin_goes() {
    let it = TempStore::new();
    let stored = it.store.put(b"layer").unwrap();
    // Another process is another store on the same directory.
    let collector = BlobStore::open(it.dir.path()).unwrap();
    assert_eq!(collector.remove(&stored.digest).unwrap(), Removal::Pinned);
    drop(stored.pin);
    let kept = collector.remove_if(&stored.digest, || false).unwrap();
    assert_eq!(kept, Removal::Kept);
    assert_eq!(collector.remove(&stored.digest).unwrap(), Removal::Removed);
    assert_eq!(collector.remove(&stored.digest).unwrap(), Removal::Absent);
}

#[test]
fn an_upload_that_races_the_collector_ends_with_its_blob() {
    let it = TempStore::new();
    let collector = BlobStore::open(it.dir.path()).unwrap();
    let digest = Digest::of(b"contended");
    for _ in 0..200 {
        let uploads: Vec<_> = std::thread::scope(|scope| {
            let collect = scope.spawn(|| collector.remove(&digest).unwrap());
            let uploads: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| it.store.put(b"contended").unwrap()))
                .collect();
            collect.join().unwrap();
            uploads
                .into_iter()
                .map(|upload| upload.join().unwrap())
                .collect()
        });
        // Both hold pins: whatever the collector did, it was before.
        it.store.verify(&digest).unwrap();
        assert_eq!(collector.remove(&digest).unwrap(), Removal::Pinned);
        drop(uploads);
    }
}

#[test]
fn the_next_to_open_sweeps_what_the_dead_left_and_nothing_of_the_living() {
    let it = TempStore::new();
    let mut living = it.store.writer(100).unwrap();
    living.append(b"slow").unwrap();
    // A session whose process was killed: its directory is there, its lock is not held.
    let dead = it.dir.path().join("tmp/session-dead");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(dead.join("lock"), b"").unwrap();
    std::fs::write(dead.join("half"), b"half a bl").unwrap();
    let _next = BlobStore::open(it.dir.path()).unwrap();
    assert!(!dead.exists());
    let stored = living.finish(None).unwrap();
    assert_eq!(it.store.read(&stored.digest, 100).unwrap(), b"slow");
}

/// The child writes half a blob, tells us, and is killed.
#[test]
fn a_writer_killed_in_the_middle_leaves_no_blob() {
    const CHILD: &str = "JEROBOAM_TEST_DIE_WRITING_IN";
    if let Ok(dir) = std::env::var(CHILD) {
        let store = BlobStore::open(dir).unwrap();
        let done = store.put(b"whole").unwrap();
        let mut writer = store.writer(1 << 20).unwrap();
        writer.append(b"half").unwrap();
        println!("written");
        // Waits to be killed: stdin never ends while the parent lives.
        std::io::stdin().read_to_end(&mut Vec::new()).unwrap();
        drop((writer, done));
        return;
    }
    let it = TempStore::new();
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "store::a_writer_killed_in_the_middle_leaves_no_blob",
            "--nocapture",
        ])
        .env(CHILD, it.dir.path())
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = Vec::new();
    let mut out = child.stdout.take().unwrap();
    while !String::from_utf8_lossy(&said).contains("written") {
        let mut byte = [0];
        out.read_exact(&mut byte).unwrap();
        said.push(byte[0]);
    }
    assert_eq!(
        it.store.remove(&Digest::of(b"whole")).unwrap(),
        Removal::Pinned
    );
    assert_eq!(it.files().len(), 2, "the blob and the half");
    child.kill().unwrap();
    child.wait().unwrap();
    let after = BlobStore::open(it.dir.path()).unwrap();
    assert_eq!(it.files().len(), 1, "the half is swept");
    after.verify(&Digest::of(b"whole")).unwrap();
    assert_eq!(
        after.remove(&Digest::of(b"whole")).unwrap(),
        Removal::Removed,
        "its pin died"
    );
}
