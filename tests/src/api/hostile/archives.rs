//! Uploads of images that are not what they say, or that reach for more than they are given.

use blobs::Digest;
use serde_json::json;
use std::io::Write;
use tar::EntryType;

/// An upload that must be refused.
pub struct Archive {
    /// What is wrong with it.
    pub title: &'static str,
    /// As the image says it is packed.
    pub container_format: &'static str,
    /// The size announced, where it is not the true one.
    pub announced: Option<usize>,
    /// What is sent.
    pub bytes: Vec<u8>,
    /// Of the answer and of the image's reason.
    pub words: &'static str,
}

fn archive(title: &'static str, bytes: Vec<u8>, words: &'static str) -> Archive {
    Archive {
        title,
        container_format: "docker",
        announced: None,
        bytes,
        words,
    }
}

fn header(name: &[u8], kind: EntryType, link: &[u8], size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_entry_type(kind);
    header.set_size(size);
    // Written as they are: names that lead outside are wanted too.
    if let Some(gnu) = header.as_gnu_mut() {
        gnu.name[..name.len()].copy_from_slice(name);
        gnu.linkname[..link.len()].copy_from_slice(link);
    }
    header.set_cksum();
    header
}

/// A tar with these files.
fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let header = header(name.as_bytes(), EntryType::Regular, b"", bytes.len() as u64);
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

/// Too large to be kept beside other small files, and not to be compressed.
fn layer() -> Vec<u8> {
    let noise: Vec<u8> = (0..200_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    tar_of(&[("bin/app", &noise)])
}

/// What `docker save` writes; the layer's digest in the config may be another's.
fn saved(layer: &[u8], said: &[u8]) -> Vec<u8> {
    let config = json!({
        "architecture": "amd64", "os": "linux", "config": { "Cmd": ["/bin/app"] },
        "rootfs": { "type": "layers", "diff_ids": [Digest::of(said)] },
    })
    .to_string();
    let name = format!("{}.json", Digest::of(config.as_bytes()).hex());
    let manifest = json!([{ "Config": name, "RepoTags": null, "Layers": ["layer.tar"] }]);
    tar_of(&[
        (&name, config.as_bytes()),
        ("layer.tar", layer),
        ("manifest.json", manifest.to_string().as_bytes()),
    ])
}

/// A good one, as `docker`.
pub fn good() -> Vec<u8> {
    saved(&layer(), &layer())
}

fn before_good(name: &[u8], kind: EntryType, link: &[u8]) -> Vec<u8> {
    let odd = header(name, kind, link, 0);
    [odd.as_bytes().as_slice(), &good()].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A file of zeros that is a thousandth of its size on the wire.
fn bomb() -> Vec<u8> {
    let zeros = vec![0; 96 << 20];
    gzip(&tar_of(&[("zeros", &zeros)]))
}

/// All of them.
pub fn all() -> Vec<Archive> {
    let good = good();
    let half = good[..good.len() / 2].to_vec();
    let packed = gzip(&good);
    let other = tar_of(&[("bin/app", b"another")]);
    let endless = header(b"x", EntryType::Regular, b"", 1 << 50);
    let mut all = vec![
        archive("truncated", half, "ends in the middle"),
        archive(
            "truncated in its compression",
            packed[..packed.len() - 9].to_vec(),
            "ends in the middle",
        ),
        archive("nothing", Vec::new(), "ends in the middle"),
        archive("no archive", b"MZ".repeat(4000), "not a readable tar"),
        archive(
            "with a name that leads up",
            before_good(b"../../etc/cron.d/x", EntryType::Regular, b""),
            "has a name",
        ),
        archive(
            "with an absolute name",
            before_good(b"/etc/passwd", EntryType::Regular, b""),
            "has a name",
        ),
        archive(
            "with a symbolic link that leads out",
            before_good(b"layer", EntryType::Symlink, b"../../../etc/shadow"),
            "link 'layer' does not lead",
        ),
        archive(
            "with an absolute symbolic link",
            before_good(b"layer", EntryType::Symlink, b"/etc/shadow"),
            "link 'layer' does not lead",
        ),
        archive(
            "with a hard link",
            before_good(b"layer", EntryType::Link, b"/etc/shadow"),
            "is neither",
        ),
        archive(
            "with a device",
            before_good(b"sda", EntryType::Block, b""),
            "is neither",
        ),
        archive(
            "with a file larger than any disk",
            [endless.as_bytes().as_slice(), &good].concat(),
            "bytes allowed",
        ),
        archive("a bomb", bomb(), "taken for an attack"),
        archive(
            "with a layer that is not the one the config names",
            saved(&other, &layer()),
            "but the archive says",
        ),
        archive(
            "with a layer that is no tar",
            saved(&b"no tar".repeat(999), &b"no tar".repeat(999)),
            "not a readable tar",
        ),
        archive(
            "with data after its end",
            [&*good, b"more"].concat(),
            "after its end",
        ),
    ];
    for (title, container_format, bytes, words) in [
        (
            "a saved image as oci",
            "oci",
            good.clone(),
            "container_format 'docker'",
        ),
        (
            "a filesystem as a saved image",
            "docker",
            layer(),
            "has no manifest.json",
        ),
        (
            "a bomb as a filesystem",
            "bare",
            bomb(),
            "taken for an attack",
        ),
        (
            "half a filesystem",
            "bare",
            layer()[..70_000].to_vec(),
            "ends in the middle",
        ),
    ] {
        all.push(Archive {
            container_format,
            ..archive(title, bytes, words)
        });
    }
    for (title, announced) in [
        ("larger than announced", good.len() - 1000),
        ("smaller than announced", good.len() + 1000),
    ] {
        all.push(Archive {
            announced: Some(announced),
            ..archive(title, good.clone(), "were announced")
        });
    }
    all.push(Archive {
        announced: Some(1 << 60),
        ..archive("announced larger than allowed", good, "bytes allowed")
    });
    all
}
