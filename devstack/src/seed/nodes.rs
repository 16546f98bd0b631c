//! The image that nodes of clusters boot from.

use super::{unreadable, upload};
use crate::client::Client;
use crate::terminal;
use reqwest::Method;
use schemas::{Error, Result};
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use std::fs::File;
use std::path::Path;

/// Its name, and what its property `os_distro` says.
const NAME: &str = "jeroboam-node";

/// MiB of memory below which a node's engine has no room for a container.
const MIN_RAM: u32 = 128;

/// Offers an archive as the node image. One that was made of other files takes the place of the former,
/// which is hidden, not deleted: clusters that were made with it still grow by it.
pub async fn node_image(admin: &Client, file: &Path) -> Result<()> {
    let hash = hash(file).await?;
    let path =
        format!("/image/v2/images?name={NAME}&os_distro={NAME}&visibility=public&status=active");
    let listed = admin.get(&path).await?;
    let (same, former) = split(&listed, &hash);
    match same {
        true => terminal::message(format!("image {NAME}")),
        false => {
            let properties = json!({ "os_distro": NAME, "min_ram": MIN_RAM });
            upload(admin, NAME, file, properties).await?;
        }
    }
    for id in former {
        let hide = json!([{ "op": "replace", "path": "/os_hidden", "value": true }]);
        let patch = admin
            .request(Method::PATCH, &format!("/image/v2/images/{id}"))
            .header(
                "Content-Type",
                "application/openstack-images-v2.1-json-patch",
            )
            .body(hide.to_string());
        admin.send(patch).await?;
        terminal::message(format!("image {NAME} {id} is hidden: there is a newer one"));
    }
    Ok(())
}

/// Is the image with that content among the listed? And the ids of the others.
fn split(listed: &Value, hash: &str) -> (bool, Vec<String>) {
    let images = listed["images"].as_array().map(Vec::as_slice);
    let (same, former): (Vec<&Value>, Vec<&Value>) = images
        .unwrap_or_default()
        .iter()
        .partition(|image| image["os_hash_value"] == hash);
    let ids = former.iter().filter_map(|image| image["id"].as_str());
    (!same.is_empty(), ids.map(str::to_owned).collect())
}

/// As the image service shows it.
async fn hash(file: &Path) -> Result<String> {
    let path = file.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut hash = Sha512::new();
        let read = File::open(&path).and_then(|mut file| std::io::copy(&mut file, &mut hash));
        read.map(|_| hash.finalize())
            .map_err(|error| unreadable(&path, &error))
    });
    let digest = hashed.await.map_err(Error::internal)??;
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_of_other_content_make_way() {
        let listed = json!({ "images": [
            { "id": "a", "os_hash_value": "11" }, { "id": "b", "os_hash_value": "22" }
        ]});
        assert_eq!(split(&listed, "22"), (true, vec!["a".to_owned()]));
        assert_eq!(
            split(&listed, "33"),
            (false, vec!["a".to_owned(), "b".to_owned()])
        );
        assert_eq!(split(&json!({ "images": [] }), "33"), (false, Vec::new()));
    }

    #[tokio::test]
    async fn a_file_is_named_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("image.tar");
        std::fs::write(&file, "abc").unwrap();
        let hash = hash(&file).await.unwrap();
        // FIPS 180-2, appendix C.1.
        assert!(
            hash.starts_with("ddaf35a193617abacc417349ae204131"),
            "{hash}"
        );
        assert_eq!(hash.len(), 128);
    }
}
