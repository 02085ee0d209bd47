//! Buckets, queues and tables of a test's own, as the template describes them.

use super::Emulator;
use super::emulator::root;
use aws::{DynamoIncidentStore, DynamoReportStore, DynamoTicketIndex, S3BlobStore, Sdk, SqsQueue};
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, Projection,
};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use std::env;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const REGION: &str = "us-east-1";
/// What the template's items are kept for by default; no test waits for it.
const RETENTION_DAYS: u32 = 400;

/// Fresh resources with names of their own.
pub struct Resources {
    /// What they lie in.
    pub emulator: Arc<Emulator>,
    /// Names of the resources.
    pub bucket: String,
    pub tickets: String,
    pub incidents: String,
    pub reports: String,
    pub queue: String,
    pub dead_letters: String,
}

impl Resources {
    /// Makes all of them.
    pub async fn new() -> Self {
        let emulator = Emulator::shared();
        let template = template();
        let clients = Clients::new(&emulator.url, credentials());
        let name = unique_name();
        clients.s3.create_bucket().bucket(&name).send().await.expect("create a bucket");
        let table = |kind: &str| format!("{name}-{kind}");
        let (tickets, incidents, reports) = (table("tickets"), table("incidents"), table("reports"));
        for (id, table) in
            [("TicketsTable", &tickets), ("IncidentsTable", &incidents), ("ReportsTable", &reports)]
        {
            create_table(&clients.dynamodb, table, properties(&template, id, "AWS::DynamoDB::Table")).await;
        }
        let (queue, dead_letters) = create_queues(&clients.sqs, &name, &template).await;
        Self { emulator, bucket: name, tickets, incidents, reports, queue, dead_letters }
    }

    /// What the adapters are made from.
    pub fn sdk(&self) -> Sdk {
        sdk(&self.emulator.url)
    }

    /// The service's own clients, to look behind the adapters.
    pub fn clients(&self) -> Clients {
        Clients::new(&self.emulator.url, credentials())
    }

    pub fn blobs(&self) -> S3BlobStore {
        S3BlobStore::new(&self.sdk(), &self.bucket)
    }

    pub fn queue(&self) -> SqsQueue {
        SqsQueue::new(&self.sdk(), &self.queue, Some(self.dead_letters.clone()))
    }

    pub fn tickets(&self) -> DynamoTicketIndex {
        DynamoTicketIndex::new(&self.sdk(), &self.tickets, RETENTION_DAYS)
    }

    pub fn incidents(&self) -> DynamoIncidentStore {
        self.incidents_by(&self.sdk())
    }

    pub fn incidents_by(&self, sdk: &Sdk) -> DynamoIncidentStore {
        DynamoIncidentStore::new(sdk, &self.incidents, &self.reports, RETENTION_DAYS)
    }

    pub fn reports(&self) -> DynamoReportStore {
        DynamoReportStore::new(&self.sdk(), &self.reports, RETENTION_DAYS)
    }
}

/// Clients of the services themselves.
pub struct Clients {
    pub dynamodb: aws_sdk_dynamodb::Client,
    pub s3: aws_sdk_s3::Client,
    pub secrets: aws_sdk_secretsmanager::Client,
    pub sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// As whoever has these credentials.
    pub fn new(url: &str, credentials: Credentials) -> Self {
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(url)
            .credentials_provider(credentials.clone());
        let s3 = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(url)
            .force_path_style(true)
            .credentials_provider(credentials.clone());
        let secrets = aws_sdk_secretsmanager::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(url)
            .credentials_provider(credentials.clone());
        let sqs = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(url)
            .credentials_provider(credentials.clone());
        Self {
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb.build()),
            s3: aws_sdk_s3::Client::from_conf(s3.build()),
            secrets: aws_sdk_secretsmanager::Client::from_conf(secrets.build()),
            sqs: aws_sdk_sqs::Client::from_conf(sqs.build()),
        }
    }
}

/// What the adapters are made from, at an address.
pub fn sdk(url: &str) -> Sdk {
    Sdk::with(url, REGION, credentials())
}

fn credentials() -> Credentials {
    let variable = |name| env::var(name).unwrap_or_else(|_| "test".to_owned());
    Credentials::new(
        variable("AWS_ACCESS_KEY_ID"),
        variable("AWS_SECRET_ACCESS_KEY"),
        env::var("AWS_SESSION_TOKEN").ok(),
        None,
        "test",
    )
}

/// A name that no other test, run or machine uses.
pub fn unique_name() -> String {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
    format!("it-{}-{}-{now}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed))
}

/// The template; its tags (`!Ref`, `!Sub`) are passed over.
fn template() -> Value {
    let path = root().join("infra/template.yaml");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("read {}: {error}", path.display()));
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

fn properties<'a>(template: &'a Value, id: &str, kind: &str) -> &'a Value {
    let resource = &template["Resources"][id];
    assert_eq!(resource["Type"], kind, "infra/template.yaml has no {kind} {id}");
    &resource["Properties"]
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn keys(value: &Value) -> Vec<KeySchemaElement> {
    let element = |key: &Value| {
        let element = KeySchemaElement::builder().attribute_name(text(key, "AttributeName"));
        element.key_type(text(key, "KeyType").into()).build().unwrap()
    };
    list(value, "KeySchema").iter().map(element).collect()
}

async fn create_table(client: &aws_sdk_dynamodb::Client, name: &str, properties: &Value) {
    let attribute = |value: &Value| {
        let attribute = AttributeDefinition::builder().attribute_name(text(value, "AttributeName"));
        attribute.attribute_type(text(value, "AttributeType").into()).build().unwrap()
    };
    let index = |value: &Value| {
        let projection =
            Projection::builder().projection_type(text(&value["Projection"], "ProjectionType").into());
        GlobalSecondaryIndex::builder()
            .index_name(text(value, "IndexName"))
            .set_key_schema(Some(keys(value)))
            .projection(projection.build())
            .build()
            .unwrap()
    };
    let attributes = list(properties, "AttributeDefinitions").iter().map(attribute).collect();
    let indexes: Vec<_> = list(properties, "GlobalSecondaryIndexes").iter().map(index).collect();
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(keys(properties)))
        .set_global_secondary_indexes(Some(indexes).filter(|indexes| !indexes.is_empty()))
        .send()
        .await
        .expect("create a table");
}

/// Addresses of the queue and of its dead-letter queue.
async fn create_queues(client: &aws_sdk_sqs::Client, name: &str, template: &Value) -> (String, String) {
    let properties = properties(template, "Queue", "AWS::SQS::Queue");
    let dead = client.create_queue().queue_name(format!("{name}-dead")).send().await.expect("create a queue");
    let dead = dead.queue_url.unwrap();
    let attributes = client
        .get_queue_attributes()
        .queue_url(&dead)
        .attribute_names(QueueAttributeName::QueueArn)
        .send()
        .await
        .expect("the queue's attributes");
    let arn = attributes.attributes.unwrap().remove(&QueueAttributeName::QueueArn).unwrap();
    let most = properties["RedrivePolicy"]["maxReceiveCount"].as_u64().expect("a maxReceiveCount");
    let policy = serde_json::json!({ "deadLetterTargetArn": arn, "maxReceiveCount": most.to_string() });
    let queue = client
        .create_queue()
        .queue_name(name)
        .attributes(QueueAttributeName::RedrivePolicy, policy.to_string())
        .send()
        .await
        .expect("create a queue");
    (queue.queue_url.unwrap(), dead)
}
