//! The two secrets, fetched when the first request needs them and kept.

use crate::config::Config;
use crate::outside::Outside;
use domain::{ErrorKind, StoreError, StoreResult};
use jiff::{SignedDuration, Timestamp};
use pipeline::reader::RequesterKey;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::{Mutex, OnceCell};

/// How long a token is taken for the secret's without the secret being read again: so long a revoked one lives on.
const HELD_FOR: SignedDuration = SignedDuration::from_mins(5);
/// How long a wrong token must wait before it makes the function fetch the secret again.
const REFETCH_AFTER: SignedDuration = SignedDuration::from_mins(1);

/// What a process knows of its secrets.
#[derive(Default)]
pub struct Secrets {
    token: Mutex<Option<Token>>,
    requester_key: OnceCell<RequesterKey>,
}

/// Digests have one length and say nothing: neither can be learnt from how long a comparison takes.
struct Token {
    digest: [u8; 32],
    fetched_at: Timestamp,
}

impl Secrets {
    /// Whether `shown` is the ingest token.
    ///
    /// A token that does not match may be new: the secret is then fetched again, at most once a minute; so it is every
    /// five minutes, for one that matches may be revoked. While it cannot be fetched, the one that is known counts. Fails
    /// when no token is known and none can be fetched.
    pub async fn is_token(
        &self,
        shown: &str,
        config: &Config,
        outside: &dyn Outside,
        now: Timestamp,
    ) -> StoreResult<bool> {
        let shown = digest(shown);
        let mut held = self.token.lock().await;
        if let Some(token) = held.as_mut() {
            let matches = is_equal(&shown, &token.digest);
            let age = now.duration_since(token.fetched_at);
            if age < if matches { HELD_FOR } else { REFETCH_AFTER } {
                return Ok(matches);
            }
            // A failure counts too, or every wrong token would be a call.
            token.fetched_at = now;
        }
        let digest = match fetch(outside, &config.ingest_token).await {
            Ok(token) => digest(&token),
            Err(error) => {
                let Some(token) = held.as_ref() else { return Err(error) };
                tracing::warn!(%error, "the ingest token could not be fetched again");
                return Ok(is_equal(&shown, &token.digest));
            }
        };
        *held = Some(Token { digest, fetched_at: now });
        Ok(is_equal(&shown, &digest))
    }

    /// The key that requesters are hashed with.
    pub async fn requester_key(&self, config: &Config, outside: &dyn Outside) -> StoreResult<RequesterKey> {
        let fetch = || async {
            let secret = fetch(outside, &config.requester_key).await?;
            RequesterKey::new(secret.as_bytes())
                .map_err(|error| StoreError::with_source(ErrorKind::Invalid, "use the requester key", error))
        };
        self.requester_key.get_or_try_init(fetch).await.cloned()
    }
}

async fn fetch(outside: &dyn Outside, arn: &str) -> StoreResult<String> {
    let secret = outside.secret(arn).await?.trim().to_owned();
    if secret.is_empty() {
        return Err(StoreError::new(ErrorKind::Invalid, format!("use secret {arn}: it is empty")));
    }
    Ok(secret)
}

fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn is_equal(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a[..].ct_eq(&b[..]).into()
}
