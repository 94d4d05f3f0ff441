//! An owner under a policy of its own, and a peer that signs whatever it likes, with every sort of
//! authority between the two: what the owner answers and refuses is the owner's policy alone, as no
//! check of the peer's stands in the way.

use ::agreements::agreement::{Act, Agreement, Clause};
use ::agreements::request::{Request, RequestScope, Verdict};
use node::admin::agreements;
use node::admin::requests;
use node::permission::Principal;
use schemas::agency::AgencyKind;
use schemas::answer::Answer;
use schemas::authority::AuthorityId;
use schemas::entry::EntryKind;
use schemas::envelope::Kind as Signed;
use schemas::frame::FrameKind;
use schemas::purpose::Purpose;
use schemas::query::Query;
use schemas::refusal::{Reason, RefusalCode};
use schemas::text::Text;
use schemas::time::Timestamp;

use crate::agency::{Agency, Plan};
use crate::federation::{add_card_as, known_parties};
use crate::fixtures::{DAY_MS, OFFICER, PLATE, agreement, id, query, session_at, words};
use crate::identity::{Identity, envelope_text};
use crate::officials::{add_official, approve, decision, propose_as};
use crate::raw_peer::RawPeer;
use crate::wire::Reply;

/// The peer: the one agency with which every policy here lets an agreement stand.
pub const PEER: &str = "los-angeles-ca-sheriff";

/// What is refused: each code with a section that must be among its citations; nothing when the
/// query is to be answered.
pub type Expected = Vec<(RefusalCode, &'static str)>;

/// What is changed in a query before it is signed.
type Change = dyn Fn(&mut Query, &PolicyScenario);

/// One query and what must become of it.
pub struct PolicyCase {
    what: &'static str,
    /// As what the owner has verified the peer, when not as a sheriff of California.
    peer: Option<(AgencyKind, &'static str)>,
    change: Box<Change>,
    expected: Expected,
    /// How many reads an answer releases.
    count: u32,
}

impl PolicyCase {
    /// The query of an officer with everything that any policy demands, but for `change`, and how
    /// it is refused.
    pub fn new(
        what: &'static str,
        expected: &[(RefusalCode, &'static str)],
        change: impl Fn(&mut Query, &PolicyScenario) + 'static,
    ) -> Self {
        Self { what, peer: None, change: Box::new(change), expected: expected.to_vec(), count: 3 }
    }

    /// A query that is answered.
    pub fn answered(
        what: &'static str,
        change: impl Fn(&mut Query, &PolicyScenario) + 'static,
    ) -> Self {
        Self::new(what, &[], change)
    }

    /// The query as it is, of a peer that was verified to be another sort of body.
    #[must_use]
    pub fn of(
        kind: AgencyKind,
        state: &'static str,
        expected: &[(RefusalCode, &'static str)],
    ) -> Self {
        let row = Self::new("another sort of body", expected, |_, _| {});
        Self { peer: Some((kind, state)), ..row }
    }

    /// Answered with another number of reads than all three.
    #[must_use]
    pub fn releasing(self, count: u32) -> Self {
        Self { count, ..self }
    }

    /// What it is refused with.
    pub fn codes(&self) -> impl Iterator<Item = RefusalCode> {
        self.expected.iter().map(|(code, _)| *code)
    }
}

/// The owner, the peer, and what stands between them.
pub struct PolicyScenario {
    /// The owner, who has three reads of [`PLATE`].
    pub owner: Agency,
    /// Its official.
    pub official: Principal,
    /// The peer.
    pub raw: RawPeer,
    /// In force, and as wide as an authority can be: an agreement where the policy knows them, else
    /// a request for a stolen vehicle.
    pub wide: AuthorityId,
    /// An agreement in force for stolen vehicles and exact plates, with a case number, thirty days
    /// back, once a day.
    pub strict: Option<AuthorityId>,
    /// An agreement that the owner has suspended.
    pub suspended: Option<AuthorityId>,
    /// An agreement under which the peer shares with others alone.
    pub unshared: Option<AuthorityId>,
    /// A request approved for one plate, three days and one use.
    pub once: AuthorityId,
    /// A request approved for reads of six years ago and before.
    pub old: AuthorityId,
    /// A request that nobody has decided.
    pub waiting: AuthorityId,
    /// A request that was denied.
    pub denied: AuthorityId,
}

impl PolicyScenario {
    /// The owner under the policy that comes with the node by its name; `agreements` when that
    /// knows standing agreements.
    ///
    /// # Panics
    /// When an authority cannot be made.
    pub async fn under(owner: &'static str, agreements: bool) -> Self {
        Self::made(Plan::of(owner).policy(owner), agreements, true).await
    }

    /// The owner as `plan` says, whose policy knows standing agreements and no written requests.
    ///
    /// # Panics
    /// When an authority cannot be made.
    pub async fn agreeing(plan: Plan) -> Self {
        Self::made(plan, true, false).await
    }

    async fn made(plan: Plan, agreements: bool, requests: bool) -> Self {
        let owner = Agency::of(plan).await;
        owner.add_reads(PLATE, 3).await;
        let official = add_official(&owner).await;
        let raw = RawPeer::start(PEER, owner.now());
        add_card_as(&owner, &raw.identity, Some(AgencyKind::Sheriff), None).await;
        let now = owner.now();
        let plain =
            RequestScope { valid_until: Some(now.plus_millis(DAY_MS)), ..RequestScope::default() };
        let narrow = RequestScope {
            plates: vec![PLATE.parse().expect("a plate")],
            from: Some(now.minus_days(3)),
            until: Some(now),
            uses: Some(1),
            ..RequestScope::default()
        };
        let once = send_request(&raw, &owner, narrow).await;
        let past = RequestScope { until: Some(now.minus_days(6 * 365)), ..plain.clone() };
        let old = send_request(&raw, &owner, past).await;
        let waiting = send_request(&raw, &owner, plain.clone()).await;
        let denied = send_request(&raw, &owner, plain.clone()).await;
        if requests {
            for request in [&once, &old] {
                approve(&owner, &official, request).await.expect("an approval");
            }
        }
        let denial = decision(Verdict::Denied, RequestScope::default());
        requests::decide(owner.own(), owner.keys(), &official, &denied, &denial)
            .await
            .expect("a denial");
        let (wide, strict, suspended, unshared) = if agreements {
            let mut text = agreement(&[owner.id(), raw.id()], now);
            text.purposes = Purpose::ALL.to_vec();
            text.lookback_days = 3_650;
            agreed(&owner, &official, &raw.identity, &text).await;
            let strict = strictly(&[owner.id(), raw.id()], now);
            agreed(&owner, &official, &raw.identity, &strict).await;
            let gone = strictly(&[owner.id(), raw.id()], now);
            agreed(&owner, &official, &raw.identity, &gone).await;
            let notice = agreements::give_notice(
                owner.own(),
                owner.keys(),
                &official,
                &gone.id,
                Act::Suspend,
                &words("under review"),
            )
            .await;
            notice.expect("a suspension");
            let third = id("third-ca-pd");
            let apart = strictly(&[owner.id(), raw.id(), &third], now);
            propose_as(&owner, &official, &apart).await.expect("a proposal");
            let mut known = known_parties(&owner, &apart);
            let somebody = Identity::new(third.as_str(), Vec::new(), now);
            known.push(somebody.known());
            let signed = raw.identity.adhere(&apart, &[third], &known, now);
            imports(&owner, &official, &envelope_text(&signed)).await;
            (text.id, Some(strict.id), Some(gone.id), Some(apart.id))
        } else {
            let wide = send_request(&raw, &owner, plain).await;
            approve(&owner, &official, &wide).await.expect("an approval");
            (wide, None, None, None)
        };
        Self { owner, official, raw, wide, strict, suspended, unshared, once, old, waiting, denied }
    }

    /// The query of an officer of the peer, with everything that any policy demands.
    #[must_use]
    pub fn query(&self) -> Query {
        let asked = query(self.raw.id(), self.owner.id(), PLATE, self.owner.now());
        Query { authority: Some(self.wide.clone()), ..asked }
    }

    /// Asks what the row says, sees that exactly that becomes of it, and that the log says so.
    ///
    /// # Panics
    /// When anything else does.
    pub async fn judge(&self, row: &PolicyCase) {
        if let Some((kind, state)) = row.peer {
            add_card_as(&self.owner, &self.raw.identity, Some(kind), Some(state)).await;
        }
        let mut query = self.query();
        query.requester.session = Some(session_at(query.at));
        (row.change)(&mut query, self);
        let searches = self.owner.store().searches();
        let reply = self.raw.ask(&self.owner, &self.raw.identity.sign(Signed::Query, &query)).await;
        let what = format!("{}: {} {:?}", self.owner.id(), row.what, row.peer);
        if row.expected.is_empty() {
            self.released(&query, reply, row.count, &what).await;
        } else {
            let reasons = reply.refused(&self.owner.identity.card.message_key);
            assert_reasons(&reasons, &row.expected, &what);
            assert_eq!(self.owner.store().searches(), searches, "{what}: nothing is searched");
            let log = self.owner.log().await;
            let entry = log.entries().last().expect("an entry");
            assert_eq!(entry.header.kind, EntryKind::QueryRefused, "{what}");
            assert_eq!((entry.access().query_id, &entry.access().reasons), (query.id, &reasons));
            assert_eq!(log.exchange(query.id), [EntryKind::QueryRefused], "{what}");
            // Who, what and why, as the statute has it (Civil Code 1798.90.52(a)).
            assert_eq!(entry.access().elements, query.elements, "{what}");
            assert_eq!(entry.access().why, query.why, "{what}");
            let user = entry.body.actor.user.as_ref().map(ToString::to_string);
            assert_eq!(user.as_deref(), Some(OFFICER), "{what}");
            assert_eq!(entry.body.actor.agency, *self.raw.id(), "{what}");
        }
        if row.peer.is_some() {
            let sheriff = Some(AgencyKind::Sheriff);
            add_card_as(&self.owner, &self.raw.identity, sheriff, None).await;
        }
    }

    async fn released(&self, query: &Query, reply: Reply, count: u32, what: &str) {
        let Reply::Answer { envelope, .. } = reply else { panic!("{what}: {reply:?}") };
        let key = &self.owner.identity.card.message_key;
        let answer: Answer = envelope.verified_json(Signed::Answer, key).expect("an answer");
        assert_eq!((answer.query_id, answer.count), (query.id, count), "{what}");
        let log = self.owner.log().await;
        let entry = log.last(EntryKind::QueryAnswered).access().clone();
        assert_eq!((entry.query_id, entry.count), (query.id, Some(count)), "{what}");
        assert_eq!(entry.basis.map(|basis| basis.authority), query.authority, "{what}");
    }
}

/// Exactly these codes, in order, each with its section among the citations.
///
/// # Panics
/// When they are others.
pub fn assert_reasons(reasons: &[Reason], expected: &[(RefusalCode, &str)], what: &str) {
    let mut codes: Vec<_> = reasons.iter().map(|reason| reason.code).collect();
    codes.dedup();
    let mut wanted: Vec<_> = expected.iter().map(|(code, _)| *code).collect();
    wanted.sort();
    wanted.dedup();
    assert_eq!(codes, wanted, "{what}: {reasons:?}");
    for (code, section) in expected {
        let found = reasons.iter().filter(|reason| reason.code == *code);
        let cited = found.flat_map(|reason| &reason.citations).any(|c| c.section == *section);
        assert!(cited, "{what}: `{code}` cites {section}, in {reasons:?}");
    }
    assert!(reasons.iter().all(|reason| !reason.message.is_empty()), "{what}: {reasons:?}");
}

/// A written request of the peer, sent over the wire; not decided.
///
/// # Panics
/// When it is not taken in.
pub async fn send_request(raw: &RawPeer, owner: &Agency, scope: RequestScope) -> AuthorityId {
    let suffix = node::exchange::ask::random_id().expect("randomness");
    let request = Request {
        id: format!("{}/req-{suffix}", raw.id()).parse().expect("an authority id"),
        from: raw.id().clone(),
        to: owner.id().clone(),
        requested_by: words("Maria Reyes"),
        user: OFFICER.parse().expect("a user name"),
        purpose: Purpose::StolenVehicle,
        case: words("26-004711"),
        reason: words("Stolen vehicle seen near the harbor"),
        danger: Text::default(),
        after_refusal: None,
        at: owner.now(),
        scope,
    };
    let text = request.to_toml().expect("a request").into_bytes();
    let signed =
        schemas::envelope::Envelope::sign(Signed::Request, text, &raw.identity.message_key);
    let envelope = signed.expect("a request");
    let (reply, _) = raw.say(owner, FrameKind::Document, envelope.as_bytes()).await;
    let reply = reply.expect("a reply");
    assert_eq!(reply.kind, FrameKind::DocumentAck, "{}", String::from_utf8_lossy(&reply.body));
    request.id
}

fn strictly(parties: &[&schemas::agency::AgencyId], now: Timestamp) -> Agreement {
    let clause = |number: &str, governs: &str| Clause {
        number: number.into(),
        text: words("What the parties have agreed on"),
        governs: vec![governs.into()],
    };
    Agreement {
        purposes: vec![Purpose::StolenVehicle],
        lookback_days: 30,
        daily_limit: Some(1),
        case_required: true,
        people_attested: false,
        one_way: false,
        people: Vec::new(),
        clauses: vec![
            clause("2.1", "purposes"),
            clause("2.2", "query_kinds"),
            clause("2.3", "case_required"),
            clause("2.4", "lookback_days"),
            clause("2.5", "daily_limit"),
            clause("3.1", "shares_with"),
            clause("3.2", "suspend"),
        ],
        ..agreement(parties, now)
    }
}

async fn agreed(owner: &Agency, official: &Principal, peer: &Identity, text: &Agreement) {
    propose_as(owner, official, text).await.expect("a proposal");
    let signed = peer.adhere_to_all(text, &known_parties(owner, text), owner.now());
    imports(owner, official, &envelope_text(&signed)).await;
}

async fn imports(owner: &Agency, official: &Principal, signed: &str) {
    agreements::import(owner.own(), owner.store().as_ref(), official, signed)
        .await
        .expect("a document as a file");
}
