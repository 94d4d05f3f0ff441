//! The database of an agency, put back to what it was, and the anchor that would tell.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Agency;

impl Agency {
    /// Does something, then puts the database back to what it was before; the node is left stopped.
    /// What else its home holds of it is left too: see [`Self::delete_anchor`].
    pub async fn roll_back_after<T>(&mut self, act: impl AsyncFnOnce(&mut Self) -> T) -> T {
        self.stop().await;
        let before = self.copy_database();
        self.run().await;
        let done = act(self).await;
        self.stop().await;
        self.put_back(&before);
        done
    }

    /// Takes the anchor away, as who hides that a database was put back would.
    pub fn delete_anchor(&self) {
        drop(std::fs::remove_file(self.home().join("anchor")));
    }

    /// The files of its database.
    fn copy_database(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        assert!(self.running.is_none(), "a database is copied at rest");
        self.database_files()
            .into_iter()
            .map(|path| (path.clone(), std::fs::read(path).expect("a file")))
            .collect()
    }

    /// Puts back what [`Self::copy_database`] gave.
    fn put_back(&self, files: &BTreeMap<PathBuf, Vec<u8>>) {
        assert!(self.running.is_none(), "a database is put back at rest");
        for path in self.database_files() {
            std::fs::remove_file(path).expect("a file that goes");
        }
        for (path, bytes) in files {
            std::fs::write(path, bytes).expect("a file that comes back");
        }
    }

    fn database_files(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.home()).expect("a home");
        let paths = files.map(|file| file.expect("a file").path());
        paths
            .filter(|path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("accord.db"))
            })
            .collect()
    }
}
