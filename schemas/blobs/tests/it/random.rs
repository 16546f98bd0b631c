//! Random images, random damage: refused or given back exactly, never a panic, nothing left behind.

use crate::images::*;
use blobs::{Format, docker_archive};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::io::Read;

#[derive(Clone, Debug)]
struct Case {
    entries: Vec<Entry>,
    layers: Vec<Vec<u8>>,
    format: Format,
    whole: u8,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        let bytes = match self.format {
            Format::Bare => self.layers[0].clone(),
            _ => tar_of(&self.entries),
        };
        match self.whole {
            0 => gzip(&bytes),
            1 => zstd(&bytes),
            _ => bytes,
        }
    }
}

fn layer_tar() -> impl Strategy<Value = Vec<u8>> {
    let file = (
        "[a-z]{1,8}(/[a-z]{1,120}){0,2}",
        0u64..5,
        prop_oneof![0usize..3000, 60_000usize..140_000],
    );
    prop::collection::vec(file, 0..3).prop_map(|files| {
        let mut seen = BTreeSet::new();
        let files: Vec<Entry> = files
            .into_iter()
            .filter(|(name, ..)| seen.insert(name.clone()))
            .map(|(name, seed, len)| Entry::File(name, noise(seed + 1, len)))
            .collect();
        tar_of(&files)
    })
}

fn case() -> impl Strategy<Value = Case> {
    let layers = prop::collection::vec(layer_tar(), 1..4);
    (layers, 0u8..6, any::<u64>(), 0u8..12).prop_map(|(mut layers, layout, order, whole)| {
        // Now and then the same layer twice.
        if order % 3 == 0 {
            layers.push(layers[0].clone());
        }
        let (format, mut entries) = match layout {
            0 => (Format::Docker, docker_classic(&layers)),
            1 => (Format::Docker, docker_new(&layers)),
            2 => (Format::Oci, oci(&layers, &|layer| layer.to_vec())),
            3 => (Format::Oci, oci(&layers, &gzip)),
            4 => (Format::Oci, oci(&layers, &zstd)),
            _ => (Format::Bare, Vec::new()),
        };
        // Any order of entries is legal.
        let keys = noise(order, entries.len());
        let mut keyed: Vec<_> = keys.into_iter().zip(entries).collect();
        keyed.sort_by_key(|(key, _)| *key);
        entries = keyed.into_iter().map(|(_, entry)| entry).collect();
        Case {
            entries,
            layers,
            format,
            whole,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_image_comes_back_byte_for_byte(case in case()) {
        let it = TempStore::new();
        let bytes = case.bytes();
        let taken = it.take(&bytes, case.format).unwrap();
        prop_assert!(it.given_back(&taken) == bytes);
        prop_assert_eq!(it.files().len(), taken.blobs.len());
        let engine = docker_archive(&it.store, &taken.manifest, Some("x:y"), &|_| false).unwrap();
        let mut archive = Vec::new();
        engine.reader(&it.store).unwrap().read_to_end(&mut archive).unwrap();
        let again = TempStore::new().take(&archive, Format::Docker).unwrap();
        prop_assert_eq!(again.config, taken.config);
    }

    #[test]
    fn two_images_store_a_shared_layer_once(
        shared in layer_tar(), one in layer_tar(), two in layer_tar(), layouts in (0u8..3, 0u8..3),
    ) {
        let it = TempStore::new();
        let plain = |layer: &[u8]| layer.to_vec();
        let pack = |layout: u8, layers: &[Vec<u8>]| match layout {
            0 => (tar_of(&docker_classic(layers)), Format::Docker),
            1 => (tar_of(&docker_new(layers)), Format::Docker),
            _ => (tar_of(&oci(layers, &plain)), Format::Oci),
        };
        let (bytes, format) = pack(layouts.0, &[shared.clone(), one]);
        let first = it.take(&bytes, format).unwrap();
        let (bytes, format) = pack(layouts.1, &[shared, two]);
        let second = it.take(&bytes, format).unwrap();
        prop_assert_eq!(first.layers[0].digest, second.layers[0].digest);
        let all: BTreeSet<_> = first.blobs.keys().chain(second.blobs.keys()).collect();
        prop_assert_eq!(it.store.list().unwrap().count(), all.len());
        prop_assert!(it.given_back(&second) == bytes);
    }

    #[test]
    fn a_truncated_archive_is_refused_and_leaves_nothing(case in case(), cut in 0.0f64..1.0) {
        let it = TempStore::new();
        let bytes = case.bytes();
        let cut = &bytes[..(bytes.len() as f64 * cut) as usize];
        match it.take(cut, case.format) {
            Err(_) => prop_assert!(it.files().is_empty()),
            // Only zeros after the end marker were cut.
            Ok(taken) => {
                prop_assert!(bytes[cut.len()..].iter().all(|byte| *byte == 0));
                prop_assert!(it.given_back(&taken) == cut);
            }
        }
    }

    #[test]
    fn a_flipped_bit_is_refused_or_kept_exactly(
        case in case(), places in prop::collection::vec((0.0f64..1.0, 0u8..8), 1..4), early in any::<bool>(),
    ) {
        let it = TempStore::new();
        let mut bytes = case.bytes();
        // Headers and documents are few among the bytes: half of the flips go to the first block.
        let within = if early { bytes.len().min(1024) } else { bytes.len() };
        for (place, bit) in places {
            bytes[(within as f64 * place) as usize] ^= 1 << bit;
        }
        match it.take(&bytes, case.format) {
            Err(_) => prop_assert!(it.files().is_empty()),
            Ok(taken) => prop_assert!(it.given_back(&taken) == bytes),
        }
    }

    #[test]
    fn noise_is_refused(seed in any::<u64>(), len in 0usize..5000, magic in 0u8..3) {
        let mut bytes = match magic {
            0 => vec![0x1f, 0x8b, 8, 0],
            1 => vec![0x28, 0xb5, 0x2f, 0xfd],
            _ => Vec::new(),
        };
        bytes.extend(noise(seed, len));
        for format in [Format::Docker, Format::Oci, Format::Bare] {
            let it = TempStore::new();
            prop_assert!(it.take(&bytes, format).is_err());
            prop_assert!(it.files().is_empty());
        }
    }
}
