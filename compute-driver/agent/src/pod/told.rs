//! What a pod is told of itself when a container of it begins: names and labels as ordered, and the
//! address that its sandbox has.

use compute_driver::{DriverError, PodHere};
use schemas::workload::Pod;
use schemas::workload::field::{self, Field};

/// The pod with what is known of it in its containers' texts.
pub(super) fn of(pod: &Pod, here: Option<&PodHere>) -> Pod {
    let sandbox = here.and_then(|here| here.sandbox.as_ref());
    let interface = sandbox.and_then(|sandbox| sandbox.interfaces.first());
    let mut told = pod.clone();
    field::fill_pod(&mut told.spec, &|field| match field {
        Field::Name => Some(pod.name.clone()),
        Field::Uid => Some(pod.id.to_string()),
        Field::Label(key) => Some(pod.spec.labels.get(key).cloned().unwrap_or_default()),
        Field::PodIp => interface.map(|interface| interface.address.clone()),
        // The conductor's to say, who knows the node.
        Field::NodeName | Field::HostIp => None,
    });
    told
}

/// Does this container know all that it asked for?
///
/// # Errors
/// Refused, with what it lacks.
pub(super) fn whole(pod: &Pod, name: &str) -> Result<(), DriverError> {
    let missing = pod.member(name).map(field::missing).unwrap_or_default();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(DriverError::permanent(format!(
            "{} of the pod is not known here",
            missing.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::plan_tests::World;
    use schemas::workload::pod::Restart;

    #[test]
    fn a_container_is_told_what_is_known_and_does_not_begin_without_the_rest() {
        let mut pod = World::new(Restart::Always, &[], &["main"]).pod;
        pod.name = "web-1".into();
        pod.spec.labels.insert("app".into(), "web".into());
        let marks = [
            ("NAME", Field::Name),
            ("UID", Field::Uid),
            ("APP", Field::Label("app".into())),
            ("NONE", Field::Label("none".into())),
        ];
        let main = &mut pod.spec.containers[0];
        main.env = marks
            .iter()
            .map(|(name, field)| (name.to_string(), field.mark()))
            .collect();
        main.args = Some(vec![format!("--at={}", Field::PodIp.mark())]);
        let name = main.name.clone();
        let told = of(&pod, Some(&PodHere::default()));
        let env = &told.spec.containers[0].env;
        assert_eq!(env["NAME"], "web-1");
        assert_eq!(env["UID"], pod.id.to_string());
        assert_eq!((env["APP"].as_str(), env["NONE"].as_str()), ("web", ""));
        let refused = whole(&told, &name).unwrap_err().to_string();
        assert!(
            refused.contains("status.podIP of the pod is not known"),
            "{refused}"
        );
        pod.spec.containers[0].args = None;
        assert!(whole(&of(&pod, None), &name).is_ok());
    }
}
