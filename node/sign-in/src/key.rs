//! Security keys and passkeys of a device (WebAuthn, level 3): they sign what this site alone asks for,
//! once their person has shown herself to them by a PIN or her body, so one is two factors by itself
//! (CJISSECPOL, IA-5 j(2)).
//!
//! Keys that can be copied to another device are refused (IA-5(1)(e)). A key knows whose it is, so
//! nobody types a name, and none is told whether there is such a person.

use schemas::agency::AgencyId;
use schemas::digest::Digest;
use schemas::query::UserName;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use webauthn_rs::prelude::{
    Credential, DiscoverableAuthentication, DiscoverableKey, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Url, Uuid, Webauthn, WebauthnBuilder,
    WebauthnError,
};

/// A key as it is kept: its public half, and what it said of itself.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecurityKey(Passkey);

impl SecurityKey {
    /// Whether it has this id.
    #[must_use]
    pub fn is(&self, id: &[u8]) -> bool {
        self.0.cred_id().as_slice() == id
    }
}

/// A key that is being bound.
pub struct Registering(PasskeyRegistration);

/// A key that is asked for.
pub struct Asking(DiscoverableAuthentication);

/// What a browser sent of a key.
pub struct Shown {
    handle: Uuid,
    id: Vec<u8>,
    sent: PublicKeyCredential,
}

impl Shown {
    /// Whether it names this person.
    #[must_use]
    pub fn names(&self, agency: &AgencyId, user: &UserName) -> bool {
        self.handle == handle(agency, user)
    }

    /// The id of the key.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        &self.id
    }
}

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It can be copied.
    #[error(
        "this passkey is kept by a provider who copies it to other devices; take a security key, or one that stays on this device"
    )]
    Copied,
    /// It did not ask who holds it.
    #[error("the key did not ask for its PIN or your finger; set a PIN for it, and try again")]
    Unverified,
    /// What it sent cannot be read, or does not belong to what was asked.
    #[error("what the key sent does not verify ({0}); try again")]
    Wrong(String),
}

impl From<WebauthnError> for KeyError {
    fn from(error: WebauthnError) -> Self {
        match error {
            WebauthnError::UserNotVerified => Self::Unverified,
            error => Self::Wrong(error.to_string()),
        }
    }
}

/// By what a key knows a person. It tells nothing to who does not know her name already.
fn handle(agency: &AgencyId, user: &UserName) -> Uuid {
    let person = format!("a person who signs in\n{agency}\n{user}");
    let mut bytes = [0; 16];
    let digest = Digest::of(person.as_bytes());
    bytes.iter_mut().zip(digest.as_bytes()).for_each(|(byte, of)| *byte = *of);
    Uuid::from_bytes(bytes)
}

fn read<'a, T: Deserialize<'a>>(sent: &'a str) -> Result<T, KeyError> {
    serde_json::from_str(sent).map_err(|error| KeyError::Wrong(error.to_string()))
}

fn written(options: &impl Serialize) -> Result<Value, KeyError> {
    let all = serde_json::to_value(options).map_err(|error| KeyError::Wrong(error.to_string()))?;
    Ok(all.get("publicKey").cloned().unwrap_or_default())
}

/// The keys of one site.
pub struct Keys(Webauthn);

impl Keys {
    /// Those that are bound to `host` and used from pages of `origin`.
    ///
    /// # Errors
    /// When no browser would take them there.
    pub fn at(origin: &str, host: &str) -> Result<Self, KeyError> {
        let origin: Url = origin.parse().map_err(|_| KeyError::Wrong(origin.to_owned()))?;
        Ok(Self(WebauthnBuilder::new(host, &origin)?.rp_name("Accord").build()?))
    }

    /// What a browser is told to bind a key of a person, who has those that are `bound` already.
    ///
    /// # Errors
    /// When nothing random can be made.
    pub fn register(
        &self,
        agency: &AgencyId,
        (user, full_name): (&UserName, &str),
        bound: &[SecurityKey],
    ) -> Result<(Value, Registering), KeyError> {
        let bound = bound.iter().map(|key| key.0.cred_id().clone()).collect();
        let handle = handle(agency, user);
        let (options, state) =
            self.0.start_passkey_registration(handle, user.as_str(), full_name, Some(bound))?;
        let mut options = written(&options)?;
        // The key itself has to know whose it is.
        if let Some(Value::Object(selection)) = options.get_mut("authenticatorSelection") {
            selection.insert("residentKey".into(), "required".into());
            selection.insert("requireResidentKey".into(), true.into());
        }
        Ok((options, Registering(state)))
    }

    /// The key that a browser has bound.
    ///
    /// # Errors
    /// When it does not fit what was asked, or can be copied.
    pub fn registered(&self, sent: &str, state: &Registering) -> Result<SecurityKey, KeyError> {
        let sent: RegisterPublicKeyCredential = read(sent)?;
        let key = self.0.finish_passkey_registration(&sent, &state.0)?;
        let credential = Credential::from(key);
        if credential.backup_eligible || credential.backup_state {
            return Err(KeyError::Copied);
        }
        if !credential.user_verified {
            return Err(KeyError::Unverified);
        }
        Ok(SecurityKey(Passkey::from(credential)))
    }

    /// What a browser is told to ask for any key of this site.
    ///
    /// # Errors
    /// When nothing random can be made.
    pub fn ask(&self) -> Result<(Value, Asking), KeyError> {
        let (options, state) = self.0.start_discoverable_authentication()?;
        Ok((written(&options)?, Asking(state)))
    }

    /// Whose key it says it is, and which. Nothing of it is believed yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn shown(&self, sent: &str) -> Result<Shown, KeyError> {
        let sent: PublicKeyCredential = read(sent)?;
        let (handle, id) = self.0.identify_discoverable_authentication(&sent)?;
        let id = id.to_owned();
        Ok(Shown { handle, id, sent })
    }

    /// Whether it is `key`, which has counted to `counter`, and its person has shown herself to it;
    /// to what it has counted now.
    ///
    /// # Errors
    /// When it is not, or has counted less: then it is a copy.
    pub fn proven(
        &self,
        shown: &Shown,
        state: Asking,
        key: &SecurityKey,
        counter: u32,
    ) -> Result<u32, KeyError> {
        let mut credential = Credential::from(key.0.clone());
        credential.counter = counter;
        let key = DiscoverableKey::from(Passkey::from(credential));
        let found = self.0.finish_discoverable_authentication_v2(&shown.sent, state.0, &key)?;
        if !found.user_verified() {
            return Err(KeyError::Unverified);
        }
        if found.backup_eligible() || found.backup_state() {
            return Err(KeyError::Copied);
        }
        Ok(found.counter())
    }
}
