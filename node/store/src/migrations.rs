//! The steps by which a database of either kind comes to the present schema: the files of
//! `migrations/`, compiled in. A database remembers the digest of each step that it has taken, so a
//! file that has been released is never changed.

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// Number, name and statements of a step.
type Step = (i64, &'static str, &'static str);

const SQLITE: [Step; 3] = [
    (1, "node", include_str!("../migrations/sqlite/0001_node.sql")),
    (2, "search", include_str!("../migrations/sqlite/0002_search.sql")),
    (3, "time", include_str!("../migrations/sqlite/0003_time.sql")),
];

const POSTGRES: [Step; 2] = [
    (1, "node", include_str!("../migrations/postgres/0001_node.sql")),
    (2, "append", include_str!("../migrations/postgres/0002_append.sql")),
];

/// The steps of a SQLite database.
#[must_use]
pub fn sqlite() -> Migrator {
    of(&SQLITE)
}

/// The steps of a PostgreSQL database.
#[must_use]
pub fn postgres() -> Migrator {
    of(&POSTGRES)
}

fn of(steps: &[Step]) -> Migrator {
    let step = |&(number, name, statements): &Step| {
        let statements = statements.into_sql_str();
        Migration::new(number, name.into(), MigrationType::Simple, statements, false)
    };
    Migrator::with_migrations(steps.iter().map(step).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[tokio::test]
    async fn every_file_of_the_folder_is_a_step() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        for (name, compiled) in [("sqlite", sqlite()), ("postgres", postgres())] {
            let files = Migrator::new(folder.join(name)).await.unwrap();
            let told = |of: &Migrator| -> Vec<_> {
                of.iter()
                    .map(|step| (step.version, step.description.clone(), step.checksum.clone()))
                    .collect()
            };
            assert_eq!(told(&compiled), told(&files), "{name}");
        }
    }
}
