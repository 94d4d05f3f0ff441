//! An agency's ALPR policy as data, each value with the section it comes from.
//!
//! Adding an agency is adding a file. No rule names an agency; a policy may (with whom it shares).

mod builtin;
mod codes;
mod differences;
mod faults;
mod load;
mod malformed;
mod page;
mod parts;
mod people;
mod period;
mod posted;
mod section_ref;
mod tables;
mod warnings;

use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::duty::DutyCode;
use schemas::purpose::Purpose;
use schemas::query::{Elements, Justification};
use schemas::refusal::Citation;
use schemas::text::Text;
use serde::{Deserialize, Serialize};

use crate::screening::{CANNOT_TELL, Certainty, Said};

pub use codes::{
    Demand, Heading, Help, Lowered, Means, Prohibition, ReasonDemand, Standard, Strength,
};
pub use faults::{Fault, LEAST_AUDIT_DAYS};
pub use page::Designee;
pub use parts::{
    AuditOccasion, AuthorizedPurpose, CaseNumber, Cited, Clearance, Danger, Days, Duty, Official,
    Officials, OwnOffense, Path, Pointer, ProhibitedUse, ReadRetention, ReasonRules, Recipients,
    Roles, RowLimit, Searches, Sections, Suspension, Suspicion, Tracked, Training, Verification,
};
pub use people::Reliance;
pub use period::Period;
pub use posted::{Page, Section};
pub use section_ref::{SectionRef, SectionRefError};
pub use tables::{Administration, Approval, People, Release, Retention};

/// Largest text of a policy ([`schemas::posted::size`]): peers are sent it.
pub const LARGEST_TEXT: usize = schemas::posted::LARGEST_TEXT;

/// The version of the policy format.
pub const FORMAT: u32 = 2;

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Version of the format; [`FORMAT`].
    pub format: u32,
    /// The agency whose policy it is; absent for a policy that any agency may adopt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
    /// The text that it encodes, as citations name it.
    pub source: String,
    /// The sections of that text; citations of it must be of these, or below one. Not checked when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sections: Vec<String>,
    /// What sort of body the agency is.
    pub kind: AgencyKind,
    /// The state it is of.
    pub state: State,
    /// Officials and where to turn.
    pub administration: Administration,
    /// Who may do what.
    pub people: People,
    /// Training before access.
    pub training: Training,
    /// Clearance before access.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearance: Option<Clearance>,
    /// Paths of release.
    pub release: Release,
    /// Who approves releases.
    pub approval: Approval,
    /// What a query of stored data must rest on.
    pub suspicion: Suspicion,
    /// Whether a case number is given.
    pub case_number: CaseNumber,
    /// What a reason must say.
    pub reason: ReasonRules,
    /// What follows on a reason that was unacceptable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspension: Option<Suspension>,
    /// What a danger to life lowers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub danger: Option<Danger>,
    /// Sorts of search that peers may make.
    pub searches: Searches,
    /// How far back peers may search.
    pub lookback: Days,
    /// Most reads of one answer.
    pub row_limit: RowLimit,
    /// How long what is kept.
    pub retention: Retention,
    /// What is to be verified before an officer acts on a read.
    pub verification: Verification,
    /// How often the system is audited.
    pub audits: Days,
    /// That auditors say what gives rise to it before they look at anything; not demanded when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audit_occasion: Option<AuditOccasion>,
    /// What reads may be used for.
    pub purposes: Vec<AuthorizedPurpose>,
    /// What they must not be used for.
    pub prohibited: Vec<ProhibitedUse>,
    /// Duties that people do and the node keeps track of, with the days that there are for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tracked: Vec<Tracked>,
    /// Duties that no rule can enforce.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duties: Vec<Duty>,
}

impl Policy {
    /// Every value that cites, by its key in the file.
    #[must_use]
    pub fn values(&self) -> Vec<(String, &dyn Cited)> {
        let Administration { administrator, access, custodian, posting, breach, records_release } =
            &self.administration;
        let People { query, see, peers, collect, administer, approve, audit } = &self.people;
        let fixed: [(&str, &dyn Cited); 22] = [
            ("administration.administrator", administrator),
            ("administration.records_release", records_release),
            ("people.query", query),
            ("people.peers", peers),
            ("people.collect", collect),
            ("people.administer", administer),
            ("people.approve", approve),
            ("people.audit", audit),
            ("training", &self.training),
            ("release.recipients", &self.release.recipients),
            ("approval.requests", &self.approval.requests),
            ("approval.agreements", &self.approval.agreements),
            ("suspicion", &self.suspicion),
            ("case_number", &self.case_number),
            ("reason", &self.reason),
            ("searches", &self.searches),
            ("lookback", &self.lookback),
            ("row_limit", &self.row_limit),
            ("retention.reads", &self.retention.reads),
            ("retention.audit_reports", &self.retention.audit_reports),
            ("verification", &self.verification),
            ("audits", &self.audits),
        ];
        let mut all: Vec<(String, &dyn Cited)> =
            fixed.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let optional: [(&str, Option<&dyn Cited>); 11] = [
            ("people.see", see.as_ref().map(|v| v as &dyn Cited)),
            ("audit_occasion", self.audit_occasion.as_ref().map(|v| v as &dyn Cited)),
            ("suspension", self.suspension.as_ref().map(|v| v as &dyn Cited)),
            ("clearance", self.clearance.as_ref().map(|v| v as &dyn Cited)),
            ("administration.access", access.as_ref().map(|v| v as &dyn Cited)),
            ("danger", self.danger.as_ref().map(|v| v as &dyn Cited)),
            ("administration.custodian", custodian.as_ref().map(|v| v as &dyn Cited)),
            ("administration.posting", posting.as_ref().map(|v| v as &dyn Cited)),
            ("administration.breach", breach.as_ref().map(|v| v as &dyn Cited)),
            (
                "release.standing_agreement",
                self.release.standing_agreement.as_ref().map(|v| v as &dyn Cited),
            ),
            (
                "release.written_request",
                self.release.written_request.as_ref().map(|v| v as &dyn Cited),
            ),
        ];
        all.extend(optional.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        for (key, roles) in [("people.query", query), ("people.peers", peers)] {
            if !roles.signed_in_at.is_empty() {
                all.push((format!("{key}.signed_in"), &roles.signed_in_at));
            }
        }
        let lists = self
            .purposes
            .iter()
            .map(|v| (format!("purposes.{}", v.code), v as &dyn Cited))
            .chain(self.prohibited.iter().map(|v| ("prohibited".to_owned(), v as &dyn Cited)))
            .chain(self.tracked.iter().map(|v| (format!("tracked.{}", v.code), v as &dyn Cited)))
            .chain(self.duties.iter().map(|v| ("duties".to_owned(), v as &dyn Cited)));
        all.extend(lists);
        all
    }

    /// A citation of a section.
    #[must_use]
    pub fn cite(&self, section: &SectionRef) -> Citation {
        Citation::new(section.of.as_ref().unwrap_or(&self.source), section.section.clone())
    }

    /// The citations of a value.
    #[must_use]
    pub fn cites(&self, value: &dyn Cited) -> Vec<Citation> {
        value.sections().iter().map(|section| self.cite(section)).collect()
    }

    /// The section under which written requests are decided, as text.
    #[must_use]
    pub fn request_section(&self) -> String {
        let path = self.release.written_request.as_ref();
        let citations =
            path.map_or_else(|| self.cites(&self.release.recipients), |path| self.cites(path));
        citations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    /// Whether a reason says just as much as this policy demands and not one word more: it passes,
    /// and an auditor may want to hear what stood behind it.
    #[must_use]
    pub fn barely_told(&self, why: &Justification, elements: &Elements) -> bool {
        let measured = Said::of(why, elements, &self.reason).measured(&self.reason);
        measured.enough && !measured.spare
    }

    /// Uses that this policy forbids and that an officer's words may betray, without being clear enough to
    /// refuse: each as the words and what is forbidden. Where that cannot be told, that is said.
    #[must_use]
    pub fn doubtful_uses(&self, why: &Justification, elements: &Elements) -> Vec<String> {
        let said = Said::of(why, elements, &self.reason);
        let Some(found) = said.forbidden() else {
            return vec![CANNOT_TELL.to_owned()];
        };
        let doubtful = found.iter().filter(|found| found.certainty == Certainty::Doubtful);
        doubtful
            .filter_map(|found| {
                let rule = self.prohibited.iter().find(|rule| rule.code == found.prohibition)?;
                Some(format!("`{}`: {}", found.words, rule.words))
            })
            .collect()
    }

    /// The authorised purpose of this code.
    #[must_use]
    pub fn purpose(&self, code: Purpose) -> Option<&AuthorizedPurpose> {
        self.purposes.iter().find(|purpose| purpose.code == code)
    }

    /// The tracked duty of this code, and to whom it is done where it is to somebody.
    #[must_use]
    pub fn tracked(&self, code: DutyCode, to: Option<&Text>) -> Option<&Tracked> {
        self.tracked.iter().find(|tracked| tracked.code == code && tracked.to.as_ref() == to)
    }

    /// Where the list of purposes stands, for citing one that is not on it.
    #[must_use]
    pub fn purposes_citation(&self) -> Vec<Citation> {
        let mut citations: Vec<Citation> = Vec::new();
        for citation in self.purposes.iter().flat_map(|purpose| self.cites(purpose)) {
            if !citations.contains(&citation) {
                citations.push(citation);
            }
        }
        citations
    }
}
