//! Every layout comes back byte for byte, is stored once, and can be given to an engine.

use crate::images::*;
use blobs::archive::{ImageConfig, Manifest};
use blobs::{
    Assembly, Digest, Format, HashingReader, Terms, docker_archive, oci_archive, take_apart,
    take_apart_any,
};
use serde_json::json;
use std::io::{Read, Seek, SeekFrom};

pub fn two_layers() -> Vec<Vec<u8>> {
    // One larger than what is kept among the literals, one smaller.
    vec![
        layer(&[("bin/app", &noise(1, 200_000))]),
        layer(&[("etc/motd", b"hello")]),
    ]
}

#[test]
fn every_layout_gives_back_the_very_upload() {
    let layers = two_layers();
    let plain = |layer: &[u8]| layer.to_vec();
    for (name, format, bytes) in [
        ("classic", Format::Docker, tar_of(&docker_classic(&layers))),
        ("new", Format::Docker, tar_of(&docker_new(&layers))),
        ("oci", Format::Oci, tar_of(&oci(&layers, &plain))),
        ("oci gzip", Format::Oci, tar_of(&oci(&layers, &gzip))),
        ("oci zstd", Format::Oci, tar_of(&oci(&layers, &zstd))),
        (
            "docker save | gzip",
            Format::Docker,
            gzip(&tar_of(&docker_classic(&layers))),
        ),
        (
            "docker save | zstd",
            Format::Docker,
            zstd(&tar_of(&docker_new(&layers))),
        ),
        ("bare", Format::Bare, layers[0].clone()),
        ("bare gzip", Format::Bare, gzip(&layers[0])),
        ("bare zstd", Format::Bare, zstd(&layers[0])),
    ] {
        let it = TempStore::new();
        let mut upload = HashingReader::new(bytes.as_slice()).unwrap();
        let taken = take_apart(&mut upload, format, &it.store, &Terms::default()).unwrap();
        let hashes = upload.finish().unwrap();
        assert_eq!(
            hashes.sha256,
            Digest::of(&bytes),
            "{name}: the upload is read to its end"
        );
        assert_eq!(it.given_back(&taken), bytes, "{name}");
        assert_eq!(taken.upload_size, bytes.len() as u64, "{name}");
        assert_eq!(
            (taken.architecture.as_str(), taken.os.as_str()),
            ("amd64", "linux")
        );
        let diff_ids: Vec<_> = taken.layers.iter().map(|layer| layer.diff_id).collect();
        let expected: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
        assert_eq!(diff_ids, expected[..diff_ids.len()], "{name}");
        // Nothing is in the store that the image does not name, and all that it names is there.
        let stored: Vec<_> = it
            .store
            .list()
            .unwrap()
            .map(|blob| blob.unwrap().digest)
            .collect();
        assert_eq!(stored.len(), taken.blobs.len(), "{name}");
        for (digest, size) in &taken.blobs {
            it.store.verify(digest).unwrap();
            assert_eq!(it.store.size(digest).unwrap(), Some(*size), "{name}");
        }
        assert_eq!(
            it.files().len(),
            stored.len(),
            "{name}: no temporary file is left"
        );
        let manifest = Manifest::load(&it.store, &taken.manifest).unwrap();
        let config = ImageConfig::load(&it.store, &taken.config).unwrap();
        assert_eq!(manifest.layers(&config).unwrap(), taken.layers, "{name}");
    }
}

#[test]
fn what_the_config_says_is_told() {
    let it = TempStore::new();
    let taken = it
        .take(&tar_of(&docker_classic(&two_layers())), Format::Docker)
        .unwrap();
    assert_eq!(taken.run.cmd, ["/bin/app"]);
    assert_eq!(taken.run.env, ["A=b"]);
    assert!(taken.run.entrypoint.is_empty());
    assert_eq!(taken.repo_tags, ["app:1"]);
    let bare = it.take(&two_layers()[1], Format::Bare).unwrap();
    assert_eq!(bare.run.cmd, ["/bin/sh"]);
    assert_eq!(bare.layers[0].digest, Digest::of(&two_layers()[1]));
}

#[test]
fn the_same_content_has_the_same_identity_however_it_came() {
    let layers = two_layers();
    let it = TempStore::new();
    let classic = it
        .take(&tar_of(&docker_classic(&layers)), Format::Docker)
        .unwrap();
    let new = it
        .take(&tar_of(&docker_new(&layers)), Format::Docker)
        .unwrap();
    let oci = it
        .take(&tar_of(&oci(&layers, &|layer| layer.to_vec())), Format::Oci)
        .unwrap();
    assert_eq!(classic.manifest, new.manifest);
    assert_eq!(classic.manifest, oci.manifest);
    assert_ne!(classic.recipe, oci.recipe);
    // Layers, config and manifest are there; only recipes and small documents were added.
    assert!(oci.new_bytes < 8192, "{}", oci.new_bytes);
    let again = it
        .take(&tar_of(&docker_classic(&layers)), Format::Docker)
        .unwrap();
    assert_eq!((again.recipe, again.new_bytes), (classic.recipe, 0));
}

#[test]
fn images_share_their_layers() {
    let it = TempStore::new();
    let base = layer(&[("bin/sh", &noise(7, 500_000))]);
    let image = |n: u8| tar_of(&docker_classic(&[base.clone(), layer(&[("n", &[n])])]));
    let first = it.take(&image(1), Format::Docker).unwrap();
    let second = it.take(&image(2), Format::Docker).unwrap();
    assert!(first.new_bytes > 500_000);
    assert!(second.new_bytes < 10_000, "{}", second.new_bytes);
    assert_eq!(first.layers[0], second.layers[0]);
    assert_ne!(first.layers[1].chain_id, second.layers[1].chain_id);
}

#[test]
fn a_recipe_is_read_from_any_offset() {
    let it = TempStore::new();
    // Enough small files to fill several frames of literals.
    let mut entries = docker_classic(&two_layers());
    entries.extend((0..20).map(|i| Entry::File(format!("note-{i}"), noise(i + 1, 60_000))));
    let bytes = tar_of(&entries);
    let taken = it.take(&bytes, Format::Docker).unwrap();
    let mut reader = Assembly::load(&it.store, &taken.recipe)
        .unwrap()
        .reader(&it.store)
        .unwrap();
    assert_eq!(reader.len(), bytes.len() as u64);
    for at in (0..bytes.len()).step_by(37_123).rev() {
        let mut piece = vec![0; 5000.min(bytes.len() - at)];
        reader.seek(SeekFrom::Start(at as u64)).unwrap();
        reader.read_exact(&mut piece).unwrap();
        assert_eq!(piece, bytes[at..at + piece.len()], "at {at}");
    }
    reader.seek(SeekFrom::End(10)).unwrap();
    assert_eq!(reader.read(&mut [0; 10]).unwrap(), 0);
}

#[test]
fn archives_for_engines_hold_the_same_image() {
    let layers = two_layers();
    let plain = |layer: &[u8]| layer.to_vec();
    for pack in [&plain as &dyn Fn(&[u8]) -> Vec<u8>, &gzip, &zstd] {
        let it = TempStore::new();
        let taken = it.take(&tar_of(&oci(&layers, pack)), Format::Oci).unwrap();
        let docker = docker_archive(&it.store, &taken.manifest, Some("app:2"), &|_| false).unwrap();
        let mut bytes = Vec::new();
        docker
            .reader(&it.store)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        assert_eq!(bytes.len() as u64, docker.len());
        let loaded = TempStore::new();
        let back = loaded.take(&bytes, Format::Docker).unwrap();
        assert_eq!(back.repo_tags, ["app:2"]);
        assert_eq!(back.config, taken.config);
        // A zstd layer arrives unpacked, so that old engines can read it.
        assert!(
            back.layers
                .iter()
                .all(|layer| !layer.media_type.contains("zstd"))
        );

        let oci = oci_archive(&it.store, &taken.manifest, None).unwrap();
        let mut bytes = Vec::new();
        oci.reader(&it.store)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        assert_eq!(
            loaded.take(&bytes, Format::Oci).unwrap().manifest,
            taken.manifest
        );
    }
}

#[test]
fn an_assembly_that_is_saved_reads_the_same() {
    let it = TempStore::new();
    let taken = it
        .take(&tar_of(&oci(&two_layers(), &zstd)), Format::Oci)
        .unwrap();
    let made = docker_archive(&it.store, &taken.manifest, None, &|_| false).unwrap();
    let saved = made.save(&it.store).unwrap();
    let loaded = Assembly::load(&it.store, &saved.digest).unwrap();
    let read = |assembly: &Assembly| {
        let mut bytes = Vec::new();
        assembly
            .reader(&it.store)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    };
    assert_eq!(read(&made), read(&loaded));
    let mut reader = loaded.reader(&it.store).unwrap();
    let half = made.len() / 2;
    for at in [half, 700, half + 100] {
        let mut piece = [0; 100];
        reader.seek(SeekFrom::Start(at)).unwrap();
        reader.read_exact(&mut piece).unwrap();
        assert_eq!(
            piece,
            read(&made)[at as usize..][..100],
            "back and forth in unpacked data"
        );
    }
}

#[test]
fn layers_the_engine_has_are_named_but_not_sent() {
    let it = TempStore::new();
    let taken = it
        .take(&tar_of(&docker_classic(&two_layers())), Format::Docker)
        .unwrap();
    let base = taken.layers[0].chain_id;
    let archive = docker_archive(&it.store, &taken.manifest, None, &|chain_id| {
        *chain_id == base
    })
    .unwrap();
    assert!(archive.len() < 20_000);
    assert!(!archive.blobs().contains(&taken.layers[0].digest));
    assert!(archive.blobs().contains(&taken.layers[1].digest));
}

#[test]
fn a_reader_that_has_begun_can_finish_whatever_is_deleted() {
    let it = TempStore::new();
    let taken = it
        .take(&tar_of(&docker_classic(&two_layers())), Format::Docker)
        .unwrap();
    let (recipe, layer) = (taken.recipe, taken.layers[0].digest);
    drop(taken);
    let assembly = Assembly::load(&it.store, &recipe).unwrap();
    let mut reader = assembly.reader(&it.store).unwrap();
    assert_eq!(it.store.remove(&layer).unwrap(), blobs::Removal::Pinned);
    assert_eq!(it.store.remove(&recipe).unwrap(), blobs::Removal::Removed);
    std::io::copy(&mut reader, &mut std::io::sink()).unwrap();
    drop(reader);
    assert_eq!(it.store.remove(&layer).unwrap(), blobs::Removal::Removed);
    assert!(
        assembly.reader(&it.store).is_err(),
        "a missing blob is told before the first byte"
    );
}

#[test]
fn of_an_index_the_wanted_platform_is_taken() {
    let (amd, arm) = (vec![layer(&[("x", b"amd")])], vec![layer(&[("x", b"arm")])]);
    let (amd_blobs, amd_manifest) = oci_blobs(&amd, "amd64", &gzip);
    let (arm_blobs, arm_manifest) = oci_blobs(&arm, "arm64", &gzip);
    let on = |manifest: &[u8], architecture: &str| {
        let mut descriptor = descriptor(MANIFEST, manifest);
        descriptor["platform"] = json!({ "os": "linux", "architecture": architecture });
        descriptor
    };
    let mut attestation = on(&amd_manifest, "unknown");
    attestation["annotations"] = json!({ "vnd.docker.reference.type": "attestation-manifest" });
    let nested = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [
        attestation, on(&arm_manifest, "arm64"), on(&amd_manifest, "amd64"),
    ]})
    .to_string()
    .into_bytes();
    let mut entries =
        oci_frame(&json!({ "schemaVersion": 2, "manifests": [descriptor(INDEX, &nested)] }));
    entries.extend(amd_blobs.into_iter().chain(arm_blobs));
    entries.push(blob(&nested));
    let bytes = tar_of(&entries);
    let it = TempStore::new();
    for (architecture, layers) in [("amd64", &amd), ("arm64", &arm)] {
        let terms = Terms {
            architecture: architecture.into(),
            ..Terms::default()
        };
        let taken = take_apart(bytes.as_slice(), Format::Oci, &it.store, &terms).unwrap();
        assert_eq!(taken.architecture, architecture);
        assert_eq!(taken.layers[0].diff_id, Digest::of(&layers[0]));
        assert_eq!(it.given_back(&taken), bytes);
    }
    let terms = Terms {
        architecture: "riscv64".into(),
        ..Terms::default()
    };
    let refused = take_apart(bytes.as_slice(), Format::Oci, &it.store, &terms).unwrap_err();
    assert!(
        refused.to_string().contains("linux/arm64, linux/amd64"),
        "{refused}"
    );
}

#[test]
fn an_archive_of_no_announced_kind_is_what_it_holds() {
    let layers = two_layers();
    let plain = |layer: &[u8]| layer.to_vec();
    for (name, format, bytes) in [
        ("docker", Format::Docker, tar_of(&docker_classic(&layers))),
        ("docker new", Format::Docker, tar_of(&docker_new(&layers))),
        (
            "docker gzip",
            Format::Docker,
            gzip(&tar_of(&docker_classic(&layers))),
        ),
        ("oci", Format::Oci, tar_of(&oci(&layers, &plain))),
        ("filesystem", Format::Bare, layers[0].clone()),
        ("filesystem zstd", Format::Bare, zstd(&layers[0])),
    ] {
        let (told, found) = (TempStore::new(), TempStore::new());
        let terms = Terms::default();
        let expected = take_apart(bytes.as_slice(), format, &told.store, &terms).unwrap();
        let taken = take_apart_any(bytes.as_slice(), &found.store, &terms).unwrap();
        assert_eq!(taken.manifest, expected.manifest, "{name}");
        assert_eq!(taken.blobs, expected.blobs, "{name}");
        assert_eq!(found.given_back(&taken), bytes, "{name}");
        assert_eq!(found.files().len(), taken.blobs.len(), "{name}");
    }
    let it = TempStore::new();
    for nothing in [&b""[..], b"hello"] {
        assert!(take_apart_any(nothing, &it.store, &Terms::default()).is_err());
    }
    assert!(it.files().is_empty());
}
