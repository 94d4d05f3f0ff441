//! `accord user …`

use clap::Subcommand;
use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::json;

use super::Done;
use super::client::{Client, query_string};
use super::output::{Output, table};
use super::time::{day, instant};
use crate::permission::ActError;
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
}

pub(super) async fn run(client: &Client, command: User, output: Output) -> Result<Done, ActError> {
    let user: Registered = match command {
        User::Add { name, full_name, role, title, trained_on, until } => {
            let user = Registered {
                name,
                full_name,
                title: title.unwrap_or_default(),
                roles: role,
                trained_on,
                until,
                disabled: None,
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
        User::Delegate { name, title, from, until } => {
            client
                .post(&format!("/users/{name}/delegate"), &Delegation { title, from, until })
                .await?
        }
    };
    output.object(&user, || describe(std::slice::from_ref(&user)));
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
