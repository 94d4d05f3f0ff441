//! Two agencies, a thread each, and what exchanges between them cost both.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use futures::future::join_all;
use schemas::outcome::OutcomeCode;
use tests::agency::{Agency, Plan};
use tests::federation;
use tests::fixtures::{PLATE, draft};
use tests::side::Side;
use tests::wait::eventually;
use tokio::sync::oneshot;

use super::database::{Database, Written};
use super::side::{Counted, counted};

/// Bytes of a page of a SQLite database.
const PAGE: u64 = 4_096;

/// Two agencies with an agreement in force.
pub(super) struct Pair {
    // The agencies end before the threads that they run on.
    agencies: [Arc<Agency>; 2],
    databases: [Database; 2],
    sides: [Side; 2],
}

/// What exchanges, or whatever else was counted, cost one side.
#[derive(Debug)]
pub(super) struct Cost {
    /// How many there were.
    pub(super) times: u64,
    pub(super) counted: Counted,
    pub(super) written: Written,
    /// Calls of the store, by the name of each.
    pub(super) called: BTreeMap<&'static str, u64>,
}

/// The most of each that one of them may cost a side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) signed: f64,
    pub(super) verified: f64,
    pub(super) compressed: f64,
    pub(super) frames: f64,
    pub(super) frame_bytes: f64,
    pub(super) allocations: f64,
    pub(super) allocated: f64,
    pub(super) calls: f64,
    pub(super) commits: f64,
    pub(super) pages: f64,
    pub(super) rows: f64,
    /// Bytes by which the database grew, in whole pages.
    pub(super) kept: f64,
}

impl Cost {
    #[expect(clippy::cast_precision_loss, reason = "counts of at most some millions")]
    fn each(&self, count: u64) -> f64 {
        count as f64 / self.times as f64
    }

    /// What one of them cost, by what.
    fn ledger(&self) -> [(&'static str, f64); 12] {
        let Counted { work, allocations, allocated } = self.counted;
        let rows: u64 = self.written.rows.values().map(|n| n.unsigned_abs()).sum();
        [
            ("signatures made", self.each(work.signed)),
            ("signatures verified", self.each(work.verified)),
            ("blocks hashed", self.each(work.compressed)),
            ("frames sent", self.each(work.frames)),
            ("bytes sent", self.each(work.frame_bytes)),
            ("allocations", self.each(allocations)),
            ("bytes allocated", self.each(allocated)),
            ("calls of the store", self.each(self.called.values().sum())),
            ("commits", self.each(self.written.commits.into())),
            ("pages written", self.each(self.written.frames.into())),
            ("rows kept", self.each(rows)),
            ("bytes kept", self.each(u64::from(self.written.grown) * PAGE)),
        ]
    }
}

impl Bounds {
    fn each(&self) -> [f64; 12] {
        [
            self.signed,
            self.verified,
            self.compressed,
            self.frames,
            self.frame_bytes,
            self.allocations,
            self.allocated,
            self.calls,
            self.commits,
            self.pages,
            self.rows,
            self.kept,
        ]
    }
}

/// Calls of the store of an agency since it had counted so many, by the name of each.
pub(super) fn more_calls(
    agency: &Agency,
    before: &BTreeMap<&'static str, u64>,
) -> BTreeMap<&'static str, u64> {
    let mut now = agency.store().called();
    for (what, times) in before {
        *now.entry(what).or_default() -= times;
    }
    now.retain(|_, times| *times > 0);
    now
}

/// Holds what each cost to its bounds.
pub(super) fn hold(costs: &[(&str, &Cost, &Bounds)]) {
    let mut above = String::new();
    for (side, cost, bounds) in costs {
        for ((what, is), most) in cost.ledger().into_iter().zip(bounds.each()) {
            println!("{side:<10} {what:<20} {is:>10.2}, at most {most:.2}");
            if is > most {
                writeln!(above, "{side}: {is:.2} {what}, at most {most:.2}").expect("a line");
            }
        }
        println!("{side:<10} rows {:?}, calls {:?}", cost.written.rows, cost.called);
    }
    assert!(above.is_empty(), "more is paid than is stated:\n{above}");
}

impl Pair {
    pub(super) async fn start() -> Self {
        let sides = [Side::start("asking"), Side::start("owning")];
        let plan = |id| {
            Plan::of(id).bounds(|bounds| {
                bounds.answer_seconds = 30;
                bounds.receipts_outstanding = 100_000;
            })
        };
        let asking = sides[0].run(move || Agency::of(plan("asking-ca-pd"))).await;
        let owning = sides[1].run(move || Agency::of(plan("owning-ca-pd"))).await;
        federation::introduce(&[&asking, &owning]).await;
        owning.add_reads(PLATE, 3).await;
        federation::in_force(&[&asking, &owning]).await;
        let databases = [Database::of(asking.home()).await, Database::of(owning.home()).await];
        Self { agencies: [Arc::new(asking), Arc::new(owning)], databases, sides }
    }

    /// So many exchanges, some at once: what they and all that follows them cost both sides.
    pub(super) async fn exchanges(&mut self, count: u64, at_once: u64) -> [Cost; 2] {
        // One more begins the write-ahead logs anew.
        for database in &mut self.databases {
            database.write_back().await;
        }
        self.counted(1, 1).await;
        let [asking, owning] = &mut self.databases;
        let before = [asking.stand().await, owning.stand().await];
        let called = self.agencies.each_ref().map(|agency| agency.store().called());
        let counted = self.counted(count, at_once).await;
        let more = |n: usize| more_calls(&self.agencies[n], &called[n]);
        let called = [more(0), more(1)];
        let [asking, owning] = &mut self.databases;
        let stands = [asking.stand().await, owning.stand().await];
        let [called_asking, called_owning] = called;
        let cost = |n: usize, called| Cost {
            times: count,
            counted: counted[n],
            written: stands[n].since(&before[n]),
            called,
        };
        [cost(0, called_asking), cost(1, called_owning)]
    }

    /// The exchanges, up to where nothing of them is under way any more.
    async fn counted(&mut self, count: u64, at_once: u64) -> [Counted; 2] {
        let Self { agencies, databases, sides } = self;
        let (over, wait) = oneshot::channel::<()>();
        let owning = counted(&sides[1], || async { drop(wait.await) });
        let (answered, last) = oneshot::channel();
        let (end, ends) = oneshot::channel::<()>();
        let both = agencies.clone();
        let asking = counted(&sides[0], move || async move {
            for _ in 0..count / at_once {
                join_all((0..at_once).map(|_| exchange(&both))).await;
            }
            let _gone = answered.send(());
            drop(ends.await);
        });
        let settled = async {
            last.await.expect("answers");
            settled(agencies, &mut databases[0]).await;
            let _gone = (end.send(()), over.send(()));
        };
        let (((), asking), ((), owning), ()) = tokio::join!(asking, owning, settled);
        [asking, owning]
    }

    /// Stops both nodes, on their own threads.
    pub(super) async fn stop(self) {
        let Self { agencies, sides, databases } = self;
        drop(databases);
        for (agency, side) in agencies.into_iter().zip(&sides) {
            let mut agency = Arc::into_inner(agency).expect("nobody else's agency");
            side.run(move || async move { agency.stop().await }).await;
        }
    }
}

async fn exchange(agencies: &[Arc<Agency>; 2]) {
    let [asking, owning] = agencies;
    let mut outcomes = asking
        .node()
        .queries
        .ask(&draft(&[owning.id()], PLATE, asking.now()), &asking.officer())
        .expect("a draft that asks");
    let heard = outcomes.recv().await.expect("an outcome");
    assert_eq!((heard.outcome, heard.reads.len()), (OutcomeCode::Answered, 3), "{heard:?}");
    recorded(owning).await;
}

/// Waits until every receipt is recorded.
async fn recorded(owning: &Agency) {
    eventually("every answer is receipted", async || {
        owning.own().log.counters().unreceipted_since.is_empty().then_some(())
    })
    .await;
}

/// Waits until nothing of any exchange is under way: what each showed of its log is proven, and receipts
/// are out of the outbox. Looked at from a thread of neither side.
async fn settled(agencies: &[Arc<Agency>; 2], outbox: &mut Database) {
    let [asking, owning] = agencies;
    recorded(owning).await;
    eventually("what was shown is proven", async || {
        let waiting = |at: &Agency, of: &Agency| at.context().observed.waiting(of.id()).len();
        (waiting(asking, owning) + waiting(owning, asking) == 0).then_some(())
    })
    .await;
    eventually("the outbox is empty", async || (outbox.outbox().await == 0).then_some(())).await;
}
