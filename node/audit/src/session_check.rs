//! Whether what an agency says in its queries of how their people had signed in is what its log tells of
//! those sessions. A whole log tells of every session before its queries, so whoever reads it finds a word
//! that nothing bears out. So does who reads of a session from a device that was not enrolled then.

use std::collections::{HashMap, HashSet};

use schemas::body::Body;
use schemas::device::Device;
use schemas::entry::{EntryKind, Header};
use schemas::event::Event;
use schemas::event::sign_in::SignInSucceeded;
use schemas::names::ProgramName;
use schemas::query::UserName;
use schemas::session::{RequesterSession, SessionId, SignInWay};
use schemas::time::{MINUTE_MS, Timestamp};

use super::earlier::Asked;
use super::problem::{Problem, problem};

/// How long after a session has ended a query of it may be signed, in milliseconds: one that is under way when it
/// ends is sent all the same.
const UNDER_WAY_MS: i64 = MINUTE_MS;

/// How an entry begins to say that the node ran again what an official approved.
const RERUN: &str = "node, rerun of ";

/// How an entry begins to say that a program asked for somebody by her bare name.
const NAMED: &str = "named by program ";

/// What the log tells of a session.
#[derive(Debug)]
struct Told {
    user: UserName,
    way: SignInWay,
    ended: Option<Timestamp>,
}

/// Holds queries against the sessions that they name.
#[derive(Debug, Default)]
pub(super) struct SessionCheck {
    whole: bool,
    sessions: HashMap<SessionId, Told>,
    /// Devices that are enrolled, by their names.
    devices: HashMap<String, Device>,
    /// Programs that were added.
    programs: HashSet<String>,
    /// Whether what was told of some session is destroyed.
    destroyed: bool,
    problems: Vec<Problem>,
}

impl SessionCheck {
    /// Of a `whole` log, or of some entries of one, which tell nothing of sessions.
    pub(super) fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Takes in the next entry, with its body while that is kept, and the query of its exchange.
    pub(super) fn see(&mut self, header: &Header, body: Option<&Body>, asked: Option<&Asked>) {
        if !self.whole {
            return;
        }
        match body.map(|body| (&body.event, body)) {
            None => self.destroyed |= header.kind == EntryKind::SignInSucceeded,
            Some((Event::DeviceAdded(told), _)) => {
                drop(self.devices.insert(told.device.name.clone(), told.device.clone()));
            }
            Some((Event::DeviceRevoked(told), _)) => drop(self.devices.remove(&told.device.name)),
            Some((Event::ProgramAdded(told), _)) => {
                self.programs.insert(told.program.clone());
            }
            Some((Event::SignInSucceeded(told), body)) if !told.again => {
                if let Some(why) = self.not_enrolled(told) {
                    self.problems.push(problem(Some(header.index), "session", why));
                }
                let Some(user) = body.actor.user.clone() else { return };
                let new = Told { user, way: told.way, ended: None };
                drop(self.sessions.insert(told.session, new));
            }
            Some((Event::SessionEnded(told), _)) => {
                if let Some(session) = self.sessions.get_mut(&told.session) {
                    session.ended = Some(header.at);
                }
            }
            Some((Event::QuerySent(sent), body)) if !sent.again => {
                let Some(asked) = asked else { return };
                let auth = &body.actor.auth;
                let said = asked.session.as_ref();
                let wrong = said.and_then(|said| self.wrong((&asked.user, asked.at), said, auth));
                let wrong = wrong.or_else(|| {
                    self.misnamed(
                        &asked.user,
                        asked.asserted_by.as_ref().map(ProgramName::as_str),
                        auth,
                    )
                });
                let problem = |why| problem(Some(header.index), "session", why);
                self.problems.extend(wrong.map(problem));
            }
            Some(_) => {}
        }
    }

    /// From which device a session was opened that was not enrolled so then.
    fn not_enrolled(&self, told: &SignInSucceeded) -> Option<String> {
        let device = told.device.as_ref()?;
        (self.devices.get(&device.name) != Some(device)).then(|| {
            format!(
                "session {} was opened from the device `{}` ({}), of which the log does not tell that it was enrolled so then",
                told.session, device.name, device.class
            )
        })
    }

    /// What of a query's word on its person's session the log does not bear out.
    fn wrong(
        &self,
        (user, asked): (&UserName, Timestamp),
        said: &RequesterSession,
        auth: &str,
    ) -> Option<String> {
        let id = said.id;
        // What an official approved runs when it is approved, for who had asked in that session.
        let rerun = auth.starts_with(RERUN);
        if !rerun && !auth.starts_with(&format!("session {id}, ")) {
            return Some(format!(
                "its query says that `{user}` asked in session {id}; the entry says `{auth}`"
            ));
        }
        let Some(told) = self.sessions.get(&id) else {
            let why = format!(
                "its query says that `{user}` had signed in in session {id}, of which the log tells nothing"
            );
            return (!self.destroyed).then_some(why);
        };
        if told.user != *user {
            return Some(format!(
                "its query says that session {id} is of `{user}`; it is of `{}`",
                told.user
            ));
        }
        if told.way != said.way {
            return Some(format!(
                "its query says that `{user}` had signed in by {} in session {id}; it was by {}",
                said.way.words(),
                told.way.words()
            ));
        }
        let over = told.ended.filter(|ended| ended.plus_millis(UNDER_WAY_MS) < asked);
        over.filter(|_| !rerun).map(|ended| {
            format!("its query says that `{user}` had signed in in session {id}, which had ended at {ended}")
        })
    }

    /// What of a query's word on the program that named its person the log does not bear out.
    fn misnamed(&self, user: &UserName, said: Option<&str>, auth: &str) -> Option<String> {
        match (said, auth.strip_prefix(NAMED)) {
            (None, None) => None,
            // What an official approved runs for whom a program had named.
            (Some(_), None) if auth.starts_with(RERUN) => None,
            (Some(said), Some(told)) if said == told => {
                (!self.programs.contains(said)).then(|| {
                    format!("its query says that program `{said}` named `{user}`, and the log does not tell that it was added")
                })
            }
            (Some(said), _) => Some(format!(
                "its query says that program `{said}` named `{user}`; the entry says `{auth}`"
            )),
            (None, Some(told)) => Some(format!(
                "its entry says that program `{told}` named `{user}`; its query says nothing of it"
            )),
        }
    }

    /// What was found since the last time.
    pub(super) fn problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }
}

#[cfg(test)]
mod tests;
