use super::*;
use serde_json::json;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;

/// A function in bash: answers each event with itself, or with an error if it has a field `fail`.
const FUNCTION: &str = r#"#!/bin/bash
call() { # METHOD PATH HEADER BODY
  exec 3<>"/dev/tcp/${AWS_LAMBDA_RUNTIME_API/:/\/}"
  printf '%s /2018-06-01/runtime/%s HTTP/1.1\r\nhost: api\r\nconnection: close\r\n%scontent-length: %d\r\n\r\n%s' \
    "$1" "$2" "$3" "${#4}" "$4" >&3
  cat <&3
  exec 3>&-
}
echo "$GREETING from $AWS_LAMBDA_FUNCTION_NAME, home ${HOME:-unset}"
while true; do
  got=$(call GET invocation/next "" "" | tr -d '\r')
  id=$(sed -n 's/^lambda-runtime-aws-request-id: //p' <<<"$got")
  event=${got##*$'\n'}
  if [[ $event == *fail* ]]; then
    call POST "invocation/$id/error" $'lambda-runtime-function-error-type: Asked\r\n' "$event" >/dev/null
  elif [[ $event == *exit* ]]; then
    exit 3
  else
    trace=$(sed -n 's/^lambda-runtime-trace-id: //p' <<<"$got")
    call POST "invocation/$id/response" "" "{\"event\":$event,\"trace\":\"$trace\"}" >/dev/null
  fi
done
"#;

async fn start(folder: &Path) -> Function {
    let path = folder.join("bootstrap");
    // Written by another process: this one may be forking with the file still open, and then nobody can start it.
    let mut writer = std::process::Command::new("/bin/sh")
        .args(["-c", "cat >\"$0\"", path.to_str().unwrap()])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    writer.stdin.take().unwrap().write_all(FUNCTION.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success());
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    Function::start(&path, "echo", &[("GREETING", "hello")]).await
}

#[tokio::test]
async fn a_function_answers_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut function = start(folder.path()).await;
    assert!(function.init() > Duration::ZERO);
    for number in 0..3 {
        let event = json!({ "number": number });
        let done = function.invoke(&event, Duration::from_secs(3)).await;
        assert_eq!(done.answer.unwrap(), json!({ "event": event, "trace": TRACE }));
        assert!(done.took > Duration::ZERO);
    }
    let failed = function.invoke(&json!({ "fail": true }), Duration::from_secs(3)).await;
    let failure = Failure { error_type: "Asked".to_owned(), body: json!({ "fail": true }) };
    assert_eq!(failed.answer.unwrap_err(), failure);
    assert!(function.peak_memory().unwrap() > 500_000);
    assert_eq!(function.log(), "hello from echo, home unset\n");
}

#[tokio::test]
#[should_panic(expected = "hello from echo")]
async fn a_function_that_ends_fails_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    start(folder.path()).await.invoke(&json!("exit"), Duration::from_secs(3)).await;
}
