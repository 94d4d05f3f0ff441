//! Photographs: bytes kept under their digest, outside the database.
//!
//! INVARIANT: what refers to a photograph is committed only after its bytes are durable here, and
//! its bytes are destroyed only after nothing refers to it; the gate keeps the one from happening
//! in the middle of the other. A crash in between leaves bytes that nothing refers to, which the
//! next sweep destroys. Never decodes a photograph, and never gives out bytes that are not those of
//! the digest they were asked for by.

#[cfg(feature = "s3")]
mod bucket;
#[cfg(test)]
mod contract;
mod directory;
mod place;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use schemas::digest::Digest;
use tokio::sync::{OwnedRwLockReadGuard, OwnedSemaphorePermit, RwLock, Semaphore};

#[cfg(feature = "s3")]
pub use bucket::S3;
pub use directory::Directory;
pub use place::Bucket;

use crate::{ReadStore, Store};
use host::home::Home;

/// Photographs looked at in one step of a sweep or a check.
const STEP: u32 = 500;
/// Answers with photographs under way at once, each way. Each holds its photographs in memory, at
/// most [`schemas::answer::IMAGES_BYTES`].
const AT_ONCE: usize = 4;

/// Why photographs cannot be kept or fetched.
#[derive(Debug, Clone, thiserror::Error)]
#[error("photographs: {0}")]
pub struct ImageStoreError(pub String);

/// What keeps bytes under their digest.
#[async_trait]
pub trait ImageStore: Send + Sync + 'static {
    /// Keeps all of these, durably, or says why not; what is kept already stays.
    async fn put(&self, photographs: Vec<(Digest, Vec<u8>)>) -> Result<(), ImageStoreError>;

    /// The bytes kept under a digest, unchecked.
    async fn get(&self, digest: Digest) -> Result<Option<Vec<u8>>, ImageStoreError>;

    /// Destroys what is kept under a digest; nothing there is no error.
    async fn destroy(&self, digest: Digest) -> Result<(), ImageStoreError>;

    /// Digests that something is kept under, whose first byte is this one.
    async fn kept(&self, first: u8) -> Result<Vec<Digest>, ImageStoreError>;
}

/// What is wrong with a photograph that something refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Flaw {
    /// Nothing is kept under its digest.
    Missing,
    /// What is kept there is something else.
    Altered,
}

impl Flaw {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Altered => "altered",
        }
    }
}

/// The photographs of a node. Cheap to clone.
#[derive(Clone)]
pub struct Images {
    store: Arc<dyn ImageStore>,
    /// Held by who puts photographs down until what refers to them is committed, and by who
    /// destroys.
    gate: Arc<RwLock<()>>,
    leaving: Arc<Semaphore>,
    coming: Arc<Semaphore>,
    flaws: Arc<Mutex<BTreeMap<Digest, Flaw>>>,
}

/// While it lives nothing is destroyed: held from putting photographs down until what refers to
/// them is committed.
#[derive(Debug)]
pub struct Kept {
    _gate: OwnedRwLockReadGuard<()>,
}

/// A place among the answers with photographs that are under way.
#[derive(Debug)]
pub struct Underway {
    _place: Option<OwnedSemaphorePermit>,
}

impl Images {
    /// The photographs in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn ImageStore>) -> Self {
        Self {
            store,
            gate: Arc::default(),
            leaving: Arc::new(Semaphore::new(AT_ONCE)),
            coming: Arc::new(Semaphore::new(AT_ONCE)),
            flaws: Arc::default(),
        }
    }

    /// The photographs of a node: in its home, or in a bucket if its configuration names one.
    ///
    /// # Errors
    /// When what is named cannot be used.
    pub fn open(home: &Home, bucket: Option<&Bucket>) -> Result<Self, ImageStoreError> {
        let store: Arc<dyn ImageStore> = match bucket {
            None => Arc::new(Directory::open(&home.images())?),
            #[cfg(feature = "s3")]
            Some(bucket) => Arc::new(S3::open(bucket)?),
            #[cfg(not(feature = "s3"))]
            Some(bucket) => return Err(ImageStoreError(bucket.problems().join("; "))),
        };
        Ok(Self::new(store))
    }

    fn flaws(&self) -> MutexGuard<'_, BTreeMap<Digest, Flaw>> {
        self.flaws.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes photographs durable. What refers to them must be committed while the result lives.
    ///
    /// # Errors
    /// When they cannot be made durable; then nothing may refer to them.
    pub async fn keep(&self, photographs: Vec<(Digest, Vec<u8>)>) -> Result<Kept, ImageStoreError> {
        let gate = self.gate.clone().read_owned().await;
        if !photographs.is_empty() {
            let digests: Vec<_> = photographs.iter().map(|(digest, _)| *digest).collect();
            self.store.put(photographs).await?;
            let mut flaws = self.flaws();
            for digest in &digests {
                flaws.remove(digest);
            }
        }
        Ok(Kept { _gate: gate })
    }

    /// The photograph of a digest, checked; or what is wrong with it.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn fetch(&self, digest: Digest) -> Result<Result<Vec<u8>, Flaw>, ImageStoreError> {
        let flaw = match self.store.get(digest).await? {
            None => Flaw::Missing,
            Some(bytes) if Digest::of(&bytes) == digest => {
                self.flaws().remove(&digest);
                return Ok(Ok(bytes));
            }
            Some(_) => Flaw::Altered,
        };
        if self.flaws().insert(digest, flaw) != Some(flaw) {
            tracing::error!(photograph.digest = %digest, photograph.flaw = flaw.words(), "a photograph is not as it was kept");
        }
        Ok(Err(flaw))
    }

    /// Waits for a place among the answers with photographs that leave.
    pub async fn underway(&self) -> Underway {
        Underway { _place: self.leaving.clone().acquire_owned().await.ok() }
    }

    /// Waits for a place among the answers with photographs that come.
    pub async fn underway_here(&self) -> Underway {
        Underway { _place: self.coming.clone().acquire_owned().await.ok() }
    }

    /// Destroys what nothing refers to any more, as the database knows it; how many.
    ///
    /// # Errors
    /// When the database or the photographs do not answer; the rest is destroyed next time.
    pub async fn destroy_unreferenced(&self, store: &dyn Store) -> Result<u64, ImageStoreError> {
        let told = |error: crate::StoreError| ImageStoreError(error.to_string());
        let mut destroyed = 0u64;
        loop {
            // Nobody refers to one of these between the look and the end of the step.
            let _gate = self.gate.write().await;
            let gone = store.unreferenced_images(STEP).await.map_err(told)?;
            if gone.is_empty() {
                return Ok(destroyed);
            }
            for digest in &gone {
                self.store.destroy(*digest).await?;
                self.flaws().remove(digest);
            }
            store.forget_images(&gone).await.map_err(told)?;
            destroyed = destroyed.saturating_add(gone.len() as u64);
        }
    }

    /// Destroys what a crash left: bytes that the database never came to refer to; how many.
    ///
    /// # Errors
    /// As [`Self::destroy_unreferenced`].
    pub async fn sweep(&self, store: &dyn ReadStore) -> Result<u64, ImageStoreError> {
        let told = |error: crate::StoreError| ImageStoreError(error.to_string());
        let mut destroyed = 0u64;
        for first in 0..=u8::MAX {
            let _gate = self.gate.write().await;
            let kept = self.store.kept(first).await?;
            for some in kept.chunks(STEP as usize) {
                let referred = store.referenced_images(some).await.map_err(told)?;
                for digest in some.iter().filter(|digest| !referred.contains(digest)) {
                    self.store.destroy(*digest).await?;
                    destroyed = destroyed.saturating_add(1);
                }
            }
        }
        Ok(destroyed)
    }

    /// Looks at up to `most` photographs that something refers to, from after `after` on in the
    /// order of their digests; how many, and the last one looked at.
    ///
    /// # Errors
    /// When the database or the photographs do not answer.
    pub async fn check(
        &self,
        store: &dyn ReadStore,
        after: Option<Digest>,
        most: u32,
    ) -> Result<(u64, Option<Digest>), ImageStoreError> {
        let told = |error: crate::StoreError| ImageStoreError(error.to_string());
        let digests = store.images(after, most).await.map_err(told)?;
        for digest in &digests {
            drop(self.fetch(*digest).await?);
        }
        Ok((digests.len() as u64, digests.last().copied()))
    }

    /// What was found wrong so far, and is still.
    #[must_use]
    pub fn known_flaws(&self) -> Vec<(Digest, Flaw)> {
        self.flaws().iter().map(|(digest, flaw)| (*digest, *flaw)).collect()
    }
}
