//! The form of a search, with what was filled in already and the case that is open.

use maud::{Markup, html};
use schemas::agency::AgencyId;
use schemas::purpose::Purpose;

use super::draft::words;
use super::fields::Fields;
use super::map;
use super::page::{form_token, line};
use super::visitor::Visitor;

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

/// The whole form.
pub(super) fn form(
    visitor: &Visitor,
    filled: &Fields,
    owners: &[(AgencyId, String)],
    outline: &map::Outline,
) -> Markup {
    let of = |name: &str| filled.get(name);
    let chosen = |id: &AgencyId| filled.all("to").any(|one| one == id.as_str());
    let none_yet = filled.all("to").next().is_none() && !filled.has("own");
    let zone = visitor.zone.name();
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
            (place_and_vehicle(filled, outline))
            fieldset.boxes {
                legend { "Whom to ask" }
                (tick("own", "1", none_yet || filled.has("own"), "Our own reads"))
                @for (id, name) in owners { (tick("to", id.as_str(), none_yet || chosen(id), name)) }
                @if owners.is_empty() { p.quiet { "No other agency gives authority at this moment." } }
            }
            div.told role="status" aria-live="polite" hidden {}
            p.acts {
                button.first type="submit" name="do" value="ask" { "Search" }
                button type="submit" name="do" value="explain" { "What would be decided?" }
                button type="submit" name="do" value="case" { "Keep why for what I ask next" }
            }
        }
    }
}
