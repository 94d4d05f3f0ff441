//! Making reports of the audit log. A report is an entry first; its position and the signed head
//! that covers it stand in the report.

use schemas::event::audit::AuditReported;
use schemas::time::Timestamp;

use crate::exchange::judged::Judge;
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize, policy_in_force};
use audit::report::exceptions::{Usual, exceptions};
use audit::report::{Accesses, Kind, MadeFrom, Report};
use audit::time::empty_period;
use audit::verify::Judged;
use audit_log::entries::audit::audit_reported;
use audit_log::entry::Entry;
use store::{EntryFilter, ReadStore};

mod sharing;

/// Entries read at a time.
const STEP: u32 = 500;

/// Puts a report on record, and says of which log it is: the entry, and the signed head that covers it.
pub(super) async fn made_from(agency: &OwnAgency, entry: Entry) -> Result<MadeFrom, ActError> {
    let appended = agency.log.append(entry).await?;
    let signed = agency.log.head()?;
    let head = signed.unverified();
    Ok(MadeFrom {
        entry: appended.position().index,
        size: head.size,
        root: head.root.to_string(),
        signed_at: appended.at(),
        checkpoint: signed.to_string(),
        exported: false,
    })
}

/// Makes a report; exceptions of agencies begin beyond what is `usual`.
///
/// # Errors
/// When the actor may not, the period holds nothing, or log or store do not answer.
pub async fn make(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    kind: Kind,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    usual: &Usual,
) -> Result<Report, ActError> {
    if let Some(empty) = empty_period(from, until) {
        return Err(ActError::usage(empty));
    }
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Audit, now)?;
    if kind == Kind::Public {
        return Err(ActError::usage("a public report is no table of accesses; `accord audit report --kind public` asks for it".into()));
    }
    let reported = AuditReported { report: kind.code().into(), from, until, in_parts: false };
    let auditor = agency.looking(&state, &user, by, now)?;
    let made_from = made_from(agency, audit_reported(auditor, reported)).await?;
    let below = made_from.entry;
    let rows = match kind {
        Kind::Access | Kind::Statutory => {
            accesses(agency, store, from, until, below).await?.rows(kind)
        }
        Kind::Sharing => sharing::rows(agency, store, &state, from, until, below).await?,
        Kind::Exceptions => {
            let accesses = accesses(agency, store, from, until, below).await?;
            let zone = jiff::tz::TimeZone::system();
            exceptions(&accesses, policy_in_force(&state)?, &zone, usual)
        }
        Kind::Public => Vec::new(),
    };
    let by = format!("{} ({})", user.full_name, user.name);
    Ok(Report { report: kind, agency: agency.id.to_string(), by, from, until, made_from, rows })
}

/// The accesses of a period among the entries before `below`.
pub(super) async fn accesses(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    below: u64,
) -> Result<Accesses, ActError> {
    let mut accesses = Accesses::default();
    each(agency, store, from, below, |entry| accesses.take(entry, until)).await?;
    Ok(accesses)
}

/// Hands over every entry at or after `from` that stands before `below`, in order, as it was judged.
pub(super) async fn each(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    from: Option<Timestamp>,
    below: u64,
    mut take: impl FnMut(Judged),
) -> Result<(), ActError> {
    let filter = EntryFilter { from, ..EntryFilter::default() };
    let mut judge = Judge::of(agency, from.is_none()).await?;
    let mut start = 0;
    loop {
        let step = store.entries(&filter, start, STEP).await?;
        let whole = step.len() < STEP as usize;
        for entry in judge.judge(step).await? {
            start = entry.header.index.saturating_add(1);
            if entry.header.index >= below {
                return Ok(());
            }
            take(entry);
        }
        if whole {
            return Ok(());
        }
    }
}
