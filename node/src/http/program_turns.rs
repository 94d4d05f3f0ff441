//! How much of a node's attention one program has: so many requests at once, and no more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use registry::ProgramName;
use schemas::time::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ApiError;
use super::problem::Problem;

/// Requests of one program that are served at once. A machine has twice as many connections.
pub const AT_ONCE: usize = 32;

/// Pages of records that one program fetches in a day: each is an entry of the log, and this many hold far more
/// records than any agency makes.
const PAGES_A_DAY: u32 = 5_000;

/// The turns of each program that has asked since the node started.
#[derive(Debug, Default)]
pub struct ProgramTurns {
    turns: Mutex<BTreeMap<ProgramName, Arc<Semaphore>>>,
    /// Pages of records that each has fetched on a day, by its start.
    pages: Mutex<BTreeMap<ProgramName, (Timestamp, u32)>>,
}

impl ProgramTurns {
    /// A turn, until it is dropped.
    ///
    /// # Errors
    /// When the program has as many as it may.
    pub(super) fn begin(&self, program: &ProgramName) -> Result<OwnedSemaphorePermit, ApiError> {
        let turns = {
            let mut all = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(program.clone()).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))).clone()
        };
        turns.try_acquire_owned().map_err(|_| {
            let why = format!(
                "program `{program}` has {AT_ONCE} requests under way; ask again once one of them has ended"
            );
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "program_busy", why).into()
        })
    }

    /// Counts a page of records that a program fetches at `now`.
    ///
    /// # Errors
    /// When it has fetched as many as it may that day.
    pub(super) fn fetches_a_page(
        &self,
        program: &ProgramName,
        now: Timestamp,
    ) -> Result<(), ApiError> {
        let mut all = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let (day, fetched) = all.entry(program.clone()).or_insert((Timestamp::MIN, 0));
        if *day != now.day_start() {
            (*day, *fetched) = (now.day_start(), 0);
        }
        if *fetched >= PAGES_A_DAY {
            let why = format!(
                "program `{program}` has fetched {PAGES_A_DAY} pages of records on {}; go on with longer pages tomorrow, by limit=1000",
                day.day()
            );
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "program_busy", why).into());
        }
        *fetched = fetched.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_fetches_so_many_pages_a_day_and_keeps_none_from_another() {
        let turns = ProgramTurns::default();
        let [rms, other] = ["rms", "other"].map(|name| name.parse::<ProgramName>().unwrap());
        let now: Timestamp = "2026-12-01T23:00:00Z".parse().unwrap();
        for _ in 0..PAGES_A_DAY {
            assert!(turns.fetches_a_page(&rms, now).is_ok());
        }
        assert!(turns.fetches_a_page(&rms, now).is_err());
        assert!(turns.fetches_a_page(&other, now).is_ok());
        assert!(turns.fetches_a_page(&rms, now.plus_days(1)).is_ok());
    }
}
