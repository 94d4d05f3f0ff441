//! `accord login` and `accord logout`.

use std::io::{BufRead as _, IsTerminal as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ::sign_in::code::CodeSecret;
use ::sign_in::{Secret, Token};
use clap::Args;
use schemas::query::UserName;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::Done;
use super::client::Client;
use super::login_browser::approved;
use super::output::{Output, err, text};
use super::session_file::SessionFiles;
use super::time::local;
use crate::permission::ActError;
use crate::sign_in::{Attempt, BoundNow, NewPassword, Notice, Pending, Second, SignedIn};
use audit_log::clock::Clock;
use host::home::{replace_private, write_private};

/// How somebody signs in.
#[derive(Args)]
pub(super) struct LoginArgs {
    /// User name; asked for unless given.
    user: Option<UserName>,
    /// Sign in with the authenticators in this file, for scripts: whoever reads it can sign in.
    #[arg(long, value_name = "FILE", conflicts_with = "user")]
    from: Option<PathBuf>,
    /// Bind authenticators with this one-time enrolment, in the place of those that you have.
    #[arg(long, value_name = "CODE", conflicts_with_all = ["user", "from", "again"])]
    enrol: Option<String>,
    /// When enrolling: a printed card of numbered codes beside the password, in the place of an
    /// application that shows one-time codes.
    #[arg(long, requires = "enrol")]
    card: bool,
    /// When enrolling: make a password, and put it with the secret of the codes into this new file,
    /// for `--from`.
    #[arg(long, value_name = "FILE", requires = "enrol")]
    save: Option<PathBuf>,
    /// Prove again who you are: before a privileged act, and so that the session goes on.
    #[arg(long, conflicts_with_all = ["new_password"])]
    again: bool,
    /// Choose another password.
    #[arg(long)]
    new_password: bool,
    /// Show a code that you type into the node's page in a browser, where you are signed in by a security key
    /// or single sign-on, and be signed in here by it.
    #[arg(long, conflicts_with_all = ["user", "from", "enrol", "again", "new_password"])]
    browser: bool,
}

/// Authenticators in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authenticators {
    pub(super) user: UserName,
    pub(super) password: Secret,
    /// The secret of one-time codes, in letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    one_time_code: Option<Secret>,
    /// The codes of a card that are not used yet, in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) card: Vec<Secret>,
}

impl Authenticators {
    /// Those of `user`, with a password that nobody has to remember.
    pub(super) fn made(user: UserName) -> Result<Self, ActError> {
        let password = Secret::from(Token::new()?.expose().to_owned());
        Ok(Self { user, password, one_time_code: None, card: Vec::new() })
    }

    /// Writes them into a file that is new, its owner's alone.
    pub(super) fn write_new(&self, path: &Path) -> Result<(), ActError> {
        Ok(write_private(path, self.text()?.as_bytes())?)
    }

    fn text(&self) -> Result<Zeroizing<String>, ActError> {
        toml::to_string(self).map(Zeroizing::new).map_err(|e| ActError::failed(e.to_string()))
    }
}

/// What somebody types, seen or not.
struct Typist;

impl Typist {
    fn line(what: &str) -> Result<String, ActError> {
        err(what);
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        match read {
            Ok(1..) => Ok(line.trim_end_matches(['\r', '\n']).to_owned()),
            _ => Err(ActError::usage("nothing was typed; give --from FILE in scripts".into())),
        }
    }

    fn hidden(what: &str) -> Result<Secret, ActError> {
        if !std::io::stdin().is_terminal() {
            return Self::line(what).map(Secret::from);
        }
        err(what);
        let typed = console::Term::stderr().read_secure_line();
        typed.map(Secret::from).map_err(|e| ActError::failed(format!("nothing was typed ({e})")))
    }

    /// A password that is typed twice.
    fn new_password() -> Result<Secret, ActError> {
        let one = Self::hidden(
            "New password, at least 15 characters; four words that do not belong together are good:",
        )?;
        let other = Self::hidden("Once more:")?;
        if **one == **other {
            Ok(one)
        } else {
            Err(ActError::usage("the two are not the same".into()))
        }
    }
}

/// Shows the notice, which stays until it is acknowledged.
async fn acknowledged(client: &Client, from_file: bool) -> Result<Notice, ActError> {
    let notice: Notice = client.get("/sign-in/notice").await?;
    if !from_file {
        err(&notice.text);
        Typist::line("Press Enter to acknowledge this.")?;
    }
    Ok(notice)
}

pub(super) async fn login(
    dir: &Path,
    client: &Client,
    args: LoginArgs,
    output: Output,
) -> Result<Done, ActError> {
    let files = SessionFiles::of(dir);
    if args.again {
        return again(client, &files, args.from.as_deref(), output).await;
    }
    // Where no session can be kept, nothing is spent on one.
    files.make()?;
    if let Some(code) = &args.enrol {
        acknowledged(client, args.save.is_some()).await?;
        return enrol(client, &files, code, &args, output).await;
    }
    if args.browser {
        let notice = acknowledged(client, false).await?;
        return welcome(&files, &approved(client, &notice).await?, output);
    }
    let attempt = attempt(client, &files, args.user, args.from.as_deref()).await?;
    let signed_in: SignedIn = if args.new_password {
        let password = Typist::new_password()?;
        let wanted = NewPassword { attempt, password };
        let bound: BoundNow = client.post("/sign-in/password", &wanted).await?;
        bound.signed_in.ok_or_else(|| ActError::failed("nobody is signed in".into()))?
    } else {
        client.post("/sign-in", &attempt).await?
    };
    welcome(&files, &signed_in, output)
}

/// What somebody shows to prove who she is, typed or from a file.
pub(super) async fn attempt(
    client: &Client,
    files: &SessionFiles,
    user: Option<UserName>,
    from: Option<&Path>,
) -> Result<Attempt, ActError> {
    let notice = acknowledged(client, from.is_some()).await?;
    let (user, password, code) = match from {
        Some(path) => from_file(files, path).await?,
        None => typed(user)?,
    };
    Ok(Attempt { user, password, code, notice: notice.digest })
}

/// Keeps the session and says since when and until when.
fn welcome(files: &SessionFiles, signed_in: &SignedIn, output: Output) -> Result<Done, ActError> {
    let user = &signed_in.session.user;
    files.keep(user, &signed_in.token)?;
    // The secret stands in its file, and nowhere else.
    let told = json!({
        "signed_in": user, "session": signed_in.session.id, "until": signed_in.until,
        "last": signed_in.last, "failures": signed_in.failures,
    });
    output.object(&told, || {
        let last = signed_in.last.map_or_else(
            || "for the first time".to_owned(),
            |last| format!("the last time was {}", local(last)),
        );
        let failures = match signed_in.failures {
            0 => String::new(),
            count => format!("\nSomebody failed {count} times to sign in as you since. If that was not you, tell your administrator."),
        };
        format!("{user} is signed in until {}; {last}.{failures}", local(signed_in.until))
    });
    Ok(Done::Ok)
}

fn typed(user: Option<UserName>) -> Result<(String, Secret, Secret), ActError> {
    let user = match user {
        Some(user) => user.to_string(),
        None => Typist::line("User name:")?,
    };
    let password = Typist::hidden("Password:")?;
    let code = Typist::hidden(
        "One-time code, or the next code of your card (cross it out; each counts once):",
    )?;
    Ok((user, password, code))
}

/// What a file of authenticators shows at this moment. A code is shown once: who comes again within
/// its half minute shows the next one, or waits for it; one of a card leaves the file before.
async fn from_file(
    files: &SessionFiles,
    path: &Path,
) -> Result<(String, Secret, Secret), ActError> {
    let mut of = authenticators(path)?;
    let user = of.user.to_string();
    if let Some(letters) = &of.one_time_code {
        let secret =
            CodeSecret::from_letters(letters).ok_or_else(|| unfit(path, "one_time_code"))?;
        let code = secret.code(next_step(files, &of.user).await?);
        return Ok((user, of.password, Secret::from(code)));
    }
    if of.card.is_empty() {
        return Err(ActError::usage(format!(
            "every code of the card in `{}` is used; get another card with `accord authenticator card` while you are signed in, or be enrolled anew by an administrator",
            path.display()
        )));
    }
    let code = of.card.remove(0);
    replace_private(path, of.text()?.as_bytes())?;
    Ok((user, of.password, code))
}

fn unfit(path: &Path, what: &str) -> ActError {
    ActError::usage(format!(
        "`{}` is no file of authenticators: {what}; expected user, password, and one_time_code or card",
        path.display()
    ))
}

fn authenticators(path: &Path) -> Result<Authenticators, ActError> {
    let is = std::fs::metadata(path)
        .map_err(|e| ActError::usage(format!("`{}`: {e}", path.display())))?;
    if is.mode() & 0o077 != 0 {
        return Err(ActError::usage(format!(
            "`{}` can be read by others; whoever reads it can sign in: chmod 600",
            path.display()
        )));
    }
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|e| ActError::usage(format!("`{}`: {e}", path.display())))?;
    // What is wrong in it is not shown: it holds secrets.
    toml::from_str(&text).map_err(|e| unfit(path, e.message()))
}

async fn next_step(files: &SessionFiles, user: &UserName) -> Result<u64, ActError> {
    let clock = Clock::system();
    loop {
        let now = CodeSecret::step_at(clock.now());
        let step = files.last_step(user)?.map_or(now, |last| now.max(last.saturating_add(1)));
        // One step early is taken; no more.
        if step <= now.saturating_add(1) {
            files.note_step(user, step)?;
            return Ok(step);
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn again(
    client: &Client,
    files: &SessionFiles,
    from: Option<&Path>,
    output: Output,
) -> Result<Done, ActError> {
    let password = match from {
        Some(path) => authenticators(path)?.password,
        None => Typist::hidden("Password:")?,
    };
    let renewed: SignedIn = client.post("/sign-in/again", &json!({ "password": password })).await?;
    welcome(files, &renewed, output)
}

async fn enrol(
    client: &Client,
    files: &SessionFiles,
    code: &str,
    args: &LoginArgs,
    output: Output,
) -> Result<Done, ActError> {
    let pending: Pending = client.post("/sign-in/enrolment", &json!({ "code": code })).await?;
    let mut of = Authenticators::made(pending.user.clone())?;
    if args.save.is_none() {
        err(&format!("Enrolment of {} ({}).", pending.full_name, pending.user));
        of.password = Typist::new_password()?;
    }
    let (second, step) = if args.card {
        (Second::CodeCard, None)
    } else if args.save.is_some() {
        let secret = CodeSecret::from_letters(&pending.secret);
        let secret = secret.ok_or_else(|| ActError::failed("the node gave no secret".into()))?;
        let step = next_step(files, &pending.user).await?;
        (Second::OneTimeCode(Secret::from(secret.code(step))), Some(step))
    } else {
        err(&format!(
            "Put this into the application that shows your one-time codes:\n  {}\n  {}",
            pending.secret, pending.address
        ));
        (Second::OneTimeCode(Typist::hidden("The code that it shows now:")?), None)
    };
    let finish = json!({ "code": code, "password": of.password, "second": second });
    of.one_time_code = step.map(|_| Secret::from(pending.secret.clone()));
    // Once they are bound, nothing else knows them: they are on the disk before.
    if let Some(path) = &args.save {
        of.write_new(path)?;
    }
    let bound: Result<BoundNow, ActError> = client.post("/sign-in/enrolment/finish", &finish).await;
    let bound = match (bound, &args.save) {
        // What was refused bound nothing. After anything else they may count: the file stays.
        (Err(error @ (ActError::Refused(_) | ActError::Usage(_))), Some(path)) => {
            drop(std::fs::remove_file(path));
            return Err(error);
        }
        (bound, _) => bound?,
    };
    of.card = bound.card.iter().cloned().map(Secret::from).collect();
    let kept = match &args.save {
        Some(path) => replace_private(path, of.text()?.as_bytes()).map_err(ActError::from),
        None => Ok(()),
    };
    if !bound.card.is_empty() && (args.save.is_none() || kept.is_err()) {
        output.object(&json!({ "card": bound.card }), || card_text(&bound.card));
    }
    kept?;
    let signed_in =
        bound.signed_in.ok_or_else(|| ActError::failed("nobody is signed in".into()))?;
    welcome(files, &signed_in, output)
}

/// A card as it is printed.
pub(super) fn card_text(codes: &[String]) -> String {
    let cells: Vec<String> =
        (1..).zip(codes).map(|(number, code)| format!("{number:>3}  {code}")).collect();
    let rows: Vec<String> = cells.chunks(4).map(|row| row.join("   ")).collect();
    format!(
        "Print this and keep it on you. Each code is asked for by its number, once.\n{}",
        rows.join("\n")
    )
}

pub(super) async fn logout(dir: &Path, client: &Client, output: Output) -> Result<Done, ActError> {
    let ended: Result<Value, ActError> = client.post("/sign-out", &json!({})).await;
    if let Some(user) = client.user() {
        SessionFiles::of(dir).forget(user);
    }
    output.object(&ended?, || "signed out".into());
    Ok(Done::Ok)
}

pub(super) async fn session(client: &Client, output: Output) -> Result<Done, ActError> {
    let session: Value = client.get("/session").await?;
    output.object(&session, || {
        let id = session.get("session").map(|session| text(session, "id")).unwrap_or_default();
        format!(
            "{} is signed in by {} until {} (session {id})",
            text(&session, "user"),
            text(&session, "signed_in"),
            text(&session, "until"),
        )
    });
    Ok(Done::Ok)
}
