//! How a template is shown at either path.

use super::Face;
use crate::call::Call;
use crate::container_infra::view::{links, since, when};
use schemas::Result;
use schemas::container_infra::coe::Era;
use schemas::container_infra::template::{SUMMARY, Template as Document};
use serde_json::Value;
use store::container_infra::templates::Template;

/// Every field.
pub fn whole<F: Face>(call: &Call, row: &Template, document: &Document) -> Result<Value> {
    let mut view = document.document(F::ERA)?;
    view.insert("uuid".into(), row.id.clone().into());
    if F::ERA == Era::Modern {
        view.insert("project_id".into(), row.project_id.clone().into());
        view.insert("user_id".into(), row.user_id.clone().into());
    }
    view.insert("created_at".into(), when(row.created_at));
    view.insert("updated_at".into(), since(row.updated_at));
    view.insert("links".into(), links(call, F::COLLECTION, &row.id));
    Ok(Value::Object(view))
}

/// As the list of baymodels has it.
pub fn brief<F: Face>(call: &Call, row: &Template, document: &Document) -> Result<Value> {
    let mut view = document.document(F::ERA)?;
    view.retain(|field, _| SUMMARY.contains(&field.as_str()));
    view.insert("uuid".into(), row.id.clone().into());
    view.insert("links".into(), links(call, F::COLLECTION, &row.id));
    Ok(Value::Object(view))
}

/// One field, for sorting.
pub fn value(item: &(Template, Document), key: &str) -> Value {
    let (row, document) = item;
    match key {
        "uuid" => row.id.clone().into(),
        "project_id" => row.project_id.clone().into(),
        "user_id" => row.user_id.clone().into(),
        "created_at" => row.created_at.into(),
        "updated_at" => row.updated_at.into(),
        field => serde_json::to_value(document)
            .ok()
            .and_then(|mut all| all.get_mut(field).map(Value::take))
            .unwrap_or_default(),
    }
}
