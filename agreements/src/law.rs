//! What the law demands of every policy, as data: one file for each state and each change, each demand
//! with the day from which it counts. A policy may ask for more, never for less.

use std::sync::LazyLock;

use schemas::agency::State;
use schemas::refusal::Citation;
use schemas::session::SignInStrength;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, read, sense};
use crate::policy::{Demand, Period, Policy, Prohibition, SectionRef};

/// The version of the form of a law's file.
const FORMAT: u32 = 1;

const BUILT_IN: [(&str, &str); 1] = [("california.toml", include_str!("../laws/california.toml"))];

/// A day, at whose beginning, in UTC, something begins to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(Timestamp);

impl TryFrom<String> for Day {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let day = format!("{text}T00:00:00Z").parse().map(Self);
        day.map_err(|_| format!("`{text}` is no day; expected such as `2016-01-01`"))
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.0.to_string().get(..10).unwrap_or_default().to_owned()
    }
}

macro_rules! demands {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$fdoc])* pub $field: $type,)*
            /// From which day on it counts.
            pub since: Day,
            /// Where it stands.
            pub at: Vec<SectionRef>,
        }

        impl $name {
            fn counts(&self, at: Timestamp) -> bool {
                self.since.0 <= at
            }
        }
    )*};
}

demands! {
    /// A use that is forbidden whatever the purpose.
    ForbiddenUse {
        /// Which.
        code: Prohibition,
    }

    /// How long audit records are kept at least.
    LeastDays {
        /// Days.
        days: u32,
    }

    /// How long reads are kept at most that match nothing and are no evidence.
    MostDays {
        /// Days.
        days: u32,
    }

    /// That a case number stands beside every query.
    NumberedCase {
        /// Whether one is demanded.
        demand: Demand,
    }

    /// How whoever asks has to have signed in.
    SignedIn {
        /// How strongly.
        strength: SignInStrength,
    }

    /// Within what time a training holds.
    TrainedWithin {
        /// Days.
        days: u32,
    }
}

/// The law of a state, from a day on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Law {
    /// The version of the form; 1.
    pub format: u32,
    /// Its name.
    pub law: String,
    /// The how manieth of that name.
    pub version: u32,
    /// Of which state.
    pub state: State,
    /// From which day on it takes the place of the one before.
    pub from: Day,
    /// How long audit records are kept.
    pub audit_records: LeastDays,
    /// What is forbidden.
    pub prohibited: Vec<ForbiddenUse>,
    /// Whether a case number is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case_number: Option<NumberedCase>,
    /// How long reads are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unmatched_reads: Option<MostDays>,
    /// How people sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_in: Option<SignedIn>,
    /// How people are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training: Option<TrainedWithin>,
}

/// Where a policy asks for less than the law.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shortcoming {
    /// The key of the policy.
    pub key: &'static str,
    /// What it falls short of, and what is expected.
    pub what: String,
}

static LAWS: LazyLock<Vec<Law>> = LazyLock::new(|| {
    let read = |(file, text): (&str, &str)| Law::from_toml(file, text).ok();
    BUILT_IN.into_iter().filter_map(read).collect()
});

impl Law {
    /// Reads the file of a law.
    ///
    /// # Errors
    /// With file, line, key and what is expected.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, DocumentError> {
        let law: Self = read(file, text)?;
        if law.format != FORMAT {
            return Err(sense(format!(
                "{file}: `format` is {}; this version reads {FORMAT}",
                law.format
            )));
        }
        if law.places().any(<[SectionRef]>::is_empty) {
            return Err(sense(format!("{file}: every demand names where it stands, with `at`")));
        }
        Ok(law)
    }

    /// Where each of its demands stands.
    fn places(&self) -> impl Iterator<Item = &[SectionRef]> {
        let optional = [
            self.case_number.as_ref().map(|one| one.at.as_slice()),
            self.unmatched_reads.as_ref().map(|one| one.at.as_slice()),
            self.sign_in.as_ref().map(|one| one.at.as_slice()),
            self.training.as_ref().map(|one| one.at.as_slice()),
        ];
        let forbidden = self.prohibited.iter().map(|one| one.at.as_slice());
        std::iter::once(self.audit_records.at.as_slice())
            .chain(forbidden)
            .chain(optional.into_iter().flatten())
    }

    /// The law of a state at an instant, if this node knows one.
    #[must_use]
    pub fn in_force(state: State, at: Timestamp) -> Option<&'static Self> {
        let of = LAWS.iter().filter(|law| law.state == state && law.from.0 <= at);
        of.max_by_key(|law| law.from)
    }

    /// The laws that this node knows, of every day.
    #[must_use]
    pub fn known() -> &'static [Self] {
        LAWS.as_slice()
    }

    /// The demand of a case number, where the law makes one by `at`.
    #[must_use]
    pub fn case_number(&self, at: Timestamp) -> Option<Vec<Citation>> {
        let demanded = self.case_number.as_ref().filter(|one| one.counts(at))?;
        (demanded.demand == Demand::Required).then(|| self.cites(&demanded.at))
    }

    fn cites(&self, sections: &[SectionRef]) -> Vec<Citation> {
        let cite = |section: &SectionRef| {
            let of = section.of.clone().unwrap_or_else(|| self.law.clone());
            Citation::new(&of, section.section.clone())
        };
        sections.iter().map(cite).collect()
    }

    /// Where a policy asks for less than this law does at an instant.
    #[must_use]
    pub fn shortcomings(&self, policy: &Policy, at: Timestamp) -> Vec<Shortcoming> {
        let mut found = Vec::new();
        let mut short = |key: &'static str, what: String, sections: &[SectionRef]| {
            let cited: Vec<String> = self.cites(sections).iter().map(ToString::to_string).collect();
            found.push(Shortcoming { key, what: format!("`{key}` {what} [{}]", cited.join("; ")) });
        };
        for one in self.prohibited.iter().filter(|one| one.counts(at)) {
            if !policy.prohibited.iter().any(|named| named.code == one.code) {
                let name = one.code.code();
                short("prohibited", format!("must name `{name}`, which the law forbids"), &one.at);
            }
        }
        let kept = policy.retention.audit_reports.period();
        if self.audit_records.counts(at) && kept.shortest_days() < self.audit_records.days {
            let what = format!(
                "is {kept}; the law has audit records kept at least {} days",
                self.audit_records.days
            );
            short("retention.audit_reports.days", what, &self.audit_records.at);
        }
        if let Some(one) = self.case_number.as_ref().filter(|one| one.counts(at))
            && one.demand == Demand::Required
            && policy.case_number.demand != Demand::Required
        {
            short(
                "case_number.demand",
                "must be `required`, which the law demands".into(),
                &one.at,
            );
        }
        if let Some(one) = self.unmatched_reads.as_ref().filter(|one| one.counts(at)) {
            let cut_off = policy.retention.reads.cut_off();
            if cut_off.longest_days() > one.days {
                let what = format!(
                    "is {cut_off}; the law has reads that match nothing destroyed after {} days: expected `cut_off_days = {}` or less, holds and evidence aside",
                    one.days, one.days
                );
                short("retention.reads.cut_off_days", what, &one.at);
            }
        }
        if let Some(one) = self.sign_in.as_ref().filter(|one| one.counts(at)) {
            let asked = policy.people.query.signed_in;
            if asked.is_none_or(|asked| asked < one.strength) {
                short(
                    "people.query.signed_in",
                    "asks for a weaker sign-in than the law".into(),
                    &one.at,
                );
            }
        }
        if let Some(one) = self.training.as_ref().filter(|one| one.counts(at)) {
            let within = policy.training.every().map(Period::longest_days);
            let enough = policy.training.demanded && within.is_some_and(|days| days <= one.days);
            if !enough {
                let what = format!("must hold for {} days at most, as the law has it", one.days);
                short("training.every_days", what, &one.at);
            }
        }
        found
    }
}
