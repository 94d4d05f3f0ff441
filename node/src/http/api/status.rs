//! `/status` and `/doctor`

use axum::Json;
use axum::extract::State;
use schemas::card::Card;
use schemas::checkpoint::SignedCheckpoint;
use schemas::text::Text;
use serde::Serialize;
use serde_json::Value;

use super::Here;
use crate::acts::ActError;
use crate::acts::retention::Retained;
use crate::peer::is_dialable;
use crate::store::StoreError;
use crate::wording::counted;

pub(in crate::http) async fn show(State(node): Here) -> Json<Value> {
    Json(node.ready())
}

#[derive(Serialize)]
pub(in crate::http) struct Check {
    check: &'static str,
    ok: bool,
    detail: String,
}

/// What a node can say of itself. Deeper checks join with the issues they belong to.
pub(in crate::http) async fn doctor(State(node): Here) -> Json<Vec<Check>> {
    let office = &node.office;
    let state = office.registry.state();
    let counters = office.log.counters();
    let now = office.clock.now();
    let behind = counters.last_at.filter(|last| *last > now);
    let waiting = office.store.outbox(u32::MAX).await;
    let stats = office.store.stats().await;
    let connected = node.peers.connected().len();
    Json(vec![
        Check {
            check: "clock",
            ok: behind.is_none(),
            detail: behind.map_or_else(
                || format!("{now}"),
                |last| format!("{now} is before the last log entry of {last}; set the clock"),
            ),
        },
        alarms(&state),
        audits(office.audits_due().await),
        cosigned(node.office.store.cosigned(counters.size).await, counters.size),
        Check { check: "log", ok: true, detail: counted(counters.size, "entry", "entries") },
        Check {
            check: "policy",
            ok: state.policy.is_some(),
            detail: state.policy.as_ref().map_or("none in force".into(), |p| p.source.to_string()),
        },
        Check {
            check: "database",
            ok: stats.is_ok(),
            detail: match (stats, office.store.about().await) {
                (Ok(stats), Ok(about)) => {
                    format!("{}; {about}", counted(stats.reads, "read", "reads"))
                }
                (Err(error), _) | (_, Err(error)) => error.to_string(),
            },
        },
        photographs(office).await,
        reached(state.own.as_ref().map(|own| &own.value)),
        retention(node.office.retention_status().await),
        Check {
            check: "peers",
            ok: true,
            detail: format!(
                "{}, {connected} connected",
                counted(state.peers.len(), "card", "cards")
            ),
        },
        Check {
            check: "outbox",
            ok: waiting.is_ok(),
            detail: waiting.map_or_else(
                |e| e.to_string(),
                |w| counted(w.len(), "letter waits", "letters wait"),
            ),
        },
        Check {
            check: "cipher",
            ok: !node.config.quic,
            detail: if node.config.quic {
                "TCP: TLS 1.3, AES-256-GCM only; QUIC is on, and its ciphers cannot be narrowed to AES".into()
            } else {
                "TLS 1.3, AES-256-GCM only".into()
            },
        },
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
    ])
}

/// Photographs that doctor looks at itself; the node goes through all of them in turn.
const PHOTOGRAPHS: u32 = 200;

/// Whether photographs that reads and answers refer to are as they were kept.
async fn photographs(office: &crate::office::Office) -> Check {
    let looked = office.images.check(office.store.as_ref(), None, PHOTOGRAPHS).await;
    let flaws = office.images.known_flaws();
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
fn alarms(state: &crate::registry::State) -> Check {
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

/// Whether audits and reconciliations were made as often as policy and agreements say.
fn audits(due: Result<Vec<String>, ActError>) -> Check {
    let ok = due.as_ref().is_ok_and(Vec::is_empty);
    Check {
        check: "audits due",
        ok,
        detail: due.map_or_else(|e| e.to_string(), |due| due.join("; ")),
    }
}

/// Whether anything is past its retention that no hold keeps. The node destroys it by itself within
/// minutes of the end of a day (UTC), so something else is in the way.
fn retention(status: Result<Retained, ActError>) -> Check {
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

/// How much of the log peers have cosigned.
fn cosigned(head: Result<Option<String>, StoreError>, size: u64) -> Check {
    let detail = match &head {
        Err(error) => error.to_string(),
        Ok(None) => "no peer has cosigned a head of this log yet".into(),
        Ok(Some(note)) => match SignedCheckpoint::parse(note.as_bytes()) {
            Ok(head) => format!("{} of {size} entries", head.unverified().size),
            Err(error) => error.to_string(),
        },
    };
    Check { check: "cosigned", ok: head.is_ok(), detail }
}

/// Whether one's card says where peers reach this node.
fn reached(card: Option<&Card>) -> Check {
    let addresses: Vec<&str> =
        card.into_iter().flat_map(|card| &card.addresses).map(Text::as_str).collect();
    let ok = !addresses.is_empty() && addresses.iter().all(|address| is_dialable(address));
    let said = if addresses.is_empty() { "no address".into() } else { addresses.join(", ") };
    let detail = if ok {
        said
    } else {
        format!(
            "the card says {said}; say where peers reach this node with `accord card reissue --address`"
        )
    };
    Check { check: "card", ok, detail }
}
