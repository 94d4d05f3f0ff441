//! Whether the node is well, and what sends it reads.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use registry::Source;

use super::page::Shown;
use super::visitor::Visitor;
use super::zone::Zone;
use crate::http::{AppState, Check, every_check};
use crate::permission::authorize_overseer;
use crate::reads::source_stats::SourceStats;
use crate::reads::sources;

type App = State<Arc<AppState>>;

pub(super) async fn show(State(app): App, visitor: Visitor) -> Response {
    let agency = &app.context.agency;
    let allowed =
        authorize_overseer(&agency.registry.state(), &visitor.by, agency.clock.now()).map(drop);
    if let Err(error) = allowed {
        return visitor.page(Shown::error(&error));
    }
    let checks = every_check(&app).await;
    let (well, not): (Vec<Check>, Vec<Check>) = checks.into_iter().partition(|check| check.ok);
    let state = app.context.agency.registry.state();
    let sources = sources::list(&app.context.agency, &visitor.by).unwrap_or_default();
    let sources: Vec<_> =
        sources.into_iter().map(|source| (app.source_stats.of(&source.name), source)).collect();
    let now = app.context.agency.clock.now();
    let body = html! {
        @if not.is_empty() { p.good role="status" { "Every check is well." } }
        @else {
            h2 { "What wants looking after" }
            dl { @for check in &not { dt.bad { (check.check) } dd { bdi { (check.detail) } } } }
        }
        h2 { "Sources of reads" }
        (sources_table(&sources, &visitor.zone))
        h2 { a href="/programs" { "Programs" } }
        @if state.programs.is_empty() { p.quiet { "No program asks for people here." } } @else {
            ul {
                @for program in state.programs.values() {
                    li { strong { (program.name.to_string()) } ", until " (visitor.zone.when(program.until))
                        @if !program.in_force(now) { " " span.bad { "used no longer" } } }
                }
            }
        }
        h2 { a href="/devices" { "Devices" } }
        @if state.devices.is_empty() { p.quiet { "No device is enrolled: none is exempt from the device lock." } } @else {
            ul {
                @for device in state.devices.values() {
                    li { strong { (device.name.to_string()) } ", " (device.class.to_string())
                        @if device.revoked.is_some() { " " span.bad { "revoked" } } }
                }
            }
        }
        h2 { "What is well" }
        dl { @for check in &well { dt { (check.check) } dd { bdi { (check.detail) } } } }
    };
    visitor.page(Shown::new("Health", body))
}

fn sources_table(sources: &[(SourceStats, Source)], zone: &Zone) -> Markup {
    html! {
        @if sources.is_empty() { p.quiet { "Nothing sends reads by itself." } } @else {
            div.wide tabindex="0" role="region" aria-label="Sources" {
                table {
                    thead { tr { th scope="col" { "Source" } th scope="col" { "Last sent" } th scope="col" { "Stored" } th scope="col" { "Not usable" } th scope="col" { "Last error" } } }
                    tbody {
                        @for (stats, source) in sources {
                            tr {
                                td { (source.name.to_string()) @if source.disabled.is_some() { br; span.bad { "sends no longer" } } }
                                td { @match stats.last_at { Some(at) => (zone.when(at)), None => { span.quiet { "nothing since the start" } } } }
                                td.number { (stats.stored) }
                                td.number { (stats.rejected) }
                                td { @if let Some(error) = &stats.error { bdi { (error) } @if let Some(at) = stats.error_at { br; span.quiet { (zone.when(at)) } } } }
                            }
                        }
                    }
                }
            }
        }
    }
}
