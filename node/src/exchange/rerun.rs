//! A refused query runs again once the written request that followed it is approved.
//!
//! The query that does so has an id that follows from the request's, so that it runs once however
//! often the node starts in between.

use schemas::authority::AuthorityId;
use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::plate::Plate;
use schemas::query::{Query, QueryId, Requester};
use schemas::time::Timestamp;
use tokio_util::sync::CancellationToken;

use agreements::request::{RequestRecord, RequestState};

use super::ask::{QueryClient, refused_query};
use peer::link::Dial;
use store::EntryFilter;

/// The id of the query that runs once `request` is approved.
#[must_use]
pub fn id(request: &AuthorityId) -> QueryId {
    let digest = Digest::of_two(b"accord rerun of ", request.to_string().as_bytes());
    let mut bytes = [0; 16];
    for (byte, of) in bytes.iter_mut().zip(digest.as_bytes()) {
        *byte = *of;
    }
    QueryId::from_bytes(bytes)
}

/// The refused query as far as it was approved: its case, plate and period are the request's.
fn as_approved(
    query: Query,
    filed: &RequestRecord,
    id: QueryId,
    requester: Requester,
    now: Timestamp,
) -> Query {
    let (request, scope) = (&filed.request, filed.scope());
    let mut again = Query { id, at: now, authority: Some(request.id.clone()), requester, ..query };
    again.why.purpose = request.purpose;
    if !request.case.is_empty() {
        again.why.case = request.case.clone();
    }
    let elements = &mut again.elements;
    let approved = |plate: &Plate| scope.plates.is_empty() || scope.plates.contains(plate);
    if !elements.plate.as_ref().is_some_and(approved) {
        elements.plate = scope.plates.first().cloned();
    }
    elements.from = scope.from.map_or(elements.from, |from| elements.from.max(from));
    elements.until = scope.until.map_or(elements.until, |until| elements.until.min(until));
    if elements.from >= elements.until {
        // Another period was asked for than the refused query's: the request says which.
        elements.from = scope.from.unwrap_or(elements.from);
        elements.until = scope.until.unwrap_or(elements.until);
    }
    elements.near = scope.near.or(elements.near);
    again
}

impl<D: Dial> QueryClient<D> {
    /// Reruns what is approved, now and whenever the registry changes, until `stop`.
    pub async fn rerun_until(self, stop: CancellationToken) {
        loop {
            // Taken before looking, so that a change meanwhile is not missed.
            let changed = self.agency.registry.changed();
            self.rerun_approved().await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = changed => {}
            }
        }
    }

    /// Asks once for every approved request that follows a refusal and whose query has not run.
    async fn rerun_approved(&self) {
        let state = self.agency.registry.state();
        let now = self.agency.clock.now();
        let counters = self.agency.log.counters();
        for filed in state.requests.values().map(|published| &published.value) {
            let request = &filed.request;
            let Some(refused) = request.after_refusal else { continue };
            let used = counters.uses.get(&request.id).copied().unwrap_or(0);
            if request.from != self.agency.id || filed.state(used, now) != RequestState::Approved {
                continue;
            }
            let id = id(&request.id);
            // Sent or declined, it has run: either way its id stands in the log.
            let filter = EntryFilter { query: Some(id.digest()), ..EntryFilter::default() };
            match self.store.entries(&filter, 0, 1).await {
                Ok(entries) if entries.is_empty() => {}
                Ok(_) => continue,
                Err(error) => {
                    tracing::error!(query.id = %id, %error, "whether a query ran again cannot be told");
                    continue;
                }
            }
            let query = match refused_query(&self.agency, self.store.as_ref(), refused).await {
                Ok(query) => query,
                Err(error) => {
                    tracing::warn!(query.id = %refused, %error, "a refused query cannot run again");
                    continue;
                }
            };
            let user = state.users.get(&query.requester.user);
            let Some(user) = user.filter(|u| u.enabled(now) && u.suspended().is_none()) else {
                tracing::warn!(query.id = %refused, "the user of a refused query may not ask now; it does not run");
                continue;
            };
            let actor = Actor {
                user: Some(user.name.clone()),
                full_name: user.full_name.clone(),
                agency: self.agency.id.clone(),
                auth: format!("node, rerun of {refused} under {}", request.id),
            };
            // She asked for it in that session; nobody has signed in for it since.
            let Requester { session, asserted_by, .. } = query.requester.clone();
            let requester = Requester { session, asserted_by, ..user.requester() };
            let again = as_approved(query, filed, id, requester, now);
            drop(self.ask_one(&state, again, actor).await);
        }
    }
}
