//! Programs of an agency: who lets them, what they are told, how much they may take, and what records systems get.

mod approving;
mod bounds;
mod certificates;
mod client;
mod many_records;
mod named;
mod once;
mod paging;
mod records;
mod schemathesis;
mod webhook;
