//! Open alarms: how many there are stands beside every reply, so that no command passes over one, and
//! a list tells all of them, a line each.

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use schemas::agency::AgencyId;
use serde::{Deserialize, Serialize};

use super::state::App;

/// The header that tells how many are open. Absent while there is none.
pub const HEADER: HeaderName = HeaderName::from_static("accord-alarms");

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

/// Every open alarm.
pub fn open(state: &registry::State) -> impl Iterator<Item = Open> {
    state.alarms.values().filter(|raised| raised.resolved.is_none()).map(|raised| Open {
        alarm: raised.alarm,
        peer: raised.what.peer.clone(),
        what: raised.what.kind.words().into(),
    })
}

/// Adds to a reply how many alarms are open.
pub(super) async fn tell(State(app): App, mut response: Response) -> Response {
    let open = open(&app.context.agency.registry.state()).count() as u64;
    if open > 0 {
        response.headers_mut().insert(HEADER, HeaderValue::from(open));
    }
    response
}
