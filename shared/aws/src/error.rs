//! The SDK's errors into those of the ports.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use domain::{ErrorKind, StoreError};
use std::error::Error;
use std::fmt;

/// A call on a service, for messages.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    /// What is done to what; fits after "failed to".
    pub action: &'a str,
    /// Whose permission it needs, as IAM spells it.
    pub permission: &'a str,
    /// On which bucket, table, queue or secret.
    pub on: &'a str,
}

impl Call<'_> {
    /// An error that is not the service's.
    pub fn error(&self, kind: ErrorKind, why: impl fmt::Display) -> StoreError {
        StoreError::new(kind, format!("{}: {why}", self.action))
    }

    /// The port's error for a failed call whose code has no meaning of its own there.
    pub fn failed<E>(&self, error: SdkError<E, HttpResponse>) -> StoreError
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let (kind, why) = self.judge(&error);
        StoreError::with_source(kind, format!("{}: {why}", self.action), error)
    }

    /// The port's error for a code that came inside an answer: a part of a batch or of a transaction.
    pub fn failed_part(&self, code: &str, message: Option<&str>) -> StoreError {
        let (kind, why) = self.judge_code(code, None);
        match message {
            Some(message) => StoreError::with_source(kind, format!("{}: {why}", self.action), message),
            None => self.error(kind, why),
        }
    }

    fn judge<E: ProvideErrorMetadata>(&self, error: &SdkError<E, HttpResponse>) -> (ErrorKind, String) {
        match error {
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                self.judge_code(context.err().code().unwrap_or_default(), Some(status))
            }
            SdkError::TimeoutError(_) => (ErrorKind::Unavailable, "no answer in time".to_owned()),
            SdkError::DispatchFailure(failure) => match lacks_credentials(failure.as_connector_error()) {
                true => {
                    (ErrorKind::Invalid, "no credentials were found; sign in, or name a profile".to_owned())
                }
                false => (ErrorKind::Unavailable, "the service is out of reach".to_owned()),
            },
            SdkError::ResponseError(_) => {
                (ErrorKind::Unavailable, "the answer was cut off or garbled".to_owned())
            }
            // Nothing was sent: no region, no credentials, or a value that has no place in a request.
            _ => {
                (ErrorKind::Invalid, "the request could not be made; check region and credentials".to_owned())
            }
        }
    }

    fn judge_code(&self, code: &str, status: Option<u16>) -> (ErrorKind, String) {
        let on = self.on;
        if is_denied(code) {
            let why = format!("the role lacks the permission {} on {on} ({code})", self.permission);
            return (ErrorKind::Invalid, why);
        }
        if is_missing(code) {
            return (ErrorKind::Invalid, format!("{on} does not exist ({code})"));
        }
        if is_transient(code) || status.is_some_and(|s| s == 429 || s >= 500) {
            return (ErrorKind::Unavailable, format!("the service asks to try again later ({code})"));
        }
        let status = status.map_or(String::new(), |status| format!(", status {status}"));
        let code = if code.is_empty() { "without a code" } else { code };
        (ErrorKind::Invalid, format!("the service refuses it ({code}{status})"))
    }
}

/// Whether a request was not sent for want of credentials.
fn lacks_credentials(failure: Option<&ConnectorError>) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = failure.map(|failure| failure as _);
    while let Some(error) = cause {
        if let Some(CredentialsError::CredentialsNotLoaded(_)) = error.downcast_ref() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether the role, or whoever called, may not do this.
fn is_denied(code: &str) -> bool {
    matches!(
        code,
        "AccessDenied"
            | "AccessDeniedException"
            | "AuthorizationError"
            | "AWS.SimpleQueueService.AccessDenied"
            | "KMSAccessDeniedException"
            | "KmsAccessDenied"
            | "UnauthorizedOperation"
    )
}

/// Whether the bucket, table, queue or index itself is not there. Not `NotFound`: that would read as "no such
/// object", and a wrong name would pass for an empty store.
fn is_missing(code: &str) -> bool {
    matches!(
        code,
        "NoSuchBucket"
            | "ResourceNotFound"
            | "ResourceNotFoundException"
            | "QueueDoesNotExist"
            | "AWS.SimpleQueueService.NonExistentQueue"
    )
}

/// Whether the same call may succeed later, as far as the code tells; see also the status.
pub(crate) fn is_transient(code: &str) -> bool {
    matches!(
        code,
        // DynamoDB, in its errors and inside batches and transactions.
        "InternalServerError"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "ReplicatedWriteConflictException"
            | "Throttling"
            | "ThrottlingError"
            | "ThrottlingException"
            | "TransactionConflict"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            // S3.
            | "ConditionalRequestConflict"
            | "InternalError"
            | "OperationAborted"
            | "RequestTimeout"
            | "ServiceUnavailable"
            | "SlowDown"
            // SQS and Secrets Manager.
            | "InternalFailure"
            | "InternalServiceError"
            | "KmsThrottled"
            | "RequestThrottled"
            | "RequestThrottledException"
            // Credentials are renewed by whoever gave them.
            | "ExpiredToken"
            | "ExpiredTokenException"
    )
}

/// The service's code of a failed call, if the service answered with one.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// The HTTP status of a failed call, if there was an answer.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call() -> Call<'static> {
        Call { action: "get object \"a\"", permission: "s3:GetObject", on: "bucket \"b\"" }
    }

    #[test]
    fn codes_say_what_the_caller_can_do() {
        for (code, kind, said) in [
            ("SlowDown", ErrorKind::Unavailable, "later (SlowDown)"),
            ("ThrottlingError", ErrorKind::Unavailable, "later (ThrottlingError)"),
            ("NoSuchBucket", ErrorKind::Invalid, "bucket \"b\" does not exist (NoSuchBucket)"),
            ("AccessDenied", ErrorKind::Invalid, "the permission s3:GetObject on bucket \"b\""),
            ("EntityTooLarge", ErrorKind::Invalid, "refuses it (EntityTooLarge)"),
        ] {
            let error = call().failed_part(code, Some("detail"));
            assert_eq!(error.kind, kind, "{code}");
            assert!(
                error.message.starts_with("get object \"a\": ") && error.message.contains(said),
                "{error}"
            );
            assert_eq!(error.source.unwrap().to_string(), "detail");
        }
    }

    #[test]
    fn what_has_no_code_is_judged_by_its_status() {
        for (status, kind) in
            [(500, ErrorKind::Unavailable), (503, ErrorKind::Unavailable), (429, ErrorKind::Unavailable)]
        {
            assert_eq!(call().judge_code("", Some(status)).0, kind, "{status}");
        }
        assert_eq!(call().judge_code("", Some(400)).0, ErrorKind::Invalid);
    }

    #[test]
    fn what_got_no_answer_may_succeed_later() {
        use aws_sdk_dynamodb::error::ErrorMetadata;
        #[derive(Debug)]
        struct Said(ErrorMetadata);
        impl ProvideErrorMetadata for Said {
            fn meta(&self) -> &ErrorMetadata {
                &self.0
            }
        }
        let error: SdkError<Said, HttpResponse> = SdkError::timeout_error("too slow");
        assert_eq!(call().judge(&error).0, ErrorKind::Unavailable);
        let error: SdkError<Said, HttpResponse> = SdkError::construction_failure("no region");
        assert_eq!(call().judge(&error).0, ErrorKind::Invalid);
    }
}
