//! What the public is shown, as the official whom the policy names released it.

use schemas::digest::Digest;
use schemas::event::audit::Shown;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A release to the public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicRelease {
    /// What was released.
    pub shown: Shown,
    /// H(its exact bytes).
    pub digest: Digest,
    /// Of a report: the entry that records its making, and when that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<(u64, Timestamp)>,
    /// Whether its counts are told in parts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_parts: bool,
    /// The title under which it was released.
    pub title: Text,
    /// By whom.
    pub by: UserName,
}

/// What the public is shown and was shown.
#[derive(Debug, Clone, Default)]
pub struct Public {
    /// The reports, in the order of their release.
    pub reports: Vec<PublicRelease>,
    /// The report that is shown.
    pub report: Option<PublicRelease>,
    /// The page of the policy that is shown.
    pub page: Option<PublicRelease>,
}

impl Public {
    pub(crate) fn released(&mut self, release: &PublicRelease) {
        match release.shown {
            Shown::Page => self.page = Some(release.clone()),
            Shown::Report => {
                self.reports.push(release.clone());
                self.report = Some(release.clone());
            }
        }
    }

    pub(crate) fn withdrawn(&mut self, shown: Shown) {
        match shown {
            Shown::Page => self.page = None,
            Shown::Report => self.report = None,
        }
    }

    /// What is shown of a sort.
    #[must_use]
    pub const fn of(&self, shown: Shown) -> Option<&PublicRelease> {
        match shown {
            Shown::Page => self.page.as_ref(),
            Shown::Report => self.report.as_ref(),
        }
    }
}
