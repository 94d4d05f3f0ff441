//! Checks of `/doctor` that look beyond the node: its clock, the files of its home, its peers.

use std::time::Duration;

use agreements::lifecycle::AgreementStatus;
use futures::future::join_all;
use schemas::agency::AgencyId;
use schemas::time::Timestamp;
use serde::Serialize;

use crate::http::state::AppState;
use audit::wording::counted;
use peer::admission::AdmissionCounts;
use registry::{AgreementTexts, Peer, State};

/// Most peers that one line names.
pub(super) const NAMED: usize = 10;
/// How long a peer that is not connected may take to be.
const REACHING: Duration = Duration::from_secs(6);

/// One line of `/doctor`.
#[derive(Serialize)]
pub(in crate::http) struct Check {
    pub(super) check: &'static str,
    pub(super) ok: bool,
    pub(super) detail: String,
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

/// Whether every peer with an agreement in force is connected, or can be now.
pub(super) async fn peers(app: &AppState, state: &State, now: Timestamp) -> Check {
    let connected = app.peers.connected();
    let me = &app.context.agency.id;
    let here = |peer: &Peer| peer.node_keys(now).iter().any(|key| connected.contains(key));
    let away = state.peers.iter().filter(|(id, peer)| {
        let with_us = || {
            let mut texts = state.agreements.values().flat_map(AgreementTexts::values);
            texts.any(|text| {
                let status = |owner, requester| text.recorded.status(owner, requester, now);
                [status(me, id), status(id, me)].contains(&AgreementStatus::InForce)
            })
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
