//! What a pod says of its node: `nodeName`, `nodeSelector`, `tolerations`.

use super::fields::{self, below};
use super::{bad, names};
use crate::Result;
use crate::container_infra::nodegroup::Effect;
use crate::container_infra::placing::{Placing, Toleration};
use k8s_openapi::api::core::v1;
use serde_json::Value;

/// Most tolerations of a pod.
const MOST: usize = 64;

/// Reads it from the `spec` of a pod.
pub(super) fn read(path: &str, spec: &v1::PodSpec, plain: &Value) -> Result<Placing> {
    let at = |field: &str| below(path, field);
    let node = spec.node_name.clone().filter(|name| !name.is_empty());
    if let Some(node) = &node {
        names::subdomain(&at("nodeName"), node)?;
    }
    let labels = spec.node_selector.clone().unwrap_or_default();
    names::labels(&at("nodeSelector"), &labels)?;
    let path = at("tolerations");
    let given = spec.tolerations.as_deref().unwrap_or_default();
    if given.len() > MOST {
        let told = format!("there are {}, and {MOST} is the most", given.len());
        return Err(bad(&path, &told));
    }
    fields::TOLERATION.check_all(&path, &plain["tolerations"])?;
    let each = given.iter().enumerate();
    let tolerations = each.map(|(index, one)| toleration(&format!("{path}[{index}]"), one));
    Ok(Placing {
        node,
        labels,
        tolerations: tolerations.collect::<Result<_>>()?,
    })
}

fn toleration(path: &str, from: &v1::Toleration) -> Result<Toleration> {
    let at = |field: &str| below(path, field);
    let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let (key, value) = (given(&from.key), given(&from.value));
    if let Some(key) = &key {
        names::key(&at("key"), key)?;
    }
    let value = match from.operator.as_deref() {
        Some("Exists") if value.is_none() => None,
        Some("Exists") => {
            return Err(bad(
                &at("value"),
                "Exists is true of every value; leave it out",
            ));
        }
        None | Some("" | "Equal") if key.is_none() => {
            return Err(bad(
                &at("operator"),
                "it must be Exists where no key is named",
            ));
        }
        None | Some("" | "Equal") => Some(value.unwrap_or_default()),
        Some(_) => return Err(bad(&at("operator"), "it is Exists or Equal")),
    };
    let effect = match from.effect.as_deref() {
        None | Some("") => None,
        Some("NoSchedule") => Some(Effect::NoSchedule),
        Some("PreferNoSchedule") => Some(Effect::PreferNoSchedule),
        Some("NoExecute") => Some(Effect::NoExecute),
        Some(_) => {
            return Err(bad(
                &at("effect"),
                "it is NoSchedule, PreferNoSchedule or NoExecute",
            ));
        }
    };
    Ok(Toleration { key, value, effect })
}
