//! What the dishonest agency does at a time of its own.

use std::time::Duration;

use audit::view::LogEntry;
use peer::link::Channel as _;
use schemas::entry::EntryKind;
use schemas::envelope::Kind;
use schemas::frame::{Frame, FrameKind};
use store::sqlite::Sqlite;
use store::{Database as _, EntryFilter, Heads as _, LogRecords as _, LogWriter as _};
use tests::fixtures::{self, PLATE, words};
use tests::tampering::AtRest;

use super::Dishonesty;
use crate::dice::Dice;
use crate::rules;
use crate::store::{Disk, at_once};
use crate::world::World;

/// Frames of a volley.
const VOLLEY: usize = 20;
/// Conversations of a flood.
pub(super) const FLOOD: usize = 500;
/// How long a reply to a raw frame is waited for.
const REPLY: Duration = Duration::from_secs(10);

/// The dishonest agency goes on with what it is about; the first time it begins.
pub(crate) async fn deed(world: &World, dice: &Dice) {
    let liar = &world.liar;
    let Some((at, how)) = liar.who() else { return };
    liar.begin();
    let others = world.honest();
    match how {
        Dishonesty::WithholdsReceipts
        | Dishonesty::WithholdsProofs
        | Dishonesty::HidesExchanges
        | Dishonesty::MakesUpReads => {}
        Dishonesty::KeepsBackTheEnd => keep_bundle(world, at).await,
        Dishonesty::RewritesBodies => rewrite(world, at, dice).await,
        Dishonesty::HasTwoFaces => turn(world, at).await,
        Dishonesty::Replays => {
            for _ in 0..VOLLEY {
                replay(world, at, *dice.one(&others), dice);
            }
        }
        Dishonesty::Floods => flood(world, at, *dice.one(&others)),
    }
}

/// The bundle that an auditor is given later is made now.
async fn keep_bundle(world: &World, at: usize) {
    let liar = &world.liar;
    let Some(node) = world.node(at).filter(|_| liar.done().bundle.is_none()) else { return };
    let size = node.own().log.counters().size;
    let made = tokio::time::timeout(REPLY, rules::exported(&node, world, at)).await;
    if let Ok(Ok(bundle)) = made {
        liar.done().bundle = Some((bundle, size));
    }
}

/// Writes its log anew: one of the last entries of exchanges says another case than was signed.
async fn rewrite(world: &World, at: usize, dice: &Dice) {
    let agency = &world.agencies[at];
    agency.crash();
    let home = agency.home();
    let case = fixtures::justification().case.to_string();
    let entries = at_once(agency.disk().database.entries(&EntryFilter::default(), 0, u32::MAX));
    let of_exchanges = entries.expect("a readable log").into_iter().rev().filter_map(|stored| {
        let entry = LogEntry::of(&stored).expect("an entry");
        let accesses = [EntryKind::QuerySent, EntryKind::QueryAnswered, EntryKind::QueryRefused];
        let told = stored.body.as_ref().is_some_and(|body| body.contains(&case));
        (accesses.contains(&entry.header.kind) && told).then_some(entry.header.index)
    });
    let of_exchanges: Vec<u64> = of_exchanges.take(6).collect();
    if !of_exchanges.is_empty() {
        let index = *dice.one(&of_exchanges);
        let beyond = |other: &usize| {
            let disk = world.agencies[*other].disk();
            let held = at_once(disk.database.witnessed(agency.id())).expect("a database");
            held.is_some_and(|held| held.size > index)
        };
        let seeing: Vec<usize> = world.honest().into_iter().filter(beyond).collect();
        let at_rest = AtRest { home: home.dir(), id: agency.id(), now: agency.now() };
        at_once(at_rest.forge(index, |entry| {
            entry.body = entry.body.replace(&case, "26-009999");
        }));
        agency.put_disk(Disk::of(at_once(Sqlite::open(&home.database())).expect("a database")));
        world.truth.tell(|| format!("agency {at} writes entry {index} anew; {seeing:?} must see"));
        world.liar.done().must_see.extend(seeing);
    }
    world.start(at).await;
}

/// The others, by which face they are shown.
pub(super) fn is_shown_second(world: &World, other: usize) -> bool {
    world.honest().iter().position(|one| *one == other).unwrap_or(0) % 2 == 1
}

/// Parts its log in two, or shows the other one: each to some of the others alone.
pub(super) async fn turn(world: &World, at: usize) {
    let (agency, liar) = (&world.agencies[at], &world.liar);
    agency.crash();
    let other = liar.done().other_face.take();
    match other {
        None => {
            let path = agency.home().dir().join("other-face.db");
            let (disk, copy) = (agency.disk(), path.clone());
            at_once(disk.database.copy_to(&copy)).expect("a copy");
            let size = at_once(disk.database.log_state(agency.now().day_start()));
            let mut done = liar.done();
            done.parted_at = size.expect("a log").size;
            done.other_face = Some(Disk::of(at_once(Sqlite::open(&path)).expect("a database")));
        }
        Some(other) => {
            let before = agency.put_disk(other);
            let mut done = liar.done();
            done.other_face = Some(before);
            done.turned = !done.turned;
        }
    }
    drop(std::fs::remove_file(agency.home().anchor()));
    let turned = liar.done().turned;
    world.truth.tell(|| format!("agency {at} shows its face {}", u8::from(turned)));
    for other in world.honest() {
        world.net.hide(at, other, is_shown_second(world, other) != turned);
    }
    world.start(at).await;
}

/// Sends something again: to whom it was for, or to another.
pub(super) fn replay(world: &World, at: usize, to: usize, dice: &Dice) {
    let frame = {
        let done = world.liar.done();
        if done.tape.is_empty() {
            return;
        }
        let (_, frame) = &done.tape[dice.below(done.tape.len())];
        frame.clone()
    };
    say(world, at, to, frame);
}

/// A query that it sent to another before, or heard from one.
pub(super) fn replay_misdirected(world: &World, at: usize, to: usize) -> bool {
    let found = {
        let done = world.liar.done();
        let meant =
            |(for_whom, frame): &&(usize, Frame)| *for_whom != to && frame.kind == FrameKind::Query;
        done.tape.iter().rev().find(meant).map(|(_, frame)| frame.clone())
    };
    let there = found.is_some();
    if let Some(frame) = found {
        say(world, at, to, frame);
    }
    there
}

/// Opens many conversations at once: queries that nobody signed, queries of another day, the same again.
pub(super) fn flood(world: &World, at: usize, to: usize) {
    let agency = &world.agencies[at];
    let long_ago = agency.now().plus_millis(-fixtures::DAY_MS);
    let mut query = fixtures::query(agency.id(), world.id(to), PLATE, long_ago);
    for n in 0..FLOOD {
        if n % 3 == 0 {
            query = fixtures::query(agency.id(), world.id(to), PLATE, long_ago);
            query.why.reason = words(&format!("As this flood demands, number {n}"));
        }
        let body = if n % 3 == 2 {
            format!("rubbish {n}").into_bytes()
        } else {
            agency.identity.sign(Kind::Query, &query).as_bytes().to_vec()
        };
        say(world, at, to, Frame::new(FrameKind::Query, body));
    }
}

/// Opens a conversation with any frame, and hears one reply.
fn say(world: &World, at: usize, to: usize, frame: Frame) {
    let Some(mut channel) = world.net.open_raw(at, to) else { return };
    if channel.put(frame).is_ok() {
        tokio::spawn(async move { drop(tokio::time::timeout(REPLY, channel.recv()).await) });
    }
}
