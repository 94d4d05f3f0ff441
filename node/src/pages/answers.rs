//! Answers as an officer reads them: what each owner said as it comes, and in the end all reads by time.

use maud::{Markup, html};
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::read::Read;
use schemas::text::Text;

use super::fields::Fields;
use super::page::{citations, form_token};
use super::timeline::{confused, plate, time_and_place, vehicle};
use super::visitor::Visitor;
use super::zone::Zone;
use crate::exchange::ask::QueryOutcome;

/// Most reads that stand beside what their owner said; with the others they stand below.
const MOST: usize = 5;

/// What is offered beside an answer, and how times are shown.
#[derive(Clone)]
pub(super) struct Links {
    pub(super) request: bool,
    form: Markup,
    who: Text,
    pub(super) zone: Zone,
}

impl Links {
    pub(super) fn of(visitor: &Visitor) -> Self {
        Self {
            request: visitor.may.query,
            form: form_token(visitor),
            who: visitor.user.full_name.clone(),
            zone: visitor.zone.clone(),
        }
    }
}

/// What is never out of sight while reads are.
pub(super) fn verify() -> Markup {
    html! {
        p.verify {
            strong { "A read is a lead, not a ground to stop anybody: " }
            "see for yourself that the plate and its state are the ones looked for, and have it confirmed (CLETS) before you act."
        }
    }
}

/// What stands above all answers, and stays in sight.
pub(super) fn above(fields: &Fields) -> Markup {
    let what = if fields.has("plate") { fields.get("plate") } else { "a vehicle" };
    html! {
        (verify())
        p {
            "Looking for " span.plate { (what) } @if fields.has("case") { ", case " bdi { (fields.get("case")) } } ". "
            a href="#timeline" { "All reads by time" } " stand below, once everybody is heard."
        }
    }
}

/// What stands below them.
pub(super) fn below(all: usize) -> Markup {
    html! {
        p.quiet { "That was all: " (all) @if all == 1 { " agency" } @else { " agencies" } " searched or asked." }
        p.acts { a.button href="/search" { "Another search" } a.button href="/searches" { "My searches" } }
    }
}

/// What became of one query.
pub(super) fn one(heard: &QueryOutcome, links: &Links) -> Markup {
    let owner = heard.owner.as_str();
    html! {
        section.owner aria-label=(owner) {
            h2 { (owner) }
            @match heard.outcome {
                OutcomeCode::Answered => { (answered(heard, &links.zone)) (photographs(heard, links)) }
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

fn answered(heard: &QueryOutcome, zone: &Zone) -> Markup {
    let mut reads: Vec<&Read> = heard.reads.iter().collect();
    reads.sort_by_key(|read| std::cmp::Reverse(read.at));
    let shown = reads.get(..MOST).unwrap_or(&reads);
    html! {
        p.good {
            @match reads.len() { 0 => "No read", 1 => "1 read", n => { (n) " reads" } }
            @if heard.truncated { ", and there are more: make the period shorter" }
            @if let Some(basis) = &heard.basis { span.quiet { " under " (basis.authority.to_string()) } }
        }
        (searched(heard, zone))
        @if !reads.is_empty() {
            @for notice in notices(heard) { p.notice { bdi { (notice) } } }
            div.wide tabindex="0" role="region" aria-label={ "Reads of " (heard.owner.as_str()) } {
                table {
                    thead {
                        tr {
                            th scope="col" { "Plate" } th scope="col" { "Seen" } th scope="col" { "Where" }
                            th scope="col" { "Vehicle" } th scope="col" { "Confidence" }
                        }
                    }
                    tbody {
                        @for read in shown {
                            tr { (plate(read, confused(read, &heard.misread))) (time_and_place(read, zone)) (vehicle(read)) }
                        }
                    }
                }
            }
            @if reads.len() > shown.len() { p.quiet { "These are the newest " (shown.len()) "; the others stand below, by time." } }
        }
        (corrections(heard, zone))
    }
}

/// What owners said of reads of theirs since.
fn corrections(heard: &QueryOutcome, zone: &Zone) -> Markup {
    html! {
        @for one in &heard.corrections {
            p.wrong {
                @match &one.plate {
                    Some(plate) => { "Corrected by its owner on " (zone.when(one.at)) ": the read of " (one.was.to_string()) " is of " (plate.to_string()) ". " }
                    None => { "Withdrawn by its owner on " (zone.when(one.at)) ": nothing may rest on the read of " (one.was.to_string()) ". " }
                }
                bdi { (one.reason.as_str()) }
            }
        }
    }
}

/// What one of many owners said that have reads: the reads stand by time, the rest is folded away but for what
/// has been corrected.
pub(super) fn in_brief(heard: &QueryOutcome, links: &Links) -> Markup {
    let (owner, zone) = (heard.owner.as_str(), &links.zone);
    let newest = heard.reads.iter().max_by_key(|read| read.at);
    html! {
        details.owner id={ "of-" (owner) } {
            summary {
                (owner) ": " (heard.reads.len()) @if heard.reads.len() == 1 { " read" } @else { " reads" }
                @if let Some(read) = newest { span.quiet { ", the newest " (zone.when(read.at)) ", " bdi { (read.camera.as_str()) } } }
            }
            @if let Some(basis) = &heard.basis { p { "Under " (basis.authority.to_string()) "." } }
            @if heard.truncated { p.notice { "There are more: make the period shorter." } }
            (searched(heard, zone))
            (photographs(heard, links))
            @if let Some(id) = &heard.query_id { p.quiet { "Query " span.code { (id.to_string()) } } }
        }
        (corrections(heard, zone))
        @if let Some(warning) = &heard.warning { p.wrong { (owner) ": " (warning) } }
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
fn searched(heard: &QueryOutcome, zone: &Zone) -> Markup {
    html! {
        @if let Some(released) = &heard.released {
            p { "Searched " (zone.when(released.from)) " until " (zone.when(released.until)) ", at most " (released.limit) " reads." }
            @for cut in &released.cuts {
                p.notice { "Less than you asked for: " bdi { (cut.message) } (citations(&cut.citations)) }
            }
        }
    }
}

/// Both sides' notices, each once.
pub(super) fn notices(heard: &QueryOutcome) -> Vec<&str> {
    let (own, theirs) = (heard.own_notice.as_str(), heard.notice.as_str());
    let mut all = vec![own];
    if theirs != own {
        all.push(theirs);
    }
    all.retain(|notice| !notice.is_empty());
    all
}

fn refused(heard: &QueryOutcome, links: &Links) -> Markup {
    let ours = heard.refused_by == Some(RefusedBy::OwnPolicy);
    html! {
        p.bad { @if ours { "Our own policy does not permit it" } @else { "Refused" } }
        ul {
            @for reason in &heard.reasons { li { bdi { (reason.message) } (citations(&reason.citations)) } }
        }
        @if let Some(contact) = &heard.contact {
            p.notice { "Where a life is in danger, call at any hour: " bdi { (contact.as_str()) } }
        }
        @if !heard.may_release.is_empty() {
            p.notice { "It waits for another person to release it, of these roles: " (heard.may_release.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ")) "." }
        }
        @if let Some(id) = heard.query_id.as_ref().filter(|_| links.request && !ours) {
            (ask_in_writing(&id.to_string(), heard.contact.is_some(), links))
        }
    }
}

/// Around the buttons of [`ask_briefly`]: one form for all of them.
pub(super) fn in_writing(links: &Links, body: &Markup) -> Markup {
    html! {
        form method="post" action="/requests/new" {
            (links.form)
            input type="hidden" name="requested_by" value=(links.who.as_str());
            (body)
        }
    }
}

/// One press makes a written request of one of many refused queries.
pub(super) fn ask_briefly(id: &str, urgent: bool) -> Markup {
    html! {
        button.small type="submit" name="after" value=(id) { @if urgent { "Ask urgently in writing" } @else { "Ask in writing" } }
    }
}

/// One press makes a written request of a refused query; an urgent one where it says that a life is in
/// danger.
pub(super) fn ask_in_writing(id: &str, urgent: bool, links: &Links) -> Markup {
    html! {
        form.inline method="post" action="/requests/new" {
            (links.form)
            input type="hidden" name="after" value=(id);
            input type="hidden" name="requested_by" value=(links.who.as_str());
            button type="submit" { @if urgent { "Ask urgently in writing" } @else { "Ask in writing" } }
            " " a href={ "/requests/new?after=" (id) } { "or say more first" }
        }
    }
}
