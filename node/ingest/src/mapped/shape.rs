//! What a table's rows look like: how many cells, and what a spreadsheet may have done to plates.

use schemas::read::Confidence;

use crate::field::Fault;
use crate::note::{Note, NoteKind, Notes};

/// Plates of nothing but digits, of which a spreadsheet may have taken leading zeros.
#[derive(Default)]
pub(super) struct Digits {
    plates: u64,
    zeros: bool,
}

/// Plates of nothing but digits from which on one would begin with a zero, by chance.
const MANY_DIGITS: u64 = 30;

impl Digits {
    pub(super) fn count(&mut self, plate: &str) {
        if plate.bytes().all(|b| b.is_ascii_digit()) {
            self.plates = self.plates.saturating_add(1);
            self.zeros = self.zeros || plate.starts_with('0');
        }
    }

    /// What is told at the end of a table.
    pub(super) fn told(self) -> Option<Note> {
        let Self { plates, zeros } = self;
        if plates < MANY_DIGITS || zeros {
            return None;
        }
        let said = format!(
            "{plates} plates are nothing but digits and none begins with 0: a spreadsheet may have \
             taken zeros from their beginning; format the column as text before it is saved"
        );
        Some(Note::new(NoteKind::Plate, said))
    }
}

/// Confidences, which a mapping may have in the wrong unit.
#[derive(Default)]
pub(super) struct Shares {
    confidences: u64,
    most: f64,
}

/// Confidences from which on it is no chance that none is above one of a hundred.
const MANY_SHARES: u64 = 20;

impl Shares {
    pub(super) fn count(&mut self, confidence: Option<Confidence>) {
        let Some(confidence) = confidence else { return };
        self.confidences = self.confidences.saturating_add(1);
        self.most = self.most.max(f64::from(confidence));
    }

    /// What is told at the end of a table whose mapping says that they are in percent.
    pub(super) fn told(self) -> Option<Note> {
        let Self { confidences, most } = self;
        let shares = confidences >= MANY_SHARES && most > 0.0 && most <= 0.01;
        shares.then(|| {
            let said = format!(
                "none of {confidences} confidences is above 1, though the mapping says that they are in \
                 percent; if they are shares, say confidence = \"share\""
            );
            Note::new(NoteKind::Confidence, said)
        })
    }
}

/// Whether a row can be read by a header of so many names. Cells that are missing at its end are empty,
/// and empty ones beyond the header are nothing. Where the first row has others beyond it, the header
/// lacks their names, and rows as long as that one are read; one of another length may have been cut
/// apart in the middle, and none of its cells can be trusted.
pub(super) fn shape(
    cells: &[String],
    named: usize,
    unnamed: &mut Option<usize>,
    notes: &mut Notes,
) -> Result<(), Fault> {
    let more = cells.get(named..).unwrap_or_default();
    let more = more.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |last| last + 1);
    let first = *unnamed.get_or_insert(more);
    if more == 0 {
        return Ok(());
    }
    if more != first {
        return Err(Fault::new(format_args!(
            "the row has {} cells; expected {named}, as the header has",
            cells.len()
        )));
    }
    let said = format_args!("the row has {more} cells more than the header has names");
    notes.add(NoteKind::Row, said);
    Ok(())
}
