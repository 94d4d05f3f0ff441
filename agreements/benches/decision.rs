//! How long a decision takes, finding the authority included, with few and with many agreements in
//! force: agreements with others must not weigh.

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;

use agreements::agreement::{Adherence, KnownParty, Signatory};
use agreements::authority_index::{AuthorityIndex, counting};
use agreements::decide::{Authority, Candidate, Decision, PeerFacts, decide};
use agreements::lifecycle::AgreementRecord;
use agreements::policy::Policy;
use agreements::template;
use criterion::{BenchmarkId, Criterion};
use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::authority::AuthorityId;
use schemas::digest::Digest;
use schemas::key::SecretKey;
use schemas::purpose::{Purpose, Role};
use schemas::query::{Elements, Justification, Query, QueryId, Requester};
use schemas::text::Text;
use schemas::time::Timestamp;

/// Of all agreements, how many are with the peer that asks.
const WITH_PEER: usize = 3;

/// An owner with its agreements, and a peer that asks.
struct Registry {
    policy: Policy,
    me: AgencyId,
    peer: PeerFacts,
    query: Query,
    now: Timestamp,
    agreements: BTreeMap<AuthorityId, BTreeMap<u32, AgreementRecord>>,
    concerning: AuthorityIndex,
}

impl Registry {
    /// With so many agreements in force, of which the first few ids in the middle are the peer's.
    fn with(all: usize) -> Result<Self, Box<dyn Error>> {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse()?;
        let me: AgencyId = "escondido-ca-pd".parse()?;
        let asking: AgencyId = "asking-ca-pd".parse()?;
        let text = Policy::builtin_text(me.as_str()).ok_or("no such policy")?;
        let policy = Policy::from_toml(me.as_str(), text)?;
        let mut registry = Self {
            query: query(&asking, &me, now)?,
            peer: PeerFacts {
                id: asking.clone(),
                kind: AgencyKind::Police,
                state: State::CALIFORNIA,
                blocked: None,
                agency_key: None,
            },
            policy,
            me,
            now,
            agreements: BTreeMap::new(),
            concerning: AuthorityIndex::default(),
        };
        for n in 0..all {
            let ours = (n + WITH_PEER / 2).abs_diff(all / 2) < WITH_PEER.div_ceil(2);
            let other = if ours { asking.clone() } else { format!("other-{n}-ca-pd").parse()? };
            registry.record(&format!("escondido-ca-pd/arjis-{n:05}"), other)?;
        }
        assert_eq!(registry.concerning.of(&asking).count(), WITH_PEER);
        Ok(registry)
    }

    fn record(&mut self, id: &str, other: AgencyId) -> Result<(), Box<dyn Error>> {
        let text = template::builtin("arjis").ok_or("no such template")?;
        let parties = vec![self.me.clone(), other.clone()];
        let since = self.now.minus_days(10);
        let agreement = template::draft(text, &id.parse()?, parties, since, &[])?;
        self.concerning.note(&agreement.id, &agreement.parties);
        let mut recorded = AgreementRecord::new(agreement, Digest::of(b"text"));
        let fingerprint = SecretKey::from_seed(&[1; 32]).public().fingerprint();
        let known = [&self.me, &other]
            .map(|agency| KnownParty { agency: agency.clone(), fingerprint })
            .to_vec();
        for (agency, with) in [(&self.me, &other), (&other, &self.me)] {
            recorded.adhere(Adherence {
                agreement: recorded.agreement.id.clone(),
                version: 1,
                text: recorded.text,
                agency: agency.clone(),
                shares_with: vec![with.clone()],
                original: None,
                at: since,
                signatory: Signatory {
                    name: "A Chief".parse()?,
                    title: "Chief".parse()?,
                    delegation: None,
                },
                parties: known.clone(),
            })?;
        }
        let of_id = self.agreements.entry(recorded.agreement.id.clone()).or_default();
        of_id.insert(1, recorded);
        Ok(())
    }

    /// As the node decides: the agreements that concern the peer, of each the version that counts,
    /// then the rules.
    fn decide(&self) -> Decision {
        let candidates: Vec<Candidate<'_>> = self
            .concerning
            .of(&self.peer.id)
            .filter_map(|id| {
                let versions = self.agreements.get(id)?.values();
                let recorded = counting(versions, &self.me, &self.peer.id, self.now)?;
                Some(Candidate {
                    authority: Authority::Agreement(recorded),
                    used: 0,
                    used_today: 0,
                })
            })
            .collect();
        decide(&self.policy, &self.me, &self.peer, &candidates, &self.query, self.now)
    }
}

fn query(from: &AgencyId, to: &AgencyId, now: Timestamp) -> Result<Query, Box<dyn Error>> {
    Ok(Query {
        id: QueryId::from_bytes([1; 16]),
        from: from.clone(),
        to: to.clone(),
        at: now,
        search: None,
        authority: None,
        released_by: None,
        for_person: None,
        requester: Requester {
            user: "jdoe".parse()?,
            full_name: "Jane Doe".parse()?,
            title: "Detective".parse()?,
            roles: vec![Role::Sworn],
            session: None,
            asserted_by: None,
            attestation: None,
            trained_on: Some(now.minus_days(30)),
            cleared_on: None,
        },
        why: Justification {
            purpose: Purpose::StolenVehicle,
            offense: "10851 VC".parse()?,
            offenses: Vec::new(),
            vehicle_role: None,
            case: "26-1234".parse()?,
            cad: Text::default(),
            reason: "taken from a driveway on Foothill Boulevard overnight".parse()?,
            suspicion: "the owner saw a stranger drive it away".parse()?,
            need_to_know: "assigned to this theft".parse()?,
            on_behalf_of: None,
            for_officer: Text::default(),
            danger: Text::default(),
        },
        elements: Elements::exact("8KTR392".parse()?, now.minus_days(30), now),
        limit: 100,
        images: false,
    })
}

/// The longest texts that a query carries, each the worst for one part of what reads them.
fn hostile() -> [(&'static str, String); 7] {
    let long = |unit: &str| unit.repeat(2_000 / unit.len());
    let unlike = |make: fn(usize) -> String| {
        let mut text = String::new();
        for part in (0..2_000).map(make) {
            if text.len() + part.len() > 2_000 {
                break;
            }
            text.push_str(&part);
        }
        text
    };
    [
        ("letters", long("i c e ")),
        (
            "words",
            unlike(|n| {
                format!("{} ", (0..2).map(|at| letter_of(n / 26usize.pow(at))).collect::<String>())
            }),
        ),
        ("misspelt", unlike(|n| format!("immigqat{}ion ", letter_of(n)))),
        ("sections", unlike(|n| format!("{}pc ", 10 + n))),
        ("disguised", unlike(|n| format!("1mm1gr{}t10n ", n % 10))),
        ("betraying", long("ice my ex black protest ")),
        ("other scripts", long("\u{FDFA}\u{1D422}")),
    ]
}

fn letter_of(n: usize) -> char {
    char::from(b'a' + u8::try_from(n % 26).unwrap_or_default())
}

/// A query all of whose words are this text.
fn all_said(query: &Query, text: &str) -> Result<Query, Box<dyn Error>> {
    let text: Text = text.parse()?;
    let mut query = query.clone();
    let why = &mut query.why;
    for said in [
        &mut why.offense,
        &mut why.reason,
        &mut why.suspicion,
        &mut why.need_to_know,
        &mut why.for_officer,
        &mut why.danger,
    ] {
        said.clone_from(&text);
    }
    Ok(query)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("decision");
    for all in [10, 1_000] {
        let mut registry = Registry::with(all)?;
        assert!(matches!(registry.decide(), Decision::Permit(_)));
        group.bench_function(BenchmarkId::new("permit", all), |b| {
            b.iter(|| black_box(black_box(&registry).decide()));
        });
        registry.query.why.suspicion = "inv".parse()?;
        assert!(matches!(registry.decide(), Decision::Refuse(_)));
        group.bench_function(BenchmarkId::new("refuse", all), |b| {
            b.iter(|| black_box(black_box(&registry).decide()));
        });
    }
    let mut registry = Registry::with(10)?;
    let ordinary = registry.query.clone();
    for (name, text) in hostile() {
        registry.query = all_said(&ordinary, &text)?;
        group.bench_function(BenchmarkId::new("hostile", name), |b| {
            b.iter(|| black_box(black_box(&registry).decide()));
        });
        registry.query = ordinary.clone();
        registry.query.why.reason = text.parse()?;
        group.bench_function(BenchmarkId::new("hostile reason", name), |b| {
            b.iter(|| black_box(black_box(&registry).decide()));
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
