//! What all views share: links, times, and the answers that carry them.

use crate::call::Call;
use crate::reply::{self, Reply};
use actix_web::http::header::{HeaderValue, LOCATION};
use schemas::Timestamp;
use serde_json::{Value, json};

/// The two links of a thing (contract `magnum-v1.md` §2.3): with and without the version. For the
/// things within another, the collection is a path (`clusters/<uuid>/nodegroups`).
pub fn links(call: &Call, collection: &str, id: &str) -> Value {
    let prefix = call.service().prefix();
    json!([
        { "rel": "self", "href": call.url(&format!("/{collection}/{id}")) },
        { "rel": "bookmark", "href": call.base().join(&format!("{prefix}/{collection}/{id}")) },
    ])
}

/// A time.
pub fn when(micros: i64) -> Value {
    Timestamp(micros).offset().into()
}

/// A time, or `null` before there was any.
pub fn since(micros: Option<i64>) -> Value {
    micros.map_or(Value::Null, when)
}

/// 201 with the new thing and its address.
pub fn created(call: &Call, collection: &str, id: &str, body: &Value) -> Reply {
    let mut answer = reply::created(body)?;
    let place = call.url(&format!("/{collection}/{id}"));
    if let Ok(place) = HeaderValue::from_str(&place) {
        answer.headers_mut().insert(LOCATION, place);
    }
    Ok(answer)
}

/// 202 with the thing's id and nothing else.
pub fn accepted(id: &str) -> Reply {
    reply::accepted(&json!({ "uuid": id }))
}
