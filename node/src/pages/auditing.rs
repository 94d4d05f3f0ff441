//! The workbench of an auditor: what is due, who saw a plate, reports, samples and what was found.

use std::sync::Arc;

use audit::report::{Kind, Report};
use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::audits;
use super::draft::{day, last_day, words};
use super::entries::plate_form;
use super::fields::Fields;
use super::page::{Shown, form_token, line, prove_again};
use super::search_form::day_field;
use super::visitor::{Posted, Proven, Visitor};
use super::zone::Zone;
use crate::auditing::audits::open_now;
use crate::auditing::periodic::{self, Audited, Sampling};
use crate::auditing::reports;
use crate::auditing::unseen::Unseen;
use crate::http::AppState;
use crate::permission::{ActError, Permission, authorize, sections};

type App = State<Arc<AppState>>;

fn may(app: &AppState, visitor: &Visitor) -> Result<(), ActError> {
    let agency = &app.context.agency;
    authorize(&agency.registry.state(), &visitor.by, Permission::Audit, agency.clock.now())
        .map(drop)
}

pub(super) async fn home(State(app): App, visitor: Visitor) -> Response {
    let found = async {
        may(&app, &visitor)?;
        let store = app.context.store.as_ref();
        let size = app.context.agency.log.counters().size;
        let due = periodic::due(&app.context.agency, store).await?;
        let unseen = Unseen::of(store, size).await?.in_words();
        let open = open_now(&app.context.agency, &visitor.by)?;
        Ok::<_, ActError>((due, unseen, size, open))
    };
    let (due, unseen, size, open) = match found.await {
        Ok(found) => found,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let demanded = demanded(&app);
    let body = html! {
        (audits::section(&visitor, &open, demanded.as_deref(), &Fields::default()))
        h2 { "What is due" }
        @if due.is_empty() { p { "Nothing: every audit and reconciliation was made in time." } } @else {
            ul { @for one in &due { li { (one) } } }
        }
        p.quiet { "The log has " (size) " entries; " (unseen) "." }
        p.acts {
            a.button href="/reconcile" { "Reconcile with an agency" }
            a.button href="/alarms" { "Alarms" }
            a.button href="/log" { "Read the log" }
        }
        h2 { "Who saw a plate" }
        (plate_form(&visitor, ""))
        h2 { "A report" }
        (report_form(&visitor, &Fields::default()))
        h2 { "Draw a sample" }
        (sample_form(&visitor, &Fields::default()))
        h2 { "Record an audit" }
        (record_form(&visitor, &Fields::default()))
    };
    visitor.page(Shown::new("Audit", body))
}

/// The sections by which the policy demands an occasion, where it does.
fn demanded(app: &AppState) -> Option<String> {
    let state = app.context.agency.registry.state();
    let policy = state.policy.as_ref()?;
    Some(sections(&policy.cites(policy.audit_occasion.as_ref()?)))
}

fn period(fields: &Fields, prefix: &str) -> Markup {
    html! {
        p.field { label for={ (prefix) "-from" } { "First day" } input id={ (prefix) "-from" } name="from" type="date" value=(fields.get("from")); }
        p.field { label for={ (prefix) "-until" } { "Last day" } input id={ (prefix) "-until" } name="until" type="date" value=(fields.get("until")); }
    }
}

const fn said(kind: Kind) -> &'static str {
    match kind {
        Kind::Access => "Accesses: who looked for what, when and why",
        Kind::Sharing => "Sharing: with whom, under what, since when",
        Kind::Statutory => "What Civil Code 1798.90.52(a) demands, no more",
        Kind::Exceptions => "Exceptions: what an auditor may want to look at",
        Kind::Public => "Public: what an official releases to everybody",
    }
}

fn report_form(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form method="post" action="/reports" {
            (form_token(visitor))
            div.row {
                p.field {
                    label for="kind" { "Report" }
                    select id="kind" name="kind" { @for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Public) { option value=(kind.code()) selected[kind.code() == fields.get("kind")] { (said(kind)) } } }
                }
                (period(fields, "report"))
            }
            p.acts { button type="submit" { "Make the report" } }
        }
    }
}

fn sample_form(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form method="post" action="/audit/sample" {
            (form_token(visitor))
            div.row {
                p.field {
                    label for="of" { "Of what" }
                    select id="of" name="of" {
                        option value="" { "Accesses: who asked for reads" }
                        option value="looks" selected[fields.get("of") == "looks"] { "Looks: what other auditors looked at" }
                    }
                }
                p.field { label for="count" { "How many" } input id="count" name="count" inputmode="numeric" required value=(if fields.has("count") { fields.get("count") } else { "20" }); }
                (line("seed", "Seed", "Any words, chosen before you look: the same words draw the same ones.", fields.get("seed"), true))
                (period(fields, "sample"))
            }
            p.acts { button type="submit" { "Draw" } }
        }
    }
}

fn record_form(visitor: &Visitor, fields: &Fields) -> Markup {
    html! {
        form method="post" action="/audit/record" {
            (form_token(visitor))
            div.row {
                (line("sample", "Number of the sample", "", fields.get("sample"), false))
                (line("entries", "Entries that it is about", "Their numbers, spaces between them.", fields.get("entries"), false))
            }
            (line("finding", "What was found", "", fields.get("finding"), true))
            p.boxes { label { input type="checkbox" name="ok" value="1"; " Everything was in order" } }
            (prove_again(visitor, "record"))
            p.acts { button type="submit" { "Record it" } }
        }
    }
}

/// Columns of a report that stand together in one, and what that is called.
const TOGETHER: &[(&str, &[&str])] = &[
    ("When", &["at", "since", "from"]),
    ("Who", &["full_name", "user"]),
    ("Agencies", &["agency", "owner", "with", "direction"]),
    ("What", &["finding", "plate", "data_queried", "under", "version", "sort", "entries"]),
    ("Why", &["purpose", "purposes", "case", "reason"]),
    (
        "How it ended",
        &[
            "outcome",
            "count",
            "basis",
            "refused_for",
            "state",
            "until",
            "answers_given",
            "answers_received",
            "detail",
            "unproven",
        ],
    ),
];

/// A report in columns that fit a page: those of one sort stand together.
fn report_table(report: &Report, zone: &Zone) -> Markup {
    let columns = report.report.columns();
    let named: Vec<&str> = TOGETHER.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
    let rest: Vec<&str> = columns
        .iter()
        .copied()
        .filter(|key| !named.contains(key) && *key != "index" && *key != "entry")
        .collect();
    let of = |row: &Map<String, Value>, keys: &[&str]| -> Vec<(String, String)> {
        keys.iter()
            .filter(|key| columns.contains(key))
            .filter_map(|key| {
                let text = value(row.get(*key)?, zone);
                (!text.is_empty()).then(|| (words(key), text))
            })
            .collect()
    };
    html! {
        div.wide.sideways tabindex="0" role="region" aria-label="The report" {
            table {
                thead {
                    tr {
                        th scope="col" { "Entry" }
                        @for (title, keys) in TOGETHER { @if keys.iter().any(|key| columns.contains(key)) { th scope="col" { (title) } } }
                        @if !rest.is_empty() { th scope="col" { "Besides" } }
                    }
                }
                tbody {
                    @for row in &report.rows {
                        tr {
                            td { (value(row.get("index").or_else(|| row.get("entry")).unwrap_or(&Value::Null), zone)) }
                            @for (_, keys) in TOGETHER {
                                @if keys.iter().any(|key| columns.contains(key)) { td { (cells(&of(row, keys), keys)) } }
                            }
                            @if !rest.is_empty() { td { (cells(&of(row, &rest), &[])) } }
                        }
                    }
                }
            }
        }
    }
}

/// Values of one sort below each other; what is plain by itself without its name.
fn cells(all: &[(String, String)], plain: &[&str]) -> Markup {
    const BARE: &[&str] =
        &["At", "Plate", "Full name", "Requester", "Purpose", "Reason", "Outcome", "User"];
    html! {
        @for (key, text) in all {
            @if plain.len() == 1 || BARE.contains(&key.as_str()) {
                @if key == "Plate" { span.plate { (text) } } @else { bdi.long[is_long(text)] { (text) } }
            } @else { span.quiet { (key) ": " } bdi.long[is_long(text)] { (text) } }
            br;
        }
    }
}

/// Whether a word of it is longer than a column is wide.
fn is_long(text: &str) -> bool {
    text.split_whitespace().any(|word| word.len() > 24)
}

fn value(value: &Value, zone: &Zone) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => match text.parse() {
            Ok(at) if text.len() >= 20 && text.ends_with('Z') => zone.exactly(at),
            _ => text.clone(),
        },
        Value::Array(all) => {
            all.iter().map(|one| self::value(one, zone)).collect::<Vec<_>>().join(", ")
        }
        Value::Object(map) => {
            let pairs = map
                .iter()
                .map(|(key, one)| format!("{} {}", key.replace('_', " "), self::value(one, zone)));
            pairs.collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    }
}

pub(super) async fn report(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let zone = &visitor.zone;
    let made = async {
        let kind: Kind = fields.needed("kind", "Report")?;
        let from = day(&fields, zone, "from", "First day")?;
        let until = last_day(&fields, zone, "until", "Last day")?;
        let usual = app.context.bounds.usual();
        let (agency, store) = (&app.context.agency, app.context.store.as_ref());
        reports::make(agency, store, &visitor.by, kind, from, until, &usual).await
    };
    let report = match made.await {
        Ok(report) => report,
        Err(error) => return visitor.page(Shown::error(&error)),
    };
    let made = &report.made_from;
    let body = html! {
        dl {
            dt { "Of" } dd { (report.agency) ", made by " bdi { (report.by) } " on " (zone.when(made.signed_at)) }
            dt { "Occasion" } dd { (audits::borne(&visitor)) }
            dt { "Period" }
            dd {
                @match report.from { Some(from) => (zone.when(from)), None => "the beginning of the log" } " until "
                @match report.until { Some(until) => (zone.when(until)), None => "the time at which it was made" }
            }
            dt { "Under" } dd { "the signed head of " (made.size) " entries, root " span.code { (made.root) } "; entry " (made.entry) " records that it was made" }
        }
        p { (report.rows.len()) @if report.rows.len() == 1 { " row" } @else { " rows" } "." }
        @if !report.rows.is_empty() { (report_table(&report, zone)) }
        details { summary { "The signed head" } pre tabindex="0" { (made.checkpoint) } }
        div.signature { span { "Looked at by" } span { "Date" } }
        h2.screen { "Another report" }
        (report_form(&visitor, &fields))
    };
    visitor.page(Shown::new(format!("Report: {}", said(report.report)), body))
}

pub(super) async fn sample(State(app): App, Posted { visitor, fields }: Posted) -> Response {
    let zone = &visitor.zone;
    let drawn = async {
        let wanted = Sampling {
            count: fields.needed("count", "How many")?,
            seed: fields.needed("seed", "Seed")?,
            looks: fields.get("of") == "looks",
            from: day(&fields, zone, "from", "First day")?,
            until: last_day(&fields, zone, "until", "Last day")?,
        };
        let (agency, store) = (&app.context.agency, app.context.store.as_ref());
        periodic::sample(agency, store, &visitor.by, &wanted).await
    };
    match drawn.await {
        Ok(sample) => {
            let mut filled = Fields::default();
            filled.set("sample", sample.sample.to_string());
            let body = html! {
                p { "Sample " strong { (sample.sample) } ": " (sample.rows.len()) " of " (sample.among) @if fields.get("of") == "looks" { " looks of others" } @else { " accesses" } ". The same seed draws the same ones." }
                (audits::under(&visitor))
                div.wide tabindex="0" role="region" aria-label="The sample" {
                    table {
                        thead { tr { th scope="col" { "Entry" } th scope="col" { "What it says" } } }
                        tbody {
                            @for row in &sample.rows {
                                tr {
                                    td {
                                        form.inline method="post" action="/log/entry" {
                                            (form_token(&visitor))
                                            @let index = row.get("index").and_then(Value::as_u64).unwrap_or_default();
                                            button.small type="submit" name="index" value=(index) aria-label={ "Entry " (index) } { (index) }
                                        }
                                    }
                                    td { @for (key, one) in row.iter().filter(|(key, _)| *key != "index") { @let text = value(one, zone); @if !text.is_empty() { span.quiet { (words(key)) ": " } bdi { (text) } "; " } } }
                                }
                            }
                        }
                    }
                }
                h2 { "Record what was found" }
                (record_form(&visitor, &filled))
            };
            visitor.page(Shown::new("A sample", body))
        }
        Err(error) => {
            let body = html! { p.wrong role="alert" { (error.to_string()) } (sample_form(&visitor, &fields)) };
            visitor.page(Shown::new("Draw a sample", body))
        }
    }
}

pub(super) async fn record(State(app): App, Proven { visitor, fields }: Proven) -> Response {
    let recorded = async {
        let entries: Result<Vec<u64>, _> = fields
            .get("entries")
            .split([' ', ','])
            .filter(|one| !one.is_empty())
            .map(str::parse)
            .collect();
        let audited = Audited {
            sample: fields.parsed("sample", "Number of the sample")?,
            finding: fields.needed("finding", "What was found")?,
            entries: entries.map_err(|_| {
                ActError::usage("Entries: their numbers, spaces between them".into())
            })?,
            ok: fields.has("ok"),
        };
        let (agency, store) = (&app.context.agency, app.context.store.as_ref());
        periodic::record(agency, store, &visitor.by, &audited).await
    };
    match recorded.await {
        Ok(row) => {
            let index = row.get("index").and_then(Value::as_u64).unwrap_or_default();
            let body = html! {
                p.good role="status" { "It is recorded, as entry " (index) "." }
                p.acts { a.button href="/audit" { "Audit" } }
            };
            visitor.page(Shown::new("Recorded", body))
        }
        Err(error) => {
            let body = html! { p.wrong role="alert" { (error.to_string()) } (record_form(&visitor, &fields)) };
            visitor.page(Shown::new("Record an audit", body))
        }
    }
}

/// The days of a form.
pub(super) fn days(fields: &Fields, zone: &str) -> Markup {
    html! {
        (day_field("from", "First day", "Everything unless given.", fields.get("from")))
        (day_field("until", "Last day", &format!("Days of {zone}."), fields.get("until")))
    }
}
