//! Arbitrary policies, peers, queries and authorities: mostly in order, so that many permit, each
//! part now and then anything at all.

use agreements::agreement::{Act, Notice, Person};
use agreements::decide::PeerFacts;
use agreements::lifecycle::AgreementRecord;
use agreements::policy::Policy;
use agreements::request::{RequestRecord, RequestScope, Verdict, Withdrawal};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use schemas::agency::{AgencyId, AgencyKind, State};
use schemas::area::{Near, Polygon};
use schemas::purpose::{Purpose, QueryKind, Role};
use schemas::query::Query;
use schemas::read::Location;
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::fixtures::{self, now};

#[derive(Debug, Clone)]
pub(crate) enum Paper {
    /// With the answers of today.
    Agreement(Box<AgreementRecord>, u32),
    /// With the answers given.
    Request(Box<RequestRecord>, u32),
}

/// `usual`, or now and then anything of `strategy`.
fn mostly<T: Clone + std::fmt::Debug + 'static>(
    usual: T,
    strategy: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    prop_oneof![12 => Just(usual), 1 => strategy].boxed()
}

pub(crate) fn policy() -> impl Strategy<Value = Policy> {
    select(Policy::builtin_names()).prop_map(fixtures::policy)
}

/// Peers, among them everybody whom a built-in policy names.
fn peer_id() -> impl Strategy<Value = AgencyId> {
    let mut ids: Vec<AgencyId> = vec!["asking-ca-pd".parse().unwrap()];
    for policy in Policy::builtin_names().into_iter().map(fixtures::policy) {
        ids.extend(policy.release.standing_agreement.into_iter().flat_map(|path| path.with));
    }
    select(ids)
}

prop_compose! {
    pub(crate) fn peer()(
        id in peer_id(),
        kind in mostly(AgencyKind::Police, select(AgencyKind::ALL.map(|(kind, _)| kind).to_vec())),
        state in mostly(State::CALIFORNIA, select(vec!["AZ".parse().unwrap(), "NV".parse().unwrap()])),
        blocked in mostly(None, Just(Some("misuse".parse().unwrap()))),
    ) -> PeerFacts {
        PeerFacts { id, kind, state, blocked, agency_key: None }
    }
}

/// An instant around now, on a day's boundary more often than not, or any that there is.
fn instant() -> BoxedStrategy<Timestamp> {
    let days = (-800i64..60).prop_map(|days| now().plus_millis(days * 86_400_000));
    let about = (days.clone(), -2i64..3).prop_map(|(at, ms)| at.plus_millis(ms));
    let all = Timestamp::MIN.millis()..=Timestamp::MAX.millis();
    let all = all.prop_map(|ms| Timestamp::from_millis(ms).unwrap());
    prop_oneof![4 => days, 2 => about, 1 => all].boxed()
}

fn text() -> BoxedStrategy<Text> {
    let words = select(vec![
        "",
        "inv",
        "test",
        "xxxx",
        "26-1234",
        "8KTR392",
        "stolen vehicle",
        "ice agents",
        "n/a",
        "protest attendees",
        "robbery of a jeweller",
        "immigration detainer",
        "0000",
        "ÅÄÖ åäö",
    ]);
    let words = words.prop_map(|text| text.parse().unwrap());
    let noise = ".{0,60}".prop_map(|text| text.parse().unwrap_or_default());
    prop_oneof![words, noise].boxed()
}

pub(crate) fn near() -> impl Strategy<Value = Near> {
    (33.0f64..34.0, -118.0f64..-117.0, 0u32..20_000).prop_map(|(latitude, longitude, radius_m)| {
        Near { center: Location::new(latitude, longitude).unwrap().unwrap(), radius_m }
    })
}

fn polygon() -> impl Strategy<Value = Polygon> {
    (33.0f64..34.0, -118.0f64..-117.0, 0.001f64..0.1).prop_map(|(latitude, longitude, side)| {
        let corners = [(0.0, 0.0), (0.0, side), (side, 0.0)];
        let place = |(up, right)| Location::new(latitude + up, longitude + right).unwrap().unwrap();
        Polygon::new(corners.map(place).to_vec()).unwrap()
    })
}

fn roles() -> impl Strategy<Value = Vec<Role>> {
    subsequence(Role::ALL.to_vec(), 0..3)
}

prop_compose! {
    /// Who asks, and why.
    fn justified(from: &AgencyId, to: &AgencyId)(
        name in mostly("Jane Doe".parse::<Text>().unwrap(), text()),
        roles in mostly(vec![Role::Sworn], roles()),
        title in mostly("CCAT Supervisor".parse::<Text>().unwrap(), text()),
        trained in mostly(now().minus_days(20), instant()).prop_map(Some),
        untrained in mostly(false, Just(true)),
        purpose in mostly(Purpose::StolenVehicle, select(Purpose::ALL.to_vec())),
        texts in prop::array::uniform5(prop::option::weighted(0.05, text())),
        other in mostly(None, Just(Some("kern-ca-sheriff".parse().unwrap()))),
        from in Just(from.clone()),
        to in Just(to.clone()),
    ) -> Query {
        let mut query = fixtures::query(&from, &to);
        query.requester.full_name = name;
        query.requester.roles = roles;
        query.requester.title = title;
        query.requester.trained_on = trained.filter(|_| !untrained);
        query.why.purpose = purpose;
        query.why.on_behalf_of = other;
        let why = &mut query.why;
        let fields =
            [&mut why.reason, &mut why.suspicion, &mut why.need_to_know, &mut why.case, &mut why.cad];
        for (field, text) in fields.into_iter().zip(texts) {
            *field = text.unwrap_or_else(|| field.clone());
        }
        query
    }
}

prop_compose! {
    pub(crate) fn query(from: &AgencyId, to: &AgencyId)(
        mut query in justified(from, to),
        cited in mostly(None, select(vec![Some("maker-ca-pd/aa-1"), Some("maker-ca-pd/bb-2"), Some("none-ca-pd/none-1")])),
        kind in mostly(QueryKind::Exact, select(QueryKind::ALL.to_vec())),
        plate in mostly(Some("8KTR392".to_owned()), prop::option::of("[A-Z0-9]{1,7}")),
        pattern in mostly(None, prop::option::of("[A-Z0-9*?]{1,7}")),
        make in mostly(None, Just(Some("Honda".parse().unwrap()))),
        near in prop::option::weighted(0.2, near()),
        polygon in prop::option::weighted(0.2, polygon()),
        whole in any::<bool>(),
        from in mostly(now().minus_days(30), instant()),
        until in mostly(now(), instant()),
        limit in prop_oneof![1u32..2_000, any::<u32>()],
        images in any::<bool>(),
    ) -> Query {
        query.authority = cited.map(|id: &str| id.parse().unwrap());
        let elements = &mut query.elements;
        elements.kind = kind;
        elements.plate = plate.map(|plate| plate.parse().unwrap());
        elements.pattern = pattern.and_then(|pattern: String| pattern.parse().ok());
        // Searches of other sorts are made whole half of the time.
        if whole && kind == QueryKind::Partial {
            (elements.plate, elements.pattern) = (None, Some("8K*".parse().unwrap()));
        } else if whole && kind == QueryKind::Misread {
            elements.pattern = None;
        } else if whole && matches!(kind, QueryKind::Area | QueryKind::Vehicle) {
            (elements.plate, elements.pattern) = (None, None);
        }
        elements.make = make;
        elements.near = near;
        elements.polygon = polygon;
        elements.from = from;
        elements.until = until;
        query.limit = limit;
        query.images = images;
        query
    }
}

const IDS: [&str; 3] = ["maker-ca-pd/aa-1", "maker-ca-pd/bb-2", "other-ca-pd/cc-3"];

/// An agreement or a request between `from` and `to`, or almost.
pub(crate) fn paper(from: &AgencyId, to: &AgencyId) -> BoxedStrategy<Paper> {
    prop_oneof![agreement(from, to), request(from, to)].boxed()
}

prop_compose! {
    fn agreement(from: &AgencyId, to: &AgencyId)(
        id in select(IDS.to_vec()),
        parties in Just([to.clone(), from.clone()]),
        purposes in mostly(Purpose::ALL.to_vec(), subsequence(Purpose::ALL.to_vec(), 1..5)),
        kinds in mostly(QueryKind::ALL.to_vec(), subsequence(QueryKind::ALL.to_vec(), 1..3)),
        effective in mostly(now().minus_days(5), instant()),
        expires in mostly(now().plus_millis(86_400_000), instant()),
        lookback in prop_oneof![1u32..800, any::<u32>()],
        rows in 1u32..2_000,
        daily in prop::option::weighted(0.3, 1u32..4),
        flags in prop::array::uniform4(any::<bool>()),
        signed in prop::array::uniform2(mostly(true, Just(false))),
        shares in prop::array::uniform2(mostly(true, Just(false))),
        notices in mostly(vec![], prop::collection::vec((any::<bool>(), select(vec![Act::Suspend, Act::Resume, Act::Withdraw])), 1..4)),
        used_today in 0u32..4,
    ) -> Paper {
        let mut recorded = fixtures::drafted("lasd", id, parties.to_vec(), &[]);
        let agreement = &mut recorded.agreement;
        agreement.purposes = purposes;
        agreement.query_kinds = kinds;
        agreement.effective = effective;
        agreement.expires = expires;
        agreement.lookback_days = lookback;
        agreement.row_limit = rows;
        agreement.daily_limit = daily;
        agreement.images = flags[0];
        agreement.case_required = flags[1] && flags[2] && flags[3];
        for at in 0..2 {
            let with = if shares[at] { vec![parties[1 - at].clone()] } else { vec![] };
            if signed[at] {
                recorded.adhere(fixtures::adherence(&recorded, &parties[at], with)).unwrap();
            }
        }
        for (own, act) in notices {
            // One that does not fit is not recorded.
            let _ = recorded.notice(notice(&recorded, &parties[usize::from(own)], act));
        }
        Paper::Agreement(Box::new(recorded), used_today)
    }
}

pub(crate) fn notice(recorded: &AgreementRecord, by: &AgencyId, act: Act) -> Notice {
    Notice {
        agreement: recorded.agreement.id.clone(),
        version: recorded.agreement.version,
        text: recorded.text,
        agency: by.clone(),
        act,
        reason: "under review".parse().unwrap(),
        at: now(),
        by: Person { user: "chief".parse().unwrap(), full_name: "A Chief".parse().unwrap() },
    }
}

prop_compose! {
    fn scope()(
        plates in mostly(vec![], select(vec![vec!["8KTR392"], vec!["1ABC234"], vec!["1ABC234", "8KTR392"]])),
        from in mostly(None, instant().prop_map(Some)),
        until in mostly(None, instant().prop_map(Some)),
        at_once in mostly(None, (0u32..30).prop_map(Some)),
        near in prop::option::weighted(0.1, near()),
        uses in prop::option::weighted(0.4, 1u32..5),
        valid_until in mostly(None, instant().prop_map(Some)),
    ) -> RequestScope {
        let plates = plates.into_iter().map(|plate| plate.parse().unwrap()).collect();
        // Now and then a window that begins where it ends.
        let at_once = at_once.map(|days| now().minus_days(days));
        let (from, until) = (at_once.or(from), at_once.or(until));
        RequestScope { plates, from, until, near, uses, valid_until }
    }
}

prop_compose! {
    fn request(from: &AgencyId, to: &AgencyId)(
        id in select(IDS.to_vec()),
        query in Just(fixtures::query(from, to)),
        scope in scope(),
        case in mostly("26-1234", select(vec!["", "26-9999"])),
        purpose in mostly(Purpose::StolenVehicle, select(Purpose::ALL.to_vec())),
        from in mostly(from.clone(), Just("third-ca-pd".parse().unwrap())),
        verdict in mostly(Some(Verdict::Approved), select(vec![None, Some(Verdict::Denied)])),
        withdrawn in mostly(false, Just(true)),
        used in 0u32..5,
    ) -> Paper {
        let mut filed = fixtures::filed(id, &query, scope.clone());
        filed.request.case = case.parse().unwrap();
        filed.request.purpose = purpose;
        filed.request.from = from;
        if let Some(verdict) = verdict {
            let ruling = fixtures::ruling(&filed, verdict, scope);
            // One that does not fit is not recorded.
            let _ = filed.rule(ruling);
        }
        if withdrawn {
            filed.withdrawal = Some(withdrawal(&filed));
        }
        Paper::Request(Box::new(filed), used)
    }
}

pub(crate) fn withdrawal(filed: &RequestRecord) -> Withdrawal {
    Withdrawal {
        request: filed.request.id.clone(),
        request_digest: filed.request_digest,
        at: now(),
    }
}
