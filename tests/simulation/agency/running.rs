//! One run of the node of an agency, from its start to its crash.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::sign_in::sessions::IdleTimes;
use host::home::Home;
use node::context::NodeContext;
use node::exchange::ask::QueryClient;
use node::exchange::deliver::{Delivery, RefusedLetter};
use node::exchange::witness::Witnessing;
use node::permission::OwnAgency;
use node::reads::importer::Importer;
use node::retention::Retention;
use node::sign_in::{SignIn, SignInError, Site, sweep};
use schemas::agency::AgencyId;
use store::SignInRecords;
use tokio::sync::OnceCell;
use tokio::task::AbortHandle;

use super::COSIGNED;
use crate::alive::Alive;
use crate::net::SimDial;

/// How often sessions that are over are ended.
const UPKEEP: Duration = Duration::from_secs(30);
/// Where the pages are on which people approve programs.
const ORIGIN: &str = "https://localhost:7443";

/// One run of a node.
pub(crate) struct Running {
    pub(crate) alive: Alive,
    pub(crate) context: NodeContext,
    pub(crate) dial: Arc<SimDial>,
    pub(crate) queries: QueryClient<SimDial>,
    pub(crate) witnessing: Witnessing,
    pub(crate) retention: Retention,
    pub(crate) importer: Importer,
    /// Where people sign in, from the first who does: hashing for nobody takes long.
    pub(super) door: OnceCell<Arc<SignIn>>,
    pub(super) records: Arc<dyn SignInRecords>,
    pub(super) home: Home,
    pub(super) delivery: Arc<Delivery<SimDial>>,
    pub(super) tasks: Mutex<Vec<AbortHandle>>,
}

impl Running {
    pub(crate) fn own(&self) -> &OwnAgency {
        &self.context.agency
    }

    /// Where people sign in.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn sign_in(&self) -> Result<Arc<SignIn>, SignInError> {
        let load = async {
            let (own, records) = (self.own().clone(), self.records.clone());
            let site = Site { origin: ORIGIN, host: "localhost", providers: &[] };
            SignIn::load(&self.home, own, records, Some(site), IdleTimes::default())
                .await
                .map(Arc::new)
        };
        self.door.get_or_try_init(|| load).await.cloned()
    }

    /// Ends sessions that are over, as a node does every few seconds, until the run ends.
    pub(crate) async fn upkeep_of_sessions(&self) {
        while !self.alive.crashed() {
            tokio::time::sleep(UPKEEP).await;
            if let Some(door) = self.door.get() {
                drop(sweep(door, false).await);
            }
        }
    }

    /// Everything that is at work for it stands still.
    pub(super) fn stop(&self) {
        self.alive.crash();
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        tasks.drain(..).for_each(|task| task.abort());
    }

    /// Has every peer prove what it showed and cosign the head of this log.
    pub(crate) async fn have_cosigned_by_all(&self) {
        let state = self.own().registry.state();
        let peers: Vec<_> = state.peers.values().cloned().collect();
        for peer in peers {
            if peer.blocked.is_some() || state.alarm_about(&peer.card.value.id).is_some() {
                continue;
            }
            let asked = async {
                self.witnessing.prove_observed(self.dial.as_ref(), &peer).await?;
                self.witnessing.have_cosigned(self.dial.as_ref(), &peer).await
            };
            drop(tokio::time::timeout(COSIGNED, asked).await);
        }
        self.exchange_heads().await;
    }

    /// Shows every co-party the heads that are kept of others' logs, and looks at those that it keeps.
    async fn exchange_heads(&self) {
        let state = self.own().registry.state();
        let me = &self.own().id;
        for (id, peer) in state.peers.iter().filter(|(_, peer)| peer.blocked.is_none()) {
            if !state.co_parties(me, id).is_empty() {
                let exchanged = self.witnessing.exchange_heads(self.dial.as_ref(), peer);
                drop(tokio::time::timeout(COSIGNED, exchanged).await);
            }
        }
    }

    /// Another version of its card is in force.
    pub(crate) fn announce(&self) {
        self.delivery.announce();
    }

    /// Peers that have not taken in the present version of its card.
    pub(crate) fn not_shown(&self) -> Vec<AgencyId> {
        self.delivery.not_shown()
    }

    /// Letters that peers have not taken in, as they say.
    pub(crate) fn refused_letters(&self) -> Vec<RefusedLetter> {
        self.delivery.refused()
    }

    /// Peers may be reached again.
    pub(crate) fn wake(&self) {
        self.delivery.wake();
    }
}
