//! A map that keeps what it was when it becomes something else: a further version shares with the one
//! before it all that did not change. So a snapshot costs nothing, one more change costs as much as
//! what it changes, and whether a value is still the one that was looked at is one comparison.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Index;
use std::sync::Arc;

use rpds::RedBlackTreeMapSync;

/// An ordered map whose clones share what they have in common.
pub struct Map<K: Ord, V>(RedBlackTreeMapSync<K, Arc<V>>);

impl<K: Ord, V> Map<K, V> {
    /// The value under `key`.
    #[must_use]
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).map(AsRef::as_ref)
    }

    /// The value under `key`, to keep and to compare by identity.
    pub(crate) fn shared<Q: Ord + ?Sized>(&self, key: &Q) -> Option<Arc<V>>
    where
        K: Borrow<Q>,
    {
        self.0.get(key).cloned()
    }

    /// Whether something stands under `key`.
    #[must_use]
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.contains_key(key)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.size()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.0.iter().map(|(key, value)| (key, value.as_ref()))
    }

    /// The keys, in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.iter().map(|(key, _)| key)
    }

    /// The values, by key.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }
}

impl<K: Ord + Clone, V: Clone> Map<K, V> {
    /// The value under `key`, to change it in this version alone.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key).map(Arc::make_mut)
    }

    /// Puts `value` under `key`, in the place of what stood there.
    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.0.insert_mut(key, Arc::new(value));
    }

    /// Takes out what stands under `key`.
    pub(crate) fn remove(&mut self, key: &K) {
        self.0.remove_mut(key);
    }
}

impl<K: Ord, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K: Ord, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(RedBlackTreeMapSync::default())
    }
}

impl<K: Ord + fmt::Debug, V: fmt::Debug> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V: PartialEq> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: Ord, V: Eq> Eq for Map<K, V> {}

impl<K: Ord + Borrow<Q>, Q: Ord + ?Sized, V> Index<&Q> for Map<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        #[expect(
            clippy::indexing_slicing,
            reason = "as of every map: who indexes knows that it is there"
        )]
        &self.0[key]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_version_shares_what_did_not_change() {
        let mut one: Map<u32, String> = Map::default();
        for n in 0..100 {
            one.insert(n, n.to_string());
        }
        let mut next = one.clone();
        next.get_mut(&7).unwrap().push('!');
        assert_eq!((one[&7].as_str(), next[&7].as_str()), ("7", "7!"));
        for n in (0..100).filter(|n| *n != 7) {
            assert!(Arc::ptr_eq(&one.shared(&n).unwrap(), &next.shared(&n).unwrap()), "{n}");
        }
        assert!(!Arc::ptr_eq(&one.shared(&7).unwrap(), &next.shared(&7).unwrap()));
        next.remove(&8);
        next.insert(9, "nine".into());
        assert_eq!((one.len(), next.len()), (100, 99));
        assert!(one.contains_key(&8) && !next.contains_key(&8));
        assert_ne!(one, next);
    }
}
