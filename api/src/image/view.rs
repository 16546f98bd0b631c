//! Images as Glance shows them, written straight into the answer's bytes: lists are the most frequent
//! requests of all, and properties and tags are JSON in the row already.

use crate::reply::Reply;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use schemas::{Error, Result, Timestamp};
use std::io::Write;
use store::image::images::Image;

/// An answer with one image.
pub(super) fn one(status: StatusCode, image: &Image) -> Reply {
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(bytes(|out| write(out, image))?))
}

/// An answer with a page of images.
pub(super) fn page(images: &[Image], first: &str, next: Option<&str>) -> Reply {
    let body = bytes(|out| {
        out.write_all(b"{\"images\":[")?;
        for (n, image) in images.iter().enumerate() {
            if n > 0 {
                out.push(b',');
            }
            write(out, image)?;
        }
        out.write_all(b"],\"first\":")?;
        text(out, first)?;
        if let Some(next) = next {
            out.write_all(b",\"next\":")?;
            text(out, next)?;
        }
        out.write_all(b",\"schema\":\"/v2/schemas/images\"}")
    })?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .body(body))
}

fn bytes(fill: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(4096);
    fill(&mut out).map_err(Error::internal)?;
    Ok(out)
}

fn write(out: &mut Vec<u8>, image: &Image) -> std::io::Result<()> {
    let data = image.has_data();
    out.write_all(b"{\"id\":\"")?;
    out.write_all(image.id.as_bytes())?;
    out.write_all(b"\",\"name\":")?;
    or_null(out, &image.name)?;
    for (key, value) in [("status", &image.status), ("visibility", &image.visibility)] {
        write!(out, ",\"{key}\":\"{value}\"")?;
    }
    out.write_all(b",\"owner\":")?;
    text(out, &image.project_id)?;
    out.write_all(b",\"container_format\":")?;
    or_null(out, &image.container_format)?;
    out.write_all(b",\"disk_format\":")?;
    or_null(out, &image.disk_format)?;
    write!(
        out,
        ",\"min_disk\":{},\"min_ram\":{},\"protected\":{},\"os_hidden\":{}",
        image.min_disk,
        image.min_ram,
        image.protected != 0,
        image.hidden != 0
    )?;
    if data {
        write!(
            out,
            ",\"size\":{},\"virtual_size\":{},\"checksum\":\"{}\",\"os_hash_algo\":\"sha512\",\"os_hash_value\":\"{}\"",
            image.size, image.virtual_size, image.checksum, image.hash
        )?;
    } else {
        out.write_all(
            b",\"size\":null,\"virtual_size\":null,\"checksum\":null,\"os_hash_algo\":null,\"os_hash_value\":null",
        )?;
    }
    out.write_all(b",\"tags\":")?;
    out.write_all(image.tags.as_bytes())?;
    write!(
        out,
        ",\"created_at\":\"{}\",\"updated_at\":\"{}\"",
        Timestamp(image.created_at).seconds(),
        Timestamp(image.updated_at).seconds()
    )?;
    if !image.reason.is_empty() {
        out.write_all(b",\"status_reason\":")?;
        text(out, &image.reason)?;
    }
    if let Some(properties) = image
        .properties
        .get(1..image.properties.len().saturating_sub(1))
        && !properties.is_empty()
    {
        out.push(b',');
        out.write_all(properties.as_bytes())?;
    }
    write!(
        out,
        ",\"self\":\"/v2/images/{0}\",\"file\":\"/v2/images/{0}/file\",\"schema\":\"/v2/schemas/image\"}}",
        image.id
    )
}

fn or_null(out: &mut Vec<u8>, value: &str) -> std::io::Result<()> {
    if value.is_empty() {
        return out.write_all(b"null");
    }
    text(out, value)
}

fn text(out: &mut Vec<u8>, value: &str) -> std::io::Result<()> {
    serde_json::to_writer(out, value).map_err(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn shown(image: &Image) -> Value {
        let bytes = bytes(|out| write(out, image)).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn every_text_is_escaped_and_absent_values_are_null() {
        let image = Image {
            id: "i".into(),
            name: "a \"b\"\n".into(),
            properties: json!({ "k\"": "v\\" }).to_string(),
            tags: json!(["t"]).to_string(),
            ..Image::default()
        };
        let shown = shown(&image);
        assert_eq!(shown["name"], "a \"b\"\n");
        assert_eq!(shown["k\""], "v\\");
        assert_eq!(shown["tags"], json!(["t"]));
        assert!(shown["size"].is_null() && shown["disk_format"].is_null());
        assert_eq!(shown["file"], "/v2/images/i/file");
    }

    #[test]
    fn an_image_without_properties_is_still_well_formed() {
        let image = Image {
            properties: "{}".into(),
            tags: "[]".into(),
            recipe: "sha256:0".into(),
            size: 7,
            ..Image::default()
        };
        assert_eq!(shown(&image)["size"], 7);
        assert_eq!(shown(&image)["os_hash_algo"], "sha512");
    }
}
