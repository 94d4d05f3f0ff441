//! The posted policy: the seven headings of Civil Code 1798.90.51(b)(2) A to G, from the policy.

use schemas::purpose::Role;
use schemas::text::Text;

use super::posted::{Page, Section};
use super::{Cited, Demand, Heading, Officials, Path, Policy, Roles, Standard, Strength};

/// A person who holds an office that the policy names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Designee {
    /// Full name.
    pub name: Text,
    /// The title, or the title whose authority was delegated.
    pub title: Text,
}

const HEADINGS: [(Heading, char, &str); 7] = [
    (Heading::Purposes, 'A', "Authorised purposes"),
    (Heading::People, 'B', "Who may use the system, and their training"),
    (Heading::Monitoring, 'C', "How the system is monitored"),
    (Heading::Sharing, 'D', "Sharing: purposes, process and restrictions"),
    (Heading::Custodian, 'E', "The official responsible"),
    (Heading::Accuracy, 'F', "Accuracy, and the correction of errors"),
    (Heading::Retention, 'G', "Retention and destruction"),
];

const STATUTE: &str = "California Civil Code 1798.90.";

impl Policy {
    /// The page that the law has an agency post.
    #[must_use]
    pub fn page(&self, agency: &str, designees: &[Designee]) -> Page {
        let sections = HEADINGS.map(|(heading, letter, title)| {
            let mut items = match heading {
                Heading::Purposes => self.purposes_posted(),
                Heading::People => self.people_posted(),
                Heading::Monitoring => self.monitoring_posted(),
                Heading::Sharing => self.sharing_posted(),
                Heading::Custodian => self.custodian_posted(designees),
                Heading::Accuracy => self.accuracy_posted(),
                Heading::Retention => self.retention_posted(),
            };
            let duties = self.duties.iter().filter(|duty| duty.heading == heading);
            items.extend(duties.map(|duty| self.item(duty.what.to_string(), duty)));
            Section { letter, title, items }
        });
        Page { agency: agency.to_owned(), source: self.source.clone(), sections: sections.into() }
    }

    fn item(&self, text: String, value: &dyn Cited) -> (String, String) {
        let cited: Vec<String> = self.cites(value).iter().map(ToString::to_string).collect();
        (text, cited.join("; "))
    }

    fn purposes_posted(&self) -> Vec<(String, String)> {
        let authorised = self.purposes.iter().map(|purpose| {
            self.item(format!("{}: {}.", spoken(purpose.code.code()), purpose.words), purpose)
        });
        let forbidden = self
            .prohibited
            .iter()
            .map(|prohibited| self.item(format!("Never: {}", prohibited.words), prohibited));
        authorised.chain(forbidden).collect()
    }

    fn people_posted(&self) -> Vec<(String, String)> {
        let people = &self.people;
        let posted = |(what, roles): (&str, &Roles)| {
            self.item(format!("{what}: {}.", roles_posted(roles)), roles)
        };
        let mut items = vec![posted(("May query", &people.query))];
        items.extend(people.see.iter().map(|see| posted(("See what these ask for them", see))));
        let others = [
            ("May bring reads in", &people.collect),
            ("Administer users, agency cards and this policy", &people.administer),
            ("Sign agreements and decide requests", &people.approve),
            ("Read the audit log", &people.audit),
        ];
        items.extend(others.map(posted));
        if self.training.demanded {
            let period = match self.training.every() {
                Some(period) => format!(", and again within {period}"),
                None => String::new(),
            };
            items.push(self.item(
                format!("Nobody has access before training approved by the agency{period}."),
                &self.training,
            ));
            if let Some(trainer) = &self.training.trainer {
                items.push(self.item(format!("The {trainer} holds it."), &self.training));
            }
            if !self.training.course.is_empty() {
                let course: Vec<_> = self.training.course.iter().map(Text::as_str).collect();
                items.push(self.item(format!("It covers: {}.", course.join("; ")), &self.training));
            }
        }
        if let Some(suspension) = &self.suspension {
            let roles: Vec<_> = suspension.roles.iter().map(|role| spoken(role.code())).collect();
            let what = format!(
                "Who gave a reason that is unacceptable is suspended by a {}, until what was said to the person is on record and the training was repeated.",
                roles.join(" or ")
            );
            items.push(self.item(what, suspension));
        }
        if let Some(clearance) = &self.clearance {
            let period = match clearance.every() {
                Some(period) => format!(", and again within {period}"),
                None => String::new(),
            };
            let what =
                format!("Nobody of the agency has access before {}{period}.", clearance.what);
            items.push(self.item(what, clearance));
        }
        items
    }

    fn monitoring_posted(&self) -> Vec<(String, String)> {
        let mut items = vec![
            (
                "Every access, permitted or refused, is recorded with date and time, the plate or other elements, the user and their agency, and the purpose, in a log that cannot be changed unnoticed."
                    .to_owned(),
                format!("{STATUTE}52(a)"),
            ),
            self.item(
                "A query states its reason in words; a reason that says nothing is refused.".into(),
                &self.reason,
            ),
        ];
        match self.case_number.demand {
            Demand::Required => items.push(
                self.item("A query names a case or incident number.".into(), &self.case_number),
            ),
            Demand::IfAvailable => items.push(self.item(
                "A query names the case or incident number if there is one.".into(),
                &self.case_number,
            )),
            Demand::No => {}
        }
        let standard = match self.suspicion.standard {
            Standard::None => None,
            Standard::Articulable => Some("an articulable suspicion"),
            Standard::Reasonable => Some("a reasonable suspicion"),
        };
        if let Some(standard) = standard {
            let need = if self.suspicion.need_to_know { " and a need to know" } else { "" };
            items.push(
                self.item(
                    format!("A query of stored data states {standard}{need}."),
                    &self.suspicion,
                ),
            );
        }
        items.push(self.item(
            format!("The system is audited every {}.", self.audits.period().counted()),
            &self.audits,
        ));
        if let Some(occasion) = &self.audit_occasion {
            let what = "Nobody looks at the audit log before it is on record what gives rise to it; each look bears that occasion.";
            items.push(self.item(what.into(), occasion));
        }
        for tracked in &self.tracked {
            let again = tracked.every_days.map(|days| format!(", and every {days} days again"));
            let what = format!(
                "{}, within {} days{}; when it was done is on record.",
                tracked.words(),
                tracked.days,
                again.unwrap_or_default()
            );
            items.push(self.item(what, tracked));
        }
        if let Some(breach) = &self.administration.breach {
            items.push(
                self.item(format!("A breach of security is told to: {}.", breach.to), breach),
            );
        }
        items
    }

    fn sharing_posted(&self) -> Vec<(String, String)> {
        let release = &self.release;
        let kinds: Vec<_> =
            release.recipients.kinds.iter().map(|kind| spoken(kind.code())).collect();
        let mut items = vec![
            self.item(
                format!("Data is shared only with public agencies of California of these kinds: {}.", kinds.join(", ")),
                &release.recipients,
            ),
            (
                "Data is not sold, not shared with federal, out-of-state, private or commercial bodies, and not asked for on behalf of anybody else."
                    .to_owned(),
                format!("{STATUTE}55(b)"),
            ),
        ];
        let mut path = |path: &Option<Path>, name: &str, officials: &Officials| {
            let Some(path) = path else { return };
            let with: Vec<_> = path.with.iter().map(ToString::to_string).collect();
            let only = if with.is_empty() {
                String::new()
            } else {
                format!(", only with {}", with.join(", "))
            };
            let by = if officials.titles.is_empty() {
                "an official who may approve".to_owned()
            } else {
                let titles: Vec<_> = officials.titles.iter().map(Text::as_str).collect();
                let designee = if officials.designee { " or a designee" } else { "" };
                format!("the {}{designee}", titles.join(" or the "))
            };
            items.push(self.item(format!("On {name}{only}, approved by {by}."), path));
            items.push(self.item("The approval is kept on file.".into(), officials));
        };
        path(&release.standing_agreement, "a standing agreement", &self.approval.agreements);
        path(&release.written_request, "a written request", &self.approval.requests);
        let records = &self.administration.records_release;
        items.push(self.item(format!("Requests of others go to {}.", records.to), records));
        items
    }

    fn custodian_posted(&self, designees: &[Designee]) -> Vec<(String, String)> {
        let administration = &self.administration;
        let held = |title: &Text| {
            let names: Vec<_> = designees
                .iter()
                .filter(|designee| designee.title == *title)
                .map(|designee| designee.name.as_str())
                .collect();
            if names.is_empty() {
                String::new()
            } else {
                format!(", at present {}", names.join(", "))
            }
        };
        let administrator = &administration.administrator;
        let mut items = vec![self.item(
            format!(
                "{}{}, administers the system.",
                administrator.title,
                held(&administrator.title)
            ),
            administrator,
        )];
        if let Some(access) = &administration.access {
            let titles: Vec<_> =
                access.titles.iter().map(|title| format!("{title}{}", held(title))).collect();
            items.push(self.item(format!("Access is managed by {}.", titles.join(" or ")), access));
        }
        if let Some(custodian) = &administration.custodian {
            items.push(self.item(
                format!(
                    "{}{}, keeps and destroys its records.",
                    custodian.title,
                    held(&custodian.title)
                ),
                custodian,
            ));
        }
        if let Some(posting) = &administration.posting {
            items.push(self.item(format!("This policy is posted on {}.", posting.to), posting));
        }
        items
    }

    fn accuracy_posted(&self) -> Vec<(String, String)> {
        let verification = &self.verification;
        let strength = match verification.strength {
            Strength::Should => "should",
            Strength::Shall => "shall",
        };
        vec![
            self.item(
                format!(
                    "Before {}, officers {strength} verify. They are told with every read: \"{}\"",
                    verification.before, verification.text
                ),
                verification,
            ),
            (
                "A read found wrong is corrected, and every agency that received it is told."
                    .to_owned(),
                format!("{STATUTE}51(b)(2)(F)"),
            ),
        ]
    }

    fn retention_posted(&self) -> Vec<(String, String)> {
        let reads = &self.retention.reads;
        let least = match reads.minimum() {
            Some(least) if least != reads.cut_off() => format!(" (at least {least})"),
            _ => String::new(),
        };
        vec![
            self.item(
                format!(
                    "Reads are kept {}{least} and then destroyed, unless they are evidence or under a legal hold.",
                    reads.cut_off()
                ),
                reads,
            ),
            self.item(
                format!("Records of access and audit reports are kept {}.", self.retention.audit_reports.period()),
                &self.retention.audit_reports,
            ),
        ]
    }
}

fn spoken(code: &str) -> String {
    code.replace('_', " ")
}

fn roles_posted(roles: &Roles) -> String {
    let one = |role: &Role| match roles.titled.get(role) {
        Some(title) => format!("{} ({title})", spoken(role.code())),
        None => spoken(role.code()),
    };
    let named = roles.roles.iter().map(one).collect::<Vec<_>>().join(", ");
    match roles.signed_in {
        Some(strength) => format!("{named}, who signed in by {}", strength.words()),
        None if roles.asserted => named + ", or as a program of the agency names them",
        None => named,
    }
}
