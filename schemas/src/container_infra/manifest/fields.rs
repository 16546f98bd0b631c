//! Which fields of a manifest mean something here. Everything else that says more than Kubernetes'
//! default is refused by its name: what is accepted is done, and nothing is dropped in silence.

mod config;
mod service;

pub(super) use config::{CONFIG_MAP, CONFIG_VOLUME, ENV_FROM, ENV_SOURCE, FIELD_REF, ITEM};
pub(super) use service::{SERVICE, SERVICE_PORT};

use super::bad;
use super::config::SECRET;
use crate::Result;
use serde_json::Value;

/// The fields of one type.
pub(super) struct Fields {
    /// They mean something; their values are judged where they are used.
    means: &'static [&'static str],
    /// These values say what is so anyway.
    defaults: &'static [(&'static str, &'static [&'static str])],
    /// Why others are refused.
    reasons: &'static [(&'static str, &'static str)],
}

const POLICY: &str = "refused by policy: it would reach beyond the pod, into the node";
const PLACING: &str =
    "this cloud chooses the node itself; nodeSelector and tolerations say among which";
const PULLED: &str = "images come from the image service, with the project's own rights";
const ACCOUNTS: &str = "there is no orchestrator's API that it could be used with";
const NAMES: &str = "the cluster's name service tells names of services, and of no single pods";

/// `metadata`. Annotations are for those who read the manifest.
pub(super) const META: Fields = Fields {
    means: &["name", "labels", "annotations"],
    defaults: &[("namespace", &["default"])],
    reasons: &[
        ("generateName", "write a name"),
        ("namespace", "there is only the namespace default"),
        (
            "ownerReferences",
            "what belongs together is said by selectors",
        ),
    ],
};

/// `metadata` of a template, whose pods are named after their controller.
pub(super) const TEMPLATE_META: Fields = Fields {
    means: &["labels", "annotations"],
    defaults: META.defaults,
    reasons: &[("name", "pods are named after their replication controller")],
};

/// A pod, a replication controller or a service.
pub(super) const OBJECT: Fields = Fields {
    means: &["apiVersion", "kind", "metadata", "spec"],
    defaults: &[],
    reasons: &[("status", "it is the server's to write")],
};

/// A pod template.
pub(super) const TEMPLATE: Fields = Fields {
    means: &["metadata", "spec"],
    defaults: &[],
    reasons: &[],
};

/// `spec` of a replication controller.
pub(super) const CONTROLLER: Fields = Fields {
    means: &["replicas", "selector", "template"],
    defaults: &[],
    reasons: &[],
};

/// `spec` of a pod.
pub(super) const POD: Fields = Fields {
    means: &[
        "containers",
        "initContainers",
        "restartPolicy",
        "terminationGracePeriodSeconds",
        "hostname",
        "volumes",
        "securityContext",
        "nodeName",
        "nodeSelector",
        "tolerations",
    ],
    defaults: &[
        ("dnsPolicy", &["ClusterFirst"]),
        ("schedulerName", &["default-scheduler"]),
        ("enableServiceLinks", &["false"]),
        ("hostUsers", &["true"]),
        ("preemptionPolicy", &["PreemptLowerPriority", "Never"]),
        ("priority", &["0"]),
        ("serviceAccountName", &["default"]),
        ("serviceAccount", &["default"]),
    ],
    reasons: &[
        ("hostNetwork", POLICY),
        ("hostPID", POLICY),
        ("hostIPC", POLICY),
        (
            "hostUsers",
            "all containers of a node share the node's own user ids",
        ),
        ("affinity", PLACING),
        ("topologySpreadConstraints", PLACING),
        ("schedulerName", PLACING),
        ("serviceAccountName", ACCOUNTS),
        ("serviceAccount", ACCOUNTS),
        ("automountServiceAccountToken", ACCOUNTS),
        ("imagePullSecrets", PULLED),
        ("subdomain", NAMES),
        ("setHostnameAsFQDN", NAMES),
        ("dnsPolicy", "every pod asks the cluster's name service"),
        (
            "enableServiceLinks",
            "services are found by their names, and no variables are set for them",
        ),
        (
            "ephemeralContainers",
            "they are added to a pod that runs, and never part of a manifest",
        ),
        ("resources", "write the resources of each container"),
    ],
};

/// A container.
pub(super) const CONTAINER: Fields = Fields {
    means: &[
        "name",
        "image",
        "command",
        "args",
        "workingDir",
        "env",
        "envFrom",
        "ports",
        "resources",
        "volumeMounts",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "securityContext",
    ],
    defaults: &[
        ("imagePullPolicy", &["Always", "IfNotPresent", "Never"]),
        ("terminationMessagePath", &["/dev/termination-log"]),
        ("terminationMessagePolicy", &["File"]),
    ],
    reasons: &[
        ("imagePullPolicy", "it is Always, IfNotPresent or Never"),
        ("restartPolicy", "all containers of a pod have the pod's"),
        ("lifecycle", "hooks are not run here; let the command do it"),
        ("stdin", "nobody could be attached to it"),
        ("tty", "nobody could be attached to it"),
        ("volumeDevices", "there are no block devices"),
    ],
};

/// A container that is run to its end before the others: nobody asks whether it lives.
pub(super) const INIT: Fields = Fields {
    means: &[
        "name",
        "image",
        "command",
        "args",
        "workingDir",
        "env",
        "envFrom",
        "ports",
        "resources",
        "volumeMounts",
        "securityContext",
    ],
    defaults: CONTAINER.defaults,
    reasons: CONTAINER.reasons,
};

/// A toleration.
pub(super) const TOLERATION: Fields = Fields {
    means: &["key", "operator", "value", "effect"],
    defaults: &[],
    reasons: &[(
        "tolerationSeconds",
        "a pod is sent away for a taint at once, or, if it tolerates it, not at all; leave it out",
    )],
};

/// A port of a container.
pub(super) const PORT: Fields = Fields {
    means: &["name", "containerPort", "protocol"],
    defaults: &[("hostPort", &["0"])],
    reasons: &[("hostPort", POLICY), ("hostIP", POLICY)],
};

/// A variable.
pub(super) const ENV: Fields = Fields {
    means: &["name", "value", "valueFrom"],
    defaults: &[],
    reasons: &[],
};

/// `resources`.
pub(super) const RESOURCES: Fields = Fields {
    means: &["requests", "limits"],
    defaults: &[],
    reasons: &[],
};

/// `requests` and `limits`.
pub(super) const AMOUNTS: Fields = Fields {
    means: &["cpu", "memory"],
    defaults: &[],
    reasons: &[(
        "ephemeral-storage",
        "the disk of a node is not divided among its containers",
    )],
};

/// A volume.
pub(super) const VOLUME: Fields = Fields {
    means: &["name", "emptyDir", "configMap"],
    defaults: &[],
    reasons: &[("hostPath", POLICY), ("secret", SECRET)],
};

/// `emptyDir`.
pub(super) const EMPTY_DIR: Fields = Fields {
    means: &["medium", "sizeLimit"],
    defaults: &[],
    reasons: &[],
};

/// Where a volume is seen.
pub(super) const MOUNT: Fields = Fields {
    means: &["name", "mountPath", "readOnly"],
    defaults: &[
        ("mountPropagation", &["None"]),
        ("recursiveReadOnly", &["Disabled"]),
    ],
    reasons: &[("mountPropagation", POLICY)],
};

/// A probe.
pub(super) const PROBE: Fields = Fields {
    means: &[
        "exec",
        "httpGet",
        "tcpSocket",
        "initialDelaySeconds",
        "periodSeconds",
        "timeoutSeconds",
        "successThreshold",
        "failureThreshold",
    ],
    defaults: &[],
    reasons: &[("grpc", "use tcpSocket, or exec with a client of your own")],
};

/// `httpGet`.
pub(super) const HTTP: Fields = Fields {
    means: &["port", "path", "scheme", "httpHeaders"],
    defaults: &[],
    reasons: &[("host", "only the pod itself is asked")],
};

/// `tcpSocket`.
pub(super) const TCP: Fields = Fields {
    means: &["port"],
    defaults: &[],
    reasons: &[("host", "only the pod itself is asked")],
};

/// `securityContext` of a pod.
pub(super) const POD_SECURITY: Fields = Fields {
    means: &["runAsUser", "runAsGroup", "runAsNonRoot", "seccompProfile"],
    defaults: &[],
    reasons: &[("sysctls", POLICY)],
};

/// `securityContext` of a container.
pub(super) const SECURITY: Fields = Fields {
    means: &[
        "runAsUser",
        "runAsGroup",
        "runAsNonRoot",
        "seccompProfile",
        "readOnlyRootFilesystem",
    ],
    defaults: &[("procMount", &["Default"])],
    reasons: &[
        ("privileged", POLICY),
        (
            "allowPrivilegeEscalation",
            "refused by policy: no program in a container gains rights by being run",
        ),
        (
            "capabilities",
            "every container has the same few capabilities; none are added, by policy, and none are \
             dropped",
        ),
        ("procMount", POLICY),
    ],
};

/// `seccompProfile`.
pub(super) const SECCOMP: Fields = Fields {
    means: &[],
    defaults: &[("type", &["RuntimeDefault"])],
    reasons: &[(
        "type",
        "every container has the engine's own profile (RuntimeDefault)",
    )],
};

impl Fields {
    /// Refuses a field that means nothing here and says something.
    ///
    /// # Errors
    /// `BadRequest` with the field's place, and why.
    pub(super) fn check(&self, path: &str, object: &Value) -> Result<()> {
        let Value::Object(fields) = object else {
            return Ok(());
        };
        for (name, value) in fields {
            let name = name.as_str();
            let usual = self.defaults.iter().find(|(known, _)| *known == name);
            let default = match usual {
                Some((_, values)) => empty(value) || values.contains(&&*written(value)),
                None => silent(value),
            };
            if default || self.means.contains(&name) {
                continue;
            }
            let reason = self.reasons.iter().find(|(known, _)| *known == name);
            let why = reason.map_or("it is not supported here; leave it out", |(_, why)| why);
            return Err(bad(&below(path, name), why));
        }
        Ok(())
    }

    /// The same for each of a list.
    ///
    /// # Errors
    /// As [`Fields::check`].
    pub(super) fn check_all(&self, path: &str, list: &Value) -> Result<()> {
        let items = list.as_array().map_or(&[][..], Vec::as_slice);
        let mut indexed = items.iter().enumerate();
        indexed.try_for_each(|(index, item)| self.check(&format!("{path}[{index}]"), item))
    }
}

/// The place of a field.
pub(super) fn below(path: &str, name: &str) -> String {
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Nothing is said at all.
fn empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(empty),
        _ => false,
    }
}

/// Nothing is asked for: no thing at all, or that a thing be not done.
fn silent(value: &Value) -> bool {
    value == &Value::Bool(false) || empty(value)
}
