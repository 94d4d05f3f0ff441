//! Files and bodies of sources that could not be used, where a person looks at them: in the home, where nobody
//! else writes, under `rejected/SOURCE/`, each with what is wrong beside it. They hold reads, and go
//! at the end of the retention of reads.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use ::files::{Existing, FileError, Folder, Seen};
use schemas::digest::Digest;
use schemas::text::one_line;

use super::ImportSummary;
use registry::SourceName;

/// Most bytes that are kept of one source's files.
const MOST_BYTES: u64 = 1 << 30;
/// Most files that are kept of one source, what is wrong with each counted in.
const MOST_FILES: usize = 2_000;
/// Characters of a name that are kept.
const LONGEST_NAME: usize = 100;
/// Characters of a line that says what is wrong.
const LONGEST_LINE: usize = 2_000;
/// What the name of what is wrong with a file ends with.
const ERRORS: &str = ".errors.txt";

/// Where files are set aside. Cheap to clone.
#[derive(Debug, Clone)]
pub struct SetAside {
    rejected: PathBuf,
}

/// Why a file cannot be set aside.
#[derive(Debug, thiserror::Error)]
pub enum SetAsideError {
    /// It could not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// There are too many already.
    #[error(
        "what cannot be used is not kept any more, and a file of a folder stays there: `{}` is full; look through it and remove what is done with, then have the file written anew",
        of.display()
    )]
    Full {
        /// Where those of the source are.
        of: PathBuf,
    },
}

impl SetAside {
    /// In `rejected`, a folder of the home; made when it is needed.
    #[must_use]
    pub const fn in_folder(rejected: PathBuf) -> Self {
        Self { rejected }
    }

    fn home(&self) -> Result<(Folder, &OsStr), FileError> {
        let home = Folder::trusted(self.rejected.parent().unwrap_or(Path::new("")))?;
        Ok((home, self.rejected.file_name().unwrap_or(OsStr::new("rejected"))))
    }

    /// Keeps the first `seen.size` bytes of `file`, and beside it what is wrong.
    pub(super) fn put(
        &self,
        source: &SourceName,
        mut file: File,
        seen: &Seen,
        summary: &ImportSummary,
        why: Option<&str>,
    ) -> Result<(), SetAsideError> {
        let (folder, there) = self.room(source, seen.size)?;
        let taken = |name: &OsStr| there.iter().any(|file| file.name == name);
        let name = safe(&seen.name);
        let mut free = (0..).map(|number| match number {
            0 => name.clone(),
            number => format!("{name}.{number}"),
        });
        let unused = |name: &String| !taken(OsStr::new(name)) && !taken(&beside(name));
        let name = free.find(unused).unwrap_or(name);
        folder.write(&beside(&name), told(&seen.name, summary, why).as_bytes(), Existing::Stays)?;
        let failed = |error: io::Error| FileError { path: name.clone().into(), why: error.into() };
        file.rewind().map_err(failed)?;
        let mut copy = folder.create(OsStr::new(&name))?;
        io::copy(&mut file.take(seen.size), &mut copy).map_err(failed)?;
        copy.flush().map_err(failed)?;
        Ok(copy.finish(Existing::Stays)?)
    }

    /// Keeps a body that came over the network, named by its digest: one that is sent again and again is
    /// kept once.
    ///
    /// # Errors
    /// When it cannot be written, or there are too many already.
    pub fn put_body(
        &self,
        source: &SourceName,
        body: &[u8],
        summary: &ImportSummary,
        why: Option<&str>,
    ) -> Result<(), SetAsideError> {
        let digest = Digest::of(body).to_string();
        let name = format!("body-{}", digest.get(..16).unwrap_or_default());
        let (folder, there) = self.room(source, body.len() as u64)?;
        if there.iter().any(|file| file.name == OsStr::new(&name)) {
            return Ok(());
        }
        let told = told(OsStr::new(&name), summary, why);
        folder.write(&beside(&name), told.as_bytes(), Existing::IsReplaced)?;
        Ok(folder.write(OsStr::new(&name), body, Existing::IsReplaced)?)
    }

    /// The folder of a source, and what is in it, if there is room for so many bytes more.
    fn room(&self, source: &SourceName, bytes: u64) -> Result<(Folder, Vec<Seen>), SetAsideError> {
        let (home, rejected) = self.home()?;
        home.own_below(Path::new(rejected))?;
        let folder = home.own_below(&Path::new(rejected).join(source.to_string()))?;
        let there = folder.plain_files()?;
        let bytes = there.iter().fold(bytes, |sum, file| sum.saturating_add(file.size));
        if bytes > MOST_BYTES || there.len().saturating_add(2) > MOST_FILES {
            return Err(SetAsideError::Full { of: self.rejected.join(source.to_string()) });
        }
        Ok((folder, there))
    }

    /// Destroys what was set aside of `sources` before `cut_off`, in milliseconds since 1970.
    pub(super) fn sweep(&self, sources: &[SourceName], cut_off: i64) -> Result<(), FileError> {
        let (home, rejected) = self.home()?;
        for source in sources {
            let folder = match home.open_below(&Path::new(rejected).join(source.to_string())) {
                Err(error) if error.is_missing() => continue,
                folder => folder?,
            };
            for file in folder.plain_files()?.iter().filter(|file| file.modified_ms < cut_off) {
                folder.destroy(file)?;
            }
        }
        Ok(())
    }
}

fn beside(name: &str) -> OsString {
    format!("{name}{ERRORS}").into()
}

/// A name of ours that reminds of another's: no character of it means anything to a shell.
fn safe(name: &OsStr) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    let name: String = name.to_string_lossy().chars().map(safe).take(LONGEST_NAME).collect();
    match name.strip_prefix(['.', '-']) {
        Some(rest) => format!("_{rest}"),
        None => name,
    }
}

/// What is wrong, a line each. Most of it repeats what others have written: none of it begins a line,
/// or does not print.
fn told(name: &OsStr, summary: &ImportSummary, why: Option<&str>) -> String {
    let mut lines = vec![
        format!("file {:?}", name.to_string_lossy()),
        format!(
            "{} records, {} reads stored, {} stored already, {} rejected",
            summary.records, summary.stored, summary.duplicates, summary.rejected
        ),
    ];
    lines.extend(summary.errors.iter().map(|error| format!("{}: {}", error.at, error.error)));
    lines.extend(why.map(|why| format!("{why}; nothing after it was read")));
    let line = |line: &String| {
        let line: String = one_line(line).chars().take(LONGEST_LINE).collect();
        line + "\n"
    };
    lines.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_another_gave_is_kept_as_what_means_nothing_to_a_shell() {
        for (given, kept) in [
            ("a.csv", "a.csv"),
            (".profile", "_profile"),
            ("-rf", "_rf"),
            ("`id`\n$(x) é.csv", "_id____x___.csv"),
            (&"x".repeat(255), &"x".repeat(LONGEST_NAME)),
        ] {
            assert_eq!(safe(OsStr::new(given)), kept);
        }
    }

    #[test]
    fn what_another_wrote_begins_no_line_and_does_not_steer_a_terminal() {
        let why = "column `x` is `\u{1B}[2K\nnothing is wrong`";
        let text = told(OsStr::new("a\n\u{1B}[2J"), &ImportSummary::default(), Some(why));
        assert_eq!(text.lines().count(), 3, "{text}");
        assert!(!text.contains('\u{1B}'), "{text}");
    }
}
