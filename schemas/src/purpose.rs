//! The code lists: purposes, roles and query kinds.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every value, in the order of the published list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The published code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::purpose::UnknownCode;

            fn from_str(text: &str) -> Result<Self, $crate::purpose::UnknownCode> {
                Self::ALL.iter().copied().find(|value| value.code() == text).ok_or_else(|| $crate::purpose::UnknownCode {
                    what: $what,
                    found: text.chars().take(60).collect(),
                    expected: Self::ALL.iter().map(|value| value.code()).collect::<Vec<_>>().join(", "),
                })
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}
pub(crate) use codes;

/// A text that is none of a list's codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a {what}; expected one of {expected}")]
pub struct UnknownCode {
    /// Which list was meant.
    pub what: &'static str,
    /// What was given.
    pub found: String,
    /// The codes of the list.
    pub expected: String,
}

codes! {
    /// Why plate data is asked for. Policies map their own wording to these codes.
    Purpose, "purpose" {
        /// Investigation for prosecution or exoneration.
        CriminalInvestigation = "criminal_investigation",
        /// Identifying or locating a wanted person.
        WantedPerson = "wanted_person",
        /// An active warrant.
        ActiveWarrant = "active_warrant",
        /// A missing person, and lifesaving.
        MissingPerson = "missing_person",
        /// A stolen vehicle or plate.
        StolenVehicle = "stolen_vehicle",
        /// Recovery of stolen property.
        StolenProperty = "stolen_property",
        /// Enforcement of sanctions, orders or sentences.
        CourtOrderEnforcement = "court_order_enforcement",
        /// Crime prevention and general law enforcement.
        CrimePrevention = "crime_prevention",
        /// Crime analysis.
        CrimeAnalysis = "crime_analysis",
        /// A lead in a later investigation.
        InvestigativeLead = "investigative_lead",
        /// Interdiction of a suspect.
        SuspectInterdiction = "suspect_interdiction",
        /// Homeland security.
        HomelandSecurity = "homeland_security",
        /// Electronic surveillance.
        ElectronicSurveillance = "electronic_surveillance",
        /// Public safety.
        PublicSafety = "public_safety",
        /// A department-related administrative action.
        AdministrativeInvestigation = "administrative_investigation",
        /// A department-related civil action.
        CivilAction = "civil_action",
    }
}

codes! {
    /// What a person is at their agency.
    Role, "role" {
        /// Sworn officer.
        Sworn = "sworn",
        /// Dispatcher.
        Dispatcher = "dispatcher",
        /// Crime analyst.
        CrimeAnalyst = "crime_analyst",
        /// Supervisor.
        Supervisor = "supervisor",
        /// Administrator of the ALPR system.
        AlprAdministrator = "alpr_administrator",
        /// Auditor.
        Auditor = "auditor",
        /// Whoever sees to requests of courts and the public for records.
        RecordsCustodian = "records_custodian",
        /// Administrator of the machine.
        SystemAdministrator = "system_administrator",
        /// Vendor, for a limited time and never to query.
        Vendor = "vendor",
    }
}

codes! {
    /// What sort of search a query asks for.
    QueryKind, "query kind" {
        /// One plate, exactly.
        Exact = "exact",
        /// Part of a plate, with `*` and `?`.
        Partial = "partial",
        /// A plate and what readers confuse it with.
        Misread = "misread",
        /// An area and a time window, without a plate.
        Area = "area",
        /// A vehicle's make or colour, or a camera, without a plate.
        Vehicle = "vehicle",
    }
}
