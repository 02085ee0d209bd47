//! Requests: of every format, and of every way to be wrong.

use super::*;

#[tokio::test]
async fn a_help_desk_posts_tickets() {
    let world = World::new();
    let (status, body) = world.post(event("ingest_http_ticket")).await;
    assert_eq!((status, &body["landed"], &body["errors"]), (202, &json!(1), &json!([])), "{body}");
    let (status, body) = world.post(event("ingest_http_array")).await;
    assert_eq!((status, &body["landed"], &body["refused"]), (202, &json!(3), &json!(1)), "{body}");
    assert_eq!(body["errors"][0]["line"], 1, "{body}");
    assert!(body["errors"][0]["column"].is_string() && body["errors"][0]["reason"].is_string(), "{body}");
    let (status, body) = world.post(event("ingest_http_batch_ndjson_gzip_base64")).await;
    assert_eq!((status, &body["landed"]), (202, &json!(3)), "another source, other tickets: {body}");
    let (_, body) = world.post(event("ingest_http_batch_ndjson_gzip_base64")).await;
    assert_eq!((&body["landed"], &body["duplicates"]), (&json!(0), &json!(3)), "{body}");

    let stored = world.stored().await;
    assert_eq!(stored.len(), 7);
    let first = stored.iter().find(|ticket| ticket.id == "T-1001").unwrap();
    assert_eq!((first.source.as_str(), first.landed_at), ("desk", NOW.parse().unwrap()));
    assert_eq!(first.requester.as_ref().map(String::len), Some(32), "a hash, not the address");
    assert!(stored.iter().any(|ticket| ticket.source == "webhook"));
}

#[tokio::test]
async fn every_format_is_read() {
    let row = "T-1,2023-10-05T08:00:00Z,Hello,World\n";
    let csv = format!("id,created_at,subject,body\n{row}");
    let json =
        json!({ "id": "T-1", "created_at": "2023-10-05T08:00:00Z", "subject": "Hello", "body": "World" });
    let pretty = serde_json::to_string_pretty(&json).unwrap();
    for (content_type, body) in [
        ("text/csv", csv.clone()),
        ("Text/CSV; charset=utf-8", csv.clone()),
        ("text/tab-separated-values", csv.replace(',', "\t")),
        ("application/json", pretty.clone()),
        ("application/json", format!("\u{feff} {json}\n")),
        ("application/json", format!("\n[{pretty}]")),
        ("application/x-ndjson", format!("{json}\n\n{json}\n")),
        ("application/ndjson", json.to_string()),
    ] {
        let (status, answer) = World::new().post(with_body(content_type, &body)).await;
        assert_eq!((status, &answer["landed"]), (202, &json!(1)), "{content_type} {body}: {answer}");
    }
    let (status, answer) = World::new().post(with_body("application/json", "[]")).await;
    assert_eq!((status, &answer["landed"]), (202, &json!(0)), "nothing is not wrong: {answer}");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let header = |name: &'static str, value: &'static str| {
        move |event: &mut Value| event["headers"][name] = value.into()
    };
    let body = |text: &'static str| move |event: &mut Value| event["body"] = text.into();
    let encoded = |bytes: Vec<u8>, encoding: &'static str| {
        move |event: &mut Value| {
            event["body"] = base64(&bytes).into();
            event["isBase64Encoded"] = true.into();
            event["headers"]["content-encoding"] = encoding.into();
        }
    };
    let truncated = gzip(b"{\"id\": \"T-1\"}")[..12].to_vec();
    let twice = gzip(&gzip(b"{}"));
    type Change = Box<dyn FnOnce(&mut Value)>;
    let cases: Vec<(u64, &str, Change)> = vec![
        (405, "GET", Box::new(|event| event["requestContext"]["http"]["method"] = "GET".into())),
        (405, "no method", Box::new(|event| event["requestContext"]["http"]["method"] = Value::Null)),
        (401, "no token", Box::new(|event| event["headers"] = json!({ "content-type": "application/json" }))),
        (401, "a wrong token", Box::new(header("authorization", "Bearer example-tokem"))),
        (401, "a longer token", Box::new(header("authorization", "Bearer example-token2"))),
        (401, "an empty token", Box::new(header("authorization", "Bearer "))),
        (401, "the bare token", Box::new(header("authorization", TOKEN))),
        (401, "another scheme", Box::new(header("authorization", "Basic example-token"))),
        (401, "a token that is no ASCII", Box::new(header("authorization", "Bearer exämple-token"))),
        (400, "a header with a line break", Box::new(header("x-evil", "a\r\nb"))),
        (400, "a header that is no text", Box::new(|event| event["headers"]["x-evil"] = json!({ "a": 1 }))),
        (400, "no base64 flag", Box::new(|event| event["isBase64Encoded"] = "perhaps".into())),
        (415, "no type", Box::new(header("content-type", ""))),
        (415, "another type", Box::new(header("content-type", "application/xml"))),
        (415, "a type that is no ASCII", Box::new(header("content-type", "tëxt/csv"))),
        (415, "another compression", Box::new(header("content-encoding", "br"))),
        (415, "two compressions", Box::new(header("content-encoding", "gzip, gzip"))),
        (400, "no gzip", Box::new(header("content-encoding", "gzip"))),
        (400, "half of a gzip", Box::new(encoded(truncated, "gzip"))),
        (415, "gzip in secret", Box::new(encoded(gzip(b"{}"), "identity"))),
        (415, "gzip twice", Box::new(encoded(twice, "gzip"))),
        (415, "zstd in secret", Box::new(encoded(b"\x28\xb5\x2f\xfd....".to_vec(), "identity"))),
        (413, "a bomb", Box::new(encoded(gzip(&vec![b' '; 33 << 20]), "gzip"))),
        (400, "no base64", Box::new(|event| event["isBase64Encoded"] = true.into())),
        (400, "an empty body", Box::new(body(" \n"))),
        (400, "no body", Box::new(|event| event["body"] = Value::Null)),
        (400, "half an object", Box::new(body("{\"id\": \"T-1\""))),
        (400, "two objects", Box::new(body("{\"id\": \"T-1\"}\n{\"id\": \"T-2\"}"))),
        (400, "two objects, comma", Box::new(body("{\"id\": \"T-1\"},{\"id\": \"T-2\"}"))),
        (400, "half an array", Box::new(body("[{\"id\": \"T-1\"},"))),
        (400, "a number", Box::new(body("17"))),
        (400, "no ticket", Box::new(body("{\"id\": \"T-1\"}"))),
        (400, "a long source", Box::new(|e| e["queryStringParameters"]["source"] = "s".repeat(999).into())),
        (400, "a source of two lines", Box::new(|e| e["queryStringParameters"]["source"] = "a\nb".into())),
    ];
    let world = World::new();
    for (wanted, what, change) in cases {
        let answer = world.handle(changed(change)).await.unwrap();
        let text = answer["body"].as_str().unwrap();
        let problem: Value = serde_json::from_str(text).unwrap();
        assert_eq!(answer["statusCode"], wanted, "{what}: {problem}");
        assert_eq!(answer["headers"]["content-type"], "application/problem+json", "{what}");
        assert_eq!((&problem["status"], &problem["type"]), (&json!(wanted), &json!("about:blank")), "{what}");
        assert!(problem["title"].is_string() && problem["detail"].is_string(), "{what}: {problem}");
        assert!(!text.contains(TOKEN), "{what}");
    }
    assert!(world.stored().await.is_empty(), "nothing of it landed");
    let (_, problem) = world.post(with_body("application/json", "{\"id\": \"T-1\"}")).await;
    assert_eq!(problem["errors"].as_array().map(Vec::len), Some(1), "the reasons are told: {problem}");
}

#[tokio::test]
async fn a_request_brings_ten_thousand_rows_at_most() {
    let lines = |rows: usize| -> String {
        let row =
            |i| format!("{{\"id\":\"T-{i}\",\"created_at\":\"2023-10-05T08:00:00Z\",\"body\":\"b\"}}\n");
        (0..rows).map(row).collect()
    };
    let world = World::new();
    let (status, problem) = world.post(with_body("application/x-ndjson", &lines(10_001))).await;
    assert_eq!(status, 413, "{problem}");
    assert!(world.stored().await.is_empty());
    let (status, body) = world.post(with_body("application/x-ndjson", &lines(10_000))).await;
    assert_eq!((status, &body["landed"]), (202, &json!(10_000)), "{body}");

    let (status, body) =
        world.post(with_body("text/csv", &format!("id,created_at,body\n{}", ",,x\n".repeat(150)))).await;
    assert_eq!((status, body["errors"].as_array().map(Vec::len)), (400, Some(100)), "{body}");
}

#[tokio::test]
async fn a_rotated_token_is_found_within_a_minute() {
    let world = World::new();
    let shows = |token: &str| {
        let bearer = format!("bearer  {token}");
        changed(|event| event["headers"]["authorization"] = bearer.into())
    };
    assert_eq!(world.post(shows(TOKEN)).await.0, 202);
    world.keep("INGEST_TOKEN_SECRET_ARN", "rotated\n");
    assert_eq!(world.post(shows("rotated")).await.0, 401, "fetched less than a minute ago");
    assert_eq!(world.post(shows(TOKEN)).await.0, 202, "the old one is known");
    world.wait(61);
    assert_eq!(world.post(shows("rotated")).await.0, 202);
    assert_eq!(world.post(shows(TOKEN)).await.0, 401, "the old one is gone");

    let fetched = world.shelf.fetched.load(Ordering::Relaxed);
    for _ in 0..20 {
        assert_eq!(world.post(shows("guess")).await.0, 401);
    }
    assert_eq!(world.shelf.fetched.load(Ordering::Relaxed), fetched, "a guess is no call");
    world.wait(61);
    world.shelf.secrets.lock().unwrap().remove("INGEST_TOKEN_SECRET_ARN");
    assert_eq!(world.post(shows("guess")).await.0, 401, "a wrong token stays wrong");
    assert_eq!(world.post(shows("rotated")).await.0, 202, "the known one goes on");
}

#[tokio::test]
async fn without_its_secrets_the_function_lets_nobody_in() {
    for (arn, secret, status) in [
        ("INGEST_TOKEN_SECRET_ARN", None, 503),
        ("INGEST_TOKEN_SECRET_ARN", Some(" \n"), 500),
        ("REQUESTER_KEY_SECRET_ARN", None, 503),
        ("REQUESTER_KEY_SECRET_ARN", Some("short"), 500),
    ] {
        let world = World::new();
        match secret {
            Some(secret) => world.keep(arn, secret),
            None => drop(world.shelf.secrets.lock().unwrap().remove(arn)),
        }
        let answer = world.handle(event("ingest_http_ticket")).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{arn} {secret:?}");
        let body = answer["body"].as_str().unwrap();
        assert!(!body.contains("SECRET") && !body.contains("short"), "the sender learns nothing: {body}");
        assert_eq!(answer["headers"]["retry-after"].is_string(), status == 503);
        assert!(world.stored().await.is_empty());
    }
}

#[tokio::test]
async fn a_busy_store_asks_to_come_again() {
    for (source, status) in [("ThrottlingException", 429), ("connection reset", 503)] {
        let world = World { refuses: Some(Refusing(source)), ..World::new() };
        let answer = world.handle(event("ingest_http_ticket")).await.unwrap();
        assert_eq!(answer["statusCode"], status, "{answer}");
        assert!(answer["headers"]["retry-after"].is_string(), "{answer}");
    }
}
