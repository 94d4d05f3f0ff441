//! The jobs of a node: what it does by itself, and how often.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::Node;
use super::cosigning::Cosigning;
use super::notifying::Notifying;
use super::photograph_maintenance::{Checking, Destroying, Forgetting};
use super::reconcile_schedule::ReconcileSchedule;
use super::retention_schedule::RetentionSchedule;
use super::schedule::{Job, JobError, Work};
use crate::exchange::node_identity::prove_identity as prove;
use crate::http::https::CertificateUpkeep;
use crate::reads::intake::WatchedFolders;
use crate::records::Webhook;
use crate::sign_in::sweep;
use audit_log::anchor;

const AT_ONCE: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);
const TEN_SECONDS: Duration = Duration::from_secs(10);
const TEN_MINUTES: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);
/// How soon after its start a node asks for cosignatures, and counts for the metrics: what it must do
/// to serve comes first.
const FIRST_COSIGNING: Duration = Duration::from_secs(10);
const FIRST_COUNTING: Duration = Duration::from_secs(5);

/// The jobs of `node`.
pub(super) fn of(node: &Arc<Node>, webhook: Option<Webhook>) -> Vec<Job> {
    let context = &node.context;
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    let cosigning = seconds(node.app.config.exchange.cosigned_every_seconds);
    let reconciling = seconds(node.app.config.exchange.reconciled_look_seconds);
    let folders = WatchedFolders::new(
        context.agency.clone(),
        node.importer.clone(),
        node.app.source_stats.clone(),
        node.home.rejected(),
    );
    let anchor = anchor::Follower::new(node.home.clone(), context.agency.log.clone());
    let retention = RetentionSchedule::new(context.agency.clone(), node.app.retention.clone());
    let jobs = [
        job("log anchor", SECOND, SECOND, anchor),
        job("node key", AT_ONCE, SECOND, on(node, prove_identity)),
        job("watched folders", SECOND, SECOND, folders),
        job("cosigning", SECOND, SECOND, Cosigning::new(node, FIRST_COSIGNING, cosigning)),
        job("reconciliation", reconciling, reconciling, ReconcileSchedule::new(node.clone())),
        job("retention", AT_ONCE, TEN_MINUTES, retention),
        job("released reads", AT_ONCE, TEN_MINUTES, Forgetting::of(context)),
        job("unreferenced photographs", AT_ONCE, TEN_MINUTES, Destroying::of(context)),
        job("photographs check", AT_ONCE, TEN_MINUTES, Checking::of(context)),
        job("sign-in upkeep", SECOND, 10 * SECOND, on(node, end_sessions)),
        job("notices of what waits", TEN_SECONDS, TEN_SECONDS, Notifying::of(node)),
        job("inactive accounts", TEN_MINUTES, TEN_MINUTES, on(node, disable_inactive)),
        job("mentions check", TEN_MINUTES, DAY, on(node, check_mentions)),
        job("metrics", FIRST_COUNTING, TEN_MINUTES, on(node, count)),
    ];
    let certificate = node.app.certificate.clone().map(|served| {
        let upkeep = CertificateUpkeep::new(served, context.agency.clock.clone());
        job("HTTPS certificate", AT_ONCE, 2 * SECOND, upkeep)
    });
    let webhook = webhook.map(|webhook| job("records", AT_ONCE, SECOND, webhook));
    jobs.into_iter().chain(certificate).chain(webhook).collect()
}

fn job(name: &'static str, first: Duration, every: Duration, run: impl Work) -> Job {
    Job { name, first, every, run: Box::new(run) }
}

/// A job that has nothing to remember between two runs.
struct OnNode {
    node: Arc<Node>,
    run: Run,
}

type Run = for<'a> fn(&'a Node) -> BoxFuture<'a, Result<(), JobError>>;

fn on(node: &Arc<Node>, run: Run) -> OnNode {
    OnNode { node: node.clone(), run }
}

#[async_trait]
impl Work for OnNode {
    async fn run(&mut self) -> Result<(), JobError> {
        (self.run)(&self.node).await
    }
}

fn prove_identity(node: &Node) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async { Ok(prove(&node.context, &node.peers).await?) })
}

fn end_sessions(node: &Node) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async { Ok(sweep(&node.app.sign_in, false).await?) })
}

fn disable_inactive(node: &Node) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async { Ok(node.app.disable_inactive().await?) })
}

fn check_mentions(node: &Node) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async { Ok(node.app.mentions.run(node.context.store.as_ref()).await?) })
}

fn count(node: &Node) -> BoxFuture<'_, Result<(), JobError>> {
    Box::pin(async {
        node.app.metrics_cache.count(node.context.store.as_ref(), &node.app.retention).await;
        Ok(())
    })
}

#[async_trait]
impl Work for anchor::Follower {
    async fn run(&mut self) -> Result<(), JobError> {
        Ok(self.follow()?)
    }
}

#[async_trait]
impl Work for WatchedFolders {
    async fn run(&mut self) -> Result<(), JobError> {
        self.scan().await;
        Ok(())
    }
}

#[async_trait]
impl Work for Webhook {
    async fn run(&mut self) -> Result<(), JobError> {
        Ok(self.push().await?)
    }
}

#[async_trait]
impl Work for CertificateUpkeep {
    async fn run(&mut self) -> Result<(), JobError> {
        Ok(self.renew_and_reload()?)
    }
}
