//! Making reports of the audit log. A report is an entry first; its position and the signed head
//! that covers it stand in the report.

use schemas::entry::EntryKind;
use schemas::time::Timestamp;

use crate::context::NodeContext;
use crate::permission::{ActError, Permission, Principal, authorize, policy_in_force};
use audit::report::exceptions::exceptions;
use audit::report::{Accesses, Kind, MadeFrom, Report};
use audit::view::Viewed;
use audit_log::entry::Entry;
use store::EntryFilter;

mod sharing;

/// Entries read at a time.
const STEP: u32 = 500;

/// A period without an instant in it.
fn period(from: Option<Timestamp>, until: Option<Timestamp>) -> Result<(), ActError> {
    match (from, until) {
        (Some(from), Some(until)) if from >= until => Err(ActError::usage(format!(
            "a period from {from} until {until} holds nothing; give an earlier --from"
        ))),
        _ => Ok(()),
    }
}

impl NodeContext {
    /// Makes a report.
    ///
    /// # Errors
    /// When the actor may not, the period holds nothing, or log or store do not answer.
    pub async fn report(
        &self,
        by: &Principal,
        kind: Kind,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Result<Report, ActError> {
        period(from, until)?;
        let state = self.agency.registry.state();
        let user = authorize(&state, by, Permission::Audit, self.agency.clock.now())?;
        let mut entry = Entry::new(EntryKind::AuditReported, self.agency.actor(user, by))
            .with_detail("report", kind.code());
        for (key, value) in [("from", from), ("until", until)] {
            if let Some(value) = value {
                entry = entry.with_detail(key, value.to_string());
            }
        }
        let appended = self.agency.log.append(entry).await?;
        let signed = self.agency.log.head()?;
        let head = signed.unverified();
        let made_from = MadeFrom {
            entry: appended.position().index,
            size: head.size,
            root: head.root.to_string(),
            signed_at: appended.at(),
            checkpoint: signed.to_string(),
        };
        let below = made_from.entry;
        let rows = match kind {
            Kind::Access | Kind::Statutory => self.accesses(from, until, below).await?.rows(kind),
            Kind::Sharing => self.sharing(&state, from, until, below).await?,
            Kind::Exceptions => {
                let accesses = self.accesses(from, until, below).await?;
                let zone = jiff::tz::TimeZone::system();
                exceptions(&accesses, policy_in_force(&state)?, &zone)
            }
        };
        let by = format!("{} ({})", user.full_name, user.name);
        let agency = self.agency.id.to_string();
        Ok(Report { report: kind, agency, by, from, until, made_from, rows })
    }

    /// The accesses of a period among the entries before `below`.
    pub(super) async fn accesses(
        &self,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
        below: u64,
    ) -> Result<Accesses, ActError> {
        let mut accesses = Accesses::default();
        self.each(from, below, |entry| accesses.take(entry, until)).await?;
        Ok(accesses)
    }

    /// Hands over every entry at or after `from` that stands before `below`, in order.
    pub(super) async fn each(
        &self,
        from: Option<Timestamp>,
        below: u64,
        mut take: impl FnMut(Viewed),
    ) -> Result<(), ActError> {
        let filter = EntryFilter { from, ..EntryFilter::default() };
        let mut start = 0;
        loop {
            let step = self.store.entries(&filter, start, STEP).await?;
            let whole = step.len() < STEP as usize;
            for entry in &step {
                let viewed = Viewed::of(entry)?;
                start = viewed.header.index.saturating_add(1);
                if viewed.header.index >= below {
                    return Ok(());
                }
                take(viewed);
            }
            if whole {
                return Ok(());
            }
        }
    }
}
