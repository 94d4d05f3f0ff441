//! What is wrong with a policy: all of it, in the order of the file, each with what is expected.

use std::collections::BTreeSet;
use std::fmt::Display;

use schemas::agency::State;
use schemas::purpose::Role;

use super::{Danger, Lowered, Means, Period, Policy, Prohibition, Roles, SectionRef};
use crate::document::line_of;

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

/// The least that audit records are kept, in days (CJIS Security Policy AU-11).
const LEAST_AUDIT_DAYS: u32 = 365;
/// Longest period that makes sense, in days: a hundred years.
const LONGEST_DAYS: u32 = 36_600;
/// Most reads of one answer.
const MOST_ROWS: u32 = 100_000;
/// Most words that a reason or suspicion can be asked for.
const MOST_WORDS: u32 = 8;

/// States, the federal district and territories of the United States.
const STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR VI";

/// Faults as they are found; they know their place once the file is at hand.
struct Faults<'p> {
    policy: &'p Policy,
    found: Vec<(String, String)>,
}

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

    /// What is no fault, but may not be meant.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.verification.means.contains(&Means::Image) {
            warnings.push(
                "`verification.means` has officers look at the image: agreements with `images = false`, as the templates have it, release none; sign ones with `images = true`".to_owned(),
            );
        }
        if self.purpose(schemas::purpose::Purpose::MissingPerson).is_some() {
            if !self.reason.lifesaving.contains(&schemas::purpose::Purpose::MissingPerson) {
                warnings.push("`reason.lifesaving` does not list `missing_person`: a reason that would do for a life is measured like any other".to_owned());
            }
            let suspicion = &self.suspicion;
            let demanded = suspicion.standard != super::Standard::None || suspicion.need_to_know;
            if demanded && !suspicion.except.contains(&schemas::purpose::Purpose::MissingPerson) {
                warnings.push("`suspicion` is demanded for `missing_person` too: nobody is suspected where a child is missing, and the search is refused; list it under `suspicion.except` where the text allows it".to_owned());
            }
        }
        warnings
    }
}

impl Faults<'_> {
    fn fault(&mut self, key: &str, what: impl Display) {
        self.found.push((key.to_owned(), format!("`{key}` {what}")));
    }

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

    fn periods(&mut self) {
        let policy = self.policy;
        let (retention, training) = (&policy.retention, &policy.training);
        let reads = &retention.reads;
        let demanded = [
            ("lookback.days", policy.lookback.days, policy.lookback.years),
            ("audits.days", policy.audits.days, policy.audits.years),
            ("retention.reads.cut_off_days", reads.cut_off_days, reads.cut_off_years),
            (
                "retention.audit_reports.days",
                retention.audit_reports.days,
                retention.audit_reports.years,
            ),
        ];
        for (key, days, years) in demanded {
            match Period::of(days, years) {
                None => self.fault(
                    key,
                    "or the same in years is missing, or both are given; expected one of the two",
                ),
                Some(period) => self.length(key, period),
            }
        }
        let optional = [
            ("retention.reads.minimum_days", reads.minimum_days, reads.minimum_years),
            ("training.every_days", training.every_days, training.every_years),
        ];
        for (key, days, years) in optional {
            match Period::of(days, years) {
                None if days.is_some() => {
                    self.fault(key, "and the same in years are both given; expected one of the two")
                }
                None => {}
                Some(period) => self.length(key, period),
            }
        }
        let cut_off = reads.cut_off();
        if let Some(least) = reads.minimum().filter(|least| !cut_off.covers(*least)) {
            let hint = match (cut_off, least) {
                (Period::Days(_), Period::Years(_)) => "; a year may have 366 days",
                _ => "",
            };
            self.fault(
                "retention.reads.cut_off_days",
                format!("is {}; the text keeps reads at least {}{hint}", bare(cut_off), least),
            );
        }
        let kept = retention.audit_reports.period();
        if kept.shortest_days() < LEAST_AUDIT_DAYS {
            self.fault("retention.audit_reports.days", format!("is {}; audit records are kept at least {LEAST_AUDIT_DAYS} days (CJIS Security Policy AU-11)", bare(kept)));
        }
    }

    fn length(&mut self, key: &str, period: Period) {
        if period.shortest_days() == 0 {
            self.fault(key, "must not be 0");
        } else if period.longest_days() > LONGEST_DAYS {
            self.fault(key, format!("is {}; expected at most a hundred years", bare(period)));
        }
    }

    fn numbers(&mut self) {
        let policy = self.policy;
        let (suspicion, reason) = (policy.suspicion.words, policy.reason.telling_words);
        for (key, value, most) in [
            ("row_limit.most", policy.row_limit.most, MOST_ROWS),
            ("reason.telling_words", reason, MOST_WORDS),
            ("suspicion.words", suspicion, MOST_WORDS),
        ] {
            if value == 0 {
                self.fault(key, format!("must not be 0; expected 1 to {most}"));
            } else if value > most {
                self.fault(key, format!("is {value}; expected 1 to {most}"));
            }
        }
        if let Err(what) = policy.searches.limits().check("searches.") {
            let key = what.split('`').nth(1).unwrap_or_default().to_owned();
            self.found.push((key, what));
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

    /// A danger lowers what an agency has set, never what a text demands.
    fn lowered(&mut self, danger: &Danger) {
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
        for (key, roles) in all {
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
            let asks = matches!(key, "people.query" | "people.peers");
            if !asks && roles.signed_in.is_some() {
                self.fault(
                    &format!("{key}.signed_in"),
                    "means nothing here: everybody signs in by two factors; expected under `people.query` or `people.peers`",
                );
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

/// A number of days without its unit, as the file has it.
fn bare(period: Period) -> String {
    match period {
        Period::Days(days) => days.to_string(),
        Period::Years(_) => period.to_string(),
    }
}
