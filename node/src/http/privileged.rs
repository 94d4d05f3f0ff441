//! Which requests are privileged: whoever makes one by a session has proved lately who she is
//! (CJISSECPOL, IA-11): approving, signing, people, keys, backup, policy, and what auditors resolve.

use axum::http::Method;

/// Beginnings of paths.
const BELOW: [&str; 9] = [
    "/users",
    "/cards",
    "/agreements",
    "/policy",
    "/sources",
    "/backup",
    "/proposals",
    "/authenticators",
    "/holds",
];
/// Whole paths, where `*` stands for any part.
const THESE: [&str; 4] =
    ["/requests/*/decision", "/audit/alarms/*/resolve", "/audit/record", "/retention"];
/// Those that change nothing.
const READING: [&str; 2] = ["/policy/explain", "/agreements/prepare"];

/// Whether a path is the one that a pattern names.
fn is(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == "*" || wanted == given => {}
            _ => return false,
        }
    }
}

/// Whether a request of this method to this path is privileged. The router knows no path that is
/// spelled otherwise.
pub(super) fn is_privileged(method: &Method, path: &str) -> bool {
    let below = |top: &&str| {
        path.strip_prefix(*top).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    *method != Method::GET
        && !READING.contains(&path)
        && (THESE.iter().any(|these| is(these, path)) || BELOW.iter().any(below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_who_may_see_what_is_privileged_and_reading_is_not() {
        for (method, path, privileged) in [
            (Method::POST, "/users", true),
            (Method::POST, "/users/m.reyes/delegate", true),
            (Method::POST, "/agreements/a%2Fb/adherence", true),
            (Method::POST, "/requests/a%2Freq-1/decision", true),
            (Method::POST, "/audit/alarms/3/resolve", true),
            (Method::POST, "/backup", true),
            (Method::GET, "/users", false),
            (Method::POST, "/usersx", false),
            (Method::POST, "/queries", false),
            (Method::POST, "/requests", false),
            (Method::POST, "/policy/explain", false),
        ] {
            assert_eq!(is_privileged(&method, path), privileged, "{method} {path}");
        }
    }
}
