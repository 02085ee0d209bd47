//! Dropped files: good, broken, cut off, and none at all.

use super::*;

#[tokio::test]
async fn a_dropped_file_lands_and_its_refused_rows_are_listed() {
    let world = World::new();
    let file =
        b"id,created_at,body\nT-1,2023-10-05T08:00:00Z,one\nT-2,never,two\nT-3,2023-10-05T08:10:00Z,three\n";
    world.drop_file(DROPPED, file);
    let answer = world.handle(event("ingest_s3_object_created")).await.unwrap();
    assert_eq!(
        answer["files"],
        json!([{ "key": DROPPED, "landed": 2, "updated": 0, "duplicates": 0, "refused": 1 }])
    );
    let list = world.backend.blobs.get(&names::refused(DROPPED)).await.unwrap();
    let list = String::from_utf8(list.bytes).unwrap();
    assert!(list.starts_with("line,column,reason\n3,created_at,"), "{list}");

    world.drop_file(DROPPED, &gzip(file));
    let again = world.handle(event("ingest_s3_object_created")).await.unwrap();
    assert_eq!(again["files"][0]["duplicates"], 2, "unpacked, and known: {again}");
    assert_eq!(world.stored().await.len(), 2);
}

#[tokio::test]
async fn a_large_file_lands_in_batches() {
    let world = World::new();
    let rows: String = (0..45_000).map(|i| format!("T-{i},2023-10-05T08:00:00Z,text {i}\n")).collect();
    world.drop_file(DROPPED, format!("id,created_at,body\n{rows}").as_bytes());
    let answer = world.handle(event("ingest_s3_object_created")).await.unwrap();
    assert_eq!(answer["files"][0]["landed"], 45_000, "{answer}");
    assert_eq!(world.backend.blobs.list("tickets/").await.unwrap().len(), 3, "batches of 20,000");
}

#[tokio::test]
async fn a_file_that_is_none_is_listed_and_not_tried_again() {
    let header = b"id,created_at,body\n".to_vec();
    let row = b"T-1,2023-10-05T08:00:00Z,one\n";
    let cut = gzip(&[header.clone(), row.repeat(1_000)].concat());
    for (content, stopped) in [
        (b"".to_vec(), "empty"),
        (b"PK\x03\x04 a workbook".to_vec(), "unknown format"),
        (b"=cmd,subject\n1,2\n".to_vec(), "missing columns"),
        (cut[..cut.len() - 9].to_vec(), "truncated"),
    ] {
        let world = World::new();
        world.drop_file(DROPPED, &content);
        let answer = world.handle(event("ingest_s3_object_created")).await.unwrap();
        assert_eq!(answer["files"][0]["stopped"], stopped, "{answer}");
        let list = world.backend.blobs.get(&names::refused(DROPPED)).await.unwrap();
        let list = String::from_utf8(list.bytes).unwrap();
        assert_eq!(list.lines().count(), 2, "{list}");
        assert!(!list.contains(",="), "no formula: {list}");
    }
}

#[tokio::test]
async fn what_is_no_file_of_the_inbox_is_passed_over() {
    let world = World::new();
    let keys = [
        "models/v1/default/current.json",
        "inbox/",
        "inbox/folder/",
        "refused/inbox/a.csv.csv",
        "inbox/%zz",
        "inbox/.hidden.csv",
        "inbox/a%0Ab.csv",
    ];
    for key in keys.into_iter().chain(["inbox/gone.csv"]) {
        let mut event = event("ingest_s3_object_created");
        event["Records"][0]["s3"]["object"]["key"] = key.into();
        let answer = world.handle(event).await.unwrap();
        assert!(answer["files"][0]["stopped"].is_string(), "{key}: {answer}");
    }
    assert!(world.backend.blobs.list("").await.unwrap().is_empty());
}

#[tokio::test]
async fn what_may_pass_makes_lambda_call_again() {
    let rows: String = (0..50).map(|i| format!("T-{i},2023-10-05T08:00:00Z,text {i}\n")).collect();
    let file = format!("id,created_at,body\n{rows}");
    let world = World { refuses: Some(Refusing("SlowDown")), ..World::new() };
    world.drop_file(DROPPED, file.as_bytes());
    let error = world.handle(event("ingest_s3_object_created")).await.unwrap_err();
    assert_eq!(error.error_type, "StorageUnavailable", "{error:?}");

    let world = World::new();
    world.drop_file(DROPPED, file.as_bytes());
    *world.shelf.breaks_after.lock().unwrap() = Some(700);
    let error = world.handle(event("ingest_s3_object_created")).await.unwrap_err();
    assert_eq!(error.error_type, "StorageUnavailable", "{error:?}");
    assert!(world.backend.blobs.list("refused/").await.unwrap().is_empty());
    *world.shelf.breaks_after.lock().unwrap() = None;
    let answer = world.handle(event("ingest_s3_object_created")).await.unwrap();
    let filed = &answer["files"][0];
    let count = |name: &str| filed[name].as_u64().unwrap();
    assert_eq!(count("landed") + count("duplicates"), 50, "{filed}");
    assert_eq!(world.stored().await.len(), 50);

    world.shelf.secrets.lock().unwrap().remove("REQUESTER_KEY_SECRET_ARN");
    let cold = World { secrets: Secrets::default(), ..world };
    let error = cold.handle(event("ingest_s3_object_created")).await.unwrap_err();
    assert_eq!(error.error_type, "StorageUnavailable", "{error:?}");
    assert!(cold.backend.blobs.put("probe", Vec::new(), PutIf::Absent).await.is_ok());
}
