//! Secrets from Secrets Manager.

use crate::Sdk;
use crate::error::{Call, code};
use aws_sdk_secretsmanager::Client;
use domain::{ErrorKind, StoreResult};
use std::collections::HashMap;
use std::fmt;
use tokio::sync::Mutex;

/// Plain-text secrets, each fetched once. A value that is replaced is seen by the next process.
pub struct Secrets {
    client: Client,
    known: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Makes no network call.
    pub fn new(sdk: &Sdk) -> Self {
        Self { client: sdk.secrets(), known: Mutex::default() }
    }

    /// The secret's current text, or `NotFound`. `Corrupt` when it is empty or no text.
    pub async fn get(&self, arn: &str) -> StoreResult<String> {
        // Held over the call, so that those who ask at once wait for one answer.
        let mut known = self.known.lock().await;
        if let Some(secret) = known.get(arn) {
            return Ok(secret.clone());
        }
        let action = format!("read secret {arn:?}");
        let call = Call { action: &action, permission: "secretsmanager:GetSecretValue", on: "it" };
        let output = self.client.get_secret_value().secret_id(arn).send().await;
        let output = output.map_err(|error| match code(&error) {
            Some("ResourceNotFoundException") => call.error(ErrorKind::NotFound, "there is no such secret"),
            _ => call.failed(error),
        })?;
        let secret = output.secret_string.filter(|secret| !secret.is_empty());
        let secret = secret.ok_or_else(|| call.error(ErrorKind::Corrupt, "it is empty or no text"))?;
        known.insert(arn.to_owned(), secret.clone());
        Ok(secret)
    }
}
