//! Reconciling two logs over loopback, each with a million exchanges of 300 days.
//!
//! `cargo bench -p tests --bench reconcile`; `ACCORD_EXCHANGES=100000` for fewer. The logs are real:
//! every entry is appended through the node's own writer. What is measured is `audit reconcile` of a
//! running node with another one: both trees made, the statement signed and logged, the differences
//! found, their entries read as evidence.

use std::time::Instant;

use audit_log::entry::Entry;
use node::exchange::statements::Reconciler;
use schemas::body::{Access, Outcome};
use schemas::digest::Digest;
use schemas::entry::EntryKind;
use schemas::outcome::OutcomeCode;
use schemas::query::{Query, QueryId};
use schemas::time::Timestamp;
use store::{Asked, Receipted, Served, Settled, StateChanges};
use tests::agency::Agency;
use tests::federation::sharing_pair;
use tests::fixtures;

const DAYS: u64 = 300;
const DAY_MS: i64 = 86_400_000;
const LANES: u64 = 1_000;
/// One exchange in so many of the first hundred thousand is unknown to the owner.
const MISSING: u64 = 10_000;

fn id(n: u64) -> QueryId {
    let digest = Digest::of(&n.to_be_bytes());
    let mut id = [0; 16];
    id.iter_mut().zip(digest.as_bytes()).for_each(|(to, from)| *to = *from);
    QueryId::from_bytes(id)
}

/// Both entries of one side about exchange `n`.
fn entries(of: &Agency, query: &Query, n: u64, asks: bool) -> [Entry; 2] {
    let days = i64::try_from(n % DAYS).expect("days");
    let query = Query { id: id(n), at: query.at.plus_millis(-days * DAY_MS), ..query.clone() };
    let [asked, answer, receipt] =
        ["q", "a", "r"].map(|of| Digest::of(format!("{of}{n}").as_bytes()));
    let access = |outcome| Access { query_digest: Some(asked), ..Access::of(&query, outcome) };
    let actor = of.context().agency.node_actor();
    let (peer, query_id, asked_at) =
        (if asks { &query.to } else { &query.from }, query.id, query.at);
    let entry = |kind, outcome, effects| {
        let access = access(outcome);
        Entry::new(kind, actor.clone()).with_peer(peer).with_access(access).effecting(effects)
    };
    if asks {
        let sent = Asked { query_id, owner: query.to.clone(), asked_at, query: asked };
        let settled = Settled {
            query_id,
            outcome: OutcomeCode::Answered,
            authority: None,
            reply: Some(answer),
            receipt: Some(receipt),
        };
        return [
            entry(
                EntryKind::QuerySent,
                Outcome::Sent,
                StateChanges { asked: Some(sent), ..StateChanges::default() },
            ),
            entry(
                EntryKind::AnswerReceived,
                Outcome::Answered,
                StateChanges { settled: Some(settled), ..StateChanges::default() },
            ),
        ];
    }
    let served = Served {
        query_id,
        requester: query.from.clone(),
        asked_at,
        query_digest: asked,
        reply_digest: answer,
        answered: true,
        kept: true,
        authority: None,
        released: None,
    };
    let receipted = Receipted { requester: query.from.clone(), query_id, receipt };
    [
        entry(
            EntryKind::QueryAnswered,
            Outcome::Answered,
            StateChanges { served: Some(served), ..StateChanges::default() },
        ),
        entry(
            EntryKind::ReceiptRecorded,
            Outcome::Receipted,
            StateChanges { receipted: Some(receipted), ..StateChanges::default() },
        ),
    ]
}

async fn fill(agency: &Agency, query: &Query, count: u64, asks: bool, missing: bool) {
    let lanes = (0..LANES).map(|lane| async move {
        for n in (lane..count).step_by(LANES as usize) {
            if missing && n < 10 * MISSING && n % MISSING == 0 {
                continue;
            }
            for entry in entries(agency, query, n, asks) {
                agency.context().agency.log.append(entry).await.expect("an append");
            }
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
    let (asking, owning, _) = sharing_pair().await;
    let at = asking.now().plus_millis(-DAY_MS);
    let query = fixtures::query(asking.id(), owning.id(), fixtures::PLATE, at);
    let started = Instant::now();
    tokio::join!(
        fill(&asking, &query, count, true, false),
        fill(&owning, &query, count, false, true)
    );
    println!("{count} exchanges appended on each side in {:.1?}", started.elapsed());
    for _ in 0..3 {
        compare(&asking, &owning, "10 differences").await;
    }
    fill_missing(&owning, &query).await;
    for _ in 0..3 {
        compare(&asking, &owning, "logs that agree").await;
    }
    println!("peak memory of both nodes together: {} MB", peak_mb());
}

/// What the owner did not know of, after all.
async fn fill_missing(owning: &Agency, query: &Query) {
    for n in (0..10 * MISSING).step_by(MISSING as usize) {
        for entry in entries(owning, query, n, false) {
            owning.context().agency.log.append(entry).await.expect("an append");
        }
    }
}
