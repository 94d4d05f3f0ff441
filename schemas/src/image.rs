//! Photographs of a read: what a node says of them. Their bytes stand elsewhere, under their digest.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Largest photograph, in bytes.
pub const IMAGE_BYTES: usize = 8 * 1_024 * 1_024;
/// Most photographs of one read.
pub const MOST_IMAGES: usize = 8;

/// What a photograph shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// The plate alone.
    Plate,
    /// The vehicle, or all that the camera saw.
    Context,
}

/// How a photograph is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum Media {
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// WebP.
    #[serde(rename = "image/webp")]
    Webp,
}

impl Media {
    /// What the first bytes of a file say it is; `None` when it is no photograph.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\xFF\xD8\xFF") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::Webp)
        } else {
            None
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// The ending of a file's name.
    #[must_use]
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }
}

/// One photograph of a read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// What it shows.
    pub view: View,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u32,
    /// How it is written.
    pub media: Media,
}

/// Why bytes are no photograph of a read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// Neither JPEG, PNG nor WebP.
    #[error("it begins with `{0}`; expected a JPEG, PNG or WebP image")]
    Media(String),
    /// Too large.
    #[error("it has {0} bytes; at most {IMAGE_BYTES} are taken")]
    Large(usize),
}

impl Image {
    /// What is to be said of the photograph that `bytes` are. They are never decoded: only their
    /// beginning and their number are looked at.
    ///
    /// # Errors
    /// When they are too many, or their beginning is not that of a photograph.
    pub fn of(view: View, bytes: &[u8]) -> Result<Self, ImageError> {
        let length = u32::try_from(bytes.len())
            .ok()
            .filter(|_| bytes.len() <= IMAGE_BYTES)
            .ok_or(ImageError::Large(bytes.len()))?;
        let media = Media::of(bytes).ok_or_else(|| {
            ImageError::Media(crate::digest::hex(bytes.get(..8).unwrap_or(bytes)))
        })?;
        Ok(Self { view, digest: Digest::of(bytes), bytes: length, media })
    }

    /// The name of a file that holds it.
    #[must_use]
    pub fn file_name(&self) -> String {
        format!("{}.{}", self.digest, self.media.ending())
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plate => "plate",
            Self::Context => "context",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_photograph_is_known_by_its_first_bytes_and_nothing_else_is_one() {
        let webp = b"RIFF\x24\x00\x00\x00WEBPVP8 ";
        for (bytes, media) in [
            (&b"\xFF\xD8\xFF\xE0\x00\x10JFIF"[..], Some(Media::Jpeg)),
            (b"\x89PNG\r\n\x1A\n\x00\x00", Some(Media::Png)),
            (webp, Some(Media::Webp)),
            (b"RIFF\x24\x00\x00\x00WAVEfmt ", None),
            (b"\xFF\xD8", None),
            (b"GIF89a", None),
            (b"<svg xmlns=", None),
            (b"", None),
        ] {
            assert_eq!(Media::of(bytes), media, "{bytes:?}");
        }
        let said = Image::of(View::Plate, b"GIF89a").unwrap_err().to_string();
        assert_eq!(said, "it begins with `474946383961`; expected a JPEG, PNG or WebP image");
    }

    #[test]
    fn a_photograph_is_at_most_eight_mebibytes() {
        let mut bytes = b"\xFF\xD8\xFF".to_vec();
        bytes.resize(IMAGE_BYTES, 0);
        let image = Image::of(View::Context, &bytes).unwrap();
        assert_eq!((image.bytes as usize, image.media), (IMAGE_BYTES, Media::Jpeg));
        assert_eq!(image.digest, Digest::of(&bytes));
        bytes.push(0);
        assert_eq!(Image::of(View::Context, &bytes), Err(ImageError::Large(IMAGE_BYTES + 1)));
    }
}
