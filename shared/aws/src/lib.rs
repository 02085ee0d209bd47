//! The ports of `domain` on AWS: objects in S3, messages in SQS, everything else in DynamoDB.
//!
//! Making a client is cheap and silent: certificates are read, and the network is touched, by the first call.
//!
//! Every write may be repeated. The SDK repeats a call whose answer got lost, so that a conditional put can meet its
//! own earlier success: it then says `AlreadyExists` or `Precondition`, as if somebody else had been faster, and the
//! caller reads again. A DynamoDB transaction carries a token and is told its own success instead.
//!
//! # Layout
//! - `sdk`: [`Sdk`], what all clients share: connections, credentials, retries, timeouts
//! - `error`: the SDK's errors into those of the ports
//! - `patience`: pauses between repeats of what the SDK does not repeat by itself
//! - `blobs`: [`S3BlobStore`]
//! - `queue`, `letter`: [`SqsQueue`], and what a message looks like on the wire
//! - `table`: what the stores on DynamoDB share: items, keys, pages, transactions
//! - `tickets`, `incidents`, `reports`: one port each over a table
//! - `secrets`: [`Secrets`]

mod blobs;
mod error;
mod incidents;
mod letter;
mod patience;
mod queue;
mod reports;
mod sdk;
mod secrets;
mod table;
mod tickets;

pub use blobs::S3BlobStore;
pub use incidents::DynamoIncidentStore;
pub use queue::SqsQueue;
pub use reports::DynamoReportStore;
pub use sdk::{ConfigError, Sdk};
pub use secrets::Secrets;
pub use tickets::DynamoTicketIndex;
