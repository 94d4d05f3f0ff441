//! The decision table: every row of `decisions/*.toml` is judged with the public interface and must
//! come out as it says, with every reason in order and every section of each.
//!
//! A row is laid over `decisions/base.toml`, a query that satisfies everybody, and overrides only
//! what it is about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use agreements::authority_index::{AuthorityIndex, counting};
use agreements::decide::{
    Authority, Candidate, Decision, Permit, Reasons, Scope as _, decide, decline,
};
use agreements::lifecycle::AgreementRecord;
use agreements::policy::{Demand, Policy, Standard};
use schemas::agency::AgencyKind;
use schemas::answer::Less;
use schemas::authority::AuthorityId;
use schemas::purpose::Purpose;
use schemas::query::Elements;
use schemas::refusal::{Citation, Reason, RefusalCode};

mod case;
mod row;

use crate::fixtures;
use case::{Case, Paper};
use row::{Expected, Outcome, Permitted, Row, Side};

/// The fewest rows that the table may shrink to.
const LEAST: usize = 500;

/// What the law and the policies demand of a decision. At least one row shows each.
const DEMANDS: &[&str] = &[
    // California Civil Code.
    "public agency: the state, a city or county, their agencies",
    "safeguards against unauthorised access",
    "a posted policy: purposes; people and training",
    "the same for end-users",
    "records: the plate or other query elements",
    "records: username and organisation",
    "records: purpose",
    "access only for the authorised purposes",
    "shared only with another public agency, as law permits",
    // Other law.
    "routine recordings may be destroyed after one year",
    "no use for immigration enforcement",
    "no investigation of lawful reproductive care",
    // The policies.
    "stated purposes",
    "official use only; specific criminal investigation or department-related action",
    "suspicion to use a reader",
    "suspicion to query stored data",
    "training before access",
    "who may access",
    "no access to department, state or federal data unless authorised",
    "log by name, date, time",
    "log query elements and purpose",
    "release on written request: agency, person, purpose",
    "reviewed and approved by",
    "release on a standing agreement",
    "released to",
    "others' requests",
    "no commercial or private party",
    "not open to the public",
    "no monitoring of First Amendment activity",
    "owner keeps control of shared data",
    "partial plates",
    "retention of reads",
    "verify before acting",
    "alert lists lag behind their source",
];

fn tables() -> Vec<(String, Vec<Row>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/decisions");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "toml"))
        .filter(|path| path.file_stem().is_some_and(|stem| stem != "base"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let rows = row::rows(&name, &std::fs::read_to_string(path).unwrap());
            (name, rows)
        })
        .collect()
}

#[test]
fn every_row_comes_out_as_it_says() {
    let mut wrong = Vec::new();
    for (file, rows) in tables() {
        for row in rows {
            let found = judged(&row);
            let differences = differences(&row, &found);
            if !differences.is_empty() {
                wrong.push(format!(
                    "{file}: {}\n    {}\n  found: {}",
                    row.says,
                    differences.join("\n    "),
                    told(&found)
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} rows differ\n{}", wrong.len(), wrong.join("\n"));
}

/// What came of a row.
enum Found {
    Permit(Box<(Permit, Case)>),
    /// Nothing speaks against it, on a side that has no permit to give.
    Nothing,
    Refuse(Reasons),
}

fn judged(row: &Row) -> Found {
    let case = row.case();
    let Case { policy, me, peer, query, papers } = &case;
    match row.side {
        Side::Requester => {
            decline(policy, query, fixtures::now()).map_or(Found::Nothing, Found::Refuse)
        }
        Side::Signatory | Side::Approver | Side::Recorder => {
            case::signing(row, &case).map_or(Found::Nothing, Found::Refuse)
        }
        Side::Owner => {
            let candidates = candidates(&case, papers);
            match decide(policy, me, peer, &candidates, query, fixtures::now()) {
                Decision::Permit(permit) => Found::Permit(Box::new((permit, case))),
                Decision::Refuse(refused) => Found::Refuse(refused.reasons),
            }
        }
    }
}

/// The authorities between the two as the book finds them: of each agreement the version that
/// counts, and the requests of the one to the other, in id order.
fn candidates<'a>(case: &Case, papers: &'a [Paper]) -> Vec<Candidate<'a>> {
    let mut concerning = AuthorityIndex::default();
    let mut versions: BTreeMap<AuthorityId, BTreeMap<u32, (&AgreementRecord, u32)>> =
        BTreeMap::new();
    let mut brought = Vec::new();
    let mut requests = BTreeMap::new();
    for paper in papers {
        match paper {
            Paper::Agreement { recorded, used_today, brought: outside } => {
                let agreement = &recorded.agreement;
                if *outside {
                    brought.push(of_agreement(recorded, *used_today));
                    continue;
                }
                concerning.note(&agreement.id, &agreement.parties);
                let of = versions.entry(agreement.id.clone()).or_default();
                assert!(of.insert(agreement.version, (recorded, *used_today)).is_none());
            }
            Paper::Request { filed, used, brought: outside } => {
                let request = &filed.request;
                let candidate =
                    Candidate { authority: Authority::Request(filed), used: *used, used_today: 0 };
                if *outside {
                    brought.push(candidate);
                    continue;
                }
                concerning.note(&request.id, [&request.from, &request.to]);
                if request.from == case.peer.id && request.to == case.me {
                    requests.insert(request.id.clone(), candidate);
                }
            }
        }
    }
    let found = concerning.of(&case.peer.id).filter_map(|id| {
        let Some(versions) = versions.get(id) else { return requests.get(id).copied() };
        let all = versions.values().map(|(recorded, _)| *recorded);
        let recorded = counting(all, &case.me, &case.peer.id, fixtures::now())?;
        let (_, used_today) = versions.get(&recorded.agreement.version)?;
        Some(of_agreement(recorded, *used_today))
    });
    found.chain(brought).collect()
}

fn of_agreement(recorded: &AgreementRecord, used_today: u32) -> Candidate<'_> {
    Candidate { authority: Authority::Agreement(recorded), used: 0, used_today }
}

fn told(found: &Found) -> String {
    match found {
        Found::Nothing => "nothing speaks against it".to_owned(),
        Found::Permit(permitted) => {
            let Permit { basis, scope, consumes, daily, lapses, notice, cuts } = &permitted.0;
            format!(
                "permit {} v{} from {} until {} limit {} images {} consumes {consumes:?} daily {daily:?} lapses {lapses} cuts {cuts:?}; {notice}",
                basis.authority,
                basis.version,
                scope.from(),
                scope.until(),
                scope.limit(),
                scope.images()
            )
        }
        Found::Refuse(reasons) => {
            let told = |reason: &Reason| {
                let sections: Vec<_> = reason.citations.iter().map(Citation::to_string).collect();
                format!("{} [{}] {}", reason.code, sections.join("; "), reason.message)
            };
            reasons.as_slice().iter().map(told).collect::<Vec<_>>().join("\n         ")
        }
    }
}

fn differences(row: &Row, found: &Found) -> Vec<String> {
    let mut wrong = Vec::new();
    match (row.decision, found) {
        (Outcome::Refuse, Found::Refuse(reasons)) => {
            assert!(!row.reasons.is_empty(), "`{}` gives no reasons", row.says);
            let codes = |codes: Vec<&str>| codes.join(", ");
            let expected = codes(row.reasons.iter().map(|reason| reason.code.as_str()).collect());
            let reasons = reasons.as_slice();
            let given = codes(reasons.iter().map(|reason| reason.code.code()).collect());
            if expected != given {
                return vec![format!("expected {expected}; found {given}")];
            }
            for (expected, reason) in row.reasons.iter().zip(reasons) {
                wrong.extend(apart(expected, reason));
            }
        }
        (Outcome::Permit, Found::Permit(permitted)) => {
            let Some(expected) = &row.permit else {
                return vec!["the row does not say on what the permit rests".to_owned()];
            };
            wrong.extend(beyond(expected, &permitted.0, &permitted.1));
        }
        (Outcome::Permit, Found::Nothing) if row.permit.is_none() => {}
        (Outcome::Refuse, _) => wrong.push("expected a refusal".to_owned()),
        (Outcome::Permit, _) => wrong.push("expected a permit".to_owned()),
    }
    if row.decision == Outcome::Permit && !row.reasons.is_empty() {
        wrong.push("a permit with reasons".to_owned());
    }
    wrong
}

fn apart(expected: &Expected, reason: &Reason) -> Vec<String> {
    let mut wrong = Vec::new();
    let same = expected.sections.len() == reason.citations.len()
        && expected
            .sections
            .iter()
            .zip(&reason.citations)
            .all(|(section, found)| *section == found.section || *section == found.to_string());
    if !same {
        let expected = expected.sections.join("; ");
        wrong.push(format!("{}: expected the sections {expected}", reason.code));
    }
    for words in expected.words.iter().filter(|words| !reason.message.contains(*words)) {
        wrong.push(format!("{}: the sentence does not say `{words}`", reason.code));
    }
    wrong
}

fn beyond(expected: &Permitted, permit: &Permit, case: &Case) -> Vec<String> {
    let asked = &case.query.elements;
    let scope = &permit.scope;
    let at = |text: &Option<String>, asked| text.as_ref().map_or(asked, |text| row::instant(text));
    let near = expected.near.map_or(asked.near, |circle| Some(circle.near()));
    let counted = |most: Option<u32>| most.map(|most| (permit.basis.authority.clone(), most));
    let basis = match permit.basis.version {
        1 => permit.basis.authority.to_string(),
        version => format!("{} v{version}", permit.basis.authority),
    };
    let checks = [
        ("basis", basis == expected.basis),
        ("from", scope.from() == at(&expected.from, asked.from)),
        ("until", scope.until() == at(&expected.until, asked.until)),
        ("limit", scope.limit() == expected.limit.unwrap_or(case.query.limit)),
        ("images", scope.images() == expected.images),
        ("elements", *scope.elements() == Elements { near, ..asked.clone() }),
        ("consumes", permit.consumes == counted(expected.consumes)),
        ("daily", permit.daily == counted(expected.daily)),
        ("narrowed", cut(expected.narrowed.as_deref(), permit)),
        ("lapses", at(&expected.lapses, permit.lapses) == permit.lapses),
        ("notice", expected.notice.iter().all(|words| permit.notice.as_str().contains(words))),
    ];
    checks.iter().filter(|(_, holds)| !holds).map(|(what, _)| format!("`{what}` differs")).collect()
}

/// Whether what cut the period, if anything, is what the row says: sections, each as in a reason.
fn cut(expected: Option<&[String]>, permit: &Permit) -> bool {
    let Some(expected) = expected else { return true };
    let from = permit.cuts.iter().find(|cut| cut.what == Less::From);
    let citations = from.map_or(&[][..], |cut| &cut.citations);
    let same = |(section, found): (&String, &Citation)| {
        *section == found.section || *section == found.to_string()
    };
    expected.len() == citations.len() && expected.iter().zip(citations).all(same)
}

#[test]
fn the_table_is_large_and_no_claim_is_made_twice() {
    let mut claims = BTreeSet::new();
    let mut rows = 0;
    for (file, table) in tables() {
        for row in table {
            rows += 1;
            assert!(claims.insert((file.clone(), row.says.clone())), "{file}: twice: {}", row.says);
        }
    }
    assert!(rows >= LEAST, "{rows} rows");
}

#[test]
fn every_demand_on_a_decision_is_shown() {
    let mut shown = BTreeSet::new();
    for (file, rows) in tables() {
        for demand in rows.into_iter().flat_map(|row| row.law) {
            assert!(DEMANDS.contains(&demand.as_str()), "{file}: `{demand}` is no demand");
            shown.insert(demand);
        }
    }
    let missing: Vec<_> = DEMANDS.iter().filter(|demand| !shown.contains(**demand)).collect();
    assert!(missing.is_empty(), "no row shows {missing:?}");
}

/// The codes with which a policy can refuse a peer.
fn possible(policy: &Policy) -> BTreeSet<RefusalCode> {
    use RefusalCode as C;
    let always = [
        C::NotPublicAgency,
        C::OutOfState,
        C::Federal,
        C::Blocked,
        C::NoAuthority,
        C::AuthorityNotInForce,
        C::PurposeProhibited,
        C::OnBehalfOf,
        C::RoleNotAuthorized,
        C::RequesterNotNamed,
        C::ReasonMissing,
        C::ReasonVague,
        C::QueryKind,
        C::Window,
        C::Retention,
    ];
    let release = &policy.release;
    let (standing, written) = (&release.standing_agreement, &release.written_request);
    let public = AgencyKind::ALL.map(|(kind, _)| kind);
    let narrow = public
        .iter()
        .filter(|kind| kind.is_public_agency(schemas::agency::State::CALIFORNIA))
        .any(|kind| !release.recipients.kinds.contains(kind))
        || [standing, written].iter().any(|path| path.as_ref().is_none_or(|p| !p.with.is_empty()));
    let sometimes = [
        (C::ReleasePath, narrow),
        (C::PartyNotListed, standing.is_some()),
        (C::PurposeNotAuthorized, Purpose::ALL.iter().any(|code| policy.purpose(*code).is_none())),
        (C::SignInInsufficient, !policy.people.peers.asserted),
        (C::TrainingMissing, policy.training.demanded),
        (C::TrainingExpired, policy.training.every_days.is_some()),
        (C::CaseRequired, policy.case_number.demand == Demand::Required || standing.is_some()),
        (C::SuspicionMissing, policy.suspicion.standard != Standard::None),
        (C::NeedToKnowMissing, policy.suspicion.need_to_know),
        (C::OutsideRequest, written.is_some()),
        (C::UsesExhausted, written.is_some()),
        (C::Quota, standing.is_some()),
    ];
    let sometimes = sometimes.into_iter().filter_map(|(code, can)| can.then_some(code));
    always.into_iter().chain(sometimes).collect()
}

#[test]
fn every_built_in_policy_permits_and_refuses_with_every_code_it_can() {
    let mut permits = BTreeSet::new();
    let mut refusals: BTreeMap<String, BTreeSet<RefusalCode>> = BTreeMap::new();
    for row in tables().into_iter().flat_map(|(_, rows)| rows) {
        if row.side != Side::Owner || !row.is_of_the_policy() {
            continue;
        }
        if row.decision == Outcome::Permit {
            permits.insert(row.owner.clone());
        }
        let codes = row.reasons.iter().map(|reason| reason.code.parse::<RefusalCode>().unwrap());
        refusals.entry(row.owner.clone()).or_default().extend(codes);
    }
    for name in Policy::builtin_names() {
        assert!(permits.contains(name), "no row in which `{name}` permits");
        let shown = refusals.remove(name).unwrap_or_default();
        let missing: Vec<_> = possible(&fixtures::policy(name))
            .into_iter()
            .filter(|code| !shown.contains(code))
            .collect();
        assert!(missing.is_empty(), "no row in which `{name}` refuses with {missing:?}");
    }
}
