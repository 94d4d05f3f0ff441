//! `/status` and `/doctor`

use axum::extract::State;
use schemas::agency::AgencyId;
use schemas::query::UserName;
use schemas::time::Timestamp;
use serde_json::Value;

use super::checks::{
    Check, NAMED, accounts, asked, audits, backups, clock, cosigned, duties, files, mentions,
    peers, proofs, reached, records, sign_on, strangers,
};
use crate::admin::second_person::to_countersign;
use crate::auditing::duties::due as duties_due;
use crate::auditing::periodic::due as audits_due;
use crate::auditing::unseen::Unseen;
use crate::config::Origin;
use crate::exchange::deliver::RefusedLetter;
use crate::exchange::standing::ProofBook;
use crate::http::error::ApiResult;
use crate::http::extract::Json;
use crate::http::state::{App, AppState};
use crate::http::waiting::Waiting;
use crate::permission::{ActError, Principal};
use crate::retention::RetentionReport;
use audit::wording::counted;
use audit_log::database_head::HeadError;
use audit_log::registry_chain::ProvenChange;
use store::{Queued, StoreError};

pub(in crate::http) async fn show(State(app): App) -> Json<Value> {
    Json(app.ready())
}

/// What waits for whoever asks.
pub(in crate::http) async fn waiting(
    State(app): App,
    by: Principal,
) -> ApiResult<Json<Vec<Waiting>>> {
    Ok(Json(app.waiting(&by).await?))
}

/// How soon a certificate's end is too soon, in days.
const SOON_DAYS: i64 = 14;
/// Free space below which doctor warns, in bytes.
const ROOM: u64 = 1 << 30;

/// Whether who may see what is, in the database too, what the log tells.
fn registry(proven: Result<Vec<ProvenChange>, StoreError>) -> Check {
    Check {
        check: "registry",
        ok: proven.is_ok(),
        detail: proven.map_or_else(
            |error| error.to_string(),
            |changes| {
                format!("{}, each as its entry says", counted(changes.len(), "change", "changes"))
            },
        ),
    }
}

/// Whether the log can be written, and the database is as it was signed.
fn log(failing: bool, fits: Result<(), HeadError>, entries: u64) -> Check {
    let ok = !failing && fits.is_ok();
    let detail = match fits {
        _ if failing => {
            "could not be written the last time; nothing is asked or answered until it can be"
                .into()
        }
        Err(error) => error.to_string(),
        Ok(()) => format!("{}, as signed", counted(entries, "entry", "entries")),
    };
    Check { check: "log", ok, detail }
}

/// What a node can say of itself.
pub(in crate::http) async fn doctor(State(app): App) -> Json<Vec<Check>> {
    Json(every_check(&app).await)
}

/// Every check.
pub async fn every_check(app: &AppState) -> Vec<Check> {
    let context = &app.context;
    let state = context.agency.registry.state();
    let counters = context.agency.log.counters();
    let failing = context.agency.log.metrics().failing();
    let now = context.agency.clock.now();
    let waiting = context.store.outbox(u32::MAX).await;
    let reads = context.store.reads_before(Timestamp::MAX).await;
    let mut checks = vec![
        clock(app, now, counters.last_at),
        alarms(&state),
        certificate(app),
        disk(app),
        backups(app, &state, now).await,
        sources(app),
        audits(audits_due(&context.agency, context.store.as_ref()).await),
        duties(duties_due(&context.agency, context.store.as_ref()).await),
        cosigned(Unseen::of(app.context.store.as_ref(), counters.size).await),
        proofs(ProofBook::of(context).all().await),
        log(failing, context.agency.log.database_fits().await, counters.size),
        Check {
            check: "policy",
            ok: state.policy.is_some(),
            detail: state.policy.as_ref().map_or("none in force".into(), |p| p.source.to_string()),
        },
        Check {
            check: "database",
            ok: reads.is_ok(),
            detail: match (reads, context.store.about().await) {
                (Ok(reads), Ok(about)) => {
                    format!("{}; {about}", counted(reads, "read", "reads"))
                }
                (Err(error), _) | (_, Err(error)) => error.to_string(),
            },
        },
        mentions(app.mentions.last()),
        registry(context.agency.log.proven_changes().await),
        people(app, &state, now).await,
        sign_on(app, now).await,
        photographs(context).await,
        keys(app, &state),
        files(app),
        reached(state.own.as_ref().map(|own| &own.value), &app.card_not_shown()),
        retention(app.retention.status().await),
        peers(app, &state, now).await,
        strangers(app),
        asked(&counters, now, context.bounds.usual_plates_per_day),
        outbox(waiting, &app.letters_refused()),
        Check { check: "cipher", ok: true, detail: "TLS 1.3, AES-256-GCM only".into() },
        Check {
            check: "cards waiting",
            ok: state.peers.values().all(|peer| peer.held.is_none()),
            detail: state
                .peers
                .iter()
                .filter_map(|(id, peer)| {
                    peer.held.as_ref().map(|held| format!("{id}: {}", held.why))
                })
                .collect::<Vec<_>>()
                .join("; "),
        },
    ];
    checks.extend(records(app));
    checks
}

/// Whether the certificate of the HTTPS side is good for a while yet. The node renews its own; an
/// agency's own is the agency's to renew.
fn certificate(app: &AppState) -> Check {
    let Some(served) = &app.certificate else {
        return Check { check: "certificate", ok: true, detail: "no HTTPS side is served".into() };
    };
    let shown = served.certificate();
    let days = shown.days_left(app.context.agency.clock.now());
    let host = app.config.origin.as_ref().map(Origin::host);
    let other = host.filter(|host| !shown.is_for(host));
    let (ok, detail) = if let Some(host) = other {
        let names = shown.names.join(", ");
        let why = format!(
            "is for {names}, and pages are reached at `{host}`: `accord certificate request --out FILE`, have that signed, then `accord certificate install`"
        );
        (false, why)
    } else if host.is_some() && shown.self_signed {
        let why = "vouches for itself alone: browsers warn, and take no security key after that; `accord certificate request --out FILE`, have that signed by the agency's authority, then `accord certificate install`";
        (false, why.to_owned())
    } else if days < SOON_DAYS {
        let why = format!(
            "ends in {days} days: put new files into `tls/` of the home, or run `accord certificate renew`"
        );
        (false, why)
    } else {
        (true, format!("ends in {days} days"))
    };
    Check { check: "certificate", ok, detail }
}

/// Whether the keys that the card names are here, and which are being exchanged.
fn keys(app: &AppState, state: &registry::State) -> Check {
    let mut wrong: Vec<String> = app
        .context
        .keys_missing()
        .into_iter()
        .map(|key| {
            format!(
                "the {key} key that the card names is not in the home; put it back from a backup"
            )
        })
        .collect();
    let known_by = &app.context.known_by;
    let unconfirmed = known_by.unconfirmed(state).into_iter();
    let (other, unheard): (Vec<_>, Vec<_>) = unconfirmed.partition(|id| known_by.has_heard(id));
    let named = |some: &[AgencyId]| {
        some.iter().take(NAMED).map(AgencyId::as_str).collect::<Vec<_>>().join(", ")
    };
    if !other.is_empty() {
        wrong.push(format!(
            "the agency key is not confirmed yet by {}, and no other key can be exchanged before: their people add the card with `accord card add --held`",
            named(&other)
        ));
    }
    let leaving = app.context.keys_leaving().into_iter();
    let leaving =
        leaving.map(|(key, ends)| format!("the {key} key before the present one ends {ends}"));
    let ok = wrong.is_empty();
    wrong.extend(leaving);
    // Each says so when it is connected: a moment after the start nobody has yet.
    if !unheard.is_empty() {
        wrong.push(format!(
            "since the start it is not heard yet from {} by which agency key it is known there",
            named(&unheard)
        ));
    }
    let detail = if wrong.is_empty() { "none is being exchanged".into() } else { wrong.join("; ") };
    Check { check: "keys", ok, detail }
}

/// Whether letters reach their peers. One that its peer will not take in waits for a person.
fn outbox(waiting: Result<Vec<Queued>, StoreError>, refused: &[RefusedLetter]) -> Check {
    let mut said = match &waiting {
        Err(error) => vec![error.to_string()],
        Ok(waiting) => vec![counted(waiting.len(), "letter waits", "letters wait")],
    };
    let for_good: Vec<_> = refused.iter().filter(|letter| letter.for_good).collect();
    said.extend(
        for_good
            .iter()
            .take(NAMED)
            .map(|letter| format!("refused by {}: {}", letter.by, letter.why)),
    );
    if for_good.len() > NAMED {
        said.push("and more".into());
    }
    Check { check: "outbox", ok: waiting.is_ok() && for_good.is_empty(), detail: said.join("; ") }
}

/// Whether there is room on the disk of the home.
fn disk(app: &AppState) -> Check {
    let free = app.home.free_bytes();
    Check {
        check: "disk",
        ok: free.is_some_and(|free| free >= ROOM),
        detail: free.map_or_else(
            || "the system does not say how much is free".into(),
            |free| format!("{} MiB are free where the home is", free >> 20),
        ),
    }
}

/// Whether what sources sent within a day could be used.
fn sources(app: &AppState) -> Check {
    let state = app.context.agency.registry.state();
    let since = app.context.agency.clock.now().minus_days(1);
    let open = state.sources.values().filter(|source| source.disabled.is_none());
    let sent: Vec<_> = open.map(|source| (source, app.source_stats.of(&source.name))).collect();
    let wrong: Vec<String> = sent
        .iter()
        .filter_map(|(source, stats)| {
            let fresh = stats.error_at.is_some_and(|at| at > since);
            let error = stats.error.as_ref().filter(|_| fresh);
            error.map(|error| format!("{}: {error}", source.name))
        })
        .collect();
    let detail =
        if wrong.is_empty() { counted(sent.len(), "source", "sources") } else { wrong.join("; ") };
    Check { check: "sources", ok: wrong.is_empty(), detail }
}

/// How people sign in: what waits for a second person or an auditor, whose passwords are locked, and
/// how old the list of passwords that are refused is.
async fn people(app: &AppState, state: &registry::State, now: Timestamp) -> Check {
    let (sign_in, due) = (&state.sign_in, app.accounts_due().await);
    let mut said = accounts(&due);
    let alone = to_countersign(state).count();
    if alone > 0 {
        said.push(format!(
            "{} on one administrator alone: `accord user proposals`",
            counted(alone, "person rests", "persons rest")
        ));
    }
    let waiting = sign_in.proposals.len();
    if waiting > 0 {
        let waits = counted(waiting, "proposal waits", "proposals wait");
        said.push(format!("{waits} for a second person"));
    }
    if !sign_in.locks.is_empty() {
        let locked =
            counted(sign_in.locks.len(), "person's passwords are", "persons' passwords are");
        said.push(format!("{locked} locked"));
    }
    let list = app.sign_in.block_list();
    let old = if list.is_old(now) { ", which is older than a quarter: refresh it" } else { "" };
    said.push(format!("refused passwords as of {}{old}", list.as_of.day()));
    let lost = app.sign_in.sealed_otherwise().await;
    if !lost.is_empty() {
        let named: Vec<&str> = lost.iter().take(NAMED).map(UserName::as_str).collect();
        said.push(format!(
            "{} by codes that another `keys/sign-in` sealed than the one in the home, and {} not get in: put it back from a backup, or enrol anew {}{}",
            counted(lost.len(), "person signs in", "persons sign in"),
            if lost.len() == 1 { "does" } else { "do" },
            named.join(", "),
            if lost.len() > NAMED { " and more" } else { "" }
        ));
    }
    Check { check: "people", ok: lost.is_empty(), detail: said.join("; ") }
}

/// Photographs that doctor looks at itself; the node goes through all of them in turn.
const PHOTOGRAPHS: u32 = 200;

/// Whether photographs that reads and answers refer to are as they were kept.
async fn photographs(context: &crate::context::NodeContext) -> Check {
    let looked = context.photographs.check(context.store.as_ref(), None, PHOTOGRAPHS).await;
    let flaws = context.photographs.known_flaws();
    let detail = match &looked {
        Err(error) => error.to_string(),
        Ok((count, _)) if flaws.is_empty() => counted(*count, "photograph", "photographs"),
        Ok(_) => {
            let are = if flaws.len() == 1 { "is" } else { "are" };
            let named =
                flaws.iter().take(10).map(|(digest, flaw)| format!("{digest} {}", flaw.words()));
            format!(
                "{} {are} not as kept; put back from a backup: {}",
                counted(flaws.len(), "photograph", "photographs"),
                named.collect::<Vec<_>>().join(", ")
            )
        }
    };
    Check { check: "photographs", ok: looked.is_ok() && flaws.is_empty(), detail }
}

/// Whether something that no honest log shows is unresolved.
fn alarms(state: &registry::State) -> Check {
    let open: Vec<String> = state
        .alarms
        .values()
        .filter(|raised| raised.resolved.is_none())
        .map(|raised| {
            format!("{} about {}: {}", raised.alarm, raised.what.peer, raised.what.kind.words())
        })
        .collect();
    Check { check: "alarms", ok: open.is_empty(), detail: open.join("; ") }
}

/// Whether anything is past its retention that no hold keeps. The node destroys it by itself within
/// minutes of the end of a day (UTC), so something else is in the way.
fn retention(status: Result<RetentionReport, ActError>) -> Check {
    let detail = match &status {
        Err(error) => error.to_string(),
        Ok(due) if due.any() => format!(
            "{}, {} and {} of the log are past it: `accord retention run`",
            counted(due.reads_purged, "read", "reads"),
            counted(due.answers_purged, "kept answer", "kept answers"),
            counted(due.entries_redacted, "entry", "entries"),
        ),
        Ok(due) if due.held > 0 => {
            format!("{} for a hold", counted(due.held, "thing is kept", "things are kept"))
        }
        Ok(_) => "nothing is past it".into(),
    };
    Check { check: "retention", ok: status.is_ok_and(|due| !due.any()), detail }
}
