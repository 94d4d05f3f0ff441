//! That a line of a bundle has one spelling.

use serde::Serialize;

/// Refuses a line that says what `meant` is in another way than it is written: no signature covers the
/// blanks and the escapes of a line, so whatever was touched on its way is told by its one spelling.
pub(super) fn only_spelling(line: &[u8], meant: &impl Serialize) -> Result<(), String> {
    match serde_json::to_vec(meant) {
        Ok(written) if written == line => Ok(()),
        _ => Err("is not written as `accord audit export` writes it, to the byte; whoever passed the bundle \
                  on has changed it, so ask for the file as it was exported"
            .into()),
    }
}
