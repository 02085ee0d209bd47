//! Logs as JSON lines on stdout.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Logs from now on. `AWS_LAMBDA_LOG_LEVEL`, else `RUST_LOG`, names the level (default: info).
///
/// It holds for our own crates alone: the runtime and the SDK write whole payloads at trace.
pub fn to_stdout(function: &'static str) {
    let named = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].into_iter().find_map(|name| std::env::var(name).ok());
    let level = named.and_then(|name| name.parse().ok()).unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    tracing_subscriber::registry().with(lines).with(targets(function, level)).init();
}

fn targets(function: &'static str, level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        // The longer prefix wins: `aws` is our own, what follows is the SDK.
        .with_target("aws_", LevelFilter::WARN)
        // Its span carries the request's id.
        .with_target("lambda_runtime", LevelFilter::INFO)
        // It repeats what the handler has logged; a panic is told on stderr besides.
        .with_target("lambda_runtime::layers::panic", LevelFilter::OFF)
        .with_targets([function, "aws", "lambda", "pipeline"].map(|target| (target, level)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn the_level_is_that_of_our_own_crates_alone() {
        let targets = targets("ingest", LevelFilter::TRACE);
        for ours in ["ingest::http", "aws::queue", "lambda::schedule", "pipeline::detect"] {
            assert!(targets.would_enable(ours, &Level::TRACE), "{ours}");
        }
        for other in
            ["aws_smithy_runtime::client", "aws_sdk_s3", "aws_config", "hyper", "lambda_runtime::run"]
        {
            assert!(!targets.would_enable(other, &Level::DEBUG), "{other}");
        }
    }
}
