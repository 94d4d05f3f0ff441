//! What an entry of the audit log says: one kind, one type.
//!
//! A new kind of entry is a row of the table in `kind` and a type in one of the files beside it; the
//! compiler names every place that must know of it.

pub mod audit;
pub mod authority;
pub mod cards;
pub mod clock;
pub mod exchange;
mod kind;
pub mod occasion;
pub mod people;
pub mod reads;
pub mod retention;
pub mod sign_in;

use serde::{Deserialize, Serialize};

pub use kind::EntryKind;

use crate::access::Access;
use crate::entry_proof::EntryProof;

/// The access that an event is, by the word in its row.
macro_rules! access_of {
    (access, $event:ident) => {
        Some(&$event.access)
    };
    (maybe_access, $event:ident) => {
        $event.access.as_ref()
    };
    (act, $event:ident) => {{
        let _ = $event;
        None
    }};
}

/// The types of the rows.
macro_rules! events {
    ($($(#[$doc:meta])* $kind:ident = $code:literal: $retention:ident, $access:ident, $of:ident::$type:ident;)*) => {
        /// What an entry says. Its JSON is an object with the `kind` and the fields of its type.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
        #[serde(tag = "kind")]
        #[expect(
            clippy::large_enum_variant,
            reason = "an event is written or read once and never kept in numbers"
        )]
        pub enum Event {
            $($(#[$doc])* #[serde(rename = $code)] $kind($of::$type),)*
        }

        impl Event {
            /// Its kind.
            #[must_use]
            pub const fn kind(&self) -> EntryKind {
                match self { $(Self::$kind(_) => EntryKind::$kind,)* }
            }

            /// The access that it is, if it is one.
            #[must_use]
            pub const fn access(&self) -> Option<&Access> {
                match self { $(Self::$kind(event) => access_of!($access, event),)* }
            }
        }
    };
}

kind::table!(events);

impl Event {
    /// What proves where the other side's own entries of exchanges stand in its log: that of the same
    /// exchange, or of several at once.
    #[must_use]
    pub fn theirs(&self) -> &[EntryProof] {
        let one = match self {
            Self::PeerProved(event) => return &event.proofs,
            Self::QueryAnswered(event) => &event.theirs,
            Self::QueryRefused(event) => &event.theirs,
            Self::AnswerReceived(event) => &event.theirs,
            Self::AnswerRedelivered(event) => &event.theirs,
            Self::RefusalReceived(event) => &event.theirs,
            Self::ReceiptRecorded(event) => &event.theirs,
            _ => return &[],
        };
        one.as_slice()
    }
}
