//! What an agency, its peers and an auditor can prove from logs, and how long what they hold is kept.

mod bundles;
mod danger;
mod decided_again;
mod edited_database;
mod edited_registry;
mod ended_keys;
mod evidence_packages;
mod explained;
mod framed;
mod largest_state;
mod occasions;
mod public_report;
mod reconciliation;
mod reports;
mod retention;
mod tampered_bundles;
mod tampered_logs;
mod third_parties;
mod two_faces;
mod unproven_heads;
mod unproven_logs;
mod unseen_entries;
mod whole_agencies;
mod withheld_statements;
mod without_a_node;
mod witnesses;
