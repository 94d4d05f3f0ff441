//! What waits for whoever is signed in, by what she may do: the first page, `accord waiting` and programs tell
//! the same.

use std::collections::BTreeSet;

use schemas::agency::AgencyId;
use schemas::authenticator::Proposal;
use schemas::program::ProgramScope;
use schemas::time::Timestamp;
use schemas::user::User;
use serde::{Deserialize, Serialize};

use super::alarms::open;
use super::state::AppState;
use crate::admin::{agreements, requests};
use crate::auditing::duties::{self, Due};
use crate::auditing::periodic;
use crate::exchange::ask::{
    PastQuery, WaitingRelease, asked_for_her, releases_waiting, waiting_releases,
};
use crate::permission::{
    ActError, Permission, Principal, authenticate, authorize, authorize_records, authorize_seeing,
};
use audit::wording::counted;
use registry::{BodyKind, State};

/// How many days before its end an agreement is to be renewed.
const ENDING_DAYS: u32 = 30;
/// For how many days a decision is told to who asked.
const TOLD_DAYS: u32 = 7;

/// One thing that waits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Waiting {
    /// What sort of thing, such as `request`.
    pub kind: String,
    /// Which, where it has an id.
    pub id: Option<String>,
    /// From whom.
    pub from: Option<AgencyId>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// In words, what is to be done.
    pub what: String,
}

impl Waiting {
    fn new(kind: &str, what: String) -> Self {
        Self { kind: kind.into(), id: None, from: None, since: None, what }
    }

    fn of(self, id: impl ToString) -> Self {
        Self { id: Some(id.to_string()), ..self }
    }

    fn from(self, from: &AgencyId) -> Self {
        Self { from: Some(from.clone()), ..self }
    }

    fn since(self, since: Timestamp) -> Self {
        Self { since: Some(since), ..self }
    }
}

/// How much waits at an agency, and nothing of what it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WaitingCounts {
    /// Requests to decide.
    pub requests: usize,
    /// Those of them in which a person is missing or a life may depend on it.
    pub pressing: usize,
    /// Declined queries, in each of which a life is in danger, that another person may release.
    pub releases: usize,
    /// Agreements to sign.
    pub agreements: usize,
    /// Alarms that are open.
    pub alarms: usize,
    /// What all these are called, to know again what was told.
    called: BTreeSet<String>,
}

impl WaitingCounts {
    /// Whether it has to be told again for as long as it waits.
    #[must_use]
    pub const fn urgent(&self) -> bool {
        self.pressing > 0 || self.releases > 0 || self.alarms > 0
    }

    /// Whether something waits that did not before, though something else may be done with meanwhile.
    #[must_use]
    pub fn has_more_than(&self, before: &Self) -> bool {
        !self.called.is_subset(&before.called)
    }

    /// How much there is, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let parts = [
            (self.alarms, "alarm is open", "alarms are open"),
            (self.releases, "query waits to be released", "queries wait to be released"),
            (self.requests, "written request waits", "written requests wait"),
            (self.agreements, "agreement waits", "agreements wait"),
        ];
        let said = parts.into_iter().filter(|(count, ..)| *count > 0);
        let said = said.map(|(count, one, many)| counted(count, one, many));
        said.collect::<Vec<_>>().join(", ")
    }
}

impl AppState {
    /// How much waits here, whoever is to look after it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn waits(&self) -> Result<WaitingCounts, ActError> {
        let (agency, store) = (&self.context.agency, self.context.store.as_ref());
        let releases = releases_waiting(agency, store).await?;
        let state = self.context.agency.registry.state();
        let (mut requests, mut signing) = (Vec::new(), Vec::new());
        self.to_decide(&mut requests);
        self.agreements_waiting(self.context.agency.clock.now(), &mut signing);
        let me = &self.context.agency.id;
        let pressing = requests::list(&self.context.agency)
            .into_iter()
            .filter(|one| one.owner == *me && one.state == "submitted" && one.is_pressing());
        signing.retain(|one| one.kind == "agreement");
        let written = requests.iter().chain(&signing);
        let mut called: BTreeSet<String> =
            written.filter_map(|one| Some(format!("{} {}", one.kind, one.id.as_ref()?))).collect();
        called.extend(releases.iter().map(|id| format!("release {id}")));
        called.extend(open(&state).map(|one| format!("alarm {}", one.alarm)));
        Ok(WaitingCounts {
            requests: requests.len(),
            pressing: pressing.count(),
            releases: releases.len(),
            agreements: signing.len(),
            alarms: open(&state).count(),
            called,
        })
    }

    /// What waits for `by`, what is most urgent first.
    ///
    /// # Errors
    /// When she is unknown or disabled, or the store does not answer.
    pub async fn waiting(&self, by: &Principal) -> Result<Vec<Waiting>, ActError> {
        let agency = &self.context.agency;
        let (state, now) = (agency.registry.state(), agency.clock.now());
        let user = authenticate(&state, by, now)?;
        let may = |permission| {
            // To a program only what it may be used for is told, whoever lets it.
            let scope = match permission {
                Permission::Audit => by.acts_within(ProgramScope::Audit),
                Permission::Approve | Permission::Query => by.acts_within(ProgramScope::Requests),
                Permission::Administer | Permission::Collect => by.scope.is_none(),
            };
            scope && authorize(&state, by, permission, now).is_ok()
        };
        let mut all = Vec::new();
        if may(Permission::Audit) {
            all.extend(open(&state).map(|one| {
                let what = format!("an alarm about {}: {}", one.peer, one.what);
                Waiting::new("alarm", what).of(one.alarm).from(&one.peer)
            }));
        }
        all.extend(self.to_release(by).await?);
        if may(Permission::Approve) {
            self.to_decide(&mut all);
            self.agreements_waiting(now, &mut all);
        }
        if authorize_records(&state, by, now).is_ok() {
            self.records_to_answer(now, &mut all);
        }
        if let Some(what) = training_ends(&state, &user, now) {
            all.push(Waiting::new("training", what));
        }
        if may(Permission::Query) {
            self.decided_for(&user, now, &mut all);
        }
        if authorize_seeing(&state, by, now).is_ok() {
            all.extend(self.asked_for(by, now).await?);
        }
        if may(Permission::Administer) {
            administering(&state, by, now, &mut all);
            self.accounts_waiting(&mut all).await;
        }
        let due = duties::due(agency, self.context.store.as_ref()).await?;
        let own = |one: &Due| one.user.as_ref() == Some(&by.user);
        let hers = due.iter().filter(|one| may(Permission::Administer) || own(one));
        all.extend(hers.map(|one| Waiting::new("duty", one.in_words())));
        if may(Permission::Audit) {
            let due = periodic::due(agency, self.context.store.as_ref()).await?;
            all.extend(due.into_iter().map(|said| Waiting::new("audit", said)));
        }
        Ok(all)
    }

    /// What somebody else asked for her lately, and what came of it.
    async fn asked_for(&self, by: &Principal, now: Timestamp) -> Result<Vec<Waiting>, ActError> {
        let (agency, store) = (&self.context.agency, self.context.store.as_ref());
        let hers = asked_for_her(agency, store, by, now.minus_days(1)).await?;
        let told = |one: PastQuery| {
            let (owner, case) = (&one.access.owner, &one.access.why.case);
            let what = format!("{owner} was asked for you, case {case}: see what came");
            Waiting::new("answer", what).of(one.access.query_id).from(owner).since(one.at)
        };
        Ok(hers.into_iter().map(told).collect())
    }

    /// Declined queries that wait for her to release them or not.
    async fn to_release(&self, by: &Principal) -> Result<Vec<Waiting>, ActError> {
        let (agency, store) = (&self.context.agency, self.context.store.as_ref());
        let waiting = match waiting_releases(agency, store, by).await {
            // Nobody waits for who may not.
            Err(ActError::Refused(_)) => return Ok(Vec::new()),
            waiting => waiting?,
        };
        let told = |one: WaitingRelease| {
            let (name, owner) = (&one.full_name, &one.owner);
            let what = format!(
                "URGENT: {name} asks {owner}, and our screening refused the reason: release it or not"
            );
            Waiting::new("release", what).of(one.query_id).since(one.at)
        };
        Ok(waiting.into_iter().map(told).collect())
    }

    /// Requests of peers that wait for a decision here.
    fn to_decide(&self, all: &mut Vec<Waiting>) {
        let me = &self.context.agency.id;
        let waits = |one: &requests::RequestView| one.owner == *me && one.state == "submitted";
        let mut waiting: Vec<_> =
            requests::list(&self.context.agency).into_iter().filter(waits).collect();
        // Where a life may hang on it comes first.
        waiting.sort_by_key(|one| (!one.is_pressing(), one.at));
        for one in waiting {
            let (urgent, case) = (if one.is_pressing() { "URGENT: " } else { "" }, &one.case);
            let what = format!("{urgent}{} asks in writing, case {case}: decide", one.requester);
            let entry = Waiting::new("request", what).of(&one.request).since(one.at);
            all.push(match one.requester.parse() {
                Ok(from) => entry.from(&from),
                Err(_) => entry,
            });
        }
    }

    /// Requests of courts and the public that nobody has answered, the next due first.
    fn records_to_answer(&self, now: Timestamp, all: &mut Vec<Waiting>) {
        let open = |one: &requests::RequestView| one.state == requests::RECORDS_OPEN;
        let mut waiting: Vec<_> =
            requests::list(&self.context.agency).into_iter().filter(open).collect();
        waiting.sort_by_key(|one| (one.due.is_none(), one.due, one.at));
        for one in waiting {
            let kind = one.body_kind.map_or("request", |kind| match kind {
                BodyKind::Subpoena => "subpoena",
                BodyKind::PublicRecords => "public records request",
                BodyKind::Other => "request",
            });
            let by = match one.due {
                Some(due) if due <= now => format!(", which was due on {}", due.day()),
                Some(due) => format!(", by {}", due.day()),
                None => String::new(),
            };
            let what = format!("{kind} of {}: answer it{by}", one.requester);
            all.push(Waiting::new("records_request", what).of(&one.request).since(one.at));
        }
    }

    fn agreements_waiting(&self, now: Timestamp, all: &mut Vec<Waiting>) {
        let agency = &self.context.agency;
        let texts = agreements::list(agency);
        for one in &texts {
            let mine = one.parties.iter().find(|party| party.agency == agency.id);
            let unsigned = mine.is_some_and(|mine| mine.signed_at.is_none());
            let later = texts
                .iter()
                .any(|other| other.agreement == one.agreement && other.version > one.version);
            if unsigned && !later && one.state == "proposed" {
                let what = format!("“{}” waits for our signature", one.title);
                all.push(Waiting::new("agreement", what).of(&one.agreement).from(&one.proposer));
            }
            let ends = one.state == "in_force" && one.expires < now.plus_days(ENDING_DAYS);
            if ends && !later {
                let what = format!("“{}” ends on {}: renew it", one.title, one.expires.day());
                all.push(Waiting::new("agreement_ends", what).of(&one.agreement));
            }
        }
    }

    /// Decisions on what she filed, or on what was filed for her, where nobody else here is called so.
    fn decided_for(&self, user: &User, now: Timestamp, all: &mut Vec<Waiting>) {
        let agency = &self.context.agency;
        let state = agency.registry.state();
        let namesakes = state.users.values().filter(|one| one.full_name == user.full_name).count();
        for filed in state.requests.values().map(|filed| &filed.value) {
            let Some(ruling) = &filed.ruling else { continue };
            let hers = filed.request.from == agency.id
                && (filed.request.user == user.name
                    || namesakes == 1 && filed.request.requested_by == user.full_name)
                && ruling.at.plus_days(TOLD_DAYS) > now;
            if !hers {
                continue;
            }
            let (to, case) = (&filed.request.to, &filed.request.case);
            let what = match ruling.verdict {
                ::agreements::request::Verdict::Approved => {
                    format!("{to} approved your request, case {case}: look at what came")
                }
                ::agreements::request::Verdict::Denied => {
                    format!("{to} denied your request, case {case}")
                }
            };
            let told = Waiting::new("decision", what).of(&filed.request.id).from(to);
            all.push(told.since(ruling.at));
        }
    }

    async fn accounts_waiting(&self, all: &mut Vec<Waiting>) {
        let due = self.accounts_due().await;
        let mut put = |kind: &str, said: String| all.push(Waiting::new(kind, said));
        if due.wants_administrator() {
            let said = "you administer alone: register and enrol a second administrator";
            put("administrator", said.into());
        }
        for name in &due.unreviewed {
            put("account", format!("nobody has reviewed the account of {name} for a year"));
        }
        for name in &due.ending {
            put("account", format!("the account of {name} ends within two weeks"));
        }
        for name in &due.inactive {
            put("account", format!("{name} is disabled within two weeks unless she signs in"));
        }
    }
}

/// Whether her training ends soon, or has.
fn training_ends(state: &State, user: &User, now: Timestamp) -> Option<String> {
    let training = &state.policy.as_ref()?.training;
    let (on, every) = (user.trained_on?, training.every()?);
    (training.demanded && on < every.before(now.plus_days(ENDING_DAYS))).then(|| {
        format!("your training of {} is asked for every {}: renew it", on.day(), every.counted())
    })
}

/// What waits for who administers, of people and of cards.
fn administering(state: &State, by: &Principal, now: Timestamp, all: &mut Vec<Waiting>) {
    let counts = |one: &&Proposal| one.by != by.user && one.until > now;
    for one in state.sign_in.proposals.values().filter(counts) {
        let what = format!("{} proposes a change of {}: confirm", one.by, one.user.name);
        all.push(Waiting::new("proposal", what).of(one.number));
    }
    for user in state.sign_in.locks.keys() {
        let what = format!("passwords of {user} are locked");
        all.push(Waiting::new("lock", what).of(user));
    }
    for (id, peer) in state.peers.iter() {
        if let Some(held) = &peer.held {
            let what = format!("a card of {id} waits to be confirmed: {}", held.why);
            all.push(Waiting::new("card", what).of(id).from(id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(called: &[&str]) -> WaitingCounts {
        let called: BTreeSet<String> = called.iter().map(|one| (*one).to_owned()).collect();
        WaitingCounts { requests: called.len(), called, ..WaitingCounts::default() }
    }

    #[test]
    fn what_is_new_is_told_though_no_more_waits_than_before() {
        let before = waits(&["request a/1", "request a/2"]);
        for (now, new) in [
            (waits(&["request a/1", "request a/2"]), false),
            (waits(&["request a/2"]), false),
            (waits(&["request a/2", "request a/3"]), true),
            (waits(&["request a/1", "request a/2", "request a/3"]), true),
        ] {
            assert_eq!(now.has_more_than(&before), new, "{now:?}");
        }
    }
}
