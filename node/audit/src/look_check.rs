//! Whether what auditors looked at bears the audits that they had open, and whether somebody else audited their
//! looks. A whole log tells who opened and closed which audit, so whoever reads it finds a look under an audit that
//! was not open or was another person's, one that hides the occasion that there was, and one's own looks recorded
//! as audited.

use std::collections::HashMap;
use std::sync::Arc;

use registry::State;
use schemas::body::Body;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::event::audit::{AuditRecorded, AuditSampled, Viewed};
use schemas::event::occasion::LOOKS;
use schemas::query::UserName;

use super::problem::{Problem, problem};

/// The code of what is found here.
const LOOK: &str = "look";

/// Holds looks against the audits that they bear.
#[derive(Debug, Default)]
pub(super) struct LookCheck {
    whole: bool,
    /// Who looked, by entry; the names are shared.
    looked: HashMap<u64, Arc<UserName>>,
    names: HashMap<UserName, Arc<UserName>>,
    /// Samples of looks: what each drew.
    samples: HashMap<u64, Vec<u64>>,
    problems: Vec<Problem>,
}

impl LookCheck {
    /// Of a `whole` log, or of some entries of one, which tell nothing of audits.
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Takes in the next entry, with its body while that is kept, and the registry as of it, where that is known.
    pub(super) fn see(&mut self, header: &Header, body: Option<&Body>, state: Option<&State>) {
        let Some(body) = body.filter(|_| self.whole) else { return };
        let index = header.index;
        let looks = LOOKS.contains(&header.kind);
        if let Some(user) = body.actor.user.as_ref().filter(|_| looks) {
            let name = self.names.entry(user.clone()).or_insert_with(|| Arc::new(user.clone()));
            self.looked.insert(index, Arc::clone(name));
        }
        if let Some(state) = state {
            self.borne(header, body, state);
        }
        match (&body.event, &body.actor.user) {
            (Event::AuditSampled(sampled), Some(user)) if sampled.looks => {
                self.drawn(index, sampled, user);
            }
            (Event::AuditRecorded(recorded), Some(user)) => self.recorded(index, recorded, user),
            _ => {}
        }
    }

    /// That it bears what its person had open.
    fn borne(&mut self, header: &Header, body: &Body, state: &State) {
        let Some(user) = &body.actor.user else {
            if let Some(audit) = body.audit {
                self.wrong(
                    header.index,
                    format!("it bears audit {audit}, and no person acts in it"),
                );
            }
            return;
        };
        // A peer's statement is asked for before it is compared with.
        let asks = matches!(&body.event, Event::AuditStated(stated) if stated.asked);
        if body.audit.is_none() && !asks && !LOOKS.contains(&header.kind) {
            return;
        }
        if let Err(error) = state.audits.bears(user, body.audit, header.at) {
            let what = match body.audit {
                Some(audit) => format!("`{user}` looked under audit {audit}: {error}"),
                None => format!("`{user}` looked under no audit: {error}"),
            };
            return self.wrong(header.index, what);
        }
        // A sheet of a request is seen by who decides upon it, too; and an audit may end while a peer is heard,
        // whose statement was asked for under it.
        let excused = match &body.event {
            Event::AuditViewed(viewed) => matches!(viewed.viewed, Viewed::SheetOf(_)),
            Event::AuditReconciled(_) => true,
            _ => false,
        };
        let demanded = state.policy.as_ref().is_some_and(|policy| policy.audit_occasion.is_some());
        if demanded && body.audit.is_none() && !excused {
            let what = format!(
                "`{user}` looked under no audit, and the policy in force has nobody look without an occasion"
            );
            self.wrong(header.index, what);
        }
    }

    /// That a sample of looks drew none of who drew it.
    fn drawn(&mut self, index: u64, sampled: &AuditSampled, user: &UserName) {
        if let Some(own) = self.own_among(&sampled.drawn, user) {
            let what = format!(
                "`{user}` drew a sample of others' looks, and entry {own} is a look of `{user}`"
            );
            self.wrong(index, what);
        }
        self.samples.insert(index, sampled.drawn.clone());
    }

    /// That nobody records her own looks as audited.
    fn recorded(&mut self, index: u64, recorded: &AuditRecorded, user: &UserName) {
        let sampled = recorded.sample.and_then(|sample| self.samples.get(&sample));
        let own = sampled.and_then(|drawn| self.own_among(drawn, user));
        if let Some(own) = own.or_else(|| self.own_among(&recorded.entries, user)) {
            let what = format!("`{user}` recorded as audited entry {own}, a look of `{user}`");
            self.wrong(index, what);
        }
    }

    /// The first of these entries that is a look of `user`.
    fn own_among(&self, entries: &[u64], user: &UserName) -> Option<u64> {
        let own = |index: &&u64| self.looked.get(*index).is_some_and(|who| **who == *user);
        entries.iter().find(own).copied()
    }

    fn wrong(&mut self, index: u64, what: String) {
        self.problems.push(problem(Some(index), LOOK, what));
    }

    /// What was found since the last time.
    pub(super) fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }
}
