//! `accord user …`

mod attesting;
mod shown;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use schemas::digest::Digest;
use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::text::Text;
use schemas::time::Timestamp;
use serde_json::{Value, json};

use super::Done;
use super::audits::Under;
use super::client::{Client, query_string};
use super::output::{Output, number, text};
use super::time::{day, instant, local};
use crate::admin::training::Training;
use crate::admin::user_change::Changed;
use crate::permission::ActError;
use crate::sign_in::recover;
use audit_log::clock::Clock;
use host::home::Home;
use schemas::user::Delegation;
use schemas::user::User as Registered;
use shown::{describe, proposals};

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
        /// User name of who held it.
        #[arg(long, requires = "trained_on")]
        trained_by: Option<UserName>,
        /// The course that it was.
        #[arg(long, requires = "trained_on")]
        course: Option<Text>,
        /// Day of the last clearance for criminal justice data.
        #[arg(long, value_parser = day)]
        cleared_on: Option<Timestamp>,
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
        /// User name of who held it, where the policy says who does.
        #[arg(long)]
        by: Option<UserName>,
        /// The course that it was, where the policy says what is covered.
        #[arg(long)]
        course: Option<Text>,
        /// What was said to a person whose access was suspended; it comes back with that.
        #[arg(long)]
        discussion: Option<Text>,
    },
    /// Record that a person is cleared for criminal justice data.
    Clear {
        /// User name.
        name: UserName,
        /// The day of the clearance.
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
    /// Vouch for a person with the agency key, for agreements that demand it. Whenever her name, title,
    /// roles or training change, she is attested anew.
    Attest {
        /// User name.
        name: UserName,
        /// Until when; a year at most.
        #[arg(long, value_parser = instant)]
        until: Timestamp,
        /// What was read before, by its digest; at a terminal it is shown and asked.
        #[arg(long)]
        digest: Option<Digest>,
    },
    /// Delegate the authority of a title to a person, for a time. Who bears the title does it; an
    /// administrator records it with the paper that was signed.
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
        /// The paper that who bears the title signed: its digest goes on record.
        #[arg(long, value_name = "FILE")]
        paper: Option<PathBuf>,
    },
    /// End what is delegated to a person of a title.
    Undelegate {
        /// User name.
        name: UserName,
        /// Whose authority.
        #[arg(long)]
        title: Text,
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
    /// Suspend a person's access until she is trained anew, because a reason that she gave was unacceptable.
    Suspend {
        /// User name.
        name: UserName,
        /// The entry of the query.
        #[arg(long)]
        entry: u64,
        /// Why the reason was unacceptable.
        #[arg(long)]
        reason: Text,
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
        #[command(flatten)]
        under: Under,
    },
}

pub(super) async fn run(
    dir: &Path,
    client: &Client,
    command: User,
    output: Output,
) -> Result<Done, ActError> {
    let changed: Changed = match command {
        User::Add {
            name,
            full_name,
            role,
            title,
            trained_on,
            trained_by,
            course,
            cleared_on,
            until,
        } => {
            let user = Registered {
                trained_on,
                trained_by,
                course: course.unwrap_or_default(),
                cleared_on,
                until,
                ..Registered::new(name, full_name, title.unwrap_or_default(), role)
            };
            client.post("/users", &user).await?
        }
        User::List { at } => return list(client, at, output).await,
        User::Suspend { name, entry, reason } => {
            let body = json!({ "entry": entry, "reason": reason });
            client.post(&format!("/users/{name}/suspend"), &body).await?
        }
        User::Train { name, on, by, course, discussion } => {
            let (course, discussion) = (course.unwrap_or_default(), discussion.unwrap_or_default());
            let training = Training { on, by, course, discussion };
            client.post(&format!("/users/{name}/train"), &training).await?
        }
        User::Clear { name, on } => {
            client.post(&format!("/users/{name}/clear"), &json!({ "on": on })).await?
        }
        User::Disable { name, reason } => {
            client.post(&format!("/users/{name}/disable"), &json!({ "reason": reason })).await?
        }
        User::Enable { name } => client.post(&format!("/users/{name}/enable"), &json!({})).await?,
        User::Attest { name, until, digest } => {
            let whom = attesting::Whom { name, until, digest };
            attesting::attest(dir, client, &whom, output).await?
        }
        User::Delegate { name, title, from, until, paper } => {
            let paper = paper.as_deref().map(digest_of).transpose()?;
            let delegation = Delegation { title, from, until, holder: None, paper };
            client.post(&format!("/users/{name}/delegate"), &delegation).await?
        }
        User::Undelegate { name, title } => {
            let body = json!({ "title": title });
            client.post(&format!("/users/{name}/delegation/end"), &body).await?
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
        User::Proposals => {
            let waiting: Value = client.get("/proposals").await?;
            output.object(&waiting, || proposals(&waiting));
        }
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
        User::Countersign { name, reason, under } => {
            let body = json!({ "reason": reason });
            let client = client.under(&under);
            let done: Value = client.post(&format!("/users/{name}/countersign"), &body).await?;
            output.object(&done, || format!("what {name} may do is countersigned"));
        }
        _ => {}
    }
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

/// H(a file).
fn digest_of(file: &Path) -> Result<Digest, ActError> {
    let bytes = std::fs::read(file)
        .map_err(|e| ActError::usage(format!("`{}` cannot be read: {e}", file.display())))?;
    Ok(Digest::of(&bytes))
}
