//! A read as it comes in, with the photographs that came with it.
//!
//! Decides whether bytes are a photograph. Never looks further into them than their beginning: a
//! photograph is never decoded here. One that cannot be used is left out and said so; it does not
//! cost the read.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemas::image::{IMAGE_BYTES, Image, MOST_IMAGES, View};
use schemas::read::Read;
use serde_json::value::RawValue;

use crate::field::Fault;
use crate::note::{Note, NoteKind};

/// One read and its photographs' bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedRead {
    /// The read. Its `images` describe the photographs, and no others unless it came in the native
    /// format: that names photographs whose bytes stand elsewhere.
    pub read: Read,
    /// The photographs' bytes, each once, in the order of the read's images.
    pub photographs: Vec<Vec<u8>>,
    /// What was left out of it, photographs too, or is unusual.
    pub notes: Vec<Note>,
}

impl ImportedRead {
    /// A read without photographs of its own.
    #[must_use]
    pub fn new(read: Read) -> Self {
        Self { read, photographs: Vec::new(), notes: Vec::new() }
    }

    /// Adds the photograph that `field` of the source held.
    pub fn add(&mut self, view: View, field: &str, bytes: Vec<u8>) {
        if self.read.images.len() >= MOST_IMAGES {
            let more = format_args!("a read has at most {MOST_IMAGES} photographs");
            return self.leave_out(field, more);
        }
        match Image::of(view, &bytes) {
            Err(error) => self.leave_out(field, error),
            Ok(image) => {
                // The same bytes under two names are one photograph.
                if !self.read.images.iter().any(|known| known.digest == image.digest) {
                    self.read.images.push(image);
                    self.photographs.push(bytes);
                }
            }
        }
    }

    /// Names a photograph whose bytes came with another read of the same record.
    pub(crate) fn name(&mut self, image: Image) {
        let known = self.read.images.iter().any(|known| known.digest == image.digest);
        if !known && self.read.images.len() < MOST_IMAGES {
            self.read.images.push(image);
        }
    }

    /// Adds the photograph that `field` of the source holds as base64, bare or in a `data:` address.
    /// Nothing, and an empty text, is no photograph. What stands at an address is never fetched.
    pub fn add_base64(&mut self, view: View, field: &str, text: &str) {
        let text = text.trim();
        if crate::nothing::says_nothing(text) {
            return;
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return self.leave_out(field, "it stands at an address, from which nothing is fetched");
        }
        let text = match text.strip_prefix("data:").and_then(|data| data.split_once(',')) {
            Some((_, data)) => data,
            None => text,
        };
        // Four characters hold three bytes, and some writers break lines.
        if text.len() / 2 > IMAGE_BYTES {
            let length = text.len();
            let what = format_args!(
                "it has {length} characters of base64; at most {IMAGE_BYTES} bytes are taken"
            );
            return self.leave_out(field, what);
        }
        let bare: Cow<'_, str> = if text.contains(|c: char| c.is_ascii_whitespace()) {
            text.chars().filter(|c| !c.is_ascii_whitespace()).collect::<String>().into()
        } else {
            text.into()
        };
        match STANDARD.decode(bare.as_bytes()) {
            Ok(bytes) => self.add(view, field, bytes),
            Err(error) => self.leave_out(field, format_args!("it is no base64: {error}")),
        }
    }

    /// As [`Self::add_base64`], of a value of JSON.
    pub(crate) fn add_json(&mut self, view: View, field: &str, value: Option<&RawValue>) {
        let Some(value) = value.filter(|value| value.get() != "null") else { return };
        // A text with escapes cannot be borrowed.
        let text: Result<String, _> = serde_json::from_str(value.get());
        match text {
            Ok(text) => self.add_base64(view, field, &text),
            Err(_) => self.leave_out(field, "expected a text of base64"),
        }
    }

    fn leave_out(&mut self, field: &str, why: impl std::fmt::Display) {
        let said = Fault::new(format_args!("photograph `{field}` is left out: {why}"));
        self.notes.push(Note::new(NoteKind::Photograph, said.into_sentence()));
    }
}
