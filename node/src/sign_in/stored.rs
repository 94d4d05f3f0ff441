//! What verifies authenticators, as it stands in the database, and what of each is spent.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use ::sign_in::sealing::SealingKey;
use ::sign_in::verifier::{Used, Verifier};
use registry::State;
use schemas::authenticator::{Authenticator, AuthenticatorId, AuthenticatorKind};
use schemas::query::UserName;
use schemas::time::Timestamp;
use store::{SignInRecords, StoreError, StoredAuthenticator};
use tokio::sync::{Mutex, MutexGuard};

/// One of them.
#[derive(Debug, Clone)]
struct Kept {
    verifier: String,
    used: Used,
}

/// All of them. Whoever spends something of one holds them: no code is taken twice by two who come
/// at once.
pub(super) struct StoredAuthenticators {
    records: Arc<dyn SignInRecords>,
    kept: Mutex<HashMap<AuthenticatorId, Kept>>,
}

/// They are held.
pub(super) struct Held<'a> {
    records: &'a dyn SignInRecords,
    kept: MutexGuard<'a, HashMap<AuthenticatorId, Kept>>,
}

/// One that counts: the log tells it, and the database holds what the log says.
pub(super) struct Counting {
    pub(super) id: AuthenticatorId,
    pub(super) told: Authenticator,
    pub(super) verifier: Verifier,
    pub(super) used: Used,
}

fn written(used: &Used) -> Result<String, StoreError> {
    serde_json::to_string(used).map_err(|e| StoreError::Database(e.to_string()))
}

impl StoredAuthenticators {
    pub(super) async fn load(records: Arc<dyn SignInRecords>) -> Result<Self, StoreError> {
        let stored = records.authenticators().await?.into_iter();
        let kept = stored.filter_map(|one| {
            let used = serde_json::from_str(&one.used).ok()?;
            Some((one.id.parse().ok()?, Kept { verifier: one.verifier, used }))
        });
        Ok(Self { kept: Mutex::new(kept.collect()), records })
    }

    pub(super) async fn hold(&self) -> Held<'_> {
        Held { records: self.records.as_ref(), kept: self.kept.lock().await }
    }
}

impl Held<'_> {
    /// Those of a person that count, of one kind.
    pub(super) fn of(
        &self,
        state: &State,
        user: &UserName,
        kind: AuthenticatorKind,
    ) -> Vec<Counting> {
        let told = state.sign_in.of(user).filter(|one| one.kind == kind);
        told.filter_map(|told| self.counting(told)).collect()
    }

    /// Those of everybody that count, of one kind.
    pub(super) fn all(&self, state: &State, kind: AuthenticatorKind) -> Vec<Counting> {
        let all = state.sign_in.authenticators.values().filter(|one| one.revoked.is_none());
        let told = all.map(|one| &one.authenticator).filter(|one| one.kind == kind);
        told.filter_map(|told| self.counting(told)).collect()
    }

    /// One of a person that counts.
    pub(super) fn one(
        &self,
        state: &State,
        user: &UserName,
        id: AuthenticatorId,
    ) -> Option<Counting> {
        let told = state.sign_in.of(user).find(|one| one.id == id)?;
        self.counting(told)
    }

    fn counting(&self, told: &Authenticator) -> Option<Counting> {
        let kept = self.kept.get(&told.id)?;
        let verifier = Verifier::read(&kept.verifier, &told.verifier)?;
        (verifier.kind() == told.kind).then(|| Counting {
            id: told.id,
            told: told.clone(),
            verifier,
            used: kept.used.clone(),
        })
    }

    /// For each person who has something to sign in by: since when, and when she last did, if she did.
    pub(super) fn last_used(&self, state: &State) -> BTreeMap<UserName, (Timestamp, Timestamp)> {
        let mut all = BTreeMap::new();
        let counts = state.sign_in.authenticators.values().filter(|one| one.revoked.is_none());
        for told in counts.map(|one| &one.authenticator) {
            let used = self.kept.get(&told.id).and_then(|kept| kept.used.last);
            let last = used.map_or(told.bound_at, |used| used.max(told.bound_at));
            let (bound, latest) = all.entry(told.user.clone()).or_insert((told.bound_at, last));
            *bound = (*bound).min(told.bound_at);
            *latest = (*latest).max(last);
        }
        all
    }

    /// When a person last signed in, by whatever.
    pub(super) fn last_of(&self, state: &State, user: &UserName) -> Option<Timestamp> {
        let kept = state.sign_in.of(user).filter_map(|told| self.kept.get(&told.id));
        kept.filter_map(|kept| kept.used.last).max()
    }

    /// Persons of whose authenticators some verify nothing any more, because the key that they were
    /// sealed with is not this one.
    pub(super) fn sealed_otherwise(&self, state: &State, key: &SealingKey) -> BTreeSet<UserName> {
        let counts = state.sign_in.authenticators.values().filter(|one| one.revoked.is_none());
        let told = counts.map(|one| &one.authenticator).filter(|told| {
            let kept = self.kept.get(&told.id);
            let verifier = kept.and_then(|kept| Verifier::read(&kept.verifier, &told.verifier));
            verifier.is_some_and(|verifier| !verifier.is_of(key, &told.id))
        });
        told.map(|told| told.user.clone()).collect()
    }

    /// Notes what of one is spent, durably.
    pub(super) async fn note(&mut self, id: AuthenticatorId, used: Used) -> Result<(), StoreError> {
        self.records.note_use(&id.to_string(), &written(&used)?).await?;
        if let Some(kept) = self.kept.get_mut(&id) {
            kept.used = used;
        }
        Ok(())
    }

    /// Keeps new ones. They count once the log tells them.
    pub(super) async fn keep(
        &mut self,
        new: &[(AuthenticatorId, String)],
    ) -> Result<(), StoreError> {
        let used = written(&Used::default())?;
        let rows: Vec<_> = new
            .iter()
            .map(|(id, verifier)| StoredAuthenticator {
                id: id.to_string(),
                verifier: verifier.clone(),
                used: used.clone(),
            })
            .collect();
        self.records.keep_authenticators(&rows).await?;
        for (id, verifier) in new {
            let kept = Kept { verifier: verifier.clone(), used: Used::default() };
            self.kept.insert(*id, kept);
        }
        Ok(())
    }

    /// Destroys what verifies those that count no longer.
    pub(super) async fn forget(&mut self, gone: &[AuthenticatorId]) -> Result<(), StoreError> {
        for id in gone {
            self.kept.remove(id);
        }
        let ids: Vec<_> = gone.iter().map(ToString::to_string).collect();
        self.records.forget_authenticators(&ids).await
    }
}
