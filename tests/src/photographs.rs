//! Reads with photographs.

use std::path::PathBuf;

use ingest::ImportedRead;
use schemas::digest::Digest;
use schemas::image::View;

use crate::agency::Agency;
use crate::fixtures::reads;

/// A JPEG as far as anybody looks at it.
#[must_use]
pub fn jpeg(n: u8, bytes: usize) -> Vec<u8> {
    let mut jpeg = b"\xFF\xD8\xFF\xE0".to_vec();
    jpeg.resize(bytes, n);
    jpeg
}

/// Reads of `plate`, each with a crop of its plate and the one view of the road behind all.
///
/// # Panics
/// For more than 200.
#[must_use]
pub fn reads_with_photographs(agency: &Agency, plate: &str, count: usize) -> Vec<ImportedRead> {
    let reads = reads(agency.id(), plate, count, agency.now());
    let with = |(n, read)| {
        let mut one = ImportedRead::new(read);
        one.add(View::Plate, "plate", jpeg(u8::try_from(n).expect("few reads"), 2_000));
        one.add(View::Context, "context", jpeg(200, 5_000));
        one
    };
    reads.into_iter().enumerate().map(with).collect()
}

/// Where the photograph of a digest is kept.
#[must_use]
pub fn photograph_file(agency: &Agency, digest: Digest) -> PathBuf {
    let name = digest.to_string();
    agency.home().join("images").join(&name[..2]).join(&name[2..])
}

/// The crops of their plates.
#[must_use]
pub fn plate_crops(batch: &[ImportedRead]) -> Vec<Digest> {
    batch.iter().map(|one| one.read.images[0].digest).collect()
}
