//! Why an agency's node does not start.

use host::home::Home;
use node::run::{Node, StartError};

use super::Agency;

impl Agency {
    /// Tries to start the node; why it does not start.
    ///
    /// # Panics
    /// When it starts.
    pub async fn start_error(&self) -> StartError {
        let home = Home::open(self.dir.path()).expect("a home");
        match Node::start(home, self.clock.clone()).await {
            Ok(_) => panic!("it starts"),
            Err(error) => error,
        }
    }

    /// Why the node does not start on a database of another URL, a copy of its own; its home is as
    /// before afterwards.
    ///
    /// # Panics
    /// When it starts.
    pub async fn start_error_on(&self, url: &str) -> StartError {
        let path = self.home().join("accord.toml");
        let config = std::fs::read_to_string(&path).expect("a configuration");
        std::fs::write(&path, config.replace(&self.database(), url)).expect("a configuration");
        let error = self.start_error().await;
        std::fs::write(&path, config).expect("a configuration");
        error
    }
}
