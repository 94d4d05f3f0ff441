//! Queries that their client may send again: under one key an owner is asked once, however often the client
//! asks, and a key means one question for good.
//!
//! Nothing is kept for it beside the log. The id of the query to an owner follows from the person, the key and
//! the owner, so that its entries are found again after a restart. What the queries of one search have in
//! common follows from the person, the key and everything that was asked, and stands in each of them as it
//! was signed: so another question under the same key is seen by it. Where the node stopped in the middle,
//! the owners that were not asked yet are asked by the next try.

use std::str::FromStr;

use schemas::body::Actor;
use schemas::digest::Digest;
use schemas::draft::{Draft, Recipients};
use schemas::entry::EntryKind;
use schemas::envelope::{Envelope, Kind};
use schemas::names::ProgramName;
use schemas::outcome::{OutcomeCode, RefusedBy};
use schemas::query::{Elements, Query, QueryId, UserName};
use schemas::refusal::Reason;
use tokio::sync::mpsc;

use super::settle::contact;
use super::under_way::UnderWay;
use super::{AskError, Extent, QueryClient, QueryOutcome};
use crate::permission::Principal;
use audit::view::LogEntry;
use peer::link::Dial;
use registry::State;
use schemas::agency::AgencyId;
use store::EntryFilter;

/// What a client calls one question by: a UUID, with or without hyphens and quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdempotencyKey(QueryId);

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no Idempotency-Key; expected a UUID, such as 0d4f9d6e-4f0c-4a55-9a3e-6d2f1d1b8a11"
)]
pub struct UnfitKey(String);

impl FromStr for IdempotencyKey {
    type Err = UnfitKey;

    fn from_str(text: &str) -> Result<Self, UnfitKey> {
        let unfit = || UnfitKey(text.chars().filter(|c| !c.is_control()).take(60).collect());
        let bare = text.trim();
        let bare = bare.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(bare);
        let mut parts = bare.split('-').map(str::len);
        if bare.contains('-') && ![8, 4, 4, 4, 12].into_iter().eq(&mut parts) {
            return Err(unfit());
        }
        let digits: String = bare.chars().filter(|c| *c != '-').collect();
        digits.to_ascii_lowercase().parse().map(Self).map_err(|_| unfit())
    }
}

impl IdempotencyKey {
    /// The id of the query of `whose` to `owner`: nobody else's, and none other of hers. Two agencies whose
    /// programs draw their keys from one incident ask under two ids.
    pub(super) fn query(self, whose: &Whose<'_>, owner: &AgencyId) -> QueryId {
        let of = format!("{}\n{}\n{owner}", whose.words(), self.0);
        id(&Digest::of_two(b"accord query asked once: ", of.as_bytes()))
    }

    /// What all queries of this question have in common.
    pub(super) fn search(self, whose: &Whose<'_>, draft: &Draft) -> Result<QueryId, AskError> {
        let mut draft = draft.clone();
        if let Recipients::These(owners) = &mut draft.whom {
            owners.sort();
            owners.dedup();
        }
        let asked = serde_json::to_string(&draft).map_err(|e| AskError::Again(e.to_string()))?;
        let of = format!("{}\n{}\n{asked}", whose.words(), self.0);
        Ok(id(&Digest::of_two(b"accord search asked once: ", of.as_bytes())))
    }
}

/// Whose questions are called so.
pub(super) struct Whose<'a> {
    pub(super) agency: &'a AgencyId,
    pub(super) user: &'a UserName,
    /// The program that names her, if nothing else says that it is she: what she asked in a session is not
    /// told to whoever knows her name and the key.
    pub(super) asserted_by: Option<&'a ProgramName>,
}

impl Whose<'_> {
    fn words(&self) -> String {
        match self.asserted_by {
            None => format!("{}\n{}", self.agency, self.user),
            Some(program) => format!("{}\n{}\nnamed by {program}", self.agency, self.user),
        }
    }
}

fn id(digest: &Digest) -> QueryId {
    let mut bytes = [0; 16];
    for (byte, of) in bytes.iter_mut().zip(digest.as_bytes()) {
        *byte = *of;
    }
    QueryId::from_bytes(bytes)
}

/// What became of a query before.
struct Before {
    search: Option<QueryId>,
    became: Became,
}

enum Became {
    /// It left, and this came of it as far as is known.
    Sent(Option<OutcomeCode>),
    /// One's own policy kept it from leaving.
    Declined(Vec<Reason>),
    /// Its entries are past their retention.
    Gone,
}

impl<D: Dial> QueryClient<D> {
    /// Asks every owner of the draft once, however often this is called with `key`: who was asked before is
    /// not asked again, and what came of it is told again.
    ///
    /// # Errors
    /// As [`QueryClient::ask`], or when the key was used for another question.
    pub async fn ask_once(
        &self,
        draft: &Draft,
        by: &Principal,
        key: IdempotencyKey,
    ) -> Result<mpsc::Receiver<QueryOutcome>, AskError> {
        let asserted_by = by.asserted_by.as_ref();
        let whose = Whose { agency: &self.agency.id, user: &by.user, asserted_by };
        let search = key.search(&whose, draft)?;
        // Before anybody is asked: an owner that this draft does not mean may have been asked under the key.
        let (state, mut asked) = (self.agency.registry.state(), Vec::new());
        for owner in state.peers.keys() {
            match self.before(key.query(&whose, owner)).await? {
                Some(before) if !before.is_of(search) => return Err(AskError::KeyUsed),
                // It is told what came of it, though it may give no authority any more.
                Some(_) => asked.push(owner.clone()),
                None => {}
            }
        }
        self.ask_each(draft, by, Some((key, search, asked)))
    }

    /// What `owner` was asked for under `key`, in which period; `None` where it was not, or that is kept no
    /// longer. A form that says no period means another one each time that it is sent.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn asked_under(
        &self,
        by: &Principal,
        owner: &AgencyId,
        key: IdempotencyKey,
    ) -> Result<Option<Elements>, AskError> {
        let asserted_by = by.asserted_by.as_ref();
        let whose = Whose { agency: &self.agency.id, user: &by.user, asserted_by };
        let id = key.query(&whose, owner);
        if let Some(asked) = self.store.asked(id).await.map_err(unclear)? {
            let Some(exact) = &asked.envelope else { return Ok(None) };
            let envelope = Envelope::parse(exact.as_bytes()).map_err(unclear)?;
            let query: Query = self.agency.own_signed(&envelope, Kind::Query).map_err(unclear)?;
            return Ok(Some(query.elements));
        }
        let entry = self.entry(id, EntryKind::QueryDeclined).await?;
        let access = entry.as_ref().and_then(|entry| entry.body.as_ref()?.event.access());
        Ok(access.map(|access| access.elements.clone()))
    }

    /// Asks one owner, or tells what came of it when it was asked before.
    pub(super) async fn one_once(
        &self,
        state: &State,
        query: Query,
        actor: Actor,
        by: &Principal,
    ) -> QueryOutcome {
        let (id, owner) = (query.id, query.to.clone());
        let asking = loop {
            // Before it is looked at: what one asking settles, no other has found open.
            match UnderWay::begin(&self.under_way, id) {
                Some(asking) => break asking,
                None => self.under_way.ended(id).await,
            }
        };
        match self.before(id).await {
            Ok(None) => self.ask_begun(state, query, actor, asking).await,
            Ok(Some(before)) if !query.search.is_some_and(|search| before.is_of(search)) => {
                QueryOutcome::failed(&owner, AskError::KeyUsed)
            }
            Ok(Some(before)) => {
                drop(asking);
                let told = self.told(before.became, &query, by).await;
                told.unwrap_or_else(|error| QueryOutcome {
                    query_id: Some(id),
                    ..QueryOutcome::failed(&owner, error)
                })
            }
            Err(error) => QueryOutcome::failed(&owner, error),
        }
    }

    /// What the log says of the query with this id.
    async fn before(&self, id: QueryId) -> Result<Option<Before>, AskError> {
        if let Some(asked) = self.store.asked(id).await.map_err(unclear)? {
            let Some(exact) = &asked.envelope else {
                return Ok(Some(Before { search: None, became: Became::Gone }));
            };
            let envelope = Envelope::parse(exact.as_bytes()).map_err(unclear)?;
            let query: Query = self.agency.own_signed(&envelope, Kind::Query).map_err(unclear)?;
            return Ok(Some(Before { search: query.search, became: Became::Sent(asked.outcome) }));
        }
        let Some(entry) = self.entry(id, EntryKind::QueryDeclined).await? else { return Ok(None) };
        let access = entry.body.as_ref().and_then(|body| body.event.access());
        Ok(Some(match access {
            Some(access) => {
                Before { search: access.search, became: Became::Declined(access.reasons.clone()) }
            }
            None => Before { search: None, became: Became::Gone },
        }))
    }

    /// The first entry of this kind about a query.
    async fn entry(&self, id: QueryId, kind: EntryKind) -> Result<Option<LogEntry>, AskError> {
        let filter =
            EntryFilter { query: Some(id.digest()), kind: Some(kind), ..EntryFilter::default() };
        let found = self.store.entries(&filter, 0, 1).await.map_err(unclear)?;
        found.first().map(LogEntry::of).transpose().map_err(unclear)
    }

    async fn told(
        &self,
        became: Became,
        query: &Query,
        by: &Principal,
    ) -> Result<QueryOutcome, AskError> {
        let (id, owner) = (query.id, &query.to);
        let refused = |reasons: Vec<Reason>, refused_by: RefusedBy| QueryOutcome {
            query_id: Some(id),
            search: query.search,
            asked: Some(Extent::asked(query)),
            reasons,
            refused_by: Some(refused_by),
            contact: contact(&self.agency.registry.state(), query),
            ..QueryOutcome::new(owner, OutcomeCode::Refused)
        };
        let failed = |why: String| QueryOutcome {
            query_id: Some(id),
            search: query.search,
            asked: Some(Extent::asked(query)),
            ..QueryOutcome::failed(owner, why)
        };
        Ok(match became {
            // As every kept answer is shown again: judged anew, by an entry of its own.
            Became::Sent(Some(OutcomeCode::Answered)) => self.ask_again(id, by).await?,
            Became::Sent(Some(OutcomeCode::Refused)) => {
                let entry = self.entry(id, EntryKind::RefusalReceived).await?;
                let access = entry.as_ref().and_then(|entry| entry.body.as_ref()?.event.access());
                refused(access.map_or_else(Vec::new, |a| a.reasons.clone()), RefusedBy::Owner)
            }
            Became::Declined(reasons) => refused(reasons, RefusedBy::OwnPolicy),
            Became::Sent(Some(OutcomeCode::Rejected)) => failed(format!(
                "what came back for query `{id}` did not verify; it was logged and is not shown"
            )),
            Became::Sent(None | Some(OutcomeCode::Unanswered)) => failed(format!(
                "query `{id}` was asked before and nothing came; ask again under its own id, or with another Idempotency-Key"
            )),
            Became::Gone => failed(format!("query `{id}` is kept no longer; ask it anew")),
        })
    }
}

impl Before {
    const fn gone(&self) -> bool {
        matches!(self.became, Became::Gone)
    }

    /// Whether it was asked in this search, as far as that can still be told.
    fn is_of(&self, search: QueryId) -> bool {
        self.gone() || self.search == Some(search)
    }
}

fn unclear(why: impl std::fmt::Display) -> AskError {
    AskError::Again(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "0d4f9d6e-4f0c-4a55-9a3e-6d2f1d1b8a11";

    #[test]
    fn a_key_is_a_uuid_however_it_is_written() {
        let key: IdempotencyKey = UUID.parse().unwrap();
        for same in [UUID.to_uppercase(), UUID.replace('-', ""), format!("\"{UUID}\"")] {
            assert_eq!(same.parse(), Ok(key), "{same}");
        }
        for none in ["", "1", "0d4f9d6e4-f0c-4a55-9a3e-6d2f1d1b8a11", "\"0d4f\"", "----"] {
            assert!(none.parse::<IdempotencyKey>().is_err(), "{none}");
        }
    }

    #[test]
    fn an_id_is_of_one_person_one_key_and_one_owner() {
        let key: IdempotencyKey = UUID.parse().unwrap();
        let (one, other) = ("mreyes".parse().unwrap(), "jdoe".parse().unwrap());
        let (here, there) = ("owning-ca-pd".parse().unwrap(), "other-ca-pd".parse().unwrap());
        let (ours, theirs) = ("asking-ca-pd".parse().unwrap(), "sheriff-ca-so".parse().unwrap());
        let of = |agency, user, owner| key.query(&Whose { agency, user, asserted_by: None }, owner);
        assert_eq!(of(&ours, &one, &here), of(&ours, &one, &here));
        assert_ne!(of(&ours, &one, &here), of(&ours, &other, &here));
        assert_ne!(of(&ours, &one, &here), of(&ours, &one, &there));
        assert_ne!(of(&ours, &one, &here), of(&theirs, &one, &here));
    }
}
