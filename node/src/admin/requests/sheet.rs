//! One printable sheet: request, decision, section, and every use since.

use ::agreements::request::{RequestRecord, RequestScope};
use jiff::tz::TimeZone;
use maud::{DOCTYPE, Markup, html};
use schemas::authority::AuthorityId;
use schemas::body::Access;
use schemas::entry::EntryKind;
use schemas::event;
use schemas::text::Text;
use schemas::time::Timestamp;

use super::{RequestView, show};
use crate::permission::{ActError, OwnAgency, Permission, Principal, authorize};
use audit::view::LogEntry;
use audit::wording::counted;
use audit_log::entries::audit::audit_viewed;
use store::{EntryFilter, ReadStore};

/// Entries that one step of the search for uses reads.
const STEP: u32 = 500;

const STYLE: &str = "body{font:11pt/1.4 serif;max-width:48em;margin:2em auto;padding:0 1em}\
h1{font-size:15pt}h2{font-size:12pt;margin:1.5em 0 .3em;border-bottom:1px solid}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;\
padding:.2em .8em .2em 0}dl{display:grid;grid-template-columns:12em 1fr;gap:.2em 1em;margin:0}\
dt{font-weight:bold}dd{margin:0;overflow-wrap:anywhere}footer{margin-top:2em;font-size:9pt}\
@media print{body{margin:0}}";

/// How a sheet is made.
pub struct Paper<'a> {
    /// The zone in which its times stand.
    pub zone: &'a TimeZone,
    /// Where its looks come from; `None` puts them into it, for a file of its own.
    pub stylesheet: Option<&'a str>,
}

/// A use of a request: an answer given or received on it.
struct Use {
    at: Timestamp,
    index: u64,
    kind: EntryKind,
    user: Text,
    access: Access,
}

/// The sheet as HTML. Reading it is an entry, as it shows what the log holds.
///
/// # Errors
/// When there is no such request, or the actor may read neither requests nor the log.
pub async fn sheet(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    by: &Principal,
    id: &AuthorityId,
    paper: &Paper<'_>,
) -> Result<String, ActError> {
    let state = agency.registry.state();
    let now = agency.clock.now();
    let (user, auditor) = match authorize(&state, by, Permission::Approve, now) {
        Ok(user) => {
            let auditor = agency.auditing(&state, &user, by, now)?;
            (user, auditor)
        }
        Err(_) => {
            let user = authorize(&state, by, Permission::Audit, now)?;
            let auditor = agency.looking(&state, &user, by, now)?;
            (user, auditor)
        }
    };
    let row = show(agency, id)?;
    let entry = audit_viewed(auditor, event::audit::Viewed::SheetOf(id.clone()));
    let viewed = agency.log.append(entry).await?.position();
    let filed = state.requests.get(id).map(|filed| &filed.value);
    let uses = match filed {
        Some(filed) => uses(agency, store, filed).await?,
        None => Vec::new(),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Written request " (id) }
                @match paper.stylesheet {
                    Some(address) => { link rel="stylesheet" href=(address); }
                    None => { style { (STYLE) } }
                }
            }
            body {
                main {
                    h1 { "Written request for licence plate reader data" }
                    (request(&row, filed, paper))
                    (decision(&row, filed, paper))
                    (used(&uses, paper))
                    footer {
                        "Printed for " bdi { (user.full_name) } " of " (agency.id) " at " (paper.when(now))
                        "; entry " (viewed.index) " of the audit log records it."
                    }
                }
            }
        }
    };
    Ok(page.into_string())
}

/// Every answer on a request that this agency's log holds, in order.
async fn uses(
    agency: &OwnAgency,
    store: &dyn ReadStore,
    filed: &RequestRecord,
) -> Result<Vec<Use>, ActError> {
    let request = &filed.request;
    let other = if request.from == agency.id { &request.to } else { &request.from };
    let filter = EntryFilter {
        peer: Some(other.clone()),
        // The requester's clock may be ahead of the owner's.
        from: Some(request.at.minus_days(1)),
        exchanges_only: true,
        ..EntryFilter::default()
    };
    let (mut uses, mut start) = (Vec::new(), 0);
    loop {
        let entries = store.entries(&filter, start, STEP).await?;
        for entry in &entries {
            let LogEntry { header, body, .. } = LogEntry::of(entry)?;
            start = header.index.saturating_add(1);
            let answer = matches!(
                header.kind,
                EntryKind::QueryAnswered | EntryKind::AnswerRedelivered | EntryKind::AnswerReceived
            );
            let Some(body) = body.filter(|_| answer) else { continue };
            let Some(access) = body.event.access().cloned() else { continue };
            if access.basis.as_ref().is_some_and(|basis| basis.authority == request.id) {
                let user = body.actor.full_name;
                let (at, index, kind) = (header.at, header.index, header.kind);
                uses.push(Use { at, index, kind, user, access });
            }
        }
        if entries.len() < STEP as usize {
            return Ok(uses);
        }
    }
}

fn request(row: &RequestView, filed: Option<&RequestRecord>, paper: &Paper<'_>) -> Markup {
    html! {
        h2 { "The request" }
        dl {
            dt { "Number" } dd { (row.request) }
            dt { "Agency" } dd { bdi { (row.requester) } }
            dt { "Person requesting" } dd { bdi { (row.requested_by) } }
            @if let Some(purpose) = row.purpose {
                dt { "Intended purpose" } dd { (purpose) }
            }
            @if !row.case.is_empty() { dt { "Case" } dd { bdi { (row.case) } } }
            @if !row.danger.is_empty() { dt { "A life is in danger" } dd { bdi { (row.danger) } } }
            dt { "Addressed to" } dd { (row.owner) }
            dt { "Made" } dd { (paper.when(row.at)) }
            @if let Some(filed) = filed {
                @if !filed.request.reason.is_empty() {
                    dt { "Reason" } dd { bdi { (filed.request.reason) } }
                }
                dt { "Asked for" } dd { (scope(&filed.request.scope, paper)) }
                dt { "Signed text" } dd { (filed.request_digest) }
            } @else {
                @if let Some(about) = &row.reason { dt { "About" } dd { bdi { (about) } } }
            }
        }
    }
}

fn decision(row: &RequestView, filed: Option<&RequestRecord>, paper: &Paper<'_>) -> Markup {
    let ruling = filed.and_then(|filed| filed.ruling.as_ref());
    html! {
        h2 { "The decision" }
        dl {
            dt { "State" } dd { (row.state) }
            @if let Some(ruling) = ruling {
                dt { "Decided by" }
                dd {
                    bdi { (ruling.decided_by.name) } ", " bdi { (ruling.decided_by.title) }
                    @if let Some(delegation) = &ruling.decided_by.delegation { " (" bdi { (delegation) } ")" }
                }
                dt { "When" } dd { (paper.when(ruling.at)) }
                dt { "Reason" } dd { bdi { (ruling.reason) } }
                dt { "Section" } dd { (ruling.section) }
                dt { "In force" } dd { (scope(&row.scope, paper)) }
            } @else if let Some(section) = &row.section {
                dt { "Records release" } dd { (section) }
            } @else {
                dt { "Decided by" } dd { "nobody yet" }
            }
            @if let Some(withdrawal) = filed.and_then(|filed| filed.withdrawal.as_ref()) {
                dt { "Withdrawn" } dd { (paper.when(withdrawal.at)) }
            }
        }
    }
}

fn used(uses: &[Use], paper: &Paper<'_>) -> Markup {
    html! {
        h2 { "Every use" }
        @if uses.is_empty() {
            p { "None." }
        } @else {
            table {
                tr { @for head in ["When", "Who", "Looked for", "Case", "Reads", "Entry"] { th scope="col" { (head) } } }
                @for used in uses {
                    tr {
                        td { (paper.when(used.at)) }
                        td { bdi { (used.user) } " (" (used.access.requester) ")" }
                        td {
                            @if let Some(plate) = &used.access.elements.plate { (plate) }
                            " " (paper.when(used.access.elements.from)) " to " (paper.when(used.access.elements.until))
                        }
                        td { bdi.long { (used.access.why.case) } }
                        td {
                            @if let Some(count) = used.access.count { (count) }
                            @if used.kind == EntryKind::AnswerRedelivered { "delivered again" }
                        }
                        td { (used.index) }
                    }
                }
            }
        }
    }
}

impl Paper<'_> {
    /// An instant as a sheet shows it, to the second, with its zone.
    fn when(&self, at: Timestamp) -> String {
        let shown = jiff::Timestamp::from_millisecond(at.millis())
            .map(|at| at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string());
        shown.unwrap_or_else(|_| at.to_string())
    }
}

/// A scope in words.
fn scope(scope: &RequestScope, paper: &Paper<'_>) -> String {
    let mut bounds = Vec::new();
    if !scope.plates.is_empty() {
        let plates: Vec<_> = scope.plates.iter().map(ToString::to_string).collect();
        bounds.push(format!("plates {}", plates.join(", ")));
    }
    bounds.extend(scope.from.map(|from| format!("reads from {}", paper.when(from))));
    bounds.extend(scope.until.map(|until| format!("reads before {}", paper.when(until))));
    bounds.extend(scope.near.map(|near| {
        format!(
            "reads within {} metres of {}, {}",
            near.radius_m,
            near.center.latitude(),
            near.center.longitude()
        )
    }));
    bounds.extend(scope.uses.map(|uses| counted(uses, "use", "uses")));
    bounds.extend(scope.valid_until.map(|end| format!("usable before {}", paper.when(end))));
    bounds.join("; ")
}
