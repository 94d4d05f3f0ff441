//! A record of each request for reads, for the agency's records system, where its policy demands one: when,
//! by whom, what was looked for, why (Monrovia PD policy 463.5(b), "ALPR Request").
//!
//! The records are the log's entries, told otherwise. A record's number is its entry's index, so nothing is
//! kept to number them, none is lost or told twice under another number, and a records system goes on from
//! any place. What is fetched or pushed is on record before it leaves.

mod feed;
mod mapping;
mod pushing;
mod record;
mod webhook;

pub use feed::{Feed, MOST};
pub use mapping::{MAPPING, Mapping, Written};
pub use pushing::Pushing;
pub use record::{CLASSIFICATION, Page, Record};
pub use webhook::{CURSOR, NotPushed, SECRET, Signature, Webhook};
