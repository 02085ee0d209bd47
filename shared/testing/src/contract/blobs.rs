//! The contract of `BlobStore`.

use super::{RACERS, assert_fails, race};
use domain::ErrorKind;
use domain::ports::{BlobStore, PutIf};
use std::sync::Arc;

/// Checks an empty store against every sentence of [`BlobStore`].
pub async fn blob_store_contract(store: Arc<dyn BlobStore>) {
    get_and_put(&*store).await;
    put_if_absent(&*store).await;
    put_if_match(&*store).await;
    list(&*store).await;
    delete(&*store).await;
    keys_that_are_none(&*store).await;
    absent_races(&store).await;
    match_races(&store).await;
    counting_races(&store).await;
    puts_are_atomic(&store).await;
}

async fn get_and_put(store: &dyn BlobStore) {
    assert_fails(store.get("contract/put/none").await, ErrorKind::NotFound, "an object that was never put");
    let every_byte: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    let mut versions = Vec::new();
    for content in [b"one".to_vec(), Vec::new(), every_byte, b"two".to_vec()] {
        let etag = store.put("contract/put/a", content.clone(), PutIf::Always).await.expect("put");
        let blob = store.get("contract/put/a").await.expect("get what was put");
        assert!(blob.bytes == content, "get returns the {} bytes that were put", content.len());
        assert_eq!(blob.etag, etag, "get returns the version that put returned");
        assert!(!versions.contains(&etag), "other content has another version: {etag} in {versions:?}");
        versions.push(etag);
    }
}

async fn put_if_absent(store: &dyn BlobStore) {
    let etag =
        store.put("contract/absent", b"first".to_vec(), PutIf::Absent).await.expect("put where nothing is");
    for content in [b"second".to_vec(), b"first".to_vec()] {
        let second = store.put("contract/absent", content, PutIf::Absent).await;
        assert_fails(second, ErrorKind::AlreadyExists, "a put if absent where something is");
    }
    let blob = store.get("contract/absent").await.expect("get");
    assert_eq!((blob.bytes, blob.etag), (b"first".to_vec(), etag), "a put that failed changes nothing");
}

async fn put_if_match(store: &dyn BlobStore) {
    let key = "contract/match";
    let nothing = store.put(key, b"x".to_vec(), PutIf::Match("v".to_owned())).await;
    assert_fails(nothing, ErrorKind::Precondition, "a put if match where nothing is");
    assert_fails(store.get(key).await, ErrorKind::NotFound, "what such a put leaves");

    let one = store.put(key, b"one".to_vec(), PutIf::Always).await.expect("put");
    let two = store
        .put(key, b"two".to_vec(), PutIf::Match(one.clone()))
        .await
        .expect("put over the expected version");
    assert_fails(
        store.put(key, b"three".to_vec(), PutIf::Match(one)).await,
        ErrorKind::Precondition,
        "a stale version",
    );
    let other = store.put("contract/match-other", b"other".to_vec(), PutIf::Always).await.expect("put");
    assert_fails(
        store.put(key, b"x".to_vec(), PutIf::Match(other)).await,
        ErrorKind::Precondition,
        "a foreign version",
    );
    let blob = store.get(key).await.expect("get");
    assert_eq!((blob.bytes, blob.etag), (b"two".to_vec(), two), "a put that failed changes nothing");
}

async fn list(store: &dyn BlobStore) {
    assert_eq!(store.list("contract/list/").await.expect("list nothing"), [""; 0]);
    // Sorted by bytes, a slash stands between "." and "0".
    let sorted =
        ["a-1", "a.json", "a/1/x", "a/2", "a0", "ab/c", "b", "hour=1/x", "hour=10/x", "hour=2/x", "ä"]
            .map(|name| format!("contract/list/{name}"));
    for key in sorted.iter().rev() {
        store.put(key, key.clone().into_bytes(), PutIf::Always).await.expect("put");
    }
    store.put("contract/list-not", b"x".to_vec(), PutIf::Always).await.expect("put");
    let all = store.list("contract/list/").await.expect("list");
    assert_eq!(all, sorted, "list returns all keys below the prefix, sorted");
    for prefix in ["a", "a/", "a/1", "a/1/x", "ab", "hour=1", "hour=1/", "b", "b/", "none", "none/none/", "ä"]
    {
        let prefix = format!("contract/list/{prefix}");
        let expected: Vec<_> = sorted.iter().filter(|key| key.starts_with(&prefix)).cloned().collect();
        assert_eq!(store.list(&prefix).await.expect("list"), expected, "keys that begin with {prefix:?}");
    }
    let everything = store.list("").await.expect("list everything");
    assert!(everything.is_sorted(), "the empty prefix lists all keys, sorted: {everything:?}");
    assert!(
        sorted.iter().all(|key| everything.contains(key)),
        "the empty prefix lists all keys: {everything:?}"
    );
    assert_eq!(everything.iter().filter(|key| !key.starts_with("contract/")).count(), 0, "and nothing else");
}

async fn delete(store: &dyn BlobStore) {
    let key = "contract/delete/a";
    store.delete(key).await.expect("delete what never was");
    store.delete("contract/delete").await.expect("delete what is only the beginning of keys");
    let etag = store.put(key, b"x".to_vec(), PutIf::Always).await.expect("put");
    store.put("contract/delete/b", b"y".to_vec(), PutIf::Always).await.expect("put");
    store.delete(key).await.expect("delete");
    store.delete(key).await.expect("delete again");
    assert_fails(store.get(key).await, ErrorKind::NotFound, "a deleted object");
    assert_fails(store.get("contract/delete").await, ErrorKind::NotFound, "the beginning of a key");
    assert_eq!(
        store.list("contract/delete/").await.expect("list"),
        ["contract/delete/b"],
        "a deleted key is not listed"
    );
    let stale = store.put(key, b"z".to_vec(), PutIf::Match(etag)).await;
    assert_fails(stale, ErrorKind::Precondition, "the version of a deleted object");
    store.put(key, b"z".to_vec(), PutIf::Absent).await.expect("put if absent where something was deleted");
}

async fn keys_that_are_none(store: &dyn BlobStore) {
    let long = format!("contract/{}", "a/".repeat(512)) + "a";
    for key in [
        "",
        "/",
        "/contract",
        "contract/",
        "contract//a",
        "../a",
        "contract/../../a",
        "contract/./a",
        "a\0",
        &long,
    ] {
        let sentence = format!("the key {key:?}");
        assert_fails(store.put(key, b"x".to_vec(), PutIf::Always).await, ErrorKind::Invalid, &sentence);
        assert_fails(store.get(key).await, ErrorKind::Invalid, &sentence);
        assert_fails(store.delete(key).await, ErrorKind::Invalid, &sentence);
    }
    for prefix in ["/", "../", "contract/../..", "contract//"] {
        // "contract/../.." has the folder "contract/..", which no key has.
        assert_fails(store.list(prefix).await, ErrorKind::Invalid, &format!("the prefix {prefix:?}"));
    }
}

async fn absent_races(store: &Arc<dyn BlobStore>) {
    for round in 0..20 {
        let key = format!("contract/race/absent-{round}");
        let put = |racer: u8| {
            let (store, key) = (store.clone(), key.clone());
            async move { store.put(&key, vec![racer; 100], PutIf::Absent).await }
        };
        let results = race((0..RACERS).map(put)).await;
        let winners: Vec<u8> = (0..RACERS).filter(|racer| results[usize::from(*racer)].is_ok()).collect();
        assert_eq!(winners.len(), 1, "exactly one put if absent wins");
        for result in results.into_iter().filter(Result::is_err) {
            assert_fails(result, ErrorKind::AlreadyExists, "a put if absent that lost");
        }
        assert_eq!(
            store.get(&key).await.expect("get").bytes,
            vec![winners[0]; 100],
            "the winner's content is stored"
        );
    }
}

async fn match_races(store: &Arc<dyn BlobStore>) {
    let key = "contract/race/match";
    let mut etag = store.put(key, b"start".to_vec(), PutIf::Always).await.expect("put");
    for round in 0..20 {
        let put = |racer: u8| {
            let (store, etag) = (store.clone(), etag.clone());
            async move { store.put(key, vec![round, racer], PutIf::Match(etag)).await }
        };
        let results = race((0..RACERS).map(put)).await;
        let winners: Vec<u8> = (0..RACERS).filter(|racer| results[usize::from(*racer)].is_ok()).collect();
        assert_eq!(winners.len(), 1, "exactly one put over the same version wins");
        for result in results.into_iter().filter(Result::is_err) {
            assert_fails(result, ErrorKind::Precondition, "a put if match that lost");
        }
        let blob = store.get(key).await.expect("get");
        assert_eq!(blob.bytes, [round, winners[0]], "the winner's content is stored");
        etag = blob.etag;
    }
}

/// Read, add one, put if match, again when it lost: no update may get lost.
async fn counting_races(store: &Arc<dyn BlobStore>) {
    let key = "contract/race/count";
    store.put(key, b"0".to_vec(), PutIf::Always).await.expect("put");
    let count = |_| {
        let store = store.clone();
        async move {
            for _ in 0..10 {
                loop {
                    let blob = store.get(key).await.expect("get");
                    let count: u64 =
                        String::from_utf8_lossy(&blob.bytes).parse().expect("a whole number is stored");
                    match store.put(key, (count + 1).to_string().into_bytes(), PutIf::Match(blob.etag)).await
                    {
                        Ok(_) => break,
                        Err(error) => assert_eq!(error.kind, ErrorKind::Precondition, "{error}"),
                    }
                    tokio::task::yield_now().await;
                }
            }
        }
    };
    race((0..RACERS).map(count)).await;
    let counted = store.get(key).await.expect("get").bytes;
    assert_eq!(String::from_utf8_lossy(&counted), (10 * u32::from(RACERS)).to_string(), "no update is lost");
}

/// Readers beside writers see one put's content, whole.
async fn puts_are_atomic(store: &Arc<dyn BlobStore>) {
    let key = "contract/race/atomic";
    let content = |racer: u8| vec![racer; 50_000 + 1000 * usize::from(racer)];
    store.put(key, content(0), PutIf::Always).await.expect("put");
    let task = |racer: u8| {
        let store = store.clone();
        async move {
            for _ in 0..20 {
                if racer.is_multiple_of(2) {
                    store.put(key, content(racer), PutIf::Always).await.expect("put");
                } else {
                    let bytes = store.get(key).await.expect("get beside puts").bytes;
                    let whole = bytes.first().is_some_and(|first| bytes == content(*first));
                    assert!(
                        whole,
                        "a reader sees the old content or the new, never a part: {} bytes",
                        bytes.len()
                    );
                }
                tokio::task::yield_now().await;
            }
        }
    };
    race((0..RACERS).map(task)).await;
}
