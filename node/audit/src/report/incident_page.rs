//! A report of an incident, as text for a terminal and as a page to print.

use maud::{DOCTYPE, Markup, html};
use serde_json::{Map, Value};

use super::incident::{ActSeen, Incident, Reached, SessionSeen};
use super::render::{STYLE, cell};
use crate::wording::counted;

/// The columns of accesses, with their headings.
const ACCESSES: [(&str, &str); 10] = [
    ("index", "Entry"),
    ("at", "When"),
    ("user", "User"),
    ("agency", "Of"),
    ("data_queried", "Asked for"),
    ("owner", "Whose reads"),
    ("purpose", "Purpose"),
    ("case", "Case"),
    ("outcome", "Outcome"),
    ("count", "Reads"),
];

impl Incident {
    /// What it is about, as a heading.
    #[must_use]
    pub fn title(&self) -> String {
        format!("Incident: {}", self.subject)
    }

    /// What it found in one sentence.
    #[must_use]
    pub fn summary(&self) -> String {
        let reads = self.reached.iter().fold(0u64, |sum, one| sum.saturating_add(one.reads));
        format!(
            "{}, {} of {} shown, {}, {}",
            counted(self.accesses.len(), "access", "accesses"),
            counted(reads, "read", "reads"),
            counted(self.reached.len(), "agency", "agencies"),
            counted(self.acts.len(), "other act", "other acts"),
            counted(self.sessions.len(), "session", "sessions")
        )
    }

    /// What is left to do, each in a sentence.
    #[must_use]
    pub fn left(&self) -> Vec<String> {
        let mut left = Vec::new();
        if let Some(breach) = &self.breach {
            left.push(format!("a breach is told to {breach}"));
        }
        let untold: Vec<&str> = self
            .reached
            .iter()
            .filter(|one| !one.told && one.owner != self.agency)
            .map(|one| one.owner.as_str())
            .collect();
        if !untold.is_empty() {
            left.push(format!(
                "that these were told is not on record: {}; `accord audit told … --to AGENCY --how HOW` records it",
                untold.join(", ")
            ));
        }
        if self.destroyed > 0 {
            left.push(format!(
                "{} of the period are destroyed at the end of their retention, and cannot be put down to anybody",
                counted(self.destroyed, "entry", "entries")
            ));
        }
        left
    }

    /// As text for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{}, at {}: {}", self.title(), self.agency, self.summary())];
        let mut part = |heading: &str, rows: Vec<String>| {
            if !rows.is_empty() {
                lines.push(format!("\n{heading}"));
                lines.extend(rows.into_iter().map(|row| format!("  {row}")));
            }
        };
        part("Sessions", self.sessions.iter().map(session).collect());
        part("Whose reads", self.reached.iter().map(reached).collect());
        part("Accesses", self.accesses.iter().map(access).collect());
        part("Other acts", self.acts.iter().map(other).collect());
        let told = self.told.iter().map(|one| {
            let by = one.by.as_ref().map(ToString::to_string).unwrap_or_default();
            format!(
                "{} on {}: {} (entry {}, by {by})",
                one.told.to, one.told.on, one.told.how, one.index
            )
        });
        part("Told", told.collect());
        part("Left to do", self.left());
        lines.join("\n")
    }

    /// What stands between heading and foot of a page.
    #[must_use]
    pub fn body(&self) -> Markup {
        let made = &self.made_from;
        html! {
            p {
                (self.agency) ", "
                @match self.from { Some(from) => { "from " (from) " " }, None => { "from the first entry " } }
                @match self.until { Some(until) => { "until " (until) }, None => { "until this report" } }
                ": " (self.summary()) "."
            }
            @let left = self.left();
            @if !left.is_empty() { ul { @for one in &left { li { (one) } } } }
            h2 { "Sessions" }
            (rows(&["Session", "Whose", "How", "From where", "Began", "Ended"], self.sessions.iter().map(|one| {
                let ended = one.ended.as_ref().map_or("open".to_owned(), |(at, why)| format!("{at}, {why}"));
                let user = one.user.as_ref().map(ToString::to_string).unwrap_or_default();
                vec![one.session.to_string(), user, one.way.clone(), one.client.clone(), one.began.to_string(), ended]
            })))
            h2 { "Whose reads, and who knows" }
            (rows(&["Agency", "Asked", "Answered", "Reads", "Plates", "Entries of its own log", "Told"], self.reached.iter().map(|one| {
                let own = one.own_entries.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
                let told = if one.owner == self.agency { "its own" } else if one.told { "on record" } else { "not on record" };
                vec![one.owner.to_string(), one.asked.to_string(), one.answered.to_string(), one.reads.to_string(),
                    one.plates.iter().cloned().collect::<Vec<_>>().join(" "), own, told.to_owned()]
            })))
            h2 { "Accesses" }
            (rows(&ACCESSES.map(|(_, heading)| heading), self.accesses.iter().map(|row| {
                ACCESSES.map(|(key, _)| cell(row.get(key))).to_vec()
            })))
            h2 { "Other acts" }
            (rows(&["Entry", "When", "What", "User", "With", "Detail"], self.acts.iter().map(|one| {
                let peer = one.peer.as_ref().map(ToString::to_string).unwrap_or_default();
                let user = one.user.as_ref().map(ToString::to_string).unwrap_or_default();
                let detail = if one.detail.is_null() { String::new() } else { one.detail.to_string() };
                vec![one.index.to_string(), one.at.to_string(), one.kind.to_string(), user, peer, detail]
            })))
            h2 { "Told" }
            (rows(&["Who", "When", "How", "Entry", "On record by"], self.told.iter().map(|one| {
                let by = one.by.as_ref().map(ToString::to_string).unwrap_or_default();
                vec![one.told.to.to_string(), one.told.on.to_string(), one.told.how.to_string(), one.index.to_string(), by]
            })))
            h2 { "Made from" }
            p {
                "The log of " (self.agency) " with " (made.size) " entries, root " (made.root) ", signed at "
                (made.signed_at) ". Entry " (made.entry) " of that log records this report, made for " (self.by) "."
            }
            pre { (made.checkpoint) }
        }
    }

    /// As a page to print.
    #[must_use]
    pub fn page(&self) -> String {
        let page = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    title { (self.title()) ", " (self.agency) }
                    style { (STYLE) }
                }
                body { h1 { (self.title()) } (self.body()) }
            }
        };
        page.into_string()
    }
}

/// A table, or that there is nothing for it.
fn rows(headings: &[&str], all: impl Iterator<Item = Vec<String>>) -> Markup {
    let all: Vec<Vec<String>> = all.collect();
    html! {
        @if all.is_empty() { p { "None." } } @else {
            div.wide {
                table {
                    thead { tr { @for heading in headings { th scope="col" { (heading) } } } }
                    tbody { @for row in &all { tr { @for cell in row { td { (cell) } } } } }
                }
            }
        }
    }
}

fn session(one: &SessionSeen) -> String {
    let user = one.user.as_ref().map(ToString::to_string).unwrap_or_default();
    let ended = match &one.ended {
        Some((at, why)) => format!("until {at} ({why})"),
        None => "open".into(),
    };
    format!("{} of {user}, {}, {}, from {} {ended}", one.session, one.way, one.client, one.began)
}

fn reached(one: &Reached) -> String {
    let plates = one.plates.iter().cloned().collect::<Vec<_>>().join(" ");
    let known = match one.own_entries.as_slice() {
        [] => String::new(),
        entries => {
            format!("; its own log has proven {}", counted(entries.len(), "entry", "entries"))
        }
    };
    let told = if one.told { "; told" } else { "" };
    format!(
        "{}: asked {}, answered {}, {}, plates {plates}{known}{told}",
        one.owner,
        counted(one.asked, "time", "times"),
        counted(one.answered, "time", "times"),
        counted(one.reads, "read", "reads")
    )
}

fn access(row: &Map<String, Value>) -> String {
    let cells = ACCESSES.iter().map(|(key, _)| cell(row.get(*key)));
    cells.filter(|cell| !cell.is_empty()).collect::<Vec<_>>().join("  ")
}

fn other(one: &ActSeen) -> String {
    let user = one.user.as_ref().map(ToString::to_string).unwrap_or_default();
    let peer = one.peer.as_ref().map(|peer| format!("  with {peer}")).unwrap_or_default();
    format!("{:>6}  {}  {}  {user}{peer}", one.index, one.at, one.kind)
}
