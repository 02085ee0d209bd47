//! The emulator's resources and the variables of the functions: those of the AWS tests.

#[expect(clippy::expect_used, reason = "the tests' own, where a failure is a panic")]
#[path = "../it/aws/emulator.rs"]
mod emulator;
#[expect(clippy::expect_used, dead_code, reason = "the tests' own, of which a benchmark needs a part")]
#[path = "../it/aws/resources.rs"]
mod resources;

use aws::S3BlobStore;
use emulator::Emulator;
use resources::Resources;

/// What senders show to ingest.
pub const TOKEN: &str = "the token of a benchmark";
const KEY: &str = "a key of the requesters of a benchmark";

/// Everything that the functions need.
pub struct World {
    /// The emulator's address.
    pub upstream: String,
    /// The bucket, without the proxy.
    pub blobs: S3BlobStore,
    variables: Vec<(&'static str, String)>,
    _resources: Resources,
}

impl World {
    /// Starts the emulator and makes the resources; functions will find them at `endpoint`.
    pub async fn new(endpoint: &str) -> Self {
        let resources = Resources::new().await;
        let secrets = resources.clients().secrets;
        let secret = async |kind: &str, value: &str| {
            let name = format!("{}-{kind}", resources.bucket);
            secrets.create_secret().name(name).secret_string(value).send().await.unwrap().arn.unwrap()
        };
        let variables = vec![
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
            ("BUCKET", resources.bucket.clone()),
            ("TICKETS_TABLE", resources.tickets.clone()),
            ("INCIDENTS_TABLE", resources.incidents.clone()),
            ("REPORTS_TABLE", resources.reports.clone()),
            ("QUEUE_URL", resources.queue.clone()),
            ("DEAD_LETTER_QUEUE_URL", resources.dead_letters.clone()),
            ("INGEST_TOKEN_SECRET_ARN", secret("token", TOKEN).await),
            ("REQUESTER_KEY_SECRET_ARN", secret("key", KEY).await),
        ];
        let upstream = resources.emulator.url.clone();
        Self { upstream, blobs: resources.blobs(), variables, _resources: resources }
    }

    /// The variables of every function.
    pub fn variables(&self) -> Vec<(&str, &str)> {
        self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}
