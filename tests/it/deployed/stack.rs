//! An emulator with the deployed template.

use crate::aws::emulator::{Emulator, root};
use crate::aws::resources::Clients;
use aws_sdk_dynamodb::config::Credentials;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The emulator takes this key for the account's root and checks no signature of it.
const ROOT: &str = "test";
/// Where `infra/run functions` puts the bootstraps.
const FUNCTIONS: [&str; 4] = ["ingest", "detect", "diagnose", "train"];

/// A deployed stack; the emulator ends with it.
pub struct Stack {
    emulator: Emulator,
    outputs: BTreeMap<String, String>,
}

/// What a function answered.
#[derive(Debug)]
pub struct Invoked {
    /// HTTP status, or 200 for a direct invocation that succeeded.
    pub status: u16,
    /// The body.
    pub body: Value,
}

impl Stack {
    /// Deploys `infra/template.yaml` with `sam deploy` to an emulator of its own. `environment` is added to the
    /// emulator's, and so reaches the functions.
    pub fn deploy(name: &str, environment: &[(&str, &str)]) -> Self {
        Self::deploy_template(name, &root().join("infra/template.yaml"), environment)
    }

    /// The same with policies enforced. The resource policies that refuse calls without TLS are left out: the emulator
    /// speaks plain HTTP, and refuses everything with them.
    pub fn deploy_enforced(name: &str) -> Self {
        let root = root();
        let template = std::fs::read_to_string(root.join("infra/template.yaml")).unwrap();
        let functions = format!("{}/.tools/lambda/", root.display());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        let kept = without(&template, &["BucketPolicy", "QueuePolicy", "DeadLetterQueuePolicy"]);
        std::fs::write(&path, kept.replace("../.tools/lambda/", &functions)).unwrap();
        Self::deploy_template(name, &path, &[("AUTH", "true")])
    }

    fn deploy_template(name: &str, template: &Path, environment: &[(&str, &str)]) -> Self {
        let root = root();
        for function in FUNCTIONS {
            let bootstrap = root.join(".tools/lambda").join(function).join("bootstrap");
            assert!(bootstrap.exists(), "{} is missing: run `infra/run functions`", bootstrap.display());
        }
        let sam = root.join(".tools/sam/bin/sam");
        assert!(sam.exists(), "{} is missing: run `infra/run setup all`", sam.display());
        let emulator = Emulator::start(environment);
        let begun = Instant::now();
        let home = tempfile::tempdir().unwrap();
        let deployed = aws_tool(&sam, &emulator.url, home.path())
            .current_dir(&root)
            .args(["deploy", "--stack-name", name, "--template-file"])
            .arg(template)
            .args([
                "--resolve-s3",
                "--no-confirm-changeset",
                "--no-progressbar",
                "--no-fail-on-empty-changeset",
            ])
            .args(["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"])
            .args(["--parameter-overrides", "TimeZone=UTC"])
            .output()
            .expect("run sam");
        assert!(
            deployed.status.success(),
            "sam deploy failed:\n{}\n{}",
            String::from_utf8_lossy(&deployed.stdout),
            String::from_utf8_lossy(&deployed.stderr)
        );
        let listed = aws_tool(&sam, &emulator.url, home.path())
            .args(["list", "stack-outputs", "--stack-name", name, "--output", "json"])
            .output()
            .expect("run sam");
        let outputs: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap_or_else(|e| {
            panic!("stack outputs ({e}): {}", String::from_utf8_lossy(&listed.stderr));
        });
        let text = |output: &Value, key: &str| output[key].as_str().unwrap_or_default().to_owned();
        let outputs: BTreeMap<String, String> =
            outputs.iter().map(|o| (text(o, "OutputKey"), text(o, "OutputValue"))).collect();
        println!("deployed {name} in {:.1} s", begun.elapsed().as_secs_f64());
        Self { emulator, outputs }
    }

    /// An output of the stack.
    pub fn output(&self, key: &str) -> &str {
        self.outputs.get(key).unwrap_or_else(|| panic!("the stack has no output {key}: {:?}", self.outputs))
    }

    /// The emulator's address.
    pub fn url(&self) -> &str {
        &self.emulator.url
    }

    /// The SDK as the account's root.
    pub fn sdk(&self) -> aws::Sdk {
        aws::Sdk::with(self.url(), "us-east-1", root_credentials())
    }

    /// Calls the ingest function through its Function URL; the address is one that the emulator serves.
    pub fn post(&self, query: &str, headers: &[(&str, &str)], body: &[u8]) -> Invoked {
        let id = self.output("IngestUrl");
        let id = id.trim_start_matches("http://").trim_start_matches("https://");
        let id = id.split('.').next().unwrap_or(id);
        let mut request = ureq::post(format!("{}/_aws/lambda-url/{id}/{query}", self.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let sent = request.config().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
        match sent.send(body) {
            Ok(mut response) => {
                let status = response.status().as_u16();
                let text = response.body_mut().read_to_string().unwrap_or_default();
                Invoked { status, body: serde_json::from_str(&text).unwrap_or(Value::String(text)) }
            }
            Err(error) => Invoked { status: 0, body: Value::String(error.to_string()) },
        }
    }

    /// Invokes a function directly and returns its answer; fails when the function did.
    pub fn invoke(&self, output: &str, event: &Value) -> Value {
        let name = self.output(output);
        let url = format!("{}/2015-03-31/functions/{name}/invocations", self.url());
        let mut response = ureq::post(url)
            .header("authorization", authorization("lambda"))
            .config()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .build()
            .send(event.to_string())
            .expect("invoke");
        let failed = response.headers().get("x-amz-function-error").is_some();
        let text = response.body_mut().read_to_string().expect("a function's answer");
        assert!(!failed && response.status().is_success(), "{name} failed: {text}");
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    }

    /// Clients of the account's root.
    pub fn clients(&self) -> Clients {
        Clients::new(self.url(), root_credentials())
    }

    /// The value of one of the stack's secrets.
    pub async fn secret(&self, output: &str) -> String {
        aws::Secrets::new(&self.sdk()).get(self.output(output)).await.expect("read a secret")
    }

    /// Credentials of a function's role.
    pub fn assume(&self, function: &str) -> Credentials {
        let name = self.output(&format!("{function}FunctionName"));
        let settings = ureq::get(format!("{}/2015-03-31/functions/{name}/configuration", self.url()))
            .header("authorization", authorization("lambda"))
            .call()
            .expect("a function's settings")
            .body_mut()
            .read_to_string()
            .expect("a function's settings");
        let settings: Value = serde_json::from_str(&settings).expect("settings in JSON");
        let form = [
            ("Action", "AssumeRole"),
            ("Version", "2011-06-15"),
            ("RoleArn", settings["Role"].as_str().expect("a function has a role")),
            ("RoleSessionName", "test"),
        ];
        let answer = ureq::post(self.url())
            .header("authorization", authorization("sts"))
            .send_form(form)
            .expect("assume a role")
            .body_mut()
            .read_to_string()
            .expect("credentials");
        let part = |name: &str| {
            let (_, rest) = answer.split_once(&format!("<{name}>")).unwrap_or_else(|| panic!("{answer}"));
            rest.split_once('<').unwrap().0.to_owned()
        };
        let token = Some(part("SessionToken"));
        Credentials::new(part("AccessKeyId"), part("SecretAccessKey"), token, None, "assumed")
    }

    /// The command line with the emulator as its AWS.
    pub fn anomalyze(&self, arguments: &[&str], folder: &Path) -> String {
        let mut command = Command::new(crate::cli::program::binary());
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        for (name, value) in environment(self.url()) {
            command.env(name, value);
        }
        let done = command.output().expect("run anomalyze");
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "anomalyze {arguments:?}: {err}");
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

/// Longest that a call may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Waits until `ready` gives something.
pub async fn eventually<T>(what: &str, mut ready: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(90) {
        if let Some(found) = ready().await {
            println!("{what} after {:.1} s", begun.elapsed().as_secs_f64());
            return found;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    panic!("waited 90 s for: {what}");
}

/// Credentials of the account's root.
fn root_credentials() -> Credentials {
    Credentials::new(ROOT, ROOT, None, None, "root")
}

/// The template without some of its resources.
fn without(template: &str, resources: &[&str]) -> String {
    let mut kept = String::new();
    let mut dropping = false;
    for line in template.lines() {
        if line.starts_with("  ") && !line.starts_with("   ") && !line.trim_start().starts_with('#') {
            dropping = resources.iter().any(|name| line.trim_end() == format!("  {name}:"));
        } else if !line.starts_with(' ') && !line.is_empty() {
            dropping = false;
        }
        if !dropping {
            kept += line;
            kept.push('\n');
        }
    }
    assert!(resources.iter().all(|name| template.contains(&format!("\n  {name}:\n"))), "{resources:?}");
    kept
}

fn authorization(service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={ROOT}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

fn environment(url: &str) -> [(&'static str, String); 6] {
    [
        ("AWS_ENDPOINT_URL", url.to_owned()),
        ("AWS_ACCESS_KEY_ID", ROOT.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", ROOT.to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
        ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
}

/// A command of the SAM CLI that finds neither a profile of the machine nor the way home.
fn aws_tool(program: &Path, url: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).env("HOME", home).env("SAM_CLI_TELEMETRY", "0");
    for (name, value) in environment(url) {
        command.env(name, value);
    }
    command
}
