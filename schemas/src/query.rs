//! A query: who asks whom for what, why, and on what authority.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agency::{AgencyId, State};
use crate::area::{Near, Polygon};
use crate::attestation::SignedAttestation;
use crate::authority::AuthorityId;
use crate::digest::{Digest, hex, unhex};
use crate::names::ProgramName;
use crate::offense::{Offense, VehicleRole};
use crate::pattern::PlatePattern;
use crate::plate::Plate;
use crate::purpose::{Purpose, QueryKind, Role};
use crate::session::RequesterSession;
use crate::text::Text;
use crate::time::Timestamp;

/// A query's id: 128 random bits, as 32 hexadecimal digits. One id per owner asked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct QueryId([u8; 16]);

/// Why a text is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a query id.
    #[error("`{0}` is not a query id; expected 32 lower-case hexadecimal digits")]
    Query(String),
    /// Not a user name.
    #[error("`{0}` is not a user name; expected 1 to 64 of a-z, 0-9, `.`, `_`, `-` and `@`")]
    User(String),
}

impl QueryId {
    /// From 128 bits of randomness.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The digest that stands in log headers, so that they name no query to who does not know it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl FromStr for QueryId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        unhex(text).map(Self).ok_or_else(|| IdError::Query(text.chars().take(60).collect()))
    }
}

/// A user's name at their agency, as it is logged (Civil Code 1798.90.52(a)(3)).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct UserName(String);

impl UserName {
    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for UserName {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let plain = text
            .bytes()
            .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' | b'@'));
        if plain && (1..=64).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::User(text.chars().take(80).collect()))
        }
    }
}

macro_rules! id_text {
    ($($name:ident => |$value:ident| $text:expr),* $(,)?) => {$(
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $value = self;
                f.write_str(&$text)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

id_text! {
    QueryId => |id| hex(&id.0),
    UserName => |name| name.0,
}

/// The person who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Requester {
    /// User name at the requesting agency.
    pub user: UserName,
    /// Full name; empty means the requester is not named.
    pub full_name: Text,
    /// Title.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub title: Text,
    /// Roles at the requesting agency.
    pub roles: Vec<Role>,
    /// Day of the last training, `YYYY-MM-DD`, as an instant at its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trained_on: Option<Timestamp>,
    /// Day of the last clearance for criminal justice data, as an instant at its start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_on: Option<Timestamp>,
    /// How she had signed in; absent where her agency says nothing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<RequesterSession>,
    /// The program of her agency that asks for her by her bare name; with it goes no `session`. An owner
    /// admits such a query only where its policy says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted_by: Option<ProgramName>,
    /// That her agency vouches for her with its agency key, for agreements that demand it: the text of
    /// an envelope of at most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<SignedAttestation>,
}

/// What is looked for: the query elements of Civil Code 1798.90.52(a)(2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Elements {
    /// What sort of search.
    pub kind: QueryKind,
    /// The plate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    /// A plate pattern with `*` and `?`, of a partial search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<PlatePattern>,
    /// The plate's state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate_state: Option<State>,
    /// Earliest instant, inclusive.
    pub from: Timestamp,
    /// Latest instant, exclusive.
    pub until: Timestamp,
    /// Only reads made in this circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Near>,
    /// Only reads made in this polygon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polygon: Option<Polygon>,
    /// Only vehicles of this make.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub make: Option<Text>,
    /// Only vehicles of this colour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Text>,
    /// Only vehicles of this body type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Text>,
    /// Only reads of this camera.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Text>,
}

impl Elements {
    /// A search for one plate in a period, and nothing else.
    #[must_use]
    pub const fn exact(plate: Plate, from: Timestamp, until: Timestamp) -> Self {
        Self {
            kind: QueryKind::Exact,
            plate: Some(plate),
            pattern: None,
            plate_state: None,
            from,
            until,
            near: None,
            polygon: None,
            make: None,
            color: None,
            body: None,
            camera: None,
        }
    }
}

/// Why an officer asks; the same words go to every owner asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Justification {
    /// The purpose, by code.
    pub purpose: Purpose,
    /// The offence in the officer's words.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub offense: Text,
    /// The offences, typed, as they were found in the officer's words: at most eight, each once.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "crate::offense::few"
    )]
    #[cfg_attr(
        feature = "json-schema",
        schemars(with = "Vec<Offense>", length(max = 8), extend("uniqueItems" = true))
    )]
    pub offenses: Vec<Offense>,
    /// What the vehicle has to do with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vehicle_role: Option<VehicleRole>,
    /// Case number.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub case: Text,
    /// CAD incident number.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub cad: Text,
    /// The reason, in words.
    pub reason: Text,
    /// What the suspicion rests on.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub suspicion: Text,
    /// Why the requester needs to know.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub need_to_know: Text,
    /// The agency on whose behalf the query is made, when not the requester's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_behalf_of: Option<AgencyId>,
    /// The officer for whom a dispatcher asks.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub for_officer: Text,
    /// What endangers a life, where something does. It lowers what the judging policy lists for it.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub danger: Text,
}

/// Who released a query that the screening of the requester's own policy had refused: another person of
/// the same agency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Releaser {
    /// User name at the requesting agency.
    pub user: UserName,
    /// Full name.
    pub full_name: Text,
    /// Title.
    #[serde(default, skip_serializing_if = "Text::is_empty")]
    pub title: Text,
    /// Roles at the requesting agency.
    pub roles: Vec<Role>,
    /// Why, in words.
    pub reason: Text,
}

/// A query as it is signed: bound to one owner, one authority and one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// Its id.
    pub id: QueryId,
    /// The requesting agency.
    pub from: AgencyId,
    /// The owner asked.
    pub to: AgencyId,
    /// When it was signed.
    pub at: Timestamp,
    /// What the queries of one search over several owners have in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<QueryId>,
    /// The agreement or request relied on; absent leaves the choice to the owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<AuthorityId>,
    /// The person who asks.
    pub requester: Requester,
    /// Who released it, where the screening of the requester's own policy had refused its reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_by: Option<Releaser>,
    /// The registered person of the same agency for whom somebody else asks: she sees the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_person: Option<Requester>,
    /// Why.
    pub why: Justification,
    /// What is looked for.
    pub elements: Elements,
    /// Most reads wanted.
    pub limit: u32,
    /// Whether the reads' photographs are wanted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub images: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer passes a reference")]
fn is_false(wanted: &bool) -> bool {
    !*wanted
}
