//! What is refused, that the words name the cause, and that nothing is left behind.

use crate::images::*;
use blobs::{ArchiveError, Digest, Format, Terms, take_apart};
use serde_json::json;
use std::io::{self, Read};

pub fn layers() -> Vec<Vec<u8>> {
    vec![
        layer(&[("bin/app", &noise(3, 100_000))]),
        layer(&[("etc/motd", b"hello")]),
    ]
}

/// Refused with these words, leaving the store as it was.
#[track_caller]
pub fn refused_on(
    bytes: impl Read + Send,
    format: Format,
    terms: &Terms,
    words: &str,
) -> ArchiveError {
    let it = TempStore::new();
    it.store.put(b"what was there before").unwrap();
    let before = it.files();
    let error = take_apart(bytes, format, &it.store, terms).unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!(it.files(), before, "something is left behind");
    error
}

#[track_caller]
fn refused(entries: &[Entry], format: Format, words: &str) {
    refused_on(tar_of(entries).as_slice(), format, &Terms::default(), words);
}

fn replaced(entries: Vec<Entry>, name: &str, bytes: &[u8]) -> Vec<Entry> {
    let mut hits = 0;
    let entries = entries
        .into_iter()
        .map(|entry| match entry {
            Entry::File(path, _) if path.ends_with(name) => {
                hits += 1;
                Entry::File(path, bytes.to_vec())
            }
            other => other,
        })
        .collect();
    assert!(hits > 0, "no {name}");
    entries
}

/// One entry that no builder would write.
fn raw_entry(name: &[u8], kind: tar::EntryType, link: &[u8], size: u64) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o644);
    header.set_entry_type(kind);
    header.set_size(size);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.name[..name.len()].copy_from_slice(name);
    gnu.linkname[..link.len()].copy_from_slice(link);
    header.set_cksum();
    header.as_bytes().to_vec()
}

fn with_raw(raw: Vec<u8>) -> Vec<u8> {
    [raw, tar_of(&docker_classic(&layers()))].concat()
}

#[test]
fn names_and_links_that_lead_out() {
    use tar::EntryType as T;
    for (raw, words) in [
        (
            raw_entry(b"../evil", T::Regular, b"", 0),
            "'../evil' has a name",
        ),
        (
            raw_entry(b"/etc/passwd", T::Regular, b"", 0),
            "'/etc/passwd' has a name",
        ),
        (raw_entry(b"a/../../b", T::Directory, b"", 0), "has a name"),
        (raw_entry(b"\xff\xfe", T::Regular, b"", 0), "has a name"),
        (
            raw_entry(b"x", T::Symlink, b"/etc/passwd", 0),
            "link 'x' does not lead",
        ),
        (
            raw_entry(b"x", T::Symlink, b"../../etc", 0),
            "link 'x' does not lead",
        ),
        (
            raw_entry(b"x", T::Symlink, b"x", 0),
            "link 'x' does not lead",
        ),
        (
            raw_entry(b"x", T::Symlink, b"nowhere", 0),
            "link 'x' does not lead",
        ),
        (
            raw_entry(b"x", T::Link, b"manifest.json", 0),
            "'x' is neither",
        ),
        (raw_entry(b"x", T::Char, b"", 0), "'x' is neither"),
        (raw_entry(b"x", T::Fifo, b"", 0), "'x' is neither"),
    ] {
        refused_on(
            with_raw(raw).as_slice(),
            Format::Docker,
            &Terms::default(),
            words,
        );
    }
}

#[test]
fn absurd_sizes_and_endless_headers() {
    let huge = raw_entry(b"x", tar::EntryType::Regular, b"", 1 << 50);
    refused_on(
        with_raw(huge).as_slice(),
        Format::Docker,
        &Terms::default(),
        "bytes allowed",
    );
    let most = raw_entry(b"x", tar::EntryType::Regular, b"", u64::MAX);
    refused_on(
        with_raw(most).as_slice(),
        Format::Docker,
        &Terms::default(),
        "not a readable tar",
    );
    // A long name that is a gigabyte long, and never ends.
    for format in [Format::Docker, Format::Bare] {
        let name = raw_entry(b"././@LongLink", tar::EntryType::GNULongName, b"", 1 << 30);
        let endless = name.as_slice().chain(io::repeat(b'a').take(1 << 23));
        refused_on(
            endless,
            format,
            &Terms::default(),
            "header of more than 1 MiB",
        );
    }
}

#[test]
fn the_same_name_twice() {
    let mut entries = docker_classic(&layers());
    entries.push(Entry::File("./manifest.json".into(), b"[]".to_vec()));
    refused(
        &entries,
        Format::Docker,
        "two entries named 'manifest.json'",
    );
}

#[test]
fn content_that_is_not_what_it_is_said_to_be() {
    let layers = layers();
    let other = layer(&[("bin/app", b"another")]);
    let name = Digest::of(&layers[1]).hex();
    refused(
        &replaced(docker_new(&layers), &name, &other),
        Format::Docker,
        "has digest",
    );
    refused(
        &replaced(oci(&layers, &|l| l.to_vec()), &name, &other),
        Format::Oci,
        "has digest",
    );
    let classic = replaced(docker_classic(&layers), "layer.tar", &other);
    refused(&classic, Format::Docker, "but the archive says");
    let config = format!("{}.json", Digest::of(&config(&layers, "amd64")).hex());
    let classic = replaced(
        docker_classic(&layers),
        &config,
        &crate::images::config(&layers, "arm"),
    );
    refused(&classic, Format::Docker, "but the archive says");
}

#[test]
fn archives_that_lack_or_confuse_something() {
    let layers = layers();
    let without = |entries: Vec<Entry>, name: &str| -> Vec<Entry> {
        let keep = |e: &Entry| !matches!(e, Entry::File(path, _) if path.ends_with(name));
        entries.into_iter().filter(keep).collect()
    };
    let classic = || docker_classic(&layers);
    refused(
        &without(classic(), "manifest.json"),
        Format::Docker,
        "has no manifest.json",
    );
    refused(
        &without(classic(), "layer.tar"),
        Format::Docker,
        "which is not in it",
    );
    refused(&classic(), Format::Oci, "container_format 'docker'");
    refused(&classic(), Format::Bare, "container_format 'docker'");
    let plain = |layer: &[u8]| layer.to_vec();
    refused(
        &oci(&layers, &plain),
        Format::Docker,
        "container_format 'oci'",
    );
    refused(
        &oci(&layers, &plain),
        Format::Bare,
        "container_format 'oci'",
    );
    refused(
        &replaced(classic(), "manifest.json", b"[]"),
        Format::Docker,
        "holds no image",
    );
    refused(
        &replaced(classic(), "manifest.json", b"{"),
        Format::Docker,
        "'manifest.json' cannot",
    );
    // Nested beyond any stack, where something is expected and where nothing is.
    let deep = "[".repeat(1_000_000);
    for text in [
        deep.clone(),
        format!("[{{\"Config\":{deep}"),
        format!("[{{\"X\":{deep}"),
    ] {
        let entries = replaced(classic(), "manifest.json", text.as_bytes());
        refused(&entries, Format::Docker, "cannot be understood");
    }
    let large = vec![b' '; 5 << 20];
    refused(
        &replaced(classic(), "manifest.json", &large),
        Format::Docker,
        "larger than 4194304",
    );
    let up = json!([{"Config": "../x", "Layers": []}]).to_string();
    refused(
        &replaced(classic(), "manifest.json", up.as_bytes()),
        Format::Docker,
        "'../x'",
    );
}

#[test]
fn images_that_cannot_run_here() {
    let layers = layers();
    let with_config = |config: serde_json::Value| {
        let config = config.to_string().into_bytes();
        let saved = json!([{ "Config": "config", "Layers": ["layer"] }])
            .to_string()
            .into_bytes();
        [
            Entry::File("config".into(), config),
            Entry::File("layer".into(), layers[1].clone()),
            Entry::File("manifest.json".into(), saved),
        ]
    };
    let rootfs = json!({ "type": "layers", "diff_ids": [Digest::of(&layers[1])] });
    let windows = json!({ "os": "windows", "architecture": "amd64", "rootfs": rootfs });
    refused(&with_config(windows), Format::Docker, "is for 'windows'");
    let nowhere = json!({ "os": "linux", "rootfs": rootfs });
    refused(
        &with_config(nowhere),
        Format::Docker,
        "names no architecture",
    );
    let more = json!({ "os": "linux", "architecture": "amd64",
        "rootfs": { "type": "layers", "diff_ids": [Digest::of(b"1"), Digest::of(b"2")] } });
    refused(
        &with_config(more),
        Format::Docker,
        "names 2 layers, the archive 1",
    );
    let fine = json!({ "os": "linux", "architecture": "sparc", "rootfs": rootfs });
    let it = TempStore::new();
    let taken = it
        .take(&tar_of(&with_config(fine)), Format::Docker)
        .unwrap();
    assert_eq!(taken.architecture, "sparc", "the caller decides");
}

#[test]
fn layers_that_are_foreign_or_no_tar() {
    let garbage = vec![b"this is no tar".repeat(100)];
    refused(
        &docker_classic(&garbage),
        Format::Docker,
        "is not a readable tar",
    );
    let layers = layers();
    let text = String::from_utf8(oci_blobs(&layers, "amd64", &gzip).1).unwrap();
    let foreign = text.replace(
        "vnd.oci.image.layer.v1.tar",
        "vnd.oci.image.layer.nondistributable.v1.tar",
    );
    let index = json!({ "manifests": [descriptor(MANIFEST, foreign.as_bytes())] });
    let mut entries = oci_frame(&index);
    entries.extend(oci_blobs(&layers, "amd64", &gzip).0);
    entries.push(blob(foreign.as_bytes()));
    refused(&entries, Format::Oci, "nondistributable");
}

#[test]
fn a_maze_of_indexes_is_walked_once() {
    // Four levels of indexes, each naming the next a thousand times: 10^12 ways, none to an image.
    let mut entries = Vec::new();
    let mut index = json!({ "manifests": [] });
    for _ in 0..4 {
        let bytes = index.to_string().into_bytes();
        index = json!({ "manifests": vec![descriptor(INDEX, &bytes); 1000] });
        entries.push(blob(&bytes));
    }
    entries.extend(oci_frame(&index));
    refused(&entries, Format::Oci, "holds no image");
    let deeper = json!({ "manifests": [descriptor(INDEX, index.to_string().as_bytes())] });
    entries.push(blob(index.to_string().as_bytes()));
    let entries = replaced(entries, "index.json", deeper.to_string().as_bytes());
    refused(&entries, Format::Oci, "nested indexes");
}
