//! Secrets from Secrets Manager.

use crate::Sdk;
use crate::error::{Call, code};
use aws_sdk_secretsmanager::Client;
use domain::{ErrorKind, StoreResult};
use std::fmt;

/// Plain-text secrets, fetched whenever they are asked for.
pub struct Secrets {
    client: Client,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Makes no network call.
    pub fn new(sdk: &Sdk) -> Self {
        Self { client: sdk.secrets() }
    }

    /// The secret's current text, or `NotFound`. `Corrupt` when it is empty or no text.
    pub async fn get(&self, arn: &str) -> StoreResult<String> {
        let action = format!("read secret {arn:?}");
        let call = Call { action: &action, permission: "secretsmanager:GetSecretValue", on: "it" };
        let output = self.client.get_secret_value().secret_id(arn).send().await;
        let output = output.map_err(|error| match code(&error) {
            Some("ResourceNotFoundException") => call.error(ErrorKind::NotFound, "there is no such secret"),
            _ => call.failed(error),
        })?;
        let secret = output.secret_string.filter(|secret| !secret.is_empty());
        secret.ok_or_else(|| call.error(ErrorKind::Corrupt, "it is empty or no text"))
    }
}
