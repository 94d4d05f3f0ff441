//! The bag around the payload: the tag files, and the signature over the whole.

use std::collections::BTreeMap;

use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use schemas::evidence::Evidence;

use super::bag::{self, TAG_MANIFEST};
use super::{Judged, Package, Packaging, Summary};
use crate::permission::ActError;
use store::EntryFilter;

/// The signature over what a package holds.
const SIGNATURE: &str = "signature.json";
/// How to check a package without Accord.
const HOW_TO_CHECK: &str = include_str!("how-to-check.txt");

impl Packaging<'_> {
    /// The whole bag: the payload, what describes it, and the signature over both. `entry` is the one
    /// that records it.
    pub(super) async fn sealed(&self, judged: Judged, entry: u64) -> Result<Package, ActError> {
        let Judged { state, payload, manifest, summary, said } = judged;
        let said = Evidence { entry, ..said };
        let head = self.agency.log.head()?;
        let found = self.store.entries(&EntryFilter::default(), said.entry, 1).await?;
        let stored = found.first().ok_or_else(|| {
            ActError::failed(format!("entry {} of this export is missing", said.entry))
        })?;
        let key = self
            .keys
            .message
            .signing(state.own.as_ref().map(|own| &own.value), self.agency.clock.now());
        let mut further: BTreeMap<_, _> =
            self.entry_files(stored, &head).await?.into_iter().collect();
        further.insert("custody/checkpoint".into(), head.to_string().into());
        further.insert("message-key.pem".into(), key.public().pem().into());
        further.insert("HOW-TO-CHECK.txt".into(), HOW_TO_CHECK.into());
        let name = state.own.as_ref().map(|own| own.value.name.to_string()).unwrap_or_default();
        let full_name = state.users.get(&said.by).map(|user| user.full_name.to_string());
        let info = [
            ("Source-Organization", format!("{name} ({})", said.agency)),
            ("Contact-Name", full_name.unwrap_or_else(|| said.by.to_string())),
            ("External-Identifier", said.case.to_string()),
            ("External-Description", "Licence plate reads of this case: own reads and answers of other agencies, with the entries of the audit log that say how they came".into()),
            ("Bagging-Date", said.at.day()),
            ("Payload-Oxum", payload.oxum()),
            ("Bag-Software-Agent", concat!("accord ", env!("CARGO_PKG_VERSION")).into()),
            ("Accord-Log-Entry", said.entry.to_string()),
        ];
        let mut tags = bag::tags(&manifest, &info, further);
        let tag_manifest = bag::tag_manifest(&tags);
        let said = Evidence { tagmanifest: Digest::of(tag_manifest.as_bytes()), ..said };
        let signature = Envelope::sign_json(Kind::Evidence, &said, &key)?;
        tags.insert(TAG_MANIFEST.into(), tag_manifest.into());
        tags.insert(SIGNATURE.into(), signature.to_text().into());
        let photographs = payload.photographs();
        let mut files = payload.into_files();
        files.extend(tags);
        let summary = Summary { entry: Some(said.entry), ..summary };
        Ok(Package { summary, files, photographs })
    }
}
