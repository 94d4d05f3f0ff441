//! The reads of a package as a table for a spreadsheet, and as a page to read and print.

use maud::{DOCTYPE, Markup, html};
use schemas::agency::AgencyId;
use schemas::answer::Answer;
use schemas::correction::Correction;
use schemas::read::Read;
use schemas::text::Text;
use schemas::time::Timestamp;

use super::Summary;
use super::gather::{Gathered, Received, Recorded};
use audit::report::render::csv_line;
use audit::wording::counted;

const STYLE: &str = "body{font:11pt/1.4 serif;max-width:60em;margin:2em auto;padding:0 1em}\
h1{font-size:18pt}h2{font-size:13pt;margin-top:1.6em}table{border-collapse:collapse;width:100%;\
font-size:9pt}thead{display:table-header-group}th,td{text-align:left;vertical-align:top;\
padding:.25em .5em;border-bottom:1px solid #999;overflow-wrap:anywhere}tr{break-inside:avoid}\
img{max-width:11em;max-height:8em;display:block}.notice{border:1px solid #000;padding:.5em .8em}\
.wrong{font-weight:bold}code{font-size:9pt;overflow-wrap:anywhere}\
@page{size:landscape}@media print{body{margin:0;max-width:none}}";

/// Columns of the table, in order.
const COLUMNS: [&str; 21] = [
    "owner",
    "query_id",
    "authority",
    "plate",
    "plate_state",
    "corrected_to",
    "correction_reason",
    "at",
    "camera",
    "latitude",
    "longitude",
    "direction",
    "confidence",
    "make",
    "model",
    "color",
    "body",
    "images",
    "read_id",
    "earlier_reading_of",
    "reader_clock",
];

/// A read with where it came from.
struct Row<'a> {
    owner: &'a AgencyId,
    received: Option<&'a Received>,
    read: &'a Read,
}

impl Row<'_> {
    /// The latest correction of the read that its owner told.
    fn correction(&self) -> Option<&Correction> {
        let told = self.received.iter().flat_map(|one| &one.corrections);
        told.filter(|told| told.read == self.read.id).max_by_key(|told| told.version)
    }

    fn cells(&self) -> [String; COLUMNS.len()] {
        let read = self.read;
        let given = |text: Option<String>| text.unwrap_or_default();
        let text = |text: &Option<Text>| given(text.as_ref().map(Text::to_string));
        let place = read.location.as_ref();
        let correction = self.correction();
        let vehicle = &read.vehicle;
        let images: Vec<_> = read.images.iter().map(schemas::image::Image::file_name).collect();
        [
            self.owner.to_string(),
            given(self.received.map(|one| one.query.id.to_string())),
            given(self.received.map(|one| one.answer.basis.authority.to_string())),
            read.plate.to_string(),
            given(read.plate_state.as_ref().map(ToString::to_string)),
            given(correction.map(|told| match &told.plate {
                Some(plate) => plate.to_string(),
                None => "withdrawn".to_owned(),
            })),
            given(correction.map(|told| told.reason.to_string())),
            read.at.to_string(),
            read.camera.to_string(),
            given(place.map(|place| place.latitude().to_string())),
            given(place.map(|place| place.longitude().to_string())),
            text(&read.direction),
            given(read.confidence.map(|sure| f64::from(sure).to_string())),
            text(&vehicle.make),
            text(&vehicle.model),
            text(&vehicle.color),
            text(&vehicle.body),
            images.join(" "),
            read.id.to_string(),
            given(read.earlier_of.map(|of| of.to_string())),
            given(read.reader_clock.map(|clock| clock.to_string())),
        ]
    }
}

fn rows<'a>(me: &'a AgencyId, gathered: &'a Gathered) -> impl Iterator<Item = Row<'a>> {
    let own = gathered.own.values().map(move |read| Row { owner: me, received: None, read });
    let received = gathered.received.iter().flat_map(|one| {
        let row = |read| Row { owner: &one.query.to, received: Some(one), read };
        one.reads.iter().map(row)
    });
    own.chain(received)
}

/// Every read as comma-separated values (RFC 4180), times in UTC.
pub(super) fn table(me: &AgencyId, gathered: &Gathered) -> String {
    let head = csv_line(COLUMNS);
    rows(me, gathered).fold(head, |table, row| table + &csv_line(row.cells()))
}

/// The package as a page.
pub(super) fn page(summary: &Summary, gathered: &Gathered, notice: &Text, at: Timestamp) -> String {
    let title = format!("Case {}: licence plate reads", summary.case);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (STYLE) }
            }
            body {
                h1 { (title) }
                p {
                    "Made by " (summary.agency) " at " (at) ": "
                    (counted(summary.reads, "read", "reads")) ", of these "
                    (summary.own_reads) " of its own, "
                    (counted(summary.answers, "answer", "answers")) " of other agencies, "
                    (counted(summary.images, "photograph", "photographs")) ". Times are UTC. "
                    "HOW-TO-CHECK.txt beside this folder tells how to check that nothing was changed."
                }
                @if !notice.is_empty() { p.notice { (notice) } }
                @if !summary.images_missing.is_empty() {
                    p.wrong {
                        (counted(summary.images_missing.len(), "photograph", "photographs"))
                        " that belong to reads are not in this package:"
                    }
                    ul { @for one in &summary.images_missing { li { code { (one.digest) } ": " (one.why) } } }
                }
                h2 { "Own reads of " (summary.agency) }
                @if gathered.own.is_empty() {
                    p { "None was found by a search for this case." }
                } @else {
                    p { "Found again, at the time of this package, by the searches that were made for this case." }
                    (shown(rows(&summary.agency, gathered).filter(|row| row.received.is_none())))
                }
                @for one in &gathered.received { (answer(&summary.agency, gathered, one)) }
                h2 { "How they came: entries of the audit log" }
                (custody(&gathered.entries))
            }
        }
    };
    page.into_string()
}

fn answer(me: &AgencyId, gathered: &Gathered, one: &Received) -> Markup {
    let Answer { basis, at, count, notice, .. } = &one.answer;
    html! {
        h2 { "Answer of " (one.query.to) }
        p {
            (counted(*count, "read", "reads")) " under " (basis.authority) " (version "
            (basis.version) "), signed at " (at) ", to query " code { (one.query.id) } " of "
            (one.query.requester.full_name) ": “" (one.query.why.reason) "”"
        }
        @if !notice.is_empty() { p.notice { "Notice of " (one.query.to) ": " (notice) } }
        @if one.pages.len() < one.answer.pages.len() {
            p.wrong { "Its reads are kept no longer; what was signed is in data/custody." }
        } @else {
            (shown(rows(me, gathered).filter(|row| {
                row.received.is_some_and(|of| of.query.id == one.query.id)
            })))
        }
    }
}

fn shown<'a>(rows: impl Iterator<Item = Row<'a>>) -> Markup {
    html! {
        table {
            thead { tr { th { "Plate" } th { "Seen" } th { "Camera" } th { "Place" } th { "Vehicle" } th { "Photographs" } } }
            tbody {
                @for row in rows {
                    @let vehicle = &row.read.vehicle;
                    tr {
                        td {
                            (row.read.plate)
                            @if let Some(state) = &row.read.plate_state { " " (state) }
                            @if let Some(of) = &row.read.earlier_of {
                                br; "earlier reading of " code { (of) }
                            }
                            @if let Some(told) = row.correction() {
                                br; span.wrong {
                                    @match &told.plate {
                                        Some(plate) => { "corrected to " (plate) ": " }
                                        None => { "withdrawn by its owner: " }
                                    }
                                    (told.reason)
                                }
                            }
                        }
                        td {
                            (row.read.at)
                            @if let Some(clock) = &row.read.reader_clock {
                                br; "its reader's clock, which was ahead: " (clock)
                            }
                        }
                        td { (row.read.camera) }
                        td { @if let Some(place) = &row.read.location { (place.latitude()) ", " (place.longitude()) } }
                        td {
                            @for word in [&vehicle.color, &vehicle.make, &vehicle.model, &vehicle.body].into_iter().flatten() { (word) " " }
                        }
                        td {
                            @for image in &row.read.images {
                                @let file = format!("images/{}", image.file_name());
                                a href=(file) { img src=(file) loading="lazy" alt=(format!("{} of this read", image.view)); }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn custody(entries: &[Recorded]) -> Markup {
    html! {
        table {
            thead { tr { th { "Entry" } th { "At" } th { "What" } th { "Who" } th { "Agency" } th { "Purpose and reason" } th { "Outcome" } } }
            tbody {
                @for one in entries {
                    @let header = &one.read.header;
                    @let body = one.read.body.as_ref();
                    @let access = body.and_then(|body| body.event.access());
                    tr {
                        td { a href=(format!("custody/{}.tlog-proof", header.index)) { (header.index) } }
                        td { (header.at) }
                        td { (header.kind) }
                        td { @if let Some(body) = body { (body.actor.full_name) " " @if let Some(user) = &body.actor.user { "(" (user) ")" } } }
                        td { @if let Some(peer) = &header.peer { (peer) } }
                        td { @if let Some(access) = access { (access.why.purpose) ": “" (access.why.reason) "”" } }
                        td {
                            @if let Some(access) = access {
                                (outcome(access))
                            } @else if body.is_none() { "past its retention" }
                            @if let Some(why) = &one.read.unproven { " " span.wrong { "(" (why) ")" } }
                        }
                    }
                }
            }
        }
    }
}

fn outcome(access: &schemas::body::Access) -> String {
    let reads = access.count.map(|count| counted(count, "read", "reads"));
    let basis = access.basis.as_ref().map(|basis| format!("under {}", basis.authority));
    let codes = access.reasons.iter().map(|reason| reason.code.to_string());
    let words = serde_json::to_value(access.outcome);
    let word = words.ok().and_then(|word| word.as_str().map(str::to_owned));
    word.into_iter().chain(reads).chain(basis).chain(codes).collect::<Vec<_>>().join(", ")
}
