//! This agency as it acts: who it is, what it knows, and the log without which it does nothing.

use std::sync::Arc;

use audit_log::append::{AppendError, Appended, AuditLog, Moved};
use audit_log::clock::Clock;
use audit_log::entry::{Entry, Guard};
use audit_log::registry::{Registry, fold_until};
use registry::{SourceName, State};
use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use store::Store;

use super::{ActError, Principal};

/// How often an act is judged again because the registry moved meanwhile.
pub(crate) const TRIES: u32 = 8;

/// This agency as it acts. Cheap to clone.
#[derive(Clone)]
pub struct OwnAgency {
    /// Its id.
    pub id: AgencyId,
    /// The clock.
    pub clock: Clock,
    /// Who may do what.
    pub registry: Registry,
    /// The audit log.
    pub log: AuditLog,
}

impl OwnAgency {
    /// The actor of an entry about what `user` does.
    #[must_use]
    pub fn actor(&self, user: &User, by: &Principal) -> Actor {
        Actor {
            user: Some(user.name.clone()),
            full_name: user.full_name.clone(),
            agency: self.id.clone(),
            auth: by.auth.clone(),
        }
    }

    /// Judges an act on the registry as it is, and appends it there.
    ///
    /// # Errors
    /// What `judge` says, or that the log cannot be written.
    pub async fn act<T>(
        &self,
        judge: impl Fn(&State, Timestamp) -> Result<(Entry, T), ActError>,
    ) -> Result<(Appended, T), ActError> {
        for _ in 0..TRIES {
            let state = self.registry.state();
            let (entry, result) = judge(&state, self.clock.now())?;
            let guard = Guard { generation: Some(state.generation()), ..Guard::default() };
            match self.log.append(entry.guarded(guard)).await {
                Err(AppendError::Moved(Moved::Registry)) => {}
                appended => return Ok((appended?, result)),
            }
        }
        Err(ActError::failed(
            "the registry is being changed by others at this moment; try again".into(),
        ))
    }

    /// The node itself as the actor of an entry.
    #[must_use]
    pub fn node_actor(&self) -> Actor {
        Actor {
            user: None,
            full_name: Text::default(),
            agency: self.id.clone(),
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
            full_name: Text::default(),
            agency: peer.clone(),
            auth: "signed envelope".into(),
        }
    }

    /// The registry as of an instant: the fold of the changes up to then, or the present one.
    ///
    /// # Errors
    /// When it cannot be told.
    pub async fn registry_at(
        &self,
        store: &dyn Store,
        at: Option<Timestamp>,
    ) -> Result<Arc<State>, ActError> {
        match at {
            None => Ok(self.registry.state()),
            Some(at) => fold_until(store, Some(at))
                .await
                .map(Arc::new)
                .map_err(|e| ActError::failed(e.to_string())),
        }
    }
}
