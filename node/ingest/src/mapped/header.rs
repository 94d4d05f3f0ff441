//! The header of a table, and whether it is the one that a mapping describes.
//!
//! Decides which of its names a column of the mapping means: names that differ in capitals and blanks alone
//! are one. Where one is missing, what to do is told as far as the table shows it.

use std::io::Read;

use crate::field::clean;
use crate::mapping::{Column, Mapping};
use crate::outcome::ImportError;
use crate::rows::{Row, Rows};
use schemas::text::hidden;

/// Rows below the first that are looked at for the names of a mapping.
const LOOKED_AT: usize = 20;

/// A name as it stands in a cell, as far as it prints.
pub(super) fn name(cell: &str) -> String {
    let printed: String = cell.chars().map(|c| if hidden(c) { ' ' } else { c }).collect();
    printed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn compared(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether a row is the header once more.
pub(super) fn is_again(header: &[String], cells: &[String]) -> bool {
    let alike = |of: &str, cell: &str| {
        let cell = cell.trim();
        let odd = |c: char| hidden(c) || c.is_whitespace() || !c.is_ascii();
        of.eq_ignore_ascii_case(cell)
            || (cell.contains(odd) && compared(of) == compared(&name(cell)))
    };
    !header.is_empty()
        && header.len() == cells.len()
        && header.iter().zip(cells).all(|(of, cell)| alike(of, cell))
}

/// Every column that the mapping names stands in the header, once; there it has the mapping's spelling from
/// then on.
pub(super) fn check<R: Read>(
    mapping: &Mapping,
    header: &mut [String],
    rows: &mut Rows<R>,
) -> Result<(), ImportError> {
    for column in mapping.columns.all() {
        let Column::Named(wanted) = column else { continue };
        let exactly = header.iter().filter(|known| *known == wanted).count();
        let alike = |known: &&mut String| compared(known) == compared(wanted);
        let count = match exactly {
            0 => header.iter_mut().filter(alike).count(),
            count => count,
        };
        if count != 1 {
            let how = if count == 0 { "not" } else { "more than once" };
            let hint = if count == 0 { hint(mapping, header, rows)? } else { String::new() };
            let (wanted, known) = (clean(wanted, 60), clean(&header.join("`, `"), 200));
            return Err(ImportError::Mapping(format!(
                "column `{wanted}` of the mapping stands {how} in the header, which has `{known}`{hint}"
            )));
        }
        if exactly == 0
            && let Some(known) = header.iter_mut().find(alike)
        {
            known.clone_from(wanted);
        }
    }
    Ok(())
}

/// What of a table suggests that it is cut by another delimiter, or begins with lines of another kind.
fn hint<R: Read>(
    mapping: &Mapping,
    header: &[String],
    rows: &mut Rows<R>,
) -> Result<String, ImportError> {
    let named = |cells: &[String]| {
        let is = |wanted: &str| cells.iter().any(|cell| compared(cell) == compared(wanted));
        mapping.columns.all().all(|column| match column {
            Column::Named(wanted) => is(wanted),
            _ => true,
        })
    };
    if let [one] = header {
        let parts = |c: char| one.split(c).map(name).collect::<Vec<_>>();
        if let Some(c) = [';', '|', ','].into_iter().find(|c| named(&parts(*c))) {
            return Ok(format!(
                "; its cells are divided by `{c}`: set delimiter = \"{c}\" in the mapping"
            ));
        }
        let words: Vec<String> = one.split(' ').map(name).collect();
        if rows.tabs() && named(&words) {
            return Ok(
                "; its cells are divided by tabs: set delimiter = \"\\t\" in the mapping".into()
            );
        }
    }
    for _ in 0..LOOKED_AT {
        match rows.next()? {
            Some(Row::Cells { cells, position, .. }) => {
                let cells: Vec<String> =
                    cells.iter().map(|cell| name(&mapping.text(cell).0)).collect();
                if named(&cells) {
                    let before = position.line().saturating_sub(1);
                    return Ok(format!(
                        "; the names stand in {position}: set skip_lines = {before} in the mapping"
                    ));
                }
            }
            Some(Row::Broken { .. }) => {}
            None => break,
        }
    }
    Ok(String::new())
}
