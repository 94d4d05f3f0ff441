//! A query from one agency to another: asked, answered or refused, receipted, and logged first.

mod bounds_before_work;
mod flooding;
mod for_another;
mod hostile_owner;
mod hostile_words;
mod left_behind;
mod log_before_release;
mod outbox;
mod photographs;
mod query_and_answer;
mod receipts;
mod refusals;
mod released;
mod replay;
mod search_kinds;
