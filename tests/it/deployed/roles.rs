//! What each function's role may not do, on the emulator that enforces policies.

use super::stack::{Stack, eventually};
use crate::aws::resources::Clients;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use std::fmt::Debug;

/// A function's role.
struct Role<'a> {
    stack: &'a Stack,
    function: &'static str,
    clients: Clients,
}

/// Fails unless the call was refused for want of a permission.
fn denied<T: Debug, E: Debug>(function: &str, call: &str, result: Result<T, E>) {
    let Err(error) = result else { panic!("{function} may {call}") };
    let text = format!("{error:?}");
    let refused = ["AccessDenied", "not authorized"].iter().any(|word| text.contains(word));
    assert!(refused, "{function}, {call}: not refused for want of a permission: {text}");
}

impl<'a> Role<'a> {
    fn of(stack: &'a Stack, function: &'static str) -> Self {
        Self { stack, function, clients: Clients::new(stack.url(), stack.assume(function)) }
    }

    async fn may_read(&self, key: &str) {
        let got = self.clients.s3.get_object().bucket(self.stack.output("BucketName")).key(key).send().await;
        assert!(got.is_ok(), "{} may not read {key}: {got:?}", self.function);
    }

    async fn may_not_read(&self, key: &str) {
        let got = self.clients.s3.get_object().bucket(self.stack.output("BucketName")).key(key).send().await;
        denied(self.function, &format!("read {key}"), got);
    }

    async fn may_not_write(&self, key: &str) {
        let bucket = self.stack.output("BucketName");
        denied(
            self.function,
            &format!("write {key}"),
            self.clients.s3.put_object().bucket(bucket).key(key).send().await,
        );
        let deleted = self.clients.s3.delete_object().bucket(bucket).key(key).send().await;
        denied(self.function, &format!("delete {key}"), deleted);
    }

    async fn may_not_write_table(&self, table: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let name = self.stack.output(table);
        let put =
            self.clients.dynamodb.put_item().table_name(name).item("pk", text("x")).item("sk", text("x"));
        denied(self.function, &format!("write {table}"), put.send().await);
        let delete =
            self.clients.dynamodb.delete_item().table_name(name).key("pk", text("x")).key("sk", text("x"));
        denied(self.function, &format!("delete from {table}"), delete.send().await);
    }

    async fn may_not_read_table(&self, table: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let name = self.stack.output(table);
        let get = self.clients.dynamodb.get_item().table_name(name).key("pk", text("x")).key("sk", text("x"));
        denied(self.function, &format!("read {table}"), get.send().await);
        denied(
            self.function,
            &format!("scan {table}"),
            self.clients.dynamodb.scan().table_name(name).send().await,
        );
    }

    async fn may_not_send(&self, queue: &str) {
        let send = self
            .clients
            .sqs
            .send_message()
            .queue_url(self.stack.output(queue))
            .message_body("{}")
            .send()
            .await;
        denied(self.function, &format!("send to {queue}"), send);
    }

    async fn may_not_receive(&self, queue: &str) {
        let receive = self.clients.sqs.receive_message().queue_url(self.stack.output(queue)).send().await;
        denied(self.function, &format!("receive from {queue}"), receive);
    }

    async fn may_not_know(&self, secret: &str) {
        let get = self.clients.secrets.get_secret_value().secret_id(self.stack.output(secret)).send().await;
        denied(self.function, &format!("read {secret}"), get);
    }
}

/// Every role does its function's work, as far as the emulator can tell, and is refused what lies outside of it.
///
/// The emulator knows no permission for batches of PartiQL statements: that the ingest role may write identities is
/// seen only where policies are not enforced.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_role_may_do_its_work_and_nothing_else() {
    let stack = Stack::deploy_enforced("roles");
    let stack = &stack;
    let root = stack.clients();
    let pointer = "models/v1/default/current.json";
    let bucket = stack.output("BucketName");
    let ticket = "tickets/v1/default/date=2024-01-01/hour=00/x.ndjson.zst";

    let ingest = Role::of(stack, "Ingest");
    ingest.may_not_read(pointer).await;
    ingest.may_not_read("state/v1/default/detector.json.zst").await;
    ingest.may_not_write(pointer).await;
    ingest.may_not_write("rollups/v1/default/x").await;
    ingest.may_not_read_table("IncidentsTableName").await;
    ingest.may_not_write_table("ReportsTableName").await;
    ingest.may_not_send("QueueUrl").await;

    let detect = Role::of(stack, "Detect");
    root.s3.put_object().bucket(bucket).key("rollups/v1/default/x").send().await.unwrap();
    detect.may_read("rollups/v1/default/x").await;
    detect.may_not_write(pointer).await;
    detect.may_not_write("inbox/x.csv").await;
    detect.may_not_read_table("ReportsTableName").await;
    detect.may_not_read_table("TicketsTableName").await;
    detect.may_not_write_table("ReportsTableName").await;
    detect.may_not_receive("QueueUrl").await;
    detect.may_not_send("DeadLetterQueueUrl").await;
    detect.may_not_know("IngestTokenSecretArn").await;

    let diagnose = Role::of(stack, "Diagnose");
    diagnose.may_not_write(ticket).await;
    diagnose.may_not_write("state/v1/default/detector.json.zst").await;
    diagnose.may_not_write(pointer).await;
    diagnose.may_not_write_table("IncidentsTableName").await;
    diagnose.may_not_read_table("TicketsTableName").await;
    diagnose.may_not_send("QueueUrl").await;
    diagnose.may_not_know("RequesterKeySecretArn").await;

    let train = Role::of(stack, "Train");
    train.may_read("rollups/v1/default/x").await;
    train.may_not_read(ticket).await;
    train.may_not_write(ticket).await;
    train.may_not_write("state/v1/default/detector.json.zst").await;
    train.may_not_read_table("IncidentsTableName").await;
    train.may_not_read_table("ReportsTableName").await;
    train.may_not_send("QueueUrl").await;
    train.may_not_know("IngestTokenSecretArn").await;

    // The work: a wrong token is told from the right one, a quiet run reads counts and artifact, an unknown incident
    // goes to the dead letters, a training reads its history.
    let refused = stack.post("", &[("authorization", "Bearer wrong")], b"{}");
    assert_eq!(refused.status, 401, "{refused:?}");
    let run = stack.invoke("DetectFunctionName", &json!({ "scheduled_at": "2024-03-04T10:00:00Z" }));
    println!("detect: {run}");
    let body = r#"{"stream":"default","incident":"0123456789abcdef","revision":1}"#;
    root.sqs.send_message().queue_url(stack.output("QueueUrl")).message_body(body).send().await.unwrap();
    let reason = eventually("the unknown incident is dead", async || {
        let letters = root.sqs.receive_message().queue_url(stack.output("DeadLetterQueueUrl"));
        let got = letters.message_attribute_names("All").visibility_timeout(0).send().await.ok()?;
        let letter = got.messages().first()?.message_attributes()?.get("reason")?.clone();
        letter.string_value().map(str::to_owned)
    })
    .await;
    assert!(!reason.contains("permission"), "{reason}");
    let trained = stack.invoke("TrainFunctionName", &json!({ "scheduled_at": "2024-03-04T10:00:00Z" }));
    assert_eq!(trained["decision"], "not_trained", "{trained}");
}
