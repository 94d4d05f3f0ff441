//! Places that an answer takes up, reserved before anything is searched: a use of a written request, a
//! place of the day's limit, a slot for its receipt. So nothing is looked up that could not be
//! released, and how long a refusal takes, or what it costs, tells nothing of what is stored.
//!
//! A place is counted when the answer is in the log, and free again when nothing was appended. In
//! memory alone: after a crash nothing is being answered.

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use agreements::decide::Permit;
use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::time::Timestamp;
use store::LogState;
use tokio::sync::Notify;

/// What there are only so many of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Uses of a written request.
    Use(AuthorityId),
    /// Answers of a day to one party.
    Day(AuthorityId, AgencyId),
    /// Answers to one party without receipt.
    Receipt(AgencyId),
}

impl Place {
    /// How many are taken for good, as of the last entry.
    fn taken(&self, counters: &LogState, now: Timestamp) -> u32 {
        let taken = match self {
            Self::Use(authority) => counters.uses.get(authority),
            // Counters are as of the last append, which may have been yesterday's.
            Self::Day(authority, requester) => counters
                .today
                .get(&(authority.clone(), requester.clone()))
                .filter(|_| counters.day_start == Some(now.day_start())),
            Self::Receipt(requester) => counters.unreceipted.get(requester),
        };
        taken.copied().unwrap_or(0)
    }
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// None is left: what was decided no longer holds.
    Gone,
    /// As many answers are without receipt as may be.
    ReceiptsOutstanding,
    /// Answers under way hold what is left; one of them may give its place back.
    Held,
}

/// The places of one answer, until it is durable or given up.
pub(super) struct Reserved {
    all: Arc<Reservations>,
    places: Vec<Place>,
}

/// Places of answers that are under way.
#[derive(Default)]
pub(super) struct Reservations {
    held: Mutex<HashMap<Place, u32>>,
    freed: Arc<Notify>,
}

impl Reservations {
    /// The places that an answer to `requester` takes up by this permit, as long as fewer than
    /// `receipts` are without receipt. `counters` are read once nobody else can reserve.
    pub(super) fn reserve(
        this: &Arc<Self>,
        permit: &Permit,
        requester: &AgencyId,
        receipts: u32,
        now: Timestamp,
        counters: impl FnOnce() -> Arc<LogState>,
    ) -> Result<Reserved, NoPlace> {
        let receipt = (Place::Receipt(requester.clone()), receipts);
        let of_use = permit.consumes.clone().map(|(id, most)| (Place::Use(id), most));
        let of_day =
            permit.daily.clone().map(|(id, most)| (Place::Day(id, requester.clone()), most));
        let wanted: Vec<_> = [Some(receipt), of_use, of_day].into_iter().flatten().collect();
        let mut held = this.held.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = counters();
        let mut all_free = true;
        for (place, most) in &wanted {
            let taken = place.taken(&counters, now);
            if taken >= *most {
                return Err(match place {
                    Place::Receipt(_) => NoPlace::ReceiptsOutstanding,
                    _ => NoPlace::Gone,
                });
            }
            all_free &= taken.saturating_add(held.get(place).copied().unwrap_or(0)) < *most;
        }
        if !all_free {
            return Err(NoPlace::Held);
        }
        let places: Vec<Place> = wanted.into_iter().map(|(place, _)| place).collect();
        for place in &places {
            let held = held.entry(place.clone()).or_default();
            *held = held.saturating_add(1);
        }
        Ok(Reserved { all: this.clone(), places })
    }

    /// Ends once a place that is held at this moment is counted or free.
    pub(super) fn freed(&self) -> impl Future<Output = ()> + use<> {
        // `notified_owned` counts from its making on, not from its first poll.
        self.freed.clone().notified_owned()
    }
}

impl Reserved {
    /// To be kept by who appends the answer, until that is done.
    pub(super) fn until_appended(self) -> Box<dyn Any + Send> {
        Box::new(self)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut held = self.all.held.lock().unwrap_or_else(PoisonError::into_inner);
        for place in &self.places {
            let left = held.get(place).copied().unwrap_or(0).saturating_sub(1);
            if left == 0 {
                held.remove(place);
            } else {
                held.insert(place.clone(), left);
            }
        }
        drop(held);
        self.all.freed.notify_waiters();
    }
}
