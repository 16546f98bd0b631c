//! What the cluster gets of its nodes' image: its images on every node, on the master what it cannot be
//! without, and the image's add-ons. Done again from the start until all of it is done.

use super::programs::API_PORT;
use super::settings::{ADDONS, IMAGES, SOCKET};
use super::{Node, client};
use crate::error::{During, Error, Result};
use crate::telling::say;
use crate::{again, bounded};
use nix::sys::signal::SigSet;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::process::Command;

/// In whose environment the node is described.
pub const NODE: &str = "NODE_INIT_KUBERNETES";

/// Between two looks whether the programs answer.
const PAUSE: Duration = Duration::from_millis(500);
/// So often they are looked at, until the process ends, and is started again.
const LOOKS: u32 = 120;
/// For one look.
const LOOK: Duration = Duration::from_secs(10);
/// For one image, or one add-on.
const PATIENCE: Duration = Duration::from_secs(300);

/// kube-proxy speaks as its node.
const OWN: &str = r#"{
    "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
    "metadata": { "name": "jeroboam:node-proxier" },
    "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "system:node-proxier" },
    "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes" }]
}"#;

/// Furnishes, and ends.
pub fn run() -> Result<ExitCode> {
    let none = SigSet::empty();
    none.thread_set_mask().during("letting signals through")?;
    let node: Node = again::heard(NODE)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .during("preparing to furnish the cluster")?;
    runtime.block_on(all(&node))?;
    say("the cluster is furnished");
    Ok(ExitCode::SUCCESS)
}

async fn all(node: &Node) -> Result<()> {
    answers(ctr().args(["images", "list", "--quiet"])).await?;
    for image in within(IMAGES)? {
        let doing = format!("loading {}", image.display());
        let mut load = ctr();
        load.args(["images", "import"]).arg(&image);
        told(&mut load, &[], &doing).await?;
    }
    if !node.member.control {
        return Ok(());
    }
    answers(kubectl().args(["get", "--raw", "/readyz"])).await?;
    apply(OWN.as_bytes(), "letting kube-proxy read services").await?;
    for addon in within(ADDONS)? {
        let doing = format!("applying {}", addon.display());
        let text = fs::read_to_string(&addon).during(doing.clone())?;
        apply(placed(&text, node).as_bytes(), &doing).await?;
    }
    Ok(())
}

fn ctr() -> Command {
    let mut command = Command::new("ctr");
    command.args(["--address", SOCKET, "--namespace", "k8s.io"]);
    command
}

fn kubectl() -> Command {
    let mut command = Command::new("kubectl");
    command.args(["--kubeconfig", client::CONTROL, "--request-timeout=30s"]);
    // It would write down what it learns of the server.
    command.args(["--cache-dir", "/tmp/kubectl"]);
    command
}

async fn apply(manifest: &[u8], doing: &str) -> Result<()> {
    let mut command = kubectl();
    told(command.args(["apply", "--filename=-"]), manifest, doing).await
}

/// What add-ons cannot know: where names are to be answered, and the domain. The words are those of the
/// manifests in Kubernetes' own source (`cluster/addons/dns`).
fn placed(text: &str, node: &Node) -> String {
    let guests = &node.place.guests;
    text.replace("__DNS__SERVER__", &guests.resolver().to_string())
        .replace("__DNS__DOMAIN__", &guests.domain)
        .replace(
            "__API__SERVER__",
            &format!("https://{}:{API_PORT}", node.place.address),
        )
}

/// The files of a folder, in order; none where there is none.
fn within(folder: &str) -> Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(Path::new(folder)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.during(format!("looking into {folder}"))?,
    };
    let mut found = Vec::new();
    for entry in entries {
        found.push(entry.during(format!("looking into {folder}"))?.path());
    }
    found.sort();
    Ok(found)
}

async fn answers(question: &mut Command) -> Result<()> {
    let mut why = String::new();
    for _ in 0..LOOKS {
        why = match bounded::run(question, &[], LOOK).await {
            Ok(end) if end.status.success() => return Ok(()),
            Ok(end) => bounded::said(&end),
            Err(why) => why,
        };
        tokio::time::sleep(PAUSE).await;
    }
    let name = question.as_std().get_program().to_string_lossy();
    Err(Error::refused(format!("nobody answers {name}: {why}")))
}

async fn told(command: &mut Command, input: &[u8], doing: &str) -> Result<()> {
    match bounded::run(command, input, PATIENCE).await {
        Ok(end) if end.status.success() => Ok(()),
        Ok(end) => Err(Error::refused(format!("{doing} {}", bounded::said(&end)))),
        Err(why) => Err(Error::refused(format!("{doing}: {why}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::tests::node;

    #[test]
    fn add_ons_are_told_where_names_are_answered() {
        let text = "clusterIP: __DNS__SERVER__\nkubernetes __DNS__DOMAIN__ {\n";
        let expected = "clusterIP: 10.254.0.10\nkubernetes cluster.local {\n";
        assert_eq!(placed(text, &node(true)), expected);
    }

    #[test]
    fn what_is_applied_is_json() {
        let own: serde_json::Value = serde_json::from_str(OWN).unwrap();
        assert_eq!(own["roleRef"]["name"], "system:node-proxier");
    }
}
