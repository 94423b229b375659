//! Hashes of passwords: argon2id with the parameters of OWASP's cheat sheet (19 MiB, 2 passes, 1 lane), off the async threads, a few
//! at a time.

use std::sync::{Arc, LazyLock};

use argon2::password_hash::rand_core::{OsRng, RngCore};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::api::Error;

/// Fewest characters of a password.
pub const SHORTEST_PASSWORD: usize = 12;
/// Most characters of a password.
pub const LONGEST_PASSWORD: usize = 128;

/// OWASP Password Storage Cheat Sheet: memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Hashes at once: each holds 19 MiB and a processor.
const AT_ONCE: usize = 4;
/// Who waits for one; more are told to come again.
const WAITING: usize = 64;

/// Compared with when there is no such login, so that an answer takes as long.
static NOBODY: LazyLock<String> = LazyLock::new(|| made(&random_text(24)).unwrap_or_default());

/// A password cannot be hashed: a defect of ours.
#[derive(Debug, thiserror::Error)]
#[error("a password could not be hashed")]
struct NotHashed;

/// Bounds how many hashes are made at once.
#[derive(Debug)]
pub struct Hashing {
    running: Arc<Semaphore>,
    admitted: Semaphore,
}

impl Default for Hashing {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            admitted: Semaphore::new(AT_ONCE + WAITING),
        }
    }
}

fn argon2() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let parameters = Params::new(memory, passes, lanes, None).unwrap_or(Params::DEFAULT);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
}

fn made(password: &str) -> Option<String> {
    let salt = SaltString::generate(&mut OsRng);
    let hash = argon2().hash_password(password.as_bytes(), &salt).ok()?;
    Some(hash.to_string())
}

fn matches(password: &str, stored: &str) -> bool {
    let parsed = PasswordHash::new(stored).ok();
    parsed.is_some_and(|hash| argon2().verify_password(password.as_bytes(), &hash).is_ok())
}

/// So many random bytes, from the operating system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// Random text of letters and digits, without those that look alike.
pub(super) fn random_text(length: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz234567890";
    let letter = |byte: u8| char::from(LETTERS[usize::from(byte % 32)]);
    (0..length).map(|_| letter(random::<1>()[0])).collect()
}

/// What a new password lacks; none when it will do.
pub(super) fn flaw(password: &str, login: &str) -> Option<&'static str> {
    let length = password.chars().count();
    if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&length) {
        return Some("12 to 128 characters");
    }
    if password.eq_ignore_ascii_case(login) {
        return Some("not the login itself");
    }
    let first = password.chars().next();
    if password.chars().all(|letter| Some(letter) == first) {
        return Some("more than one character repeated");
    }
    None
}

impl Hashing {
    /// The hash of a new password, in the PHC form.
    pub(super) async fn hash(&self, password: String) -> Result<String, Error> {
        let made = self.run(move || made(&password)).await?;
        made.ok_or_else(|| Error::Internal(Box::new(NotHashed)))
    }

    /// Whether that is the password of that hash. Without a hash it takes as long and says no.
    pub(super) async fn verify(&self, password: String, stored: Option<String>) -> Result<bool, Error> {
        self.run(move || {
            let nobody = &*NOBODY;
            let known = stored.is_some();
            matches(&password, stored.as_ref().unwrap_or(nobody)) && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let busy = |error| Error::Unavailable(Box::new(error));
        let _place = self
            .admitted
            .try_acquire()
            .map_err(|e| Error::Unavailable(Box::new(e)))?;
        let running = Arc::clone(&self.running);
        let turn = running
            .acquire_owned()
            .await
            .map_err(|e| Error::Internal(Box::new(e)))?;
        // The turn ends with the work, not with a caller who went away.
        tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        })
        .await
        .map_err(busy)
    }
}
