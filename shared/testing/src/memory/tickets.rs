//! Identities in a map.

use super::{error, lock};
use async_trait::async_trait;
use domain::ports::{Claim, ClaimRequest, TicketIndex};
use domain::ticket::TicketKey;
use domain::{ErrorKind, StoreResult};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// A [`TicketIndex`] in memory.
#[derive(Default)]
pub struct MemoryTicketIndex {
    claims: Mutex<BTreeMap<(String, TicketKey), Claim>>,
}

#[async_trait]
impl TicketIndex for MemoryTicketIndex {
    async fn claim(&self, stream: &str, requests: &[ClaimRequest]) -> StoreResult<Vec<Claim>> {
        let mut claims = lock(&self.claims);
        let claim = |request: &ClaimRequest| {
            let first = Claim { created_at: request.created_at, landed: None };
            claims.entry((stream.to_owned(), request.key.clone())).or_insert(first).clone()
        };
        Ok(requests.iter().map(claim).collect())
    }

    async fn confirm(&self, stream: &str, landed: &[(TicketKey, [u8; 16])]) -> StoreResult<()> {
        let mut claims = lock(&self.claims);
        let name = |key: &TicketKey| (stream.to_owned(), key.clone());
        if let Some((key, _)) = landed.iter().find(|(key, _)| !claims.contains_key(&name(key))) {
            let message = format!("confirm tickets: {:?} of {:?} was never claimed", key.id, key.source);
            return Err(error(ErrorKind::NotFound, message));
        }
        for (key, hash) in landed {
            claims.entry(name(key)).and_modify(|claim| claim.landed = Some(*hash));
        }
        Ok(())
    }
}
