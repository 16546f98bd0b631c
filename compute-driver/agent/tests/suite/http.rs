//! The image service over real HTTP.

use crate::http_server::serve;
use agent::image_service::{DirectoryImages, HttpImages, ImageService, ImageServiceSettings};
use blobs::{Digest, Format, Terms, take_apart};
use bytes::Bytes;
use compute_driver::ByteStream;
use futures::{StreamExt, stream};
use process::Clock;
use schemas::Error;
use schemas::ids::ImageId;
use std::sync::atomic::Ordering;

fn settings(address: std::net::SocketAddr) -> ImageServiceSettings {
    ImageServiceSettings {
        image_url: format!("http://{address}/image/"),
        auth_url: format!("http://{address}/identity/v3"),
        password: "s3cret".into(),
        ..ImageServiceSettings::default()
    }
}

fn data(bytes: &[u8]) -> ByteStream {
    let pieces: Vec<_> = bytes
        .chunks(1000)
        .map(|it| Ok(Bytes::copy_from_slice(it)))
        .collect();
    stream::iter(pieces).boxed()
}

/// What comes, and whether it came to a good end.
async fn all(mut data: ByteStream) -> (Vec<u8>, bool) {
    let mut all = Vec::new();
    while let Some(piece) = data.next().await {
        match piece {
            Ok(piece) => all.extend_from_slice(&piece),
            Err(_) => return (all, false),
        }
    }
    (all, true)
}

#[tokio::test]
async fn an_image_goes_up_and_comes_down_again_whatever_is_cut_or_refused() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(DirectoryImages::open(dir.path().join("service")).unwrap()).await;
    let images = HttpImages::new(&settings(server.address), Clock::System).unwrap();

    let own = blobs::BlobStore::open(dir.path().join("own")).unwrap();
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(100_000);
    header.set_mode(0o644);
    tar.append_data(&mut header, "data", &[7u8; 100_000][..])
        .unwrap();
    let tar = tar.into_inner().unwrap();
    let taken = take_apart(&tar[..], Format::Bare, &own, &Terms::default()).unwrap();
    let manifest = own.read(&taken.manifest, 1 << 20).unwrap();
    let (id, layer) = (ImageId::new(), taken.layers[0].digest);

    // Up: only what is whole and complete is taken.
    assert!(!images.has_blob(id, &layer).await.unwrap());
    let early = images.put_manifest(id, manifest.clone().into()).await;
    assert!(matches!(early, Err(Error::BadRequest(_))), "{early:?}");
    let wrong = images
        .put_blob(id, &Digest::of(b"other"), tar.len() as u64, data(&tar))
        .await;
    assert!(matches!(wrong, Err(Error::BadRequest(_))), "{wrong:?}");
    for digest in [layer, taken.config] {
        let bytes = own.read(&digest, 1 << 20).unwrap();
        images
            .put_blob(id, &digest, bytes.len() as u64, data(&bytes))
            .await
            .unwrap();
        assert!(images.has_blob(id, &digest).await.unwrap());
    }
    images
        .put_manifest(id, manifest.clone().into())
        .await
        .unwrap();
    assert_eq!(
        server.logins.load(Ordering::SeqCst),
        1,
        "one token serves all"
    );
    let said = server.said.lock().unwrap()[0].clone();
    let user = &said["auth"]["identity"]["password"]["user"];
    assert_eq!(
        (&user["name"], &user["password"]),
        (&"agent".into(), &"s3cret".into())
    );
    assert_eq!(said["auth"]["scope"]["project"]["name"], "service");

    // Down: a cut shows as one, and the rest can be had.
    assert_eq!(images.manifest(id).await.unwrap(), manifest);
    server.cut.store(true, Ordering::SeqCst);
    let (begun, whole) = all(images.blob(id, &layer, 0).await.unwrap()).await;
    assert!(!whole && begun.len() < tar.len());
    for plain in [false, true] {
        server.plain.store(plain, Ordering::SeqCst);
        let (rest, whole) = all(images.blob(id, &layer, begun.len() as u64).await.unwrap()).await;
        assert!(whole);
        assert_eq!(
            [begun.clone(), rest].concat(),
            tar,
            "ranges known: {}",
            !plain
        );
    }
    let nothing = images.manifest(ImageId::new()).await;
    assert!(matches!(nothing, Err(Error::NotFound(_))), "{nothing:?}");

    // A token that is revoked is replaced.
    server.logins.fetch_add(1, Ordering::SeqCst);
    assert_eq!(images.manifest(id).await.unwrap(), manifest);
    assert_eq!(server.logins.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_service_that_is_not_there_may_come_back() {
    let address = {
        let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        free.local_addr().unwrap()
    };
    let images = HttpImages::new(&settings(address), Clock::System).unwrap();
    let error = images.manifest(ImageId::new()).await.unwrap_err();
    assert!(
        error.retryable() && !error.to_string().contains("s3cret"),
        "{error}"
    );
}
