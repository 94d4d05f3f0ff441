//! What every act of the node works with: its identity, its keys, its log and its store.

use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::envelope::{Envelope, EnvelopeError, Kind};
use schemas::key::{PublicKey, SecretKey};
use schemas::note::Vkey;
use schemas::query::AuthorityId;
use schemas::time::Timestamp;
use serde::de::DeserializeOwned;

use std::sync::Arc;

use crate::config::Bounds;
use crate::exchange::heads::Heads;
use audit_log::append::AuditLog;
use audit_log::clock::Clock;
use audit_log::keys::Keyring;
use audit_log::registry::Registry;
use host::home::HomeError;
use registry::KeyUse;
use registry::SourceName;
use store::Store;
use store::photographs::Images;

/// What both sides of an exchange work with. Cheap to clone.
#[derive(Clone)]
pub struct Office {
    /// This agency.
    pub me: AgencyId,
    /// What signs messages.
    pub message_keys: Keyring,
    /// The clock.
    pub clock: Clock,
    /// Who may do what.
    pub registry: Registry,
    /// The audit log.
    pub log: AuditLog,
    /// The store, for reading.
    pub store: Arc<dyn Store>,
    /// The photographs.
    pub images: Images,
    /// Bounds of exchanges.
    pub bounds: Bounds,
    /// What signs heads of the log.
    pub log_keys: Keyring,
    /// What cosigns peers' heads.
    pub cosigner_keys: Keyring,
    /// What proves on connecting whose node this is.
    pub node_keys: Keyring,
    /// What peers have shown of their logs.
    pub heads: Arc<Heads>,
    /// Held by whoever destroys what is past its retention, and by whoever places a hold: what an
    /// entry says is destroyed is gone before the next hold.
    pub retention: Arc<tokio::sync::Mutex<()>>,
    /// Held while a batch of reads is stored: what is known to be new must stay new until then.
    pub importing: Arc<tokio::sync::Mutex<()>>,
}

impl Office {
    /// The key that signs messages now.
    #[must_use]
    pub fn message_key(&self) -> SecretKey {
        let state = self.registry.state();
        self.message_keys.signing(state.own.as_ref().map(|own| &own.value), self.clock.now())
    }

    /// The key that cosigns peers' heads now.
    #[must_use]
    pub fn cosigner_key(&self) -> SecretKey {
        let state = self.registry.state();
        self.cosigner_keys.signing(state.own.as_ref().map(|own| &own.value), self.clock.now())
    }

    /// The key that this node proves on connecting now and, once that is the one that its card names,
    /// the one before, which peers who have not learnt the card still know.
    #[must_use]
    pub fn node_key(&self) -> (SecretKey, Option<SecretKey>) {
        let state = self.registry.state();
        let own = state.own.as_ref().map(|own| &own.value);
        let proven = self.node_keys.signing(own, self.clock.now());
        let named = own.filter(|own| own.node_key == proven.public());
        (proven, named.and_then(|own| self.node_keys.before(own)))
    }

    /// Every key that has signed heads of this log, as notes name them: those that its cards named,
    /// and those that are in the home, which a database that was put back knows nothing of.
    #[must_use]
    pub fn own_log_keys(&self) -> Vec<Vkey> {
        let mut keys = self.registry.state().own_log_keys();
        keys.extend(self.log.vkeys());
        keys
    }

    /// The keys that are exchanged one by one.
    #[must_use]
    pub fn keyrings(&self) -> [&Keyring; 4] {
        [&self.node_keys, &self.message_keys, &self.log_keys, &self.cosigner_keys]
    }

    /// The uses whose key, as one's card names it, is not in the home: what is signed in its place
    /// proves nothing to peers.
    #[must_use]
    pub fn keys_missing(&self) -> Vec<KeyUse> {
        let state = self.registry.state();
        let Some(own) = &state.own else { return Vec::new() };
        let keyrings = self.keyrings().into_iter();
        keyrings.filter(|keys| !keys.has(keys.of().named(&own.value))).map(Keyring::of).collect()
    }

    /// The uses whose key is being exchanged, and when the one before ends.
    #[must_use]
    pub fn keys_leaving(&self) -> Vec<(KeyUse, Timestamp)> {
        let (state, now) = (self.registry.state(), self.clock.now());
        let Some(own) = &state.own else { return Vec::new() };
        let leaving = own.value.revocations.iter().filter(|one| now < one.at);
        let of = |key: &PublicKey| {
            KeyUse::ALL.into_iter().find(|use_| state.own_keys.of(*use_).contains(key))
        };
        leaving.filter_map(|one| Some((of(&one.key)?, one.at))).collect()
    }

    /// Reads the keys again: the command line has made one that comes next. From here on every head
    /// of the log is signed with both.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn reload_keys(&self) -> Result<(), HomeError> {
        self.keyrings().into_iter().try_for_each(Keyring::reload)?;
        self.log.sign_with(self.log_keys.all());
        Ok(())
    }

    /// What an envelope of one's own says, whichever of one's message keys signed it.
    ///
    /// # Errors
    /// When none of them did.
    pub fn own_signed<T: DeserializeOwned>(
        &self,
        envelope: &Envelope,
        kind: Kind,
    ) -> Result<T, EnvelopeError> {
        let state = self.registry.state();
        envelope.verified_json(kind, state.own_key_of(envelope).ok_or(EnvelopeError::Key)?)
    }

    /// The node itself as the actor of an entry.
    #[must_use]
    pub fn node_actor(&self) -> Actor {
        Actor {
            user: None,
            full_name: schemas::text::Text::default(),
            agency: self.me.clone(),
            auth: "node".into(),
        }
    }

    /// A source of reads, known by its token or its folder, as the actor of an entry.
    #[must_use]
    pub fn source_actor(&self, source: &SourceName) -> Actor {
        Actor { auth: format!("source {source}"), ..self.node_actor() }
    }

    /// A peer, known by its signature, as the actor of an entry.
    #[must_use]
    pub fn peer_actor(&self, peer: &AgencyId) -> Actor {
        Actor {
            user: None,
            full_name: schemas::text::Text::default(),
            agency: peer.clone(),
            auth: "signed envelope".into(),
        }
    }

    /// How long answers under an authority are kept, in days: the agreement's retention of answers,
    /// or [`ANSWERS_KEPT_DAYS`] under a written request.
    #[must_use]
    pub fn answers_kept_days(&self, authority: &AuthorityId) -> u32 {
        let state = self.registry.state();
        let versions = state.agreements.get(authority);
        versions
            .and_then(|versions| versions.values().next_back())
            .map_or(ANSWERS_KEPT_DAYS, |version| version.recorded.agreement.answers_kept_days)
    }
}

/// How long answers under a written request are kept, in days.
pub const ANSWERS_KEPT_DAYS: u32 = 30;
