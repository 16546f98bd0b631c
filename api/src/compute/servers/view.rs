//! A server as clients see it: each field with the microversion it came with.

use super::rendered::Json;
use super::status::{has_progress, power_state, progress, status};
use super::stored::{Interface, Stored, stored};
use crate::compute::Settings;
use crate::compute::call::minor;
use crate::compute::hosts::{Fact, Facts};
use crate::compute::rules;
use crate::ctx::Caller;
use schemas::{Error, Result, Timestamp};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use sha2::{Digest, Sha224};
use std::collections::BTreeMap;
use std::fmt::Write;
use store::Conn;
use store::compute::servers::Server;

/// Where a view stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In a list.
    List,
    /// By itself.
    One,
    /// As the answer to a change, which was shorter before 2.75.
    Changed,
}

/// How one caller sees servers. Its hash is that of all that a server's JSON depends on beside its row
/// and host.
#[derive(Clone, Hash)]
pub struct View {
    minor: u16,
    attributes: bool,
    host_status: bool,
    servers: String,
    bookmarks: String,
}

impl View {
    /// As this call's microversion and rules have it.
    pub fn new(caller: &Caller) -> View {
        let own = caller.own();
        let minor = minor(caller);
        View {
            minor,
            attributes: caller.check::<rules::ExtendedAttributes>(&own),
            host_status: minor >= 16 && caller.check::<rules::ShowHostStatus>(&own),
            servers: caller.url("/servers/"),
            bookmarks: caller.base().join("/compute/"),
        }
    }

    /// What it shows of these hosts.
    ///
    /// # Errors
    /// The database's.
    pub fn facts<'a>(
        &self,
        conn: &mut Conn,
        hosts: impl Iterator<Item = Option<&'a String>>,
        now: Timestamp,
        settings: &Settings,
    ) -> store::Result<Facts> {
        match self.attributes || self.host_status {
            true => Facts::read(conn, hosts, now, settings),
            false => Ok(Facts::default()),
        }
    }

    /// With everything; `host` is what is known of its host.
    ///
    /// # Errors
    /// `Internal` when a column does not parse.
    pub fn whole<'a>(
        &'a self,
        server: &'a Server,
        place: Place,
        host: Option<&'a Fact>,
    ) -> Result<Whole<'a>> {
        Ok(Whole {
            view: self,
            server,
            host,
            stored: stored(server)?,
            place,
        })
    }

    /// Id, name and links.
    ///
    /// # Errors
    /// None that are known.
    pub fn short(&self, server: &Server) -> Result<Json> {
        let short = Short {
            id: &server.id,
            name: &server.name,
            links: self.links(&server.id),
        };
        Ok(serde_json::to_vec(&short).map_err(Error::internal)?.into())
    }

    /// The links of a server.
    pub fn links<'a>(&'a self, id: &'a str) -> [Link<'a>; 2] {
        [
            Link {
                rel: "self",
                href: Href(&self.servers, "", id),
            },
            self.bookmark("servers/", id),
        ]
    }

    fn bookmark<'a>(&'a self, kind: &'a str, id: &'a str) -> Link<'a> {
        Link {
            rel: "bookmark",
            href: Href(&self.bookmarks, kind, id),
        }
    }
}

/// A link.
#[derive(Serialize)]
pub struct Link<'a> {
    rel: &'static str,
    href: Href<'a>,
}

/// Pieces of an address.
struct Href<'a>(&'a str, &'a str, &'a str);

impl Serialize for Href<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}{}{}", self.0, self.1, self.2))
    }
}

/// A server in a list without details.
#[derive(Serialize)]
struct Short<'a> {
    id: &'a str,
    name: &'a str,
    links: [Link<'a>; 2],
}

/// A server with all details.
pub struct Whole<'a> {
    view: &'a View,
    server: &'a Server,
    host: Option<&'a Fact>,
    stored: Stored<'a>,
    place: Place,
}

struct Fields<M> {
    map: M,
    minor: u16,
}

impl<M: SerializeMap> Fields<M> {
    /// A field, if the microversion has it.
    fn put(
        &mut self,
        since: u16,
        name: &'static str,
        value: impl Serialize,
    ) -> std::result::Result<(), M::Error> {
        match self.minor >= since {
            true => self.map.serialize_entry(name, &value),
            false => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Image<'a> {
    id: &'a str,
    links: [Link<'a>; 1],
}

#[derive(Serialize)]
struct Named {
    name: &'static str,
}

const NOTHING: [&str; 0] = [];

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let (view, server) = (self.view, self.server);
        let (spec, sight) = (&self.stored.spec, &self.stored.sight);
        let status = status(&server.vm_state, server.task_state.as_deref());
        let mut f = Fields {
            map: to.serialize_map(None)?,
            minor: view.minor,
        };
        f.put(1, "id", &server.id)?;
        f.put(1, "name", &server.name)?;
        f.put(1, "status", status)?;
        f.put(1, "tenant_id", &server.project_id)?;
        f.put(1, "user_id", &server.user_id)?;
        f.put(1, "metadata", spec.metadata)?;
        f.put(1, "hostId", self.host_id())?;
        match &server.image_id {
            None => f.put(1, "image", "")?,
            Some(id) => f.put(
                1,
                "image",
                Image {
                    id,
                    links: [view.bookmark("images/", id)],
                },
            )?,
        }
        f.put(1, "flavor", Flavor(self))?;
        f.put(1, "created", Timestamp(server.created_at).seconds())?;
        f.put(1, "updated", Timestamp(server.updated_at).seconds())?;
        f.put(1, "addresses", Addresses(sight.interfaces()))?;
        f.put(1, "accessIPv4", &spec.access_v4)?;
        f.put(1, "accessIPv6", &spec.access_v6)?;
        f.put(1, "links", view.links(&server.id))?;
        f.put(1, "OS-DCF:diskConfig", "MANUAL")?;
        if status == "ERROR"
            && let Some(fault) = server.fault().ok().flatten()
        {
            f.put(
                1,
                "fault",
                serde_json::json!({
                    "code": fault.code,
                    "message": fault.message,
                    "created": Timestamp(fault.created).seconds(),
                }),
            )?;
        }
        if has_progress(status) {
            f.put(1, "progress", progress(status, sight.step.as_deref()))?;
        }
        f.put(9, "locked", server.locked != 0)?;
        f.put(19, "description", spec.description)?;
        f.put(26, "tags", spec.tags)?;
        f.put(63, "trusted_image_certificates", ())?;
        f.put(73, "locked_reason", spec.locked_reason)?;
        if self.place != Place::List {
            f.put(71, "server_groups", server.group_id.as_slice())?;
        }
        if self.place == Place::Changed && view.minor < 75 {
            return f.map.end();
        }
        f.put(1, "OS-EXT-AZ:availability_zone", &server.zone)?;
        f.put(96, "pinned_availability_zone", spec.zone)?;
        f.put(
            1,
            "config_drive",
            if spec.config_drive { "True" } else { "" },
        )?;
        f.put(1, "key_name", spec.key.as_ref().map(|key| key.name))?;
        let launched = server.launched_at.map(|at| Timestamp(at).naive());
        f.put(1, "OS-SRV-USG:launched_at", launched)?;
        f.put(1, "OS-SRV-USG:terminated_at", ())?;
        f.put(1, "security_groups", [Named { name: "default" }])?;
        f.put(1, "OS-EXT-STS:task_state", &server.task_state)?;
        f.put(1, "OS-EXT-STS:vm_state", &server.vm_state)?;
        f.put(1, "OS-EXT-STS:power_state", power_state(sight.run_state()))?;
        f.put(1, "os-extended-volumes:volumes_attached", NOTHING)?;
        if view.minor >= 90 && !view.attributes {
            f.put(90, "OS-EXT-SRV-ATTR:hostname", &server.hostname)?;
        }
        let host = self.host;
        if view.attributes {
            let name = host.map(|host| &host.hostname);
            f.put(1, "OS-EXT-SRV-ATTR:host", name)?;
            f.put(1, "OS-EXT-SRV-ATTR:hypervisor_hostname", name)?;
            f.put(
                1,
                "OS-EXT-SRV-ATTR:instance_name",
                instance_name(&server.id),
            )?;
            f.put(3, "OS-EXT-SRV-ATTR:reservation_id", spec.reservation_id)?;
            f.put(3, "OS-EXT-SRV-ATTR:launch_index", spec.launch_index)?;
            f.put(3, "OS-EXT-SRV-ATTR:hostname", &server.hostname)?;
            f.put(3, "OS-EXT-SRV-ATTR:kernel_id", "")?;
            f.put(3, "OS-EXT-SRV-ATTR:ramdisk_id", "")?;
            f.put(3, "OS-EXT-SRV-ATTR:root_device_name", ())?;
            f.put(3, "OS-EXT-SRV-ATTR:user_data", spec.user_data)?;
        }
        if view.host_status {
            f.put(16, "host_status", host.map_or("", |host| host.status))?;
        }
        f.map.end()
    }
}

impl Whole<'_> {
    /// The same for a project's servers on one host, and telling nothing else about it.
    fn host_id(&self) -> String {
        let Some(host) = &self.server.host_id else {
            return String::new();
        };
        let mut hash = Sha224::new();
        hash.update(&self.server.project_id);
        hash.update(host);
        let mut text = String::with_capacity(56);
        for byte in hash.finalize() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

/// As hosts' logs may call it.
fn instance_name(id: &str) -> String {
    let tail = id.get(id.len().saturating_sub(8)..).unwrap_or(id);
    format!("instance-{tail}")
}

struct Flavor<'a>(&'a Whole<'a>);

impl Serialize for Flavor<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let whole = self.0;
        let flavor = &whole.stored.spec.flavor;
        let mut map = to.serialize_map(None)?;
        if whole.view.minor < 47 {
            let id = &whole.server.flavor_id;
            map.serialize_entry("id", id)?;
            map.serialize_entry("links", &[whole.view.bookmark("flavors/", id)])?;
            return map.end();
        }
        map.serialize_entry("original_name", flavor.name)?;
        map.serialize_entry("vcpus", &flavor.vcpus)?;
        map.serialize_entry("ram", &flavor.ram_mb)?;
        map.serialize_entry("disk", &flavor.disk_gb)?;
        map.serialize_entry("ephemeral", &flavor.ephemeral_gb)?;
        map.serialize_entry("swap", &flavor.swap_mb)?;
        map.serialize_entry("extra_specs", flavor.extra_specs)?;
        map.end()
    }
}

/// Addresses by network.
pub struct Addresses<'a>(pub &'a [Interface<'a>]);

/// One address.
#[derive(Serialize)]
pub struct Address<'a> {
    version: u8,
    addr: &'a str,
    #[serde(rename = "OS-EXT-IPS:type")]
    kind: &'static str,
    #[serde(rename = "OS-EXT-IPS-MAC:mac_addr")]
    mac: &'a str,
}

impl<'a> Address<'a> {
    /// In a server's `addresses`.
    pub fn of(interface: &Interface<'a>) -> Address<'a> {
        Address {
            version: interface.version(),
            addr: interface.address,
            kind: "fixed",
            mac: interface.mac,
        }
    }
}

impl Serialize for Addresses<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> std::result::Result<S::Ok, S::Error> {
        let mut networks: BTreeMap<&str, Vec<Address<'_>>> = BTreeMap::new();
        for interface in self.0.iter().filter(|one| !one.address.is_empty()) {
            networks
                .entry(&interface.network_name)
                .or_default()
                .push(Address::of(interface));
        }
        networks.serialize(to)
    }
}
