//! The fold from changes to the state. Pure, and the same wherever a log is read.

mod cards;
mod documents;

use std::sync::Arc;

use agreements::policy::Policy;
use schemas::authenticator::Enrolment;
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::time::Timestamp;
use schemas::user::User;

use super::ChangeError;
use super::alarms::{Alarm, Raised, Resolution};
use super::change::Change;
use super::holds::{Hold, Release};
use super::payload::unfit;
use super::sign_in::Alone;
use super::state::{Adopted, State};

impl State {
    /// The state that changes fold to, given as their JSON with the entries that made them, in the order of
    /// the log.
    ///
    /// # Errors
    /// When one cannot be read, or does not fit those before it.
    pub fn fold(
        changes: impl IntoIterator<Item = (u64, impl AsRef<str>)>,
    ) -> Result<Self, ChangeError> {
        let mut state = Self::default();
        for (entry, text) in changes {
            state.apply_text(entry, text.as_ref())?;
        }
        Ok(state)
    }

    /// Makes one more change, that of an entry, by its JSON.
    ///
    /// # Errors
    /// As [`Self::apply`], or when it cannot be read.
    pub fn apply_text(&mut self, entry: u64, change: &str) -> Result<(), ChangeError> {
        let change: Change = serde_json::from_str(change)
            .map_err(|e| unfit(format!("a change cannot be read: {e}")))?;
        self.apply(entry, &change)
    }

    /// This state with one more change, that of an entry.
    ///
    /// # Errors
    /// When the change does not fit.
    pub fn with(&self, entry: u64, change: &Change) -> Result<Self, ChangeError> {
        let mut next = self.clone();
        next.apply(entry, change)?;
        Ok(next)
    }

    /// Makes one more change, that of the entry at index `entry`.
    ///
    /// # Errors
    /// When the change does not fit; the state may then be half changed and must be dropped.
    pub fn apply(&mut self, entry: u64, change: &Change) -> Result<(), ChangeError> {
        self.generation = self.generation.saturating_add(1);
        match change {
            Change::Policy { name, text, at } => return self.adopt(name, text, *at),
            Change::PeerPolicy { envelope } => return self.peer_policy(envelope),
            Change::User { user, alone, enrolment } => {
                self.user(user, alone.as_ref(), enrolment.as_ref());
            }
            Change::Confirmed { user, .. } => {
                Arc::make_mut(&mut self.sign_in).apply(change)?;
                self.users.insert(user.name.clone(), user.clone());
            }
            Change::Enrolment { .. }
            | Change::Authenticators { .. }
            | Change::AuthenticatorRevoked { .. }
            | Change::Lock { .. }
            | Change::Proposed { .. }
            | Change::Declined { .. }
            | Change::Countersigned { .. } => {
                return Arc::make_mut(&mut self.sign_in).apply(change);
            }
            Change::OwnCard { envelope } => return self.own_card(envelope),
            Change::Card { envelope, verified } => return self.card(envelope, verified),
            Change::CardUpdate { envelope, at } => return self.card_update(envelope, *at),
            Change::CardHeld { envelope, why, at } => return self.card_held(envelope, why, *at),
            Change::ReceiptsExtended { agency, until } => {
                return self.receipts_extended(agency, *until);
            }
            Change::Block { agency, reason } => return self.block(agency, reason.as_ref()),
            Change::Agreement { from, envelope } => return self.agreement(from, envelope),
            Change::ProposalRefused { refused } => self.refused.note(refused.clone()),
            Change::Adherence { envelope } => return self.adherence(envelope),
            Change::Notice { envelope } => return self.notice(envelope),
            Change::Request { envelope } => return self.file(envelope),
            Change::Ruling { envelope } => return self.rule(envelope),
            Change::Withdrawal { envelope } => return self.withdraw(envelope),
            Change::Alarm { alarm } => self.raise(alarm),
            Change::AlarmResolved { alarm, resolution } => return self.resolve(*alarm, resolution),
            Change::AuditOpened { audit } => return self.audits.opened(entry, audit),
            Change::AuditClosed { opened, closing } => {
                return self.audits.closed(*opened, closing);
            }
            Change::HoldPlaced { hold } => return self.hold(hold),
            Change::HoldReleased { hold, release } => return self.release(*hold, release),
            Change::Redacted { redaction, .. } => Arc::make_mut(&mut self.redacted).note(redaction),
            Change::Clock { accepted } => {
                self.audits.restamp(accepted, self.clock.behind_since);
                self.clock.note(accepted);
            }
            Change::Source { source } => {
                self.sources.insert(source.name.clone(), source.clone());
            }
            Change::Program { program } => {
                self.programs.insert(program.name.clone(), program.clone());
            }
            Change::Device { device } => {
                self.devices.insert(device.name.clone(), device.clone());
            }
            Change::PublicReleased { release } => Arc::make_mut(&mut self.public).released(release),
            Change::PublicWithdrawn { shown } => Arc::make_mut(&mut self.public).withdrawn(*shown),
            Change::Backup { backup, forgotten } => {
                forgotten.iter().for_each(|at| self.backups.remove(at));
                self.backups.insert(backup.at, backup.clone());
            }
            Change::BackupFinished { begun, manifest } => {
                if let Some(backup) = self.backups.get_mut(begun) {
                    backup.manifest = Some(*manifest);
                }
            }
            Change::RecordsRequest { request } => {
                self.records_requests.insert(request.id.clone(), request.clone());
            }
            Change::RecordsRequestClosed { request, closed } => {
                if let Some(filed) = self.records_requests.get_mut(request) {
                    filed.closed = Some(closed.clone());
                }
            }
        }
        Ok(())
    }

    fn adopt(&mut self, name: &str, text: &str, at: Timestamp) -> Result<(), ChangeError> {
        self.policy = Some(Arc::new(Policy::from_toml(name, text).map_err(unfit)?));
        self.policy_digest = Some(Digest::of(text.as_bytes()));
        let version = self.adopted.as_ref().map_or(1, |before| before.version.saturating_add(1));
        self.adopted = Some(Arc::new(Adopted { version, since: at, text: text.to_owned() }));
        Ok(())
    }

    fn user(&mut self, user: &User, alone: Option<&UserName>, enrolment: Option<&Enrolment>) {
        let sign_in = Arc::make_mut(&mut self.sign_in);
        if let Some(by) = alone {
            let alone = Alone { by: by.clone(), countersigned: None };
            drop(sign_in.alone.insert(user.name.clone(), alone));
        }
        if let Some(enrolment) = enrolment {
            drop(sign_in.enrolments.insert(enrolment.user.clone(), enrolment.clone()));
        }
        self.users.insert(user.name.clone(), user.clone());
    }

    fn raise(&mut self, alarm: &Alarm) {
        let number = self.alarms.len() as u64 + 1;
        let raised = Raised { alarm: number, what: alarm.clone(), resolved: None };
        self.alarms.insert(number, raised);
    }

    fn resolve(&mut self, alarm: u64, resolution: &Resolution) -> Result<(), ChangeError> {
        let raised = self.alarms.get_mut(&alarm);
        let raised = raised.ok_or_else(|| unfit(format!("there is no alarm {alarm}")))?;
        raised.resolved = Some(resolution.clone());
        Ok(())
    }

    fn hold(&mut self, hold: &Hold) -> Result<(), ChangeError> {
        if self.holds.contains_key(&hold.hold) {
            return Err(unfit(format!("there is a hold {} already", hold.hold)));
        }
        self.holds.insert(hold.hold, hold.clone());
        Ok(())
    }

    fn release(&mut self, hold: u64, release: &Release) -> Result<(), ChangeError> {
        let held = self.holds.get_mut(&hold);
        let held = held.ok_or_else(|| unfit(format!("there is no hold {hold}")))?;
        held.released = Some(release.clone());
        Ok(())
    }
}
