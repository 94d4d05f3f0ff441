//! Passwords: which ones may be chosen, and how they are kept. CJISSECPOL, IA-5(1)(a): no rule of
//! composition, every printable character and space, nothing cut off, a list of those that are
//! refused with the reason, kept by a slow salted hash that takes memory.

use std::sync::Arc;

use argon2::password_hash::phc::{PasswordHash, Salt};
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use host::off_thread::off_thread;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::block_list::BlockList;
use crate::token::{NoRandomness, random};

/// Fewest characters. The policy asks for 8; a password that stands against guessing has 15
/// (NIST SP 800-63B-4).
pub const SHORTEST: usize = 15;
/// Most bytes.
pub const LONGEST: usize = 256;
/// Memory of a hash, in KiB, and its passes.
const MEMORY: u32 = 19_456;
const PASSES: u32 = 2;
/// Hashes at once, and how many wait for a turn: what anybody can make the node hold is bounded.
const AT_ONCE: usize = 2;
const WAITING: usize = 64;

/// Why a password may not be chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It is too short.
    #[error(
        "it has {0} characters; take at least {SHORTEST}, such as four words that do not belong together"
    )]
    Short(usize),
    /// It is too long.
    #[error("it is longer than {LONGEST} bytes")]
    Long,
    /// It holds what cannot be typed everywhere.
    #[error("it holds a character that does not print")]
    Unprintable,
    /// It is one that many people choose.
    #[error(
        "it is made of what is on the list of passwords that others guess first; take words that do not belong together"
    )]
    Blocked,
    /// It says who its person is.
    #[error("it holds `{0}`, which anybody knows of you")]
    Known(String),
    /// It is the present one.
    #[error("it is the one that you have")]
    Same,
}

/// Why a password could not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotHashed {
    /// Too many wait for it.
    #[error("too many sign in at this moment; try again in a minute")]
    Busy,
    /// The hash could not be made.
    #[error("the password could not be hashed")]
    Failed,
}

impl From<NoRandomness> for NotHashed {
    fn from(_: NoRandomness) -> Self {
        Self::Failed
    }
}

/// Looks at passwords, a few at once. Cheap to clone.
#[derive(Clone)]
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    list: Arc<BlockList>,
    /// A hash that is nobody's: who does not exist takes as long as who does.
    nobody: Arc<str>,
}

fn argon2() -> Result<Argon2<'static>, NotHashed> {
    let params = Params::new(MEMORY, PASSES, 1, None).map_err(|_| NotHashed::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String, NotHashed> {
    let salt = random::<{ Salt::RECOMMENDED_LENGTH }>()?;
    let hashed = argon2()?.hash_password_with_salt(password.as_bytes(), salt.as_slice());
    hashed.map(|hashed| hashed.to_string()).map_err(|_| NotHashed::Failed)
}

fn verify(password: &str, hashed: &str) -> bool {
    let Ok(hashed) = PasswordHash::new(hashed) else { return false };
    argon2().is_ok_and(|argon2| argon2.verify_password(password.as_bytes(), &hashed).is_ok())
}

/// A hash that no password is known to have: random bytes stand where one's would. To look at a password by
/// it takes as long as by a real one, and to make it takes no time when a node starts.
fn nobodys() -> Result<String, NotHashed> {
    let (salt, hashed) = (random::<{ Salt::RECOMMENDED_LENGTH }>()?, random::<32>()?);
    let (salt, hashed) =
        (STANDARD_NO_PAD.encode(salt.as_slice()), STANDARD_NO_PAD.encode(hashed.as_slice()));
    Ok(format!("$argon2id$v=19$m={MEMORY},t={PASSES},p=1${salt}${hashed}"))
}

impl Passwords {
    /// Those that `list` does not block may be chosen.
    ///
    /// # Errors
    /// When there is no randomness.
    pub fn new(list: BlockList) -> Result<Self, NotHashed> {
        let nobody = nobodys()?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::new(Semaphore::new(WAITING)),
            list: Arc::new(list),
            nobody: nobody.into(),
        })
    }

    /// The list of those that are refused.
    #[must_use]
    pub fn list(&self) -> &BlockList {
        &self.list
    }

    /// Whether somebody of whom `known` is known may choose this one.
    ///
    /// # Errors
    /// Why not.
    pub fn fits(&self, password: &str, known: &[&str]) -> Result<(), Unfit> {
        let characters = password.chars().count();
        if characters < SHORTEST {
            return Err(Unfit::Short(characters));
        }
        if password.len() > LONGEST {
            return Err(Unfit::Long);
        }
        if password.chars().any(char::is_control) {
            return Err(Unfit::Unprintable);
        }
        self.not_blocked(password)?;
        let small = password.to_lowercase();
        let held = known.iter().find(|word| {
            // Of a short name most passwords hold a part by chance.
            word.chars().count() >= 5 && small.contains(&word.to_lowercase())
        });
        held.map_or(Ok(()), |word| Err(Unfit::Known((*word).to_owned())))
    }

    /// Whether the list, which grows, still lets this one be.
    ///
    /// # Errors
    /// When it blocks it.
    pub fn not_blocked(&self, password: &str) -> Result<(), Unfit> {
        if self.list.blocks(password) { Err(Unfit::Blocked) } else { Ok(()) }
    }

    /// Its hash, with salt and parameters, as a PHC string.
    ///
    /// # Errors
    /// When it cannot be made now.
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, NotHashed> {
        self.in_turn(move || hash(&password)).await?
    }

    /// Whether this is the password whose hash is given. Without one the answer is no, and takes as
    /// long.
    ///
    /// # Errors
    /// When it cannot be told now.
    pub async fn is(
        &self,
        password: Zeroizing<String>,
        hashed: Option<String>,
    ) -> Result<bool, NotHashed> {
        let (known, hashed) = (hashed.is_some(), hashed.unwrap_or_else(|| self.nobody.to_string()));
        if password.len() > LONGEST {
            return Ok(false);
        }
        Ok(self.in_turn(move || verify(&password, &hashed)).await? && known)
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, NotHashed> {
        let _waits = self.waiting.try_acquire().map_err(|_| NotHashed::Busy)?;
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| NotHashed::Failed)?;
        let done = off_thread(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|_| NotHashed::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passwords() -> Passwords {
        Passwords::new(BlockList::built_in()).unwrap()
    }

    fn secret(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.into())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_nobodys_by_none() {
        let passwords = passwords();
        let good = "maple engine teapot cellar";
        let hashed = passwords.hash(secret(good)).await.unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hashed}");
        assert_ne!(passwords.hash(secret(good)).await.unwrap(), hashed, "salted");
        assert!(passwords.is(secret(good), Some(hashed.clone())).await.unwrap());
        let other = secret("maple engine teapot cellaR");
        assert!(!passwords.is(other, Some(hashed.clone())).await.unwrap());
        assert!(!passwords.is(secret(good), None).await.unwrap());
        // As long for nobody: the same work, by the same parameters.
        let (nobodys, hers) =
            (PasswordHash::new(&passwords.nobody).unwrap(), PasswordHash::new(&hashed).unwrap());
        assert_eq!((nobodys.algorithm, &nobodys.params), (hers.algorithm, &hers.params));
        assert_eq!(nobodys.to_string().len(), hers.to_string().len());
        assert!(!passwords.is(secret(good), Some("$argon2id$nonsense".into())).await.unwrap());
    }

    #[test]
    fn what_others_guess_first_may_not_be_chosen_and_the_reason_is_said() {
        let passwords = passwords();
        let known = ["m.reyes", "Maria", "monrovia"];
        for good in ["maple engine teapot cellar", "ünüñ 日本 🐎 wagon letter", "Zq7-vR2!pL9_wK4?"]
        {
            assert_eq!(passwords.fits(good, &known), Ok(()), "{good}");
        }
        assert_eq!(passwords.fits("only14letters!", &known), Err(Unfit::Short(14)));
        assert_eq!(passwords.fits(&"a b".repeat(100), &known), Err(Unfit::Long));
        assert_eq!(passwords.fits("maple\u{7}engine teapot", &known), Err(Unfit::Unprintable));
        for bad in [
            "passwordpassword",
            "P4ssw0rd!2026!2026",
            "123456789012345678",
            "qwertyuiopasdfgh",
            "aaaaaaaaaaaaaaaaaaaa",
            "iloveyou iloveyou",
            "letmein-letmein-1",
            "dragon monkey 1234567",
        ] {
            assert_eq!(passwords.fits(bad, &known), Err(Unfit::Blocked), "{bad}");
        }
        let of_her = passwords.fits("the horse of MARIA jumps", &known);
        assert_eq!(of_her, Err(Unfit::Known("Maria".into())));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn ten_thousand_at_once_hold_no_more_than_a_few() {
        let passwords = passwords();
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..10_000 {
            let passwords = passwords.clone();
            all.spawn(async move { passwords.is(secret("maple engine teapot"), None).await });
        }
        let (mut looked_at, mut busy) = (0, 0);
        while let Some(done) = all.join_next().await {
            match done.unwrap() {
                Ok(false) => looked_at += 1,
                Err(NotHashed::Busy) => busy += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(looked_at + busy, 10_000);
        assert!(looked_at < 1_000 && busy > 0, "{looked_at} were looked at");
    }
}
