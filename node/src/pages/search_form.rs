//! The form of a search, with what was filled in already and the case that is open.

use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::purpose::Purpose;

use super::draft::{circle, words};
use super::fields::Fields;
use super::map;
use super::page::{Shown, form_token, line};
use super::visitor::Visitor;
use crate::http::AppState;

/// Most agencies that stand each with a box of its own.
const EACH: usize = 12;

/// Every purpose, one of them chosen.
pub(super) fn purposes(chosen: &str) -> Markup {
    html! {
        p.field {
            label for="purpose" { "Purpose" }
            select id="purpose" name="purpose" required {
                option value="" { "Choose" }
                @for purpose in Purpose::ALL {
                    option value=(purpose.code()) selected[chosen == purpose.code()] { (words(purpose.code())) }
                }
            }
        }
    }
}

/// A day.
pub(super) fn day_field(name: &str, label: &str, hint: &str, value: &str) -> Markup {
    html! {
        p.field {
            label for=(name) { (label) }
            @if !hint.is_empty() { span.hint id={ (name) "-hint" } { (hint) } }
            input id=(name) name=(name) type="date" value=(value)
                aria-describedby=[(!hint.is_empty()).then(|| format!("{name}-hint"))];
        }
    }
}

/// A box to tick.
fn tick(name: &str, value: &str, ticked: bool, label: &str) -> Markup {
    html! { label { input type="checkbox" name=(name) value=(value) checked[ticked]; " " (label) } }
}

/// Why one asks.
fn why(filled: &Fields) -> Markup {
    let of = |name: &str| filled.get(name);
    let more =
        ["suspicion", "cad", "need_to_know", "for_user", "for_officer", "offense", "vehicle_role"];
    html! {
        div.row {
            (line("case", "Case number", "", of("case"), false))
            (purposes(of("purpose")))
        }
        (line("reason", "Reason", "What happened, and what the vehicle has to do with it.", of("reason"), false))
        details open[more.iter().any(|name| filled.has(name))] {
            summary { "Offence, suspicion, incident, for whom" }
            div.row {
                (line("offense", "Offence", "Such as 459 PC.", of("offense"), false))
                (line("vehicle_role", "What the vehicle has to do with it", "Suspect, victim, witness, stolen, a missing person's, or in words.", of("vehicle_role"), false))
                (line("suspicion", "What the suspicion rests on", "", of("suspicion"), false))
                (line("need_to_know", "Why you need to know", "", of("need_to_know"), false))
                (line("cad", "CAD incident", "", of("cad"), false))
                (line("for_user", "For which user you ask", "A registered person, by user name: she sees the answers of others when she signs in.", of("for_user"), false))
                (line("for_officer", "For which officer you ask", "", of("for_officer"), false))
            }
        }
        details open[filled.has("danger")] {
            summary { "A life is in danger" }
            (line("danger", "What endangers a life", "It is signed and reviewed within 72 hours. It lowers what the judging policy lists for it, and nothing else.", of("danger"), false))
        }
    }
}

/// Where and what, beside a plate.
fn place_and_vehicle(filled: &Fields, outline: &map::Outline) -> Markup {
    let of = |name: &str| filled.get(name);
    let place = ["near", "radius", "polygon"];
    let vehicle = ["plate_state", "make", "color", "body", "camera"];
    html! {
        details open[place.iter().any(|name| filled.has(name))] {
            summary { "A place" }
            div.row {
                (line("near", "Around this place", "Latitude and longitude, such as 34.148,-118.001.", of("near"), false))
                (line("radius", "Metres around it", "", of("radius"), false))
            }
            (line("polygon", "Or its corners, in order around it", "Each a latitude and longitude, spaces between them; 3 to 64.", of("polygon"), false))
            (map::to_draw_on(outline))
        }
        details open[vehicle.iter().any(|name| filled.has(name))] {
            summary { "Vehicle, camera and state of the plate" }
            div.row {
                (line("plate_state", "State of the plate", "Two letters, such as CA.", of("plate_state"), false))
                (line("make", "Make", "", of("make"), false))
                (line("color", "Colour", "", of("color"), false))
                (line("body", "Body", "", of("body"), false))
                (line("camera", "Camera", "", of("camera"), false))
            }
        }
    }
}

/// Agencies that may be asked, with their names.
fn owners(app: &AppState) -> Vec<(AgencyId, String)> {
    let state = app.context.agency.registry.state();
    let named = |id| Some((state.peers.get(&id)?.card.value.name.to_string(), id));
    giving(app).into_iter().filter_map(named).map(|(name, id)| (id, name)).collect()
}

/// Agencies that may be asked.
pub(super) fn giving(app: &AppState) -> Vec<AgencyId> {
    app.queries.giving_authority(&app.context.agency.registry.state())
}

/// Whom to ask; where there are many, all of them are one box.
fn whom(filled: &Fields, owners: &[(AgencyId, String)]) -> Markup {
    let chosen = |id: &AgencyId| filled.all("to").any(|one| one == id.as_str());
    let some = filled.all("to").next().is_some();
    let none_yet = !some && !filled.has("own") && !filled.has("all");
    let many = owners.len() > EACH;
    let each = html! {
        @for (id, name) in owners { label { input type="checkbox" name="to" value=(id.as_str()) checked[(none_yet && !many) || chosen(id)]; " " bdi { (name) } } }
    };
    html! {
        fieldset.boxes {
            legend { "Whom to ask" }
            (tick("own", "1", none_yet || filled.has("own"), "Our own reads"))
            @if many {
                (tick("all", "1", none_yet || filled.has("all"), &format!("All {} agencies that give us authority", owners.len())))
                details open[some] {
                    summary { "Only some of them" }
                    p.hint { "Where one is ticked here, the others are not asked." }
                    (each)
                }
            } @else { (each) }
            @if owners.is_empty() { p.quiet { "No other agency gives authority at this moment." } }
        }
    }
}

/// The whole form, as it is filled in.
pub(super) fn form(app: &AppState, visitor: &Visitor, filled: &Fields) -> Markup {
    let of = |name: &str| filled.get(name);
    let zone = visitor.zone.name();
    let outline = map::Outline { near: circle(filled).ok().flatten(), polygon: None };
    html! {
        form.search method="post" action="/search" data-told="/search/told" {
            (form_token(visitor))
            div.row {
                (line("plate", "Plate", "As it is read; * for any run of characters, ? for one.", of("plate"), false))
                (day_field("from", "First day", "Thirty days ago unless given.", of("from")))
                (day_field("until", "Last day", &format!("Today unless given. Days of {zone}."), of("until")))
            }
            p.boxes {
                (tick("misread", "1", filled.has("misread"), "Also what readers confuse with this plate"))
                (tick("images", "1", filled.has("images"), "Photographs, where they are opened"))
            }
            (why(filled))
            (place_and_vehicle(filled, &outline))
            (whom(filled, &owners(app)))
            div.told role="status" aria-live="polite" hidden {}
            p.acts {
                button.first type="submit" name="do" value="ask" { "Search" }
                button type="submit" name="do" value="explain" { "What would be decided?" }
                button type="submit" name="do" value="case" { "Keep why for what I ask next" }
            }
        }
    }
}

/// The form as it was filled in before.
pub(super) fn filled(app: &AppState, visitor: &Visitor, fields: &Fields) -> Shown {
    Shown::new("Search", form(app, visitor, fields))
}

/// The form again, with what has to be mended above it.
pub(super) fn again(app: &AppState, visitor: &Visitor, fields: &Fields, said: &str) -> Shown {
    let body = html! {
        p.wrong role="alert" { (said) }
        (form(app, visitor, fields))
    };
    Shown::new("Search", body)
}
