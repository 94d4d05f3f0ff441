//! The codes that values of a policy are.

use serde::{Deserialize, Serialize};

/// A use that is forbidden whatever the purpose. The words that betray one are data, in `words`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Prohibition {
    /// Monitoring activities that the First Amendment protects.
    FirstAmendmentActivity,
    /// Immigration enforcement.
    ImmigrationEnforcement,
    /// Inquiry into reproductive care that is lawful in California.
    LawfulReproductiveCare,
    /// Harassment or intimidation.
    Harassment,
    /// Personal use.
    PersonalUse,
    /// Singling people out for a protected characteristic.
    ProtectedClass,
    /// Enforcement of traffic rules alone.
    TrafficEnforcement,
}

impl Prohibition {
    /// As files name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::FirstAmendmentActivity => "first_amendment_activity",
            Self::ImmigrationEnforcement => "immigration_enforcement",
            Self::LawfulReproductiveCare => "lawful_reproductive_care",
            Self::Harassment => "harassment",
            Self::PersonalUse => "personal_use",
            Self::ProtectedClass => "protected_class",
            Self::TrafficEnforcement => "traffic_enforcement",
        }
    }
}

/// What a reason must say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReasonDemand {
    /// So many words that say something.
    #[default]
    Words,
    /// An offence or event.
    Offence,
    /// An offence or event, and one thing more: the vehicle's role, how, where, or another offence.
    OffenceAndMore,
    /// An offence or event, and so many words beside it.
    WordsAndOffence,
}

/// A setting that a danger to life may lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Lowered {
    /// One thing that tells is reason enough.
    Reason,
    /// No case number is demanded.
    CaseNumber,
}

/// What a query of stored data must rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standard {
    /// Nothing beyond its purpose and reason.
    None,
    /// An articulable suspicion.
    Articulable,
    /// A reasonable suspicion.
    Reasonable,
}

/// Whether something must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Demand {
    /// Always.
    Required,
    /// When there is one; nothing is refused without.
    IfAvailable,
    /// Not asked for.
    No,
}

/// Whether a duty is a recommendation or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// "should".
    Should,
    /// "shall" or "must".
    Shall,
}

/// By what a read is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// The California Law Enforcement Telecommunications System.
    Clets,
    /// The photograph of the plate.
    Image,
    /// The plate as it was read, and its state.
    PlateAndState,
    /// The status of the alert.
    Status,
}

/// How the node helps with a duty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Help {
    /// It keeps what shows whether the duty is done.
    Tracks,
    /// It tells people of it.
    Shows,
}

/// The headings of a posted policy (Civil Code 1798.90.51(b)(2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Heading {
    /// (A) The authorised purposes.
    Purposes,
    /// (B) Who may use the system, and their training.
    People,
    /// (C) How the system is monitored.
    Monitoring,
    /// (D) Sharing: purposes, process, restrictions.
    Sharing,
    /// (E) The official custodian.
    Custodian,
    /// (F) Accuracy and the correction of errors.
    Accuracy,
    /// (G) Retention and destruction.
    Retention,
}
