//! `securityContext`: as whom a container runs, and whether it may write to its own files.

use super::bad;
use super::fields::{self, below};
use crate::Result;
use crate::workload::Security;
use k8s_openapi::api::core::v1;
use serde_json::Value;

/// What a pod says for all its containers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Common {
    user: Option<i64>,
    group: Option<i64>,
    not_root: bool,
}

/// Reads a pod's.
pub(super) fn common(
    path: &str,
    of: Option<&v1::PodSecurityContext>,
    plain: &Value,
) -> Result<Common> {
    fields::POD_SECURITY.check(path, plain)?;
    fields::SECCOMP.check(&below(path, "seccompProfile"), &plain["seccompProfile"])?;
    let Some(of) = of else {
        return Ok(Common::default());
    };
    Ok(Common {
        user: id(path, "runAsUser", of.run_as_user)?,
        group: id(path, "runAsGroup", of.run_as_group)?,
        not_root: of.run_as_non_root.unwrap_or(false),
    })
}

/// Reads a container's: the user it runs as, and what it may do.
pub(super) fn read(
    path: &str,
    of: Option<&v1::SecurityContext>,
    plain: &Value,
    common: Common,
) -> Result<(Option<String>, Security)> {
    fields::SECURITY.check(path, plain)?;
    fields::SECCOMP.check(&below(path, "seccompProfile"), &plain["seccompProfile"])?;
    let own = |field: fn(&v1::SecurityContext) -> Option<i64>| of.and_then(field);
    let user = id(path, "runAsUser", own(|of| of.run_as_user))?.or(common.user);
    let group = id(path, "runAsGroup", own(|of| of.run_as_group))?.or(common.group);
    let not_root = of
        .and_then(|of| of.run_as_non_root)
        .unwrap_or(common.not_root);
    if not_root && user.is_none_or(|user| user == 0) {
        return Err(bad(
            &below(path, "runAsNonRoot"),
            "whom an image names is not looked at; write the runAsUser, one that is not 0",
        ));
    }
    let user = match (user, group) {
        (Some(user), Some(group)) => Some(format!("{user}:{group}")),
        (Some(user), None) => Some(user.to_string()),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(bad(
                &below(path, "runAsGroup"),
                "it needs a runAsUser beside it",
            ));
        }
    };
    let security = Security {
        read_only_rootfs: of
            .and_then(|of| of.read_only_root_filesystem)
            .unwrap_or(false),
        ..Security::default()
    };
    Ok((user, security))
}

fn id(path: &str, field: &str, id: Option<i64>) -> Result<Option<i64>> {
    let legal = 0..=i64::from(i32::MAX);
    match id {
        Some(id) if !legal.contains(&id) => Err(bad(
            &below(path, field),
            &format!("it must be 0 to {}", i32::MAX),
        )),
        id => Ok(id),
    }
}
