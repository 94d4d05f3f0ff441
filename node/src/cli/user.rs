//! `accord user …`

use std::path::Path;

use clap::Subcommand;
use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::client::{Client, query_string};
use super::output::{Output, number, table, text};
use super::time::{day, instant, local};
use crate::admin::people::Changed;
use crate::permission::ActError;
use crate::sign_in::recover;
use audit_log::clock::Clock;
use host::home::Home;
use schemas::user::Delegation;
use schemas::user::User as Registered;

#[derive(Subcommand)]
pub(super) enum User {
    /// Register a person.
    Add {
        /// User name.
        name: UserName,
        /// Full name.
        #[arg(long)]
        full_name: Text,
        /// Role; repeat for several.
        #[arg(long, required = true)]
        role: Vec<Role>,
        /// Title.
        #[arg(long)]
        title: Option<Text>,
        /// Day of the last training.
        #[arg(long, value_parser = day)]
        trained_on: Option<Timestamp>,
        /// Last day, for people registered for a time.
        #[arg(long, value_parser = instant)]
        until: Option<Timestamp>,
    },
    /// List people, now or as of a day.
    List {
        /// As of this time.
        #[arg(long, value_parser = instant)]
        at: Option<Timestamp>,
    },
    /// Record a person's training.
    Train {
        /// User name.
        name: UserName,
        /// The day.
        #[arg(long, value_parser = day)]
        on: Timestamp,
    },
    /// End a person's access.
    Disable {
        /// User name.
        name: UserName,
        /// Why.
        #[arg(long, default_value = "")]
        reason: Text,
    },
    /// Delegate the approving authority of a title to a person, for a time.
    Delegate {
        /// User name.
        name: UserName,
        /// Whose authority.
        #[arg(long)]
        title: Text,
        /// From when.
        #[arg(long, value_parser = instant)]
        from: Timestamp,
        /// Until when.
        #[arg(long, value_parser = instant)]
        until: Timestamp,
    },
    /// Let a person bind what she signs in by, with a one-time code that you hand to her.
    Enrol {
        /// User name.
        name: UserName,
        /// How you identified her, such as `in person, badge 4711`.
        #[arg(long)]
        identified: Text,
    },
    /// Make a way in anew, at the machine and with the node stopped; the next start records it.
    Recover {
        /// User name.
        name: UserName,
        /// What happened.
        #[arg(long)]
        reason: Text,
    },
    /// Let a person act again who was disabled.
    Enable {
        /// User name.
        name: UserName,
    },
    /// Put on record that you looked whether people need their accounts and what these may do.
    Review {
        /// User names.
        #[arg(required = true)]
        names: Vec<UserName>,
    },
    /// Take a person's passwords again that were locked after too many failures.
    Unlock {
        /// User name.
        name: UserName,
    },
    /// End a person's access and all her sessions at once.
    StopNow {
        /// User name.
        name: UserName,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// List what waits for a second person or for an auditor.
    Proposals,
    /// Confirm, as the second person, what another administrator proposed.
    Confirm {
        /// Its number.
        proposal: u64,
    },
    /// Decline a proposal, or take back your own.
    Decline {
        /// Its number.
        proposal: u64,
        /// Why.
        #[arg(long)]
        reason: Text,
    },
    /// Countersign, as an auditor, what rests on one administrator alone.
    Countersign {
        /// User name of the person whom it concerns.
        name: UserName,
        /// What you found.
        #[arg(long)]
        reason: Text,
    },
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: User,
    output: Output,
) -> Result<Done, ActError> {
    let changed: Changed = match command {
        User::Add { name, full_name, role, title, trained_on, until } => {
            let user = Registered {
                name,
                full_name,
                title: title.unwrap_or_default(),
                roles: role,
                trained_on,
                until,
                disabled: None,
                enabled_at: None,
                reviewed_at: None,
                delegations: Vec::new(),
            };
            client.post("/users", &user).await?
        }
        User::List { at } => return list(client, at, output).await,
        User::Train { name, on } => {
            client.post(&format!("/users/{name}/train"), &json!({ "on": on })).await?
        }
        User::Disable { name, reason } => {
            client.post(&format!("/users/{name}/disable"), &json!({ "reason": reason })).await?
        }
        User::Enable { name } => client.post(&format!("/users/{name}/enable"), &json!({})).await?,
        User::Delegate { name, title, from, until } => {
            client
                .post(&format!("/users/{name}/delegate"), &Delegation { title, from, until })
                .await?
        }
        other => return sign_ins(dir, client, other, output).await,
    };
    match &changed.proposal {
        None => {
            output.object(&changed.user, || describe(std::slice::from_ref(&changed.user)));
        }
        Some(proposal) => output.object(&json!({ "proposal": proposal }), || {
            format!(
                "proposal {} waits for a second administrator until {}: `accord user confirm {}`",
                proposal.number, proposal.until, proposal.number
            )
        }),
    }
    Ok(Done::Ok)
}

/// What concerns signing in, and second persons.
async fn sign_ins(
    dir: &Path,
    client: &Client,
    command: User,
    output: Output,
) -> Result<Done, ActError> {
    match command {
        User::Enrol { name, identified } => {
            let body = json!({ "identified": identified });
            let sheet: Value = client.post(&format!("/users/{name}/enrol"), &body).await?;
            output.object(&sheet, || {
                let (code, until) = (text(&sheet, "code"), text(&sheet, "until"));
                let until = until.parse().map_or_else(|_| until.to_owned(), local);
                format!("Hand this to {name} in person:\n\n  accord login --enrol {code}\n\nIt works once, until {until}; with --card she gets a printed card of codes in the place of an application.")
            });
        }
        User::Recover { name, reason } => {
            let recovered = recover(&Home::open(dir)?, &name, &reason, Clock::system().now())?;
            output.object(&recovered, || {
                format!(
                    "Start the node; it records this first. Then, until {}:\n\n  accord login --enrol {}",
                    recovered.until, recovered.code
                )
            });
        }
        User::Review { names } => {
            for name in names {
                let path = format!("/users/{name}/review");
                let done: Changed = client.post(&path, &json!({})).await?;
                output.object(&done.user, || format!("{name} is reviewed"));
            }
        }
        User::Unlock { name } => {
            let done: Value = client.post(&format!("/users/{name}/unlock"), &json!({})).await?;
            output.object(&done, || format!("passwords of {name} are taken again"));
        }
        User::StopNow { name, reason } => {
            let body = json!({ "reason": reason });
            let done: Value = client.post(&format!("/users/{name}/disable"), &body).await?;
            let done = json!({ "stopped": name, "sessions": done.get("sessions") });
            output.object(&done, || {
                format!(
                    "{name} may act no longer; {} ended",
                    number(&done, "sessions", "session", "sessions")
                )
            });
        }
        User::Proposals => return proposals(client, output).await,
        User::Confirm { proposal } => {
            let path = format!("/proposals/{proposal}/confirm");
            let user: Registered = client.post(&path, &json!({})).await?;
            output.object(&user, || describe(std::slice::from_ref(&user)));
        }
        User::Decline { proposal, reason } => {
            let path = format!("/proposals/{proposal}/decline");
            let declined: Value = client.post(&path, &json!({ "reason": reason })).await?;
            output.object(&declined, || format!("proposal {proposal} counts no more"));
        }
        User::Countersign { name, reason } => {
            let body = json!({ "reason": reason });
            let done: Value = client.post(&format!("/users/{name}/countersign"), &body).await?;
            output.object(&done, || format!("what {name} may do is countersigned"));
        }
        _ => {}
    }
    Ok(Done::Ok)
}

async fn proposals(client: &Client, output: Output) -> Result<Done, ActError> {
    let waiting: Value = client.get("/proposals").await?;
    output.object(&waiting, || {
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
    });
    Ok(Done::Ok)
}

async fn list(client: &Client, at: Option<Timestamp>, output: Output) -> Result<Done, ActError> {
    let path = format!("/users{}", query_string(&[("at", at.map(|at| at.to_string()))]));
    let users: Vec<Registered> = client.get(&path).await?;
    if output.json() {
        users.iter().for_each(|user| output.object(user, String::new));
    } else {
        output.note(&describe(&users));
    }
    Ok(Done::Ok)
}

fn describe(users: &[Registered]) -> String {
    let rows: Vec<Vec<String>> = users
        .iter()
        .map(|user| {
            vec![
                user.name.to_string(),
                user.full_name.to_string(),
                user.title.to_string(),
                user.roles.iter().map(|role| role.code()).collect::<Vec<_>>().join(", "),
                user.trained_on.map_or("never".into(), |at| at.day()),
                user.disabled.as_ref().map_or("enabled".into(), |why| format!("disabled: {why}")),
            ]
        })
        .collect();
    table(&["user", "name", "title", "roles", "trained", ""], &rows)
}
