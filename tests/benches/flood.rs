//! What a flooding peer does to honest ones: two agencies ask an owner, with and without a peer that
//! floods it, in turns in one run. All of them, the flooding peer too, share this machine's cores.
//!
//! `cargo bench -p tests --bench flood`. Compare ratios, not times: each flood is compared with the
//! rounds before and after it. Nothing is asserted about time.

#[path = "exchange/measure.rs"]
#[expect(dead_code, reason = "the benchmark of exchanges uses the rest")]
mod measure;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use agreements::request::{Request, RequestScope};
use measure::{Measured, measure};
use node::permission::Principal;
use schemas::answer::Receipt;
use schemas::envelope::{Envelope, Kind as Signed};
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::purpose::Purpose;
use schemas::query::Query;
use schemas::text::Text;
use schemas::time::Timestamp;
use tests::agency::{Agency, Plan};
use tests::federation::{add_card, in_force, introduce, signed_by_both};
use tests::fixtures::{HOUR_MS, OFFICER, PLATE, agreement, draft, id, query, words};
use tests::identity::Identity;
use tests::raw_peer::RawPeer;
use tests::wire::{Reply, Wire};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Honest exchanges in flight, of both agencies together.
const IN_FLIGHT: usize = 4;
/// Honest exchanges of a round.
const EXCHANGES: usize = 3_000;
const ROUNDS: usize = 3;
/// What the flooding peer does at once.
const LANES: usize = 64;

/// What a peer floods with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flood {
    /// Queries that are answered, with their receipts.
    Answered,
    /// Queries that are refused.
    Refused,
    /// Written requests, small and as large as one may be.
    Documents,
    /// Valid signatures over nonsense.
    Nonsense,
    /// TCP connections that bring garbage.
    Connections,
    /// Connections with a handshake of an admitted key, given up at once.
    Handshakes,
    /// Substreams that stop inside a large frame.
    Halves,
}

/// Floods, and how many honest exchanges are in flight beside them.
const FLOODS: [(Flood, usize); 8] = [
    (Flood::Answered, 1),
    (Flood::Answered, IN_FLIGHT),
    (Flood::Refused, IN_FLIGHT),
    (Flood::Documents, IN_FLIGHT),
    (Flood::Nonsense, IN_FLIGHT),
    (Flood::Connections, IN_FLIGHT),
    (Flood::Handshakes, IN_FLIGHT),
    (Flood::Halves, IN_FLIGHT),
];
/// Between two connections of a lane: what a dial costs the flooding side is not to be measured here.
const PAUSE: Duration = Duration::from_millis(50);

struct Stage {
    owner: Agency,
    honest: Vec<Agency>,
    flooding: Arc<RawPeer>,
}

impl Stage {
    async fn set() -> Self {
        let roomy = |id| {
            Plan::of(id).bounds(|bounds| {
                bounds.answer_seconds = 30;
                bounds.receipts_outstanding = 100_000;
                bounds.unproven_exchanges = 100_000;
            })
        };
        let owner = Agency::of(roomy("owning-ca-pd")).await;
        owner.add_reads(PLATE, 3).await;
        let honest =
            vec![Agency::of(roomy("first-ca-pd")).await, Agency::of(roomy("second-ca-pd")).await];
        for agency in &honest {
            introduce(&[agency, &owner]).await;
            in_force(&[agency, &owner]).await;
        }
        let flooding = RawPeer::start("flooding-ca-pd", owner.now());
        add_card(&owner, &flooding.identity).await;
        let text = agreement(&[owner.id(), flooding.id()], owner.now());
        signed_by_both(&owner, &flooding.identity, &text).await;
        Self { owner, honest, flooding: Arc::new(flooding) }
    }

    /// A round of honest exchanges.
    async fn round(&self, in_flight: usize) -> Measured {
        let drafts = draft(&[self.owner.id()], PLATE, self.owner.now());
        measure(EXCHANGES, in_flight, |worker| {
            let asker = self.honest[worker % self.honest.len()].node().queries.clone();
            let draft = drafts.clone();
            async move {
                let mut outcomes = asker
                    .ask(&draft, &Principal::of(OFFICER.parse().expect("a user name"), "bench"))
                    .expect("a draft that asks");
                let heard = outcomes.recv().await.expect("an outcome");
                assert_eq!(heard.outcome, OutcomeCode::Answered, "{heard:?}");
            }
        })
        .await
    }
}

/// One lane of a flood, until told to end; counts what it has sent.
async fn flood(
    what: Flood,
    by: Arc<RawPeer>,
    owner: Identity,
    over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
) {
    while !over.load(Ordering::Relaxed) {
        if matches!(what, Flood::Connections | Flood::Handshakes) {
            match what {
                Flood::Connections => garbage(&owner).await,
                _ => drop(by.connect_to(&owner.card).await),
            }
            sent.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let Some(mut wire) = by.open_to(&owner.card).await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while !over.load(Ordering::Relaxed) {
            sent.fetch_add(1, Ordering::Relaxed);
            if !once(what, &by.identity, &owner, &mut wire).await {
                break;
            }
        }
    }
}

/// A connection that begins as one of nodes does, and goes on with garbage.
async fn garbage(owner: &Identity) {
    let address = owner.card.addresses[0].as_str();
    let port = address.rsplit('/').next().expect("a port");
    let Ok(mut stream) = TcpStream::connect(format!("127.0.0.1:{port}")).await else { return };
    drop(stream.write_all(b"\x13/multistream/1.0.0\n\x0b/tls/1.0.0\ngarbage and more").await);
    let mut end = [0; 64];
    while stream.read(&mut end).await.is_ok_and(|read| read > 0) {}
}

/// Sends one thing; whether the substream goes on.
async fn once(what: Flood, by: &Identity, owner: &Identity, wire: &mut Wire) -> bool {
    let now = audit_log::clock::Clock::system().now();
    if what == Flood::Documents {
        let request = document(by, owner, now);
        return wire.send(FrameKind::Document, request.as_bytes()).await.is_ok()
            && wire.next().await.is_some();
    }
    let one = query(&by.id, &owner.id, PLATE, now);
    let signed = match what {
        Flood::Answered => by.sign(Signed::Query, &one),
        Flood::Refused => {
            by.sign(Signed::Query, &Query { at: now.plus_millis(-HOUR_MS), ..one.clone() })
        }
        Flood::Nonsense => by.sign(Signed::Query, &Query { to: id("other-ca-pd"), ..one.clone() }),
        Flood::Halves | Flood::Connections | Flood::Handshakes | Flood::Documents => {
            let head = [&30_005u32.to_be_bytes()[..], &[FrameKind::Query as u8], &[0; 4]].concat();
            let half = [head, vec![b' '; 29_000]].concat();
            return wire.send_bytes(&half).await.is_ok() && wire.next().await.is_some();
        }
    };
    if wire.send(FrameKind::Query, signed.as_bytes()).await.is_err() {
        return false;
    }
    match Reply::read(wire).await {
        Reply::Answer { envelope, .. } => receipted(by, owner, &one, &envelope, wire).await,
        Reply::Refusal(_) | Reply::Failed(_) => true,
        Reply::Closed(_) => false,
    }
}

/// A written request under a new id; every second one as large as it may be.
fn document(by: &Identity, owner: &Identity, now: Timestamp) -> Envelope {
    let slug = node::exchange::ask::random_id().expect("randomness");
    let request = Request {
        id: format!("{}/req-{slug}", by.id).parse().expect("an id"),
        from: by.id.clone(),
        to: owner.id.clone(),
        requested_by: words("Mal Lory"),
        user: "m.lory".parse().expect("a user"),
        purpose: Purpose::StolenVehicle,
        case: words("26-00417"),
        reason: words("Stolen this morning"),
        danger: Text::default(),
        after_refusal: None,
        at: now,
        scope: RequestScope { uses: Some(1), ..RequestScope::default() },
    };
    let mut text = request.to_toml().expect("a request");
    if slug.to_string().ends_with(char::is_numeric) {
        text += &"# filler\n".repeat((8_192 - text.len()) / 9);
    }
    Envelope::sign(Signed::Request, text.into_bytes(), &by.message_key).expect("an envelope")
}

async fn receipted(
    by: &Identity,
    owner: &Identity,
    query: &Query,
    answer: &Envelope,
    wire: &mut Wire,
) -> bool {
    let receipt = Receipt {
        query_id: query.id,
        answer_digest: answer.digest(),
        from: by.id.clone(),
        to: owner.id.clone(),
        at: query.at,
    };
    let receipt = by.sign(Signed::Receipt, &receipt);
    wire.send(FrameKind::Receipt, receipt.as_bytes()).await.is_ok() && wire.next().await.is_some()
}

/// Megabytes that this process holds.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 =
        text.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages * 4_096.0 / 1e6
}

async fn run() {
    let stage = Stage::set().await;
    drop(stage.round(IN_FLIGHT).await);
    println!("two honest agencies; {LANES} lanes of one flooding peer\n");
    println!(
        "{:<12} {:>9} {:>21} {:>21} {:>7} {:>12} {:>12}",
        "flood",
        "in flight",
        "p50, p99 without",
        "p50, p99 with",
        "p99 ×",
        "flood sent/s",
        "memory +MB"
    );
    for (what, in_flight) in FLOODS {
        let (mut without, mut with) = (Measured::default(), Measured::default());
        let (mut sent_all, mut took) = (0, Duration::ZERO);
        let before = resident();
        let mut most = before;
        for _ in 0..ROUNDS {
            without.add(stage.round(in_flight).await);
            let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
            let lanes: Vec<_> = (0..LANES)
                .map(|_| {
                    let owner = stage.owner.identity.clone();
                    let (by, over, sent) = (stage.flooding.clone(), over.clone(), sent.clone());
                    tokio::spawn(flood(what, by, owner, over, sent))
                })
                .collect();
            let began = std::time::Instant::now();
            with.add(stage.round(in_flight).await);
            took += began.elapsed();
            sent_all += sent.load(Ordering::Relaxed);
            most = most.max(resident());
            over.store(true, Ordering::Relaxed);
            for lane in &lanes {
                lane.abort();
            }
        }
        let ms = |measured: &mut Measured, q| measured.quantile(q).as_secs_f64() * 1e3;
        let (p50, p99) = (ms(&mut without, 0.5), ms(&mut without, 0.99));
        let (flooded50, flooded99) = (ms(&mut with, 0.5), ms(&mut with, 0.99));
        println!(
            "{:<12} {in_flight:>9} {:>8.2} ms {:>7.2} ms {:>8.2} ms {:>7.2} ms {:>7.2} {:>12.0} {:>12.0}",
            format!("{what:?}").to_lowercase(),
            p50,
            p99,
            flooded50,
            flooded99,
            flooded99 / p99,
            sent_all as f64 / took.as_secs_f64(),
            most - before
        );
    }
}

fn main() {
    // `cargo test --benches` and listing runs pass flags of their own: measure only when asked to.
    if !std::env::args().any(|arg| arg == "--bench") {
        println!("run with `cargo bench -p tests --bench flood`");
        return;
    }
    tokio::runtime::Runtime::new().expect("a runtime").block_on(run());
}
