//! What comes as manifest and layers instead of an archive, as hosts bring snapshots.

use crate::images::*;
use crate::round_trip::two_layers;
use blobs::archive::Manifest;
use blobs::{Digest, Format, Terms, adopt};

#[test]
fn a_snapshot_travels_as_its_new_layer_only() {
    let (host, service) = (TempStore::new(), TempStore::new());
    let base = layer(&[("bin/sh", &noise(9, 400_000))]);
    let booted = service
        .take(
            &tar_of(&docker_classic(std::slice::from_ref(&base))),
            Format::Docker,
        )
        .unwrap();
    let saved = tar_of(&docker_classic(&[base, layer(&[("written", b"later")])]));
    let snapshot = host.take(&saved, Format::Docker).unwrap();

    let needed = Manifest::load(&host.store, &snapshot.manifest)
        .unwrap()
        .blobs();
    let (mut sent, mut pins) = (0, Vec::new());
    for digest in needed.keys().chain([&snapshot.manifest]) {
        if let Some(pin) = service.store.pin(digest).unwrap() {
            pins.push(pin);
            continue;
        }
        let bytes = host.store.read(digest, 1 << 20).unwrap();
        sent += bytes.len();
        let mut writer = service.store.writer(1 << 20).unwrap();
        writer.append(&bytes).unwrap();
        pins.push(writer.finish(Some(*digest)).unwrap().pin);
    }
    assert!(sent < 10_000, "{sent} bytes");
    let terms = Terms::default();
    let adopted = adopt(&service.store, &snapshot.manifest, Some("snap:1"), &terms).unwrap();
    assert_eq!(adopted.layers, snapshot.layers);
    assert_eq!(adopted.layers[0], booted.layers[0]);
    let download = service.given_back(&adopted);
    assert_eq!(download.len() as u64, adopted.upload_size);
    let again = TempStore::new().take(&download, Format::Docker).unwrap();
    assert_eq!(again.manifest, snapshot.manifest);
}

#[test]
fn what_is_adopted_is_checked() {
    let it = TempStore::new();
    let terms = Terms::default();
    let taken = it
        .take(&tar_of(&docker_classic(&two_layers())), Format::Docker)
        .unwrap();
    let manifest = it.store.read(&taken.manifest, 1 << 20).unwrap();
    let text = String::from_utf8(manifest).unwrap();
    let base = taken.layers[0].digest.to_string();
    for (other, words) in [
        (
            text.replace(&base, &Digest::of(b"nowhere").to_string()),
            "which is not in it",
        ),
        (
            text.replace(&base, &taken.layers[1].digest.to_string()),
            "but the archive says",
        ),
        (
            text.replace("layer.v1.tar", "layer.v1.tar+gzip"),
            "not the canonical manifest",
        ),
        (text.replace(',', ", "), "not the canonical manifest"),
        ("[]".into(), "cannot be understood"),
    ] {
        let stored = it.store.put(other.as_bytes()).unwrap();
        let error = adopt(&it.store, &stored.digest, None, &terms).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
}
