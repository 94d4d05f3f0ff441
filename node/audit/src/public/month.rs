//! Calendar months, in UTC: what the public is told is told by them.

use std::fmt;

use schemas::time::Timestamp;

/// A calendar month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Month {
    year: i32,
    /// From 1.
    month: u32,
}

impl Month {
    /// That of an instant; `None` where a clock was out of all bounds.
    #[must_use]
    pub(super) fn of(at: Timestamp) -> Option<Self> {
        let text = at.to_string();
        let year = text.get(..4)?.parse().ok()?;
        let month = text.get(5..7)?.parse().ok()?;
        Some(Self { year, month })
    }

    /// The one after it.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        match self.month {
            12 => Self { year: self.year.saturating_add(1), month: 1 },
            month => Self { year: self.year, month: month.saturating_add(1) },
        }
    }

    /// Its first instant.
    #[must_use]
    pub(super) fn start(self) -> Option<Timestamp> {
        format!("{self}-01T00:00:00Z").parse().ok()
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}
