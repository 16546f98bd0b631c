//! Config maps, and what refers to them and to the pod itself.

use super::super::config::SECRET;
use super::Fields;

/// A config map.
pub(in super::super) const CONFIG_MAP: Fields = Fields {
    means: &["apiVersion", "kind", "metadata", "data", "binaryData"],
    // None can be changed but with its manifest.
    defaults: &[("immutable", &["true", "false"])],
    reasons: &[],
};

/// One of `envFrom`.
pub(in super::super) const ENV_FROM: Fields = Fields {
    means: &["configMapRef", "prefix"],
    defaults: &[],
    reasons: &[("secretRef", SECRET)],
};

/// `valueFrom`.
pub(in super::super) const ENV_SOURCE: Fields = Fields {
    means: &["configMapKeyRef", "fieldRef"],
    defaults: &[],
    reasons: &[
        ("secretKeyRef", SECRET),
        (
            "resourceFieldRef",
            "a container is not told its resources; write the value",
        ),
    ],
};

/// `fieldRef`.
pub(in super::super) const FIELD_REF: Fields = Fields {
    means: &["fieldPath"],
    defaults: &[("apiVersion", &["v1"])],
    reasons: &[],
};

/// `configMap` of a volume.
pub(in super::super) const CONFIG_VOLUME: Fields = Fields {
    means: &["name", "items", "defaultMode", "optional"],
    defaults: &[],
    reasons: &[],
};

/// One of its `items`.
pub(in super::super) const ITEM: Fields = Fields {
    means: &["key", "path", "mode"],
    defaults: &[],
    reasons: &[],
};
