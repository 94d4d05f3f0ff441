//! `accord init`: makes the home.
//!
//! The configuration is written last: a home without it is no home, so an `init` that was cut short
//! leaves nothing that another command takes for a node.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use agreements::policy::Policy;
use clap::Args;
use schemas::agency::{AgencyId, AgencyKind, Ori, State};
use schemas::body::Actor;
use schemas::card::Card;
use schemas::envelope::Envelope;
use schemas::key::SecretKey;
use schemas::possession::Possession;
use schemas::purpose::Role;
use schemas::query::UserName;
use schemas::text::Text;
use serde_json::json;

use super::Done;
use super::output::{Output, err};
use crate::certificate;
use crate::config::{Bounds, Config, Devices};
use crate::permission::{ActError, OwnAgency};
use crate::run::{StartError, open_context};
use crate::sign_in::ENROLMENT_MS;
use ::sign_in::sealing::SealingKey;
use ::sign_in::{enrolment_code, enrolment_digest};
use audit_log::anchor;
use audit_log::clock::Clock;
use audit_log::entries;
use audit_log::entries::people::{UserChange, policy_adopted, user_changed};
use audit_log::keys;
use host::database::Database;
use host::home::{Home, write_private};
use schemas::address::is_dialable;
use schemas::authenticator::Enrolment;
use schemas::key_use::KeyUse;
use schemas::user::User;

/// What `accord init` is given, each by option or by the environment.
#[derive(Args, Debug, Clone)]
pub struct InitArgs {
    /// The agency's id, such as `monrovia-ca-pd`.
    #[arg(long, env = "ACCORD_ID")]
    pub id: AgencyId,
    /// Its name.
    #[arg(long, env = "ACCORD_NAME")]
    pub name: Text,
    /// Its policy: one of the built-in names, or a TOML file.
    #[arg(long, env = "ACCORD_POLICY")]
    pub policy: String,
    /// User name of the first administrator.
    #[arg(long, env = "ACCORD_ADMIN")]
    pub admin: UserName,
    /// Full name of the first administrator.
    #[arg(long, env = "ACCORD_ADMIN_NAME")]
    pub admin_name: Option<Text>,
    /// Title of the first administrator.
    #[arg(long, env = "ACCORD_ADMIN_TITLE")]
    pub admin_title: Option<Text>,
    /// ORI, the nine characters that NCIC gives an agency.
    #[arg(long, env = "ACCORD_ORI")]
    pub ori: Option<Ori>,
    /// What sort of body it is; the policy's, unless given.
    #[arg(long, env = "ACCORD_KIND")]
    pub kind: Option<AgencyKind>,
    /// The state it is of; the policy's, unless given.
    #[arg(long, env = "ACCORD_STATE")]
    pub state: Option<State>,
    /// Where the node listens, as multiaddresses.
    #[arg(
        long,
        value_name = "MULTIADDR",
        default_value = "/ip4/0.0.0.0/tcp/7420",
        env = "ACCORD_LISTEN",
        value_delimiter = ','
    )]
    pub listen: Vec<Text>,
    /// Where peers reach the node, as its card says; those of --listen that can be dialled, unless
    /// given.
    #[arg(long, value_name = "MULTIADDR", env = "ACCORD_ADDRESS", value_delimiter = ',')]
    pub address: Vec<Text>,
    /// Where the HTTPS side listens for readers, field units and monitoring; nowhere unless given.
    #[arg(long, value_name = "ADDR:PORT", env = "ACCORD_HTTP")]
    pub http: Option<SocketAddr>,
    /// A name or address by which HTTPS clients know this machine; `localhost` besides.
    #[arg(long, value_name = "HOST", env = "ACCORD_HTTP_NAME", value_delimiter = ',')]
    pub http_name: Vec<String>,
    /// Recipients peers call at any hour.
    #[arg(long, env = "ACCORD_CONTACT")]
    pub contact: Option<Text>,
    /// Where the database is, such as postgres://accord@db.example.org/accord; SQLite in the home
    /// unless given. A password belongs into PGPASSWORD or PGPASSFILE, not here.
    #[arg(long, value_name = "URL", env = "ACCORD_DATABASE")]
    pub database: Option<String>,
}

/// What the command line is given besides.
#[derive(Args, Debug, Clone)]
pub(super) struct Making {
    #[command(flatten)]
    init: InitArgs,
    /// Write the code by which the first administrator enrols into this new file, its owner's alone,
    /// instead of printing it: what is printed may stand in a journal.
    #[arg(long, value_name = "FILE", env = "ACCORD_ENROLMENT_TO")]
    enrolment_to: Option<PathBuf>,
}

impl From<StartError> for ActError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Home(error) => error.into(),
            _ => Self::failed_by("node_not_started", error),
        }
    }
}

pub(super) async fn run(dir: &Path, args: &Making, output: Output) -> Result<Done, ActError> {
    let Making { init: args, enrolment_to } = args;
    let code = enrolment_code()?;
    let card = init(dir, args, &Clock::system(), &code).await?;
    if let Some(path) = enrolment_to {
        write_private(path, format!("{}\n", code.as_str()).as_bytes()).map_err(|error| {
            ActError::failed(format!(
                "the home is made, but {error}; `accord user recover {}` gives another code",
                args.admin
            ))
        })?;
    }
    if card.addresses.is_empty() {
        err(&format!(
            "note: the card of `{}` names no address, so no peer can reach this node yet; once it runs, say where it is reached with `accord --home {} card reissue --address /ip4/ADDRESS/tcp/PORT`",
            card.id,
            dir.display()
        ));
    }
    let fingerprint = card.agency_key.fingerprint().to_string();
    let code = enrolment_to.is_none().then_some(code.as_str());
    let enrolment = json!({ "user": args.admin, "code": code, "file": enrolment_to });
    let shown = match enrolment_to {
        Some(path) => format!("- <{}", path.display()),
        None => code.unwrap_or_default().to_owned(),
    };
    let made = json!({
        "agency": card.id, "home": dir, "fingerprint": fingerprint, "enrolment": enrolment,
    });
    output.object(&made, || {
        format!(
            "{} lives in {}\nfingerprint {fingerprint}\n\nNext: start it with `accord --home {} run`. Within three days, {} enrols once with\n`accord login --enrol {}`. Then give `accord card show --out card.json` to your peers\nand read them the fingerprint over the telephone.",
            card.id,
            dir.display(),
            dir.display(),
            args.admin,
            shown
        )
    });
    Ok(Done::Ok)
}

/// Makes a home whose first administrator enrols with `code`; its card.
///
/// # Errors
/// When something given makes no sense, or the home cannot be made.
pub async fn init(
    dir: &Path,
    args: &InitArgs,
    clock: &Clock,
    code: &str,
) -> Result<Card, ActError> {
    let database = args
        .database
        .as_ref()
        .filter(|url| !url.starts_with("sqlite:"))
        .map(|url| url.parse::<Database>())
        .transpose()
        .map_err(|e| ActError::usage(e.to_string()))?;
    let (policy_name, policy_text) = policy_text(&args.policy)?;
    let policy = Policy::from_toml(&policy_name, &policy_text)?;
    if let Some(agency) = policy.agency.as_ref().filter(|agency| **agency != args.id) {
        return Err(ActError::usage(format!(
            "policy `{}` is that of `{agency}`, not of `{}`",
            args.policy, args.id
        )));
    }
    for address in &args.listen {
        if !peer::is_address(address.as_str()) {
            return Err(ActError::usage(format!(
                "--listen `{address}` is no multiaddress; expected one such as `/ip4/0.0.0.0/tcp/7420`"
            )));
        }
        if !peer::is_listenable(address.as_str()) {
            return Err(ActError::usage(format!(
                "--listen `{address}` is nothing that a node speaks; expected TCP, such as `/ip4/0.0.0.0/tcp/7420`"
            )));
        }
    }
    dialable(&args.address)?;
    let home = Home::create(dir)?;
    let text = (policy_name.as_str(), policy_text.as_str());
    let made = fill(&home, args, database, &policy, text, (clock, code)).await;
    if made.is_err() {
        // Nobody has seen these keys: leave nothing that the next attempt would trip over.
        home.undo();
    }
    made
}

async fn fill(
    home: &Home,
    args: &InitArgs,
    database: Option<Database>,
    policy: &Policy,
    policy_text: (&str, &str),
    (clock, code): (&Clock, &str),
) -> Result<Card, ActError> {
    let [agency_key, node_key, message_key, log_key, cosigner_key] =
        KeyUse::ALL.map(|use_| keys::create(home, use_));
    let (agency_key, node_key, message_key) = (agency_key?, node_key?, message_key?);
    let (log_key, cosigner_key) = (log_key?, cosigner_key?);
    let card = Card {
        id: args.id.clone(),
        name: args.name.clone(),
        ori: args.ori.clone(),
        kind: args.kind.unwrap_or(policy.kind),
        state: args.state.unwrap_or(policy.state),
        version: 1,
        at: clock.now(),
        addresses: card_addresses(args),
        contact: args.contact.clone().unwrap_or_default(),
        agency_key: agency_key.public(),
        node_key: node_key.public(),
        message_key: message_key.public(),
        log_key: log_key.public(),
        cosigner_key: cosigner_key.public(),
        revocations: Vec::new(),
        possession: Possession::default(),
    };
    let envelope = sign_card(&card, &agency_key, &[node_key, message_key, log_key, cosigner_key])?;
    let card = Card::open(&envelope).map_err(|e| ActError::usage(e.to_string()))?;
    SealingKey::create(home)?;
    write_private(&home.card(), envelope.as_bytes())?;
    certificate::create(home, &certificate_names(args), clock.now())?;
    let config = Config {
        origin: None,
        agency: args.id.clone(),
        listen: args.listen.clone(),
        database,
        http: args.http,
        photographs: None,
        records: None,
        devices: Devices::default(),
        exchange: Bounds::default(),
        time_zone: None,
        notify: Vec::new(),
        provider: Vec::new(),
    };
    first_entries(home, &config, args, (clock, code), (&card, &envelope), policy_text).await?;
    config.create(home)?;
    Ok(card)
}

/// What the card says is what peers dial: never an address that means every machine.
fn card_addresses(args: &InitArgs) -> Vec<Text> {
    if !args.address.is_empty() {
        return args.address.clone();
    }
    let listen = args.listen.iter();
    listen.filter(|address| is_dialable(address.as_str())).cloned().collect()
}

/// Refuses addresses for a card that no peer can dial.
pub(super) fn dialable(addresses: &[Text]) -> Result<(), ActError> {
    match addresses.iter().find(|address| !is_dialable(address.as_str())) {
        None => Ok(()),
        Some(address) => Err(ActError::usage(format!(
            "--address `{address}` is nothing that peers can dial; expected one such as `/ip4/203.0.113.5/tcp/7420`"
        ))),
    }
}

fn policy_text(name: &str) -> Result<(String, String), ActError> {
    if let Some(text) = Policy::builtin_text(name) {
        return Ok((name.to_owned(), text.to_owned()));
    }
    std::fs::read_to_string(name).map(|text| (name.to_owned(), text)).map_err(|error| {
        ActError::usage(format!(
            "policy `{name}` is neither a file ({error}) nor one of {}",
            Policy::builtin_names().join(", ")
        ))
    })
}

/// Signs a card, with every key that it names.
pub(super) fn sign_card(
    card: &Card,
    key: &SecretKey,
    keys: &[SecretKey],
) -> Result<Envelope, ActError> {
    card.sign(key, keys).map_err(|e| ActError::usage(e.to_string()))
}

/// Recipients the certificate of the HTTPS side is for.
fn certificate_names(args: &InitArgs) -> Vec<String> {
    let listening = args.http.map(|address| address.ip()).filter(|ip| !ip.is_unspecified());
    let local = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut names = args.http_name.clone();
    names.extend(listening.map(|ip| ip.to_string()));
    names.extend(local);
    names.dedup();
    names
}

/// The entries that a log begins with: the first card, the policy, the first administrator and her
/// enrolment. Each is made on the registry as the one before left it.
async fn first_entries(
    home: &Home,
    config: &Config,
    args: &InitArgs,
    (clock, code): (&Clock, &str),
    card: (&Card, &Envelope),
    policy: (&str, &str),
) -> Result<(), ActError> {
    let opened = open_context(home, config, clock.clone()).await;
    // The keys are new: whatever is signed there was signed by others.
    if let (Err(StartError::OtherKey(_)), Some(database)) = (&opened, &config.database) {
        return Err(ActError::usage(format!(
            "`{database}` holds a log already; name an empty database"
        )));
    }
    let OwnAgency { registry, log, .. } = opened?.agency;
    let actor = Actor {
        user: Some(args.admin.clone()),
        full_name: args.admin_name.clone().unwrap_or_default(),
        agency: args.id.clone(),
        auth: "init".into(),
    };
    let (card, envelope) = card;
    let issued = entries::cards::card_issued(&registry.state(), actor.clone(), card, envelope);
    drop(log.append(issued).await?);
    let (name, text) = policy;
    let adopted = policy_adopted(&registry.state(), actor.clone(), name, text, clock.now());
    drop(log.append(adopted).await?);
    let enrolment = Enrolment {
        user: args.admin.clone(),
        code: enrolment_digest(code),
        by: None,
        identified: "made the node".parse().unwrap_or_default(),
        until: clock.now().plus_millis(ENROLMENT_MS),
    };
    let added = user_changed(
        &registry.state(),
        actor,
        UserChange::Added,
        first_admin(args),
        Some(args.admin.clone()),
        Some(enrolment),
    );
    drop(log.append(added).await?);
    // From the first start on a log without its anchor is noticed.
    Ok(anchor::write(home, &log)?)
}

fn first_admin(args: &InitArgs) -> User {
    let named = args.admin_name.clone();
    let full_name = named.unwrap_or_else(|| args.admin.as_str().parse().unwrap_or_default());
    User::new(
        args.admin.clone(),
        full_name,
        args.admin_title.clone().unwrap_or_default(),
        vec![Role::AlprAdministrator, Role::SystemAdministrator],
    )
}
