//! What gives authority, by name: agreements and written requests stand under the agency that made
//! them, so that nobody can take a name away from another.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::agency::AgencyId;

/// Why a text names no agreement or request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// Not the part after the agency.
    #[error(
        "`{0}` is not the name of an agreement or request; expected 3 to 80 of a-z, 0-9 and hyphens, such as `plates-2026`"
    )]
    Slug(String),
    /// Not the whole of it.
    #[error(
        "`{0}` is not the id of an agreement or request; expected the agency that made it, a slash and its name, such as `monrovia-ca-pd/plates-2026`"
    )]
    Id(String),
}

fn shown(text: &str) -> String {
    text.chars().take(160).collect()
}

/// What an agency calls an agreement that it proposes or a request that it makes: `plates-2026`.
///
/// Three to 80 characters of `a`–`z`, `0`–`9` and hyphens, no leading hyphen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

impl Slug {
    /// Its text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = AuthorityError;

    fn from_str(text: &str) -> Result<Self, AuthorityError> {
        let plain = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if plain && (3..=80).contains(&text.len()) && !text.starts_with('-') {
            Ok(Self(text.to_owned()))
        } else {
            Err(AuthorityError::Slug(shown(text)))
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of an agreement or of a written request: the agency that proposed or made it, and what that
/// agency calls it. `monrovia-ca-pd/plates-2026`.
///
/// Ordered by agency, then by slug.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub struct AuthorityId {
    agency: AgencyId,
    slug: Slug,
}

impl AuthorityId {
    /// What `agency` calls `slug`.
    #[must_use]
    pub const fn new(agency: AgencyId, slug: Slug) -> Self {
        Self { agency, slug }
    }

    /// Who proposed or made it.
    #[must_use]
    pub const fn agency(&self) -> &AgencyId {
        &self.agency
    }

    /// What that agency calls it.
    #[must_use]
    pub const fn slug(&self) -> &Slug {
        &self.slug
    }
}

impl FromStr for AuthorityId {
    type Err = AuthorityError;

    fn from_str(text: &str) -> Result<Self, AuthorityError> {
        let whole = || AuthorityError::Id(shown(text));
        let (agency, slug) = text.split_once('/').ok_or_else(whole)?;
        let (agency, slug) = (agency.parse().map_err(|_| whole())?, slug.parse());
        Ok(Self::new(agency, slug.map_err(|_| whole())?))
    }
}

impl fmt::Display for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.agency, self.slug)
    }
}

/// An agreement or request as a person types it: its id, or its slug alone where one of those that
/// the node knows is meant.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
#[cfg_attr(feature = "json-schema", schemars(with = "String"))]
pub enum AuthorityName {
    /// The whole id.
    Id(AuthorityId),
    /// The slug alone.
    Slug(Slug),
}

impl AuthorityName {
    /// Whether it can mean `id`.
    #[must_use]
    pub fn means(&self, id: &AuthorityId) -> bool {
        match self {
            Self::Id(named) => named == id,
            Self::Slug(slug) => *slug == id.slug,
        }
    }

    /// The id that it stands for where `agency` makes something of that name.
    #[must_use]
    pub fn under(self, agency: &AgencyId) -> AuthorityId {
        match self {
            Self::Id(id) => id,
            Self::Slug(slug) => AuthorityId::new(agency.clone(), slug),
        }
    }
}

impl From<AuthorityId> for AuthorityName {
    fn from(id: AuthorityId) -> Self {
        Self::Id(id)
    }
}

impl FromStr for AuthorityName {
    type Err = AuthorityError;

    fn from_str(text: &str) -> Result<Self, AuthorityError> {
        if text.contains('/') { text.parse().map(Self::Id) } else { text.parse().map(Self::Slug) }
    }
}

impl fmt::Display for AuthorityName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Slug(slug) => slug.fmt(f),
        }
    }
}

macro_rules! text_form {
    ($($name:ident),*) => {$(
        impl TryFrom<String> for $name {
            type Error = AuthorityError;
            fn try_from(text: String) -> Result<Self, AuthorityError> {
                text.parse()
            }
        }
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

text_form!(AuthorityId, AuthorityName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_an_agency_a_slash_and_a_slug() {
        let id: AuthorityId = "monrovia-ca-pd/plates-2026".parse().unwrap();
        assert_eq!((id.agency().as_str(), id.slug().as_str()), ("monrovia-ca-pd", "plates-2026"));
        assert_eq!(id.to_string(), "monrovia-ca-pd/plates-2026");
        for text in [
            "plates-2026",
            "/plates-2026",
            "monrovia-ca-pd/",
            "monrovia-ca-pd/pl",
            "monrovia-ca-pd/-plates",
            "monrovia-ca-pd/plates/2026",
            "monrovia--pd/plates-2026",
            "Monrovia-CA-PD/plates-2026",
            "monrovia-ca-pd/plates_2026",
            "monrovia-ca-pd\\plates-2026",
            "",
        ] {
            assert!(text.parse::<AuthorityId>().is_err(), "`{text}`");
        }
        let longest = format!("{}/{}", "a".repeat(64), "b".repeat(80));
        assert_eq!(longest.parse::<AuthorityId>().unwrap().to_string(), longest);
        assert!(format!("{longest}b").parse::<AuthorityId>().is_err());
    }

    #[test]
    fn ids_are_ordered_by_agency_and_then_by_slug() {
        // As texts these two would stand the other way round.
        let [one, other]: [AuthorityId; 2] =
            ["aaa/zzz", "aaa-ca/aaa"].map(|text| text.parse().unwrap());
        assert!(one < other && one.to_string() > other.to_string());
    }

    #[test]
    fn a_slug_alone_means_whatever_is_called_so() {
        let id: AuthorityId = "monrovia-ca-pd/plates-2026".parse().unwrap();
        for (typed, means) in [
            ("plates-2026", true),
            ("monrovia-ca-pd/plates-2026", true),
            ("indio-ca-pd/plates-2026", false),
            ("plates-2027", false),
        ] {
            let name: AuthorityName = typed.parse().unwrap();
            assert_eq!((name.means(&id), name.to_string().as_str()), (means, typed));
        }
        let name: AuthorityName = "plates-2026".parse().unwrap();
        assert_eq!(name.under(id.agency()), id);
    }
}
