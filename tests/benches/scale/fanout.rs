//! One query to every peer.

use std::time::{Duration, Instant};

use node::permission::Principal;
use schemas::draft::Recipients;
use schemas::outcome::OutcomeCode;
use tests::agency::{Agency, Plan};
use tests::federation::{add_card, adhere, propose, wait_for_agreement};
use tests::fixtures::{OFFICER, PLATE, agreement, draft};
use tests::wait::LONGEST;

use crate::database_mb;

/// Fan-outs one after another, and officers who ask at once.
const ONE_BY_ONE: usize = 20;
const AT_ONCE: usize = 4;
/// Reads of other plates at each owner, and the share of owners that have some of the one asked for.
const OTHERS: usize = 100;
const HAVE_SOME: u64 = 30;

/// Xorshift: the same seed draws the same federation.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// Times, in order.
struct Times(Vec<Duration>);

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort();
        Self(times)
    }

    fn quantile(&self, q: f64) -> f64 {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index into at most some thousands of values"
        )]
        let at = (self.0.len().saturating_sub(1) as f64 * q).round() as usize;
        self.0.get(at).copied().unwrap_or_default().as_secs_f64()
    }
}

/// One fan-out: when each answer came.
async fn ask_all(asking: &Agency, peers: usize) -> Vec<Duration> {
    let mut all = draft(&[], PLATE, asking.now());
    all.whom = Recipients::All;
    let begun = Instant::now();
    let mut outcomes = asking
        .node()
        .queries
        .ask(&all, &Principal::of(OFFICER.parse().expect("a user name"), "bench"))
        .expect("a draft that asks");
    let mut times = Vec::with_capacity(peers);
    while let Some(heard) = outcomes.recv().await {
        assert_eq!(heard.outcome, OutcomeCode::Answered, "{heard:?}");
        times.push(begun.elapsed());
    }
    assert_eq!(times.len(), peers, "every peer gives authority and answers");
    times
}

fn show(what: &str, fanouts: &[Vec<Duration>]) {
    let each = Times::of(fanouts.iter().flatten().copied().collect());
    let last = fanouts.iter().filter_map(|times| times.iter().max().copied());
    let all = Times::of(last.collect());
    println!(
        "{what:<44} an answer: p50 {:.2} s, p99 {:.2} s; all of them: p50 {:.2} s, longest {:.2} s",
        each.quantile(0.5),
        each.quantile(0.99),
        all.quantile(0.5),
        all.quantile(1.0)
    );
}

async fn settled(asking: &Agency) {
    let end = Instant::now() + LONGEST * 3;
    while !store::Exchanges::outbox(asking.store().as_ref(), 1).await.expect("one").is_empty() {
        assert!(Instant::now() < end, "letters are left in the outbox");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn federation(peers: usize, seed: u64) -> (Agency, Vec<Agency>) {
    let mut drawn = Drawn(seed.max(1));
    let plan = |id: String| {
        Plan::of(Box::leak(id.into_boxed_str())).bounds(|bounds| bounds.answer_seconds = 30)
    };
    let asking = Agency::of(plan("asking-ca-pd".into())).await;
    let mut owners = Vec::with_capacity(peers);
    for n in 0..peers {
        let owner = Agency::of(plan(format!("owner-{n:03}-ca-pd"))).await;
        add_card(&asking, &owner.identity).await;
        add_card(&owner, &asking.identity).await;
        let some = drawn.below(100) < HAVE_SOME;
        if some {
            let count = 1 + drawn.below(5);
            owner.add_reads(PLATE, usize::try_from(count).expect("few")).await;
        }
        owner.add_reads(&format!("6X{n:05}"), OTHERS).await;
        let text = agreement(&[asking.id(), owner.id()], asking.now());
        propose(&asking, &text, None).await;
        wait_for_agreement(&owner, &text.id).await;
        adhere(&owner, &text, None).await;
        owners.push(owner);
    }
    settled(&asking).await;
    for owner in &owners {
        settled(owner).await;
    }
    (asking, owners)
}

pub(crate) async fn run(peers: usize, seed: u64) {
    let begun = Instant::now();
    let (asking, owners) = federation(peers, seed).await;
    println!(
        "\n{peers} owners, seed {seed}; made in {:.0} s, each with an agreement of its own",
        begun.elapsed().as_secs_f64()
    );
    show("the first fan-out", &[ask_all(&asking, peers).await]);
    settled(&asking).await;

    let sizes = |of: &Agency| (of.context().agency.log.counters().size, database_mb(of.home()));
    let (before, before_owner) = (sizes(&asking), sizes(&owners[0]));
    let mut fanouts = Vec::new();
    for _ in 0..ONE_BY_ONE {
        fanouts.push(ask_all(&asking, peers).await);
        settled(&asking).await;
    }
    show(&format!("{ONE_BY_ONE} fan-outs, one after another"), &fanouts);
    let (after, after_owner) = (sizes(&asking), sizes(&owners[0]));
    for (whose, before, after) in
        [("the requester", before, after), ("an owner", before_owner, after_owner)]
    {
        println!(
            "a fan-out adds {:.1} entries and {:.0} kB to the database of {whose}",
            (after.0 - before.0) as f64 / ONE_BY_ONE as f64,
            (after.1 - before.1) * 1e3 / ONE_BY_ONE as f64,
        );
    }
    let at_once = futures::future::join_all((0..AT_ONCE).map(|_| ask_all(&asking, peers))).await;
    show(&format!("{AT_ONCE} officers at once"), &at_once);
    settled(&asking).await;

    let begun = Instant::now();
    let cosigned = asking.node().have_cosigned_by_all().await;
    println!(
        "the head of the log cosigned by {cosigned} of {peers} peers in {:.2} s",
        begun.elapsed().as_secs_f64()
    );
    let mut asking = asking;
    asking.stop().await;
    let begun = Instant::now();
    asking.run().await;
    println!("the requester is ready again after {:.2} s", begun.elapsed().as_secs_f64());
    show("the first fan-out after that, connecting anew", &[ask_all(&asking, peers).await]);
    settled(&asking).await;
}
