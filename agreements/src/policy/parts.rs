//! The values of a policy, each with the places that demand it.
//!
//! `setting` says, where a text is silent or ambiguous, what was chosen and why; such a value may
//! be chosen otherwise by the agency.

use std::collections::BTreeMap;

use schemas::agency::{AgencyId, AgencyKind};
use schemas::duty::DutyCode;
use schemas::offense::Offense;
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::session::SignInStrength;
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use super::codes::{
    Demand, Heading, Help, Lowered, Means, Prohibition, ReasonDemand, Standard, Strength,
};
use super::section_ref::SectionRef;
use crate::screening::OwnPhrase;
use crate::search_limits::Limits;

/// A value that says where it stands.
pub trait Cited {
    /// The places; never empty in a policy that was read.
    fn sections(&self) -> &[SectionRef];
}

macro_rules! cited {
    ($($(#[$doc:meta])* $name:ident {
        $($(#[$fdoc:meta])* $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $($(#[$fdoc])* pub $field: $type,)*
            /// The sections that demand it.
            pub at: Vec<SectionRef>,
            /// What was chosen, and why, where the text is silent or ambiguous.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub setting: Option<Text>,
        }

        impl Cited for $name {
            fn sections(&self) -> &[SectionRef] {
                &self.at
            }
        }
    )*};
}

cited! {
    /// An official, by title.
    Official {
        /// The title.
        title: Text,
    }

    /// A duty that names where to turn or where to publish.
    Pointer {
        /// Where.
        to: Text,
    }

    /// A purpose that the policy authorises.
    AuthorizedPurpose {
        /// Its code.
        code: Purpose,
        /// The policy's own words.
        words: Text,
    }

    /// A use that is forbidden whatever the purpose.
    ProhibitedUse {
        /// Which.
        code: Prohibition,
        /// In words.
        words: Text,
    }

    /// Roles that may do something.
    Roles {
        /// One of these.
        roles: Vec<Role>,
        /// A role here counts only with this title.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        titled: BTreeMap<Role, Text>,
        /// How they have to have signed in, of those who query; a peer's people as that peer says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signed_in: Option<SignInStrength>,
        /// The sections that demand that, where they are others.
        #[serde(default, skip_serializing_if = "Sections::is_empty")]
        signed_in_at: Sections,
        /// Whether a program of her agency may ask for a person by her bare name, of those who query; a
        /// peer's people as that peer says.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asserted: bool,
    }

    /// Training before access.
    Training {
        /// Whether it is demanded.
        demanded: bool,
        /// For how many days it holds; for good when neither is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every_days: Option<u32>,
        /// For how many calendar years.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every_years: Option<u32>,
        /// The title of who holds it; anybody when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trainer: Option<Text>,
        /// What it covers; a training is recorded with the course that covered all of it. Whatever it
        /// covers when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        course: Vec<Text>,
    }

    /// The clearance for criminal justice data that one's own people need before access.
    Clearance {
        /// Which.
        what: Text,
        /// For how many days it holds; for good when neither is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every_days: Option<u32>,
        /// For how many calendar years.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every_years: Option<u32>,
    }

    /// A duty that people do: its doing is put on record, and the node says when it is due.
    Tracked {
        /// Which.
        code: DutyCode,
        /// How many days there are for it once it arises: with the policy, or with what it is about.
        days: u32,
        /// After how many days it is done again; once for each that it is about when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        every_days: Option<u32>,
        /// To whom, of a summary: each recipient has a cadence of their own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Text>,
    }

    /// What follows on a reason that was unacceptable: somebody of these roles, never the screening, suspends
    /// the person, until she is trained anew and what was said to her is on record.
    Suspension {
        /// The roles.
        roles: Vec<Role>,
    }

    /// Nobody looks at the audit log, or makes or exports anything of it, without an audit that is open with its
    /// occasion.
    AuditOccasion {
    }

    /// To whom reads may be released at all.
    Recipients {
        /// Sorts of public agency.
        kinds: Vec<AgencyKind>,
    }

    /// A path of release.
    Path {
        /// Only to these agencies; to any recipient when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        with: Vec<AgencyId>,
    }

    /// Who approves, or does what else takes a title.
    Officials {
        /// One of these titles; whoever has a role that approves when empty.
        titles: Vec<Text>,
        /// Whether a designee with a recorded delegation may.
        designee: bool,
    }

    /// What a query of stored data must rest on.
    Suspicion {
        /// The standard.
        standard: Standard,
        /// How many words of it must say something.
        #[serde(default = "two")]
        words: u32,
        /// Whether a need to know must be stated.
        need_to_know: bool,
        /// Purposes for which neither is demanded.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        except: Vec<Purpose>,
    }

    /// Whether a case number is given; a CAD number counts.
    CaseNumber {
        /// Whether.
        demand: Demand,
    }

    /// What a reason must say.
    ReasonRules {
        /// What it must say.
        #[serde(default)]
        demand: ReasonDemand,
        /// What is enough where a case or CAD number stands beside it; the same when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        beside_number: Option<ReasonDemand>,
        /// Purposes on which a life may hang: one thing that tells is enough.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lifesaving: Vec<Purpose>,
        /// Where words are demanded: how many must say something.
        #[serde(default = "two")]
        telling_words: u32,
        /// Names of the agency's own units, which say nothing of a case.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        units: Vec<OwnPhrase>,
        /// Words that say nothing, besides those that every node knows.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        placeholders: Vec<OwnPhrase>,
        /// Offences as this agency names them, besides those of the published list.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        offenses: Vec<OwnOffense>,
    }

    /// What a danger to life lowers. Never the text of a policy, suspicion, agreement, approval or training.
    Danger {
        /// Which settings.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lowers: Vec<Lowered>,
        /// Roles of which another person of one's own may release a query that says what endangers a life
        /// and that nothing but the screening of its reason refuses here. Nobody when empty.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        released_by: Vec<Role>,
    }

    /// Sorts of search that peers may make.
    Searches {
        /// Which.
        kinds: Vec<QueryKind>,
        /// How many letters and digits of a plate a partial search must name; the node's own least
        /// when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        known_characters: Option<u32>,
        /// How many days a search without a plate may reach over; the node's own most when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        longest_days: Option<u32>,
        /// The greatest radius of a search by area, in metres; a polygon may be twice as wide across.
        /// The node's own when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        widest_m: Option<u32>,
    }

    /// A length of time, in days or in years.
    Days {
        /// How many days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        days: Option<u32>,
        /// How many calendar years, in place of days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        years: Option<u32>,
    }

    /// Most reads of one answer.
    RowLimit {
        /// How many.
        most: u32,
    }

    /// How long reads are kept and answered from.
    ReadRetention {
        /// They are kept at least so many days.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum_days: Option<u32>,
        /// The same in calendar years.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        minimum_years: Option<u32>,
        /// The age at which answering stops and purging begins, in days; not below the minimum.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut_off_days: Option<u32>,
        /// The same in calendar years.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cut_off_years: Option<u32>,
    }

    /// What is to be verified before an officer acts on a read.
    Verification {
        /// The notice that officers are shown.
        text: Text,
        /// Whether it recommends or commands.
        strength: Strength,
        /// Before what.
        before: Text,
        /// By what.
        means: Vec<Means>,
    }

    /// A duty of the policy that no rule can enforce: the node tracks it or shows it.
    Duty {
        /// What is to be done.
        what: Text,
        /// How the node helps.
        node: Help,
        /// Under which heading of the posted policy it is shown.
        heading: Heading,
    }
}

/// Sections that demand a part of a value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Sections(Vec<SectionRef>);

impl Sections {
    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Cited for Sections {
    fn sections(&self) -> &[SectionRef] {
        &self.0
    }
}

impl Tracked {
    /// What is done, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.to {
            None => self.code.words().to_owned(),
            Some(to) => format!("{} to {to}", self.code.words()),
        }
    }

    /// Its code, and to whom, where it is to somebody.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.to {
            None => self.code.to_string(),
            Some(to) => format!("{} to {to}", self.code),
        }
    }
}

impl Roles {
    /// What demands how they have to have signed in.
    #[must_use]
    pub fn signing_in(&self) -> &dyn Cited {
        if self.signed_in_at.is_empty() { self } else { &self.signed_in_at }
    }
}

impl Searches {
    /// What they may name.
    pub(crate) fn limits(&self) -> Limits {
        let Self { known_characters, longest_days, widest_m, .. } = *self;
        Limits { known_characters, longest_days, widest_m }
    }
}

/// An offence as an agency names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OwnOffense {
    /// Its code, as a query carries it.
    pub code: Offense,
    /// In words.
    pub name: Text,
    /// The words by which it is found in a reason.
    pub words: Vec<OwnPhrase>,
}

fn two() -> u32 {
    2
}
