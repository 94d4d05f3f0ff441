//! An agency's own reads: how they come in, are searched and corrected.

mod corrections;
mod field_units;
mod folders_of_others;
mod import_formats;
mod killed_imports;
mod merging;
mod own_search;
mod photographs;
mod watched_folders;
mod webhooks;
mod withdrawals;
