//! What an officer's words say, and what they do not.
//!
//! A text becomes plain letters and digits (`fold`), sections of codes are read as a kind (`statutes`),
//! words and phrases are found through endings and small mistakes (`lexicon`, `vocabulary`) and counted
//! by what they are (`reading`); what a policy demands is held against that (`measure`). Forbidden uses
//! are found beside it in whatever order, spacing or spelling (`forbidden`, `uses`). The lists are data,
//! in `words/`. Bounded: a text is bounded before, and what is looked up with mistakes here.

mod fold;
mod forbidden;
mod lexicon;
mod marks;
mod measure;
mod number;
mod reader;
mod reading;
mod spelling;
mod statutes;
mod typed;
mod uses;
mod vocabulary;

use schemas::query::Justification;
use schemas::text::Text;

pub use forbidden::{Betrayed, Certainty};
pub use typed::{ListedOffense, listed_offenses, typed};

pub(crate) use measure::{measured, says_something};
pub(crate) use number::numbered;
use reader::Known;
use uses::may_be_forbidden;
use vocabulary::VOCABULARY;

/// The texts in which an officer says why.
fn texts(why: &Justification) -> [&Text; 8] {
    [
        &why.reason,
        &why.offense,
        &why.suspicion,
        &why.need_to_know,
        &why.for_officer,
        &why.case,
        &why.cad,
        &why.danger,
    ]
}

/// Forbidden uses that an officer's words betray, each with the words that do; `None` when that cannot be
/// told, which is as good as a use that is forbidden.
#[must_use]
pub fn forbidden_uses(why: &Justification) -> Option<Vec<Betrayed>> {
    let vocabulary = VOCABULARY.as_ref()?;
    let read = |text: &Text| reading::read(vocabulary, text.as_str(), &Known::nothing());
    let mut all = Vec::new();
    let mut apart = None;
    for text in texts(why).into_iter().filter(|text| !text.is_empty()) {
        let found = uses::found(text.as_str())?;
        // Most texts hold no such word, and need not be read.
        if found.nothing() {
            continue;
        }
        let apart =
            apart.get_or_insert_with(|| measure::apart(vocabulary, why, &read(&why.offense)));
        let beside = measure::beside(vocabulary, &read(text), apart);
        for betrayed in found.betrayed(beside) {
            uses::stronger(&mut all, betrayed);
        }
    }
    Some(all)
}

/// Whether a reason is the enforcement of a traffic rule and nothing else, with its words.
pub(crate) fn traffic_enforcement(why: &Justification) -> Option<Betrayed> {
    let vocabulary = VOCABULARY.as_ref()?;
    let read = |text: &Text| reading::read(vocabulary, text.as_str(), &Known::nothing());
    let offense = read(&why.offense);
    let apart = measure::apart(vocabulary, why, &offense);
    measure::traffic(&read(&why.reason), &offense, &apart)
}
