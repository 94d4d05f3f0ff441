//! What people do. Each act takes what it needs from the step's own dice; what a node refuses is as good
//! as what it does, so long as the rules hold.

mod keys;
pub(crate) mod people;
mod programs;
mod requests;
mod sources;

use ::agreements::agreement::Act as NoticeOf;
use ::agreements::policy::Policy;
use ingest::ImportedRead;
use node::admin::agreements;
use node::admin::cards;
use node::admin::policy;
use node::exchange::ask::QueryOutcome;
use node::exchange::statements::Reconciler;
use node::permission::Principal;
use node::reads::corrections::{CorrectionRequest, correct};
use node::reads::search::search;
use node::retention::holds::{self, HoldRequest, HoldTarget};
use schemas::area::Near;
use schemas::draft::{Draft, Recipients};
use schemas::outcome::OutcomeCode;
use schemas::plate::Plate;
use schemas::purpose::QueryKind;
use schemas::query::Elements;
use schemas::read::{Location, Read, ReadId};
use schemas::time::Timestamp;
use tests::fixtures::{HOUR_MS, draft, reads, words};

use crate::agency::{Running, because, or_crash};
use crate::dice::Dice;
use crate::dishonest::seen;
use crate::rules;
use crate::script::Act;
use crate::world::{PLATES, World, kept_in_mind};

/// Does what an act says, at nodes that run.
pub(crate) async fn perform(world: &World, act: &Act, dice: &Dice) {
    match *act {
        Act::Ask { from, to } => ask(world, from, to, None, dice).await,
        Act::AskMany { from, to, count } => {
            let all = (0..count).map(|_| ask(world, from, Some(to), None, dice));
            futures::future::join_all(all).await;
        }
        Act::AskCiting { from, to } => requests::ask_citing(world, from, to, dice).await,
        Act::AskAgain { from } => ask_again(world, from, dice).await,
        Act::SearchOwn { at } => search_own(world, at, dice).await,
        Act::Import { at } => import(world, at, dice).await,
        Act::Correct { at } => correct_one(world, at, dice).await,
        Act::Agree { at, with } => {
            let all: Vec<usize> = (0..world.agencies.len()).collect();
            let both = with.map(|with| vec![at, with]);
            world.agree(&both.unwrap_or(all), dice).await;
        }
        Act::Notice { at } => notice(world, at, dice).await,
        Act::Submit { from, to } => requests::submit(world, from, to, dice).await,
        Act::Decide { at } => requests::decide(world, at, dice).await,
        Act::WithdrawRequest { at } => requests::withdraw(world, at, dice).await,
        Act::Hold { at } => hold(world, at, dice).await,
        Act::Retention { at } => rules::after_retention(world, at).await,
        Act::Cosign { at } => {
            if let Some(node) = world.node(at) {
                node.have_cosigned_by_all().await;
            }
        }
        Act::Reconcile { at, with } => reconcile(world, at, with).await,
        Act::Export { at } => rules::export_holds(world, at).await,
        Act::Block { at, peer } => block(world, at, peer).await,
        Act::LetIn { at } => let_in(world, at).await,
        Act::AdoptPolicy { at } => adopt(world, at).await,
        Act::SignIn { at } => people::come(world, at).await,
        Act::SignOut { at } => people::leave(world, at).await,
        Act::Program { at } => programs::upkeep(world, at, dice).await,
        Act::AskByProgram { from, to } => programs::ask(world, from, to, dice).await,
        Act::ExchangeKey { at } => keys::exchange(world, at, dice).await,
        Act::Bring { at } => sources::bring(world, at, dice).await,
        Act::WithdrawSource { at } => sources::withdrawn(world, at).await,
    }
}

/// What an officer may look for.
fn elements(dice: &Dice, now: Timestamp) -> Elements {
    let plate: Plate = dice.one(&PLATES).parse().expect("a plate");
    let days = u32::try_from(dice.below(40)).unwrap_or(0) + 1;
    let mut elements = Elements::exact(plate, now.minus_days(days), now);
    let other = [QueryKind::Misread, QueryKind::Partial, QueryKind::Area, QueryKind::Vehicle];
    if dice.happens(700) {
        return elements;
    }
    elements.kind = *dice.one(&other);
    match elements.kind {
        QueryKind::Partial => {
            elements.plate = None;
            elements.pattern =
                Some(dice.one(&["7ABC*", "8XYZ9*", "*C123"]).parse().expect("a pattern"));
        }
        QueryKind::Area => {
            elements.plate = None;
            let center = Location::new(34.1, -118.1).expect("degrees").expect("a place");
            elements.near = Some(Near { center, radius_m: 500 });
        }
        QueryKind::Vehicle => {
            elements.plate = None;
            elements.make = Some(words("Honda"));
        }
        _ => {}
    }
    elements
}

fn asking(world: &World, from: usize, to: Option<usize>, dice: &Dice) -> Draft {
    let now = world.agencies[from].now();
    let whom = to.map(|to| world.id(to));
    let mut draft = draft(whom.as_slice(), PLATES[0], now);
    if to.is_none() {
        draft.whom = Recipients::All;
    }
    draft.elements = elements(dice, now);
    draft
}

/// An officer is told how a query ended.
pub(crate) fn told(world: &World, from: usize, outcome: &QueryOutcome) {
    if !world.liar.is(from) {
        seen::shown(world, from, outcome);
    }
    world.truth.shown(from, outcome.query_id, outcome.outcome, outcome.reads.len());
    world.truth.count(|figures| match outcome.outcome {
        OutcomeCode::Answered => figures.answered += 1,
        OutcomeCode::Refused => figures.refused += 1,
        OutcomeCode::Unanswered | OutcomeCode::Rejected => figures.unanswered += 1,
    });
    if let Some(id) = outcome.query_id {
        world.known(|known| known.asked.push((from, id)));
    }
    world.truth.tell(|| {
        let why: Vec<_> = outcome.reasons.iter().map(|reason| reason.code.code()).collect();
        let (owner, how) = (&outcome.owner, outcome.outcome);
        format!(
            "agency {from} of {owner}: {how}, {} reads {why:?} {:?}",
            outcome.reads.len(),
            outcome.error
        )
    });
}

/// Asks as somebody, and hears every outcome.
async fn ask_as(world: &World, node: &Running, from: usize, draft: &Draft, by: &Principal) {
    let Ok(mut outcomes) = node.queries.ask(draft, by) else { return };
    while let Some(outcome) = outcomes.recv().await {
        world.truth.count(|figures| figures.told += 1);
        told(world, from, &outcome);
    }
}

async fn ask(world: &World, from: usize, to: Option<usize>, draft: Option<Draft>, dice: &Dice) {
    let Some(node) = world.node(from) else { return };
    let draft = draft.unwrap_or_else(|| asking(world, from, to, dice));
    let asked = async {
        let by = people::who_asks(world, from, &node, dice).await;
        ask_as(world, &node, from, &draft, &by).await;
    };
    or_crash(&node, asked).await;
}

async fn ask_again(world: &World, from: usize, dice: &Dice) {
    let Some(node) = world.node(from) else { return };
    let before = world.known(|known| {
        let mine: Vec<_> = known.asked.iter().filter(|(at, _)| *at == from).copied().collect();
        (!mine.is_empty()).then(|| *dice.one(&mine))
    });
    let Some((_, id)) = before else { return };
    let again = async {
        let officer = people::who_asks(world, from, &node, dice).await;
        if let Ok(outcome) = node.queries.ask_again(id, &officer).await {
            told(world, from, &outcome);
        }
    };
    or_crash(&node, again).await;
}

async fn search_own(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let draft = asking(world, at, Some(at), dice);
    let (store, officer) = (node.context.store.clone(), world.agencies[at].asks());
    let found = async { drop(search(node.own(), store.as_ref(), &officer, &draft).await) };
    or_crash(&node, found).await;
}

/// Puts in reads: of the last hours, and some that are nearly as old as the policy keeps them.
pub(crate) async fn import(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let agency = &world.agencies[at];
    let now = agency.now();
    let state = node.own().registry.state();
    let Some(policy) = &state.policy else { return };
    let cut_off = policy.retention.reads.cut_off().cut_off(now);
    let mut batch: Vec<Read> = Vec::new();
    for _ in 0..2 + dice.below(4) {
        let hours = i64::try_from(dice.below(30)).unwrap_or(0);
        // Around the cut-off: what is destroyed soon, and what is not destroyed yet.
        let end = match dice.below(5) {
            0..=2 => now,
            3 => cut_off.plus_millis(2 * HOUR_MS + hours * HOUR_MS),
            _ => now.plus_millis(-24 * HOUR_MS * hours),
        };
        let mut some = reads(agency.id(), PLATES[dice.below(PLATES.len())], 1 + dice.below(3), end);
        for read in &mut some {
            let camera = format!("{}-{}", read.camera, dice.below(1_000));
            read.id = ReadId::of_sighting(&camera, read.at, &read.plate);
            read.camera = words(&camera);
            read.vehicle.make = dice.happens(500).then(|| words("Honda"));
        }
        batch.extend(some);
    }
    let kept = kept_in_mind(at, &batch);
    let offered = batch.into_iter().map(ImportedRead::new).collect();
    let by = agency.admin().into();
    let stored = async {
        let stored = node.importer.store(&by, &words("reads"), "native", offered).await;
        if stored.is_ok() {
            world.known(|known| known.reads.extend(kept));
        }
    };
    or_crash(&node, stored).await;
}

async fn correct_one(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let read = world.known(|known| {
        let mine: Vec<_> = known.reads.iter().filter(|read| read.agency == at).cloned().collect();
        (!mine.is_empty()).then(|| dice.one(&mine).clone())
    });
    let Some(read) = read else { return };
    let wanted = CorrectionRequest {
        plate: dice.one(&PLATES).parse().expect("a plate"),
        plate_state: None,
        reason: because(),
    };
    let (store, key) = (node.context.store.clone(), node.context.message_key());
    let by = world.agencies[at].admin();
    let corrected = async {
        drop(correct(node.own(), store.as_ref(), &key, &by, read.id, &wanted).await);
    };
    or_crash(&node, corrected).await;
}

async fn notice(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let all = world.known(|known| known.agreements.clone());
    let id = dice.one(&all).clone();
    let act = match dice.below(10) {
        0..=3 => NoticeOf::Suspend,
        4..=8 => NoticeOf::Resume,
        _ if dice.happens(300) => NoticeOf::Withdraw,
        _ => NoticeOf::Resume,
    };
    if act == NoticeOf::Resume {
        world.truth.ended(at, &id, false);
    }
    let by = world.agencies[at].official();
    let given = async {
        let keys = &node.context.keys;
        let given = agreements::give_notice(node.own(), keys, &by, &id, act, &because()).await;
        // A withdrawal ends after its notice; the agreement itself says when.
        if given.is_ok() && act == NoticeOf::Suspend {
            world.truth.ended(at, &id, true);
        }
    };
    or_crash(&node, given).await;
}

async fn hold(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let by = world.agencies[at].admin();
    let lasting = world.known(|known| {
        let mine: Vec<_> = known.holds.keys().filter(|(of, _)| *of == at).copied().collect();
        (!mine.is_empty() && dice.happens(400)).then(|| *dice.one(&mine))
    });
    let done = async {
        if let Some(name) = lasting {
            world.known(|known| known.holds.remove(&name));
            drop(holds::release(node.own(), &by, name.1, &because()).await);
            return;
        }
        let plate: Plate = dice.one(&PLATES).parse().expect("a plate");
        let wanted = HoldRequest { on: HoldTarget::Plate(plate.clone()), reason: because() };
        if let Ok(hold) = holds::place(&node.retention, &by, &wanted).await {
            let held = rules::held_by(world, at, plate);
            world.known(|known| known.holds.insert((at, hold.hold), held));
        }
    };
    or_crash(&node, done).await;
}

async fn reconcile(world: &World, at: usize, with: usize) {
    let Some(node) = world.node(at) else { return };
    let (by, peer) = (world.agencies[at].auditor(), world.id(with).clone());
    let compared = async {
        let reconciler = Reconciler::of(&node.context);
        let dial = node.dial.as_ref();
        let heard = reconciler.reconcile(dial, &by, &peer, Timestamp::MIN, Timestamp::MAX).await;
        if let Ok(report) = heard {
            rules::accuses_nobody(world, at, with, &report.findings);
        }
    };
    or_crash(&node, compared).await;
}

async fn block(world: &World, at: usize, peer: usize) {
    let Some(node) = world.node(at) else { return };
    let (by, peer) = (world.agencies[at].admin(), world.id(peer));
    let done = async { drop(cards::block(node.own(), &by, peer, &because()).await) };
    or_crash(&node, done).await;
}

/// Lets in whoever is cut off. That comes more often than cutting off, or in a long life hardly anybody is asked.
async fn let_in(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    let by = world.agencies[at].admin();
    let state = node.own().registry.state();
    let done = async {
        for (id, _) in state.peers.iter().filter(|(_, peer)| peer.blocked.is_some()) {
            drop(cards::unblock(node.own(), &by, id, &because()).await);
        }
    };
    or_crash(&node, done).await;
}

async fn adopt(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    let name = crate::script::AGENCIES[world.script.agencies[at]].1;
    let Some(text) = Policy::builtin_text(name) else { return };
    let by = world.agencies[at].admin();
    let adopted = async { drop(policy::adopt(node.own(), &by, name, text).await) };
    or_crash(&node, adopted).await;
}
