//! The case that a row makes: policy, peer, query and signed papers.

use agreements::agreement::{Notice, Person};
use agreements::approval::{shareable, unapprovable, unrecordable, unsignable};
use agreements::decide::{PeerFacts, Reasons};
use agreements::lifecycle::AgreementRecord;
use agreements::policy::Policy;
use agreements::request::{RequestRecord, Verdict, Withdrawal};
use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::query::Query;
use schemas::session::RequesterSession;
use toml::{Table, Value};

use super::row::{
    AgreementPaper, Asked, Circle, Outcome, Peer, RequestPaper, Row, Side, base, given, instant,
    laid_over, polygon,
};
use crate::fixtures;

/// An authority with its use.
pub(crate) enum Paper {
    Agreement { recorded: Box<AgreementRecord>, used_today: u32, brought: bool },
    Request { filed: Box<RequestRecord>, used: u32, brought: bool },
}

/// What a row puts before the decision.
pub(crate) struct Case {
    pub(crate) policy: Policy,
    pub(crate) me: AgencyId,
    pub(crate) peer: PeerFacts,
    pub(crate) query: Query,
    pub(crate) papers: Vec<Paper>,
}

impl Row {
    /// Whether it judges by the policy as it stands.
    pub(crate) fn is_of_the_policy(&self) -> bool {
        self.policy.is_empty() && self.without.is_empty()
    }

    pub(crate) fn case(&self) -> Case {
        let policy = self.policy();
        let me = fixtures::agency_of(&policy);
        let peer = self.peer.facts();
        let query = self.query.query(&peer.id, &me);
        let between = Between { me: &me, peer: &peer.id, query: &query };
        let papers = self.authorities.iter().map(|paper| between.paper(paper)).collect();
        Case { policy, me, peer, query, papers }
    }

    fn policy(&self) -> Policy {
        let text = Policy::builtin_text(&self.owner)
            .unwrap_or_else(|| panic!("no policy `{}`", self.owner));
        let mut table = laid_over(toml::from_str(text).unwrap(), self.policy.clone());
        for key in &self.without {
            let (within, last) = key.rsplit_once('.').unwrap_or(("", key));
            let inner = within
                .split('.')
                .filter(|part| !part.is_empty())
                .fold(&mut table, |table, part| {
                    table.get_mut(part).and_then(Value::as_table_mut).unwrap()
                });
            assert!(inner.remove(last).is_some(), "`{key}` is not in `{}`", self.owner);
        }
        Policy::from_toml(&self.owner, &toml::to_string(&table).unwrap()).unwrap()
    }
}

impl Peer {
    fn facts(&self) -> PeerFacts {
        PeerFacts {
            id: self.id.clone(),
            kind: self.kind,
            state: self.state,
            blocked: given(&self.blocked).map(|why| why.parse().unwrap()),
            agency_key: None,
        }
    }
}

impl Asked {
    fn query(&self, from: &AgencyId, to: &AgencyId) -> Query {
        let mut query = fixtures::query(
            self.sender.as_ref().unwrap_or(from),
            self.addressee.as_ref().unwrap_or(to),
        );
        query.authority = given(&self.cites).map(|id| id.parse().unwrap());
        query.limit = self.limit;
        query.images = self.images;
        let text = |text: &str| text.parse().unwrap();
        let person = &mut query.requester;
        person.full_name = text(&self.name);
        person.title = text(&self.title);
        person.roles.clone_from(&self.roles);
        person.trained_on = given(&self.trained).map(|at| instant(&at));
        person.cleared_on = given(&self.cleared).map(|at| instant(&at));
        person.session = given(&self.signed_in).map(|way| RequesterSession {
            id: "7f3a00112233aabb".parse().unwrap(),
            way: way.parse().unwrap(),
            proved_at: fixtures::now().minus_seconds(60),
        });
        person.asserted_by = given(&self.asserted_by).map(|program| program.parse().unwrap());
        let why = &mut query.why;
        why.purpose = self.purpose;
        why.offense = text(&self.offense);
        why.offenses.clone_from(&self.offenses);
        why.vehicle_role.clone_from(&self.vehicle_role);
        why.danger = text(&self.danger);
        why.case = text(&self.case);
        why.cad = text(&self.cad);
        why.reason = text(&self.reason);
        why.suspicion = text(&self.suspicion);
        why.need_to_know = text(&self.need_to_know);
        why.on_behalf_of = given(&self.on_behalf_of)
            .map(|id| if id == "requester" { from.clone() } else { id.parse().unwrap() });
        why.for_officer = text(&self.for_officer);
        let elements = &mut query.elements;
        elements.kind = self.kind;
        elements.plate = given(&self.plate).map(|plate| plate.parse().unwrap());
        elements.pattern = self.pattern.as_deref().map(|text| text.parse().unwrap());
        elements.make = self.make.as_deref().map(text);
        elements.color = self.color.as_deref().map(text);
        elements.body = self.body.as_deref().map(text);
        elements.polygon = self.polygon.as_deref().map(polygon);
        elements.camera = self.camera.as_deref().map(text);
        elements.near = self.near.map(Circle::near);
        elements.from = instant(&self.from);
        elements.until = instant(&self.until);
        query
    }
}

/// Why one who signs, records or approves may not; that they could share with nobody else.
pub(crate) fn signing(row: &Row, case: &Case) -> Option<Reasons> {
    let Case { policy, me, peer, .. } = case;
    let known: Vec<PeerFacts> = match &row.known {
        Some(known) => known.iter().map(Peer::facts).collect(),
        None => vec![peer.clone()],
    };
    let ids = |names: &Option<Vec<String>>| -> Option<Vec<AgencyId>> {
        names.as_ref().map(|names| names.iter().map(|name| name.parse().unwrap()).collect())
    };
    match row.side {
        Side::Approver => unapprovable(policy, me, peer),
        Side::Recorder => unrecordable(&known),
        _ => {
            let wanted = ids(&row.sharing_with).unwrap_or_else(|| vec![peer.id.clone()]);
            let open = ids(&row.open).unwrap_or_else(|| match row.decision {
                Outcome::Permit => wanted.clone(),
                Outcome::Refuse => Vec::new(),
            });
            assert_eq!(shareable(policy, &wanted, &known), open, "{}", row.says);
            unsignable(policy, me, &wanted, &known)
        }
    }
}

struct Between<'a> {
    me: &'a AgencyId,
    peer: &'a AgencyId,
    query: &'a Query,
}

impl Between<'_> {
    fn agency(&self, name: &str) -> AgencyId {
        match name {
            "owner" => self.me.clone(),
            "requester" => self.peer.clone(),
            other => other.parse().unwrap(),
        }
    }

    fn agencies(&self, names: &[String]) -> Vec<AgencyId> {
        names.iter().map(|name| self.agency(name)).collect()
    }

    fn paper(&self, written: &Table) -> Paper {
        let one = |key: &str| {
            let paper = written.get(key)?.as_table()?.clone();
            Some(Value::Table(laid_over(base(key), paper)))
        };
        assert_eq!(written.len(), 1, "one of `agreement` and `request`: {written}");
        if let Some(paper) = one("agreement") {
            return self.agreement(&paper.try_into().unwrap_or_else(|e| panic!("{written}: {e}")));
        }
        let paper =
            one("request").unwrap_or_else(|| panic!("no `agreement`, no `request`: {written}"));
        self.request(&paper.try_into().unwrap_or_else(|e| panic!("{written}: {e}")))
    }

    fn agreement(&self, paper: &AgreementPaper) -> Paper {
        let mut settings = vec![("version".to_owned(), paper.version.to_string())];
        if paper.version > 1 {
            let before = Digest::of(b"the version before");
            settings.push(("supersedes".to_owned(), before.to_string()));
        }
        for (key, value) in &paper.set {
            let value = match (key.as_str(), value) {
                ("effective" | "expires", Value::String(at)) => instant(at).to_string(),
                _ => value.to_string(),
            };
            settings.push((key.clone(), value));
        }
        let parties = self.agencies(&paper.parties);
        let mut recorded = fixtures::drafted(&paper.template, &paper.id, parties, &settings);
        for name in &paper.signed {
            let shares = paper.shares.get(name).map(|with| self.agencies(with));
            let signed =
                fixtures::adherence(&recorded, &self.agency(name), shares.unwrap_or_default());
            recorded.adhere(signed).unwrap();
        }
        for notice in &paper.notices {
            let notice = Notice {
                agreement: recorded.agreement.id.clone(),
                version: recorded.agreement.version,
                text: recorded.text,
                agency: self.agency(&notice.by),
                act: notice.act,
                reason: "under review".parse().unwrap(),
                at: fixtures::now().minus_days(1),
                by: Person {
                    user: "chief".parse().unwrap(),
                    full_name: "A Chief".parse().unwrap(),
                },
            };
            recorded.notice(notice).unwrap();
        }
        Paper::Agreement {
            recorded: Box::new(recorded),
            used_today: paper.used_today,
            brought: paper.brought,
        }
    }

    fn request(&self, paper: &RequestPaper) -> Paper {
        let mut filed = fixtures::filed(&paper.id, self.query, paper.scope.scope());
        let request = &mut filed.request;
        request.from = self.agency(&paper.from);
        request.to = self.agency(&paper.to);
        if let Some(name) = &paper.requested_by {
            request.requested_by = name.parse().unwrap();
        }
        if let Some(case) = &paper.case {
            request.case = case.parse().unwrap();
        }
        request.purpose = paper.purpose.unwrap_or(request.purpose);
        let verdict = match paper.verdict.as_str() {
            "approved" => Some(Verdict::Approved),
            "denied" => Some(Verdict::Denied),
            "none" => None,
            other => panic!("`{other}` is no verdict"),
        };
        if let Some(verdict) = verdict {
            let scope = paper.narrowed.as_ref().unwrap_or(&paper.scope).scope();
            let ruling = fixtures::ruling(&filed, verdict, scope);
            filed.rule(ruling).unwrap();
        }
        if paper.withdrawn {
            let withdrawal = Withdrawal {
                request: filed.request.id.clone(),
                request_digest: filed.request_digest,
                at: fixtures::now().minus_days(1),
            };
            filed.withdraw(withdrawal).unwrap();
        }
        Paper::Request { filed: Box::new(filed), used: paper.used, brought: paper.brought }
    }
}
