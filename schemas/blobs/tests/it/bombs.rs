//! Uploads that swell, exceed a bound, are damaged in their compression, or break off.

use crate::images::*;
use crate::refused::{layers, refused_on};
use blobs::{ArchiveError, Format, Terms};
use std::io::{self, Read, Write};

#[test]
fn bombs_and_limits() {
    let layers = layers();
    let terms = Terms::default();
    // 100 MiB of zeros in some 100 KiB, as a bare filesystem and as an archive.
    let best = flate2::Compression::best();
    let mut bomb = flate2::write::GzEncoder::new(Vec::new(), best);
    bomb.write_all(&layer(&[("zeros", &vec![0; 100 << 20])]))
        .unwrap();
    let bomb = bomb.finish().unwrap();
    refused_on(bomb.as_slice(), Format::Bare, &terms, "taken for an attack");
    refused_on(
        bomb.as_slice(),
        Format::Docker,
        &terms,
        "taken for an attack",
    );
    let classic = tar_of(&docker_classic(&layers));
    for (terms, words) in [
        (
            Terms {
                upload: 50_000,
                ..Terms::default()
            },
            "50000 bytes allowed",
        ),
        (
            Terms {
                entries: 5,
                ..Terms::default()
            },
            "5 entries allowed",
        ),
        (
            Terms {
                layers: 1,
                ..Terms::default()
            },
            "1 layers allowed",
        ),
        (
            Terms {
                unpacked: 50_000,
                ..Terms::default()
            },
            "50000 unpacked bytes allowed",
        ),
        (
            Terms {
                blobs: 0,
                ..Terms::default()
            },
            "0 large files allowed",
        ),
        (
            Terms {
                layer_entries: 0,
                ..Terms::default()
            },
            "0 files in a layer allowed",
        ),
    ] {
        refused_on(classic.as_slice(), Format::Docker, &terms, words);
    }
    let terms = Terms {
        unpacked: 50_000,
        ..Terms::default()
    };
    let packed = tar_of(&oci(&layers, &gzip));
    refused_on(
        packed.as_slice(),
        Format::Oci,
        &terms,
        "50000 unpacked bytes allowed",
    );
}

#[test]
fn compressions_that_are_not_understood_or_damaged() {
    let terms = Terms::default();
    refused_on(
        &b"\xfd7zXZ\0rest"[..],
        Format::Bare,
        &terms,
        "compressed with xz",
    );
    refused_on(
        &b"BZh91AY&SY"[..],
        Format::Docker,
        &terms,
        "compressed with bzip2",
    );
    let mut damaged = gzip(&layers()[0]);
    let middle = damaged.len() / 2;
    damaged[middle..middle + 50].fill(0x55);
    refused_on(damaged.as_slice(), Format::Bare, &terms, "damaged");
    let cut = gzip(&layers()[0]);
    refused_on(
        &cut[..cut.len() - 9],
        Format::Bare,
        &terms,
        "ends in the middle",
    );
    refused_on(&b""[..], Format::Docker, &terms, "ends in the middle");
    refused_on(&b"hello"[..], Format::Bare, &terms, "not a readable tar");
}

#[test]
fn data_after_the_end_and_a_sender_that_fails() {
    let mut bytes = tar_of(&docker_classic(&layers()));
    bytes.extend_from_slice(b"more");
    refused_on(
        bytes.as_slice(),
        Format::Docker,
        &Terms::default(),
        "data after its end",
    );

    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the client hung up",
            ))
        }
    }
    let cut = bytes[..70_000].chain(Fails);
    let error = refused_on(cut, Format::Docker, &Terms::default(), "the client hung up");
    assert!(matches!(error, ArchiveError::Upload(_)));
}
