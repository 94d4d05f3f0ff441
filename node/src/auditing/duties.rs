//! Duties of the policy that people do: what is due, since when, by which section; and putting on record
//! that one was done.
//!
//! Three are recorded when they are done (posting the policy, looking whether what is stored is encrypted,
//! booking an evidence package). The others follow from what is on record of people: whose training or
//! clearance ends, and who manages access without a title that the policy names.

use std::collections::{BTreeMap, BTreeSet};

use ::agreements::policy::{Cited, Officials, Period, Policy, Tracked};
use schemas::duty::DutyCode;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::event::audit::EvidenceBooked;
use schemas::event::people::DutyRecorded;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::{Deserialize, Serialize};

use super::periodic::last_of;
use super::reconcile_schedule::days_after;
use super::walking::each;
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authenticate, authorize, policy_in_force, sections,
};
use audit::view::LogEntry;
use audit_log::entries::audit::evidence_booked;
use audit_log::entries::people::duty_recorded;
use registry::State;
use store::{EntryFilter, ReadStore};

/// How many days before its end a training or clearance is told.
const ENDING_DAYS: u32 = 30;
/// How many days there are to have titles borne that a new policy names.
const TITLES_DAYS: u32 = 30;

/// One thing that is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// What, in words that say how it goes on record.
    pub what: String,
    /// By when.
    pub by: Timestamp,
    /// Whether that is past.
    pub late: bool,
    /// The sections that demand it.
    pub sections: String,
    /// Of whom it keeps nobody but this person from asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserName>,
}

impl Due {
    /// In a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let since = if self.late { "due since" } else { "due by" };
        format!("{}, {since} {} [{}]", self.what, self.by.day(), self.sections)
    }
}

/// Entries of one kind, with their bodies.
async fn all_of(store: &dyn ReadStore, kind: EntryKind) -> Result<Vec<LogEntry>, ActError> {
    let filter = EntryFilter { kind: Some(kind), ..EntryFilter::default() };
    let mut all = Vec::new();
    each(store, &filter, |entry| all.push(entry)).await?;
    Ok(all)
}

/// What is due, what is late first, and otherwise what is due soonest.
///
/// # Errors
/// When there is no policy, or the store does not answer.
pub async fn due(agency: &OwnAgency, store: &dyn ReadStore) -> Result<Vec<Due>, ActError> {
    let (state, now) = (agency.registry.state(), agency.clock.now());
    let policy = policy_in_force(&state)?;
    // Such an entry concerns the agency itself.
    let adopted = last_of(store, EntryKind::PolicyAdopted).await?.into_values().max();
    let adopted = adopted.unwrap_or(now);
    let mut all = Vec::new();
    for tracked in &policy.tracked {
        let dues = match tracked.code {
            DutyCode::EvidenceBooked => unbooked(store, tracked, now).await?,
            _ => again(store, &state, tracked, adopted).await?,
        };
        let cited = sections(&policy.cites(tracked));
        all.extend(dues.into_iter().map(|(what, by)| Due {
            what,
            by,
            late: by <= now,
            sections: cited.clone(),
            user: None,
        }));
    }
    if let Some(access) = &policy.administration.access {
        let by = days_after(adopted, TITLES_DAYS);
        let cited = sections(&policy.cites(access));
        all.extend(untitled(&state, policy, access, now).map(|what| Due {
            what,
            by,
            late: by <= now,
            sections: cited.clone(),
            user: None,
        }));
    }
    all.extend(of_people(&state, policy, now));
    all.sort_by_key(|one| (!one.late, one.by));
    Ok(all)
}

/// When a duty that is done again and again is due.
async fn again(
    store: &dyn ReadStore,
    state: &State,
    tracked: &Tracked,
    adopted: Timestamp,
) -> Result<Vec<(String, Timestamp)>, ActError> {
    let Tracked { code, to, .. } = tracked;
    let done = all_of(store, EntryKind::DutyRecorded).await?;
    let last = done.iter().rev().find_map(|entry| match &entry.body.as_ref()?.event {
        Event::DutyRecorded(done) if (&done.duty, &done.to) == (code, to) => Some(done.clone()),
        _ => None,
    });
    // What is posted is a policy: another one is posted anew.
    let of_this = |done: &DutyRecorded| {
        *code != DutyCode::PolicyPosted || Some(done.policy) == state.policy_digest
    };
    let by = match (last.filter(of_this), tracked.every_days) {
        (Some(last), Some(days)) => days_after(last.on, days),
        (Some(_), None) => return Ok(Vec::new()),
        (None, _) => days_after(adopted, tracked.days),
    };
    let whom = to.as_ref().map(|to| format!(" --to \"{to}\"")).unwrap_or_default();
    let words = tracked.words();
    let what = format!("{words}: `accord duty record {code}{whom} --how HOW` once it is seen");
    Ok(vec![(what, by)])
}

/// Evidence packages that were made and have no number yet, and by when they are to have one.
async fn unbooked(
    store: &dyn ReadStore,
    tracked: &Tracked,
    now: Timestamp,
) -> Result<Vec<(String, Timestamp)>, ActError> {
    let exported = all_of(store, EntryKind::EvidenceExported).await?;
    if exported.is_empty() {
        return Ok(Vec::new());
    }
    let booked: BTreeSet<u64> = all_of(store, EntryKind::EvidenceBooked)
        .await?
        .into_iter()
        .filter_map(|entry| match entry.body?.event {
            Event::EvidenceBooked(booked) => Some(booked.package),
            _ => None,
        })
        .collect();
    let open = exported.into_iter().filter(|entry| !booked.contains(&entry.header.index));
    Ok(open
        .filter(|entry| entry.body.is_some())
        .map(|entry| {
            let index = entry.header.index;
            let what = format!(
                "the evidence package of entry {index} has no booking number: `accord evidence booked {index} --number N`"
            );
            (what, days_after(entry.header.at.min(now), tracked.days))
        })
        .collect())
}

/// Who manages access and bears none of the titles.
fn untitled<'a>(
    state: &'a State,
    policy: &'a Policy,
    access: &'a Officials,
    now: Timestamp,
) -> impl Iterator<Item = String> + 'a {
    let administers = move |user: &&User| {
        user.enabled(now) && policy.people.administer.admit(&user.roles, &user.title)
    };
    let titles: Vec<_> = access.titles.iter().map(Text::as_str).collect();
    let titles = titles.join(" or ");
    state.users.values().filter(administers).filter_map(move |user| {
        let lasting = user.delegations.iter().filter(|one| (one.from..one.until).contains(&now));
        let held = access.relied_on(&user.title, lasting.map(|one| &one.title));
        held.is_none().then(|| {
            format!(
                "`{}` manages access and is not the {titles}: have the title delegated (`accord user delegate`), or end the account",
                user.name
            )
        })
    })
}

/// Whose training or clearance is missing or ends.
fn of_people(state: &State, policy: &Policy, now: Timestamp) -> Vec<Due> {
    let query = &policy.people.query;
    let asks = |user: &&User| user.enabled(now) && query.admit(&user.roles, &user.title);
    let soon = now.plus_days(ENDING_DAYS);
    let mut all = Vec::new();
    for user in state.users.values().filter(asks) {
        let mut put = |what: &str, end: Option<Timestamp>, command: &str, value: &dyn Cited| {
            let name = &user.name;
            let said = match end {
                None => format!("no {what} of `{name}` is on record, who asks nothing without"),
                Some(_) => format!("the {what} of `{name}` ends"),
            };
            let by = end.unwrap_or(now);
            if by < soon {
                all.push(Due {
                    what: format!("{said}: `accord user {command} {name} --on DAY`"),
                    by,
                    late: by <= now,
                    sections: sections(&policy.cites(value)),
                    user: Some(name.clone()),
                });
            }
        };
        let training = &policy.training;
        if training.demanded {
            let end = user.trained_on.map(|on| ends(on, training.every()));
            put("training", end, "train", training);
        }
        if let Some(clearance) = &policy.clearance {
            let end = user.cleared_on.map(|on| ends(on, clearance.every()));
            put(clearance.what.as_str(), end, "clear", clearance);
        }
    }
    all
}

/// When what holds so long since `on` ends.
fn ends(on: Timestamp, every: Option<Period>) -> Timestamp {
    every.map_or(Timestamp::MAX, |every| every.after(on))
}

/// A duty as somebody says that it was done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// Which.
    pub duty: DutyCode,
    /// Where, or how.
    pub how: Text,
    /// To whom, of what is given to somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Text>,
    /// When; now where absent.
    #[serde(default)]
    pub on: Option<Timestamp>,
}

/// Puts on record that a duty was done.
///
/// # Errors
/// When the policy tracks no such duty, it is one of packages, the day is to come, or the actor may not.
pub async fn record(
    agency: &OwnAgency,
    by: &Principal,
    done: &Done,
) -> Result<DutyRecorded, ActError> {
    let Done { duty, how, to, on } = done;
    if how.is_empty() {
        return Err(ActError::usage("say where or how with --how".into()));
    }
    let (_, recorded) = agency
        .act(|state, now| {
            let user = authorize(state, by, Permission::Administer, now)?;
            let policy = policy_in_force(state)?;
            if *duty == DutyCode::EvidenceBooked {
                return Err(ActError::usage(
                    "each package is booked by its own number: `accord evidence booked ENTRY --number N`"
                        .into(),
                ));
            }
            if policy.tracked(*duty, to.as_ref()).is_none() {
                let known: Vec<_> = policy.tracked.iter().map(Tracked::name).collect();
                let whom = to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
                return Err(ActError::usage(format!(
                    "the policy in force tracks no `{duty}`{whom}; it tracks {}",
                    if known.is_empty() { "nothing".to_owned() } else { known.join(", ") }
                )));
            }
            let on = on.unwrap_or(now);
            if on > now {
                return Err(ActError::usage(format!("{} is yet to come", on.day())));
            }
            let digest = state.policy_digest.ok_or_else(|| {
                ActError::failed_as("no_policy", "no policy is in force".into())
            })?;
            let (how, to) = (how.clone(), to.clone());
            let recorded = DutyRecorded { duty: *duty, on, how, to, policy: digest };
            Ok((duty_recorded(state, agency.actor(&user, by), recorded.clone()), recorded))
        })
        .await?;
    Ok(recorded)
}

/// Puts on record under which number an evidence package is booked, by whoever may ask or administers.
///
/// # Errors
/// When there is no such package, no number is given, it is booked already, or the actor may not.
pub async fn book(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    booked: &EvidenceBooked,
) -> Result<EvidenceBooked, ActError> {
    let EvidenceBooked { package, number } = booked;
    if number.is_empty() {
        return Err(ActError::usage("give the number of the booking with --number".into()));
    }
    let (state, now) = (agency.registry.state(), agency.clock.now());
    let user = authenticate(&state, by, now)?;
    if authorize(&state, by, Permission::Query, now).is_err() {
        authorize(&state, by, Permission::Administer, now)?;
    }
    let found = store.entry(*package).await?;
    let exported = found.as_ref().map(LogEntry::of).transpose()?;
    if exported.is_none_or(|one| one.header.kind != EntryKind::EvidenceExported) {
        return Err(ActError::usage(format!(
            "entry {package} records no evidence package; see `accord audit log --kind evidence.exported`"
        )));
    }
    let numbers: BTreeMap<u64, Text> = all_of(store, EntryKind::EvidenceBooked)
        .await?
        .into_iter()
        .filter_map(|entry| match entry.body?.event {
            Event::EvidenceBooked(booked) => Some((booked.package, booked.number)),
            _ => None,
        })
        .collect();
    if numbers.get(package) == Some(number) {
        return Err(ActError::usage(format!("package {package} is booked as {number} already")));
    }
    agency.log.append(evidence_booked(agency.actor(&user, by), booked.clone())).await?;
    Ok(booked.clone())
}
