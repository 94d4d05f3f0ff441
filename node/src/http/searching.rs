//! Searching one's own reads and asking peers, for every way in: what is turned down is on record like
//! any other attempt.

use schemas::draft::Draft;
use tokio::sync::mpsc;

use super::state::AppState;
use crate::exchange::ask::{QueryOutcome, log_rejected_draft};
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

    /// Asks peers; outcomes come in the order they happen. Whether the person's role may query is the
    /// policy's rule, with its section.
    ///
    /// # Errors
    /// When nobody can be asked at all.
    pub async fn ask_peers(
        &self,
        by: &Principal,
        draft: &Draft,
    ) -> Result<mpsc::Receiver<QueryOutcome>, ActError> {
        let asked = by.may_ask_for(draft.why.purpose);
        let asked = asked.and_then(|()| self.queries.ask(draft, by).map_err(ActError::from));
        self.recorded(by, draft, asked).await
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
