//! `anomalyze publish`

use super::Outcome;
use crate::args::{Global, Publish};
use crate::output;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde::Serialize;

#[derive(Serialize)]
struct Published<'a> {
    artifact: &'a str,
    bucket: &'a str,
}

/// Copies the artifact in use to a deployment's bucket and moves the pointer there.
pub async fn run(global: &Global, args: Publish) -> Result<Outcome> {
    let workspace = Workspace::open(global).await?;
    let loaded = pipeline::artifact::load(&workspace.backend.blobs, &global.stream, None).await?;
    let sdk = aws::Sdk::from_profile().await;
    let bucket = aws::S3BlobStore::new(&sdk, &args.bucket);
    let artifact = pipeline::artifact::publish(&bucket, &loaded.artifact)
        .await
        .with_context(|| format!("publish the artifact to bucket {}", args.bucket))?;
    if global.json {
        output::json(&Published { artifact: &artifact, bucket: &args.bucket })?;
    } else {
        output::text(&format!("artifact {artifact} is in use in bucket {}", args.bucket))?;
    }
    Ok(Outcome::Done)
}
