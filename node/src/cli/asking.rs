//! What is looked for and why, as the options of `query`, `reads search` and `policy explain` say it.

use clap::Args;
use schemas::agency::{AgencyId, State};
use schemas::area::{Near, Polygon};
use schemas::offense::VehicleRole;
use schemas::plate::Plate;
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::{Elements, Justification};
use schemas::read::Location;
use schemas::text::{Text, TextError};
use schemas::time::Timestamp;

use super::time::instant;
use crate::admin::open_case::OpenCase;
use crate::permission::ActError;
use audit_log::clock::Clock;

/// How far back a search for a plate goes when no start is given, in days.
const DAYS_BACK: u32 = 30;

/// Why somebody asks.
#[derive(Args)]
pub(super) struct Why {
    /// Why, by code, such as `stolen_vehicle`.
    #[arg(long, value_name = "CODE")]
    purpose: Option<Purpose>,
    /// Why, in words.
    #[arg(long, default_value = "", value_parser = words)]
    reason: Text,
    /// Case number.
    #[arg(long, default_value = "")]
    case: Text,
    /// CAD incident number.
    #[arg(long, default_value = "")]
    cad: Text,
    /// The offence: a section such as `459 PC`, or a name or code of `accord policy offenses`.
    #[arg(long, default_value = "", value_parser = words)]
    offense: Text,
    /// What the vehicle has to do with it: suspect, victim, witness, stolen, missing_person, or in words.
    #[arg(long, value_parser = role)]
    vehicle_role: Option<VehicleRole>,
    /// What endangers a life, where something does.
    #[arg(long, default_value = "", value_parser = words)]
    danger: Text,
    /// What the suspicion rests on.
    #[arg(long, default_value = "")]
    suspicion: Text,
    /// Why you need to know.
    #[arg(long, default_value = "")]
    need_to_know: Text,
    /// The agency on whose behalf you ask, when not your own.
    #[arg(long, value_name = "ID")]
    on_behalf_of: Option<AgencyId>,
    /// The officer for whom a dispatcher asks.
    #[arg(long, default_value = "")]
    for_officer: Text,
}

impl Why {
    /// What is said here; the rest is that of the case that was set, unless another is named.
    pub(super) fn said(&self, set: Option<&OpenCase>) -> Result<Justification, ActError> {
        let set =
            set.map(|case| &case.why).filter(|why| self.case.is_empty() || self.case == why.case);
        let text = |given: &Text, of: fn(&Justification) -> &Text| {
            let set = set.map(|why| of(why).clone()).unwrap_or_default();
            if given.is_empty() { set } else { given.clone() }
        };
        let purpose = self.purpose.or(set.map(|why| why.purpose)).ok_or_else(|| {
            ActError::usage(
                "say why with --purpose, or set a case with `accord case use NUMBER --purpose …`"
                    .into(),
            )
        })?;
        Ok(Justification {
            purpose,
            offense: text(&self.offense, |why| &why.offense),
            offenses: Vec::new(),
            vehicle_role: self
                .vehicle_role
                .clone()
                .or_else(|| set.and_then(|why| why.vehicle_role.clone())),
            case: text(&self.case, |why| &why.case),
            cad: text(&self.cad, |why| &why.cad),
            reason: text(&self.reason, |why| &why.reason),
            suspicion: text(&self.suspicion, |why| &why.suspicion),
            need_to_know: text(&self.need_to_know, |why| &why.need_to_know),
            on_behalf_of: self
                .on_behalf_of
                .clone()
                .or_else(|| set.and_then(|why| why.on_behalf_of.clone())),
            for_officer: text(&self.for_officer, |why| &why.for_officer),
            danger: text(&self.danger, |why| &why.danger),
        })
    }
}

/// Words as they are pasted: what a dispatch system puts between them is a space.
pub(super) fn words(typed: &str) -> Result<Text, TextError> {
    typed.replace(['\t', '\n', '\r'], " ").parse()
}

pub(super) fn role(typed: &str) -> Result<VehicleRole, String> {
    let words = words(typed).map_err(|error| error.to_string())?;
    VehicleRole::typed(&words).map_err(|error| error.to_string())
}

/// How a plate is matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Match {
    /// As it is written.
    Exact,
    /// In part: `*` is any run of characters, `?` one.
    Partial,
    /// With what readers confuse with it.
    Misread,
}

/// What is looked for.
#[derive(Args)]
pub(super) struct What {
    /// The plate; with --match partial, a part of it with `*` and `?`.
    #[arg(long)]
    plate: Option<String>,
    /// The plate's state.
    #[arg(long, value_name = "ST")]
    plate_state: Option<State>,
    /// How the plate is matched.
    #[arg(long, default_value = "exact")]
    r#match: Match,
    /// Reads made at or after; thirty days ago unless given. Without a plate it must be.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    from: Option<Timestamp>,
    /// Reads made before; now unless given.
    #[arg(long, value_parser = instant, value_name = "TIME")]
    until: Option<Timestamp>,
    /// Reads made near this place.
    #[arg(long, value_name = "LAT,LON", requires = "radius", allow_hyphen_values = true)]
    near: Option<String>,
    /// How near, in metres.
    #[arg(long, value_name = "METRES", requires = "near")]
    radius: Option<u32>,
    /// Reads made in a polygon: its corners in order, spaces between them, as one argument.
    #[arg(long, value_name = "LAT,LON LAT,LON …", allow_hyphen_values = true)]
    polygon: Option<String>,
    /// Vehicles of this make.
    #[arg(long)]
    make: Option<Text>,
    /// Vehicles of this colour.
    #[arg(long)]
    color: Option<Text>,
    /// Vehicles of this body type.
    #[arg(long)]
    body: Option<Text>,
    /// Reads of this camera.
    #[arg(long)]
    camera: Option<Text>,
    /// Most reads of each agency.
    #[arg(long, default_value_t = 100)]
    pub(super) limit: u32,
}

impl What {
    pub(super) fn elements(&self) -> Result<Elements, ActError> {
        let usage = |what: String| ActError::usage(what);
        let unfit = |error: &dyn std::fmt::Display| usage(format!("--plate: {error}"));
        let now = Clock::system().now();
        let near = near(self.near.as_deref(), self.radius)?;
        let polygon = self.polygon.as_deref().map(polygon).transpose()?;
        let (mut plate, mut pattern) = (None, None);
        let kind = match (&self.plate, self.r#match) {
            (Some(text), Match::Partial) => {
                pattern = Some(text.parse().map_err(|e| unfit(&e))?);
                QueryKind::Partial
            }
            (Some(text), matched) => {
                plate =
                    Some(text.parse::<Plate>().map_err(|e| match text.contains(['*', '?']) {
                        true => unfit(&format!("{e}; a part of a plate takes --match partial")),
                        false => unfit(&e),
                    })?);
                if matched == Match::Exact { QueryKind::Exact } else { QueryKind::Misread }
            }
            (None, Match::Partial | Match::Misread) => {
                return Err(usage("--match says how a plate is matched: give --plate".into()));
            }
            (None, Match::Exact) => self.without_plate(near.is_some() || polygon.is_some())?,
        };
        Ok(Elements {
            kind,
            plate,
            pattern,
            plate_state: self.plate_state,
            from: self.from.unwrap_or_else(|| now.minus_days(DAYS_BACK)),
            until: self.until.unwrap_or(now),
            near,
            polygon,
            make: self.make.clone(),
            color: self.color.clone(),
            body: self.body.clone(),
            camera: self.camera.clone(),
        })
    }

    /// The sort of search without a plate; it needs a period that somebody thought about.
    fn without_plate(&self, area: bool) -> Result<QueryKind, ActError> {
        let vehicle =
            [&self.make, &self.color, &self.body, &self.camera].into_iter().any(Option::is_some);
        let kind = match (vehicle, area) {
            (true, _) => QueryKind::Vehicle,
            (false, true) => QueryKind::Area,
            (false, false) => {
                return Err(ActError::usage(
                    "say what to look for: --plate; or without one a place (--near, --polygon), a vehicle (--make, --color, --body) or a --camera".into(),
                ));
            }
        };
        if self.from.is_none() {
            return Err(ActError::usage(
                "a search without a plate takes a period: --from TIME, and --until TIME unless it ends now".into(),
            ));
        }
        Ok(kind)
    }
}

/// A circle as two options give it.
pub(super) fn near(place: Option<&str>, radius: Option<u32>) -> Result<Option<Near>, ActError> {
    match (place, radius) {
        (Some(place), Some(radius_m)) => {
            Ok(Some(Near { center: location("near", place)?, radius_m }))
        }
        _ => Ok(None),
    }
}

fn polygon(corners: &str) -> Result<Polygon, ActError> {
    let corners: Result<Vec<_>, _> =
        corners.split_whitespace().map(|corner| location("polygon", corner)).collect();
    Polygon::new(corners?).map_err(|e| ActError::usage(format!("--polygon: {e}")))
}

fn location(option: &str, place: &str) -> Result<Location, ActError> {
    let refused = || {
        ActError::usage(format!(
            "--{option}: `{place}` is no place; expected LAT,LON such as `34.148,-118.001`"
        ))
    };
    let (latitude, longitude) = place.split_once(',').ok_or_else(refused)?;
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| refused());
    Location::new(number(latitude)?, number(longitude)?).ok().flatten().ok_or_else(refused)
}
