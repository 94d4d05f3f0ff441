//! Reconciling two logs over loopback, each with a million exchanges of 300 days.
//!
//! `cargo bench -p tests --bench reconcile`; `ACCORD_EXCHANGES=100000` for fewer. The logs are real:
//! every entry is appended through the node's own writer, with messages that both sides signed. What is
//! measured is `audit reconcile` of a running node with another one: both trees made, the statement
//! signed and logged, the differences found, their entries read as evidence.

use std::io::Cursor;
use std::time::Instant;

use audit::BundleFile;
use audit_log::entries::exchange::SignedQuery;
use audit_log::entries::exchange::answering::{AnswerReady, query_answered, receipt_recorded};
use audit_log::entries::exchange::asking::{AnswerVerified, answer_received, query_sent};
use audit_log::entry::Entry;
use node::exchange::statements::Reconciler;
use schemas::agency::AgencyId;
use schemas::answer::{Answer, Basis, DecidedBy, Receipt, Released};
use schemas::authority::AuthorityId;
use schemas::body::{Actor, Body};
use schemas::bundle::Line;
use schemas::digest::Digest;
use schemas::entry::Header;
use schemas::envelope::{Envelope, Kind};
use schemas::key::SecretKey;
use schemas::merkle::{self, Frontier};
use schemas::query::{Query, QueryId};
use schemas::text::Text;
use schemas::time::Timestamp;
use tests::agency::Agency;
use tests::federation::sharing_pair;
use tests::fixtures;

const DAYS: u64 = 300;
const DAY_MS: i64 = 86_400_000;
const LANES: u64 = 1_000;
/// One exchange in so many of the first hundred thousand is unknown to the owner.
const MISSING: u64 = 10_000;
/// Receipts that a lane takes out of the outbox at once.
const RECEIPTS: usize = 100;

fn id(n: u64) -> QueryId {
    let digest = Digest::of(&n.to_be_bytes());
    let mut id = [0; 16];
    id.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    QueryId::from_bytes(id)
}

/// What exchanges are made of.
struct Exchanges {
    /// The query that each of them repeats, under an id and at a time of its own.
    query: Query,
    authority: AuthorityId,
    requester: SecretKey,
    owner: SecretKey,
}

/// One exchange, as both sides signed it.
struct Exchange {
    query: Query,
    query_envelope: Envelope,
    answer: Answer,
    answer_envelope: Envelope,
    receipt: Receipt,
    receipt_envelope: Envelope,
}

impl Exchanges {
    fn nth(&self, n: u64) -> Exchange {
        let days = i64::try_from(n % DAYS).expect("days");
        let at = self.query.at.plus_millis(-days * DAY_MS);
        let query = Query { id: id(n), at, ..self.query.clone() };
        let query_envelope = signed(Kind::Query, &query, &self.requester);
        let answer = Answer {
            query_id: query.id,
            query_digest: query_envelope.digest(),
            from: query.to.clone(),
            to: query.from.clone(),
            at,
            decided_by: DecidedBy { policy: Digest::of(b"a policy"), rules: 1 },
            basis: Basis {
                authority: self.authority.clone(),
                version: 1,
                text: Digest::of(b"a text"),
                decision: None,
            },
            released: Released {
                from: query.elements.from,
                until: query.elements.until,
                limit: query.limit,
                images: false,
                cuts: Vec::new(),
            },
            count: 0,
            truncated: false,
            notice: Text::default(),
            pages: Vec::new(),
            images: Vec::new(),
            images_beyond: 0,
        };
        let answer_envelope = signed(Kind::Answer, &answer, &self.owner);
        let receipt = Receipt {
            query_id: query.id,
            answer_digest: answer_envelope.digest(),
            from: query.from.clone(),
            to: query.to.clone(),
            at,
        };
        let receipt_envelope = signed(Kind::Receipt, &receipt, &self.requester);
        Exchange { query, query_envelope, answer, answer_envelope, receipt, receipt_envelope }
    }
}

fn signed<T: serde::Serialize>(kind: Kind, message: &T, key: &SecretKey) -> Envelope {
    Envelope::sign_json(kind, message, key).expect("a signed message")
}

impl Exchange {
    fn signed_query(&self) -> SignedQuery<'_> {
        SignedQuery { query: &self.query, envelope: &self.query_envelope }
    }

    /// Both entries of the requester.
    fn asked(&self, requester: &Agency) -> [Entry; 2] {
        let actor = requester.context().agency.node_actor();
        let verified = AnswerVerified {
            query: self.signed_query(),
            answer: &self.answer,
            envelope: &self.answer_envelope,
            receipt: &self.receipt_envelope,
            theirs: None,
            pages: Vec::new(),
            reads: &[],
            kept_until: self.answer.at,
        };
        [query_sent(actor.clone(), self.signed_query()), answer_received(actor, verified)]
    }

    /// Both entries of the owner.
    fn answered(&self, owner: &Agency) -> [Entry; 2] {
        let agency = &owner.context().agency;
        let ready = AnswerReady {
            query: self.signed_query(),
            answer: &self.answer,
            envelope: &self.answer_envelope,
            theirs: None,
            pages: Vec::new(),
            photographs: Vec::new(),
            released: None,
            reads: &[],
            kept_until: self.answer.at,
            seen: 0,
            lapses: Timestamp::MAX,
            uses: None,
            daily: None,
            receipts_outstanding: u32::MAX,
            reserved: Box::new(()),
        };
        let actor = Actor::peer(&self.query.from);
        let receipted = receipt_recorded(0, actor, &self.receipt, &self.receipt_envelope, None);
        [query_answered(&agency.registry.state(), ready), receipted]
    }
}

async fn append(agency: &Agency, entries: [Entry; 2]) {
    for entry in entries {
        agency.context().agency.log.append(entry).await.expect("an append");
    }
}

/// Fills the requester's log. Its owner is not running: receipts that wait for it are taken out of the
/// outbox as if they had come.
async fn fill_requester(asking: &Agency, exchanges: &Exchanges, count: u64) {
    let lanes = (0..LANES).map(|lane| async move {
        let mut receipts = Vec::new();
        for n in (lane..count).step_by(LANES as usize) {
            let exchange = exchanges.nth(n);
            append(asking, exchange.asked(asking)).await;
            receipts.push((exchange.query.to.clone(), exchange.receipt_envelope.digest()));
            if receipts.len() == RECEIPTS {
                delivered(asking, &mut receipts).await;
            }
        }
        delivered(asking, &mut receipts).await;
    });
    futures::future::join_all(lanes).await;
}

async fn delivered(asking: &Agency, receipts: &mut Vec<(AgencyId, Digest)>) {
    asking.context().agency.log.delivered(receipts).await.expect("an outbox");
    receipts.clear();
}

async fn fill_owner(owning: &Agency, exchanges: &Exchanges, count: u64) {
    let lanes = (0..LANES).map(|lane| async move {
        for n in (lane..count).step_by(LANES as usize) {
            if n < 10 * MISSING && n % MISSING == 0 {
                continue;
            }
            append(owning, exchanges.nth(n).answered(owning)).await;
        }
    });
    futures::future::join_all(lanes).await;
}

async fn compare(asking: &Agency, owning: &Agency, what: &str) {
    let node = asking.node();
    let started = Instant::now();
    let report = Reconciler::of(&node.context)
        .reconcile(
            node.peers.as_ref(),
            &asking.admin(),
            owning.id(),
            Timestamp::MIN,
            Timestamp::MAX,
        )
        .await
        .expect("a comparison");
    println!(
        "{what:<28} {:>8.2?}   {:>9} bytes   {} matched, {} findings, {} open",
        started.elapsed(),
        report.bytes_exchanged,
        report.matched,
        report.findings.len(),
        report.open
    );
}

/// The most memory that this process, with both nodes in it, has taken, in MB.
fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kb.unwrap_or(0) / 1_024
}

#[tokio::main(flavor = "multi_thread")]
async fn main() {
    let count = std::env::var("ACCORD_EXCHANGES").ok().and_then(|n| n.parse().ok());
    let count: u64 = count.unwrap_or(1_000_000);
    let (asking, mut owning, authority) = sharing_pair().await;
    let at = asking.now().plus_millis(-DAY_MS);
    let exchanges = Exchanges {
        query: fixtures::query(asking.id(), owning.id(), fixtures::PLATE, at),
        authority,
        requester: asking.context().message_key(),
        owner: owning.context().message_key(),
    };
    let started = Instant::now();
    owning.stop().await;
    fill_requester(&asking, &exchanges, count).await;
    owning.run().await;
    fill_owner(&owning, &exchanges, count).await;
    println!("{count} exchanges appended on each side in {:.1?}", started.elapsed());
    for _ in 0..3 {
        compare(&asking, &owning, "10 differences").await;
    }
    // What the owner did not know of, after all.
    for n in (0..10 * MISSING).step_by(MISSING as usize) {
        append(&owning, exchanges.nth(n).answered(&owning)).await;
    }
    for _ in 0..3 {
        compare(&asking, &owning, "logs that agree").await;
    }
    println!("peak memory of both nodes together: {} MB", peak_mb());
    restart(&mut owning).await;
    for agency in [&asking, &owning] {
        verify(agency, [&asking, &owning]);
    }
}

/// A start with a log of exchanges alone, whose tables are counted anew.
async fn restart(agency: &mut Agency) {
    let size = agency.context().agency.log.counters().size;
    agency.stop().await;
    let started = Instant::now();
    agency.run().await;
    println!("ready after {:.2?} with {size} entries", started.elapsed());
}

/// Processor time that this process has taken, of all its threads, in seconds.
fn processor_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |nth: usize| -> f64 {
        after.split_whitespace().nth(nth).and_then(|n| n.parse().ok()).unwrap_or(0.0)
    };
    // User and system time, in hundredths of a second on every Linux.
    (ticks(11) + ticks(12)) / 100.0
}

/// What judging a log takes with all that its bodies repeat derived again, and what it takes to read
/// it, hash it and check every signature in it and nothing else.
fn verify(of: &Agency, both: [&Agency; 2]) {
    let path = of.home().join("whole.bundle");
    let out = path.to_str().expect("UTF-8");
    of.accord(&["audit", "export", "--out", out]).done();
    let bytes = std::fs::read(&path).expect("a bundle");
    let pins = both
        .map(|agency| {
            let key = agency.identity.card.agency_key.fingerprint();
            (agency.id().clone(), vec![key])
        })
        .into();
    let began = processor_seconds();
    let report = BundleFile::new("whole", Cursor::new(&bytes)).check(&pins, |_, _, _, _| {});
    let report = report.expect("a report");
    let whole = processor_seconds() - began;
    let began = processor_seconds();
    let signatures = signatures_alone(&bytes, both);
    let alone = processor_seconds() - began;
    println!(
        "{}: verified in {whole:.1} s of a core, read, hashed and {signatures} signatures checked alone in {alone:.1} s: {:.2} times; {} problems",
        of.id(),
        whole / alone,
        report.problems.len(),
    );
}

fn signatures_alone(bundle: &[u8], both: [&Agency; 2]) -> u64 {
    let keys = both.map(|agency| agency.identity.card.message_key);
    let (mut tree, mut signatures) = (Frontier::new(), 0);
    for line in bundle.split(|byte| *byte == b'\n').skip(1).filter(|line| !line.is_empty()) {
        let Ok(Line::Entry(item)) = Line::parse(line) else { continue };
        let header = Header::from_bytes(item.entry.header.as_bytes()).expect("a header");
        tree.push(merkle::leaf(item.entry.header.as_bytes()));
        let (salt, body) = (item.entry.salt.expect("a salt"), item.entry.body.expect("a body"));
        assert!(header.commits_to(&salt, body.as_bytes()));
        let _: Body = serde_json::from_str(&body).expect("a body");
        for text in item.entry.envelope.iter().flat_map(|lines| lines.lines()) {
            let envelope = Envelope::parse(text.as_bytes()).expect("an envelope");
            let kind = envelope.kind();
            let of = usize::from(matches!(kind, Kind::Answer));
            if matches!(kind, Kind::Query | Kind::Answer | Kind::Receipt) {
                envelope.verified(kind, &keys[of]).expect("a signature");
                signatures += 1;
            }
        }
    }
    std::hint::black_box(tree.root());
    signatures
}
