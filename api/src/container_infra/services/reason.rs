//! Why a service does not lead anywhere, in words.

use store::compute::hosts;
use store::container_infra::endpoints;
use store::container_infra::services::Service;
use store::{Conn, Result};

/// What is to be known of it; nothing when all nodes lead to its pods.
pub(super) fn reason(conn: &mut Conn, row: &Service) -> Result<Option<String>> {
    let newest = endpoints::get(conn, &row.cluster_id)?;
    let table = newest
        .as_ref()
        .map(endpoints::Endpoints::table)
        .transpose()?;
    let entry = table.and_then(|table| {
        let mut all = table.services.into_iter();
        all.find(|service| service.name == row.name)
    });
    let (Some(newest), Some(entry)) = (newest, entry) else {
        return Ok(Some("It has not been told to the bay's nodes yet.".into()));
    };
    if entry.pods.is_empty() {
        return Ok(Some(
            "No pod that has all labels of its selector is ready: connections are refused.".into(),
        ));
    }
    for node in endpoints::told(conn, &row.cluster_id)? {
        let name = match hosts::get(conn, &node.host_id)? {
            Some(host) => host.hostname,
            None => continue,
        };
        if let Some(problem) = node.problem {
            return Ok(Some(format!("Node {name} does not serve it: {problem}")));
        }
        if node.applied < newest.generation {
            return Ok(Some(format!("Node {name} has not answered yet.")));
        }
    }
    Ok(None)
}
