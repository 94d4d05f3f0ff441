//! Checks of `/doctor` that look beyond the node: its clock, the files of its home, its peers.

use std::collections::BTreeMap;
use std::time::Duration;

use agreements::lifecycle::AgreementStatus;
use futures::future::join_all;
use schemas::address::is_dialable;
use schemas::agency::AgencyId;
use schemas::card::Card;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

use crate::auditing::duties::Due;
use crate::auditing::mentions::Checked;
use crate::auditing::unseen::Unseen;
use crate::backup::standing::{altered, put_back};
use crate::exchange::standing::Unproven;
use crate::http::AccountsDue;
use crate::http::state::AppState;
use crate::permission::ActError;
use crate::sign_in::providers;
use audit::wording::counted;
use peer::admission::AdmissionCounts;
use registry::{AgreementTexts, Backup, Peer, State};
use store::{LogState, StoreError};

/// How long ago the last backup may be, in days.
const BACKED_UP_DAYS: u32 = 7;
/// Most peers that one line names.
pub(super) const NAMED: usize = 10;
/// How long a peer that is not connected may take to be.
const REACHING: Duration = Duration::from_secs(6);

/// One line of `/doctor`.
#[derive(Debug, Serialize)]
pub struct Check {
    /// What is checked.
    pub check: &'static str,
    /// Whether it is well.
    pub ok: bool,
    /// What was found, and what to do where it is not well.
    pub detail: String,
}

/// Whether the log takes entries by the clock, and whether it is behind what was logged.
pub(super) fn clock(app: &AppState, now: Timestamp, last: Option<Timestamp>) -> Check {
    let (ok, detail) = match (app.context.agency.log.clock_can_be_right(), last) {
        (Err(wrong), _) => (false, wrong.to_string()),
        (Ok(()), Some(last)) if last > now => {
            (false, format!("{now} is before the last log entry of {last}; set the clock"))
        }
        (Ok(()), _) => (true, now.to_string()),
    };
    Check { check: "clock", ok, detail }
}

/// Whether the files of the home are there, and its owner's alone.
pub(super) fn files(app: &AppState) -> Check {
    let mut flaws = app.home.flaws(true);
    if app.unanchored {
        flaws.push(
            "there was no anchor when the node started, by which a log that was put back is noticed; if nobody removed it by mistake, compare the log with your peers'"
                .into(),
        );
    }
    let ok = flaws.is_empty();
    let detail = if ok { "all there, and the owner's alone".into() } else { flaws.join("; ") };
    Check { check: "files", ok, detail }
}

/// What strangers cost: connections that say nothing, on the port of peers and on that of HTTPS.
pub(super) fn strangers(app: &AppState) -> Check {
    let said = |port: &str, counts: AdmissionCounts| {
        format!(
            "{port}: {} open, {} ended while idle and {} turned away since the start",
            counts.open, counts.ended, counts.turned_away
        )
    };
    let (handshakes, https) = (app.peers.handshakes(), app.https_places.counts());
    let detail = [said("handshakes of peers", handshakes), said("HTTPS", https)].join("; ");
    Check { check: "strangers", ok: true, detail }
}

/// What of the accounts wants looking after.
pub(super) fn accounts(due: &AccountsDue) -> Vec<String> {
    let administrators = counted(due.administrators, "administrator", "administrators");
    let more = if due.wants_administrator() { ", and a second is wanted" } else { "" };
    let mut said = vec![format!("{administrators}{more}")];
    let named = |all: &[UserName]| {
        let named: Vec<&str> = all.iter().take(NAMED).map(UserName::as_str).collect();
        format!("{}{}", named.join(", "), if all.len() > NAMED { " and more" } else { "" })
    };
    for (all, what) in [
        (&due.inactive, "disabled within two weeks unless they sign in"),
        (&due.ending, "whose account ends within two weeks"),
        (&due.unreviewed, "to be reviewed, as every year (`accord user review`)"),
    ] {
        if !all.is_empty() {
            said.push(format!("{what}: {}", named(all)));
        }
    }
    said
}

/// What the policy has people do: whether anything is late, but for what keeps only one person from asking. Nobody
/// is named: whoever reaches the node sees it, and a timer puts it into the journal.
pub(super) fn duties(due: Result<Vec<Due>, ActError>) -> Check {
    let ok = due.as_ref().is_ok_and(|due| due.iter().all(|one| !one.late || one.user.is_some()));
    let detail = match due {
        Err(error) => error.to_string(),
        Ok(due) if due.is_empty() => "nothing is due".into(),
        Ok(due) => {
            let (people, others): (Vec<&Due>, Vec<&Due>) =
                due.iter().partition(|one| one.user.is_some());
            let mut said: Vec<String> =
                others.iter().take(NAMED).map(|one| one.in_words()).collect();
            if others.len() > NAMED {
                said.push("and more: `accord duty list`".into());
            }
            if !people.is_empty() {
                let whose = counted(people.len(), "person's", "people's");
                said.push(format!(
                    "{whose} training or clearance is missing or ends: `accord duty list`"
                ));
            }
            said.join("; ")
        }
    };
    Check { check: "duties", ok, detail }
}

/// Whether the providers of single sign-on answer, and are what accord.toml says.
pub(super) async fn sign_on(app: &AppState, now: Timestamp) -> Check {
    let all = providers(&app.sign_in);
    let asked = join_all(all.iter().map(|one| one.answers(now))).await;
    let wrong: Vec<String> =
        asked.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    let detail = match (all, wrong.as_slice()) {
        ([], _) => "no provider is set".into(),
        (_, []) => format!("{} answer", counted(all.len(), "provider", "providers")),
        (_, wrong) => wrong.join("; "),
    };
    Check { check: "single sign-on", ok: wrong.is_empty(), detail }
}

/// Whether the node was backed up lately, nothing is left of backups that have ended, and those that
/// stand are as they were made.
pub(super) async fn backups(app: &AppState, state: &State, now: Timestamp) -> Check {
    let since = now.minus_days(BACKED_UP_DAYS);
    let over = state.backups.values().filter(|one| one.destroy_by <= now && one.folder.exists());
    let over: Vec<_> = over.map(|one| one.folder.display().to_string()).collect();
    let last = state.backups.values().next_back();
    // A node that is new has nothing to lose yet.
    let known_since = last.map(|last| last.at).or(state.own.as_ref().map(|own| own.value.at));
    let late = known_since.is_none_or(|at| at < since);
    let mut said = vec![last.map_or_else(
        || "none was made yet".into(),
        |last| format!("the last one was begun at {} in `{}`", last.at, last.folder.display()),
    )];
    if late {
        said.push("make one with `accord backup --out FOLDER`".into());
    }
    if !over.is_empty() {
        said.push(format!(
            "ended and still there: {}; the next one in that folder destroys them",
            over.join(", ")
        ));
    }
    let (agency, kept) = (&app.context.agency, state.backups.clone());
    let (id, keys) = (agency.id.clone(), agency.own_log_keys());
    let put_back = match put_back(app.context.store.as_ref()).await {
        Ok(put_back) => put_back,
        Err(error) => return Check { check: "backups", ok: false, detail: error.to_string() },
    };
    let looked = tokio::task::spawn_blocking(move || {
        let wrong = |one: &Backup| altered(one, &id, &keys, put_back.contains(&one.at));
        kept.values().filter_map(wrong).collect::<Vec<_>>()
    });
    let wrong = looked.await.unwrap_or_else(|error| vec![error.to_string()]);
    let ok = !late && over.is_empty() && wrong.is_empty();
    said.extend(wrong);
    Check { check: "backups", ok, detail: said.join("; ") }
}

/// Whether the records system takes what is pushed to it; nothing where nothing is.
pub(super) fn records(app: &AppState) -> Option<Check> {
    let settings = app.config.records.as_ref()?;
    let held_up = app.records.pushing().held_up();
    let ok = held_up.is_none();
    let detail = match held_up {
        None => format!("pushed to {}", settings.address),
        Some((since, why)) => format!("none is taken since {since}: {why}"),
    };
    Some(Check { check: "records", ok, detail })
}

/// Whether audits and reconciliations were made as often as policy and agreements say.
pub(super) fn audits(due: Result<Vec<String>, ActError>) -> Check {
    let ok = due.as_ref().is_ok_and(Vec::is_empty);
    Check {
        check: "audits due",
        ok,
        detail: due.map_or_else(|e| e.to_string(), |due| due.join("; ")),
    }
}

/// Whether every peer with an agreement in force is connected, or can be now.
pub(super) async fn peers(app: &AppState, state: &State, now: Timestamp) -> Check {
    let connected = app.peers.connected();
    let me = &app.context.agency.id;
    let here = |peer: &Peer| peer.node_keys(now).iter().any(|key| connected.contains(key));
    let away = state.peers.iter().filter(|(id, peer)| {
        let with_us = || {
            let mut texts = state.agreements.values().flat_map(AgreementTexts::values);
            texts.any(|text| text.recorded.between(me, id, now) == AgreementStatus::InForce)
        };
        peer.blocked.is_none() && !here(peer) && with_us()
    });
    let reached = join_all(away.map(|(id, _)| async move {
        let why = match tokio::time::timeout(REACHING, app.delivery.reach(id)).await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} s", REACHING.as_secs()),
        };
        Some((id, why))
    }))
    .await;
    let away: Vec<(&AgencyId, String)> = reached.into_iter().flatten().collect();
    let cards = counted(state.peers.len(), "card", "cards");
    let mut detail = format!("{cards}, {} connected", app.peers.connected().len());
    for (id, why) in away.iter().take(NAMED) {
        detail.push_str(&format!("; {id}, with whom an agreement is in force, is not: {why}"));
    }
    if away.len() > NAMED {
        detail.push_str("; and more");
    }
    Check { check: "peers", ok: away.is_empty(), detail }
}

/// Whether peers prove what their logs must hold of exchanges.
pub(super) fn proofs(unproven: Result<BTreeMap<AgencyId, Unproven>, StoreError>) -> Check {
    let unproven = match unproven {
        Ok(unproven) => unproven,
        Err(error) => return Check { check: "proofs", ok: false, detail: error.to_string() },
    };
    let beyond = unproven.values().filter(|unproven| unproven.beyond).count();
    let mut worst: Vec<_> = unproven.iter().collect();
    worst.sort_by_key(|(_, unproven)| (!unproven.beyond, std::cmp::Reverse(unproven.owed)));
    let mut said: Vec<String> = worst
        .into_iter()
        .take(NAMED)
        .map(|(peer, unproven)| {
            let refused =
                if unproven.beyond { "; its queries are refused (log_unproven)" } else { "" };
            format!("the log of {peer} has not proven {unproven}{refused}")
        })
        .collect();
    if unproven.len() > NAMED {
        said.push("and more".into());
    }
    if said.is_empty() {
        said.push("peers have proven all that their logs must hold of exchanges".into());
    }
    Check { check: "proofs", ok: beyond == 0, detail: said.join("; ") }
}

/// Whether no peer was given more answers today than is usual: who walks through plates does it under
/// many names.
pub(super) fn asked(counters: &LogState, now: Timestamp, most: u32) -> Check {
    let mut today: BTreeMap<&AgencyId, u32> = BTreeMap::new();
    // Counters are as of the last append, which may have been yesterday's.
    if counters.day_start == Some(now.day_start()) {
        for ((_, peer), answers) in &counters.today {
            let all = today.entry(peer).or_default();
            *all = all.saturating_add(*answers);
        }
    }
    let beyond: Vec<_> = today
        .into_iter()
        .filter(|(_, answers)| *answers > most)
        .map(|(peer, answers)| format!("{peer} was given {answers} answers today"))
        .collect();
    let detail = if beyond.is_empty() {
        format!("nobody was given more than {most} answers today")
    } else {
        format!(
            "{}, more than the {most} that are usual: look at `accord audit report --kind exceptions`, and speak to them or suspend the agreement",
            beyond.join("; ")
        )
    };
    Check { check: "answers", ok: beyond.is_empty(), detail }
}

/// How much of the log a peer has cosigned, and over how many entries since when nobody holds a head.
pub(super) fn cosigned(unseen: Result<Unseen, StoreError>) -> Check {
    let ok = unseen.is_ok();
    let detail = unseen.map_or_else(|error| error.to_string(), |unseen| unseen.in_words());
    Check { check: "cosigned", ok, detail }
}

/// Whether each entry is found by whom and by which case its body mentions.
pub(super) fn mentions(last: Option<Checked>) -> Check {
    let hidden = last.and_then(|checked| checked.hidden);
    let detail = match (last, hidden) {
        (None, _) => "not looked through since the start".into(),
        (Some(_), Some(index)) => format!(
            "entry {index} is not found by who acted in it, for whom, or for which case: somebody edited the table `mentions` of the database; keep a copy as evidence, then put the last backup back with `accord restore`. `accord audit show {index}` shows the entry"
        ),
        (Some(checked), None) => {
            format!(
                "{} of the log, each found by what it says",
                counted(checked.entries, "entry", "entries")
            )
        }
    };
    Check { check: "mentions", ok: hidden.is_none(), detail }
}

/// Whether one's card says where peers reach this app.
pub(super) fn reached(card: Option<&Card>, not_shown: &[AgencyId]) -> Check {
    let addresses: Vec<&str> =
        card.into_iter().flat_map(|card| &card.addresses).map(Text::as_str).collect();
    let ok = !addresses.is_empty() && addresses.iter().all(|address| is_dialable(address));
    let said = if addresses.is_empty() { "no address".into() } else { addresses.join(", ") };
    let mut detail = if ok {
        said
    } else {
        format!(
            "the card says {said}; say where peers reach this node with `accord card reissue --address`"
        )
    };
    if !not_shown.is_empty() {
        let peers = counted(not_shown.len(), "peer has", "peers have");
        let named: Vec<&str> = not_shown.iter().take(NAMED).map(AgencyId::as_str).collect();
        let more = if not_shown.len() > NAMED { " and more" } else { "" };
        let version = card.map_or(0, |card| card.version);
        detail.push_str(&format!(
            "; {peers} not taken in version {version} yet: {}{more}",
            named.join(", ")
        ));
    }
    Check { check: "card", ok, detail }
}
