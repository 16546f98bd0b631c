//! `PATCH`: another manifest for a thing that there is. It takes the place of the one before, as
//! `kubectl replace` does it.

use super::objects::{find, namespace, path, place, undescribed};
use super::view::uid;
use super::{Bay, Kind};
use crate::container_infra::call::of_2015;
use crate::container_infra::pods::written;
use crate::container_infra::{Changes, Ident};
use crate::ctx::Caller;
use crate::reply::{self, Reply};
use kubernetes::params::PostParams;
use kubernetes::{Request, Server};
use schemas::container_infra::body::invalid;
use schemas::container_infra::manifest;
use schemas::{Error, Result};
use serde_json::{Map, Value, json};

impl Bay {
    /// Replaces one by what another manifest says.
    pub(in crate::container_infra) async fn update(
        &self,
        caller: &Caller,
        kind: &Kind,
        ident: &Ident,
        body: &Changes,
    ) -> Reply {
        let changes = body.read(&(kind.rules)(of_2015(caller)))?;
        let mut document = Map::new();
        document.insert("bay_uuid".into(), json!(self.row.id));
        if kind.described {
            document.insert("desc".into(), Value::Null);
        }
        let source = written(&mut document, &changes)?;
        let desc = document.get("desc").unwrap_or(&Value::Null);
        if !desc.is_null() && desc != "" {
            return Err(undescribed());
        }
        let manifest = match source.is_given() {
            true => Some(manifest::foreign(&source.text(caller).await?, kind.kind)?),
            false => None,
        };
        let server = self.server(caller).await?;
        let mut object = find(&server, kind, ident).await?;
        if let Some(manifest) = manifest {
            object = replace(&server, kind, &object, manifest).await?;
        }
        let mut view = kind.whole(caller, &self.row.id, &object);
        source.echo(&mut view);
        reply::ok(&view)
    }
}

async fn replace(
    server: &Server,
    kind: &Kind,
    before: &Value,
    mut manifest: Value,
) -> Result<Value> {
    let (there, name) = place(before)?;
    if manifest["metadata"]["name"] != *name || namespace(server, &manifest)? != there {
        return Err(invalid(
            "manifest",
            &format!(
                "metadata: it is {name} in the namespace {there} and stays so; make another of the new name."
            ),
        ));
    }
    // Which one is replaced, and in which state: some kinds cannot be without.
    let metadata = &mut manifest["metadata"];
    if metadata["resourceVersion"].is_null() {
        metadata["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
        metadata["uid"] = json!(uid(before));
    }
    keep_address(before, &mut manifest);
    let body = serde_json::to_vec(&manifest).map_err(Error::internal)?;
    let request = Request::new(path(kind, there)).replace(name, &PostParams::default(), body);
    server.json(request.map_err(Error::internal)?).await
}

/// What the server allotted to a service stays its own, as newer servers see to by themselves; older ones
/// refuse a manifest that does not repeat it.
fn keep_address(before: &Value, manifest: &mut Value) {
    let outside = manifest["spec"]["type"] == "ExternalName";
    let Some(spec) = manifest["spec"].as_object_mut().filter(|_| !outside) else {
        return;
    };
    let given = spec.contains_key("clusterIP") || spec.contains_key("clusterIPs");
    for field in ["clusterIP", "clusterIPs"] {
        let was = &before["spec"][field];
        if !given && !was.is_null() {
            spec.insert(field.into(), was.clone());
        }
    }
}
