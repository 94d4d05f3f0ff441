//! Open alarms beside every reply, so that no command passes over one.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use schemas::agency::AgencyId;
use serde::{Deserialize, Serialize};

use super::state::App;

/// The header that tells them: a JSON array of [`Open`]. Absent while there is none.
pub const HEADER: HeaderName = HeaderName::from_static("accord-alarms");

/// Most that are told; `audit alarms` lists all.
const MOST: usize = 32;

/// An open alarm.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Open {
    /// Its number.
    pub alarm: u64,
    /// About whom.
    pub peer: AgencyId,
    /// What was noticed, in words.
    pub what: String,
}

/// Adds the open alarms to a reply.
pub(super) async fn tell(State(app): App, mut response: Response) -> Response {
    let state = app.context.agency.registry.state();
    let open: Vec<Open> = state
        .alarms
        .values()
        .filter(|raised| raised.resolved.is_none())
        .take(MOST)
        .map(|raised| Open {
            alarm: raised.alarm,
            peer: raised.what.peer.clone(),
            what: raised.what.kind.words().into(),
        })
        .collect();
    let value = serde_json::to_vec(&open).ok().and_then(|json| HeaderValue::from_bytes(&json).ok());
    if let Some(value) = value.filter(|_| !open.is_empty()) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}
