//! Keyed hashes in place of addresses.

use super::error::ReadError;
use sha2::{Digest, Sha256};
use std::fmt;

const BLOCK: usize = 64;
const SHORTEST: usize = 16;

/// The secret under which requesters are hashed. The same key gives the same customer the same hash; whoever
/// lacks it cannot try out addresses.
#[derive(Clone)]
pub struct RequesterKey {
    inner: Sha256,
    outer: Sha256,
}

impl RequesterKey {
    /// A key of at least 16 bytes; use random ones. Fails on a shorter one.
    pub fn new(secret: &[u8]) -> Result<Self, ReadError> {
        if secret.len() < SHORTEST {
            let reason = format!("the requester key has {} bytes; give at least {SHORTEST}", secret.len());
            return Err(ReadError::Options { reason });
        }
        Ok(Self::any(secret))
    }

    fn any(secret: &[u8]) -> Self {
        let digest = Sha256::digest(secret);
        let secret = if secret.len() > BLOCK { &digest[..] } else { secret };
        let mut block = [0; BLOCK];
        block[..secret.len()].copy_from_slice(secret);
        let pad = |with: u8| Sha256::new().chain_update(block.map(|b| b ^ with));
        Self { inner: pad(0x36), outer: pad(0x5c) }
    }

    /// 32 hex digits for an address: the first 16 bytes of HMAC-SHA-256 (RFC 2104) over the address without white
    /// space around it, in lower case.
    ///
    /// What is 32 or 64 hex digits already is taken for a hash and kept. `None` when there is nothing to hash.
    pub fn hash(&self, address: &str) -> Option<String> {
        let address = address.trim();
        if address.is_empty() {
            return None;
        }
        if matches!(address.len(), 32 | 64) && address.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(address.to_owned());
        }
        Some(hex(&self.mac(address.to_lowercase().as_bytes())[..16]))
    }

    fn mac(&self, message: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(message).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

impl fmt::Debug for RequesterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequesterKey(..)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_hmac_sha_256() {
        // RFC 4231, test cases 2 and 6.
        let short = RequesterKey::any(b"Jefe").mac(b"what do ya want for nothing?");
        assert_eq!(hex(&short), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long =
            RequesterKey::any(&[0xaa; 131]).mac(b"Test Using Larger Than Block-Size Key - Hash Key First");
        assert_eq!(hex(&long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn one_customer_has_one_hash_and_hashes_stay() {
        let key = RequesterKey::new(b"0123456789abcdef").unwrap();
        let hash = key.hash(" Jane@Example.org ").unwrap();
        assert_eq!(Some(&hash), key.hash("jane@example.org").as_ref());
        assert_eq!(hash.len(), 32);
        assert_eq!(key.hash(&hash), Some(hash.clone()));
        assert_ne!(RequesterKey::new(b"another secret of 16+").unwrap().hash("jane@example.org"), Some(hash));
        assert_eq!(key.hash("  "), None);
    }

    #[test]
    fn a_short_key_is_refused_and_none_is_shown() {
        assert!(RequesterKey::new(b"short").unwrap_err().to_string().contains("at least 16"));
        assert_eq!(format!("{:?}", RequesterKey::any(b"secret")), "RequesterKey(..)");
    }
}
