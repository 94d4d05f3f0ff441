//! Vouching for a person. The node says who she is and the agency key signs; since whoever has taken the node
//! over must invent nobody with that key, a person reads each word before it is signed. The key never leaves
//! this process.

use std::io::{BufRead, Write};
use std::path::Path;

use schemas::attestation::SignedAttestation;
use schemas::attested::Attestation;
use schemas::digest::Digest;
use schemas::key_use::KeyUse;
use schemas::query::UserName;
use schemas::time::Timestamp;
use serde_json::json;

use super::super::agreement::own_agency;
use super::super::client::{Client, query_string};
use super::super::output::{Output, err};
use super::super::typed::{says_yes, somebody_reads};
use crate::admin::user_change::Changed;
use crate::permission::ActError;
use audit_log::clock::Clock;
use audit_log::keys;
use host::home::Home;

/// For whom the agency is to vouch, how long, and as what she was read.
pub(super) struct Whom {
    pub(super) name: UserName,
    pub(super) until: Timestamp,
    pub(super) digest: Option<Digest>,
}

/// Shows what the node says of a person and signs it, if whoever is asked says so or gives its digest.
pub(super) async fn attest(
    dir: &Path,
    client: &Client,
    whom: &Whom,
    output: Output,
) -> Result<Changed, ActError> {
    let Whom { name, until, digest } = whom;
    let query = query_string(&[("until", Some(until.to_string()))]);
    let said: Attestation = client.get(&format!("/users/{name}/attesting{query}")).await?;
    let said = Attestation { at: Clock::system().now(), ..said };
    if (&said.agency, &said.user, said.ends) != (&own_agency(dir)?, name, *until) {
        return Err(ActError::failed(format!(
            "asked about `{name}` until {until}, the node speaks of `{}` of `{}` until {}; nothing was signed, see `accord doctor`",
            said.user, said.agency, said.ends
        )));
    }
    match digest {
        Some(read) if *read == digest_of(&said)? => {}
        Some(_) => return Err(unread("what is registered is not what was read", &said)?),
        None => {
            if !somebody_reads(output) {
                return Err(unread("say who it was that you read", &said)?);
            }
            err(&shown(&said));
            if !agreed(std::io::stdin().lock(), std::io::stderr()) {
                return Err(ActError::refused("nothing was signed".into()));
            }
        }
    }
    let key = keys::load(&Home::open(dir)?, KeyUse::Agency)?;
    let signed = SignedAttestation::sign(&said, &key).map_err(|e| {
        ActError::usage(format!("what is registered of `{name}` cannot be attested: {e}"))
    })?;
    client.post(&format!("/users/{name}/attest"), &json!({ "attestation": signed })).await
}

/// By which a person is known again that was read: all of it but the instant of signing.
fn digest_of(said: &Attestation) -> Result<Digest, ActError> {
    let timeless = Attestation { at: said.ends, ..said.clone() };
    let text = serde_json::to_vec(&timeless).map_err(|e| ActError::failed(e.to_string()))?;
    Ok(Digest::of(&text))
}

fn shown(said: &Attestation) -> String {
    let roles: Vec<_> = said.roles.iter().map(|role| role.code()).collect();
    let trained = said.trained_on.map_or_else(|| "never".into(), |on| on.day().to_string());
    format!(
        "{} ({}), title: {}, roles: {}, trained: {trained}; of {}, until {}",
        said.full_name,
        said.user,
        if said.title.is_empty() { "none" } else { said.title.as_str() },
        roles.join(", "),
        said.agency,
        said.ends,
    )
}

/// Without a terminal nobody sees what is signed, so whoever signs has to say what was read.
fn unread(why: &str, said: &Attestation) -> Result<ActError, ActError> {
    Ok(ActError::usage(format!(
        "{why}; now it is: {}. If each word is right, it is signed with `--digest {}`",
        shown(said),
        digest_of(said)?
    )))
}

/// Whether the person at the terminal vouches for whom she was shown.
fn agreed(from: impl BufRead, to: impl Write) -> bool {
    says_yes("\nDoes this agency vouch for each word of it? Type yes: ", from, to)
}

#[cfg(test)]
mod tests {
    use schemas::purpose::Role;

    use super::*;

    fn said() -> Attestation {
        Attestation {
            agency: "asking-ca-pd".parse().unwrap(),
            user: "jlee".parse().unwrap(),
            full_name: "Jordan Lee".parse().unwrap(),
            title: "Detective".parse().unwrap(),
            roles: vec![Role::Sworn],
            trained_on: None,
            at: "2026-02-01T00:00:00Z".parse().unwrap(),
            ends: "2026-08-01T00:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn whoever_was_read_is_known_again_and_nobody_else() {
        let read = digest_of(&said()).unwrap();
        let later = Attestation { at: "2026-02-02T00:00:00Z".parse().unwrap(), ..said() };
        assert_eq!(digest_of(&later).unwrap(), read);
        for other in [
            Attestation { full_name: "Jordan Leigh".parse().unwrap(), ..said() },
            Attestation { title: "Chief".parse().unwrap(), ..said() },
            Attestation { roles: vec![Role::Sworn, Role::Supervisor], ..said() },
            Attestation { trained_on: Some(said().at), ..said() },
        ] {
            assert_ne!(digest_of(&other).unwrap(), read, "{other:?}");
            let told = unread("why", &other).unwrap().to_string();
            assert!(told.contains(&shown(&other)) && told.contains("--digest"), "{told}");
        }
    }

    #[test]
    fn only_yes_signs() {
        for (typed, signs) in [("yes\n", true), ("y\n", false), ("", false), ("no\n", false)] {
            assert_eq!(agreed(typed.as_bytes(), Vec::new()), signs, "{typed:?}");
        }
    }
}
