//! The texts that cells share.

use std::io::{self, Read};

use quick_xml::events::Event;

use super::tags::Tags;

/// Most bytes of them together.
const MOST: usize = 64 << 20;
/// Most of them.
const MOST_TEXTS: usize = 4 << 20;

/// The texts, one after the other, and where each ends.
#[derive(Default)]
pub(super) struct Strings {
    text: String,
    ends: Vec<usize>,
}

impl Strings {
    /// Reads them to their end, taking nothing for granted that is said of their number.
    pub(super) fn read(part: impl Read) -> io::Result<Self> {
        let mut tags = Tags::new(part);
        let mut strings = Self::default();
        // How one is read aloud stands beside it in some scripts, and is no part of it.
        let (mut wanted, mut aloud) = (false, 0_u32);
        loop {
            match tags.next()? {
                Event::Eof => return Ok(strings),
                Event::Start(tag) => match tag.local_name().as_ref() {
                    "t" => wanted = aloud == 0,
                    "rPh" => aloud = aloud.saturating_add(1),
                    _ => {}
                },
                Event::End(tag) => match tag.local_name().as_ref() {
                    "t" => wanted = false,
                    "rPh" => aloud = aloud.saturating_sub(1),
                    "si" => strings.ends.push(strings.text.len()),
                    _ => {}
                },
                Event::Text(text) if wanted => strings.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) if wanted => {
                    strings.text.extend(crate::xml::character(&reference));
                }
                _ => {}
            }
            if strings.text.len() > MOST || strings.ends.len() > MOST_TEXTS {
                return Err(io::Error::other(format!(
                    "the workbook's texts have more than {MOST} bytes, or are more than {MOST_TEXTS}; save \
                     the sheet as CSV (UTF-8)"
                )));
            }
        }
    }

    pub(super) fn get(&self, nth: usize) -> Option<&str> {
        let end = *self.ends.get(nth)?;
        let begin = match nth.checked_sub(1) {
            Some(before) => *self.ends.get(before)?,
            None => 0,
        };
        self.text.get(begin..end)
    }
}
