//! Where a node's database is, when it is not in the home: a URL that may hold a password, and is
//! never shown with it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Schemes of PostgreSQL, as its own tools take them.
const SCHEMES: [&str; 2] = ["postgres", "postgresql"];
/// Parameters of the URL that mean something.
const PARAMETERS: [&str; 9] =
    ["host", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey"];

/// The URL of a database, such as `postgres://accord@db.example.org/accord`. One that was read from a
/// file is checked where it is used, so that no parser shows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Database(String);

/// Why something is not the URL of a database. Shows no password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// It is of no database that a node can use.
    #[error(
        "database `{0}` is none that a node can use; expected postgres://ROLE@HOST/DATABASE, or nothing for SQLite in the home"
    )]
    Scheme(Database),
    /// A parameter means nothing.
    #[error("database `{url}`: the parameter `{parameter}` means nothing; expected one of {expected}", expected = PARAMETERS.join(", "))]
    Parameter {
        /// The URL.
        url: Database,
        /// Its name.
        parameter: String,
    },
}

impl Database {
    /// The URL with all that it holds: for whoever connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Checks that it is one.
    ///
    /// # Errors
    /// When it is of no database that a node can use.
    pub fn check(&self) -> Result<(), DatabaseError> {
        self.0.parse::<Self>().map(drop)
    }

    /// The parameters after the question mark, by name.
    fn parameters(&self) -> impl Iterator<Item = &str> {
        let query = self.0.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter_map(|one| one.split('=').next()).filter(|name| !name.is_empty())
    }
}

impl FromStr for Database {
    type Err = DatabaseError;

    fn from_str(text: &str) -> Result<Self, DatabaseError> {
        let url = Self(text.to_owned());
        let scheme = text.split_once("://").map(|(scheme, _)| scheme);
        if !scheme.is_some_and(|scheme| SCHEMES.contains(&scheme)) {
            return Err(DatabaseError::Scheme(url));
        }
        let unknown = url.parameters().find(|name| !PARAMETERS.contains(name));
        match unknown.map(str::to_owned) {
            Some(parameter) => Err(DatabaseError::Parameter { url, parameter }),
            None => Ok(url),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        if !scheme.is_empty() {
            write!(f, "{scheme}://")?;
        }
        // Up to the last `@`, so that a password with an `@` or a `/` in it is hidden whole.
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, rest),
        };
        match user.and_then(|user| user.split_once(':')) {
            Some((name, _)) => write!(f, "{name}:***@")?,
            None => user.map_or(Ok(()), |name| write!(f, "{name}@"))?,
        }
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        f.write_str(place)?;
        for (nth, one) in query.split('&').filter(|one| !one.is_empty()).enumerate() {
            f.write_str(if nth == 0 { "?" } else { "&" })?;
            match one.split_once('=') {
                Some((name @ "password", _)) => write!(f, "{name}=***")?,
                _ => f.write_str(one)?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_wherever_it_stands() {
        for (url, shown) in [
            ("postgres://accord@db/accord", "postgres://accord@db/accord"),
            ("postgres://accord:s3cret@db:5433/accord", "postgres://accord:***@db:5433/accord"),
            ("postgres://accord:s3c/r@et?@db/accord", "postgres://accord:***@db/accord"),
            (
                "postgresql://db/accord?user=accord&password=s3cret&sslmode=verify-full",
                "postgresql://db/accord?user=accord&password=***&sslmode=verify-full",
            ),
            ("postgres:///accord?host=/run/postgresql", "postgres:///accord?host=/run/postgresql"),
            ("mysql://accord:s3cret@db/accord", "mysql://accord:***@db/accord"),
            ("accord:s3cret@db", "accord:***@db"),
        ] {
            let database = Database(url.to_owned());
            assert_eq!(database.to_string(), shown);
            assert_eq!(format!("{database:?}"), format!("Database({shown})"));
            let said = url.parse::<Database>().map_or_else(|e| e.to_string(), |d| d.to_string());
            assert!(!said.contains("s3c"), "{said}");
        }
    }

    #[test]
    fn what_is_no_database_of_a_node_is_refused_with_what_to_write() {
        for (url, said) in [
            ("mysql://db/accord", "expected postgres://ROLE@HOST/DATABASE"),
            ("accord.db", "expected postgres://ROLE@HOST/DATABASE"),
            ("postgres://db/accord?passwd=s3cret", "the parameter `passwd` means nothing"),
        ] {
            let error = url.parse::<Database>().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
