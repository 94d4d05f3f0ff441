//! Agreements: the text that agencies adhere to, their adherences, and notices.

use std::collections::BTreeSet;

use schemas::agency::AgencyId;
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::key::Fingerprint;
use schemas::purpose::{Purpose, QueryKind};
use schemas::query::UserName;
use schemas::refusal::Citation;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, read, sense, toml_form, write};
use crate::search_limits::Limits;

/// Most parties of one agreement.
pub const MOST_PARTIES: usize = 500;

/// Most people whom one agreement names.
pub const MOST_PEOPLE: usize = 500;

/// Longest number of a clause, in bytes.
const LONGEST_NUMBER: usize = 40;

/// A numbered clause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its number, such as `4.2`.
    pub number: String,
    /// What it says.
    pub text: Text,
    /// Keys of the agreement that put it into values, for citations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub governs: Vec<String>,
}

/// Somebody of a party who may ask under an agreement.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct NamedPerson {
    /// The party.
    pub agency: AgencyId,
    /// Her user name there.
    pub user: UserName,
}

/// A standing agreement as it is signed: TOML that a lieutenant can read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Its id, under the agency that proposed the first version.
    pub id: AuthorityId,
    /// Its version: a change of text is a new one.
    pub version: u32,
    /// Digest of the text that this one takes the place of; of every version but the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<Digest>,
    /// Its title.
    pub title: Text,
    /// The template it was drafted from.
    pub template: Text,
    /// From when it may be in force.
    pub effective: Timestamp,
    /// From when it is in force no longer.
    pub expires: Timestamp,
    /// Notice to be given before ending it, in days.
    pub termination_notice_days: u32,
    /// The parties.
    pub parties: Vec<AgencyId>,
    /// Purposes that may be asked for.
    pub purposes: Vec<Purpose>,
    /// Sorts of search that may be asked for.
    pub query_kinds: Vec<QueryKind>,
    /// How many letters and digits of a plate a partial search must name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_characters: Option<u32>,
    /// How many days a search without a plate may reach over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_days: Option<u32>,
    /// The greatest radius of a search by area, in metres; a polygon may be twice as wide across.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widest_m: Option<u32>,
    /// Whether photographs are released.
    pub images: bool,
    /// How far back a search may go, in days.
    pub lookback_days: u32,
    /// Most reads of one answer.
    pub row_limit: u32,
    /// Most answers to one party a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub daily_limit: Option<u32>,
    /// Whether a case or CAD number is demanded.
    pub case_required: bool,
    /// Whether a query must carry that its agency vouches for the person who asks, with its agency key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub people_attested: bool,
    /// Whether a party may receive from others with whom it does not share.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_way: bool,
    /// Whether data may be passed on. Must be false.
    pub onward_sharing: bool,
    /// How long a requester may keep an answer, in days.
    pub answers_kept_days: u32,
    /// How often the exchange is audited, in days.
    pub audit_every_days: u32,
    /// The people who may ask, of whichever party; where nobody is named, everybody whom the policies let.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub people: Vec<NamedPerson>,
    /// The clauses.
    pub clauses: Vec<Clause>,
}

impl Agreement {
    /// Reads an agreement.
    ///
    /// # Errors
    /// With file, line, key and what is expected, or what does not hold together.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, DocumentError> {
        let agreement: Self = read(file, text)?;
        agreement.check()?;
        Ok(agreement)
    }

    /// The TOML that is signed.
    ///
    /// # Errors
    /// When it does not hold together.
    pub fn to_toml(&self) -> Result<String, DocumentError> {
        self.check()?;
        write("agreement", self)
    }

    fn check(&self) -> Result<(), DocumentError> {
        let id = &self.id;
        if self.version == 0 {
            return Err(sense(format!("agreement `{id}`: `version` counts from 1")));
        }
        if (self.version > 1) != self.supersedes.is_some() {
            return Err(sense(format!(
                "agreement `{id}`: `supersedes` is the digest of the text before this one, which version 1 has not and version {} must name; `accord agreement show` prints it",
                self.version.max(2)
            )));
        }
        if self.effective >= self.expires {
            return Err(sense(format!(
                "agreement `{id}`: `effective` {} is not before `expires` {}",
                self.effective, self.expires
            )));
        }
        let mut parties = self.parties.clone();
        parties.sort();
        parties.dedup();
        if parties.len() != self.parties.len() || !(2..=MOST_PARTIES).contains(&parties.len()) {
            return Err(sense(format!(
                "agreement `{id}`: `parties` must name 2 to {MOST_PARTIES} different agencies"
            )));
        }
        if self.purposes.is_empty() || self.query_kinds.is_empty() {
            return Err(sense(format!(
                "agreement `{id}`: `purposes` and `query_kinds` must not be empty"
            )));
        }
        if self.onward_sharing {
            return Err(sense(format!(
                "agreement `{id}`: `onward_sharing` must be false; data is not passed on"
            )));
        }
        for (key, value) in [
            ("lookback_days", self.lookback_days),
            ("row_limit", self.row_limit),
            ("answers_kept_days", self.answers_kept_days),
            ("audit_every_days", self.audit_every_days),
            ("daily_limit", self.daily_limit.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(sense(format!("agreement `{id}`: `{key}` must not be 0")));
            }
        }
        self.check_people()?;
        for Clause { number, .. } in &self.clauses {
            // Refusals cite it, on one line.
            let plain = number.parse::<Text>().is_ok_and(|text| text.as_str() == number);
            if number.is_empty() || number.len() > LONGEST_NUMBER || number.contains(' ') || !plain
            {
                return Err(sense(format!(
                    "agreement `{id}`: a clause's `number` is one word of at most {LONGEST_NUMBER} bytes, such as `4.2`; this one is {number:?}"
                )));
            }
        }
        self.limits().check("").map_err(|what| sense(format!("agreement `{id}`: {what}")))
    }

    /// Whether the people whom it names are of its parties, each once.
    fn check_people(&self) -> Result<(), DocumentError> {
        let id = &self.id;
        if self.people.len() > MOST_PEOPLE {
            return Err(sense(format!(
                "agreement `{id}`: `people` names {}, and at most {MOST_PEOPLE} may be named",
                self.people.len()
            )));
        }
        let mut named = BTreeSet::new();
        for person in &self.people {
            let NamedPerson { agency, user } = person;
            if !self.parties.contains(agency) {
                return Err(sense(format!(
                    "agreement `{id}`: `people` names `{user}` of `{agency}`, which is no party"
                )));
            }
            if !named.insert(person) {
                return Err(sense(format!(
                    "agreement `{id}`: `people` names `{user}` of `{agency}` twice"
                )));
            }
        }
        Ok(())
    }

    /// Whether this person may ask under it, as far as it names people.
    #[must_use]
    pub fn admits(&self, agency: &AgencyId, user: &UserName) -> bool {
        let is_she = |named: &NamedPerson| named.agency == *agency && named.user == *user;
        self.people.is_empty() || self.people.iter().any(is_she)
    }

    /// What it says a search may name.
    pub(crate) fn limits(&self) -> Limits {
        let Self { known_characters, longest_days, widest_m, .. } = *self;
        Limits { known_characters, longest_days, widest_m }
    }

    /// The clause that puts `key` into words, else the key itself, for citing.
    #[must_use]
    pub fn cite(&self, key: &str) -> Citation {
        let clause = self.clauses.iter().find(|clause| clause.governs.iter().any(|k| k == key));
        let section = clause.map_or_else(|| format!("`{key}`"), |clause| clause.number.clone());
        Citation::new(format!("{} v{}", self.id, self.version), section)
    }
}

/// Who signed for an agency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Signatory {
    /// Full name.
    pub name: Text,
    /// Title.
    pub title: Text,
    /// The delegation relied on, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Text>,
}

/// A party by the key that a signer has verified it to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KnownParty {
    /// The party.
    pub agency: AgencyId,
    /// Fingerprint of its agency key.
    pub fingerprint: Fingerprint,
}

/// An agency's adherence to an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Adherence {
    /// The agreement.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Digest of its exact text.
    pub text: Digest,
    /// The agency that adheres.
    pub agency: AgencyId,
    /// With whom it shares.
    pub shares_with: Vec<AgencyId>,
    /// Digest of a scanned original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Digest>,
    /// When it was signed.
    pub at: Timestamp,
    /// Who signed.
    pub signatory: Signatory,
    /// The parties whose cards the agency had verified, itself and all with whom it shares among them:
    /// who was shown another key than the others is found out.
    pub parties: Vec<KnownParty>,
}

impl Adherence {
    /// The key by which this agency knows a party.
    #[must_use]
    pub fn fingerprint_of(&self, party: &AgencyId) -> Option<Fingerprint> {
        self.parties.iter().find(|known| known.agency == *party).map(|known| known.fingerprint)
    }
}

/// What a notice does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Suspends one's own side.
    Suspend,
    /// Resumes it.
    Resume,
    /// Ends it for good.
    Withdraw,
    /// Says of a text that one has not signed that one will not. Signing it all the same takes that back.
    Decline,
}

/// The person who gave a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// User name.
    pub user: UserName,
    /// Full name.
    pub full_name: Text,
}

/// An agency's notice on its own side of an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The agreement.
    pub agreement: AuthorityId,
    /// Its version.
    pub version: u32,
    /// Digest of its exact text.
    pub text: Digest,
    /// The agency.
    pub agency: AgencyId,
    /// What it does.
    pub act: Act,
    /// Why.
    pub reason: Text,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Person,
}

toml_form! {
    Adherence, "adherence";
    Notice, "notice";
}
