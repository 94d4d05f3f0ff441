//! A report as a table for a spreadsheet, or as a page to print.

use maud::{DOCTYPE, html};
use serde_json::{Map, Value, json};

use super::{Kind, Report};
use crate::wording::counted;

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Json,
    /// A page to print.
    Html,
}

/// A report as a program prints it: each piece as the JSON object that scripts see, and as the text
/// that people do.
#[must_use]
pub fn printed(report: &Report, format: Format) -> Vec<(Value, String)> {
    let made = &report.made_from;
    let whole = |key: &str, text: String| {
        let mut object = json!({ "report": report.report, "entry": made.entry, "made_from": made });
        if let Some(object) = object.as_object_mut() {
            object.insert(key.to_owned(), json!(text));
        }
        vec![(object, text.trim_end().to_owned())]
    };
    match format {
        Format::Csv => whole("csv", csv(report)),
        Format::Html => whole("html", page(report)),
        Format::Json => {
            let head = json!({
                "entry": made.entry,
                "size": made.size,
                "root": made.root,
                "signed_at": made.signed_at,
            });
            let rows = report.rows.iter().map(|row| {
                let mut row = row.clone();
                row.insert("made_from".into(), head.clone());
                let row = Value::Object(row);
                let text = row.to_string();
                (row, text)
            });
            rows.collect()
        }
    }
}

/// How many rows a report has, and what of the log it rests on, in a sentence.
#[must_use]
pub fn summary(report: &Report) -> String {
    let made = &report.made_from;
    let records = if made.exported { "the export that it was made of" } else { "it" };
    format!(
        "{} of the {} report; entry {} records {records}, under the signed log head of {} entries, root {}",
        counted(report.rows.len(), "row", "rows"),
        report.report.code(),
        made.entry,
        made.size,
        made.root
    )
}

/// What every row of a table says of the log that it was made from.
const MADE_FROM: [&str; 4] = ["report_entry", "log_size", "log_root", "log_signed_at"];

pub(super) const STYLE: &str = "body{font:10pt/1.35 serif;margin:2em auto;padding:0 1em}h1{font-size:15pt}\
table{border-collapse:collapse;width:100%;font-size:8.5pt}thead{display:table-header-group}\
th,td{text-align:left;vertical-align:top;padding:.2em .5em;border-bottom:1px solid #999;\
overflow-wrap:anywhere}tr{break-inside:avoid}pre{white-space:pre-wrap;overflow-wrap:anywhere}\
@page{size:landscape}@media print{body{margin:0}}";

/// A value as a cell shows it.
pub(super) fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => {
            items.iter().map(|item| cell(Some(item))).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

/// A cell that no spreadsheet takes for a formula: one that begins like a formula, or with white
/// space that a spreadsheet skips, gets an apostrophe before it, and every cell is quoted. A plain
/// negative number, as a longitude is, stands as it is.
fn guarded(text: &str) -> String {
    let number = text.strip_prefix('-').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_digit())
            && rest.chars().all(|c| c.is_ascii_digit() || c == '.')
    });
    let risky = !number
        && (text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
            || text.starts_with(['\t', '\r', '\n']));
    let guard = if risky { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

/// A line of comma-separated values (RFC 4180), each guarded against being taken for a formula.
pub fn csv_line(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|cell| guarded(cell.as_ref())).collect();
    cells.join(",") + "\r\n"
}

fn heading(column: &str) -> String {
    let words = column.replace('_', " ");
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The report as comma-separated values (RFC 4180): a head, then its rows. The last columns name the
/// log it was made from; a report without rows has one row that says nothing else.
#[must_use]
pub fn csv(report: &Report) -> String {
    let columns = report.report.columns();
    let mut out = csv_line(columns.iter().chain(&MADE_FROM));
    let made = &report.made_from;
    let made = [
        made.entry.to_string(),
        made.size.to_string(),
        made.root.clone(),
        made.signed_at.to_string(),
    ];
    let nothing = [Map::new()];
    let rows = if report.rows.is_empty() { &nothing[..] } else { &report.rows[..] };
    for row in rows {
        let cells = columns.iter().map(|column| cell(row.get(*column)));
        out.push_str(&csv_line(cells.chain(made.iter().cloned())));
    }
    out
}

/// The report as a page to print.
#[must_use]
pub fn page(report: &Report) -> String {
    let columns = report.report.columns();
    let made = &report.made_from;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (report.report.title()) ", " (report.agency) }
                style { (STYLE) }
            }
            body {
                h1 { (report.report.title()) }
                p {
                    (report.agency) ", "
                    @match report.from { Some(from) => { "from " (from) " " }, None => { "from the first entry " } }
                    @match report.until { Some(until) => { "until " (until) }, None => { "until this report" } }
                    "; " (counted(report.rows.len(), "row", "rows")) "."
                    @if report.report == Kind::Access {
                        " For the records management system under the classification “"
                        (super::CLASSIFICATION) "”."
                    }
                }
                table {
                    thead { tr { @for column in columns { th { (heading(column)) } } } }
                    tbody {
                        @for row in &report.rows {
                            tr { @for column in columns { td { (cell(row.get(*column))) } } }
                        }
                    }
                }
                h2 { "Made from" }
                p {
                    "The log of " (report.agency) " with " (made.size) " entries, root " (made.root)
                    ", signed at " (made.signed_at) ". Entry " (made.entry)
                    @if made.exported {
                        " of that log records the export that this report was made of, made for "
                    } @else {
                        " of that log records this report, made for "
                    }
                    (report.by) "."
                }
                pre { (made.checkpoint) }
            }
        }
    };
    page.into_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_begins_like_a_formula_is_guarded() {
        for (text, shown) in [
            ("=1+1", "\"'=1+1\""),
            ("+1", "\"'+1\""),
            ("-1+1", "\"'-1+1\""),
            ("-1.e1", "\"'-1.e1\""),
            ("-118.2625", "\"-118.2625\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            (" =1", "\"' =1\""),
            ("\t=1", "\"'\t=1\""),
            ("a=1", "\"a=1\""),
            ("say \"no\", twice", "\"say \"\"no\"\", twice\""),
        ] {
            assert_eq!(guarded(text), shown);
        }
    }
}
