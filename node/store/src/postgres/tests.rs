//! The contract against a real server, and what PostgreSQL alone is asked: who writes, what a lost
//! connection comes to, which index serves.

use std::sync::Arc;

use async_trait::async_trait;
use postgres_server::Server;
use schemas::agency::AgencyId;

use super::Postgres;
use crate::Store;
use crate::contract::{Place, holds_at, wait};
use host::database::Database;

struct OnServer {
    server: Arc<Server>,
    url: Database,
}

fn me() -> AgencyId {
    "owning-ca-pd".parse().unwrap()
}

impl OnServer {
    async fn new() -> Self {
        Self::at(Server::shared())
    }

    fn at(server: Arc<Server>) -> Self {
        Self { url: server.database().parse().unwrap(), server }
    }

    fn sql(&self, sql: &str) -> String {
        self.server.sql(self.url.expose(), sql)
    }
}

#[async_trait]
impl Place for OnServer {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(wait(Postgres::open(&self.url, &me())).unwrap())
    }
}

holds_at!(OnServer);

mod servers;
mod statements;
mod writers;
