//! What the stories' cloud begins with.

use store::compute::flavors::{self, Flavor};
use store::container_infra::clusters::{self, Cluster, New};
use store::container_infra::spec;
use store::identity::{assignments, domains, projects, roles, users};
use store::image::images::{self, Image};
use store::{Result, Tx};

/// An image of nodes, called `jeroboam-node`.
pub const IMAGE: &str = "0199f5a1-0000-7000-8000-00000000000a";
/// An image that does not say what it is, called `busybox`.
pub const DISTROLESS: &str = "0199f5a1-0000-7000-8000-00000000000b";
/// The project of most stories.
pub const PROJECT: &str = "11111111111111111111111111111111";
/// Another one.
pub const OTHER: &str = "22222222222222222222222222222222";
/// A cluster of the first project, called `bay`.
pub const CLUSTER: &str = "0199f5a1-0000-7000-8000-0000000000c1";
/// A cluster of the other one, called `bay` too.
pub const ELSEWHERE: &str = "0199f5a1-0000-7000-8000-0000000000c2";

const ROLES: [&str; 4] = ["admin", "manager", "member", "reader"];

/// The user with this role in this project.
pub fn user_id(role: &str, project: &str) -> String {
    let number = ROLES.iter().position(|known| *known == role).unwrap();
    format!("{}{number}", &project[1..])
}

/// Writes it.
pub fn seed(tx: &mut Tx<'_>) -> Result<()> {
    people(tx)?;
    flavor(tx, "1", "c1.small")?;
    image(
        tx,
        IMAGE,
        "jeroboam-node",
        r#"{"os_distro":"jeroboam-node"}"#,
    )?;
    image(tx, DISTROLESS, "busybox", "{}")?;
    cluster(tx, CLUSTER, PROJECT)?;
    cluster(tx, ELSEWHERE, OTHER)
}

/// A flavor that everybody may use; it is small, whatever it is called.
pub fn flavor(tx: &mut Tx<'_>, id: &str, name: &str) -> Result<()> {
    let flavor = Flavor {
        id: id.into(),
        name: name.into(),
        vcpus: 1,
        ram_mb: 512,
        disk_gb: 0,
        ephemeral_gb: 0,
        swap_mb: 0,
        rxtx_factor: 1.0,
        is_public: 1,
        disabled: 0,
        description: None,
        extra_specs: "{}".into(),
        created_at: tx.now().0,
        updated_at: None,
    };
    flavors::insert(tx, &flavor)
}

/// A public image of the other project.
pub fn image(tx: &mut Tx<'_>, id: &str, name: &str, properties: &str) -> Result<()> {
    let now = tx.now().0;
    let image = Image {
        id: id.into(),
        project_id: OTHER.into(),
        name: name.into(),
        status: "active".into(),
        visibility: "public".into(),
        container_format: "docker".into(),
        disk_format: "raw".into(),
        properties: properties.into(),
        tags: "[]".into(),
        manifest: "sha256:0".into(),
        created_at: now,
        updated_at: now,
        ..Image::default()
    };
    images::insert(tx, &image, -1)
}

/// A cluster without nodes, made from a template that is not there.
pub fn cluster(tx: &mut Tx<'_>, id: &str, project: &str) -> Result<()> {
    cluster_of(tx, id, project, "docker", "CREATE_COMPLETE")
}

/// The same of another orchestrator, or with another status.
pub fn cluster_of(tx: &mut Tx<'_>, id: &str, project: &str, coe: &str, status: &str) -> Result<()> {
    let mut cluster = Cluster {
        id: id.into(),
        project_id: project.into(),
        user_id: user_id("member", project),
        name: "bay".into(),
        template_id: String::new(),
        coe: coe.into(),
        status: status.into(),
        status_reason: None,
        health_status: None,
        health_reason: "{}".into(),
        api_address: None,
        generation: 1,
        revision: 1,
        deadline: None,
        deleting: 0,
        request_id: "req-1".into(),
        created_at: tx.now().0,
        updated_at: None,
        spec: String::new(),
    };
    cluster.set_spec(&spec::Cluster::default())?;
    let new = New {
        cluster,
        groups: Vec::new(),
        authorities: Vec::new(),
    };
    clusters::create(tx, &new, -1)
}

fn people(tx: &mut Tx<'_>) -> Result<()> {
    let now = tx.now().0;
    let nothing = || "{}".to_owned();
    domains::create(
        tx,
        &domains::Domain {
            id: "default".into(),
            name: "Default".into(),
            description: String::new(),
            enabled: 1,
            extra: nothing(),
            created_at: now,
        },
    )?;
    for (number, role) in ROLES.iter().enumerate() {
        let role = roles::Role {
            id: format!("{number:032}"),
            domain_id: String::new(),
            name: (*role).into(),
            description: String::new(),
            extra: nothing(),
            created_at: now,
        };
        roles::create(tx, &role)?;
        if number > 0 {
            roles::imply(tx, &format!("{:032}", number - 1), &role.id)?;
        }
    }
    for project in [PROJECT, OTHER] {
        projects::create(
            tx,
            &projects::Project {
                id: project.into(),
                domain_id: "default".into(),
                parent_id: "default".into(),
                name: project.into(),
                description: String::new(),
                enabled: 1,
                tags: "[]".into(),
                extra: nothing(),
                created_at: now,
            },
        )?;
        for (number, role) in ROLES.iter().enumerate() {
            let id = user_id(role, project);
            users::create(tx, &user(&id, now))?;
            assignments::grant(
                tx,
                &assignments::Assignment {
                    actor: "user".into(),
                    actor_id: id,
                    target: "project".into(),
                    target_id: project.into(),
                    role_id: format!("{number:032}"),
                    inherited: 0,
                },
            )?;
        }
    }
    Ok(())
}

fn user(id: &str, now: i64) -> users::User {
    users::User {
        id: id.into(),
        domain_id: "default".into(),
        name: id.into(),
        enabled: 1,
        default_project_id: None,
        description: String::new(),
        extra: "{}".into(),
        options: "{}".into(),
        password_hash: None,
        password_expires_at: None,
        failures: 0,
        failed_at: 0,
        tokens_after: 0,
        created_at: now,
    }
}
