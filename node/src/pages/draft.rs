//! A search as an officer fills it in, and the draft that becomes of it.

use schemas::agency::AgencyId;
use schemas::area::{Near, Polygon};
use schemas::draft::{Draft, Recipients};
use schemas::offense::VehicleRole;
use schemas::pattern::PlatePattern;
use schemas::plate::Plate;
use schemas::purpose::QueryKind;
use schemas::query::{Elements, Justification};
use schemas::read::Location;
use schemas::text::Text;
use schemas::time::Timestamp;

use super::fields::Fields;
use super::visitor::Visitor;
use super::zone::Zone;
use crate::permission::ActError;

/// How far back a search goes when no start is given, in days.
const DAYS_BACK: u32 = 30;
/// Most reads of each agency.
const LIMIT: u32 = 100;

fn no_day(label: &str, text: &str) -> ActError {
    ActError::usage(format!("{label}: `{text}` is no day; expected such as 2026-01-31"))
}

/// A day of a form, at its beginning.
pub(super) fn day(
    fields: &Fields,
    zone: &Zone,
    name: &str,
    label: &str,
) -> Result<Option<Timestamp>, ActError> {
    match fields.get(name) {
        "" => Ok(None),
        text => zone.begins(text).map(Some).ok_or_else(|| no_day(label, text)),
    }
}

/// A day of a form, at its end.
pub(super) fn last_day(
    fields: &Fields,
    zone: &Zone,
    name: &str,
    label: &str,
) -> Result<Option<Timestamp>, ActError> {
    match fields.get(name) {
        "" => Ok(None),
        text => zone.ends(text).map(Some).ok_or_else(|| no_day(label, text)),
    }
}

/// A day of the calendar, as it stands on record wherever it was typed.
pub(super) fn calendar_day(
    fields: &Fields,
    name: &str,
    label: &str,
) -> Result<Option<Timestamp>, ActError> {
    match fields.get(name) {
        "" => Ok(None),
        text => format!("{text}T00:00:00Z").parse().map(Some).map_err(|_| no_day(label, text)),
    }
}

/// A place as `34.148,-118.001`.
fn place(label: &str, text: &str) -> Result<Location, ActError> {
    let refused = || {
        let why = "is no place; expected latitude and longitude such as 34.148,-118.001";
        ActError::usage(format!("{label}: `{text}` {why}"))
    };
    let (latitude, longitude) = text.split_once(',').ok_or_else(refused)?;
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| refused());
    Location::new(number(latitude)?, number(longitude)?).ok().flatten().ok_or_else(refused)
}

/// A circle: its middle, and how far around it.
pub(super) fn circle(fields: &Fields) -> Result<Option<Near>, ActError> {
    match (fields.get("near"), fields.parsed::<u32>("radius", "Metres around it")?) {
        ("", None) => Ok(None),
        ("", Some(_)) => {
            Err(ActError::usage("Around this place: give it, or leave the metres empty".into()))
        }
        (_, None) => Err(ActError::usage("Metres around it: fill this in".into())),
        (text, Some(radius_m)) => {
            Ok(Some(Near { center: place("Around this place", text)?, radius_m }))
        }
    }
}

fn polygon(fields: &Fields) -> Result<Option<Polygon>, ActError> {
    let corners: Result<Vec<_>, _> =
        fields.get("polygon").split_whitespace().map(|text| place("Corners", text)).collect();
    let corners = corners?;
    if corners.is_empty() {
        return Ok(None);
    }
    let polygon = Polygon::new(corners);
    polygon.map(Some).map_err(|e| ActError::usage(format!("Corners: {e}")))
}

/// What is looked for.
fn elements(fields: &Fields, zone: &Zone, now: Timestamp) -> Result<Elements, ActError> {
    let from = day(fields, zone, "from", "First day")?;
    let until = last_day(fields, zone, "until", "Last day")?.map_or(now, |until| until.min(now));
    let optional = |name: &str, label: &str| fields.parsed::<Text>(name, label);
    let (make, color) = (optional("make", "Make")?, optional("color", "Colour")?);
    let (body, camera) = (optional("body", "Body")?, optional("camera", "Camera")?);
    let (near, polygon) = (circle(fields)?, polygon(fields)?);
    let written = fields.get("plate");
    let (mut plate, mut pattern) = (None::<Plate>, None::<PlatePattern>);
    let kind = if written.contains(['*', '?']) {
        pattern = fields.parsed("plate", "Plate")?;
        QueryKind::Partial
    } else if written.is_empty() {
        let vehicle = [&make, &color, &body, &camera].into_iter().any(Option::is_some);
        if !vehicle && near.is_none() && polygon.is_none() {
            let why =
                "say what to look for: a plate; or a place, a vehicle or a camera, and a first day";
            return Err(ActError::usage(why.into()));
        }
        if from.is_none() {
            let why = "a search without a plate takes a period: give its first day";
            return Err(ActError::usage(why.into()));
        }
        if vehicle { QueryKind::Vehicle } else { QueryKind::Area }
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
        near,
        polygon,
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

/// Why is asked.
pub(super) fn justified(fields: &Fields) -> Result<Justification, ActError> {
    let text = |name: &str, label: &str| -> Result<Text, ActError> {
        Ok(fields.parsed(name, label)?.unwrap_or_default())
    };
    Ok(Justification {
        purpose: fields.needed("purpose", "Purpose")?,
        offense: text("offense", "Offence")?,
        offenses: Vec::new(),
        vehicle_role: vehicle_role(fields)?,
        case: text("case", "Case number")?,
        cad: text("cad", "CAD incident")?,
        reason: text("reason", "Reason")?,
        suspicion: text("suspicion", "Suspicion")?,
        need_to_know: text("need_to_know", "Need to know")?,
        on_behalf_of: fields.parsed("on_behalf_of", "On whose behalf")?,
        for_officer: text("for_officer", "For officer")?,
        danger: text("danger", "Danger to life")?,
    })
}

/// What an officer filled in.
pub(super) fn drafted(
    fields: &Fields,
    visitor: &Visitor,
    now: Timestamp,
) -> Result<Draft, ActError> {
    let owners: Result<Vec<AgencyId>, _> = fields
        .all("to")
        .map(|id| id.parse().map_err(|e| ActError::usage(format!("Whom to ask: {e}"))))
        .collect();
    // Who ticks some asks those alone, though the box for all of them is ticked too.
    let owners = owners?;
    let all = owners.is_empty() && fields.has("all");
    Ok(Draft {
        whom: if all { Recipients::All } else { Recipients::These(owners) },
        authority: None,
        why: justified(fields)?,
        elements: elements(fields, &visitor.zone, now)?,
        limit: LIMIT,
        images: fields.has("images"),
        for_user: fields.parsed("for_user", "For which user you ask")?,
    })
}

/// Why is asked, as the form holds it.
pub(super) fn why_fields(why: &Justification) -> Vec<(&'static str, String)> {
    let role = why.vehicle_role.as_ref().map(|role| match role {
        VehicleRole::Other(words) => words.to_string(),
        known => known.to_string(),
    });
    vec![
        ("purpose", why.purpose.code().to_owned()),
        ("offense", why.offense.to_string()),
        ("vehicle_role", role.unwrap_or_default()),
        ("case", why.case.to_string()),
        ("cad", why.cad.to_string()),
        ("reason", why.reason.to_string()),
        ("suspicion", why.suspicion.to_string()),
        ("need_to_know", why.need_to_know.to_string()),
        ("on_behalf_of", why.on_behalf_of.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("for_officer", why.for_officer.to_string()),
    ]
}

/// What was looked for, as the form holds it. Its period is one of days.
pub(super) fn element_fields(of: &Elements, zone: &Zone) -> Vec<(&'static str, String)> {
    let text = |text: &Option<Text>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let place = |at: &Location| format!("{},{}", at.latitude(), at.longitude());
    let plate = of.plate.as_ref().map(ToString::to_string);
    let plate = plate.or_else(|| of.pattern.as_ref().map(ToString::to_string));
    let corners = of.polygon.iter().flat_map(|polygon| polygon.corners().iter().map(place));
    vec![
        ("plate", plate.unwrap_or_default()),
        ("plate_state", of.plate_state.map(|state| state.to_string()).unwrap_or_default()),
        ("misread", if of.kind == QueryKind::Misread { "1".into() } else { String::new() }),
        ("from", zone.day(of.from)),
        ("until", zone.day(of.until)),
        ("near", of.near.as_ref().map(|near| place(&near.center)).unwrap_or_default()),
        ("radius", of.near.as_ref().map(|near| near.radius_m.to_string()).unwrap_or_default()),
        ("polygon", corners.collect::<Vec<_>>().join(" ")),
        ("make", text(&of.make)),
        ("color", text(&of.color)),
        ("body", text(&of.body)),
        ("camera", text(&of.camera)),
    ]
}

/// A code as people read it.
pub(super) fn words(code: &str) -> String {
    let mut words = code.replace('_', " ");
    if words.starts_with("alpr ") {
        // Letters that stand for words.
        words = words.replacen("alpr", "ALPR", 1);
    }
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}
