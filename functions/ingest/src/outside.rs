//! What ingest needs of AWS beside the ports.

use async_trait::async_trait;
use domain::StoreResult;
use tokio::io::AsyncRead;

/// The bytes of an object as they come.
pub type Incoming = Box<dyn AsyncRead + Send + Unpin>;

/// Secrets, and objects that are too large for memory. Tests stand in for it.
#[async_trait]
pub trait Outside: Send + Sync {
    /// A secret's value as it is now, never one that was kept.
    async fn secret(&self, arn: &str) -> StoreResult<String>;
    /// An object's content, or `NotFound`.
    async fn open(&self, key: &str) -> StoreResult<Incoming>;
}

/// AWS itself.
pub struct Aws {
    sdk: aws::Sdk,
    blobs: aws::S3BlobStore,
}

impl Aws {
    /// The objects of `bucket` and all secrets. Makes no call.
    pub fn new(sdk: aws::Sdk, bucket: &str) -> Self {
        let blobs = aws::S3BlobStore::new(&sdk, bucket);
        Self { sdk, blobs }
    }
}

#[async_trait]
impl Outside for Aws {
    async fn secret(&self, arn: &str) -> StoreResult<String> {
        aws::Secrets::new(&self.sdk).get(arn).await
    }

    async fn open(&self, key: &str) -> StoreResult<Incoming> {
        let (_, content) = self.blobs.open(key).await?;
        Ok(Box::new(content))
    }
}
