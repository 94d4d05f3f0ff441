//! What an incident reached: everything that one person, session, authenticator or program did in a
//! period, whose reads that was, and who was told (Indio 461.5, Port 462.5(c)).
//!
//! Accesses have the rows of the access report. Everything else that was done in the subject's name is an
//! act: exports, approvals, agreements, accounts. What is destroyed at the end of its retention can be
//! put down to nobody, and is counted.

use std::collections::{BTreeMap, BTreeSet};

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::entry::EntryKind;
use schemas::event::Event;
use schemas::event::audit::IncidentTold;
use schemas::event::sign_in::SignInSucceeded;
use schemas::incident::IncidentSubject;
use schemas::query::{QueryId, UserName};
use schemas::session::SessionId;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Accesses, MadeFrom, is_access};
use crate::verify::Judged;

/// A session of the subject.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionSeen {
    /// The session.
    pub session: SessionId,
    /// Whose it was.
    pub user: Option<UserName>,
    /// How she had proved who she is.
    pub way: String,
    /// From where: an address, or the program that she let have it.
    pub client: String,
    /// When it began.
    pub began: Timestamp,
    /// When it ended, and why.
    pub ended: Option<(Timestamp, String)>,
}

/// Something that was done besides accesses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ActSeen {
    /// The entry.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: EntryKind,
    /// By whom.
    pub user: Option<UserName>,
    /// Whom of the peers it concerns.
    pub peer: Option<AgencyId>,
    /// What else the entry says.
    pub detail: Value,
    /// Why what it says is not proven, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unproven: Option<String>,
}

/// An agency whose reads were reached, or were to be.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reached {
    /// The agency.
    pub owner: AgencyId,
    /// How often it was asked, or its reads looked at.
    pub asked: u64,
    /// How often it answered, or an answer was shown again.
    pub answered: u64,
    /// Reads that were shown.
    pub reads: u64,
    /// Plates that were asked for.
    pub plates: BTreeSet<String>,
    /// Entries of its own log that it has proven of these exchanges: it knows of them by itself.
    pub own_entries: Vec<u64>,
    /// Whether somebody put on record that it was told.
    pub told: bool,
}

/// That somebody was told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ToldOf {
    /// The entry.
    pub index: u64,
    /// Who put it on record.
    pub by: Option<UserName>,
    /// Who was told, how, and when.
    #[serde(flatten)]
    pub told: IncidentTold,
}

/// A report of an incident.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Incident {
    /// What it is about.
    pub subject: IncidentSubject,
    /// Whose log it was made of.
    pub agency: AgencyId,
    /// By whom.
    pub by: String,
    /// What was done at or after.
    pub from: Option<Timestamp>,
    /// What was done before.
    pub until: Option<Timestamp>,
    /// The log.
    pub made_from: MadeFrom,
    /// Whom the policy has told of a breach, with its section.
    pub breach: Option<String>,
    /// The sessions.
    pub sessions: Vec<SessionSeen>,
    /// The accesses, as the access report has them.
    pub accesses: Vec<Map<String, Value>>,
    /// Everything else that was done.
    pub acts: Vec<ActSeen>,
    /// Whose reads were reached.
    pub reached: Vec<Reached>,
    /// Who was told.
    pub told: Vec<ToldOf>,
    /// Entries of the period that are destroyed at the end of their retention: whose they were, nobody can
    /// say.
    pub destroyed: u64,
}

/// How long before the period a session may have begun in which something of the period was done, in
/// hours.
pub const SESSION_HOURS: i64 = 12;

/// Gathers what an incident reached, from the entries of a log in their order.
#[derive(Debug)]
pub struct IncidentLog {
    subject: IncidentSubject,
    agency: AgencyId,
    from: Option<Timestamp>,
    until: Option<Timestamp>,
    accesses: Accesses,
    queries: BTreeSet<QueryId>,
    proven: BTreeMap<QueryId, u64>,
    sessions: BTreeMap<SessionId, SessionSeen>,
    acts: Vec<ActSeen>,
    told: Vec<ToldOf>,
    destroyed: u64,
}

impl IncidentLog {
    /// About `subject`, in the log of `agency`.
    #[must_use]
    pub fn new(
        subject: IncidentSubject,
        agency: AgencyId,
        from: Option<Timestamp>,
        until: Option<Timestamp>,
    ) -> Self {
        Self {
            subject,
            agency,
            from,
            until,
            accesses: Accesses::default(),
            queries: BTreeSet::new(),
            proven: BTreeMap::new(),
            sessions: BTreeMap::new(),
            acts: Vec::new(),
            told: Vec::new(),
            destroyed: 0,
        }
    }

    /// The session in which an entry was made, as it says.
    fn session_of(auth: &str) -> Option<SessionId> {
        let rest = auth.split("session ").nth(1)?;
        rest.split([',', ' ']).next()?.parse().ok()
    }

    /// Whether an entry was made in the subject's name.
    fn is_of(&self, body: &Body) -> bool {
        let actor = &body.actor;
        let session = Self::session_of(&actor.auth);
        match &self.subject {
            IncidentSubject::User(user) => {
                actor.user.as_ref() == Some(user) && actor.agency == self.agency
            }
            IncidentSubject::Session(id) => session == Some(*id),
            IncidentSubject::Authenticator(_) => {
                session.is_some_and(|session| self.sessions.contains_key(&session))
            }
            IncidentSubject::Program(name) => actor.auth.ends_with(&format!(", program {name}")),
        }
    }

    /// Whether a session that begins is one of the subject's.
    fn begins(&self, body: &Body, told: &SignInSucceeded) -> bool {
        match &self.subject {
            IncidentSubject::User(user) => body.actor.user.as_ref() == Some(user),
            IncidentSubject::Session(id) => told.session == *id,
            IncidentSubject::Authenticator(id) => told.authenticators.contains(id),
            IncidentSubject::Program(name) => told.client.as_str() == format!("program {name}"),
        }
    }

    /// Takes in the next entry.
    pub fn take(&mut self, entry: Judged) {
        let (at, index) = (entry.header.at, entry.header.index);
        let in_period =
            self.from.is_none_or(|from| at >= from) && self.until.is_none_or(|until| at < until);
        let Some(body) = &entry.body else {
            self.destroyed = self.destroyed.saturating_add(u64::from(in_period));
            return;
        };
        if let Event::IncidentTold(told) = &body.event {
            if told.subject == self.subject {
                let (by, told) = (body.actor.user.clone(), told.clone());
                self.told.push(ToldOf { index, by, told });
            }
            return;
        }
        self.session(body, at);
        let kind = entry.header.kind;
        let access = body.event.access();
        if is_access(kind) {
            if in_period && self.is_of(body) {
                self.queries.extend(access.map(|access| access.query_id));
                self.note_proven(&entry);
                self.accesses.take(entry, self.until);
            }
            return;
        }
        if let Some(access) = access {
            // How an access of the subject ended, whenever that was.
            if self.queries.contains(&access.query_id) {
                self.note_proven(&entry);
                self.accesses.take(entry, self.until);
            }
            return;
        }
        let own = matches!(body.event, Event::SessionEnded(_) | Event::SignInSucceeded(_));
        if in_period && !own && self.concerns(body) {
            self.acts.push(act(&entry, body));
        }
    }

    /// Whether an entry that is no access belongs to the incident.
    fn concerns(&self, body: &Body) -> bool {
        let named = match (&self.subject, &body.event) {
            (IncidentSubject::Authenticator(id), Event::AuthenticatorBound(told)) => {
                told.bound.iter().any(|one| one.id == *id) || told.replaced.contains(id)
            }
            (IncidentSubject::Authenticator(id), Event::AuthenticatorRevoked(told)) => {
                told.authenticator == *id
            }
            (
                IncidentSubject::Program(name),
                Event::ProgramAdded(told)
                | Event::ProgramRenewed(told)
                | Event::ProgramRevoked(told),
            ) => told.program == *name,
            _ => false,
        };
        named || self.is_of(body)
    }

    /// Notes a session that begins or ends.
    fn session(&mut self, body: &Body, at: Timestamp) {
        match &body.event {
            Event::SignInSucceeded(told) if !told.again && self.begins(body, told) => {
                let seen = SessionSeen {
                    session: told.session,
                    user: body.actor.user.clone(),
                    way: told.way.words().to_owned(),
                    client: told.client.to_string(),
                    began: at,
                    ended: None,
                };
                self.sessions.insert(told.session, seen);
            }
            Event::SessionEnded(told) => {
                if let Some(seen) = self.sessions.get_mut(&told.session) {
                    let why = serde_json::to_value(told.why).unwrap_or_default();
                    let why = why.as_str().unwrap_or_default().replace('_', " ");
                    seen.ended = Some((at, why));
                }
            }
            _ => {}
        }
    }

    fn note_proven(&mut self, entry: &Judged) {
        let Some(body) = &entry.body else { return };
        let Some(access) = body.event.access() else { return };
        if let Some(proof) = body.event.theirs().first() {
            self.proven.insert(access.query_id, proof.log.index);
        }
    }

    /// Everything, as the report `made_from` the log by `by`.
    #[must_use]
    pub fn report(self, by: String, made_from: MadeFrom, breach: Option<String>) -> Incident {
        let rows: Vec<Map<String, Value>> =
            self.accesses.seen.iter().map(|seen| self.accesses.row(seen)).collect();
        let mut reached: BTreeMap<AgencyId, Reached> = BTreeMap::new();
        for seen in &self.accesses.seen {
            let Some(access) = seen.body.as_ref().and_then(|body| body.event.access()) else {
                continue;
            };
            let owner = &access.owner;
            let one = reached.entry(owner.clone()).or_insert_with(|| Reached {
                owner: owner.clone(),
                asked: 0,
                answered: 0,
                reads: 0,
                plates: BTreeSet::new(),
                own_entries: Vec::new(),
                told: self.told.iter().any(|told| told.told.to.as_str() == owner.as_str()),
            });
            one.asked = one.asked.saturating_add(1);
            if let Some(count) = self.accesses.found(seen) {
                one.answered = one.answered.saturating_add(1);
                one.reads = one.reads.saturating_add(count.into());
            }
            let elements = &access.elements;
            one.plates.extend(elements.plate.as_ref().map(ToString::to_string));
            one.plates.extend(elements.pattern.as_ref().map(ToString::to_string));
            one.own_entries.extend(self.proven.get(&access.query_id));
        }
        let mut sessions: Vec<SessionSeen> = self.sessions.into_values().collect();
        // One that had ended before the period did nothing in it.
        sessions.retain(|one| {
            let before = |end: &(Timestamp, String)| self.from.is_some_and(|from| end.0 < from);
            !one.ended.as_ref().is_some_and(before)
                && self.until.is_none_or(|until| one.began < until)
        });
        sessions.sort_by_key(|one| one.began);
        let mut reached: Vec<Reached> = reached.into_values().collect();
        for one in &mut reached {
            one.own_entries.sort_unstable();
            one.own_entries.dedup();
        }
        Incident {
            subject: self.subject,
            agency: self.agency,
            by,
            from: self.from,
            until: self.until,
            made_from,
            breach,
            sessions,
            accesses: rows,
            acts: self.acts,
            reached,
            told: self.told,
            destroyed: self.destroyed,
        }
    }
}

/// The row of an act.
fn act(entry: &Judged, body: &Body) -> ActSeen {
    let mut detail = serde_json::to_value(&body.event).unwrap_or_default();
    if let Some(detail) = detail.as_object_mut() {
        detail.remove("kind");
    }
    ActSeen {
        index: entry.header.index,
        at: entry.header.at,
        kind: entry.header.kind,
        user: body.actor.user.clone(),
        peer: entry.header.peer.clone(),
        detail: if detail == json!({}) { Value::Null } else { detail },
        unproven: entry.proven.word(),
    }
}
