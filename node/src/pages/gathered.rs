//! What is said of the owners when many were asked. The first few that have reads are told in full as they are
//! heard; of the others, how many reads each has is told at once, and the rest of it in the end. Owners that
//! have none, refused or were not heard stand in groups, each reason once. A page stays as long as people read,
//! however many agencies share.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::refusal::Reason;

use super::answers::{self, Links, notices};
use super::page::citations;
use crate::exchange::ask::{NotAsked, QueryOutcome};

/// Most owners that are told in full, and each by itself.
pub(super) const EACH: usize = 12;

/// What is said of every owner that was asked.
pub(super) struct Gathered {
    links: Links,
    /// Whether more were asked than are told each by itself.
    many: bool,
    told: usize,
    /// Notices that stand on the page already.
    notices: BTreeSet<String>,
    with_reads: Vec<Markup>,
    without: BTreeMap<Without, Vec<Markup>>,
}

/// What owners have in common that have nothing to show.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Without {
    /// They have no read; what they searched less than was asked for, in the words of their policies.
    Read {
        cuts: Vec<String>,
    },
    /// They refused, by these reasons as JSON.
    Refused {
        ours: bool,
        reasons: String,
    },
    NotHeard,
}

impl Gathered {
    /// Of `asked` owners.
    pub(super) fn of(asked: usize, links: Links) -> Self {
        Self {
            links,
            many: asked > EACH,
            told: 0,
            notices: BTreeSet::new(),
            with_reads: Vec::new(),
            without: BTreeMap::new(),
        }
    }

    /// Takes in what one owner said; what is told of it at once.
    pub(super) fn heard(&mut self, heard: &QueryOutcome) -> Markup {
        if !self.many {
            return answers::one(heard, &self.links);
        }
        if let Some(without) = without(heard) {
            let item = self.item(heard);
            self.without.entry(without).or_default().push(item);
            return html! {};
        }
        self.told = self.told.saturating_add(1);
        let new = notices(heard).into_iter().filter(|one| self.notices.insert((*one).to_owned()));
        let new: Vec<&str> = new.collect();
        if self.told <= EACH {
            return answers::one(heard, &self.links);
        }
        self.with_reads.push(answers::in_brief(heard, &self.links));
        let owner = heard.owner.as_str();
        html! {
            @for notice in new { p.notice { (owner) ": " bdi { (notice) } } }
            span.heard { a href={ "#of-" (owner) } { (owner) } ": " (heard.reads.len()) " " }
        }
    }

    /// An owner of a group, with what may be done about it and what is its own.
    fn item(&self, heard: &QueryOutcome) -> Markup {
        let refused = heard.outcome == OutcomeCode::Refused && !is_ours(heard);
        let id = heard.query_id.filter(|_| refused && self.links.request);
        html! {
            li {
                (heard.owner.as_str())
                @if let Some(error) = &heard.error { ": " bdi { (error) } }
                @if let Some(warning) = &heard.warning { " " span.bad { (warning) } }
                @if let Some(contact) = &heard.contact { ". Where a life is in danger, call at any hour: " bdi { (contact.as_str()) } }
                @if let Some(id) = id { " " (answers::ask_briefly(&id.to_string(), heard.contact.is_some())) }
            }
        }
    }

    /// What is left to say of them.
    pub(super) fn ended(self) -> Markup {
        let links = &self.links;
        html! {
            @if self.many {
                h2 id="each" { "Each agency" }
                @for one in &self.with_reads { (one) }
                @for (without, owners) in &self.without { (group(without, owners, links)) }
            }
        }
    }
}

fn is_ours(heard: &QueryOutcome) -> bool {
    heard.refused_by == Some(RefusedBy::OwnPolicy)
}

/// Why an owner has nothing to show; `None` of one that has.
fn without(heard: &QueryOutcome) -> Option<Without> {
    match heard.outcome {
        OutcomeCode::Answered if heard.reads.is_empty() && heard.corrections.is_empty() => {
            let cuts = heard.released.iter().flat_map(|released| &released.cuts);
            Some(Without::Read { cuts: cuts.map(|cut| cut.message.clone()).collect() })
        }
        OutcomeCode::Answered => None,
        OutcomeCode::Refused => Some(Without::Refused {
            ours: is_ours(heard),
            reasons: serde_json::to_string(&heard.reasons).unwrap_or_default(),
        }),
        _ => Some(Without::NotHeard),
    }
}

fn agencies(count: usize) -> Markup {
    html! { (count) @if count == 1 { " agency" } @else { " agencies" } }
}

fn group(without: &Without, owners: &[Markup], links: &Links) -> Markup {
    let list = html! { ul { @for one in owners { (one) } } };
    let asks = matches!(without, Without::Refused { ours: false, .. }) && links.request;
    html! {
        section.owner {
            @match without {
                Without::Read { cuts } => {
                    h3 { "No read: " (agencies(owners.len())) }
                    @for cut in cuts { p.notice { "Less than you asked for: " bdi { (cut) } } }
                }
                Without::Refused { ours, reasons } => {
                    @let reasons: Vec<Reason> = serde_json::from_str(reasons).unwrap_or_default();
                    h3 { @if *ours { "Our own policy does not permit it: " } @else { "Refused: " } (agencies(owners.len())) }
                    ul { @for reason in &reasons { li { bdi { (reason.message) } (citations(&reason.citations)) } } }
                }
                Without::NotHeard => { h3 { "Not heard: " (agencies(owners.len())) } }
            }
            details {
                summary { "Which: " (agencies(owners.len())) }
                @if asks { (answers::in_writing(links, &list)) } @else { (list) }
            }
        }
    }
}

/// Whom a search over all did not ask, by why not.
pub(super) fn left_out(all: &[NotAsked]) -> Markup {
    let mut by_why: BTreeMap<&str, Vec<&AgencyId>> = BTreeMap::new();
    for one in all {
        by_why.entry(&one.why).or_default().push(&one.owner);
    }
    html! {
        @for (why, owners) in &by_why {
            section.owner {
                h3 { "Not asked: " (agencies(owners.len())) }
                p { bdi { (why) } "." }
                details {
                    summary { "Which: " (agencies(owners.len())) }
                    ul { @for owner in owners { li { (owner.as_str()) } } }
                }
            }
        }
    }
}
