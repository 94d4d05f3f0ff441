//! What must hold, whatever happened. What the truth sees for itself (nothing leaves and nothing is shown
//! without its entry, no index twice, no use, quota or end exceeded) is checked there, with every row and
//! every frame; here stand the rules that take a look at the whole.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use audit::check::UNPINNED;
use audit::reconcile::{Class, Finding};
use audit::{BundleFile, Pins};
use node::admin::cards;
use node::auditing::export;
use node::exchange::ask::QueryOutcome;
use node::exchange::statements::Reconciler;
use node::permission::ActError;
use node::retention::DESTROY;
use schemas::bundle::Scope;
use schemas::frame::FrameKind;
use schemas::outcome::OutcomeCode;
use schemas::plate::Plate;
use schemas::time::Timestamp;
use store::{Due as _, Exchanges as _, OutboxMessage, OwnRead, OwnReads as _};
use tests::fixtures::{PLATE, draft};

use crate::acts::{self, people};
use crate::agency::{Running, SimAgency, because, or_crash};
use crate::dishonest::{Dishonesty, seen};
use crate::store::at_once;
use crate::world::{Held, Imported, World};

/// How long receipts and letters have, once the last question is answered.
const LETTERS: Duration = Duration::from_secs(150);

/// What may differ between honest logs after faults: one side heard what the other did not, and says so.
const ONE_SIDED: [Class; 3] =
    [Class::SentOwnerSilent, Class::ReleasedNotReceived, Class::RefusedNotReceived];

/// The agency keys of everybody, as an auditor pins them.
pub(crate) fn pins(world: &World) -> Pins {
    let key = |agency: &SimAgency| {
        (agency.id().clone(), vec![agency.identity.agency_key.public().fingerprint()])
    };
    world.agencies.iter().map(key).collect()
}

/// Findings between two honest agencies accuse neither.
pub(crate) fn accuses_nobody(world: &World, at: usize, with: usize, findings: &[Finding]) {
    if world.liar.is(at) {
        return;
    }
    if world.liar.is(with) {
        return accuses_no_honest(world, findings);
    }
    for finding in findings {
        // A receipt may still be on its way while faults last.
        if ONE_SIDED.contains(&finding.class) || finding.class == Class::ReceiptMissing {
            continue;
        }
        let what = format!("agency {at} of {with}: {finding:?}");
        world.truth.broken("accused", what);
    }
}

/// Findings beside a dishonest agency name nobody else as who is not as they must be.
fn accuses_no_honest(world: &World, findings: &[Finding]) {
    // That one says of itself that the pages, by which it could be judged, are not kept.
    let accusing = findings.iter().filter(|one| one.class != Class::RejectedAlthoughValid);
    for finding in accusing {
        let named = |of: &usize| Some(world.id(*of)) == finding.agency.as_ref();
        if let Some(honest) = world.honest().iter().find(|of| named(of)) {
            let what = format!("agency {honest}, beside a dishonest one: {finding:?}");
            world.truth.broken("accused", what);
        }
    }
}

/// Destroys what is past its retention; what is past it and not held is gone, everything else is there.
pub(crate) async fn after_retention(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    let agency = &world.agencies[at];
    let held_before = held(world, at);
    let run = async {
        let early = world.bug == Some(crate::bugs::Bug::RetentionEarly);
        let day = if early { 86_400_000 } else { 0 };
        agency.clock.shift(day);
        let done = node.retention.run(&agency.admin(), DESTROY, &|_| ()).await;
        agency.clock.shift(-day);
        let Ok(report) = done else { return };
        let Some(cut_off) = report.reads_cut_off.map(|at| at.plus_millis(-day)) else { return };
        // One with two logs has reads in either of them.
        if node.alive.crashed() || world.liar.is(at) {
            return;
        }
        reads_are_kept_or_gone(world, at, cut_off, &held_before);
    };
    or_crash(&node, run).await;
}

/// What holds keep at an agency.
fn held(world: &World, at: usize) -> Vec<Held> {
    world.known(|known| {
        let mine = known.holds.iter().filter(|((of, _), _)| *of == at);
        mine.map(|(_, held)| held.clone()).collect()
    })
}

/// What a hold on a plate keeps that is placed now.
pub(crate) fn held_by(world: &World, at: usize, plate: Plate) -> Held {
    let disk = world.agencies[at].disk();
    let there = |id| at_once(disk.database.own_read(id)).expect("a readable database").is_some();
    let mine = world.known(|known| known.reads.clone()).into_iter();
    let mine = mine.filter(|read| read.agency == at && read.plate == plate);
    let reads = mine.map(|read| read.id).filter(|id| there(*id)).collect();
    Held { plate, reads }
}

fn reads_are_kept_or_gone(world: &World, at: usize, cut_off: Timestamp, before: &[Held]) {
    let disk = world.agencies[at].disk();
    let mine: Vec<Imported> =
        world.known(|known| known.reads.iter().filter(|read| read.agency == at).cloned().collect());
    // Held before the run and still: a hold that came or went meanwhile says nothing.
    let now = held(world, at);
    let keeps = |held: &[Held], id| held.iter().any(|held| held.reads.contains(&id));
    let names = |plate: &Plate| before.iter().chain(&now).any(|held| held.plate == *plate);
    for read in mine {
        let (id, made) = (read.id, read.at);
        match at_once(disk.database.own_read(id)).expect("a readable database") {
            None => {
                let held = keeps(before, id) && keeps(&now, id);
                if made >= cut_off || held {
                    let what = format!("agency {at}: the read {id} of {made} is gone");
                    world.truth.broken("kept", format!("{what}; cut-off {cut_off}, held {held}"));
                }
            }
            // Of one that was corrected, a plate in between may be held.
            Some(OwnRead { read: read_now, version, .. }) => {
                let may_be_held = version > 1 || names(&read.plate) || names(&read_now.plate);
                if made < cut_off && !may_be_held && !holds_unknown(world, at) {
                    let what = format!("agency {at}: the read {id} of {made} is there");
                    world.truth.broken("gone", format!("{what}; cut-off {cut_off}"));
                }
            }
        }
    }
}

/// Whether an agency has holds that nobody here knows of, such as one whose placing failed and persisted.
fn holds_unknown(world: &World, at: usize) -> bool {
    let Some(node) = world.node(at) else { return true };
    let known = held(world, at).len();
    let state = node.own().registry.state();
    state.holds.values().filter(|hold| hold.lasts()).count() != known
}

pub(crate) async fn exported(
    node: &Running,
    world: &World,
    at: usize,
) -> Result<Vec<u8>, ActError> {
    let by = world.agencies[at].auditor();
    let store = node.context.store.clone();
    let mut export = export::begin(node.own(), &store, &by, Scope::default()).await?;
    let mut bundle = serde_json::to_vec(&export.head).expect("JSON");
    bundle.push(b'\n');
    loop {
        let lines = export.next().await?;
        if lines.is_empty() {
            return Ok(bundle);
        }
        for line in lines {
            bundle.extend(line.to_bytes().expect("JSON"));
            bundle.push(b'\n');
        }
    }
}

/// The log of an agency as an auditor has it in hand holds.
pub(crate) async fn export_holds(world: &World, at: usize) {
    let Some(node) = world.node(at).filter(|_| !world.liar.is(at)) else { return };
    let check = async {
        if let Ok(bundle) = exported(&node, world, at).await {
            bundle_holds(world, at, &bundle);
        }
    };
    or_crash(&node, check).await;
}

fn bundle_holds(world: &World, at: usize, bundle: &[u8]) {
    let mut file = BundleFile::new("bundle", bundle);
    match file.check(&pins(world), |_, _, _, _| ()) {
        Ok(report) => {
            for problem in report.problems.iter().filter(|problem| problem.code != UNPINNED) {
                world.truth.broken("verifies", format!("agency {at}: {problem:?}"));
            }
            // Where reads were made up, the header of their answer holds, and its pages are not kept.
            let made_up = world.liar.who().is_some_and(|(_, how)| how == Dishonesty::MakesUpReads);
            for index in report.rejected_although_valid.iter().filter(|_| !made_up) {
                let what = format!("agency {at}: entry {index} rejects what verifies");
                world.truth.broken("verifies", what);
            }
        }
        Err(error) => world.truth.broken("verifies", format!("agency {at}: {error}")),
    }
}

/// What must hold at the end of a life, when nothing has gone wrong for a while.
pub(crate) async fn at_the_end(world: &World) {
    for at in 0..world.agencies.len() {
        let Some(node) = world.node(at) else {
            world.truth.broken("resumes", format!("agency {at} does not run"));
            return;
        };
        unblock_all(world, at, &node).await;
    }
    // Peers that were let in again are found by the next round.
    tokio::time::sleep(LETTERS).await;
    service_has_resumed(world).await;
    seen::is_seen(world).await;
    tokio::time::sleep(LETTERS).await;
    for at in world.honest() {
        no_alarm(world, at);
        nothing_waits(world, at);
        after_retention(world, at).await;
        no_ended_answers(world, at);
    }
    logs_agree(world).await;
}

async fn unblock_all(world: &World, at: usize, node: &Arc<Running>) {
    let state = node.own().registry.state();
    for (id, _) in state.peers.iter().filter(|(_, peer)| peer.blocked.is_some()) {
        let by = world.agencies[at].admin();
        if let Err(error) = cards::unblock(node.own(), &by, id, &because()).await {
            world.truth.broken("resumes", format!("agency {at} cannot let {id} in: {error}"));
        }
    }
}

/// One agency asks another; what becomes of it.
pub(crate) async fn ask_once(world: &World, from: usize, to: usize) -> Option<QueryOutcome> {
    let node = world.node(from)?;
    let draft = draft(&[world.id(to)], PLATE, world.agencies[from].now());
    let signed_in = people::signed_in(world, from, &node, true).await;
    if signed_in.is_none() && !world.liar.is(from) {
        world.truth.broken("resumes", format!("agency {from}: nobody can sign in"));
    }
    let by = signed_in.unwrap_or_else(|| world.agencies[from].asks());
    let mut outcomes = match node.queries.ask(&draft, &by) {
        Ok(outcomes) => outcomes,
        Err(error) => {
            world.truth.broken("resumes", format!("agency {from} of {to}: {error}"));
            return None;
        }
    };
    let outcome = outcomes.recv().await?;
    acts::told(world, from, &outcome);
    let withdrawn = world.known(|known| known.withdrawn.get(&to).cloned().unwrap_or_default());
    if let Some(read) = outcome.reads.iter().find(|read| withdrawn.contains(&read.id)) {
        let what = format!("agency {from} of {to}: {} was withdrawn and is found", read.id);
        world.truth.broken("withdrawn", what);
    }
    Some(outcome)
}

/// Every honest agency that asks another gets a word of it.
pub(crate) async fn service_has_resumed(world: &World) {
    for from in world.honest() {
        for to in world.honest().into_iter().filter(|to| *to != from) {
            let Some(outcome) = ask_once(world, from, to).await else { continue };
            if !matches!(outcome.outcome, OutcomeCode::Answered | OutcomeCode::Refused) {
                let own = outcome.error.as_deref().unwrap_or_default();
                let what = format!("agency {from} of {to}: {:?} {own}", outcome.outcome);
                world.truth.broken("resumes", what);
            }
        }
    }
}

fn no_alarm(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    let state = node.own().registry.state();
    let about = |peer| world.honest().iter().any(|of| world.id(*of) == peer);
    for raised in state.alarms.values().filter(|raised| about(&raised.what.peer)) {
        world.truth.broken(
            "alarm",
            format!("agency {at}: {:?} about {}", raised.what.kind, raised.what.peer),
        );
    }
}

/// Whatever was to reach a peer has.
fn nothing_waits(world: &World, at: usize) {
    let disk = world.agencies[at].disk();
    let mut waiting = at_once(disk.database.outbox(1_000)).expect("a readable database");
    // Who is dishonest may take nothing in.
    let dishonest = world.liar.who().map(|(who, _)| world.id(who));
    // A peer takes in so many documents of a type a day, and says so.
    let refused = world.node(at).map(|node| node.refused_letters()).unwrap_or_default();
    let full = |message: &OutboxMessage| {
        message.kind == FrameKind::Document && refused.iter().any(|one| one.by == message.peer)
    };
    waiting.retain(|queued| {
        let message = queued.message();
        Some(&message.peer) != dishonest && !full(message)
    });
    if let Some(first) = waiting.first() {
        let message = first.message();
        let what = format!(
            "agency {at}: {} messages wait, the first a {:?} to {}",
            waiting.len(),
            message.kind,
            message.peer
        );
        world.truth.broken("outbox", what);
    }
}

/// Kept answers that have ended are gone, where nothing is held.
fn no_ended_answers(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    if node.own().registry.state().holds.values().any(|hold| hold.lasts()) {
        return;
    }
    let disk = world.agencies[at].disk();
    let now = world.agencies[at].now().plus_millis(-60_000);
    let ended = at_once(disk.database.ended_pages(now, None, 10)).expect("a readable database");
    if !ended.is_empty() {
        let what = format!("agency {at}: {} answers have ended and are kept", ended.len());
        world.truth.broken("ended_answers", what);
    }
}

/// Every log verifies, and every two of them tell the same but for what one side says that it did not hear.
async fn logs_agree(world: &World) {
    let mut bundles = BTreeMap::new();
    for at in 0..world.agencies.len() {
        let Some(bundle) = world.bundle_of(at).await else { continue };
        if !world.liar.is(at) {
            bundle_holds(world, at, &bundle);
        }
        bundles.insert(at, bundle);
    }
    for (at, first) in &bundles {
        for (with, second) in bundles.range(at + 1..) {
            let found = seen::compared(world, (*at, first), (*with, second));
            settled(world, *at, *with, &found);
        }
        if !world.liar.is(*at) {
            live(world, *at).await;
        }
    }
}

/// Over the network the same holds.
async fn live(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    for with in (0..world.agencies.len()).filter(|with| *with != at) {
        let (by, peer) = (world.agencies[at].auditor(), world.id(with).clone());
        let reconciler = Reconciler::of(&node.context);
        let dial = node.dial.as_ref();
        match reconciler.reconcile(dial, &by, &peer, Timestamp::MIN, Timestamp::MAX).await {
            Ok(report) => settled(world, at, with, &report.findings),
            // Who is dishonest may hear nobody.
            Err(_) if world.liar.is(with) => {}
            Err(error) => {
                world.truth.broken("reconciles", format!("agency {at} of {with}: {error}"));
            }
        }
    }
}

/// At the end every receipt has come.
fn settled(world: &World, at: usize, with: usize, findings: &[Finding]) {
    if world.liar.is(at) || world.liar.is(with) {
        return accuses_no_honest(world, findings);
    }
    for finding in findings.iter().filter(|finding| !ONE_SIDED.contains(&finding.class)) {
        world.truth.broken("accused", format!("agency {at} of {with}: {finding:?}"));
    }
}
