//! What the public may see: making a report, and releasing it, or the page of the policy, by the official
//! whom the policy names. Nothing is shown before that, and nothing else than what was released.

use ::agreements::policy::{Officials, Policy};
use schemas::digest::{Digest, hex};
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::event::audit::{AuditReported, Shown, Viewed};
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;

use super::entries::{beyond, record_view};
use super::proofs::of_entry;
use super::reports::each;
use crate::permission::{
    ActError, OwnAgency, Permission, Principal, authorize, policy_in_force, sections, with_access,
};
use audit::public::{Counting, Facts, PublicReport, ReleaseProof, ReleasedBefore, report};
use audit::report::Kind;
use audit::view::LogEntry;
use audit_log::entries::audit::{audit_reported, public_released, public_shown, public_withdrawn};
use registry::{PublicRelease, State};
use store::ReadStore;

/// Makes a public report of the log as it stands. It shows nothing to anybody: that takes a release.
///
/// # Errors
/// When the actor may not, or log or store do not answer.
pub async fn make(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    in_parts: bool,
) -> Result<PublicReport, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let user = authorize(&state, by, Permission::Audit, now)?;
    let auditor = agency.looking(&state, &user, by, now)?;
    let reported =
        AuditReported { report: Kind::Public.code().into(), from: None, until: None, in_parts };
    let appended = agency.log.append(audit_reported(auditor, reported)).await?;
    as_of(agency, store, appended.position().index, appended.at(), in_parts).await
}

/// Makes the public report that an entry records once more: the same, byte for byte, or something of the
/// log was changed.
///
/// # Errors
/// When the actor may not, the entry records none, or log or store do not answer.
pub async fn again(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    entry: u64,
) -> Result<PublicReport, ActError> {
    let last = record_view(agency, by, Viewed::PublicReportOf(entry)).await?;
    if entry >= last {
        return Err(beyond(entry, last));
    }
    let (at, in_parts) = recorded(store, entry).await?;
    as_of(agency, store, entry, at, in_parts).await
}

/// When the entry was made that records a public report, and whether it tells counts in parts.
async fn recorded(store: &dyn ReadStore, entry: u64) -> Result<(Timestamp, bool), ActError> {
    let found = store.entry(entry).await?;
    let read = found.as_ref().map(LogEntry::of).transpose();
    let read = read.map_err(|e| ActError::failed(e.to_string()))?;
    let none = || {
        ActError::usage(format!(
            "entry {entry} records no public report; `accord audit log --kind {}` lists reports",
            EntryKind::AuditReported
        ))
    };
    let read = read.ok_or_else(none)?;
    match read.body.as_ref().map(|body| &body.event) {
        Some(Event::AuditReported(said)) if said.report == Kind::Public.code() => {
            Ok((read.header.at, said.in_parts))
        }
        _ => Err(none()),
    }
}

async fn as_of(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    entry: u64,
    at: Timestamp,
    in_parts: bool,
) -> Result<PublicReport, ActError> {
    let state = agency.registry_at(Some(at)).await?;
    let mut counting = Counting::beside(&state);
    each(agency, store, None, entry, |judged| counting.take(&judged.header, judged.body.as_ref()))
        .await?;
    let before = state.public.reports.iter().filter_map(|release| {
        let (_, made_at) = release.report.filter(|(of, _)| *of < entry)?;
        Some(ReleasedBefore { digest: release.digest, made_at, in_parts: release.in_parts })
    });
    let facts = Facts {
        agency: &agency.id,
        state: &state,
        policy: policy_in_force(&state)?,
        entry,
        made_at: at,
        in_parts,
        before: before.collect(),
    };
    Ok(report(counting, &facts))
}

/// What is to be released.
#[derive(Debug)]
pub enum Release<'a> {
    /// The public report that this entry records.
    Report(u64),
    /// This page of the policy.
    Page(&'a str),
}

/// What was released.
#[derive(Debug)]
pub struct Released {
    /// Its exact bytes.
    pub bytes: Vec<u8>,
    /// H(those).
    pub digest: Digest,
    /// The entry that records it.
    pub entry: u64,
}

/// Releases a report or the page of the policy to the public; what is released has to be what the official
/// read, by its `digest`.
///
/// # Errors
/// When the actor is not the official, it is something else by now, or log or store do not answer.
pub async fn release(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    what: &Release<'_>,
    digest: Digest,
) -> Result<Released, ActError> {
    let now = agency.clock.now();
    official(&agency.registry.state(), by, now)?;
    let (shown, bytes, made) = match what {
        Release::Page(page) => (Shown::Page, page.as_bytes().to_vec(), None),
        Release::Report(entry) => {
            let (at, in_parts) = recorded(store, *entry).await?;
            let report = as_of(agency, store, *entry, at, in_parts).await?;
            (Shown::Report, report.bytes(), Some((*entry, at, in_parts, report.previous)))
        }
    };
    let found = Digest::of(&bytes);
    if found != digest {
        let what = if shown == Shown::Page { "page" } else { "report" };
        return Err(ActError::usage(format!(
            "the {what} has the digest {found}, not {digest}; read it again, then release what you read with --digest {found}"
        )));
    }
    let (appended, ()) = agency
        .act(|state, now| {
            let (user, title) = official(state, by, now)?;
            let before = state.public.reports.last().map(|before| before.digest);
            let previous = made.and_then(|(.., previous)| previous);
            // The same one again follows on whatever it followed on.
            if let Some((entry, ..)) = made
                && before != previous
                && before != Some(digest)
            {
                return Err(ActError::usage(format!(
                    "another report was released since that of entry {entry} was made, on which it does not follow; make it anew with `accord audit report --kind public`"
                )));
            }
            let release = PublicRelease {
                shown,
                digest,
                report: made.map(|(entry, at, ..)| (entry, at)),
                in_parts: made.is_some_and(|(_, _, in_parts, _)| in_parts),
                title,
                by: user.name.clone(),
            };
            Ok((public_released(state, agency.actor(&user, by), release, previous), ()))
        })
        .await?;
    Ok(Released { bytes, digest, entry: appended.position().index })
}

/// Shows the public a report or the page no longer.
///
/// # Errors
/// When the actor is not the official, or nothing of the kind is shown.
pub async fn withdraw(
    agency: &OwnAgency,
    by: &Principal,
    shown: Shown,
    reason: &Text,
) -> Result<(), ActError> {
    let withdrawn = agency.act(|state, now| {
        let (user, _) = official(state, by, now)?;
        if state.public.of(shown).is_none() {
            return Err(ActError::usage("nothing of the kind is shown to the public".into()));
        }
        Ok((public_withdrawn(state, agency.actor(&user, by), shown, reason), ()))
    });
    withdrawn.await.map(drop)
}

/// The person who acts, and the title by which she may release: the official responsible, or the custodian,
/// whom the policy names, or whoever their authority is delegated to.
fn official(state: &State, by: &Principal, now: Timestamp) -> Result<(User, Text), ActError> {
    let user = with_access(state, by, now)?.into_owned();
    let policy: &Policy = policy_in_force(state)?;
    let administration = &policy.administration;
    let titles = std::iter::once(&administration.administrator).chain(&administration.custodian);
    let officials = Officials {
        titles: titles.map(|official| official.title.clone()).collect(),
        designee: true,
        at: administration.administrator.at.clone(),
        setting: None,
    };
    let lasting = user.delegations.iter().filter(|one| (one.from..one.until).contains(&now));
    match officials.relied_on(&user.title, lasting.map(|one| &one.title)) {
        Some((title, _)) => {
            let title = title.clone();
            Ok((user, title))
        }
        None => {
            let titles: Vec<&str> = officials.titles.iter().map(Text::as_str).collect();
            Err(ActError::refused(format!(
                "`{}` ({}) may not release anything to the public; it takes the {}, or a delegation recorded with `accord user delegate` [{}]",
                user.name,
                if user.title.is_empty() { "no title" } else { user.title.as_str() },
                titles.join(" or the "),
                sections(&policy.cites(&officials))
            )))
        }
    }
}

/// Records that the public is shown what the entry `released` released, and proves it: by an entry that names
/// nobody, under the head of this moment. It is made once; made anew for whoever asks, it would tell how busy the
/// log is.
///
/// # Errors
/// When log or store do not answer, or the agency has no card.
pub async fn show(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    shown: Shown,
    release: &Released,
) -> Result<ReleaseProof, ActError> {
    let entry = public_shown(agency.node_actor(), shown, release.digest, release.entry);
    let index = agency.log.append(entry).await?.position().index;
    let failed = |e: &str| ActError::failed(format!("entry {index}: {e}"));
    let stored = store.entry(index).await?.ok_or_else(|| failed("it is missing"))?;
    let proven = of_entry(store, &stored, agency.log.head()?).await?;
    let state = agency.registry.state();
    let card = state.own.as_ref().ok_or_else(|| failed("this agency has no card of its own"))?;
    let (Some(salt), Some(body)) = (&stored.salt, &stored.body) else {
        return Err(failed("its body is gone"));
    };
    Ok(ReleaseProof {
        salt: hex(salt),
        body: body.clone(),
        proof: proven.proof,
        card: card.envelope.clone(),
    })
}
