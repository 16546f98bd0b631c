//! What is asked of an API server: lists, one, another one, none. Its answers are shown, its refusals
//! passed on.

use super::view::{made, uid};
use super::{Bay, Kind};
use crate::call::Call;
use crate::container_infra::bay::is_ready;
use crate::container_infra::manifests::Source;
use crate::container_infra::page::Page;
use crate::container_infra::view::created;
use crate::container_infra::{Ident, Object};
use crate::ctx::Caller;
use crate::extract::Query;
use crate::reply::{self, Reply};
use kubernetes::params::{DeleteParams, GetParams, ListParams, PostParams, Preconditions};
use kubernetes::{Request, Server};
use schemas::container_infra::body::{self, invalid};
use schemas::container_infra::manifest;
use schemas::container_infra::workload::Create;
use schemas::{Error, Result};
use serde_json::Value;

/// Things that are read at once.
const AT_ONCE: u32 = 500;
/// Things that a list is made of, at most.
const MOST: usize = 10_000;

impl Bay {
    /// Those of the kubeconfig's namespace.
    pub(in crate::container_infra) async fn list(
        &self,
        caller: &Caller,
        kind: &Kind,
        query: &Query,
        (path, full): (&str, bool),
    ) -> Reply {
        let page = Page::read(caller, query, kind.keys)?;
        let server = self.server(caller).await?;
        let found = all(&server, kind, server.namespace()).await?;
        let (call, bay): (&Call, _) = (caller, self.row.id.as_str());
        let found = page.arrange(found, uid, |one, key| kind.value(call, bay, one, key))?;
        let items = found.iter().map(|one| match full {
            true => kind.whole(call, bay, one),
            false => kind.brief(call, bay, one),
        });
        let last = found.last().map(uid);
        page.listed(caller, kind.collection, path, items.collect(), last)
    }

    /// One.
    pub(in crate::container_infra) async fn show(
        &self,
        caller: &Caller,
        kind: &Kind,
        ident: &Ident,
    ) -> Reply {
        let server = self.server(caller).await?;
        let object = find(&server, kind, ident).await?;
        reply::ok(&kind.whole(caller, &self.row.id, &object))
    }

    /// Another one, by its manifest, which is told as it is.
    pub(in crate::container_infra) async fn create(
        &self,
        caller: &Caller,
        kind: &Kind,
        Object(mut map): Object,
    ) -> Reply {
        if body::take_uuid(&mut map)?.is_some() {
            return Err(invalid(
                "uuid",
                "In a bay of kubernetes its API server gives UUIDs; leave it out.",
            ));
        }
        let wish = Create::read(map, kind.described)?;
        if wish.desc.is_some_and(|desc| !desc.is_empty()) {
            return Err(undescribed());
        }
        is_ready(&self.row, kind.collection)?;
        let source = Source {
            manifest: wish.manifest,
            url: wish.manifest_url,
        };
        let text = source.text(caller).await?;
        let manifest = manifest::foreign(&text, kind.kind)?;
        let server = self.server(caller).await?;
        let namespace = namespace(&server, &manifest)?;
        let body = serde_json::to_vec(&manifest).map_err(Error::internal)?;
        let request = Request::new(path(kind, &namespace)).create(&PostParams::default(), body);
        let object = server.json(request.map_err(Error::internal)?).await?;
        let mut view = kind.whole(caller, &self.row.id, &object);
        source.echo(&mut view);
        created(caller, kind.collection, &uid(&object), &view)
    }

    /// One less. What a controller made goes with it.
    pub(in crate::container_infra) async fn remove(
        &self,
        caller: &Caller,
        kind: &Kind,
        ident: &Ident,
    ) -> Reply {
        let server = self.server(caller).await?;
        let object = find(&server, kind, ident).await?;
        let (namespace, name) = place(&object)?;
        let how = DeleteParams::background().preconditions(Preconditions {
            uid: Some(uid(&object)),
            resource_version: None,
        });
        let request = Request::new(path(kind, namespace)).delete(name, &how);
        server.text(request.map_err(Error::internal)?).await?;
        reply::no_content()
    }
}

/// Only rows of this cloud have a place for it.
pub(super) fn undescribed() -> Error {
    invalid(
        "desc",
        "What runs in a bay of kubernetes has none; write it into metadata.annotations of the manifest.",
    )
}

/// Below the server's address.
pub(super) fn path(kind: &Kind, namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/{}", kind.plural)
}

/// The namespace and the name of a thing that there is.
pub(super) fn place(object: &Value) -> Result<(&str, &str)> {
    let field = |field: &str| {
        object["metadata"][field]
            .as_str()
            .filter(|text| named(text))
    };
    let found = field("namespace").zip(field("name"));
    found.ok_or_else(|| Error::Unavailable("The API server shows a thing without a name.".into()))
}

/// Where a manifest is to be: what it says, or the kubeconfig's namespace.
pub(super) fn namespace(server: &Server, manifest: &Value) -> Result<String> {
    let said = &manifest["metadata"]["namespace"];
    match said.as_str().filter(|said| !said.is_empty()) {
        None => Ok(server.namespace().to_owned()),
        Some(said) if named(said) => Ok(said.to_owned()),
        Some(_) => Err(invalid(
            "manifest",
            "metadata.namespace: it is no name of a namespace.",
        )),
    }
}

/// Can it be part of an address? Names of Kubernetes are such texts, and no text beside them leads
/// anywhere else.
fn named(text: &str) -> bool {
    let inner =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
    let outer = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    text.len() <= 253 && text.bytes().all(inner) && outer(bytes.first()) && outer(bytes.last())
}

/// The thing that this stands for: a name, in the kubeconfig's namespace; a UUID, wherever it may be
/// looked for.
pub(super) async fn find(server: &Server, kind: &Kind, ident: &Ident) -> Result<Value> {
    let missing = || Error::not_found(kind.what, ident);
    match ident {
        Ident::Name(name) if named(name) => {
            let request = Request::new(path(kind, server.namespace()));
            let request = request.get(name, &GetParams::default());
            server.json(request.map_err(Error::internal)?).await
        }
        Ident::Name(_) => Err(missing()),
        Ident::Id(id) => {
            let is_it = |object: &Value| uid(object) == *id;
            let near = all(server, kind, server.namespace()).await?;
            if let Some(found) = near.into_iter().find(is_it) {
                return Ok(found);
            }
            match everywhere(server, kind).await {
                Ok(far) => far.into_iter().find(is_it).ok_or_else(missing),
                // Who may not look elsewhere has nothing there.
                Err(Error::Theirs { status: 403, .. }) => Err(missing()),
                Err(other) => Err(other),
            }
        }
    }
}

/// All of a namespace, oldest first.
pub(super) async fn all(server: &Server, kind: &Kind, namespace: &str) -> Result<Vec<Value>> {
    listed(server, &path(kind, namespace)).await
}

async fn everywhere(server: &Server, kind: &Kind) -> Result<Vec<Value>> {
    listed(server, &format!("/api/v1/{}", kind.plural)).await
}

/// All of a collection, oldest first.
async fn listed(server: &Server, path: &str) -> Result<Vec<Value>> {
    let mut found: Vec<Value> = Vec::new();
    let mut how = ListParams::default().limit(AT_ONCE);
    loop {
        let request = Request::new(path).list(&how).map_err(Error::internal)?;
        let mut page = server.json(request).await?;
        let Value::Array(items) = page["items"].take() else {
            return Err(Error::Unavailable("The API server's list is none.".into()));
        };
        found.extend(items.into_iter().map(|mut item| {
            // The largest part of it, and nobody's to see here.
            if let Some(meta) = item["metadata"].as_object_mut() {
                meta.remove("managedFields");
            }
            item
        }));
        if found.len() > MOST {
            return Err(Error::Unavailable(format!(
                "The API server has more than {MOST} of them, which is more than is shown here."
            )));
        }
        match page["metadata"]["continue"].as_str() {
            Some(token) if !token.is_empty() => how = how.continue_token(token),
            _ => break,
        }
    }
    found.sort_by_cached_key(|one| (made(one), one["metadata"]["name"].to_string()));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_its_collection() {
        for name in ["a", "web-1", "a.b-c.example", "0", &"a".repeat(253)] {
            assert!(named(name), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "../secrets/key",
            "a/b",
            "a?x=1",
            "a#b",
            "a%2fb",
            "A",
            "a b",
            "-a",
            "a-",
            "ä",
            &"a".repeat(254),
        ] {
            assert!(!named(name), "{name}");
        }
    }
}
