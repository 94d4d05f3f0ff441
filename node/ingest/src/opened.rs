//! What somebody sends, once its first bytes were looked at: a source by itself, the sheet of a workbook,
//! or an archive.

use std::io::{self, Cursor, Read};

use crate::archive::{Archive, is_archive};
use crate::source::{Begun, begin};
use crate::workbook::{Sheet, is_workbook};

/// What was sent.
pub(crate) enum Opened<R> {
    Plain(Begun<R>),
    Sheet(Box<Sheet>),
    Archive(Archive),
}

/// Looks at the beginning; `sheet` is the one that is read of a workbook.
///
/// # Errors
/// When it cannot be read, or is an archive or a workbook that cannot be used, or one though none are taken.
pub(crate) fn opened<R: Read>(
    mut source: R,
    sheet: Option<&str>,
    no_archives: bool,
) -> io::Result<Opened<R>> {
    let (head, archive) = begin(&mut source, Vec::new(), |head, ended| {
        (head.len() >= 4 || ended).then(|| is_archive(head))
    })?;
    let source = Cursor::new(head).chain(source);
    if archive != Some(true) {
        return Ok(Opened::Plain(source));
    }
    if no_archives {
        return Err(io::Error::other(
            "it is an archive or a workbook, which sources over HTTPS do not send; bring in the file, or \
             put it into a folder of a source",
        ));
    }
    let archive = Archive::read(source)?;
    if is_workbook(&archive)? {
        return Ok(Opened::Sheet(Box::new(Sheet::open(archive, sheet)?)));
    }
    Ok(Opened::Archive(archive))
}
