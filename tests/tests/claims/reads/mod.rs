//! An agency's own reads: how they come in, are searched and corrected.

mod corrections;
mod import_formats;
mod own_search;
mod photographs;
mod sources;
