//! Reading released reports as somebody who wants to know more than they tell: every set of accesses whose
//! count is told, in any report, is taken, and whatever can be cut out of them by adding and subtracting
//! holds nobody, or at least [`LEAST`].

use std::collections::BTreeMap;

use agreements::policy::Policy;
use agreements::screening::offense_group;
use proptest::prelude::*;
use registry::{Change, Hold, On, Release, State};
use schemas::agency::AgencyId;
use schemas::body::{Access, Actor, Body, Outcome};
use schemas::digest::Digest;
use schemas::entry::{EntryKind, Header, VERSION};
use schemas::event::Event;
use schemas::event::exchange::{QueryAnswered, QueryRefused, QuerySent};
use schemas::purpose::Purpose;
use schemas::query::{Elements, Justification, QueryId};
use schemas::refusal::{Reason, RefusalCode};
use schemas::text::Text;
use schemas::time::Timestamp;

use super::*;

/// One access, as whoever made the log knows it.
#[derive(Debug, Clone)]
struct Deed {
    day: u32,
    activity: Activity,
    offense: &'static str,
    code: RefusalCode,
    case: &'static str,
}

const OFFENSES: [&str; 4] = ["homicide", "PC 459", "VC 20001", ""];
const CODES: [RefusalCode; 3] =
    [RefusalCode::NoAuthority, RefusalCode::ReasonVague, RefusalCode::Window];
const HELD: &str = "26-77";

fn start() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn deed() -> impl Strategy<Value = Deed> {
    let activity = prop_oneof![
        5 => Just(Activity::Answered),
        3 => Just(Activity::AskedOthers),
        1 => Just(Activity::Refused),
    ];
    // Most of one sort, so that there are large cells beside small ones.
    let offense = prop_oneof![6 => Just(1usize), 1 => 0usize..4];
    let code = prop_oneof![4 => Just(0usize), 1 => 0usize..3];
    (0u32..300, activity, offense, code, prop::bool::weighted(0.04)).prop_map(
        |(day, activity, offense, code, held)| Deed {
            day,
            activity,
            offense: OFFENSES[offense],
            code: CODES[code],
            case: if held { HELD } else { "26-1" },
        },
    )
}

impl Deed {
    fn why(&self) -> Justification {
        Justification {
            purpose: Purpose::CriminalInvestigation,
            offense: Text::default(),
            offenses: Some(self.offense)
                .filter(|of| !of.is_empty())
                .map(|of| of.parse().unwrap())
                .into_iter()
                .collect(),
            vehicle_role: None,
            case: self.case.parse().unwrap(),
            cad: Text::default(),
            reason: "459 PC, suspect vehicle".parse().unwrap(),
            suspicion: Text::default(),
            need_to_know: Text::default(),
            on_behalf_of: None,
            for_officer: Text::default(),
            danger: Text::default(),
        }
    }

    fn event(&self, at: Timestamp) -> Event {
        let reason = Reason { code: self.code, message: "no".into(), citations: Vec::new() };
        let refused = self.activity == Activity::Refused;
        let access = Access {
            query_id: QueryId::from_bytes([1; 16]),
            asked_at: at,
            search: None,
            requester: "asking-ca-pd".parse().unwrap(),
            owner: "owning-ca-pd".parse().unwrap(),
            released_by: None,
            for_user: None,
            why: self.why(),
            elements: Elements::exact("7ABC123".parse().unwrap(), at.minus_days(2), at),
            authority: None,
            basis: None,
            outcome: if refused { Outcome::Refused } else { Outcome::Answered },
            reasons: if refused { vec![reason] } else { Vec::new() },
            count: None,
            query_digest: None,
            answer_digest: None,
        };
        match self.activity {
            Activity::Answered => Event::QueryAnswered(QueryAnswered { access, theirs: None }),
            Activity::Refused => {
                Event::QueryRefused(QueryRefused { access, theirs: None, redelivered: false })
            }
            _ => Event::QuerySent(QuerySent { access, again: false }),
        }
    }

    fn part(&self) -> Part {
        match self.activity {
            Activity::Refused => Part::Code(self.code),
            _ => Part::Offense(offense_group(&self.why())),
        }
    }
}

fn entry(index: usize, at: Timestamp, kind: EntryKind) -> Header {
    Header {
        v: VERSION,
        index: index as u64,
        at,
        kind,
        peer: None,
        peer_seq: None,
        query: None,
        body: Digest::of(b""),
        envelope: None,
    }
}

/// A state with a hold on [`HELD`] from one day until another.
fn state(from: u32, until: u32) -> State {
    let hold = Hold {
        hold: 1,
        on: On::Case(HELD.parse().unwrap()),
        reason: "suit".parse().unwrap(),
        by: "auditor".parse().unwrap(),
        at: start().plus_days(from),
        salt: "00".into(),
        released: None,
    };
    let release = Release {
        reason: "over".parse().unwrap(),
        by: "auditor".parse().unwrap(),
        at: start().plus_days(until),
    };
    let placed = State::default().with(0, &Change::HoldPlaced { hold }).unwrap();
    placed.with(1, &Change::HoldReleased { hold: 1, release }).unwrap()
}

/// The log up to a day, counted.
fn counted(deeds: &[Deed], state: &State, until: u32) -> (Counting, u64) {
    let mut counting = Counting::beside(state);
    let (mut index, mut last) = (0, start());
    for deed in deeds.iter().filter(|deed| deed.day < until) {
        let at = start().plus_days(deed.day);
        let event = deed.event(at);
        let header = entry(index, at, event.kind());
        let actor = Actor::peer(&"asking-ca-pd".parse().unwrap());
        let body = Body { at, actor, registry: None, change: None, audit: None, event };
        counting.take(&header, Some(&body));
        (index, last) = (index + 1, at);
    }
    // The entry that records the report before it stands in the log, too.
    let at = last.max(start().plus_days(until).plus_millis(-1));
    counting.take(&entry(index, at, EntryKind::AuditReported), None);
    (counting, index as u64 + 1)
}

/// The sets of accesses whose counts a report tells, by their places.
fn told(
    report: &PublicReport,
    deeds: &[Deed],
    shown: &BTreeMap<String, u32>,
    hold: (u32, u32),
) -> Vec<(Vec<usize>, u64)> {
    let mut sets = Vec::new();
    let month = |deed: &Deed| month::Month::of(start().plus_days(deed.day)).unwrap().to_string();
    for period in &report.periods {
        let within: Vec<usize> = (0..deeds.len())
            .filter(|at| (period.from.clone()..=period.until.clone()).contains(&month(&deeds[*at])))
            .collect();
        let mut set = |count: u64, fits: &dyn Fn(&Deed) -> bool| {
            let of: Vec<usize> = within.iter().copied().filter(|at| fits(&deeds[*at])).collect();
            sets.push((of, count));
        };
        for Counted { of, count } in &period.counts {
            set(*count, &|deed| of.iter().any(|name| name == deed.activity.name()));
        }
        let day = shown.get(&period.until).copied();
        let kept =
            |deed: &Deed| deed.case == HELD && day.is_some_and(|day| hold.0 <= day && day < hold.1);
        for InParts { activity, parts } in &period.in_parts {
            let last = parts.len() - 1;
            for (nth, Counted { of, count }) in parts.iter().enumerate() {
                set(*count, &|deed| {
                    let named = of.iter().any(|name| *name == deed.part().name());
                    deed.activity.name() == activity && if kept(deed) { nth == last } else { named }
                });
            }
        }
    }
    sets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_small_can_be_cut_out_of_what_is_told(
        mut deeds in prop::collection::vec(deed(), 0..260),
        hold in (20u32..330, 1u32..200),
        in_parts in prop::collection::vec(any::<bool>(), 3),
    ) {
        deeds.sort_by_key(|deed| deed.day);
        let hold = (hold.0, hold.0 + hold.1);
        let state = state(hold.0, hold.1);
        let policy = Policy::from_toml("p", Policy::builtin_text("california-statute").unwrap()).unwrap();
        let agency: AgencyId = "owning-ca-pd".parse().unwrap();
        let mut before: Vec<ReleasedBefore> = Vec::new();
        let mut last: Option<PublicReport> = None;
        let mut shown: BTreeMap<String, u32> = BTreeMap::new();
        let mut all: Vec<(Vec<usize>, u64)> = Vec::new();
        for (day, in_parts) in [180u32, 260, 420].into_iter().zip(in_parts) {
            let (counting, entry) = counted(&deeds, &state, day);
            let made_at = start().plus_days(day);
            let facts = Facts {
                agency: &agency, state: &state, policy: &policy, entry, made_at, in_parts,
                before: before.clone(),
            };
            let made = report(counting, &facts);
            prop_assert_eq!(made.gaps(), Vec::<String>::new());
            if let Some(last) = &last {
                prop_assert_eq!(made.departs_from(last), Vec::<String>::new());
            }
            for period in made.periods.iter().filter(|period| !period.in_parts.is_empty()) {
                shown.entry(period.until.clone()).or_insert(day);
            }
            all.extend(told(&made, &deeds, &shown, hold));
            before.push(ReleasedBefore { digest: made.digest(), made_at, in_parts });
            // Read back, it is the same to the byte.
            let again = PublicReport::read(&made.bytes()).unwrap();
            prop_assert_eq!(again.digest(), made.digest());
            last = Some(made);
        }
        // What is told is what happened.
        for (set, count) in &all {
            prop_assert_eq!(set.len() as u64, *count);
        }
        // Accesses that are in the same told sets can never be told from each other; everything that
        // can be computed is a sum of such groups.
        let mut groups: BTreeMap<Vec<bool>, u64> = BTreeMap::new();
        for at in 0..deeds.len() {
            let in_sets: Vec<bool> = all.iter().map(|(set, _)| set.contains(&at)).collect();
            *groups.entry(in_sets).or_default() += 1;
        }
        for (in_sets, count) in groups {
            prop_assert!(count >= LEAST || !in_sets.contains(&true), "{count} can be cut out");
        }
    }
}

#[test]
fn a_report_holds_no_plate_no_name_and_no_reason() {
    let deeds: Vec<Deed> = (0..300)
        .map(|n| Deed {
            day: n,
            activity: Activity::Answered,
            offense: OFFENSES[n as usize % 4],
            code: RefusalCode::NoAuthority,
            case: "26-1",
        })
        .collect();
    let state = State::default();
    let policy =
        Policy::from_toml("p", Policy::builtin_text("california-statute").unwrap()).unwrap();
    let agency: AgencyId = "owning-ca-pd".parse().unwrap();
    let (counting, entry) = counted(&deeds, &state, 390);
    let made_at = start().plus_days(390);
    let facts = Facts {
        agency: &agency,
        state: &state,
        policy: &policy,
        entry,
        made_at,
        in_parts: true,
        before: Vec::new(),
    };
    let made = report(counting, &facts);
    assert_eq!(made.periods.len(), 10);
    let early = |period: &&Period| !period.in_parts.is_empty();
    assert_eq!(made.periods.iter().filter(early).count(), 9, "the last one is not ninety days old");
    let json = String::from_utf8(made.bytes()).unwrap();
    for text in [&json, &csv(&made), &page(&made)] {
        for hidden in ["7ABC123", "asking-ca-pd", "suspect vehicle", "26-1\"", "homicide"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
        assert!(text.contains("offences against property"), "{text}");
    }
}
