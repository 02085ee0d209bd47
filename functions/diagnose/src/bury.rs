//! Where foreign messages go.

use async_trait::async_trait;
use domain::StoreResult;

/// Takes bodies that are no incident messages; tests stand in for it.
#[async_trait]
pub trait Bury: Send + Sync {
    /// Puts the body to the dead letters with the reason.
    async fn bury(&self, body: &str, reason: &str) -> StoreResult<()>;
}

#[async_trait]
impl Bury for aws::SqsQueue {
    async fn bury(&self, body: &str, reason: &str) -> StoreResult<()> {
        aws::SqsQueue::bury(self, body, reason).await
    }
}
