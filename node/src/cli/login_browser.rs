//! `accord login --browser`: this terminal is signed in by who approves it in a browser, where she is signed in
//! by a security key or single sign-on.

use std::time::Duration;

use serde_json::json;

use super::client::Client;
use super::output::err;
use crate::permission::ActError;
use crate::sign_in::{Notice, SignedIn, Waits};

/// How often it is asked whether somebody has.
const EVERY: Duration = Duration::from_secs(1);

/// Shows the code, and waits until it is approved.
pub(super) async fn approved(client: &Client, notice: &Notice) -> Result<SignedIn, ActError> {
    let begun = json!({ "notice": notice.digest });
    let waits: Waits = client.post("/sign-in/terminal", &begun).await?;
    err(&format!(
        "Open {} in your browser, sign in there, and type this code:\n  {}\nThis terminal waits for ten minutes.",
        waits.address, waits.code
    ));
    let secret = json!({ "secret": waits.secret });
    loop {
        tokio::time::sleep(EVERY).await;
        let came: Option<SignedIn> = client.post("/sign-in/terminal/finish", &secret).await?;
        if let Some(signed_in) = came {
            return Ok(signed_in);
        }
    }
}
