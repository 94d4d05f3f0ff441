//! The nodes of the demonstration: made, up, found by id, stopped.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemas::agency::AgencyId;
use schemas::text::Text;

use super::super::init::{InitArgs, init};
use super::people;
use super::story::AGENCIES;
use crate::admin::cards::{self, Confirmation};
use crate::permission::ActError;
use crate::run::Node;
use ::sign_in::enrolment_code;
use audit_log::clock::Clock;
use host::home::{Home, read_text, replace_private};

/// How long anything may take that must happen.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

pub(super) struct Federation {
    dir: PathBuf,
    nodes: BTreeMap<&'static str, Arc<Node>>,
}

/// Words for a field.
pub(super) fn words(text: &str) -> Result<Text, ActError> {
    text.parse().map_err(|e| ActError::failed(format!("{e}")))
}

/// A port that nobody has.
fn free_port() -> Result<u16, ActError> {
    let failed = |e: std::io::Error| ActError::failed(format!("no port on loopback: {e}"));
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .map_err(failed)?
        .local_addr()
        .map_err(failed)?
        .port())
}

impl Federation {
    /// Makes the homes, starts the nodes, registers the people, exchanges the cards.
    pub(super) async fn make(dir: PathBuf) -> Result<Self, ActError> {
        let mut nodes = BTreeMap::new();
        let mut cards = BTreeMap::new();
        for agency in &AGENCIES {
            let home = dir.join(agency.id);
            let https = free_port()?;
            let args = InitArgs {
                id: agency.id.parse().map_err(|e| ActError::failed(format!("{e}")))?,
                name: words(agency.name)?,
                policy: agency.policy.to_owned(),
                admin: "admin".parse().map_err(|e| ActError::failed(format!("{e}")))?,
                admin_name: Some(words("Administrator of the node")?),
                admin_title: Some(words("Systems administrator")?),
                ori: None,
                kind: Some(agency.kind),
                state: Some(agency.state.parse().map_err(|e| ActError::failed(format!("{e}")))?),
                listen: vec![words(&format!("/ip4/127.0.0.1/tcp/{}", free_port()?))?],
                address: Vec::new(),
                http: Some((Ipv4Addr::LOCALHOST, https).into()),
                http_name: vec!["localhost".to_owned()],
                contact: None,
                database: None,
            };
            let code = enrolment_code()?;
            cards.insert(agency.id, init(&home, &args, &Clock::system(), &code).await?);
            with_pages(&Home::open(&home)?, https)?;
            let node = Node::start(Home::open(&home)?, Clock::system()).await?;
            people::signs_in(&node, "admin", &code).await?;
            people::all(&node, agency).await?;
            nodes.insert(agency.id, node);
        }
        for (id, node) in &nodes {
            for (other, card) in cards.iter().filter(|(other, _)| *other != id) {
                let envelope = read_text(&dir.join(other).join("card.json"))?;
                let confirmation = Confirmation {
                    envelope,
                    fingerprint: card.agency_key.fingerprint(),
                    verified_by: words("fingerprint read out over the telephone")?,
                    kind: None,
                    state: None,
                    replace: false,
                };
                let admin = people::by(node, "admin").await?;
                cards::add(&node.context.agency, &admin, &confirmation).await?;
            }
        }
        Ok(Self { dir, nodes })
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (&'static str, &Arc<Node>)> {
        self.nodes.iter().map(|(id, node)| (*id, node))
    }

    pub(super) fn node(&self, id: &str) -> Result<&Arc<Node>, ActError> {
        self.nodes.get(id).ok_or_else(|| ActError::failed(format!("the node of `{id}` is not up")))
    }

    pub(super) fn home(&self, id: &str) -> PathBuf {
        self.dir.join(id)
    }

    /// Stops one node and lets go of its home.
    pub(super) async fn down(&mut self, id: &str) -> Result<(), ActError> {
        if let Some(node) = self.nodes.remove(id) {
            node.stop().await;
            drop(node);
        }
        // Its last tasks let go of the lock on their own time.
        let home = Home::open(&self.home(id))?;
        eventually(&format!("`{id}` is down"), || home.lock().is_ok()).await
    }

    /// Starts one node again.
    pub(super) async fn up(&mut self, id: &'static str) -> Result<(), ActError> {
        let home = Home::open(&self.home(id))?;
        eventually(&format!("the home of `{id}` is free"), || home.lock().is_ok()).await?;
        self.nodes.insert(id, Node::start(home, Clock::system()).await?);
        Ok(())
    }

    /// Stops every node; one that does not stop in time ends with this process.
    pub(super) async fn stop(&self) {
        let stops = futures::future::join_all(self.nodes.values().map(|node| node.stop()));
        drop(tokio::time::timeout(PATIENCE, stops).await);
    }
}

/// Has a node show its pages on this machine.
fn with_pages(home: &Home, port: u16) -> Result<(), ActError> {
    // What is on top belongs to no table.
    let text = format!("origin = \"https://localhost:{port}\"\n") + &read_text(&home.config())?;
    Ok(replace_private(&home.config(), text.as_bytes())?)
}

/// Waits, for a bounded time, until something holds.
pub(super) async fn eventually(what: &str, holds: impl Fn() -> bool) -> Result<(), ActError> {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    waited.await.map_err(|_| ActError::failed(format!("waited too long until {what}")))
}

/// An agency's id, parsed.
pub(super) fn id(text: &str) -> Result<AgencyId, ActError> {
    text.parse().map_err(|e| ActError::failed(format!("{e}")))
}

/// Writes a file of the demonstration.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), ActError> {
    std::fs::write(path, bytes).map_err(|e| ActError::failed(format!("`{}`: {e}", path.display())))
}
