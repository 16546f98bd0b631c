//! What the cluster gets of its nodes' image: its images on every node, on the master what it cannot be
//! without, and the image's add-ons. Done again from the start until all of it is done.

use super::programs::API_PORT;
use super::settings::{ADDONS, IMAGES, SOCKET};
use super::{Node, client};
use crate::again;
use crate::error::{During, Error, Result};
use crate::telling::say;
use nix::sys::signal::SigSet;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{fs, thread, time::Duration};

/// In whose environment the node is described.
pub const NODE: &str = "NODE_INIT_KUBERNETES";

/// Between two looks whether the programs answer.
const PAUSE: Duration = Duration::from_millis(500);
/// As long is waited for them until the process ends, and is started again.
const TRIES: u32 = 120;

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
    answers("containerd", ctr().args(["images", "list", "--quiet"]))?;
    for image in within(IMAGES)? {
        let doing = format!("loading {}", image.display());
        told(ctr().args(["images", "import"]).arg(&image), None, &doing)?;
    }
    if node.member.control {
        answers(
            "kube-apiserver",
            kubectl().args(["get", "--raw", "/readyz"]),
        )?;
        apply(OWN.as_bytes(), "letting kube-proxy read services")?;
        for addon in within(ADDONS)? {
            let doing = format!("applying {}", addon.display());
            let text = fs::read_to_string(&addon).during(doing.clone())?;
            apply(placed(&text, &node).as_bytes(), &doing)?;
        }
    }
    say("the cluster is furnished");
    Ok(ExitCode::SUCCESS)
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

fn apply(manifest: &[u8], doing: &str) -> Result<()> {
    told(
        kubectl().args(["apply", "--filename=-"]),
        Some(manifest),
        doing,
    )
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

fn answers(name: &str, question: &mut Command) -> Result<()> {
    question
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for _ in 0..TRIES {
        if question.status().is_ok_and(|status| status.success()) {
            return Ok(());
        }
        thread::sleep(PAUSE);
    }
    let seconds = (PAUSE * TRIES).as_secs();
    Err(Error::refused(format!(
        "{name} did not answer in {seconds} s"
    )))
}

fn told(command: &mut Command, input: Option<&[u8]>, doing: &str) -> Result<()> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .during(doing)?;
    if let (Some(mut to), Some(input)) = (child.stdin.take(), input) {
        // One that does not read it says why.
        _ = to.write_all(input);
    }
    let end = child.wait_with_output().during(doing)?;
    if end.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&end.stderr);
    Err(Error::refused(format!("{doing}: {}", said.trim())))
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
