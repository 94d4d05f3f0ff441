//! Reads of several owners in one table and on one map, the newest first.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::read::Read;

use super::map::{self, Mark, Outline};
use super::zone::Zone;
use crate::exchange::ask::{Misread, QueryOutcome};

/// Most reads of a page.
pub(super) const MOST: usize = 100;

/// A read, and of whom it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) owner: AgencyId,
    pub(super) read: Read,
    /// Whether another plate was read than the one asked for.
    pub(super) confused: bool,
}

/// The reads of one outcome.
pub(super) fn seen(heard: &QueryOutcome) -> impl Iterator<Item = Seen> {
    heard.reads.iter().map(|read| Seen {
        owner: heard.owner.clone(),
        read: read.clone(),
        confused: confused(read, &heard.misread),
    })
}

pub(super) fn confused(read: &Read, misread: &[Misread]) -> bool {
    misread.iter().any(|one| one.read == read.id)
}

/// What was seen so far: the newest, and how much there is in all.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    newest: Vec<Seen>,
    all: usize,
    /// How many each owner has.
    owners: BTreeMap<AgencyId, usize>,
    /// How many of the newest are left out: those of pages before.
    skipped: usize,
}

impl Timeline {
    /// One that begins after so many of the newest.
    pub(super) fn after(skipped: usize) -> Self {
        Self { skipped, ..Self::default() }
    }

    pub(super) fn add(&mut self, reads: impl Iterator<Item = Seen>) {
        for one in reads {
            self.all = self.all.saturating_add(1);
            let of = self.owners.entry(one.owner.clone()).or_default();
            *of = of.saturating_add(1);
            self.newest.push(one);
        }
        // As many as may be shown, and no more, however many owners answer.
        if self.newest.len() > self.skipped.saturating_add(MOST).saturating_mul(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.newest.sort_by_key(|one| std::cmp::Reverse((one.read.at, one.read.id)));
        self.newest.truncate(self.skipped.saturating_add(MOST));
    }

    /// How many there are in all.
    pub(super) const fn all(&self) -> usize {
        self.all
    }

    /// How many are older than those of this page.
    pub(super) fn older(&self) -> usize {
        self.all.saturating_sub(self.skipped.saturating_add(MOST))
    }

    /// How many reads of one owner are older than those of this page.
    pub(super) fn older_of(&mut self, owner: &AgencyId) -> usize {
        self.cut();
        let here = self.newest.iter().filter(|one| one.owner == *owner).count();
        self.owners.get(owner).map_or(0, |all| all.saturating_sub(here))
    }

    /// The newest of them, in a sentence.
    fn last(&self, zone: &Zone) -> Markup {
        html! {
            @if let Some(last) = self.newest.first() {
                "The last one: " (zone.when(last.read.at)) ", " bdi { (last.read.camera.as_str()) } ", of " (last.owner.as_str()) "."
            }
        }
    }

    /// The table, and the map above it.
    pub(super) fn shown(mut self, zone: &Zone, outline: &Outline) -> Markup {
        self.cut();
        let first = self.skipped;
        let page = self.newest.get(first..).unwrap_or_default();
        let plates: BTreeSet<_> = page.iter().map(|one| &one.read.plate).collect();
        let marks: Vec<Mark> =
            (first..).zip(page).filter_map(|(n, one)| mark(n, one, zone)).collect();
        html! {
            section id="timeline" aria-label="All reads by time" {
                h2 { "All reads by time" }
                p {
                    (self.all) @if self.all == 1 { " read of " } @else { " reads of " }
                    (self.owners.len()) @if self.owners.len() == 1 { " agency" } @else { " agencies" }
                    ", the newest first" @if self.all > page.len() { "; here are numbers " (first.saturating_add(1)) " to " (first.saturating_add(page.len())) } ". "
                    @if first == 0 { strong { (self.last(zone)) } }
                }
                (map::of(&marks, outline, plates.len() == 1, "Where the reads of this page were made"))
                (table(first, page, zone))
            }
        }
    }
}

fn mark(n: usize, one: &Seen, zone: &Zone) -> Option<Mark> {
    let number = n.saturating_add(1);
    Some(Mark {
        at: one.read.location?,
        label: number.to_string(),
        said: format!(
            "{number}: {} at {}, {}",
            one.read.plate,
            one.read.camera,
            zone.when(one.read.at)
        ),
        row: format!("read-{number}"),
    })
}

/// Reads of several owners.
fn table(first: usize, reads: &[Seen], zone: &Zone) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Reads" {
            table {
                thead {
                    tr {
                        th scope="col" { "No." } th scope="col" { "Plate" } th scope="col" { "Seen" }
                        th scope="col" { "Where" } th scope="col" { "Of" } th scope="col" { "Vehicle" }
                        th scope="col" { "Confidence" }
                    }
                }
                tbody {
                    @for (n, one) in (first..).zip(reads) {
                        @let number = n.saturating_add(1);
                        tr id={ "read-" (number) } {
                            td { (number) }
                            (plate(&one.read, one.confused))
                            (time_and_place(&one.read, zone))
                            td { (one.owner.as_str()) }
                            (vehicle(&one.read))
                        }
                    }
                }
            }
        }
    }
}

/// The cell of the plate.
pub(super) fn plate(read: &Read, confused: bool) -> Markup {
    html! {
        td {
            span.plate { (read.plate.to_string()) }
            @if let Some(state) = &read.plate_state { " " (state.to_string()) }
            @if read.earlier_of.is_some() { br; span.bad { "an earlier reading: its reader tells this sighting otherwise now" } }
            @if confused { br; span.quiet { "another plate: the reader may have confused characters" } }
        }
    }
}

/// The cells of when and where.
pub(super) fn time_and_place(read: &Read, zone: &Zone) -> Markup {
    html! {
        td {
            (zone.when(read.at))
            @if let Some(clock) = read.reader_clock { br; span.quiet { "the clock of the reader was ahead and showed " (zone.when(clock)) } }
        }
        td {
            bdi { (read.camera.as_str()) }
            @if let Some(at) = &read.location { br; span.quiet { (format!("{:.5}, {:.5}", at.latitude(), at.longitude())) } }
            @if let Some(direction) = &read.direction { br; span.quiet { "towards " bdi { (direction.as_str()) } } }
        }
    }
}

/// The cells of the vehicle, and how sure the reader is.
pub(super) fn vehicle(read: &Read) -> Markup {
    let vehicle = &read.vehicle;
    let parts = [&vehicle.color, &vehicle.make, &vehicle.model, &vehicle.body];
    let parts: Vec<&str> = parts.into_iter().flatten().map(|part| part.as_str()).collect();
    html! {
        td { bdi { (parts.join(" ")) } }
        td { @if let Some(confidence) = read.confidence { (format!("{:.0} %", f64::from(confidence) * 100.0)) } }
    }
}
