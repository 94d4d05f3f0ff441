//! What an officer's words say, and what they do not.
//!
//! A text becomes plain letters and digits (`fold`), sections of codes are read as a kind (`statutes`),
//! words and phrases are found through endings and small mistakes (`lexicon`, `vocabulary`) and counted
//! by what they are (`reading`); what a policy demands is held against that (`measure`). Forbidden uses
//! are found beside it in whatever order, spacing or spelling (`forbidden`, `uses`). Each text is read
//! once for all of it (`said`). The lists are data, in `words/`. Bounded: a text is bounded before, and
//! what is looked up with mistakes here.

mod fold;
mod forbidden;
mod group;
mod hashes;
mod judged;
mod lexicon;
mod marks;
mod measure;
mod number;
mod phrase;
mod reader;
mod reading;
mod said;
mod spelling;
mod statutes;
mod typed;
mod uses;
mod vocabulary;

use schemas::query::Justification;

pub use forbidden::{Betrayed, Certainty};
pub use group::{OffenseGroup, offense_group};
pub use phrase::OwnPhrase;
pub use typed::{ListedOffense, listed_offenses, typed};

pub(crate) use number::numbered;
pub(crate) use said::{Said, Which};
use uses::may_be_forbidden;

/// What is said where forbidden uses cannot be told from others.
pub(crate) const CANNOT_TELL: &str = "whether the use is forbidden cannot be told on this node";

/// Forbidden uses that an officer's words betray, each with the words that do, whatever a policy counts
/// among them; `None` when that cannot be told, which is as good as a use that is forbidden.
#[must_use]
pub fn forbidden_uses(why: &Justification) -> Option<Vec<Betrayed>> {
    Said::alone(why).forbidden().map(<[Betrayed]>::to_vec)
}
