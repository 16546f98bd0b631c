//! New servers: quota, rows, events and work entries in one transaction. Whoever makes servers
//! (compute's API, stacks, clusters) makes them here.

use super::guests::{self, Made};
use super::servers::{self, Server, Sight};
use super::spec::{BootImage, File, Flavor, Key, Node, Spec};
use super::{charge, groups, lives, quotas};
use crate::{Result, Tx, events};
use schemas::ids::{ClusterId, ServerId};
use schemas::{Error, Kind};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is wanted; parsed and resolved.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Owner.
    pub project_id: String,
    /// Maker.
    pub user_id: String,
    /// The request.
    pub request_id: String,
    /// Display name; of several servers each gets `-1`, `-2`, ….
    pub name: String,
    /// Host name inside; made from the name when not given.
    pub hostname: Option<String>,
    /// Content.
    pub image: BootImage,
    /// Size.
    pub flavor: Flavor,
    /// The user's metadata.
    pub metadata: BTreeMap<String, String>,
    /// The user's tags.
    pub tags: BTreeSet<String>,
    /// The user's text.
    pub description: Option<String>,
    /// Login key.
    pub key: Option<Key>,
    /// Base64.
    pub user_data: Option<String>,
    /// On the project's network, or on none.
    pub networked: bool,
    /// Zone asked for.
    pub zone: Option<String>,
    /// Host an admin asked for.
    pub wanted_host: Option<String>,
    /// `os:scheduler_hints`.
    pub hints: serde_json::Value,
    /// Server group.
    pub group_id: Option<String>,
    /// Replaces entrypoint and command.
    pub command: Option<Vec<String>>,
    /// As given.
    pub config_drive: bool,
    /// Put into it before its first start.
    pub files: Vec<File>,
    /// `accessIPv4`, as given.
    pub access_v4: String,
    /// `accessIPv6`, as given.
    pub access_v6: String,
    /// On a node of this cluster; `None`: on a machine.
    pub within: Option<ClusterId>,
    /// At least so many, or none at all.
    pub min_count: u32,
    /// At most so many.
    pub max_count: u32,
    /// The build is given up after this.
    pub patience: Duration,
}

impl Launch {
    /// One of this content and size on its project's network, with nothing asked for beyond that.
    pub fn plain(
        [project_id, user_id, request_id]: [&str; 3],
        name: String,
        image: BootImage,
        flavor: Flavor,
    ) -> Launch {
        Launch {
            project_id: project_id.to_owned(),
            user_id: user_id.to_owned(),
            request_id: request_id.to_owned(),
            name,
            hostname: None,
            image,
            flavor,
            metadata: BTreeMap::new(),
            tags: BTreeSet::new(),
            description: None,
            key: None,
            user_data: None,
            networked: true,
            zone: None,
            wanted_host: None,
            hints: serde_json::Value::Null,
            group_id: None,
            command: None,
            config_drive: false,
            files: Vec::new(),
            access_v4: String::new(),
            access_v6: String::new(),
            within: None,
            min_count: 1,
            max_count: 1,
            patience: Duration::ZERO,
        }
    }
}

/// Writes the servers; answers their ids and the reservation they share.
///
/// # Errors
/// `OverQuota` when fewer than `min_count` fit, `BadRequest` for a group that is not there.
pub fn launch(tx: &mut Tx<'_>, wanted: &Launch) -> Result<(Vec<String>, String)> {
    let count = fitting(tx, wanted)?;
    if let Some(group) = &wanted.group_id {
        join_group(tx, wanted, group, count)?;
    }
    let reservation = reservation();
    let mut ids = Vec::new();
    for index in 0..count {
        let id = ServerId::new();
        ids.push(one(
            tx,
            wanted,
            id,
            Made::Server,
            (index, count),
            &reservation,
        )?);
    }
    Ok((ids, reservation))
}

/// Writes one server that is a node, under an id that was known before.
pub(super) fn launch_node(
    tx: &mut Tx<'_>,
    wanted: &Launch,
    id: ServerId,
    node: &Node,
) -> Result<()> {
    fitting(tx, wanted)?;
    one(tx, wanted, id, Made::Node(node), (0, 1), &reservation()).map(drop)
}

pub(super) fn reservation() -> String {
    let id: String = ServerId::new().0.simple().to_string();
    format!("r-{}", &id[id.len() - 8..])
}

fn fitting(tx: &mut Tx<'_>, wanted: &Launch) -> Result<u32> {
    let each: Vec<(&str, i64)> = [("instances", 1)]
        .into_iter()
        .chain(charge::of_flavor(&wanted.flavor))
        .collect();
    let room = quotas::room(tx, &wanted.project_id, &each, i64::from(wanted.max_count))?;
    let count = u32::try_from(room)
        .unwrap_or(0)
        .clamp(wanted.min_count, wanted.max_count);
    let whole: Vec<(&str, i64)> = each
        .iter()
        .map(|(resource, amount)| (*resource, amount * i64::from(count)))
        .collect();
    quotas::take(tx, &wanted.project_id, &whole)?;
    Ok(count)
}

fn join_group(tx: &mut Tx<'_>, wanted: &Launch, group: &str, count: u32) -> Result<()> {
    let scope = crate::Scope::Project(wanted.project_id.clone());
    if groups::get(tx, &scope, group)?.is_none() {
        return Err(
            Error::BadRequest(format!("Instance group {group} could not be found.")).into(),
        );
    }
    let limit = quotas::limit(tx, &wanted.project_id, "server_group_members")?;
    let members = groups::members_of(tx, group)?.len() as i64;
    if limit >= 0 && members + i64::from(count) > limit {
        return Err(
            quotas::exceeded("server_group_members", i64::from(count), members, limit).into(),
        );
    }
    Ok(())
}

/// Writes one row.
pub(super) fn one(
    tx: &mut Tx<'_>,
    wanted: &Launch,
    id: ServerId,
    made: Made<'_>,
    (index, count): (u32, u32),
    reservation: &str,
) -> Result<String> {
    let id = id.to_string();
    let now = tx.now();
    let numbered = |name: &str| match count {
        1 => name.to_owned(),
        _ => format!("{name}-{}", index + 1),
    };
    let name = numbered(&wanted.name);
    let hostname = match &wanted.hostname {
        Some(given) => numbered(given),
        None => hostname(&name, &id),
    };
    let spec = Spec {
        image: wanted.image.clone(),
        flavor: wanted.flavor.clone(),
        previous_flavor: None,
        charged: Default::default(),
        metadata: wanted.metadata.clone(),
        tags: wanted.tags.clone(),
        description: wanted.description.clone(),
        key: wanted.key.clone(),
        user_data: wanted.user_data.clone(),
        networked: wanted.networked,
        zone: wanted.zone.clone(),
        wanted_host: wanted.wanted_host.clone(),
        hints: wanted.hints.clone(),
        command: wanted.command.clone(),
        power: made.power(),
        incarnation: 1,
        reboot: None,
        leaving: false,
        avoid: Vec::new(),
        failed_on: None,
        locked_reason: None,
        reservation_id: reservation.to_owned(),
        launch_index: index,
        held_in_error: false,
        config_drive: wanted.config_drive,
        files: wanted.files.clone(),
        access_v4: wanted.access_v4.clone(),
        access_v6: wanted.access_v6.clone(),
        node: made.node().cloned(),
        within: wanted.within,
        guest: made.guest().cloned(),
        lent: None,
    };
    let server = Server {
        project_id: wanted.project_id.clone(),
        user_id: wanted.user_id.clone(),
        name,
        vm_state: "building".into(),
        task_state: Some("scheduling".into()),
        host_id: None,
        hostname,
        image_id: Some(wanted.image.id.to_string()),
        flavor_id: wanted.flavor.id.clone(),
        group_id: wanted.group_id.clone(),
        zone: String::new(),
        locked: 0,
        deleting: 0,
        generation: 1,
        seen_generation: 0,
        seen_epoch: String::new(),
        seen_seq: 0,
        revision: 1,
        request_id: wanted.request_id.clone(),
        created_at: now.0,
        updated_at: now.0,
        launched_at: None,
        deadline: made.deadline(now + wanted.patience),
        spec: serde_json::to_string(&spec)?,
        seen: serde_json::to_string(&Sight::default())?,
        fault: None,
        node_of: made.node().map(|node| node.cluster_id.to_string()),
        guest_of: made.guest().and(wanted.within).map(|id| id.to_string()),
        guest_kind: made
            .guest()
            .map(|guest| guests::Kind::of(guest).as_str().into()),
        guest_owner: made.owner().map(str::to_owned),
        id,
    };
    servers::insert(tx, &server)?;
    if spec.guest.is_none() {
        lives::begin(
            tx,
            &server.id,
            &server.project_id,
            &server.name,
            &spec.flavor,
        )?;
    }
    tx.event(events::New {
        kind: Kind::Server,
        object_id: &server.id,
        project_id: &server.project_id,
        user_id: &server.user_id,
        request_id: &server.request_id,
        action: "create",
        phase: "request",
        result: "",
        message: "",
    })?;
    Ok(server.id)
}

/// A name as a host may have it (RFC 1123): as Nova derives it, or from the id when nothing is left.
pub fn hostname(name: &str, id: &str) -> String {
    let mut host = String::new();
    for letter in name.trim().chars() {
        match letter {
            ' ' | '_' | '.' => host.push('-'),
            letter if letter.is_ascii_alphanumeric() || letter == '-' => {
                host.push(letter.to_ascii_lowercase());
            }
            _ => {}
        }
    }
    host.truncate(63);
    let host = host.trim_matches('-');
    match host.is_empty() {
        true => format!("server-{id}"),
        false => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::hostname;

    #[test]
    fn host_names_are_made_of_what_hosts_may_be_called() {
        assert_eq!(hostname("Web Server_1.prod", "i"), "web-server-1-prod");
        assert_eq!(hostname("-näh-", "i"), "nh");
        assert_eq!(hostname("日本", "42"), "server-42");
        assert_eq!(hostname(&"a".repeat(80), "i").len(), 63);
    }
}
