//! What goes wrong, and how it ends.

use std::time::Duration;

use audit_log::anchor;
use schemas::checkpoint::SignedCheckpoint;
use store::sqlite::Sqlite;
use store::{Database as _, LogWriter as _};

use crate::script::Fault;
use crate::store::{At, Disk, at_once};
use crate::world::World;

/// How often a node is started that does not start at once, in the end.
const STARTS: u32 = 3;

/// Makes something go wrong.
pub(crate) async fn inflict(world: &World, fault: &Fault) {
    let disk = |agency: usize| world.agencies[agency].disk();
    match *fault {
        Fault::Crash { at } => {
            world.truth.count(|figures| figures.crashes += 1);
            world.agencies[at].crash();
        }
        Fault::CrashAtCommit { at, after, before } => {
            let what = if before { At::CrashesBefore } else { At::CrashesAfter };
            disk(at).at_commit(after, what);
        }
        Fault::Start { at } => {
            world.start(at).await;
        }
        Fault::Cut { a, b } => world.net.cut(a, b),
        Fault::HalfClose { from, to, seconds } => close(world, &[(from, to)], seconds),
        Fault::Part { a, b, seconds } => close(world, &[(a, b), (b, a)], seconds),
        Fault::Bad { from, to, seconds } => {
            world.net.change(from, to, |way| {
                (way.lost, way.twice, way.delay_ms) = (60, 120, 3_000);
            });
            let net = world.net.clone();
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                net.change(from, to, |way| (way.lost, way.twice, way.delay_ms) = (0, 0, 12));
            });
        }
        Fault::CommitFails { at, after, persists } => {
            let what = if persists { At::FailsButPersists } else { At::Fails };
            disk(at).at_commit(after, what);
        }
        Fault::Full { at, seconds } => disk(at).full_for(Duration::from_secs(seconds)),
        Fault::Stall { at, seconds } => disk(at).stalls_for(Duration::from_secs(seconds)),
        Fault::Drift { at, millis } => world.agencies[at].clock.shift(millis),
        Fault::Older { at } => older(world, at).await,
        Fault::Night { hours } => world.night(hours).await,
    }
}

fn close(world: &World, ways: &[(usize, usize)], seconds: u64) {
    for &(from, to) in ways {
        world.net.change(from, to, |way| way.closed = true);
        let net = world.net.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            net.change(from, to, |way| way.closed = false);
        });
    }
}

/// Puts an earlier copy in the place of the database, or makes one for the next time. The anchor in the
/// home tells: the node does not start on it, and does once the database is back.
async fn older(world: &World, at: usize) {
    let agency = &world.agencies[at];
    if world.liar.is(at) {
        return;
    }
    let size = || at_once(agency.disk().database.log_state(agency.now().day_start()));
    let size = || size().expect("a readable database").size;
    let earlier = world.known(|known| known.earlier.remove(&at));
    let Some((earlier, of)) = earlier else {
        let path = agency.home().dir().join(format!("earlier-{}.db", size()));
        let copied = !path.exists() && at_once(agency.disk().database.copy_to(&path)).is_ok();
        if copied {
            let copy = Disk::of(at_once(Sqlite::open(&path)).expect("a database"));
            world.known(|known| known.earlier.insert(at, (copy, size())));
        }
        return;
    };
    agency.crash();
    // It is at most a second behind the log.
    let anchored = anchor::read(&agency.home()).ok().flatten();
    let anchored = anchored.and_then(|note| SignedCheckpoint::parse(note.as_bytes()).ok());
    if anchored.is_some_and(|head| head.unverified().size > of) {
        let whole = agency.put_disk(earlier);
        if agency.start().await.is_ok() {
            let what =
                format!("agency {at} starts on a database of {of} entries, older than its anchor");
            world.truth.broken("older", what);
        }
        agency.put_disk(whole);
    }
    world.start(at).await;
}

/// Nothing goes wrong any more: links and disks are as they should be, clocks are set, nodes are started.
pub(crate) async fn end(world: &World) {
    world.net.heal();
    let latest = world.agencies.iter().map(|agency| agency.now()).max();
    for agency in &world.agencies {
        agency.disk().heal();
        let behind = latest.map_or(0, |latest| latest.millis() - agency.now().millis());
        agency.clock.shift(behind);
    }
    for agency in &world.agencies {
        for _ in 0..STARTS {
            world.start(agency.index).await;
        }
        if agency.running().is_none() {
            let why = agency.start().await;
            world
                .truth
                .broken("resumes", format!("agency {} does not start: {why:?}", agency.index));
        }
    }
    // What was crashed at a commit while it started, starts by now.
    for agency in &world.agencies {
        if let Some(running) = agency.running() {
            running.wake();
        }
    }
}
