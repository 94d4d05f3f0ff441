//! What is wrong with a policy: all of it, in the order of the file, each with what is expected.

mod amounts;
mod found;

use std::collections::BTreeSet;
use std::fmt::Display;

use schemas::agency::State;
use schemas::purpose::Role;

use super::{Danger, Lowered, Policy, Prohibition, Roles, SectionRef, Tracked};
use crate::document::line_of;
use found::Faults;

pub use amounts::LEAST_AUDIT_DAYS;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    /// The line of the file; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The key.
    pub key: String,
    /// What is wrong with it, and what is expected.
    pub what: String,
}

impl Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// States, the federal district and territories of the United States.
const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI";

impl Policy {
    /// Everything that does not hold together, in the order of the file.
    pub(super) fn faults(&self, text: &str) -> Vec<Fault> {
        let mut faults = Faults { policy: self, found: Vec::new() };
        faults.head();
        faults.citations();
        faults.periods();
        faults.numbers();
        faults.lists();
        faults.people();
        faults.purposes();
        faults.prohibitions();
        faults.recipients();
        let mut faults: Vec<Fault> = faults
            .found
            .into_iter()
            .map(|(key, what)| {
                // What is wrong may be that a key is missing: then its table tells the place.
                let table = key.rsplit_once('.').map(|(table, _)| table);
                let line = line_of(text, &key).or_else(|| line_of(text, table?));
                Fault { line, key, what }
            })
            .collect();
        faults.sort_by_key(|fault| fault.line.unwrap_or(usize::MAX));
        faults
    }
}

impl Faults<'_> {
    fn head(&mut self) {
        if self.policy.source.trim().is_empty() {
            self.fault("source", "must name the text that the policy encodes");
        }
        let state = self.policy.state.to_string();
        if !STATES.split(' ').any(|known| known == state) {
            self.fault(
                "state",
                format!("is `{state}`, which is no state; expected one such as `CA`"),
            );
        }
        if self.policy.verification.text.is_empty() {
            self.fault("verification.text", "must hold the notice that officers are shown");
        }
        if self.policy.verification.means.is_empty() {
            self.fault("verification.means", "must name at least one way to verify a read");
        }
        if self.policy.searches.kinds.is_empty() {
            self.fault("searches.kinds", "must name at least one sort of search");
        }
    }

    /// Every value cites; citations of one's own text are of its declared sections.
    fn citations(&mut self) {
        let policy = self.policy;
        let declared = &policy.sections;
        let known = |section: &str| {
            declared.iter().any(|declared| {
                let below = section.strip_prefix(declared.as_str());
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['(', '.']))
            })
        };
        for (key, value) in policy.values() {
            let at = format!("{key}.at");
            if value.sections().is_empty() {
                self.fault(&at, "must name the section that demands it");
            }
            for SectionRef { of, section } in value.sections() {
                if of.is_some() {
                    continue;
                }
                if section.contains(' ') {
                    self.fault(&at, format!("cites `{section}`; a section of another text is written as in `Government Code § 34090.6`"));
                } else if !declared.is_empty() && !known(section) {
                    self.fault(
                        &at,
                        format!("cites `{section}`, which `sections` does not declare"),
                    );
                }
            }
        }
    }

    fn twice<T: Ord + Display>(&mut self, key: &str, values: impl IntoIterator<Item = T>) {
        let mut seen = BTreeSet::new();
        for value in values {
            if seen.contains(&value) {
                self.fault(key, format!("names `{value}` twice"));
            }
            seen.insert(value);
        }
    }

    fn lists(&mut self) {
        let policy = self.policy;
        let recipients = &policy.release.recipients;
        self.twice("release.recipients.kinds", recipients.kinds.iter().map(ToString::to_string));
        self.twice("searches.kinds", policy.searches.kinds.iter().map(|kind| kind.code()));
        self.twice("suspicion.except", policy.suspicion.except.iter().map(|code| code.code()));
        self.twice("reason.lifesaving", policy.reason.lifesaving.iter().map(|code| code.code()));
        let means =
            policy.verification.means.iter().map(|means| format!("{means:?}").to_lowercase());
        self.twice("verification.means", means);
        for (key, path) in [
            ("release.standing_agreement.with", &policy.release.standing_agreement),
            ("release.written_request.with", &policy.release.written_request),
        ] {
            let with = path.iter().flat_map(|path| &path.with).map(ToString::to_string);
            self.twice(key, with);
        }
        for (key, officials) in [
            ("approval.requests.titles", &policy.approval.requests),
            ("approval.agreements.titles", &policy.approval.agreements),
        ] {
            self.twice(key, officials.titles.iter().map(ToString::to_string));
        }
        let access = policy.administration.access.iter();
        let access = access.flat_map(|access| &access.titles).map(ToString::to_string);
        self.twice("administration.access.titles", access);
        if policy.administration.access.as_ref().is_some_and(|access| access.titles.is_empty()) {
            self.fault("administration.access.titles", "must name at least one title");
        }
        self.twice("tracked", policy.tracked.iter().map(Tracked::name));
        let suspending = policy.suspension.iter().flat_map(|suspension| &suspension.roles);
        self.twice("suspension.roles", suspending.map(|role| role.code()));
        if policy.suspension.as_ref().is_some_and(|suspension| suspension.roles.is_empty()) {
            self.fault("suspension.roles", "must name at least one role");
        }
        self.twice("training.course", policy.training.course.iter().map(ToString::to_string));
        if let Some(danger) = &policy.danger {
            self.lowered(danger);
        }
        self.twice("sections", policy.sections.iter().map(String::as_str));
        self.twice("reason.offenses", policy.reason.offenses.iter().map(|own| own.code.as_str()));
        let known = crate::screening::listed_offenses();
        for own in &policy.reason.offenses {
            if known.iter().any(|listed| listed.code == own.code.as_str()) {
                self.fault(
                    "reason.offenses",
                    format!("names `{}`, which is on the published list", own.code),
                );
            }
            if own.words.is_empty() {
                self.fault(
                    "reason.offenses",
                    format!("gives `{}` no words by which it is found", own.code),
                );
            }
        }
    }

    /// A danger lowers what an agency has set, never what a text demands; and so does whoever releases a
    /// query.
    fn lowered(&mut self, danger: &Danger) {
        self.twice("danger.released_by", danger.released_by.iter().map(|role| role.code()));
        if !danger.released_by.is_empty() && self.policy.reason.setting.is_none() {
            self.fault(
                "danger.released_by",
                "lets the screening of reasons be passed over, which is the text's demand and no setting",
            );
        }
        if danger.released_by.contains(&Role::Vendor) {
            self.fault("danger.released_by", "names `vendor`; a vendor decides on no query");
        }
        for lowered in &danger.lowers {
            let (key, set) = match lowered {
                Lowered::Reason => ("reason", self.policy.reason.setting.is_some()),
                Lowered::CaseNumber => ("case_number", self.policy.case_number.setting.is_some()),
            };
            if !set {
                self.fault(
                    "danger.lowers",
                    format!("names `{key}`, which is the text's demand and no setting"),
                );
            }
        }
    }

    fn people(&mut self) {
        let people = &self.policy.people;
        let all: [(&str, &Roles); 6] = [
            ("people.query", &people.query),
            ("people.peers", &people.peers),
            ("people.collect", &people.collect),
            ("people.administer", &people.administer),
            ("people.approve", &people.approve),
            ("people.audit", &people.audit),
        ];
        let see = people.see.as_ref().map(|see| ("people.see", see));
        for (key, roles) in all.into_iter().chain(see) {
            let listed = format!("{key}.roles");
            if roles.roles.is_empty() {
                self.fault(&listed, "must name at least one role");
            }
            self.twice(&listed, roles.roles.iter().map(|role| role.code()));
            for role in roles.titled.keys().filter(|role| !roles.roles.contains(role)) {
                self.fault(
                    &format!("{key}.titled"),
                    format!("names `{role}`, which `{listed}` does not"),
                );
            }
            let asks = matches!(key, "people.query" | "people.peers" | "people.see");
            if (!asks || key == "people.see") && roles.signed_in.is_some() {
                self.fault(
                    &format!("{key}.signed_in"),
                    "means nothing here: everybody signs in by two factors; expected under `people.query` or `people.peers`",
                );
            }
            if (!asks || key == "people.see") && roles.asserted {
                self.fault(
                    &format!("{key}.asserted"),
                    "means nothing here: programs ask by a bare name, and do nothing else; expected under `people.query` or `people.peers`",
                );
            }
            if roles.asserted
                && let Some(strength) = roles.signed_in
            {
                self.fault(
                    &format!("{key}.asserted"),
                    format!("admits who proved nothing, and `{key}.signed_in` asks for {}; expected one of them", strength.words()),
                );
            }
            if roles.signed_in.is_none() && !roles.signed_in_at.is_empty() {
                let what = format!("demands nothing without `{key}.signed_in`");
                self.fault(&format!("{key}.signed_in_at"), what);
            }
            if asks && roles.roles.contains(&Role::Vendor) {
                self.fault(&listed, "names `vendor`; vendors never query");
            }
        }
    }

    fn purposes(&mut self) {
        let policy = self.policy;
        if policy.purposes.is_empty() {
            self.fault("purposes", "must name at least one purpose");
        }
        self.twice("purposes", policy.purposes.iter().map(|purpose| purpose.code.code()));
        for (key, codes) in [
            ("suspicion.except", &policy.suspicion.except),
            ("reason.lifesaving", &policy.reason.lifesaving),
        ] {
            for code in codes.iter().filter(|code| policy.purpose(**code).is_none()) {
                self.fault(key, format!("names `{code}`, which `purposes` does not authorise"));
            }
        }
    }

    /// The law forbids these whatever a policy says.
    fn prohibitions(&mut self) {
        let prohibited = &self.policy.prohibited;
        for (code, name) in [
            (Prohibition::FirstAmendmentActivity, "first_amendment_activity"),
            (Prohibition::ImmigrationEnforcement, "immigration_enforcement"),
            (Prohibition::LawfulReproductiveCare, "lawful_reproductive_care"),
        ] {
            if !prohibited.iter().any(|prohibited| prohibited.code == code) {
                self.fault("prohibited", format!("must name `{name}`, which the law forbids"));
            }
        }
        let mut codes: Vec<_> = prohibited.iter().map(|prohibited| prohibited.code).collect();
        codes.sort_unstable();
        if codes.windows(2).any(|pair| pair.first() == pair.last()) {
            self.fault("prohibited", "names a use twice");
        }
    }

    fn recipients(&mut self) {
        let kinds = &self.policy.release.recipients.kinds;
        if kinds.is_empty() {
            self.fault("release.recipients.kinds", "must name at least one kind of agency");
        }
        for kind in kinds.iter().filter(|kind| !kind.is_public_agency(State::CALIFORNIA)) {
            self.fault("release.recipients.kinds", format!("names `{kind}`, which is no public agency (California Civil Code 1798.90.55(b))"));
        }
    }
}
