//! Where the real binaries are, and whether they are those of the sources that their test was built
//! from.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

/// The `accord` binary beside this test.
///
/// # Panics
/// When it was not built, or was built before a change of its sources that this test was built after:
/// cargo builds it for tests of the package `node`, not for those of the package `tests` alone. What
/// its sources are `cargo build` writes down; before that was ever called, they are not looked at.
#[must_use]
pub fn binary() -> PathBuf {
    static FOUND: LazyLock<Result<PathBuf, String>> = LazyLock::new(|| found("accord", "node"));
    FOUND.clone().unwrap_or_else(|why| panic!("{why}"))
}

/// The `accord-audit` binary beside this test.
///
/// # Panics
/// As [`binary`]: cargo builds it for tests of the package `audit`.
#[must_use]
pub fn audit_binary() -> PathBuf {
    static FOUND: LazyLock<Result<PathBuf, String>> =
        LazyLock::new(|| found("accord-audit", "audit"));
    FOUND.clone().unwrap_or_else(|why| panic!("{why}"))
}

fn found(program: &str, package: &str) -> Result<PathBuf, String> {
    let this = std::env::current_exe().expect("the path of this program");
    // Beside target/PROFILE/deps, where tests are, or beside this program itself.
    let folder = this.parent().expect("a target directory");
    let folder = if folder.ends_with("deps") { folder.parent() } else { Some(folder) };
    let path = folder.expect("a target directory").join(program);
    let advice = format!("build it with `cargo build -p {package}`, then run this again");
    let Some(built) = changed(&path) else {
        return Err(format!("`{}` is not there; {advice}", path.display()));
    };
    let test_built = changed(&this).expect("the time of this program");
    let older = |source: &PathBuf| {
        changed(source).is_some_and(|changed| built < changed && changed <= test_built)
    };
    match sources(&path.with_extension("d")).into_iter().find(older) {
        None => Ok(path),
        Some(source) => {
            Err(format!("`{}` is older than `{}`; {advice}", path.display(), source.display()))
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

/// What cargo says that a program was built from, in the form of `make`; nothing when it says nothing.
fn sources(dependencies: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(dependencies).unwrap_or_default();
    let Some((_, sources)) = text.split_once(": ") else { return Vec::new() };
    // A space within a path is escaped.
    let sources = sources.trim_end().replace("\\ ", "\0");
    sources.split(' ').map(|path| PathBuf::from(path.replace('\0', " "))).collect()
}
