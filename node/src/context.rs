//! What every act of the node works with: its identity, its keys, its log and its store.

mod cosigned_sizes;
mod known_by;
mod observed;
mod reached;

use std::sync::Arc;

use schemas::key::{PublicKey, SecretKey};
use schemas::time::Timestamp;

use crate::config::Bounds;
use crate::permission::OwnAgency;
use audit_log::append::AuditLog;
use audit_log::keys::Keyring;
use host::home::{Home, HomeError};
use schemas::key_use::KeyUse;
use store::ReadStore;
use store::photographs::Images;

pub use cosigned_sizes::CosignedSizes;
pub use known_by::KnownBy;
pub use observed::ObservedCheckpoints;
pub use reached::{Asked, Reached};

/// The keys that are exchanged one by one. Cheap to clone.
#[derive(Clone)]
pub struct OwnKeys {
    /// What proves on connecting whose node this is.
    pub node: Keyring,
    /// What signs messages.
    pub message: Keyring,
    /// What signs heads of the log.
    pub log: Keyring,
    /// What cosigns peers' heads.
    pub cosigner: Keyring,
}

impl OwnKeys {
    /// Those of a home.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn load(home: &Home) -> Result<Self, HomeError> {
        Ok(Self {
            node: Keyring::load(home, KeyUse::Node)?,
            message: Keyring::load(home, KeyUse::Message)?,
            log: Keyring::load(home, KeyUse::Log)?,
            cosigner: Keyring::load(home, KeyUse::Cosigner)?,
        })
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> [&Keyring; 4] {
        [&self.node, &self.message, &self.log, &self.cosigner]
    }

    /// The key of `agency` that signs messages now.
    #[must_use]
    pub fn message_key(&self, agency: &OwnAgency) -> SecretKey {
        signing(&self.message, agency)
    }

    /// The key of `agency` that cosigns peers' heads now.
    #[must_use]
    pub fn cosigner_key(&self, agency: &OwnAgency) -> SecretKey {
        signing(&self.cosigner, agency)
    }

    /// Reads the keys again: the command line has made one that comes next. From here on every head
    /// of `log` is signed with both.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn reload(&self, log: &AuditLog) -> Result<(), HomeError> {
        self.all().into_iter().try_for_each(Keyring::reload)?;
        log.sign_with(self.log.all());
        Ok(())
    }
}

fn signing(keys: &Keyring, agency: &OwnAgency) -> SecretKey {
    let state = agency.registry.state();
    keys.signing(state.own.as_ref().map(|own| &own.value), agency.clock.now())
}

/// What acts of the node work with, piece by piece: a function takes the pieces that it needs. Cheap
/// to clone.
#[derive(Clone)]
pub struct NodeContext {
    /// This agency as it acts.
    pub agency: OwnAgency,
    /// Its keys.
    pub keys: OwnKeys,
    /// The store, for reading.
    pub store: Arc<dyn ReadStore>,
    /// The photographs.
    pub photographs: Images,
    /// Bounds of exchanges.
    pub bounds: Bounds,
    /// The checkpoints that peers have shown of their logs.
    pub observed: Arc<ObservedCheckpoints>,
    /// By which agency key peers know this agency.
    pub known_by: Arc<KnownBy>,
    /// How many entries of this log peers have cosigned.
    pub cosigned_sizes: Arc<CosignedSizes>,
}

impl NodeContext {
    /// The key that signs messages now.
    #[must_use]
    pub fn message_key(&self) -> SecretKey {
        self.keys.message_key(&self.agency)
    }

    /// The key that cosigns peers' heads now.
    #[must_use]
    pub fn cosigner_key(&self) -> SecretKey {
        self.keys.cosigner_key(&self.agency)
    }

    /// The key that this node proves on connecting now and, once that is the one that its card names,
    /// the one before, which peers who have not learnt the card still know.
    #[must_use]
    pub fn node_key(&self) -> (SecretKey, Option<SecretKey>) {
        let state = self.agency.registry.state();
        let own = state.own.as_ref().map(|own| &own.value);
        let proven = self.keys.node.signing(own, self.agency.clock.now());
        let named = own.filter(|own| own.node_key == proven.public());
        (proven, named.and_then(|own| self.keys.node.before(own)))
    }

    /// The uses whose key, as one's card names it, is not in the home: what is signed in its place
    /// proves nothing to peers.
    #[must_use]
    pub fn keys_missing(&self) -> Vec<KeyUse> {
        let state = self.agency.registry.state();
        let Some(own) = &state.own else { return Vec::new() };
        let keyrings = self.keys.all().into_iter();
        keyrings.filter(|keys| !keys.has(keys.of().named(&own.value))).map(Keyring::of).collect()
    }

    /// The uses whose key is being exchanged, and when the one before ends.
    #[must_use]
    pub fn keys_leaving(&self) -> Vec<(KeyUse, Timestamp)> {
        let (state, now) = (self.agency.registry.state(), self.agency.clock.now());
        let Some(own) = &state.own else { return Vec::new() };
        let leaving = own.value.revocations.iter().filter(|one| now < one.at);
        let of = |key: &PublicKey| {
            KeyUse::ALL.into_iter().find(|use_| state.own_keys.of(*use_).contains(key))
        };
        leaving.filter_map(|one| Some((of(&one.key)?, one.at))).collect()
    }
}
