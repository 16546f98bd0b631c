//! Archives made by hand.

use blobs::Digest;
use serde_json::json;

/// A tar with these files.
pub fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_mtime(1_700_000_000);
        header.set_size(bytes.len() as u64);
        // Written as it is: names that lead outside are wanted too.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

/// A layer with one file, too large to be kept among the literals of an archive.
pub fn layer(name: &str, seed: u8) -> Vec<u8> {
    let noise: Vec<u8> = (0..100_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8 ^ seed)
        .collect();
    tar(&[(name, &noise)])
}

/// A config for these layers.
pub fn config(layers: &[Vec<u8>], architecture: &str) -> Vec<u8> {
    let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
    json!({
        "architecture": architecture, "os": "linux",
        "config": { "Cmd": ["/bin/sh"] },
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
    })
    .to_string()
    .into_bytes()
}

/// What `docker save` writes of these layers.
pub fn docker(layers: &[Vec<u8>], architecture: &str) -> Vec<u8> {
    let config = config(layers, architecture);
    let config_name = format!("{}.json", Digest::of(&config).hex());
    let names: Vec<String> = layers
        .iter()
        .map(|layer| format!("{}/layer.tar", Digest::of(layer).hex()))
        .collect();
    let manifest =
        json!([{ "Config": config_name, "RepoTags": ["app:1"], "Layers": names }]).to_string();
    let mut files: Vec<(&str, &[u8])> = vec![(&config_name, &config)];
    for (name, layer) in names.iter().zip(layers) {
        files.push((name, layer));
    }
    files.push(("manifest.json", manifest.as_bytes()));
    tar(&files)
}
