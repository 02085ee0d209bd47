//! Which keys name an object, in every backend.

use crate::error::{ErrorKind, StoreError, StoreResult};

/// Longest key, in bytes; the limit of S3.
const MAX_KEY: usize = 1024;
/// Longest part between two slashes, in bytes; the limit of the common file systems.
const MAX_PART: usize = 255;

/// Refuses, as `Invalid`, what is no key: 1 to 1024 bytes, parts of 1 to 255 bytes between single slashes, none of
/// which begins with a dot or holds a backslash or a control character.
///
/// A key that passes cannot leave the folder it is joined to.
pub fn check_key(key: &str) -> StoreResult<()> {
    check_length(key)?;
    key.split('/').try_for_each(|part| check_part(part).map_err(|why| invalid(key, why)))
}

/// Refuses, as `Invalid`, what no key can begin with. Empty is every key's beginning.
pub fn check_prefix(prefix: &str) -> StoreResult<()> {
    check_length(prefix)?;
    let (folder, _) = split_prefix(prefix);
    if folder.is_empty() && !prefix.starts_with('/') { Ok(()) } else { check_key(folder) }
}

/// A prefix as the folder it lies in and the beginning of the names it wants there.
pub fn split_prefix(prefix: &str) -> (&str, &str) {
    prefix.rsplit_once('/').unwrap_or(("", prefix))
}

/// Whether `part` can stand between two slashes, and why not.
pub fn check_part(part: &str) -> Result<(), &'static str> {
    if part.is_empty() {
        Err("has an empty part; separate parts by single slashes, none at the ends")
    } else if part.starts_with('.') {
        Err("has a part that begins with a dot")
    } else if part.len() > MAX_PART {
        Err("has a part of more than 255 bytes")
    } else if part.chars().any(|c| c == '\\' || c.is_control()) {
        Err("holds a backslash or a control character")
    } else {
        Ok(())
    }
}

fn check_length(key: &str) -> StoreResult<()> {
    if key.len() <= MAX_KEY {
        return Ok(());
    }
    let beginning: String = key.chars().take(40).collect();
    Err(invalid(&beginning, "begins a key of more than 1024 bytes"))
}

fn invalid(key: &str, why: &str) -> StoreError {
    StoreError::new(ErrorKind::Invalid, format!("use object key {key:?}: it {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    proptest! {
        #[test]
        fn a_key_that_passes_stays_below_its_root(key in "[./a\\\\\u{0}-]{0,12}|.{0,40}") {
            if check_key(&key).is_ok() {
                let parts: Vec<_> = Path::new(&key).components().collect();
                prop_assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))));
                prop_assert_eq!(parts.len(), key.split('/').count());
            }
        }

        #[test]
        fn every_beginning_of_a_key_is_a_prefix(key in "[a-c=]{1,3}(/[a-c=]{1,3}){0,3}", cut in 0usize..16) {
            prop_assert!(check_key(&key).is_ok());
            prop_assert!(check_prefix(&key[..cut.min(key.len())]).is_ok());
        }
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let long = "a/".repeat(512) + "a";
        for key in
            ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "a/./b", ".hidden", "a\\b", "a\0", &long]
        {
            assert_eq!(check_key(key).unwrap_err().kind, ErrorKind::Invalid, "{key:?}");
        }
        assert!(check_key(&"b".repeat(256)).is_err());
        assert!(check_key("tickets/v1/default/date=2023-10-05/hour=14/c.ndjson.zst").is_ok());
        for prefix in ["/", "../", "a/../b", "a//b"] {
            assert!(check_prefix(prefix).is_err(), "{prefix:?}");
        }
    }
}
