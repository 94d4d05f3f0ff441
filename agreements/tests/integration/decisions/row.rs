//! A row of the table as it is written, laid over what every row starts from.

use std::collections::BTreeMap;

use agreements::agreement::Act;
use agreements::request::RequestScope;
use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::area::{Near, Polygon};
use schemas::offense::{Offense, VehicleRole};
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::read::Location;
use schemas::time::Timestamp;
use serde::Deserialize;
use toml::{Table, Value};

use crate::fixtures;

const BASE: &str = include_str!("base.toml");
const MS_OF: [(&str, i64); 4] =
    [("ms", 1), ("minute", 60_000), ("hour", 3_600_000), ("day", 86_400_000)];

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Side {
    Owner,
    Requester,
    Signatory,
    Approver,
    Recorder,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Permit,
    Refuse,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Row {
    /// What the row claims.
    pub(crate) says: String,
    /// The demands of the law and the policies that it shows.
    #[serde(default)]
    pub(crate) law: Vec<String>,
    pub(crate) side: Side,
    /// The built-in policy that judges.
    pub(crate) owner: String,
    /// Laid over that policy.
    #[serde(default)]
    pub(crate) policy: Table,
    /// Keys taken away from that policy.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    pub(crate) peer: Peer,
    pub(crate) query: Asked,
    pub(crate) authorities: Vec<Table>,
    /// The other parties of an agreement to sign or record, where their cards are known; the peer
    /// when absent.
    pub(crate) known: Option<Vec<Peer>>,
    /// With whom a signatory wants to share; with the peer when absent.
    pub(crate) sharing_with: Option<Vec<String>>,
    /// With which of these the policy lets it; when absent with all, or, if it may not sign, none.
    pub(crate) open: Option<Vec<String>>,

    pub(crate) decision: Outcome,
    #[serde(default)]
    pub(crate) reasons: Vec<Expected>,
    pub(crate) permit: Option<Permitted>,
}

/// A reason as it must be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expected {
    pub(crate) code: String,
    /// Each as the bare section, or with the text that it is of.
    pub(crate) sections: Vec<String>,
    /// What the sentence must say, among other things.
    #[serde(default)]
    pub(crate) words: Vec<String>,
}

/// A permit as it must be; what is absent must be as asked, and not be counted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Permitted {
    /// The authority, such as `maker-ca-pd/req-1`, or `maker-ca-pd/lasd-1 v2`.
    pub(crate) basis: String,
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) limit: Option<u32>,
    #[serde(default)]
    pub(crate) images: bool,
    pub(crate) near: Option<Circle>,
    /// The sections that make the period shorter; not looked at when absent, nothing when empty.
    pub(crate) narrowed: Option<Vec<String>>,
    pub(crate) consumes: Option<u32>,
    pub(crate) daily: Option<u32>,
    /// Not looked at when absent.
    pub(crate) lapses: Option<String>,
    /// Not looked at when absent.
    #[serde(default)]
    pub(crate) notice: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peer {
    pub(crate) id: AgencyId,
    pub(crate) kind: AgencyKind,
    pub(crate) state: State,
    #[serde(default)]
    pub(crate) blocked: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) roles: Vec<Role>,
    pub(crate) trained: String,
    pub(crate) cleared: String,
    /// How the person had signed in, if her agency says so.
    pub(crate) signed_in: String,
    /// The program that names the person, if one does.
    #[serde(default)]
    pub(crate) asserted_by: String,
    pub(crate) purpose: Purpose,
    pub(crate) offense: String,
    /// Typed, as a query carries them.
    #[serde(default)]
    pub(crate) offenses: Vec<Offense>,
    pub(crate) vehicle_role: Option<VehicleRole>,
    #[serde(default)]
    pub(crate) danger: String,
    pub(crate) case: String,
    pub(crate) cad: String,
    pub(crate) reason: String,
    pub(crate) suspicion: String,
    pub(crate) need_to_know: String,
    pub(crate) on_behalf_of: String,
    pub(crate) for_officer: String,
    pub(crate) kind: QueryKind,
    pub(crate) plate: String,
    pub(crate) pattern: Option<String>,
    pub(crate) make: Option<String>,
    pub(crate) color: Option<String>,
    pub(crate) camera: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) near: Option<Circle>,
    /// Corners as latitude and longitude.
    pub(crate) polygon: Option<Vec<(f64, f64)>>,
    pub(crate) from: String,
    pub(crate) until: String,
    pub(crate) limit: u32,
    #[serde(default)]
    pub(crate) images: bool,
    pub(crate) cites: String,
    /// Who the query says it is from, where that is not the peer.
    pub(crate) sender: Option<AgencyId>,
    /// Whom it says it is to, where that is not the owner.
    pub(crate) addressee: Option<AgencyId>,
}

pub(crate) fn polygon(corners: &[(f64, f64)]) -> Polygon {
    let corner = |(latitude, longitude): &(f64, f64)| Location::new(*latitude, *longitude);
    Polygon::new(corners.iter().map(|at| corner(at).unwrap().unwrap()).collect()).unwrap()
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Circle {
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
    pub(crate) radius_m: u32,
}

impl Circle {
    pub(crate) fn near(self) -> Near {
        let center = Location::new(self.latitude, self.longitude).unwrap().unwrap();
        Near { center, radius_m: self.radius_m }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgreementPaper {
    pub(crate) id: String,
    pub(crate) template: String,
    pub(crate) version: u32,
    pub(crate) parties: Vec<String>,
    pub(crate) signed: Vec<String>,
    pub(crate) shares: BTreeMap<String, Vec<String>>,
    /// Values other than the template's.
    #[serde(default)]
    pub(crate) set: Table,
    #[serde(default)]
    pub(crate) notices: Vec<NoticePaper>,
    pub(crate) used_today: u32,
    /// Put before the decision although it is not between the two.
    #[serde(default)]
    pub(crate) brought: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoticePaper {
    pub(crate) by: String,
    pub(crate) act: Act,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestPaper {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) requested_by: Option<String>,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) case: Option<String>,
    pub(crate) scope: ScopePaper,
    pub(crate) verdict: String,
    /// What was approved, where that is less.
    pub(crate) narrowed: Option<ScopePaper>,
    pub(crate) withdrawn: bool,
    pub(crate) used: u32,
    /// Put before the decision although it is not between the two.
    #[serde(default)]
    pub(crate) brought: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopePaper {
    #[serde(default)]
    pub(crate) plates: Vec<String>,
    pub(crate) from: Option<String>,
    pub(crate) until: Option<String>,
    pub(crate) near: Option<Circle>,
    pub(crate) uses: Option<u32>,
    pub(crate) valid_until: Option<String>,
}

impl ScopePaper {
    pub(crate) fn scope(&self) -> RequestScope {
        let at = |text: &Option<String>| {
            text.as_ref().filter(|text| !text.is_empty()).map(|text| instant(text))
        };
        RequestScope {
            plates: self.plates.iter().map(|plate| plate.parse().unwrap()).collect(),
            from: at(&self.from),
            until: at(&self.until),
            near: self.near.map(Circle::near),
            uses: self.uses,
            valid_until: at(&self.valid_until),
        }
    }
}

/// The rows of a table, each laid over what it starts from.
pub(crate) fn rows(file: &str, text: &str) -> Vec<Row> {
    let table: Table = toml::from_str(text).unwrap_or_else(|e| panic!("{file}: {e}"));
    let unknown = table.keys().find(|key| !["all", "row"].contains(&key.as_str()));
    assert!(unknown.is_none(), "{file}: `{unknown:?}` is neither `all` nor `row`");
    let written =
        table.get("row").and_then(Value::as_array).unwrap_or_else(|| panic!("{file}: no rows"));
    let of_file = table.get("all").and_then(Value::as_table).cloned().unwrap_or_default();
    let start = laid_over(base("row"), of_file);
    written
        .iter()
        .map(|row| {
            let row = row.as_table().unwrap().clone();
            let says = row.get("says").map(ToString::to_string).unwrap_or_default();
            Value::Table(laid_over(start.clone(), row))
                .try_into()
                .unwrap_or_else(|e| panic!("{file}: {says}: {e}"))
        })
        .collect()
}

pub(crate) fn base(key: &str) -> Table {
    let mut base: Table = toml::from_str(BASE).unwrap();
    base.remove(key).unwrap().try_into().unwrap()
}

pub(crate) fn laid_over(mut under: Table, over: Table) -> Table {
    for (key, value) in over {
        let value = match (under.remove(&key), value) {
            (Some(Value::Table(under)), Value::Table(over)) => Value::Table(laid_over(under, over)),
            (_, value) => value,
        };
        // A period is given in days or in years.
        if let Some(of) = key.strip_suffix("days") {
            under.remove(&format!("{of}years"));
        }
        under.insert(key, value);
    }
    under
}

/// An instant as people say it.
pub(crate) fn instant(text: &str) -> Timestamp {
    if text == "now" {
        return fixtures::now();
    }
    if let Ok(at) = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()) {
        return at;
    }
    let (sign, span) = match (text.strip_prefix("in "), text.strip_suffix(" ago")) {
        (Some(span), None) => (1, span),
        (None, Some(span)) => (-1, span),
        _ => panic!("`{text}` is no instant"),
    };
    let mut total = 0i64;
    let mut words = span.split(' ');
    let mut part_sign = 1;
    loop {
        let (number, unit) = (words.next().unwrap(), words.next().unwrap());
        let one =
            MS_OF.iter().find(|(name, _)| *name == unit.trim_end_matches('s') || *name == unit);
        let ms = one.unwrap_or_else(|| panic!("`{unit}` of `{text}` is no unit")).1;
        total += part_sign * number.parse::<i64>().unwrap() * ms;
        part_sign = match words.next() {
            None => break,
            Some("and") => 1,
            Some("less") => -1,
            Some(other) => panic!("`{other}` in `{text}`"),
        };
    }
    fixtures::now().plus_millis(sign * total)
}

pub(crate) fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
