//! What `POST /servers` says, checked and parsed before anything is looked up.

use crate::compute::check;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemas::compute::server::{BlockDevice, Create, CreateBody, NetworkWish, Networks};
use schemas::{Error, Result};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use store::compute::spec::File;

/// A server that is wanted; names and ids are not looked up yet.
#[derive(Clone, Debug)]
pub struct Wish {
    pub name: String,
    pub image: String,
    pub flavor: String,
    pub metadata: BTreeMap<String, String>,
    pub tags: BTreeSet<String>,
    pub description: Option<String>,
    pub key_name: Option<String>,
    pub user_data: Option<String>,
    pub network: NetworkChoice,
    pub zone: Option<String>,
    pub forced_host: Option<String>,
    pub wanted_host: Option<String>,
    pub hints: Value,
    pub group_id: Option<String>,
    pub config_drive: bool,
    pub files: Vec<File>,
    pub hostname: Option<String>,
    pub access_v4: String,
    pub access_v6: String,
    pub min_count: u32,
    pub max_count: u32,
    pub password: Option<String>,
    pub tell_reservation: bool,
}

/// Which network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkChoice {
    /// None at all.
    None,
    /// The project's own.
    Own,
    /// The one with this id, which must be the project's own.
    Named(String),
}

/// Reads a body as the microversion has it.
///
/// # Errors
/// `BadRequest` with the field and the reason.
pub fn parse(body: CreateBody, minor: u16) -> Result<Wish> {
    let wish = body.server;
    versions(&wish, minor)?;
    if let Some(text) = &wish.description {
        check::at_most("description", text, 255)?;
    }
    if let Some(host) = &wish.hostname {
        check::hostname(host)?;
    }
    check::address("accessIPv4", wish.access_v4.as_deref())?;
    check::address("accessIPv6", wish.access_v6.as_deref())?;
    for group in wish.security_groups.iter().flatten() {
        if group.name != "default" {
            return Err(Error::BadRequest(format!(
                "Security group {} not found: this cloud has the group \"default\" only, as it has \
                 no network service.",
                group.name
            )));
        }
    }
    let (min_count, max_count) = counts(&wish)?;
    let (zone, forced_host) = zone(wish.availability_zone.as_deref())?;
    Ok(Wish {
        name: check::name("name", &wish.name)?.to_owned(),
        image: image(&wish)?,
        flavor: reference(&wish.flavor_ref.0),
        tags: tags(wish.tags.unwrap_or_default())?,
        description: wish.description.filter(|text| !text.is_empty()),
        key_name: wish.key_name,
        user_data: wish.user_data.map(user_data).transpose()?,
        network: network(wish.networks, minor)?,
        zone,
        forced_host,
        wanted_host: wish.host.or(wish.hypervisor_hostname),
        group_id: group(body.hints.as_ref())?,
        hints: body.hints.map_or(Value::Null, Value::Object),
        config_drive: config_drive(wish.config_drive.as_ref())?,
        files: files(wish.personality.unwrap_or_default())?,
        hostname: wish.hostname,
        access_v4: wish.access_v4.unwrap_or_default(),
        access_v6: wish.access_v6.unwrap_or_default(),
        min_count,
        max_count,
        password: wish.admin_pass,
        tell_reservation: wish.return_reservation_id.is_some_and(|flag| flag.0),
        metadata: wish.metadata,
    })
}

/// Fields that came later, or are gone.
fn versions(wish: &Create, minor: u16) -> Result<()> {
    check::absent("description", &wish.description, minor, 19)?;
    check::absent("tags", &wish.tags, minor, 52)?;
    check::absent(
        "trusted_image_certificates",
        &wish.trusted_image_certificates,
        minor,
        63,
    )?;
    check::absent("host", &wish.host, minor, 74)?;
    check::absent("hypervisor_hostname", &wish.hypervisor_hostname, minor, 74)?;
    check::absent("hostname", &wish.hostname, minor, 90)?;
    if minor >= 57 && wish.personality.is_some() {
        return Err(Error::BadRequest(
            "Additional properties are not allowed ('personality' was unexpected): it went with \
             microversion 2.57; use user_data."
                .into(),
        ));
    }
    if wish
        .trusted_image_certificates
        .as_ref()
        .is_some_and(|list| !list.is_empty())
    {
        return Err(Error::BadRequest(
            "trusted_image_certificates: this cloud does not check image signatures.".into(),
        ));
    }
    Ok(())
}

/// The last part of an id or of an address that ends with one.
pub fn reference(text: &str) -> String {
    text.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn counts(wish: &Create) -> Result<(u32, u32)> {
    let count = |field: &str, number: Option<schemas::compute::Number>| match number {
        None => Ok(None),
        Some(number) => check::between(field, number.0, 1, 1000).map(|n| u32::try_from(n).ok()),
    };
    let min = count("min_count", wish.min_count)?;
    let max = count("max_count", wish.max_count)?;
    let min_count = min.unwrap_or(1);
    let max_count = max.unwrap_or(min_count);
    match min_count > max_count {
        true => Err(Error::BadRequest("min_count must be <= max_count".into())),
        false => Ok((min_count, max_count)),
    }
}

/// The image, which `block_device_mapping_v2` may repeat in exactly one form.
fn image(wish: &Create) -> Result<String> {
    let named = wish.image_ref.as_deref().map(reference).unwrap_or_default();
    let devices = wish.block_device_mapping_v2.as_deref().unwrap_or_default();
    let no_volumes = || {
        Error::BadRequest(
            "This cloud has no volumes: block_device_mapping_v2 may hold one entry with \
             source_type image, destination_type local, boot_index 0 and the server's image."
                .into(),
        )
    };
    if wish
        .block_device_mapping
        .as_ref()
        .is_some_and(|list| !list.is_empty())
    {
        return Err(no_volumes());
    }
    match devices {
        [] if named.is_empty() => Err(Error::BadRequest(
            "Invalid imageRef provided: a server boots from an image, and none is given.".into(),
        )),
        [] => Ok(named),
        [device] if is_image(device) => {
            let uuid = device.uuid.clone().unwrap_or_default();
            match named.is_empty() || named == uuid {
                true => Ok(uuid),
                false => Err(Error::BadRequest(format!(
                    "imageRef is {named} and block_device_mapping_v2 names {uuid}: they must be the \
                     same."
                ))),
            }
        }
        _ => Err(no_volumes()),
    }
}

fn is_image(device: &BlockDevice) -> bool {
    device.uuid.is_some()
        && device.source_type.as_deref() == Some("image")
        && device.destination_type.as_deref().unwrap_or("local") == "local"
        && device.boot_index.is_none_or(|index| index.0 == 0)
}

fn network(networks: Option<Networks>, minor: u16) -> Result<NetworkChoice> {
    match networks {
        None if minor >= 37 => Err(Error::BadRequest(
            "Invalid input for field/attribute server. 'networks' is a required property since \
             microversion 2.37: give \"auto\", \"none\" or a list."
                .into(),
        )),
        None => Ok(NetworkChoice::Own),
        Some(Networks::Word(word)) => match word.as_str() {
            "auto" if minor >= 37 => Ok(NetworkChoice::Own),
            "none" if minor >= 37 => Ok(NetworkChoice::None),
            _ => Err(check::invalid(
                "networks",
                &format!("{word:?} is neither \"auto\" nor \"none\" (2.37) nor a list."),
            )),
        },
        Some(Networks::List(list)) => listed(&list),
    }
}

fn listed(list: &[NetworkWish]) -> Result<NetworkChoice> {
    match list {
        [] => Ok(NetworkChoice::Own),
        [one] if one.port.is_some() || one.fixed_ip.is_some() => Err(check::invalid(
            "networks",
            "Ports and fixed addresses are not possible: this cloud has no network service, and each \
             project one network of its own. Give \"auto\", \"none\" or the id of that network.",
        )),
        [one] => match &one.uuid {
            Some(uuid) => Ok(NetworkChoice::Named(uuid.clone())),
            None => Err(check::invalid("networks", "An entry needs a uuid.")),
        },
        _ => Err(check::invalid(
            "networks",
            "A server can be on one network: this cloud has one for each project.",
        )),
    }
}

/// `zone`, `zone:host`, `zone:host:node`.
fn zone(text: Option<&str>) -> Result<(Option<String>, Option<String>)> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok((None, None));
    };
    let parts: Vec<&str> = text.split(':').collect();
    let some = |text: &&str| Some((*text).to_owned()).filter(|text| !text.is_empty());
    match parts.as_slice() {
        [zone] => Ok((some(zone), None)),
        [zone, host] => Ok((some(zone), some(host))),
        [zone, host, node] => Ok((some(zone), some(host).or_else(|| some(node)))),
        _ => Err(check::invalid(
            "availability_zone",
            "It must be zone, zone:host or zone:host:node.",
        )),
    }
}

fn group(hints: Option<&serde_json::Map<String, Value>>) -> Result<Option<String>> {
    match hints.and_then(|hints| hints.get("group")) {
        None => Ok(None),
        Some(Value::String(id)) if uuid::Uuid::parse_str(id).is_ok() => Ok(Some(id.clone())),
        Some(other) => Err(check::invalid(
            "os:scheduler_hints.group",
            &format!("{other} is no id of a server group."),
        )),
    }
}

/// Tags: 60 characters, neither `/` nor `,`, at most 50.
///
/// # Errors
/// `BadRequest`.
pub fn tags(list: Vec<String>) -> Result<BTreeSet<String>> {
    if list.len() > 50 {
        return Err(check::invalid("tags", "At most 50 are possible."));
    }
    list.iter().try_for_each(|tag| one_tag(tag))?;
    Ok(list.into_iter().collect())
}

/// One tag.
///
/// # Errors
/// `BadRequest`.
pub fn one_tag(tag: &str) -> Result<()> {
    check::at_most("tags", tag, 60)?;
    match tag.is_empty() || tag.contains(['/', ',']) {
        true => Err(check::invalid(
            "tags",
            &format!("{tag:?} must not be empty nor hold '/' or ','."),
        )),
        false => Ok(()),
    }
}

/// Base64 of at most 64 KiB.
///
/// # Errors
/// `BadRequest`.
pub fn user_data(text: String) -> Result<String> {
    let text: String = text.split_whitespace().collect();
    if text.len() > 65_535 {
        return Err(check::invalid(
            "user_data",
            &format!("It has {} characters; 65535 are possible.", text.len()),
        ));
    }
    match STANDARD.decode(&text) {
        Ok(_) => Ok(text),
        Err(_) => Err(check::invalid("user_data", "It must be base64.")),
    }
}

fn config_drive(value: Option<&Value>) -> Result<bool> {
    match value {
        None | Some(Value::Null) => Ok(false),
        Some(Value::String(text)) if text.is_empty() => Ok(false),
        Some(value) => serde_json::from_value::<schemas::compute::Flag>(value.clone())
            .map(|flag| flag.0)
            .map_err(|error| check::invalid("config_drive", &error.to_string())),
    }
}

/// Files to inject: at most five, of at most 10 KiB.
///
/// # Errors
/// `BadRequest`, `OverQuota`.
pub fn files(list: Vec<Value>) -> Result<Vec<File>> {
    if list.len() > 5 {
        return Err(Error::OverQuota(
            "Quota exceeded, too many personality files: at most 5 are possible.".into(),
        ));
    }
    list.into_iter().map(file).collect()
}

fn file(entry: Value) -> Result<File> {
    let text = |field: &str| entry[field].as_str().map(str::to_owned);
    let (Some(path), Some(contents)) = (text("path"), text("contents")) else {
        return Err(check::invalid(
            "personality",
            "An entry needs path and contents.",
        ));
    };
    if !path.starts_with('/') || path.contains("/../") || path.len() > 255 {
        return Err(check::invalid(
            "personality",
            &format!("{path} must be an absolute path of at most 255 characters."),
        ));
    }
    let contents: String = contents.split_whitespace().collect();
    match STANDARD.decode(&contents) {
        Ok(bytes) if bytes.len() <= 10_240 => Ok(File {
            path,
            content_b64: contents,
        }),
        Ok(_) => Err(Error::OverQuota(format!(
            "Quota exceeded: {path} has more than 10240 bytes."
        ))),
        Err(_) => Err(check::invalid(
            "personality",
            &format!("The contents of {path} must be base64."),
        )),
    }
}

/// A command line as a program and its arguments: a JSON list, or words as a shell splits them.
///
/// # Errors
/// `BadRequest` when it is neither.
pub fn command_line(text: &str) -> Result<Option<Vec<String>>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let words = match text.starts_with('[') {
        true => serde_json::from_str(text).ok(),
        false => shlex::split(text),
    };
    words
        .filter(|words| !words.is_empty())
        .map(Some)
        .ok_or_else(|| {
            Error::BadRequest(format!(
                "os_command_line {text:?} is neither a JSON list of texts nor a line of words with \
                 matching quotes."
            ))
        })
}

#[cfg(test)]
#[path = "wish_tests.rs"]
mod tests;
