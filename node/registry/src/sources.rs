//! Sources: cameras, readers and vendors' services that send reads to this node by themselves.

use std::path::PathBuf;
use std::sync::Arc;

use ingest::{Format, FormatError, Mapping, Options, Zone};
use schemas::digest::Digest;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde::{Deserialize, Serialize};

use schemas::names::SourceName;

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// The format of what it sends: the word for a [`Format`].
    pub format: String,
    /// The text of the mapping, where its format needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// The camera of records that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<Text>,
    /// The cameras whose reads it may send, as its records name them; empty where any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cameras: Vec<Text>,
    /// The zone of times that have none, such as `America/Los_Angeles`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The folder that it writes its files into; without one it sends them over HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Who may write into the folder beside root and the node's account, as it was said when the source
    /// was added: `every account`, `group NAME`, `account NAME`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub writers: Vec<Text>,
    /// SHA-256 of its token, which itself is kept nowhere here; a folder needs none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Digest>,
    /// Who added it, or changed it last.
    pub by: UserName,
    /// When.
    pub at: Timestamp,
    /// Why it may send no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Text>,
}

impl Source {
    /// Whether `token` is this source's, and it may send.
    #[must_use]
    pub fn admits(&self, token: &str) -> bool {
        // Digests are compared: how long that takes tells nothing of the token.
        self.disabled.is_none() && self.token == Some(Digest::of(token.as_bytes()))
    }

    /// How what it sends is read.
    ///
    /// # Errors
    /// When format and mapping are not what they must be; a sentence.
    pub fn options(&self) -> Result<Options, String> {
        let format: Format = self.format.parse().map_err(|e: FormatError| e.to_string())?;
        let mapping = self.mapping.as_ref().map(|text| text.parse::<Mapping>().map(Arc::new));
        let mapping = mapping.transpose().map_err(|e| e.to_string())?;
        let zone = self.zone.as_deref().map(str::parse::<Zone>).transpose();
        let zone = zone.map_err(|e| e.to_string())?;
        let options = Options {
            format,
            mapping,
            camera: self.camera.clone(),
            cameras: self.cameras.clone(),
            zone,
            no_archives: false,
        };
        options.check()?;
        Ok(options)
    }
}
