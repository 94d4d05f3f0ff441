//! A public report as a table for a spreadsheet, and as a page.

use maud::{DOCTYPE, Markup, html};

use super::{Counted, InParts, LATE_DAYS, LEAST, Partner, Period, PublicReport};
use crate::report::render::csv_line;
use crate::report::sharing::Direction;

const STYLE: &str = "body{font:11pt/1.4 serif;max-width:60em;margin:2em auto;padding:0 1em}\
h1{font-size:17pt}h2{font-size:13pt}table{border-collapse:collapse;width:100%;font-size:9.5pt}\
th,td{text-align:left;vertical-align:top;padding:.2em .5em;border-bottom:1px solid #999}\
td.n,th.n{text-align:right}p.note{font-size:9.5pt}";

impl Direction {
    const fn told(self) -> &'static str {
        match self {
            Self::Both => "each to the other",
            Self::FromThem => "they to this agency",
            Self::ToThem => "this agency to them",
        }
    }
}

fn day(at: schemas::time::Timestamp) -> String {
    at.to_string().get(..10).unwrap_or_default().to_owned()
}

/// As comma-separated values (RFC 4180): which table a line is of, from when until when, what, how often.
#[must_use]
pub fn csv(report: &PublicReport) -> String {
    let mut out = csv_line(["table", "from", "until", "what", "count"]);
    let mut line = |table: &str, from: &str, until: &str, what: &str, count: &str| {
        out.push_str(&csv_line([table, from, until, what, count]));
    };
    for Period { from, until, counts, in_parts, reads, audits, .. } in &report.periods {
        for Counted { of, count } in counts {
            line("counts", from, until, &of.join("; "), &count.to_string());
        }
        for InParts { activity, parts } in in_parts {
            for Counted { of, count } in parts {
                let what = format!("{activity}: {}", of.join("; "));
                line("in parts", from, until, &what, &count.to_string());
            }
        }
        if let Some(reads) = reads {
            line("reads", from, until, "reads brought in", &reads.to_string());
        }
        line("audits", from, until, "audits recorded", &audits.to_string());
    }
    for Partner { with, direction, since, until } in &report.partners {
        let until = until.map(day).unwrap_or_default();
        line("partners", &day(*since), &until, &format!("{with}, {}", direction.told()), "");
    }
    for (table, agencies) in [("joined", &report.joined), ("left", &report.left)] {
        agencies.iter().for_each(|agency| line(table, "", "", agency.as_str(), ""));
    }
    report.collected.iter().for_each(|what| line("collected", "", "", what, ""));
    out
}

/// As a page that the agency posts.
#[must_use]
pub fn page(report: &PublicReport) -> String {
    let listed = |agencies: &[schemas::agency::AgencyId]| {
        let ids: Vec<&str> = agencies.iter().map(schemas::agency::AgencyId::as_str).collect();
        if ids.is_empty() { "nobody".to_owned() } else { ids.join(", ") }
    };
    let name = if report.name.is_empty() { report.agency.as_str() } else { &report.name };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { "Use of licence plate reads, " (name) }
                style { (STYLE) }
            }
            body {
                h1 { "Use of licence plate reads, " (name) }
                p {
                    "Made of the agency's audit log on " (day(report.made_at)) ". Counts below " (LEAST)
                    " are told together with others, and months with too few are told together."
                    @if report.in_parts {
                        " Counts are told in parts " (LATE_DAYS) " days after the end of their months."
                    }
                }
                h2 { "What was done" }
                (counts(report))
                @if report.periods.iter().any(|period| !period.in_parts.is_empty()) {
                    h2 { "In parts" }
                    (parts(report))
                }
                h2 { "With whom reads are shared" }
                (partners(report))
                p { "Since the report before: joined " (listed(&report.joined)) "; left " (listed(&report.left)) "." }
                h2 { "What is collected" }
                ul { @for what in &report.collected { li { (what) } } }
                p.note {
                    "Digest of this report: " (report.digest().to_string())
                    ". The agency's log records it; the proof stands beside the report."
                }
            }
        }
    };
    page.into_string()
}

fn counts(report: &PublicReport) -> Markup {
    html! {
        table {
            thead { tr { th { "Months" } th { "What" } th.n { "Count" } } }
            tbody {
                @for period in &report.periods {
                    @for Counted { of, count } in &period.counts {
                        tr { td { (months(period)) } td { (of.join("; ")) } td.n { (count) } }
                    }
                    @if let Some(reads) = period.reads {
                        tr { td { (months(period)) } td { "reads brought in" } td.n { (reads) } }
                    }
                    tr {
                        td { (months(period)) }
                        td { "audits recorded" }
                        td.n { (period.audits) }
                    }
                }
            }
        }
    }
}

fn parts(report: &PublicReport) -> Markup {
    html! {
        table {
            thead { tr { th { "Months" } th { "What" } th { "Part" } th.n { "Count" } } }
            tbody {
                @for period in &report.periods {
                    @for InParts { activity, parts } in &period.in_parts {
                        @for Counted { of, count } in parts {
                            tr {
                                td { (months(period)) } td { (activity) } td { (of.join("; ")) }
                                td.n { (count) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn partners(report: &PublicReport) -> Markup {
    html! {
        table {
            thead { tr { th { "Agency" } th { "Who gives" } th { "Since" } th { "Until" } } }
            tbody {
                @for Partner { with, direction, since, until } in &report.partners {
                    tr {
                        td { (with.as_str()) } td { (direction.told()) } td { (day(*since)) }
                        td { (until.map(day).unwrap_or_default()) }
                    }
                }
            }
        }
    }
}

fn months(period: &Period) -> String {
    match period.from == period.until {
        true => period.from.clone(),
        false => format!("{} to {}", period.from, period.until),
    }
}
