//! Reconciling with another agency, both logs side by side; and alarms with what proves them.

use std::sync::Arc;

use audit::evidence::Evidence;
use audit::reconcile::Finding;
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::statement::ExchangeRecord;
use schemas::time::Timestamp;
use serde::Serialize;

use super::auditing::days;
use super::audits;
use super::draft::{day, last_day, words};
use super::fields::Fields;
use super::page::{Shown, form_token, line_of, prove_again};
use super::visitor::{Posted, Proven, Visitor};
use super::zone::Zone;
use crate::auditing::alarms;
use crate::exchange::statements::{Reconciled, Reconciler};
use crate::http::AppState;
use crate::permission::{ActError, Permission, authorize};

type App = State<Arc<AppState>>;

/// Most findings of a page.
const MOST: usize = 100;

/// The code of a word of the log, as people read it.
fn word(value: &impl Serialize) -> String {
    let code = serde_json::to_value(value).unwrap_or_default();
    words(code.as_str().unwrap_or_default())
}

fn form(app: &AppState, visitor: &Visitor, fields: &Fields) -> Markup {
    let state = app.context.agency.registry.state();
    html! {
        form method="post" action="/reconcile" {
            (form_token(visitor))
            div.row {
                p.field {
                    label for="peer" { "Agency" }
                    select id="peer" name="peer" required {
                        option value="" { "Choose" }
                        @for peer in state.peers.keys() { option value=(peer.as_str()) selected[peer.as_str() == fields.get("peer")] { (peer.as_str()) } }
                    }
                }
                (days(fields, visitor.zone.name()))
            }
            p.acts { button.first type="submit" { "Compare both logs" } }
        }
        p.quiet { "The other agency signs what its log says; every exchange is compared, and what differs stands side by side with what proves it." }
        (audits::under(visitor))
    }
}

fn may(app: &AppState, visitor: &Visitor) -> Result<(), ActError> {
    let agency = &app.context.agency;
    authorize(&agency.registry.state(), &visitor.by, Permission::Audit, agency.clock.now())
        .map(drop)
}

pub(super) async fn ask(State(app): App, visitor: Visitor, fields: Fields) -> Response {
    match may(&app, &visitor) {
        Ok(()) => visitor.page(Shown::new("Reconcile", form(&app, &visitor, &fields))),
        Err(error) => visitor.page(Shown::error(&error)),
    }
}

pub(super) async fn run(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let compared = async {
        let peer: AgencyId = fields.needed("peer", "Agency")?;
        let from = day(&fields, &visitor.zone, "from", "First day")?.unwrap_or(Timestamp::MIN);
        let until =
            last_day(&fields, &visitor.zone, "until", "Last day")?.unwrap_or(Timestamp::MAX);
        let reconciler = Reconciler::of(&app.context);
        reconciler.reconcile(app.peers.as_ref(), &visitor.by, &peer, from, until).await
    };
    let told = match compared.await {
        Ok(reconciled) => told(&reconciled, &visitor.zone, &app.context.agency.id),
        Err(error) => html! { p.wrong role="alert" { (error.to_string()) } },
    };
    let body = html! { (told) h2 { "Compare" } (form(&app, &visitor, &fields)) };
    visitor.page(Shown::new("Reconcile", body))
}

fn told(reconciled: &Reconciled, zone: &Zone, me: &AgencyId) -> Markup {
    let Reconciled { peer, matched, refused_both, open, findings, further, .. } = reconciled;
    html! {
        @if findings.is_empty() && *further == 0 {
            p.good role="status" { "Both logs tell the same." }
        } @else {
            p.bad role="status" { (findings.len()) @if findings.len() == 1 { " difference" } @else { " differences" } " between our log and that of " (peer.as_str()) "." }
        }
        dl {
            dt { "Told alike" } dd { (matched) @if *matched == 1 { " exchange" } @else { " exchanges" } ", " (refused_both) @if *refused_both == 1 { " refusal" } @else { " refusals" } }
            @if *open > 0 { dt { "Still open" } dd { (open) " that may be under way: a later comparison tells" } }
            @if *further > 0 { dt { "Not looked into" } dd { (further) " more that differ: compare a shorter period" } }
        }
        @for (nth, finding) in (1..).zip(findings.iter().take(MOST)) { (found(nth, finding, me, peer, zone)) }
        @if let Some(proof) = &reconciled.proof {
            details { summary { "What they signed" } pre tabindex="0" { (proof.statement) } }
            details { summary { "Our signed head" } pre tabindex="0" { (proof.head) } }
        }
    }
}

fn found(nth: usize, finding: &Finding, me: &AgencyId, peer: &AgencyId, zone: &Zone) -> Markup {
    html! {
        section.card aria-label={ "Difference " (nth) } {
            h2 { (word(&finding.class)) @if let Some(id) = &finding.query_id { " " span.quiet.code { (id.to_string()) } } }
            @if let Some(message) = &finding.message { p { bdi { (message) } } }
            @if let Some(by) = &finding.signed_by { p { "It rests on a signature of " strong { (by.agency.as_str()) } "." } }
            @for said in &finding.explained {
                p.good {
                    "Explained on " (zone.when(said.at)) @if let Some(by) = &said.by { " by " (by.to_string()) } ", in entry " (said.entry) " of the log of " (said.log.as_str()) ": "
                    bdi { (said.reason.as_str()) }
                }
            }
            div.sides {
                div { h3 { "Our log (" (me.as_str()) ")" } (side(finding.ours.as_ref(), zone)) }
                div { h3 { "Theirs (" (peer.as_str()) ")" } (side(finding.theirs.as_ref(), zone)) }
            }
            @for evidence in &finding.evidence { (proves(evidence, zone)) }
        }
    }
}

/// What one log says of an exchange.
fn side(record: Option<&ExchangeRecord>, zone: &Zone) -> Markup {
    let Some(record) = record else { return html! { p.bad { "nothing" } } };
    let digest = |what: &str, digest: Option<&schemas::digest::Digest>| {
        html! { dt { (what) } dd.code { @match digest { Some(digest) => (digest.to_string()), None => "none" } } }
    };
    html! {
        dl {
            dt { "Came to" } dd { (word(&record.reached)) }
            dt { "Asked by" } dd { (record.requester.as_str()) }
            dt { "Signed" } dd { (zone.exactly(record.asked_at)) }
            (digest("Query", Some(&record.query)))
            (digest("Reply", record.reply.as_ref()))
            (digest("Receipt", record.receipt.as_ref()))
        }
    }
}

fn proves(evidence: &Evidence, zone: &Zone) -> Markup {
    html! {
        details {
            summary { "Evidence: entry " (evidence.index) " of " (evidence.agency.as_str()) }
            dl {
                dt { "What" } dd { (evidence.kind.to_string()) }
                dt { "When" } dd { (zone.exactly(evidence.at)) }
                dt { "Header" } dd.code { (evidence.header) }
                dt { "Its place" } dd { @if evidence.inclusion.is_some() { "proven under the signed head" } @else { "not proven" } }
            }
            @for envelope in &evidence.envelopes { pre tabindex="0" { (envelope) } }
        }
    }
}

pub(super) async fn alarms(State(app): App, visitor: Visitor) -> Response {
    let (zone, mut all) = (&visitor.zone, alarms::list(&app.context.agency));
    all.sort_by_key(|one| (one.resolved.is_some(), std::cmp::Reverse(one.alarm)));
    let body = html! {
        @if all.is_empty() { p { "There was never an alarm." } }
        @for one in &all {
            section.card aria-label={ "Alarm " (one.alarm) } {
                h2 { "Alarm " (one.alarm) ", about " (one.what.peer.as_str()) " " span.quiet { (zone.when(one.what.at)) } }
                p { (one.what.kind.words()) "." }
                @match &one.resolved {
                    Some(resolved) => { p.good { "Resolved by " (resolved.by.to_string()) " on " (zone.when(resolved.at)) ": " bdi { (resolved.reason.as_str()) } } }
                    None => { p.bad { "Open: nothing is asked of that agency and nothing answered to it." } }
                }
                @for (nth, evidence) in (1..).zip(&one.what.evidence) {
                    details { summary { "Evidence " (nth) } pre tabindex="0" { (evidence) } }
                }
                @if one.resolved.is_none() && visitor.may.audit {
                    details {
                        summary { "Resolve it" }
                        form method="post" action="/alarms/resolve" {
                            (form_token(&visitor))
                            input type="hidden" name="alarm" value=(one.alarm);
                            (line_of("reason", &one.alarm.to_string(), "Why nothing more is to be done"))
                            (prove_again(&visitor, &format!("alarm-{}", one.alarm)))
                            button type="submit" { "Resolve: exchanges go on" }
                        }
                    }
                }
            }
        }
    };
    visitor.page(Shown::new("Alarms", body))
}

pub(super) async fn resolve(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let done = async {
        let number: u64 = fields.needed("alarm", "Alarm")?;
        let reason = fields.needed("reason", "Why nothing more is to be done")?;
        let (agency, observed) = (&app.context.agency, &app.context.observed);
        alarms::resolve(agency, observed, &visitor.by, number, &reason).await
    }
    .await;
    visitor.done(done, "/alarms")
}
