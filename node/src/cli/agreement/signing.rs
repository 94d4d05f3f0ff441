//! Signing: a proposal as it stands in its file, an adherence to the text that was read. The agency key
//! never leaves this process.

use std::io::{BufRead, Write};
use std::path::Path;

use agreements::agreement::Agreement;
use schemas::authority::AuthorityName;
use schemas::digest::Digest;
use schemas::envelope::{Envelope, Kind};
use serde_json::json;

use super::super::client::Client;
use super::super::output::{Output, err};
use super::super::typed::{says_yes, somebody_reads};
use super::{SigningArgs, TextChoice, of, own_agency, shown};
use crate::admin::agreements::{AdherenceInput, AgreementView, PreparedAdherence, sign_adherence};
use crate::permission::ActError;
use audit_log::clock::Clock;
use audit_log::keys;
use host::home::Home;
use schemas::key_use::KeyUse;

/// Signs a text and one's own adherence to it.
pub(super) async fn propose(
    dir: &Path,
    client: &Client,
    agreement: &Agreement,
    body: &str,
    given: &SigningArgs,
) -> Result<AgreementView, ActError> {
    let key = keys::load(&Home::open(dir)?, KeyUse::Agency)?;
    let proposal = Envelope::sign(Kind::Agreement, body.as_bytes().to_vec(), &key)?;
    let wanted = json!({ "agreement": body, "wanted": wanted(given) });
    let prepared = client.post("/agreements/prepare", &wanted).await?;
    let adherence = adherence(dir, agreement, body, prepared, given)?;
    let both = json!({ "agreement": proposal.to_text(), "adherence": adherence });
    client.post("/agreements", &both).await
}

/// Shows a text and signs it, if it is still the one that was read: by whoever says so at the terminal,
/// or gives its digest.
pub(super) async fn sign(
    dir: &Path,
    client: &Client,
    name: &AuthorityName,
    choice: TextChoice,
    given: &SigningArgs,
    output: Output,
) -> Result<AgreementView, ActError> {
    let read: AgreementView = client.get(&of(name, "/to-sign", choice)).await?;
    let body = read.text.clone().unwrap_or_default();
    if Digest::of(body.as_bytes()) != read.digest {
        return Err(ActError::failed(format!(
            "the node shows a text that has not the digest {}; see `accord doctor`",
            read.digest
        )));
    }
    if choice.digest.is_none() {
        if !somebody_reads(output) {
            return Err(unread(&read));
        }
        err(&shown(&read));
        if !agreed(&read, std::io::stdin().lock(), std::io::stderr()) {
            return Err(ActError::refused("nothing was signed".into()));
        }
    }
    // What is signed from here on is what was read, whatever comes meanwhile.
    let name = AuthorityName::Id(read.agreement.clone());
    let choice = TextChoice { digest: Some(read.digest), ..choice };
    let agreement = Agreement::from_toml("agreement", &body)?;
    let path = of(&name, "/prepare", TextChoice::default());
    let wanted = json!({ "choice": choice, "wanted": wanted(given) });
    let prepared = client.post(&path, &wanted).await?;
    let adherence = adherence(dir, &agreement, &body, prepared, given)?;
    let path = of(&name, "/adherence", TextChoice::default());
    client.post(&path, &json!({ "adherence": adherence })).await
}

/// Without a terminal nobody sees the text, so whoever signs has to say which one was read.
fn unread(read: &AgreementView) -> ActError {
    let (id, version, digest, proposer) =
        (&read.agreement, read.version, read.digest, &read.proposer);
    ActError::usage(format!(
        "say which text was read: version {version} of `{id}`, proposed by `{proposer}`, is signed with `--digest {digest}`; read it first with `accord agreement show {id} --digest {digest}`"
    ))
}

/// Whether the person at the terminal signs what was shown.
fn agreed(read: &AgreementView, from: impl BufRead, to: impl Write) -> bool {
    let question = format!(
        "\nSign version {} of {}, proposed by {}, for this agency? Type yes: ",
        read.version, read.agreement, read.proposer
    );
    says_yes(&question, from, to)
}

fn wanted(given: &SigningArgs) -> AdherenceInput {
    AdherenceInput {
        share_with: (given.receive_only || !given.share_with.is_empty())
            .then(|| given.share_with.clone()),
        signatory: given.signatory.clone(),
        title: given.title.clone(),
    }
}

/// One's own adherence, signed with the agency key. The node has said by whose authority, with whom the
/// policy lets it share, and by which keys it knows the parties.
fn adherence(
    dir: &Path,
    agreement: &Agreement,
    body: &str,
    prepared: PreparedAdherence,
    given: &SigningArgs,
) -> Result<String, ActError> {
    let key = keys::load(&Home::open(dir)?, KeyUse::Agency)?;
    let original =
        match &given.original {
            None => None,
            Some(file) => Some(Digest::of(&std::fs::read(file).map_err(|e| {
                ActError::usage(format!("`{}` cannot be read: {e}", file.display()))
            })?)),
        };
    let me = own_agency(dir)?;
    sign_adherence(agreement, body, &me, prepared, original, Clock::system().now(), &key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> AgreementView {
        AgreementView {
            agreement: "los-angeles-ca-port-police/lasd-2026".parse().unwrap(),
            version: 2,
            digest: Digest::of(b"text"),
            title: String::new(),
            state: "proposed".into(),
            parties: Vec::new(),
            standings: Vec::new(),
            effective: "2026-01-01T00:00:00Z".parse().unwrap(),
            expires: "2027-01-01T00:00:00Z".parse().unwrap(),
            proposer: "west-covina-ca-pd".parse().unwrap(),
            refusals: Vec::new(),
            text: None,
            compared: None,
            envelopes: Vec::new(),
        }
    }

    #[test]
    fn only_yes_signs() {
        for (typed, signs) in [
            ("yes\n", true),
            ("yes", true),
            (" yes \r\n", true),
            ("y\n", false),
            ("no\nyes\n", false),
            ("\n", false),
            ("", false),
        ] {
            let mut shown = Vec::new();
            assert_eq!(agreed(&read(), typed.as_bytes(), &mut shown), signs, "{typed:?}");
            let shown = String::from_utf8(shown).unwrap();
            assert!(shown.contains("version 2") && shown.contains("west-covina-ca-pd"), "{shown}");
        }
    }

    #[test]
    fn who_has_not_read_is_told_what_to_read_and_what_to_give() {
        let said = unread(&read()).to_string();
        let digest = Digest::of(b"text").to_string();
        for part in ["version 2", "west-covina-ca-pd", "agreement show", digest.as_str()] {
            assert!(said.contains(part), "{part} in {said}");
        }
    }
}
