//! The node image on the engine under test: made of this machine's engine and this build's node-init,
//! or taken from the archive that `JEROBOAM_TEST_NODE_IMAGE` names.

use bollard::Docker;
use bollard::query_parameters::{
    ImportImageOptionsBuilder, RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use futures::TryStreamExt;
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../devstack/lib");

/// An image of this test's own name; the last test that has one takes the image with it.
pub struct Image {
    pub name: String,
}

impl Image {
    pub async fn of_nodes(engine: &Docker) -> Self {
        let _alone = alone();
        let archive = match std::env::var_os("JEROBOAM_TEST_NODE_IMAGE") {
            Some(archive) => PathBuf::from(archive),
            None => made(),
        };
        let id = id_in(&archive);
        if engine.inspect_image(&id).await.is_err() {
            load(engine, &archive).await;
        }
        let unique = uuid::Uuid::new_v4().simple().to_string();
        let options = TagImageOptionsBuilder::new()
            .repo("node-init-test")
            .tag(&unique);
        engine
            .tag_image(&id, Some(options.build()))
            .await
            .expect("a tag");
        Self {
            name: format!("node-init-test:{unique}"),
        }
    }

    pub async fn remove(self, engine: &Docker) {
        let _alone = alone();
        remove(engine, &self.name).await.expect("the image goes");
    }
}

/// Between looking whether an image is there and naming it, nobody removes it.
fn alone() -> Flock<File> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-image.lock");
    let file = File::create(path).expect("a lock");
    Flock::lock(file, FlockArg::LockExclusive).expect("a lock")
}

async fn remove(engine: &Docker, name: &str) -> Result<(), bollard::errors::Error> {
    let options = RemoveImageOptionsBuilder::new().build();
    engine
        .remove_image(name, Some(options), None)
        .await
        .map(drop)
}

/// Puts an archive of `docker save` on an engine.
pub async fn load(engine: &Docker, archive: &Path) {
    let content = std::fs::read(archive).expect("an archive");
    let options = ImportImageOptionsBuilder::new().quiet(true).build();
    let loading = engine.import_image(options, bollard::body_full(content.into()), None);
    loading
        .try_collect::<Vec<_>>()
        .await
        .expect("the image is taken");
}

fn made() -> PathBuf {
    let archive = Path::new(env!("CARGO_TARGET_TMPDIR")).join("node-image.tar");
    let made = Command::new("bash")
        .arg(format!("{SOURCE}/node-image.sh"))
        .arg(&archive)
        .arg(env!("CARGO_BIN_EXE_node-init"))
        .status();
    assert!(
        made.expect("bash").success(),
        "the node image cannot be made"
    );
    archive
}

/// The engine's name for the image in an archive: the digest of its configuration.
fn id_in(archive: &Path) -> String {
    let mut archive = tar::Archive::new(File::open(archive).expect("an archive"));
    let manifest = archive.entries().expect("entries").find_map(|entry| {
        let entry = entry.expect("an entry");
        let is_it = entry.path().expect("a path").ends_with("manifest.json");
        is_it.then_some(entry)
    });
    let manifest: serde_json::Value =
        serde_json::from_reader(manifest.expect("a manifest")).expect("JSON");
    let config = manifest[0]["Config"].as_str().expect("a configuration");
    format!("sha256:{}", config.trim_end_matches(".json"))
}

/// A busybox image whose containers live until they are asked to end.
pub fn busybox(folder: &Path) -> PathBuf {
    let archive = folder.join("busybox.tar");
    let script = format!(
        ". {SOURCE}/common.sh; . {SOURCE}/image.sh; busybox_image {}",
        archive.display()
    );
    let made = Command::new("bash").args(["-euc", &script]).status();
    assert!(made.expect("bash").success(), "busybox cannot be packed");
    archive
}
