//! The kinds of reports, with their titles and columns.

use serde::{Deserialize, Serialize};

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Every access with its justification and outcome.
    Access,
    /// With whom reads are shared, under what, since when.
    Sharing,
    /// What Civil Code 1798.90.52(a) demands of every access, no more.
    Statutory,
    /// What an auditor may want to look at.
    Exceptions,
    /// What the public may see: how often, and nothing of one person or plate.
    Public,
}

/// A word that names no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a report; expected access, sharing, statutory, exceptions or public")]
pub struct UnknownReport(String);

impl std::str::FromStr for Kind {
    type Err = UnknownReport;

    fn from_str(text: &str) -> Result<Self, UnknownReport> {
        let found = Self::ALL.into_iter().find(|kind| kind.code() == text);
        found.ok_or_else(|| UnknownReport(text.chars().take(60).collect()))
    }
}

impl Kind {
    /// Every report.
    pub const ALL: [Self; 5] =
        [Self::Access, Self::Sharing, Self::Statutory, Self::Exceptions, Self::Public];

    /// Its name, as `--kind` takes it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Sharing => "sharing",
            Self::Statutory => "statutory",
            Self::Exceptions => "exceptions",
            Self::Public => "public",
        }
    }

    /// Its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Access => "Access to licence plate reads",
            Self::Sharing => "Sharing of licence plate reads",
            Self::Statutory => "Record of access, California Civil Code 1798.90.52(a)",
            Self::Exceptions => "Exceptions for review",
            Self::Public => "Use of licence plate reads",
        }
    }

    /// The columns of its rows, in order.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Access => &[
                "index",
                "at",
                "classification",
                "kind",
                "user",
                "full_name",
                "agency",
                "plate",
                "data_queried",
                "owner",
                "purpose",
                "reason",
                "case",
                "outcome",
                "outcome_entry",
                "count",
                "basis",
                "refused_for",
                "query_id",
                "unproven",
                "explained",
            ],
            Self::Statutory => &[
                "index",
                "at",
                "plate",
                "data_queried",
                "user",
                "full_name",
                "agency",
                "purpose",
                "reason",
                "owner",
                "outcome",
                "unproven",
            ],
            Self::Sharing => &[
                "with",
                "direction",
                "under",
                "version",
                "sort",
                "state",
                "since",
                "until",
                "purposes",
                "answers_given",
                "answers_received",
            ],
            Self::Public => &["table", "from", "until", "what", "count"],
            Self::Exceptions => &[
                "finding", "user", "agency", "plate", "owner", "from", "until", "count", "entries",
                "detail",
            ],
        }
    }
}
