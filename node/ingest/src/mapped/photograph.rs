//! The photograph that reads of one record share.

use schemas::image::{Image, View};

use crate::imported_read::ImportedRead;

/// The photograph that the read before brought: reads of one record may share it, and each would hold its
/// bytes.
#[derive(Default)]
pub(super) struct Photograph {
    text: String,
    image: Option<Image>,
}

impl Photograph {
    /// Adds what stands in `text` to a read: its bytes, or only what it is where another read of the
    /// record has them.
    pub(super) fn add(&mut self, read: &mut ImportedRead, field: &str, text: String) {
        if let Some(image) = self.image.as_ref().filter(|_| self.text == text) {
            return read.name(image.clone());
        }
        read.add_base64(View::Context, field, &text);
        self.image = read.read.images.last().cloned();
        self.text = text;
    }
}
