//! What all clients share.

use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use std::env;
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

/// Attempts of a call: pauses of up to 0.2, 0.4, 0.8 and 1.6 s (a random part of each) outlast a table that splits a
/// partition and a bucket that says to slow down, and cost a function at most 3 s.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A connection is made within a region in milliseconds; one lost packet is sent again after 1 s.
const CONNECT: Duration = Duration::from_secs(2);

/// How long calls may take.
#[derive(Clone, Copy)]
struct Limits {
    /// Until an answer begins, the body's way up included.
    answer: Duration,
    /// Of one attempt.
    attempt: Duration,
    /// Of all attempts and the pauses between them.
    call: Duration,
}

/// In a function: answers come in milliseconds, the largest body that is sent (an artifact) is a few megabytes, and
/// three attempts that hang must end well before the function's own timeout.
const FUNCTION: Limits = Limits {
    answer: Duration::from_secs(8),
    attempt: Duration::from_secs(10),
    call: Duration::from_secs(35),
};
/// On a person's machine: a few megabytes may have to go up a slow line.
const PERSON: Limits = Limits {
    answer: Duration::from_secs(60),
    attempt: Duration::from_secs(70),
    call: Duration::from_secs(240),
};

/// Why there is no [`Sdk`].
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A variable that must be set is not, or is empty.
    #[error("read the environment: {0} is not set")]
    Missing(&'static str),
    /// A variable has a value that cannot be used.
    #[error("read the environment: {name} is {value:?}; expected {expected}")]
    Invalid {
        /// Which variable.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it should look like.
        expected: &'static str,
    },
}

/// Connections, credentials, region, endpoint, retries and timeouts, shared by all clients that are made from it.
#[derive(Clone)]
pub struct Sdk {
    config: SdkConfig,
}

impl fmt::Debug for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sdk")
            .field("region", &self.config.region())
            .field("endpoint", &self.config.endpoint_url())
            .finish_non_exhaustive()
    }
}

impl Sdk {
    /// From the variables that Lambda sets: `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`,
    /// `AWS_SESSION_TOKEN`; and `AWS_ENDPOINT_URL` where something stands in for AWS. Makes no network call.
    pub fn from_environment() -> Result<Self, ConfigError> {
        let region = required("AWS_REGION")?;
        // Read again by the provider at each use; missing ones should be told at once.
        required("AWS_ACCESS_KEY_ID")?;
        required("AWS_SECRET_ACCESS_KEY")?;
        let endpoint = env::var("AWS_ENDPOINT_URL").ok().filter(|url| !url.is_empty());
        if let Some(url) = endpoint.as_ref().filter(|url| !is_http(url)) {
            let expected = "an address like http://127.0.0.1:4566";
            return Err(ConfigError::Invalid { name: "AWS_ENDPOINT_URL", value: url.clone(), expected });
        }
        let credentials = SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new());
        Ok(Self::assemble(region, endpoint, credentials))
    }

    /// From arguments: something at `endpoint` that stands in for AWS. Makes no network call.
    pub fn with(endpoint: &str, region: &str, credentials: Credentials) -> Self {
        let credentials = SharedCredentialsProvider::new(credentials);
        Self::assemble(region.to_owned(), Some(endpoint.to_owned()), credentials)
    }

    /// From environment, profile and the other places where the AWS command line looks, with timeouts for a slow
    /// line.
    ///
    /// What is missing (a region, credentials) is said by the first call.
    pub async fn from_profile() -> Self {
        // The SDK's own client: who provides credentials over the network has timeouts of its own.
        let config = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(retries())
            .timeout_config(timeouts(PERSON))
            .load()
            .await;
        Self { config }
    }

    fn assemble(region: String, endpoint: Option<String>, credentials: SharedCredentialsProvider) -> Self {
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region))
            .credentials_provider(credentials)
            .http_client(LazyHttpClient::default())
            .retry_config(retries())
            .timeout_config(timeouts(FUNCTION));
        config.set_endpoint_url(endpoint);
        Self { config: config.build() }
    }

    pub(crate) fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.config)
    }

    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        // What stands in for AWS has no name of its own for every bucket.
        let path_style = self.config.endpoint_url().is_some();
        let config = aws_sdk_s3::config::Builder::from(&self.config).force_path_style(path_style).build();
        aws_sdk_s3::Client::from_conf(config)
    }

    pub(crate) fn secrets(&self) -> aws_sdk_secretsmanager::Client {
        aws_sdk_secretsmanager::Client::new(&self.config)
    }

    pub(crate) fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.config)
    }
}

fn required(name: &'static str) -> Result<String, ConfigError> {
    env::var(name).ok().filter(|value| !value.is_empty()).ok_or(ConfigError::Missing(name))
}

fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_PAUSE)
        .with_max_backoff(LONGEST_PAUSE)
}

fn timeouts(limits: Limits) -> TimeoutConfig {
    TimeoutConfigBuilder::new()
        .connect_timeout(CONNECT)
        .read_timeout(limits.answer)
        .operation_attempt_timeout(limits.attempt)
        .operation_timeout(limits.call)
        .build()
}

/// One pool of connections for all services, made by the first call.
///
/// The SDK's own client reads and parses the system's root certificates whenever a service's client is made, which a
/// function would pay for at each cold start, four times over, even where it then speaks plain HTTP.
#[derive(Debug, Default)]
struct LazyHttpClient {
    connector: OnceLock<SharedHttpConnector>,
}

impl HttpClient for LazyHttpClient {
    /// Settings are those of the first call: all clients of an [`Sdk`] have the same.
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let connect = || {
            let mut builder = Connector::builder().connector_settings(settings.clone());
            builder.set_sleep_impl(components.sleep_impl());
            SharedHttpConnector::new(builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build())
        };
        self.connector.get_or_init(connect).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn making_clients_makes_no_connection() {
        let credentials = Credentials::new("key", "hush", None, None, "test");
        let sdk = Sdk::with("http://127.0.0.1:1", "eu-central-1", credentials);
        let _clients = (sdk.dynamodb(), sdk.s3(), sdk.secrets(), sdk.sqs());
        let debug = format!("{sdk:?}");
        assert!(debug.contains("eu-central-1") && !debug.contains("hush"), "{debug}");
    }

    #[test]
    fn an_address_without_a_scheme_is_none() {
        assert!(is_http("http://localhost:4566") && is_http("https://example.org"));
        assert!(!is_http("localhost:4566"));
    }
}
