//! What a pod may ask to be told of itself, and is known only when it is there: where that belongs in a
//! text stands a mark until somebody who knows fills it in.
//!
//! ```text
//!   manifest ──mark──► rows ──the node──► conductor ──name, labels, address──► agent ──► container
//! ```
//!
//! *Assumes.* No text of a user's holds a NUL: a program could not be given it, and manifests with one
//! are refused.

use super::pod::{Member, PodSpec};

/// One thing that a pod may ask of itself (Kubernetes' `fieldRef`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// `metadata.name`.
    Name,
    /// `metadata.uid`.
    Uid,
    /// `metadata.labels['KEY']`; nothing where there is no such label.
    Label(String),
    /// `spec.nodeName`.
    NodeName,
    /// `status.hostIP`: the node's address in its cluster's network.
    HostIp,
    /// `status.podIP`.
    PodIp,
}

/// Around the path of a field in a text.
const MARK: char = '\0';

impl Field {
    /// What such a path means; nothing when it means nothing here.
    pub fn parse(path: &str) -> Option<Field> {
        Some(match path {
            "metadata.name" => Field::Name,
            "metadata.uid" => Field::Uid,
            "spec.nodeName" => Field::NodeName,
            "status.hostIP" => Field::HostIp,
            "status.podIP" => Field::PodIp,
            other => {
                let key = other.strip_prefix("metadata.labels['")?;
                Field::Label(key.strip_suffix("']")?.to_owned())
            }
        })
    }

    fn path(&self) -> String {
        match self {
            Field::Name => "metadata.name".into(),
            Field::Uid => "metadata.uid".into(),
            Field::NodeName => "spec.nodeName".into(),
            Field::HostIp => "status.hostIP".into(),
            Field::PodIp => "status.podIP".into(),
            Field::Label(key) => format!("metadata.labels['{key}']"),
        }
    }

    /// Stands for it in a text.
    pub fn mark(&self) -> String {
        format!("{MARK}{}{MARK}", self.path())
    }
}

/// The text with what is known; marks of what is not stay.
pub fn fill(text: &str, known: &impl Fn(&Field) -> Option<String>) -> String {
    let mut parts = text.split(MARK);
    let mut out = parts.next().unwrap_or_default().to_owned();
    while let Some(path) = parts.next() {
        let field = Field::parse(path);
        match field.as_ref().and_then(known) {
            Some(value) => out.push_str(&value),
            None => out.push_str(&format!("{MARK}{path}{MARK}")),
        }
        out.push_str(parts.next().unwrap_or_default());
    }
    out
}

/// Fields that a container's texts still lack.
pub fn missing(member: &Member) -> Vec<String> {
    let env = member.env.values();
    let words = member.command.iter().chain(&member.args).flatten();
    let marked = env
        .chain(words)
        .flat_map(|text| text.split(MARK).skip(1).step_by(2));
    let mut missing: Vec<String> = marked.map(str::to_owned).collect();
    missing.sort();
    missing.dedup();
    missing
}

/// Fills what a container is given.
pub fn fill_member(member: &mut Member, known: &impl Fn(&Field) -> Option<String>) {
    let words = member.command.iter_mut().chain(&mut member.args).flatten();
    for text in member.env.values_mut().chain(words) {
        if text.contains(MARK) {
            *text = fill(text, known);
        }
    }
}

/// Fills what all containers of a pod are given.
pub fn fill_pod(spec: &mut PodSpec, known: &impl Fn(&Field) -> Option<String>) {
    for member in spec.init.iter_mut().chain(&mut spec.containers) {
        fill_member(member, known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_known_by_their_paths_and_marks_lead_back_to_them() {
        for path in [
            "metadata.name",
            "metadata.uid",
            "metadata.labels['a.b/c']",
            "spec.nodeName",
            "status.hostIP",
            "status.podIP",
        ] {
            let field = Field::parse(path).unwrap();
            assert_eq!(field.path(), path);
            let text = format!("<{}>", field.mark());
            let known = |asked: &Field| (*asked == field).then(|| "it".to_owned());
            assert_eq!(fill(&text, &known), "<it>");
            assert_eq!(fill(&text, &|_| None), text, "what nobody knows stays");
        }
        for path in [
            "",
            "metadata",
            "metadata.labels",
            "metadata.labels['a",
            "metadata.annotations['a']",
            "spec.serviceAccountName",
            "status.podIPs",
        ] {
            assert_eq!(Field::parse(path), None, "{path}");
        }
    }

    #[test]
    fn some_are_filled_by_one_and_the_rest_by_another() {
        let text = format!("{}-{}", Field::NodeName.mark(), Field::PodIp.mark());
        let node = |field: &Field| (*field == Field::NodeName).then(|| "n".to_owned());
        let address = |field: &Field| (*field == Field::PodIp).then(|| "10.0.0.1".to_owned());
        assert_eq!(fill(&fill(&text, &node), &address), "n-10.0.0.1");
        assert_eq!(fill("plain", &node), "plain");
    }
}
