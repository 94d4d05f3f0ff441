//! This agency as it acts: who it is, what it knows, and the log without which it does nothing.

use std::sync::Arc;

use audit_log::append::{AppendError, Appended, AuditLog, Conflict};
use audit_log::clock::Clock;
use audit_log::entry::Entry;
use audit_log::registry::Registry;
use registry::{SourceName, State};
use schemas::agency::AgencyId;
use schemas::body::Actor;
use schemas::envelope::{Envelope, EnvelopeError, Kind};
use schemas::note::Vkey;
use schemas::text::Text;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::de::DeserializeOwned;

use super::{ActError, Principal};

/// How often an act is judged again because the registry moved meanwhile.
const TRIES: u32 = 8;

/// Why an act that was judged is not in the log.
#[derive(Debug)]
pub enum NotActed<E> {
    /// The judge says that it may not, or need not, be.
    Judged(E),
    /// The log did not take it.
    Log(AppendError),
    /// The registry moved again and again while it was judged.
    Contended,
}

impl From<NotActed<ActError>> for ActError {
    fn from(error: NotActed<ActError>) -> Self {
        match error {
            NotActed::Judged(error) => error,
            NotActed::Log(error) => error.into(),
            NotActed::Contended => Self::failed_as(
                "conflict",
                "the registry is being changed by others at this moment; try again".into(),
            ),
        }
    }
}

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

    /// Judges an act on the registry as it is, and appends its entry there. When the registry moved
    /// between the two, the act is judged again on what holds now.
    ///
    /// # Errors
    /// What `judge` says, or that the log cannot be written.
    pub async fn act<T>(
        &self,
        judge: impl Fn(&State, Timestamp) -> Result<(Entry, T), ActError>,
    ) -> Result<(Appended, T), ActError> {
        Ok(self.act_or(judge).await?)
    }

    /// As [`Self::act`], for a judge with reasons of its own not to act.
    ///
    /// # Errors
    /// What `judge` says, or that the log cannot be written.
    pub async fn act_or<T, E>(
        &self,
        judge: impl Fn(&State, Timestamp) -> Result<(Entry, T), E>,
    ) -> Result<(Appended, T), NotActed<E>> {
        self.act_async(|state, now| std::future::ready(judge(&state, now))).await
    }

    /// As [`Self::act_or`], for a judge that has to look something up.
    ///
    /// # Errors
    /// What `judge` says, or that the log cannot be written.
    pub async fn act_async<T, E, F: Future<Output = Result<(Entry, T), E>>>(
        &self,
        judge: impl Fn(Arc<State>, Timestamp) -> F,
    ) -> Result<(Appended, T), NotActed<E>> {
        for _ in 0..TRIES {
            let judged = judge(self.registry.state(), self.clock.now());
            let (entry, result) = judged.await.map_err(NotActed::Judged)?;
            match self.log.append(entry).await {
                Err(AppendError::Conflict(
                    Conflict::Registry
                    | Conflict::ReadCorrected
                    | Conflict::DayFull
                    | Conflict::Audit,
                )) => {}
                appended => return Ok((appended.map_err(NotActed::Log)?, result)),
            }
        }
        Err(NotActed::Contended)
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

    /// Every key that has signed heads of this log, as notes name them: those that its cards named,
    /// and those that are in the home, which a database that was put back knows nothing of.
    #[must_use]
    pub fn own_log_keys(&self) -> Vec<Vkey> {
        let mut keys = self.registry.state().own_log_keys();
        keys.extend(self.log.vkeys());
        keys
    }

    /// As [`Self::act_async`], for a judge who may find that there is nothing to log: what it found is
    /// returned all the same, without an entry.
    ///
    /// # Errors
    /// What `judge` says, or that the log cannot be written.
    pub async fn act_if<T, F: Future<Output = Result<(Option<Entry>, T), ActError>>>(
        &self,
        judge: impl Fn(Arc<State>, Timestamp) -> F,
    ) -> Result<(Option<Appended>, T), ActError> {
        enum NoEntry<T> {
            NotNeeded(T),
            Judged(ActError),
        }
        let judge = |state, now| {
            let judged = judge(state, now);
            async move {
                match judged.await {
                    Ok((Some(entry), found)) => Ok((entry, found)),
                    Ok((None, found)) => Err(NoEntry::NotNeeded(found)),
                    Err(error) => Err(NoEntry::Judged(error)),
                }
            }
        };
        match self.act_async(judge).await {
            Ok((appended, found)) => Ok((Some(appended), found)),
            Err(NotActed::Judged(NoEntry::NotNeeded(found))) => Ok((None, found)),
            Err(NotActed::Judged(NoEntry::Judged(error))) => Err(error),
            Err(NotActed::Log(error)) => Err(error.into()),
            Err(NotActed::Contended) => Err(NotActed::Contended.into()),
        }
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

    /// The registry as of an instant: the fold of the changes up to then, or the present one.
    ///
    /// # Errors
    /// When it cannot be told.
    pub async fn registry_at(&self, at: Option<Timestamp>) -> Result<Arc<State>, ActError> {
        match at {
            None => Ok(self.registry.state()),
            Some(at) => self
                .log
                .registry_at(at)
                .await
                .map(Arc::new)
                .map_err(|e| ActError::failed(e.to_string())),
        }
    }
}
