//! What the others must see of a dishonest agency, and by when. It is judged at the end of a life, when
//! nothing else goes wrong: the agency does once more what it is about, in the open, and whoever can see it
//! has some time to. What cannot be seen from what an agency shows, such as reads that it never lets out,
//! is no matter of a rule.

use std::io::Cursor;
use std::time::Duration;

use audit::check::UNPINNED;
use audit::reconcile::{Class, Finding};
use audit::{BundleFile, two_bundles};
use node::exchange::ask::QueryOutcome;
use node::exchange::statements::Reconciler;
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::refusal::RefusalCode;
use schemas::time::Timestamp;
use store::{Debts as _, Exchanges as _, Heads as _};

use super::{Dishonesty, deeds, is_made_up};
use crate::agency::UNPROVEN_SECONDS;
use crate::dice::Dice;
use crate::rules;
use crate::store::at_once;
use crate::world::World;

/// How long exchanges may be under way, and somewhat more: from then on a comparison tells all of them.
const SETTLED: Duration = Duration::from_secs(400);
/// How long a contradiction may take to be seen: as long as a peer may leave its heads unproven, and two
/// rounds of cosigning.
const CONTRADICTED: Duration = Duration::from_secs(UNPROVEN_SECONDS as u64 + 1_300);
/// How often a node may ask, or answer, for proofs meanwhile: every quarter of a minute once of each other,
/// and as often for each of them.
const MOST_ASKED: u64 = CONTRADICTED.as_secs() / 15 * 10;
/// How long a rejection takes to stand in the log.
const REJECTED: Duration = Duration::from_secs(60);
/// How long a receipt may be owed, and somewhat more.
const RECEIPT_HOURS: u64 = 26;

/// The dishonest agency does what it is about once more, in the open, and is seen.
pub(crate) async fn is_seen(world: &World) {
    let Some((at, how)) = world.liar.who() else { return };
    let dice = Dice::of(world.script.seed ^ 0x5ee_0d15);
    deeds::deed(world, &dice).await;
    match how {
        Dishonesty::WithholdsReceipts => receipts_are_missed(world, at).await,
        Dishonesty::WithholdsProofs => {
            all_ask(world, at).await;
            tokio::time::sleep(SETTLED).await;
            proofs_are_missed(world, at).await;
        }
        Dishonesty::HidesExchanges => {
            all_ask(world, at).await;
            tokio::time::sleep(SETTLED).await;
            hidden_are_found(world, at).await;
        }
        Dishonesty::KeepsBackTheEnd => {
            all_ask(world, at).await;
            cosign(world, at).await;
            the_end_is_missed(world, at).await;
        }
        // Whoever is shown one says so itself, at any time.
        Dishonesty::MakesUpReads => drop(all_ask(world, at).await),
        Dishonesty::RewritesBodies => {
            all_ask(world, at).await;
            wait_quietly(world).await;
            let must_see: Vec<usize> = world.liar.done().must_see.iter().copied().collect();
            contradicts(world, at, &must_see);
            body_is_found(world, at).await;
        }
        Dishonesty::HasTwoFaces => faces_are_seen(world, at).await,
        Dishonesty::Replays => replays_are_counted(world, at).await,
        Dishonesty::Floods => flood_is_borne(world, at).await,
    }
}

/// The dishonest agency asks everybody, and everybody asks it.
async fn all_ask(world: &World, at: usize) -> Vec<(usize, Option<QueryOutcome>)> {
    let mut asked = Vec::new();
    for other in world.honest() {
        rules::ask_once(world, other, at).await;
        asked.push((other, rules::ask_once(world, at, other).await));
    }
    asked
}

async fn cosign(world: &World, at: usize) {
    if let Some(node) = world.node(at) {
        node.have_cosigned_by_all().await;
    }
}

fn unseen(world: &World, other: usize, what: &str) {
    world.truth.broken("unseen", format!("agency {other}: {what}"));
}

/// Once its receipts are owed for too long, it is refused.
async fn receipts_are_missed(world: &World, at: usize) {
    all_ask(world, at).await;
    world.night(RECEIPT_HOURS).await;
    let me = world.id(at);
    for (other, outcome) in all_ask(world, at).await {
        let disk = world.agencies[other].disk();
        let owed = at_once(disk.database.oldest_unreceipted(me)).expect("a readable database");
        let allowed = world.agencies[other].now().plus_millis(-24 * 3_600_000);
        if owed.is_none_or(|owed| owed >= allowed) {
            continue;
        }
        let refused = outcome.is_some_and(|outcome| {
            outcome.reasons.iter().any(|one| one.code == RefusalCode::ReceiptsOutstanding)
        });
        if !refused {
            unseen(world, other, &format!("{me} owes receipts since {owed:?} and is not refused"));
        }
    }
}

/// Differences that an honest agency finds when it compares its log with that of another.
async fn findings(world: &World, other: usize, at: usize) -> Vec<Finding> {
    let Some(node) = world.node(other) else { return Vec::new() };
    let (by, peer) = (world.agencies[other].auditor(), world.id(at).clone());
    let reconciler = Reconciler::of(&node.context);
    let dial = node.dial.as_ref();
    match reconciler.reconcile(dial, &by, &peer, Timestamp::MIN, Timestamp::MAX).await {
        Ok(report) => report.findings,
        Err(error) => {
            world.truth.broken("reconciles", format!("agency {other} of {at}: {error}"));
            Vec::new()
        }
    }
}

async fn proofs_are_missed(world: &World, at: usize) {
    for other in world.honest() {
        let disk = world.agencies[other].disk();
        let owed = at_once(disk.database.debts(world.id(at), None, 1_000)).expect("a database");
        let found = findings(world, other, at).await;
        let unproven = found.iter().filter(|one| one.class == Class::Unproven).count();
        if unproven < owed.len() || owed.is_empty() {
            let what = format!("{} entries are unproven, {unproven} of them found", owed.len());
            unseen(world, other, &what);
        }
    }
}

/// Whatever it leaves out of its statement is found by who holds the other side of it.
async fn hidden_are_found(world: &World, at: usize) {
    for other in world.honest() {
        let found = findings(world, other, at).await;
        let disk = world.agencies[other].disk();
        let whole = Timestamp::MIN..Timestamp::MAX;
        let rows = at_once(disk.database.exchanges(world.id(at), whole, 0, u64::MAX >> 1));
        let hidden = world.liar.done().hidden.clone();
        for row in rows.expect("a readable database") {
            let id = row.query_id;
            if hidden.contains(&id) && !found.iter().any(|one| one.query_id == Some(id)) {
                unseen(world, other, &format!("the exchange {id} is hidden and not found"));
            }
        }
    }
}

/// An agency holds a head of a log that is longer than the bundle that is handed in.
async fn the_end_is_missed(world: &World, at: usize) {
    let Some((kept, size)) = world.liar.done().bundle.clone() else { return };
    for other in world.honest() {
        let disk = world.agencies[other].disk();
        let held = at_once(disk.database.witnessed(world.id(at))).expect("a readable database");
        if held.is_none_or(|held| held.size <= size) {
            continue;
        }
        let Some(own) = world.bundle_of(other).await else { continue };
        let found = compared(world, (other, &own), (at, &kept));
        let me = Some(world.id(at));
        if !found.iter().any(|one| one.class == Class::StaleBundle && one.agency.as_ref() == me) {
            unseen(world, other, &format!("its bundle ends with {size} entries: {found:?}"));
        }
    }
}

/// What two bundles show.
pub(crate) fn compared(
    world: &World,
    (at, first): (usize, &Vec<u8>),
    (with, second): (usize, &Vec<u8>),
) -> Vec<Finding> {
    let mut two = [(at, first), (with, second)]
        .map(|(of, bundle)| BundleFile::new(format!("agency {of}"), Cursor::new(bundle)));
    match two_bundles::reconcile(&mut two, &rules::pins(world), 0) {
        Ok(compared) => compared.report.findings,
        Err(error) => {
            world.truth.broken("reconciles", format!("agencies {at} and {with}: {error}"));
            Vec::new()
        }
    }
}

/// Those who hold a head that its log does not lead to have raised an alarm, or refuse it as unproven.
fn contradicts(world: &World, at: usize, who: &[usize]) {
    let me = world.id(at);
    for other in who {
        let Some(node) = world.node(*other) else { continue };
        let state = node.own().registry.state();
        let unproven = node.context.observed.unproven_seconds(me);
        let most = u64::from(node.context.bounds.unproven_seconds);
        if state.alarm_about(me).is_none() && unproven < most {
            let waiting = node.context.observed.waiting(me).len();
            let what = format!(
                "its log contradicts itself; no alarm, {waiting} heads, {unproven} s unproven"
            );
            unseen(world, *other, &what);
        }
    }
}

/// Waits as long as a contradiction may take to be seen. Whoever has seen one does not ask about it for ever.
async fn wait_quietly(world: &World) {
    let sent = |other: &usize| world.truth.sent(*other, FrameKind::Consistency);
    let before: Vec<u64> = world.honest().iter().map(sent).collect();
    tokio::time::sleep(CONTRADICTED).await;
    for (other, before) in world.honest().iter().zip(before) {
        let asked = sent(other) - before;
        if asked > MOST_ASKED {
            world.truth.broken("noisy", format!("agency {other} asked {asked} times for proofs"));
        }
    }
}

/// A body that says otherwise than the envelopes beside it is found by who checks the log alone.
async fn body_is_found(world: &World, at: usize) {
    if world.liar.done().must_see.is_empty() {
        return;
    }
    let Some(bundle) = world.bundle_of(at).await else { return };
    let mut file = BundleFile::new("bundle", Cursor::new(bundle));
    let holds = file
        .check(&rules::pins(world), |_, _, _, _| ())
        .is_ok_and(|report| report.problems.iter().all(|problem| problem.code == UNPINNED));
    if holds {
        unseen(world, at, "its log holds, and a body in it was changed");
    }
}

/// Each face is shown to those who know it; then both to everybody, and parties of one agreement tell each
/// other what they were shown.
async fn faces_are_seen(world: &World, at: usize) {
    for _ in 0..2 {
        all_ask(world, at).await;
        cosign(world, at).await;
        deeds::turn(world, at).await;
    }
    let parted = world.liar.done().parted_at;
    let me = world.id(at);
    let shown = |other: &usize| {
        let disk = world.agencies[*other].disk();
        let held = at_once(disk.database.witnessed(me)).expect("a readable database");
        held.is_some_and(|held| held.size > parted)
    };
    let shown: Vec<usize> = world.honest().into_iter().filter(shown).collect();
    world.net.hide_nothing();
    wait_quietly(world).await;
    let mut must_see = Vec::new();
    for other in &shown {
        let Some(node) = world.node(*other) else { continue };
        let state = node.own().registry.state();
        let of_the_other_face = |third: &&usize| {
            let (one, two) =
                (deeds::is_shown_second(world, *other), deeds::is_shown_second(world, **third));
            one != two && state.co_parties(world.id(*other), world.id(**third)).contains(me)
        };
        if shown.iter().any(|third| of_the_other_face(&third)) {
            must_see.push(*other);
        }
    }
    world.truth.tell(|| format!("shown {shown:?}, must see {must_see:?}"));
    contradicts(world, at, &must_see);
}

/// What is sent to others than it was for is counted as what it is.
async fn replays_are_counted(world: &World, at: usize) {
    all_ask(world, at).await;
    let sent: Vec<usize> = world
        .honest()
        .into_iter()
        .filter(|other| deeds::replay_misdirected(world, at, *other))
        .collect();
    tokio::time::sleep(REJECTED).await;
    for other in sent {
        if !world.truth.has_rejected(other, world.id(at)) {
            unseen(world, other, "what was sent to another came here and is not in the log");
        }
    }
}

/// While everybody is flooded, honest agencies serve each other, and the log tells of the flood.
async fn flood_is_borne(world: &World, at: usize) {
    for other in world.honest() {
        deeds::flood(world, at, other);
    }
    rules::service_has_resumed(world).await;
    tokio::time::sleep(REJECTED).await;
    for other in world.honest() {
        if !world.truth.has_rejected(other, world.id(at)) {
            unseen(world, other, "a flood is not in the log");
        }
    }
}

/// What officers of an honest agency may not be shown.
pub(crate) fn shown(world: &World, from: usize, outcome: &QueryOutcome) {
    if outcome.outcome == OutcomeCode::Answered && outcome.reads.iter().any(is_made_up) {
        let what = format!("a read that {} made up is shown", outcome.owner);
        unseen(world, from, &what);
    }
}
