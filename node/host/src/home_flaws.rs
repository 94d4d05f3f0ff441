//! What is wrong with the files of a home: a key, the card or the anchor that is gone, and what others than
//! its owner can read. Whoever made a home sees it before it is needed.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::home::Home;

/// The keys of a home, by their words.
const KEYS: [&str; 5] = ["agency", "node", "message", "log", "cosigner"];
/// The permissions of everybody but the owner.
const OTHERS: u32 = 0o077;

impl Home {
    /// What is wrong with its files, each in a sentence with what to do. `anchored`: its log has been
    /// anchored, so the anchor must be there.
    #[must_use]
    pub fn flaws(&self, anchored: bool) -> Vec<String> {
        let mut flaws = Vec::new();
        let mut needed: Vec<PathBuf> = KEYS.iter().map(|key| self.key(key)).collect();
        needed.push(self.dir().join("keys").join("sign-in"));
        needed.push(self.card());
        needed.push(self.config());
        flaws.extend(
            needed
                .iter()
                .filter(|path| is_gone(path))
                .map(|path| format!("`{}` is gone; put it back from a backup", path.display())),
        );
        if anchored && is_gone(&self.anchor()) {
            flaws.push(format!(
                "`{}` is gone, by which a log that was put back is noticed; if nobody removed it by mistake, compare the log with your peers'",
                self.anchor().display()
            ));
        }
        flaws.extend(self.private().iter().filter_map(|path| wide(path)));
        flaws
    }

    /// What its owner alone may read.
    fn private(&self) -> Vec<PathBuf> {
        let mut private =
            vec![self.dir().join("keys"), self.config(), self.anchor(), self.tls("key.pem")];
        private.extend(["accord.db", "accord.db-wal"].map(|file| self.dir().join(file)));
        let keys = std::fs::read_dir(self.dir().join("keys")).into_iter().flatten().flatten();
        private.extend(keys.map(|entry| entry.path()));
        private.sort();
        private
    }
}

fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

/// That others can read it, if they can.
fn wide(path: &Path) -> Option<String> {
    let found = path.metadata().ok()?;
    let mode = found.permissions().mode();
    (mode & OTHERS != 0).then(|| {
        let right = if found.is_dir() { "700" } else { "600" };
        format!(
            "others can read `{}` (mode {:o}): `chmod {right} {}`, and if they may have, exchange what it holds",
            path.display(),
            mode & 0o777,
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};

    use super::*;
    use crate::home::write_private;

    #[test]
    fn what_is_gone_or_open_to_others_is_named_with_what_to_do() {
        let dir = std::env::temp_dir().join(format!("accord-flaws-{}", std::process::id()));
        let home = Home::create(&dir).expect("a home");
        let others = [home.card(), home.config(), dir.join("keys/sign-in")];
        for path in KEYS.iter().map(|key| home.key(key)).chain(others) {
            write_private(&path, b"x").expect("a file");
        }
        assert_eq!(home.flaws(false), [""; 0]);
        assert!(home.flaws(true).concat().contains("anchor"));
        std::fs::remove_file(home.key("agency")).expect("removed");
        set_permissions(home.key("log"), Permissions::from_mode(0o640)).expect("permissions");
        write(dir.join("keys/agency-next.pem"), b"x").expect("a file");
        set_permissions(dir.join("keys/agency-next.pem"), Permissions::from_mode(0o600))
            .expect("permissions");
        let flaws = home.flaws(false);
        let [gone, wide] = flaws.as_slice() else { panic!("{flaws:?}") };
        assert!(gone.contains("agency.pem` is gone"), "{gone}");
        assert!(wide.contains("log.pem") && wide.contains("chmod 600"), "{wide}");
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
