//! The form of a search: as it is shown, and as it becomes a draft.

use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::draft::{Draft, Recipients};
use schemas::offense::VehicleRole;
use schemas::pattern::PlatePattern;
use schemas::plate::Plate;
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::{Elements, Justification};
use schemas::text::Text;
use schemas::time::Timestamp;

use super::fields::Fields;
use super::page::{form_token, line};
use super::visitor::Visitor;
use crate::permission::ActError;

/// How far back a search goes when no start is given, in days.
const DAYS_BACK: u32 = 30;
/// Most reads of each agency.
const LIMIT: u32 = 100;

/// A day of a form, at its beginning, UTC.
pub(super) fn day(fields: &Fields, name: &str, label: &str) -> Result<Option<Timestamp>, ActError> {
    match fields.get(name) {
        "" => Ok(None),
        text => format!("{text}T00:00:00Z").parse().map(Some).map_err(|_| {
            ActError::usage(format!("{label}: `{text}` is no day; expected such as 2026-01-31"))
        }),
    }
}

/// What is looked for.
fn elements(fields: &Fields, now: Timestamp) -> Result<Elements, ActError> {
    let from = day(fields, "from", "From")?;
    let last = day(fields, "until", "Until")?;
    let until = last.map_or(now, |last| last.plus_days(1).min(now));
    let optional = |name: &str, label: &str| fields.parsed::<Text>(name, label);
    let (make, color) = (optional("make", "Make")?, optional("color", "Colour")?);
    let (body, camera) = (optional("body", "Body")?, optional("camera", "Camera")?);
    let written = fields.get("plate");
    let (mut plate, mut pattern) = (None::<Plate>, None::<PlatePattern>);
    let kind = if written.contains(['*', '?']) {
        pattern = fields.parsed("plate", "Plate")?;
        QueryKind::Partial
    } else if written.is_empty() {
        if make.is_none() && color.is_none() && body.is_none() && camera.is_none() {
            let why = "say what to look for: a plate, or a vehicle or camera and a first day";
            return Err(ActError::usage(why.into()));
        }
        if from.is_none() {
            let why = "a search without a plate takes a period: give its first day";
            return Err(ActError::usage(why.into()));
        }
        QueryKind::Vehicle
    } else {
        plate = fields.parsed("plate", "Plate")?;
        if fields.has("misread") { QueryKind::Misread } else { QueryKind::Exact }
    };
    Ok(Elements {
        kind,
        plate,
        pattern,
        plate_state: fields.parsed("plate_state", "State of the plate")?,
        from: from.unwrap_or_else(|| now.minus_days(DAYS_BACK)),
        until,
        near: None,
        polygon: None,
        make,
        color,
        body,
        camera,
    })
}

/// What the vehicle has to do with it.
fn vehicle_role(fields: &Fields) -> Result<Option<VehicleRole>, ActError> {
    let label = "What the vehicle has to do with it";
    let typed = fields.parsed::<Text>("vehicle_role", label)?;
    let role = typed.map(|typed| VehicleRole::typed(&typed)).transpose();
    role.map_err(|e| ActError::usage(format!("{label}: {e}")))
}

/// What an officer filled in, to nobody yet.
pub(super) fn drafted(
    fields: &Fields,
    visitor: &Visitor,
    now: Timestamp,
) -> Result<Draft, ActError> {
    let text = |name: &str, label: &str| -> Result<Text, ActError> {
        Ok(fields.parsed(name, label)?.unwrap_or_default())
    };
    let owners: Result<Vec<AgencyId>, _> = fields
        .all("to")
        .map(|id| id.parse().map_err(|e| ActError::usage(format!("Whom to ask: {e}"))))
        .collect();
    Ok(Draft {
        user: visitor.by.user.clone(),
        whom: Recipients::These(owners?),
        authority: None,
        why: Justification {
            purpose: fields.needed("purpose", "Purpose")?,
            offense: text("offense", "Offence")?,
            offenses: Vec::new(),
            vehicle_role: vehicle_role(fields)?,
            case: text("case", "Case number")?,
            cad: text("cad", "CAD incident")?,
            reason: text("reason", "Reason")?,
            suspicion: text("suspicion", "Suspicion")?,
            need_to_know: text("need_to_know", "Need to know")?,
            on_behalf_of: None,
            for_officer: text("for_officer", "For officer")?,
            danger: text("danger", "Danger to life")?,
        },
        elements: elements(fields, now)?,
        limit: LIMIT,
        images: fields.has("images"),
    })
}

/// A code as people read it.
pub(super) fn words(code: &str) -> String {
    let mut words = code.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// The form, with what was filled in already.
pub(super) fn form(visitor: &Visitor, filled: &Fields, owners: &[(AgencyId, String)]) -> Markup {
    let of = |name: &str| filled.get(name).to_owned();
    let chosen = |id: &AgencyId| filled.all("to").any(|one| one == id.as_str());
    let none_yet = filled.all("to").next().is_none();
    html! {
        form method="post" action="/search" {
            (form_token(visitor))
            div.row {
                (line("plate", "Plate", "As it is read; * for any run of characters, ? for one.", &of("plate"), false))
                (line("case", "Case number", "", &of("case"), false))
                p.field {
                    label for="purpose" { "Purpose" }
                    select id="purpose" name="purpose" required {
                        option value="" { "Choose" }
                        @for purpose in Purpose::ALL {
                            option value=(purpose.code()) selected[filled.get("purpose") == purpose.code()] {
                                (words(purpose.code()))
                            }
                        }
                    }
                }
                (line("reason", "Reason", "What happened, and what the vehicle has to do with it.", &of("reason"), false))
                (line("offense", "Offence", "Such as 459 PC.", &of("offense"), false))
                (line("vehicle_role", "What the vehicle has to do with it", "Suspect, victim, witness, stolen, a missing person's, or in words.", &of("vehicle_role"), false))
                (line("suspicion", "What the suspicion rests on", "", &of("suspicion"), false))
                (line("cad", "CAD incident", "", &of("cad"), false))
                (line("need_to_know", "Why you need to know", "", &of("need_to_know"), false))
                (line("for_officer", "For which officer you ask", "", &of("for_officer"), false))
                p.field {
                    label for="from" { "First day" }
                    span.hint id="from-hint" { "Thirty days ago unless given. Days are UTC." }
                    input id="from" name="from" type="date" value=(of("from")) aria-describedby="from-hint";
                }
                p.field {
                    label for="until" { "Last day" }
                    span.hint id="until-hint" { "Today unless given." }
                    input id="until" name="until" type="date" value=(of("until")) aria-describedby="until-hint";
                }
            }
            details open[filled.has("danger")] {
                summary { "A life is in danger" }
                (line("danger", "What endangers a life", "It is signed and reviewed within 72 hours. It lowers what the judging policy lists for it, and nothing else.", &of("danger"), false))
            }
            details {
                summary { "Vehicle, camera and state of the plate" }
                div.row {
                    (line("plate_state", "State of the plate", "Two letters, such as CA.", &of("plate_state"), false))
                    (line("make", "Make", "", &of("make"), false))
                    (line("color", "Colour", "", &of("color"), false))
                    (line("body", "Body", "", &of("body"), false))
                    (line("camera", "Camera", "", &of("camera"), false))
                }
            }
            p.boxes {
                label { input type="checkbox" name="misread" value="1" checked[filled.has("misread")]; " Also what readers confuse with this plate" }
                label { input type="checkbox" name="images" value="1" checked[filled.has("images")]; " Photographs, where they are opened" }
            }
            fieldset.boxes {
                legend { "Whom to ask" }
                label { input type="checkbox" name="own" value="1" checked[none_yet || filled.has("own")]; " Our own reads" }
                @for (id, name) in owners {
                    label { input type="checkbox" name="to" value=(id.as_str()) checked[none_yet || chosen(id)]; " " (name) }
                }
                @if owners.is_empty() {
                    p.quiet { "No other agency gives authority at this moment." }
                }
            }
            button.first type="submit" name="do" value="ask" { "Search" }
            " "
            button type="submit" name="do" value="explain" { "What would be decided?" }
        }
    }
}
