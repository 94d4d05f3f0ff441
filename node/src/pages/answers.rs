//! Answers as an officer reads them: what each owner said, newest read first.

use maud::{Markup, html};
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::read::Read;

use super::fields::Fields;
use super::page::{citations, form_token, when};
use super::visitor::Visitor;
use crate::exchange::ask::{Misread, QueryOutcome};

/// What is offered beside an answer.
#[derive(Clone)]
pub(super) struct Links {
    request: bool,
    form: Markup,
}

impl Links {
    pub(super) fn of(visitor: &Visitor) -> Self {
        Self { request: visitor.may.query, form: form_token(visitor) }
    }
}

/// What stands above all answers, and stays in sight.
pub(super) fn above(fields: &Fields) -> Markup {
    let what = if fields.has("plate") { fields.get("plate") } else { "a vehicle" };
    html! {
        p.verify {
            strong { "A read is a lead, not a ground to stop anybody: " }
            "see for yourself that the plate and its state are the ones looked for, and have it confirmed before you act."
        }
        p { "Looking for " span.plate { (what) } @if fields.has("case") { ", case " (fields.get("case")) } "." }
    }
}

/// What stands below them.
pub(super) fn below(all: usize) -> Markup {
    html! {
        p.quiet { "That was all: " (all) @if all == 1 { " agency" } @else { " agencies" } " searched or asked." }
        p { a href="/search" { "Another search" } }
    }
}

/// What became of one query.
pub(super) fn one(heard: &QueryOutcome, links: &Links) -> Markup {
    let owner = heard.owner.as_str();
    html! {
        section aria-label=(owner) {
            h2 { (owner) }
            @match heard.outcome {
                OutcomeCode::Answered => { (answered(heard)) (photographs(heard, links)) }
                OutcomeCode::Refused => { (refused(heard, links)) }
                _ => {
                    p.bad { "Not heard" }
                    p { (heard.error.as_deref().unwrap_or("nothing was heard within the time for an answer")) }
                }
            }
            @if let Some(warning) = &heard.warning { p.wrong { (warning) } }
            @if let Some(id) = &heard.query_id { p.quiet { "Query " span.code { (id.to_string()) } } }
        }
    }
}

fn answered(heard: &QueryOutcome) -> Markup {
    let mut reads: Vec<&Read> = heard.reads.iter().collect();
    reads.sort_by_key(|read| std::cmp::Reverse(read.at));
    html! {
        p.good {
            @match reads.len() { 0 => "No read", 1 => "1 read", n => { (n) " reads" } }
            @if heard.truncated { ", and there are more: make the period shorter" }
            @if let Some(basis) = &heard.basis { span.quiet { " under " (basis.authority.to_string()) } }
        }
        (searched(heard))
        @if !reads.is_empty() {
            @for notice in notices(heard) { p.notice { (notice) } }
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { "Plate" } th scope="col" { "Seen" } th scope="col" { "Where" }
                            th scope="col" { "Vehicle" } th scope="col" { "Confidence" }
                        }
                    }
                    tbody { @for read in &reads { (row(read, &heard.misread)) } }
                }
            }
        }
        @for one in &heard.corrections {
            p.wrong {
                @match &one.plate {
                    Some(plate) => { "Corrected by its owner on " (when(one.at)) ": the read of " (one.was.to_string()) " is of " (plate.to_string()) ". " }
                    None => { "Withdrawn by its owner on " (when(one.at)) ": nothing may rest on the read of " (one.was.to_string()) ". " }
                }
                (one.reason.as_str())
            }
        }
    }
}

/// The way to the photographs of an answer.
fn photographs(heard: &QueryOutcome, links: &Links) -> Markup {
    let count = heard.photographs.len();
    html! {
        @if let Some(id) = heard.query_id.as_ref().filter(|_| count > 0) {
            form method="post" action="/photographs" {
                (links.form)
                input type="hidden" name="id" value=(id.to_string());
                button type="submit" { "Look at " @if count == 1 { "the photograph" } @else { "the " (count) " photographs" } }
            }
        }
    }
}

/// What was searched, and what of it is less than was asked for.
fn searched(heard: &QueryOutcome) -> Markup {
    html! {
        @if let Some(released) = &heard.released {
            p { "Searched " (when(released.from)) " until " (when(released.until)) ", at most " (released.limit) " reads." }
            @for cut in &released.cuts {
                p.notice { "Less than you asked for: " (cut.message) (citations(&cut.citations)) }
            }
        }
    }
}

/// Both sides' notices, each once.
fn notices(heard: &QueryOutcome) -> Vec<&str> {
    let (own, theirs) = (heard.own_notice.as_str(), heard.notice.as_str());
    let mut all = vec![own];
    if theirs != own {
        all.push(theirs);
    }
    all.retain(|notice| !notice.is_empty());
    all
}

fn row(read: &Read, misread: &[Misread]) -> Markup {
    let confused = misread.iter().any(|one| one.read == read.id);
    let vehicle = &read.vehicle;
    let parts = [&vehicle.color, &vehicle.make, &vehicle.model, &vehicle.body];
    let parts: Vec<&str> = parts.into_iter().flatten().map(|part| part.as_str()).collect();
    html! {
        tr {
            td {
                span.plate { (read.plate.to_string()) }
                @if let Some(state) = &read.plate_state { " " (state.to_string()) }
                @if read.earlier_of.is_some() { br; span.bad { "an earlier reading: its reader tells this sighting otherwise now" } }
                @if confused { br; span.quiet { "another plate: the reader may have confused characters" } }
            }
            td {
                (when(read.at))
                @if let Some(clock) = read.reader_clock { br; span.quiet { "the clock of the reader was ahead and showed " (when(clock)) } }
            }
            td {
                (read.camera.as_str())
                @if let Some(at) = &read.location { br; span.quiet { (format!("{:.5}, {:.5}", at.latitude(), at.longitude())) } }
                @if let Some(direction) = &read.direction { br; span.quiet { "towards " (direction.as_str()) } }
            }
            td { (parts.join(" ")) }
            td { @if let Some(confidence) = read.confidence { (format!("{:.0} %", f64::from(confidence) * 100.0)) } }
        }
    }
}

fn refused(heard: &QueryOutcome, links: &Links) -> Markup {
    let ours = heard.refused_by == Some(RefusedBy::OwnPolicy);
    html! {
        p.bad { @if ours { "Our own policy does not permit it" } @else { "Refused" } }
        ul {
            @for reason in &heard.reasons { li { (reason.message) (citations(&reason.citations)) } }
        }
        @if let Some(contact) = &heard.contact {
            p.notice { "Where a life is in danger, call at any hour: " (contact.as_str()) }
        }
        @if let Some(id) = heard.query_id.as_ref().filter(|_| links.request && !ours) {
            p { a.button href={ "/requests/new?after=" (id.to_string()) } { "Ask in writing" } }
        }
    }
}
