//! How a source is to be read, as somebody said.

use std::sync::Arc;

use schemas::text::Text;

use crate::field::{Fault, clean};
use crate::format::Format;
use crate::instant::Zone;
use crate::mapping::Mapping;

/// How a source is to be read.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The format it is said to be in.
    pub format: Format,
    /// The mapping, which the format `csv` needs and no other takes.
    pub mapping: Option<Arc<Mapping>>,
    /// The camera of records that name none, such as those of a folder that one camera writes to.
    pub camera: Option<Text>,
    /// The cameras whose reads are taken; empty where any. Whoever has got hold of what one camera sends by
    /// speaks for no other.
    pub cameras: Vec<Text>,
    /// The zone of times that have none.
    pub zone: Option<Zone>,
    /// Whether archives and workbooks are refused, which are held whole while they are read.
    pub no_archives: bool,
}

impl From<Format> for Options {
    fn from(format: Format) -> Self {
        Self { format, ..Self::default() }
    }
}

impl Options {
    /// Whether reads of this camera are taken.
    ///
    /// # Errors
    /// When they are not; a sentence.
    pub(crate) fn takes(&self, camera: &Text) -> Result<(), Fault> {
        if self.cameras.is_empty() || self.cameras.contains(camera) {
            return Ok(());
        }
        let of = self.cameras.iter().map(Text::as_str).collect::<Vec<_>>().join("`, `");
        Err(Fault::new(format_args!(
            "camera is `{}`, and this source sends reads of `{}` alone",
            clean(camera.as_str(), 60),
            clean(&of, 120)
        )))
    }

    /// Whether format and mapping go together.
    ///
    /// # Errors
    /// When they do not; a sentence.
    pub fn check(&self) -> Result<(), String> {
        let zone = self.zone.as_ref();
        if let Some(format) =
            self.mapping.as_ref().and_then(|mapping| mapping.times.without_zone(zone))
        {
            return Err(format!(
                "time.zone is missing, and the format `{format}` has no offset; name the zone in the \
                 mapping, or say it with --zone"
            ));
        }
        match (self.format, &self.mapping) {
            (Format::Csv, None) => {
                Err("the format `csv` needs a mapping: name its file with --mapping".into())
            }
            (Format::Auto | Format::Csv, Some(_)) | (_, None) => Ok(()),
            (format, Some(_)) => Err(format!(
                "a mapping goes with the format `csv`, not `{format}`; leave out one of them"
            )),
        }
    }
}
