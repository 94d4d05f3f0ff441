//! `/metrics`: what Prometheus reads. Counts, sizes and times; never a plate, a name or a reason.

use std::sync::atomic::AtomicU64;

use agreements::lifecycle::AgreementStatus;
use agreements::request::RequestState;

use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use schemas::agency::AgencyId;

use super::metrics_token::METRICS_TOKEN;
use super::token::token;
use crate::auditing::periodic::due as audits_due;
use crate::http::https::recognised;
use crate::http::problem::Problem;
use crate::http::state::{App, AppState};

/// An agreement that ends within so many days ends soon.
const SOON_DAYS: u32 = 30;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(in crate::http) async fn show(State(app): App) -> Response {
    match text(&app).await {
        Ok(text) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            Problem::new(status, "metrics_unavailable", error.to_string()).into_response()
        }
    }
}

pub(super) async fn show_to_bearer(State(app): App, headers: HeaderMap) -> Response {
    if token(&headers).is_some_and(|token| app.metrics_token.admits(&token)) {
        return recognised(show(State(app)).await);
    }
    let why = format!(
        "the token for /metrics stands in `tls/{METRICS_TOKEN}` of the node's home; give it as `Authorization: Bearer`"
    );
    let problem = Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", why);
    ([(WWW_AUTHENTICATE, "Bearer")], problem).into_response()
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    what: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSource {
    source: String,
    outcome: &'static str,
}

type Count = Gauge<u64, AtomicU64>;

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Count::default();
    gauge.set(value);
    registry.register(name, help, gauge);
}

fn family(registry: &mut Registry, name: &str, help: &str, values: &[(&'static str, u64)]) {
    let family = Family::<Of, Count>::default();
    for (what, value) in values {
        family.get_or_create(&Of { what }).set(*value);
    }
    registry.register(name, help, family);
}

async fn text(app: &AppState) -> Result<String, std::fmt::Error> {
    let mut registry = Registry::with_prefix("accord");
    logged(&mut registry, app);
    peers(&mut registry, app);
    sources(&mut registry, app);
    strangers(&mut registry, app);
    waiting(&mut registry, app).await;
    kept(&mut registry, app).await;
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

fn logged(registry: &mut Registry, app: &AppState) {
    let counted = app.context.agency.log.metrics();
    let counters = app.context.agency.log.counters();
    gauge(registry, "log_entries", "Entries of the audit log", counters.size);
    registry.register(
        "log_appends",
        "Entries appended since the node started; those of exchanges tell their outcomes",
        counted.entries.clone(),
    );
    registry.register(
        "refusals",
        "Reasons of refusals since the node started",
        counted.refusals.clone(),
    );
    registry.register_with_unit(
        "log_commit",
        "Time of a durable commit of the audit log, with its sync",
        Unit::Seconds,
        counted.commits.clone(),
    );
    registry.register(
        "log_commit_failures",
        "Commits of the audit log that failed",
        counted.failed.clone(),
    );
}

fn peers(registry: &mut Registry, app: &AppState) {
    let state = app.context.agency.registry.state();
    let connected = app.peers.connected().len() as u64;
    let blocked = state.peers.values().filter(|peer| peer.blocked.is_some()).count() as u64;
    family(
        registry,
        "peers",
        "Peers whose cards are recorded, those connected, those blocked",
        &[("recorded", state.peers.len() as u64), ("connected", connected), ("blocked", blocked)],
    );
    let open = state.alarms.values().filter(|raised| raised.resolved.is_none()).count() as u64;
    gauge(registry, "alarms_open", "Alarms that no auditor has resolved", open);
    let held = state.peers.values().filter(|peer| peer.held.is_some()).count() as u64;
    gauge(registry, "cards_waiting", "Later cards of peers that a person must confirm", held);
    if let Some(served) = &app.certificate {
        let ends = served.certificate().not_after.millis().max(0).unsigned_abs() / 1_000;
        gauge(
            registry,
            "certificate_end_timestamp_seconds",
            "When the certificate of the HTTPS side ends, in seconds since 1970",
            ends,
        );
    }
    if let Some(own) = &state.own {
        let issued = own.value.at.millis().max(0).unsigned_abs() / 1_000;
        gauge(
            registry,
            "card_issued_timestamp_seconds",
            "When one's own card was issued, in seconds since 1970; cards do not end",
            issued,
        );
    }
}

fn sources(registry: &mut Registry, app: &AppState) {
    let state = app.context.agency.registry.state();
    let records = Family::<OfSource, Count>::default();
    for name in state.sources.keys() {
        let stats = app.source_stats.of(name);
        for (outcome, value) in [("stored", stats.stored), ("rejected", stats.rejected)] {
            records.get_or_create(&OfSource { source: name.to_string(), outcome }).set(value);
        }
    }
    registry.register("source_records", "What sources have sent since the node started", records);
}

/// Connections of whom nothing is known yet.
fn strangers(registry: &mut Registry, app: &AppState) {
    let (peers, https) = (app.peers.handshakes(), app.https_places.counts());
    for (name, help, of_peers, of_https) in [
        (
            "connections_waiting",
            "Handshakes of peers under way, and connections of the HTTPS side",
            peers.open,
            https.open,
        ),
        (
            "connections_ended_idle",
            "Those that were ended while idle, for the sake of others, since the node started",
            peers.ended,
            https.ended,
        ),
        (
            "connections_turned_away",
            "Those for which there was no place since the node started",
            peers.turned_away,
            https.turned_away,
        ),
    ] {
        family(registry, name, help, &[("peers", of_peers), ("https", of_https)]);
    }
}

/// What waits for a person, or soon will.
async fn waiting(registry: &mut Registry, app: &AppState) {
    let agency = &app.context.agency;
    let (state, now, me) = (agency.registry.state(), agency.clock.now(), &agency.id);
    if let Some(last) = state.backups.values().next_back() {
        let at = last.at.millis().max(0).unsigned_abs() / 1_000;
        let help = "When the last backup was begun, in seconds since 1970";
        gauge(registry, "backup_last_timestamp_seconds", help, at);
    }
    if let Ok(due) = audits_due(agency, app.context.store.as_ref()).await {
        let help = "Audits and reconciliations that are due, as `accord doctor` tells them";
        gauge(registry, "audits_due", help, due.len() as u64);
    }
    let undecided = state.requests.values().filter(|filed| {
        filed.value.request.to == *me && filed.value.state(0, now) == RequestState::Submitted
    });
    let help = "Written requests of peers that an official has not decided";
    gauge(registry, "requests_waiting", help, undecided.count() as u64);
    let soon = now.plus_days(SOON_DAYS);
    let ending =
        state.agreements.values().flat_map(::registry::AgreementTexts::values).filter(|text| {
            let agreement = &text.recorded.agreement;
            let with = |other: &AgencyId| {
                let status = text.recorded.between(me, other, now);
                other != me && status == AgreementStatus::InForce
            };
            agreement.expires <= soon && agreement.parties.iter().any(with)
        });
    let help = "Agreements in force that end within 30 days";
    gauge(registry, "agreements_ending_soon", help, ending.count() as u64);
}

async fn kept(registry: &mut Registry, app: &AppState) {
    if let Ok(waiting) = app.context.store.outbox(u32::MAX).await {
        gauge(registry, "outbox_letters", "Letters that wait for peers", waiting.len() as u64);
    }
    if let Some(free) = app.home.free_bytes() {
        gauge(registry, "disk_free_bytes", "Free space of the disk that holds the home", free);
    }
    // Those take the store a while; they are counted now and then.
    let counts = app.metrics_cache.counts();
    if let Some(reads) = counts.reads {
        gauge(registry, "reads", "Reads stored, as counted last", reads);
    }
    if let Some(due) = &counts.past_retention {
        family(
            registry,
            "retention_due",
            "What is past its retention and not held, as counted last",
            &[
                ("reads", due.reads_purged),
                ("answers", due.answers_purged),
                ("log_entries", due.entries_redacted),
            ],
        );
        gauge(registry, "retention_held", "What is past its retention and held", due.held);
    }
}
