//! An agency's ALPR policy as data, each value with the section it comes from.
//!
//! Adding an agency is adding a file. No rule names an agency; a policy may (with whom it shares).

mod builtin;
mod page;
mod parts;
mod people;
mod section_ref;

use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::purpose::{Purpose, Role};
use schemas::query::{Elements, Justification};
use schemas::refusal::Citation;
use serde::{Deserialize, Serialize};

use crate::document::{DocumentError, line_of, read, sense};

pub use page::{Designee, Page, Section};
pub use parts::{
    Administration, Approval, AuthorizedPurpose, CaseNumber, Cited, Days, Demand, Duty, Heading,
    Help, Means, Official, Officials, Path, People, Pointer, ProhibitedUse, Prohibition,
    ReadRetention, ReasonRules, Recipients, Release, Retention, Roles, RowLimit, Searches,
    Standard, Strength, Suspicion, Training, Verification,
};
pub use people::Reliance;
pub use section_ref::{SectionRef, SectionRefError};

/// Largest text of a policy, in bytes.
pub const LARGEST_TEXT: usize = 256 << 10;

/// The version of the policy format.
pub const FORMAT: u32 = 2;

/// The least that audit records are kept, in days (CJIS Security Policy AU-11).
const LEAST_AUDIT_DAYS: u32 = 365;

/// The line on which a policy's text gives `key` a value, for the head of a sentence.
fn place(text: &str, key: &str) -> String {
    // What is wrong may be that the last key is missing: then its table tells the place.
    let table = key.rsplit_once('.').map(|(table, _)| table);
    let line = line_of(text, key).or_else(|| line_of(text, table?));
    line.map_or(String::new(), |line| format!("line {line}: "))
}

/// The one key that every version of the format has.
#[derive(Deserialize)]
struct Version {
    format: u32,
}

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
    /// What reads may be used for.
    pub purposes: Vec<AuthorizedPurpose>,
    /// What they must not be used for.
    pub prohibited: Vec<ProhibitedUse>,
    /// Duties that no rule can enforce.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duties: Vec<Duty>,
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// With file, line, key and what is expected, or what does not hold together.
    pub fn from_toml(file: &str, text: &str) -> Result<Self, DocumentError> {
        if text.len() > LARGEST_TEXT {
            return Err(sense(format!(
                "{file}: a policy of {} bytes is too large; at most {LARGEST_TEXT} are read",
                text.len()
            )));
        }
        let version: Version = read(file, text)?;
        if version.format != FORMAT {
            return Err(sense(format!(
                "{file}: {}`format` is {}; this version reads {FORMAT}",
                place(text, "format"),
                version.format
            )));
        }
        let policy: Self = read(file, text)?;
        policy.check().map_err(|what| {
            // The sentence names its key first.
            let key = what.split('`').nth(1).unwrap_or_default();
            sense(format!("{file}: {}{what}", place(text, key)))
        })?;
        Ok(policy)
    }

    fn check(&self) -> Result<(), String> {
        if self.source.trim().is_empty() {
            return Err("`source` must name the text that the policy encodes".into());
        }
        if self.purposes.is_empty() {
            return Err("`purposes` must name at least one purpose".into());
        }
        let values = self.values();
        if let Some((key, _)) = values.iter().find(|(_, value)| value.sections().is_empty()) {
            return Err(format!("`{key}.at` must name the section that demands it"));
        }
        for (key, days) in [
            ("row_limit.most", self.row_limit.most),
            ("lookback.days", self.lookback.days),
            ("audits.days", self.audits.days),
            ("retention.reads.cut_off_days", self.retention.reads.cut_off_days),
            ("training.every_days", self.training.every_days.unwrap_or(1)),
        ] {
            if days == 0 {
                return Err(format!("`{key}` must not be 0"));
            }
        }
        let reads = &self.retention.reads;
        if let Some(least) = reads.minimum_days.filter(|least| reads.cut_off_days < *least) {
            return Err(format!(
                "`retention.reads.cut_off_days` is {}; the text keeps reads at least {least} days",
                reads.cut_off_days
            ));
        }
        let kept = self.retention.audit_reports.days;
        if kept < LEAST_AUDIT_DAYS {
            return Err(format!(
                "`retention.audit_reports.days` is {kept}; audit records are kept at least {LEAST_AUDIT_DAYS} days (CJIS Security Policy AU-11)"
            ));
        }
        if self.verification.text.is_empty() {
            return Err("`verification.text` must hold the notice that officers are shown".into());
        }
        if self.searches.kinds.is_empty() {
            return Err("`searches.kinds` must name at least one sort of search".into());
        }
        self.searches.limits().check("searches.")?;
        let mut codes: Vec<_> = self.purposes.iter().map(|purpose| purpose.code).collect();
        codes.sort_unstable();
        if let Some([twice, _]) = codes.windows(2).find(|pair| pair.first() == pair.last()) {
            return Err(format!("`purposes` names `{twice}` twice"));
        }
        if let Some(code) = self.suspicion.except.iter().find(|code| self.purpose(**code).is_none())
        {
            return Err(format!(
                "`suspicion.except` names `{code}`, which `purposes` does not authorise"
            ));
        }
        self.check_people()?;
        self.check_prohibitions()?;
        self.check_recipients()
    }

    fn check_people(&self) -> Result<(), String> {
        let people = &self.people;
        for (key, roles) in [
            ("query", &people.query),
            ("peers", &people.peers),
            ("collect", &people.collect),
            ("administer", &people.administer),
            ("approve", &people.approve),
            ("audit", &people.audit),
        ] {
            if roles.roles.is_empty() {
                return Err(format!("`people.{key}.roles` must name at least one role"));
            }
            if let Some(role) = roles.titled.keys().find(|role| !roles.roles.contains(role)) {
                return Err(format!(
                    "`people.{key}.titled` names `{role}`, which `people.{key}.roles` does not"
                ));
            }
        }
        for (key, roles) in [("query", &people.query), ("peers", &people.peers)] {
            if roles.roles.contains(&Role::Vendor) {
                return Err(format!("`people.{key}.roles` names `vendor`; vendors never query"));
            }
        }
        Ok(())
    }

    /// The law forbids these whatever a policy says.
    fn check_prohibitions(&self) -> Result<(), String> {
        for (code, key) in [
            (Prohibition::FirstAmendmentActivity, "first_amendment_activity"),
            (Prohibition::ImmigrationEnforcement, "immigration_enforcement"),
            (Prohibition::LawfulReproductiveCare, "lawful_reproductive_care"),
        ] {
            if !self.prohibited.iter().any(|prohibited| prohibited.code == code) {
                return Err(format!("`prohibited` must name `{key}`, which the law forbids"));
            }
        }
        Ok(())
    }

    fn check_recipients(&self) -> Result<(), String> {
        let kinds = &self.release.recipients.kinds;
        if kinds.is_empty() {
            return Err("`release.recipients.kinds` must name at least one kind of agency".into());
        }
        match kinds.iter().find(|kind| !kind.is_public_agency(State::CALIFORNIA)) {
            Some(kind) => Err(format!(
                "`release.recipients.kinds` names `{kind}`, which is no public agency (California Civil Code 1798.90.55(b))"
            )),
            None => Ok(()),
        }
    }

    /// Every value that cites, by its key in the file.
    #[must_use]
    pub fn values(&self) -> Vec<(String, &dyn Cited)> {
        let Administration { administrator, custodian, posting, breach, records_release } =
            &self.administration;
        let People { query, peers, collect, administer, approve, audit } = &self.people;
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
        let optional: [(&str, Option<&dyn Cited>); 5] = [
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
        let lists = self
            .purposes
            .iter()
            .map(|v| (format!("purposes.{}", v.code), v as &dyn Cited))
            .chain(self.prohibited.iter().map(|v| ("prohibited".to_owned(), v as &dyn Cited)))
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
        let least = self.reason.telling_words as usize;
        let said = crate::reason_screening::meaningful_words(
            &why.reason,
            why,
            elements,
            &self.reason.placeholders,
            least.saturating_add(1),
        );
        said <= least
    }

    /// The authorised purpose of this code.
    #[must_use]
    pub fn purpose(&self, code: Purpose) -> Option<&AuthorizedPurpose> {
        self.purposes.iter().find(|purpose| purpose.code == code)
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
