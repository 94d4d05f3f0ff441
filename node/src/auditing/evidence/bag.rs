//! A BagIt bag (RFC 8493) as a list of files: what is in it, and what names that by its digest.

use std::collections::BTreeMap;

use schemas::digest::Digest;

/// The manifest of the payload.
const MANIFEST: &str = "manifest-sha256.txt";
/// The manifest of the tag files.
pub(super) const TAG_MANIFEST: &str = "tagmanifest-sha256.txt";
/// The declaration that it is a bag.
const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// A photograph of the payload, whose bytes stand in the image store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Photo {
    /// Its digest, which is its SHA-256.
    pub digest: Digest,
    /// Its length in bytes.
    pub bytes: u64,
}

/// The payload: the files below `data/`, by their path in the bag.
#[derive(Debug, Default)]
pub(super) struct Payload {
    files: BTreeMap<String, Vec<u8>>,
    photographs: BTreeMap<String, Photo>,
}

impl Payload {
    /// Puts a file in, under its path below `data/`.
    pub(super) fn put(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.files.insert(format!("data/{path}"), bytes.into());
    }

    /// Puts a photograph in, under its path below `data/`.
    pub(super) fn put_photograph(&mut self, path: &str, photo: Photo) {
        self.photographs.insert(format!("data/{path}"), photo);
    }

    /// The manifest: each file with its SHA-256, as `sha256sum --check` reads it.
    pub(super) fn manifest(&self) -> String {
        let files = self.files.iter().map(|(path, bytes)| (path, Digest::of(bytes)));
        let photographs = self.photographs.iter().map(|(path, photo)| (path, photo.digest));
        listed(files.chain(photographs))
    }

    /// Its length in bytes and its number of files, as `Payload-Oxum` states them.
    pub(super) fn oxum(&self) -> String {
        let files = self.files.values().map(|bytes| bytes.len() as u64);
        let photographs = self.photographs.values().map(|photo| photo.bytes);
        let bytes: u64 = files.chain(photographs).sum();
        format!("{bytes}.{}", self.files.len().saturating_add(self.photographs.len()))
    }

    /// The photographs, by their path in the bag.
    pub(super) fn photographs(&self) -> Vec<(String, Photo)> {
        self.photographs.iter().map(|(path, photo)| (path.clone(), *photo)).collect()
    }

    /// The files, by their path in the bag.
    pub(super) fn into_files(self) -> BTreeMap<String, Vec<u8>> {
        self.files
    }
}

/// The tag files of a bag but the tag manifest, which names them.
pub(super) fn tags(
    manifest: &str,
    info: &[(&str, String)],
    further: BTreeMap<String, Vec<u8>>,
) -> BTreeMap<String, Vec<u8>> {
    let mut tags = further;
    // A line end within a value would begin another label.
    let info = info.iter().map(|(label, value)| {
        let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{label}: {value}\n")
    });
    tags.insert("bagit.txt".into(), DECLARATION.into());
    tags.insert("bag-info.txt".into(), info.collect::<String>().into());
    tags.insert(MANIFEST.into(), manifest.into());
    tags
}

/// What names each of `tags` by its digest.
pub(super) fn tag_manifest(tags: &BTreeMap<String, Vec<u8>>) -> String {
    listed(tags.iter().map(|(path, bytes)| (path, Digest::of(bytes))))
}

fn listed<'a>(files: impl Iterator<Item = (&'a String, Digest)>) -> String {
    let mut lines: Vec<_> =
        files.map(|(path, digest)| (path, format!("{digest}  {path}\n"))).collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_names_every_file_in_order_and_the_oxum_counts_them() {
        let mut payload = Payload::default();
        payload.put("reads.csv", "abc");
        let digest = Digest::of(b"a photograph");
        payload.put_photograph("images/x.jpg", Photo { digest, bytes: 12 });
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let lines = format!("{digest}  data/images/x.jpg\n{abc}  data/reads.csv\n");
        assert_eq!(payload.manifest(), lines);
        assert_eq!(payload.oxum(), "15.2");
    }

    #[test]
    fn a_value_cannot_begin_a_label_of_its_own() {
        let info = [("External-Identifier", "26-1\nPayload-Oxum: 0.0".to_owned())];
        let tags = tags("", &info, BTreeMap::new());
        assert_eq!(tags["bag-info.txt"], b"External-Identifier: 26-1 Payload-Oxum: 0.0\n");
    }
}
