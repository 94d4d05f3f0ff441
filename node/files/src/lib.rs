//! Files and folders that others may change while they are used: folders that cameras write into, the
//! spool of a field unit, and wherever a person has something written.
//!
//! A folder is opened once, component by component, through no link, and what is done in it goes by
//! its descriptor: whatever becomes of the names above it meanwhile, nothing is read, written or
//! destroyed elsewhere. (`openat2` with `RESOLVE_NO_SYMLINKS` does the same in one call, but does not
//! say which component is a link, and is not there in every container.) A file is opened without
//! waiting for anybody, and counts only if it is a plain one with one name. A file that is written has
//! another name until it is whole, and is for its owner alone.

mod error;
mod folder;
mod new_file;
mod writers;

pub use error::{FileError, Unfit};
pub use folder::{Folder, Seen};
pub use new_file::{Existing, NewFile, NewFolder, create, unfinished, write};
pub use writers::other_writers;

#[cfg(test)]
mod tests;
