//! What requests are served with.

use std::sync::Arc;

use axum::extract::State;
use schemas::agency::AgencyId;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::https::Served;
use super::open::{MetricsCache, MetricsToken, SendingTurns};
use super::program_turns::ProgramTurns;
use super::program_uses::ProgramUses;
use super::sent_forms::SentForms;
use crate::admin::agreements::unsettled;
use crate::admin::cards::keep_in_home;
use crate::auditing::mentions::MentionsCheck;
use crate::config::Config;
use crate::context::NodeContext;
use crate::exchange::ask::QueryClient;
use crate::exchange::deliver::{Delivery, RefusedLetter};
use crate::exchange::node_identity::prove_identity;
use crate::exchange::seen::Seen;
use crate::permission::ActError;
use crate::reads::importer::Importer;
use crate::reads::source_stats::StatsBySource;
use crate::records::Feed;
use crate::retention::Retention;
use crate::sign_in::{SignIn, record_recovery};
use host::home::Home;
use peer::Peers;
use peer::admission::Admission;

/// With less free space than this, in bytes, a node says that it is not ready.
const LEAST_FREE: u64 = 64 << 20;

/// What handlers take from the running node.
pub struct AppState {
    /// What acts work with.
    pub context: NodeContext,
    /// Asks peers.
    pub queries: QueryClient<Peers>,
    /// Tells peers what waits for them.
    pub delivery: Arc<Delivery<Peers>>,
    /// The network.
    pub peers: Arc<Peers>,
    /// The node's configuration.
    pub config: Config,
    /// Its home.
    pub home: Home,
    /// Whether there was no anchor when the node started, although there was a log.
    pub unanchored: bool,
    /// Destroys what is past its retention.
    pub retention: Retention,
    /// Stores reads that come in.
    pub importer: Importer,
    /// What sources have sent.
    pub source_stats: Arc<StatsBySource>,
    /// Turns of those that send reads over HTTPS.
    pub sending: SendingTurns,
    /// When programs were used last.
    pub program_uses: ProgramUses,
    /// Turns of programs.
    pub program_turns: ProgramTurns,
    /// Records of requests for reads.
    pub records: Feed,
    /// Places of connections of the HTTPS side.
    pub https_places: Arc<Admission>,
    /// The certificate of the HTTPS side, where there is one.
    pub certificate: Option<Arc<Served>>,
    /// The token that opens the metrics to the network.
    pub metrics_token: MetricsToken,
    /// What was counted for the metrics.
    pub metrics_cache: MetricsCache,
    /// Whether each entry is found by what it mentions.
    pub mentions: Arc<MentionsCheck>,
    /// Forms of the console that were sent.
    pub sent_forms: SentForms,
    /// Has other agencies hold heads over searches of one's own reads.
    pub seen: Seen,
    /// People sign in by this.
    pub sign_in: Arc<SignIn>,
    /// Cancelled once the node stops.
    pub stop: CancellationToken,
}

/// The same, as a handler receives it.
pub(super) type App = State<Arc<AppState>>;

impl AppState {
    /// The line that says the node is ready.
    #[must_use]
    pub fn ready(&self) -> Value {
        json!({
            "ready": true,
            "agency": self.context.agency.id,
            "peer_addresses": self.peers.addresses(),
            "http": match self.config.http {
                Some(address) => format!("https://{address}"),
                None => format!("unix:{}", self.home.socket().display()),
            },
        })
    }

    /// What stands in the way of exchanges; nothing when the node is ready.
    pub async fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.stop.is_cancelled() {
            problems.push("the node is stopping".to_owned());
        }
        let context = &self.context;
        if context.agency.log.metrics().failing() {
            problems.push("the audit log could not be written the last time".into());
        }
        if let Err(wrong) = context.agency.log.clock_can_be_right() {
            problems.push(wrong.to_string());
        }
        for key in context.keys_missing() {
            problems.push(format!("the {key} key that the card names is not in the home"));
        }
        if context.store.about().await.is_err() {
            problems.push("the database does not answer".into());
        }
        if let Some(free) = self.home.free_bytes().filter(|free| *free < LEAST_FREE) {
            let free = free >> 20;
            problems.push(format!("only {free} MiB are free on the disk of the home"));
        }
        problems
    }

    /// A clock was accepted: the next start begins from it, and what could not be recorded is now.
    ///
    /// # Errors
    /// When what was done at the machine cannot be recorded.
    pub async fn clock_accepted(&self) -> Result<(), ActError> {
        if let Some(Err(error)) =
            self.context.agency.log.clock_mark().map(|mark| mark.write(&self.home))
        {
            tracing::warn!(%error, "what the clock says could not be noted in the home");
        }
        record_recovery(&self.context.agency, &self.home).await
    }

    /// Peers that have not taken in the present version of one's own card, by their ids.
    #[must_use]
    pub fn card_not_shown(&self) -> Vec<AgencyId> {
        let state = self.context.agency.registry.state();
        let open = |id: &AgencyId| state.peers.get(id).is_some_and(|peer| peer.blocked.is_none());
        let mut peers = self.delivery.not_shown();
        peers.retain(open);
        peers.sort();
        peers
    }

    /// Letters that their peers have not taken in and that still matter.
    #[must_use]
    pub fn letters_refused(&self) -> Vec<RefusedLetter> {
        unsettled(&self.context.agency, self.delivery.refused())
    }

    /// A new version of one's own card is in force: writes it into the home and shows it to peers.
    ///
    /// # Errors
    /// When the file cannot be written; it is written again at the next start.
    pub async fn card_issued(&self) -> Result<(), ActError> {
        if let Err(error) = prove_identity(&self.context, &self.peers).await {
            tracing::error!(%error, "the node key cannot be used; the one before is still proven");
        }
        self.delivery.announce();
        keep_in_home(&self.home, &self.context.agency.registry)
            .map_err(|e| ActError::failed(format!("the card is in force, but {e}")))
    }
}
