//! What auditors said of findings. An explanation is an entry of the log of one of the two agencies; it
//! stands beside the finding that it is about, and hides and changes nothing of it.

use std::collections::HashMap;
use std::sync::Arc;

use schemas::agency::AgencyId;
use schemas::body::Body;
use schemas::entry::Header;
use schemas::event::Event;
use schemas::event::audit::{FindingsExplained, MOST_EXPLAINED};
use schemas::finding::FindingClass;
use schemas::query::{QueryId, UserName};
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::Serialize;

/// How a finding came about, as an auditor said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// In whose log that stands.
    pub log: AgencyId,
    /// The entry.
    pub entry: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: Option<UserName>,
    /// What was said.
    pub reason: Text,
}

/// One explanation, with whose log and which entry of it the findings are about.
#[derive(Debug)]
struct Said {
    log: Option<AgencyId>,
    index: Option<u64>,
    explanation: Arc<Explanation>,
}

/// The explanations of a log that concern one peer, in order.
#[derive(Debug, Default)]
pub struct Explanations {
    said: HashMap<(FindingClass, Option<QueryId>), Vec<Said>>,
}

impl Explanations {
    /// Takes in the next entry of the log of `log`.
    pub fn see(&mut self, log: &AgencyId, header: &Header, body: &Body) {
        let Event::FindingsExplained(said) = &body.event else { return };
        let FindingsExplained { class, queries, log: of, index, reason } = said;
        // No node writes an entry about more; what somebody made up explains nothing.
        if queries.len() > MOST_EXPLAINED {
            return;
        }
        let explanation = Arc::new(Explanation {
            log: log.clone(),
            entry: header.index,
            at: header.at,
            by: body.actor.user.clone(),
            reason: reason.clone(),
        });
        let some: Vec<Option<QueryId>> = match queries.as_slice() {
            [] => vec![None],
            queries => queries.iter().copied().map(Some).collect(),
        };
        for query in some {
            let known = self.said.entry((*class, query)).or_default();
            known.push(Said { log: of.clone(), index: *index, explanation: explanation.clone() });
        }
    }

    /// What was said of a finding of this class: about an exchange, or about an entry of a log.
    pub fn about(
        &self,
        class: FindingClass,
        query: Option<QueryId>,
        log: Option<&AgencyId>,
        index: Option<u64>,
    ) -> impl Iterator<Item = &Explanation> {
        let said = self.said.get(&(class, query)).into_iter().flatten();
        let of_it = said.filter(move |said| {
            (said.log.is_none() || said.log.as_ref() == log) && said.index == index
        });
        of_it.map(|said| said.explanation.as_ref())
    }

    /// What was said of findings about an exchange, each with its class.
    pub fn of(&self, query: QueryId) -> impl Iterator<Item = (FindingClass, &Explanation)> {
        FindingClass::ALL.iter().flat_map(move |class| {
            let said = self.said.get(&(*class, Some(query))).into_iter().flatten();
            said.map(move |said| (*class, said.explanation.as_ref()))
        })
    }
}
