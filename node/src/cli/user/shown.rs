//! People and proposals as a terminal shows them.

use schemas::attestation::SignedAttestation;
use schemas::attested::Attestation;
use schemas::user::User;
use serde_json::Value;

use crate::cli::output::{table, text};

/// What of a person is not plain: what is delegated to her, and that she may not act.
fn besides(user: &User) -> String {
    let delegated = user.delegations.iter().map(|one| {
        let until = one.until.day();
        format!("acts as {} until {until}", one.title)
    });
    let cleared = user.cleared_on.map(|on| format!("cleared {}", on.day()));
    let desk = user.night_desk.map(|until| format!("sits at the night desk until {}", until.day()));
    let disabled = user.disabled.as_ref();
    let suspended =
        user.suspended().map(|it| format!("suspended since {}: {}", it.at.day(), it.reason));
    let may = disabled.map(|why| format!("disabled: {why}")).or(suspended);
    let may = may.unwrap_or_else(|| "enabled".into());
    std::iter::once(may).chain(cleared).chain(desk).chain(delegated).collect::<Vec<_>>().join("; ")
}

pub(super) fn describe(users: &[User]) -> String {
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            vec![
                user.name.to_string(),
                user.full_name.to_string(),
                user.title.to_string(),
                user.roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(", "),
                user.trained_on.map_or("never".into(), |at| at.day()),
                user.attestation.as_ref().map_or_else(String::new, attested_until),
                besides(user),
            ]
        })
        .collect();
    table(&["user", "name", "title", "roles", "trained", "attested", ""], &rows)
}

/// Until when an attestation holds.
fn attested_until(signed: &SignedAttestation) -> String {
    let said: Option<Attestation> = signed.unverified();
    said.map_or_else(String::new, |said| format!("until {}", said.ends.day()))
}

/// What waits for a second person or for an auditor.
pub(super) fn proposals(waiting: &Value) -> String {
    let rows = |key: &str| waiting.get(key).and_then(Value::as_array).cloned();
    let proposed = rows("proposals").unwrap_or_default().into_iter().map(|one| {
        let user = one.get("user").cloned().unwrap_or_default();
        let number = one.get("number").and_then(Value::as_u64).unwrap_or_default();
        vec![
            format!("proposal {number}"),
            text(&user, "name").to_owned(),
            text(&one, "by").to_owned(),
            format!("until {}", text(&one, "until")),
        ]
    });
    let alone = rows("alone").unwrap_or_default().into_iter().map(|one| {
        vec![
            "to countersign".to_owned(),
            text(&one, "user").to_owned(),
            text(&one, "by").to_owned(),
            match text(&one, "enrolled_by") {
                "" => String::new(),
                by => format!("enrolled by {by}"),
            },
        ]
    });
    table(&["what", "person", "by", ""], &proposed.chain(alone).collect::<Vec<_>>())
}
