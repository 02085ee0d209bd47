//! LocalStack in a container.

use testcontainers_modules::localstack::LocalStack;
use testcontainers_modules::testcontainers::runners::SyncRunner;
use testcontainers_modules::testcontainers::{Container, ImageExt};

/// The last image that wants no account.
const TAG: &str = "4.14.0";
const PORT: u16 = 4566;

/// Its address, and the container, which ends when it is dropped.
pub fn start() -> (String, Container<LocalStack>) {
    // The runner blocks, which a thread of an async runtime may not.
    let started = std::thread::spawn(|| {
        let container =
            LocalStack::default().with_tag(TAG).start().expect("start LocalStack; is Docker running?");
        let port = container.get_host_port_ipv4(PORT).expect("the port of LocalStack");
        (format!("http://127.0.0.1:{port}"), container)
    });
    started.join().expect("start LocalStack")
}
