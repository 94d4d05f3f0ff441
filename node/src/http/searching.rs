//! Searching one's own reads and asking peers, for every way in: what is turned down is on record like
//! any other attempt.

use schemas::draft::Draft;
use schemas::query::QueryId;
use schemas::text::Text;
use tokio::sync::mpsc;

use super::state::AppState;
use crate::auditing::evidence::{Package, Packaging};
use crate::exchange::ask::{
    IdempotencyKey, QueryOutcome, ReleaseDecided, ReleaseInput, log_rejected_draft,
};
use crate::permission::{ActError, Principal};
use crate::reads::search;

impl AppState {
    /// Searches this agency's own reads.
    ///
    /// # Errors
    /// When the person may not, or the search cannot be made or logged.
    pub async fn search_own(
        &self,
        by: &Principal,
        draft: &Draft,
    ) -> Result<QueryOutcome, ActError> {
        let context = &self.context;
        let found = match by.may_ask_for(draft.why.purpose) {
            Ok(()) => search::search(&context.agency, context.store.as_ref(), by, draft).await,
            Err(refused) => Err(refused),
        };
        self.recorded(by, draft, found).await
    }

    /// What a search of one's own reads found, with a warning where no other agency holds a head over its
    /// entry within the time for it.
    pub async fn seen(&self, found: QueryOutcome) -> QueryOutcome {
        let entry = found.log.as_ref().map_or(0, |log| log.index);
        let warning = self.seen.unless_seen(&self.peers, entry).await;
        QueryOutcome { warning, ..found }
    }

    /// Asks peers, with a key each owner once; outcomes come in the order they happen. Whether the person's role may query is the
    /// policy's rule, with its section.
    ///
    /// # Errors
    /// When nobody can be asked at all.
    pub async fn ask_peers(
        &self,
        by: &Principal,
        draft: &Draft,
        once: Option<IdempotencyKey>,
    ) -> Result<mpsc::Receiver<QueryOutcome>, ActError> {
        let asked = match (by.may_ask_for(draft.why.purpose), once) {
            (Err(refused), _) => Err(refused),
            (Ok(()), None) => self.queries.ask(draft, by).map_err(ActError::from),
            (Ok(()), Some(key)) => {
                self.queries.ask_once(draft, by, key).await.map_err(ActError::from)
            }
        };
        self.recorded(by, draft, asked).await
    }

    /// Releases a query that the screening of one's own policy declined, or does not.
    ///
    /// # Errors
    /// When none of this id waits, it is her own, or the policy names no role of hers for it.
    pub async fn release(
        &self,
        by: &Principal,
        id: QueryId,
        input: &ReleaseInput,
    ) -> Result<ReleaseDecided, ActError> {
        let live = self.sign_in.sessions().await.into_iter().map(|session| session.id).collect();
        self.queries.release(id, by, input, &live).await
    }

    /// Puts what belongs to a case into a package.
    ///
    /// # Errors
    /// When nothing is on record for the case, the person may not ask for what belongs to it, or it
    /// cannot be logged.
    pub async fn evidence(&self, by: &Principal, case: &Text) -> Result<Package, ActError> {
        let context = &self.context;
        let packaging = Packaging {
            agency: &context.agency,
            keys: &context.keys,
            store: context.store.as_ref(),
            photographs: &context.photographs,
        };
        packaging.package(by, case).await
    }

    /// Records an attempt that a rule turned down.
    async fn recorded<T>(
        &self,
        by: &Principal,
        draft: &Draft,
        done: Result<T, ActError>,
    ) -> Result<T, ActError> {
        if let Err(error @ ActError::Refused(_)) = &done {
            log_rejected_draft(&self.context.agency, by, draft, &error.to_string()).await?;
        }
        done
    }
}
