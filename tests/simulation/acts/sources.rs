//! Sources bring reads by themselves, and what one brought is withdrawn.

use ingest::ImportedRead;
use node::reads::importer::ImportActor;
use node::reads::sources::{self, NewSource};
use node::reads::withdrawal::{WithdrawalRequest, withdraw};
use registry::SourceName;
use schemas::read::{Read, ReadId};
use tests::fixtures::{reads, words};

use crate::agency::{Running, because, or_crash};
use crate::dice::Dice;
use crate::world::{PLATES, World};

fn source() -> SourceName {
    "gate".parse().expect("a name")
}

/// The source brings reads; the first time it is added before.
pub(super) async fn bring(world: &World, at: usize, dice: &Dice) {
    let Some(node) = world.node(at) else { return };
    let done = async {
        if !node.own().registry.state().sources.contains_key(&source())
            && !add(world, at, &node).await
        {
            return;
        }
        let agency = &world.agencies[at];
        let mut batch = reads(agency.id(), PLATES[dice.below(2)], 1 + dice.below(3), agency.now());
        for read in &mut batch {
            let camera = format!("gate-{}", dice.below(1_000));
            read.id = ReadId::of_sighting(&camera, read.at, &read.plate);
            read.camera = words(&camera);
        }
        let ids: Vec<ReadId> = batch.iter().map(|read: &Read| read.id).collect();
        let offered = batch.into_iter().map(ImportedRead::new).collect();
        let by = ImportActor::Source(source());
        if node.importer.store(&by, &words("gate"), "native", offered).await.is_ok() {
            world.known(|known| known.brought.entry(at).or_default().extend(ids));
        }
    };
    or_crash(&node, done).await;
}

async fn add(world: &World, at: usize, node: &Running) -> bool {
    let new = NewSource {
        name: source(),
        format: "native".into(),
        mapping: None,
        camera: None,
        cameras: Vec::new(),
        zone: None,
        folder: None,
        shared: false,
    };
    let (by, home) = (world.agencies[at].admin(), world.agencies[at].home());
    sources::add(node.own(), &by, &new, home.dir()).await.is_ok()
}

/// What the source has brought so far is withdrawn: from then on no search finds it.
pub(super) async fn withdrawn(world: &World, at: usize) {
    let Some(node) = world.node(at) else { return };
    let brought = world.known(|known| known.brought.get(&at).cloned().unwrap_or_default());
    let (store, key) = (node.context.store.clone(), node.context.message_key());
    let by = world.agencies[at].admin();
    let wanted = WithdrawalRequest { from: None, until: None, reason: because(), preview: false };
    let done = async {
        let done = withdraw(node.own(), store.as_ref(), &key, &by, &source(), &wanted).await;
        world
            .truth
            .tell(|| format!("agency {at} withdraws: {:?}", done.as_ref().map(|o| o.withdrawn)));
        if done.is_ok() {
            world.known(|known| known.withdrawn.entry(at).or_default().extend(brought));
        }
    };
    or_crash(&node, done).await;
}
