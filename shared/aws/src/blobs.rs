//! Objects in a bucket.

use crate::Sdk;
use crate::error::{Call, code, status};
use crate::patience::{TRIES, pause};
use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use domain::key::{check_key, check_prefix};
use domain::ports::{Blob, BlobStore, PutIf};
use domain::{ErrorKind, StoreError, StoreResult};
use tokio::io::AsyncRead;

/// Status of a put whose condition does not hold.
const PRECONDITION_FAILED: u16 = 412;
/// Status of a put that met another of the same key under way.
const CONFLICT: u16 = 409;

/// A [`BlobStore`] on a bucket. Versions are its ETags; objects whose keys are none of ours (a console's folder
/// markers) are not listed.
///
/// A put under a condition whose first answer was lost may say `AlreadyExists` or `Precondition` for its own success.
#[derive(Clone)]
pub struct S3BlobStore {
    client: Client,
    bucket: String,
    /// How messages name it.
    on: String,
}

impl S3BlobStore {
    /// Makes no network call; a wrong name is told by the first one.
    pub fn new(sdk: &Sdk, bucket: impl Into<String>) -> Self {
        let bucket = bucket.into();
        Self { client: sdk.s3(), on: format!("bucket {bucket:?}"), bucket }
    }

    /// The length of an object in bytes and a reader of its content, for what is too large to be held; else `NotFound`.
    ///
    /// A reader that fails midway is not taken up again: open anew.
    pub async fn open(&self, key: &str) -> StoreResult<(u64, impl AsyncRead + Send + Unpin + use<>)> {
        let action = format!("get object {key:?}");
        let output = self.begin(key, &action).await?;
        let length = output.content_length().and_then(|length| u64::try_from(length).ok());
        let length = length.ok_or_else(|| {
            StoreError::new(ErrorKind::Unavailable, format!("{action}: the answer has no length"))
        })?;
        Ok((length, Box::pin(output.body.into_async_read())))
    }

    async fn begin(&self, key: &str, action: &str) -> StoreResult<GetObjectOutput> {
        check_key(key)?;
        let sent = self.client.get_object().bucket(&self.bucket).key(key).send().await;
        sent.map_err(|error| match code(&error) {
            Some("NoSuchKey") => {
                StoreError::new(ErrorKind::NotFound, format!("{action}: nothing is stored under that key"))
            }
            // Who may not list a bucket is not told that an object is missing.
            Some("AccessDenied") => {
                self.call(action, "s3:GetObject (or s3:ListBucket, if nothing is there)").failed(error)
            }
            _ => self.call(action, "s3:GetObject").failed(error),
        })
    }

    /// One put; `None` when it met another that was under way.
    async fn try_put(&self, key: &str, bytes: &[u8], condition: &PutIf) -> StoreResult<Option<String>> {
        let action = format!("put object {key:?}");
        let put =
            self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes.to_vec()));
        let put = match condition {
            PutIf::Always => put,
            PutIf::Absent => put.if_none_match("*"),
            PutIf::Match(etag) => put.if_match(etag),
        };
        let error = match put.send().await {
            Ok(output) => {
                let etag = output.e_tag.ok_or_else(|| {
                    StoreError::new(ErrorKind::Unavailable, format!("{action}: the answer has no version"))
                })?;
                return Ok(Some(etag));
            }
            Err(error) => error,
        };
        let failed = |kind, why: &str| Err(StoreError::new(kind, format!("{action}: {why}")));
        match (condition, status(&error), code(&error)) {
            (PutIf::Absent, Some(PRECONDITION_FAILED), _) => {
                failed(ErrorKind::AlreadyExists, "it exists already")
            }
            (PutIf::Match(_), Some(PRECONDITION_FAILED), _) => {
                failed(ErrorKind::Precondition, "another version than the expected one is stored")
            }
            (PutIf::Match(_), _, Some("NoSuchKey")) => {
                failed(ErrorKind::Precondition, "nothing is stored where a version was expected")
            }
            (_, Some(CONFLICT), _) => Ok(None),
            _ => Err(self.call(&action, "s3:PutObject").failed(error)),
        }
    }

    fn call<'a>(&'a self, action: &'a str, permission: &'a str) -> Call<'a> {
        Call { action, permission, on: &self.on }
    }
}

#[async_trait]
impl BlobStore for S3BlobStore {
    async fn get(&self, key: &str) -> StoreResult<Blob> {
        let action = format!("get object {key:?}");
        let mut tried = 0;
        loop {
            let output = self.begin(key, &action).await?;
            let etag = output.e_tag.unwrap_or_default();
            // The SDK repeats what fails before the body begins, not what breaks off within it.
            match output.body.collect().await {
                Ok(bytes) => return Ok(Blob { bytes: bytes.to_vec(), etag }),
                Err(_) if tried + 1 < TRIES => pause(tried).await,
                Err(error) => {
                    let message = format!("{action}: its content breaks off");
                    return Err(StoreError::with_source(ErrorKind::Unavailable, message, error));
                }
            }
            tried += 1;
        }
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: PutIf) -> StoreResult<String> {
        check_key(key)?;
        for tried in 0..TRIES {
            if let Some(etag) = self.try_put(key, &bytes, &condition).await? {
                return Ok(etag);
            }
            pause(tried).await;
        }
        let message = format!("put object {key:?}: others keep putting it at the same time");
        Err(StoreError::new(ErrorKind::Unavailable, message))
    }

    async fn list(&self, prefix: &str) -> StoreResult<Vec<String>> {
        check_prefix(prefix)?;
        let action = format!("list objects {prefix:?}");
        let mut pages =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.call(&action, "s3:ListBucket").failed(error))?;
            keys.extend(page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key));
        }
        keys.retain(|key| check_key(key).is_ok());
        // A general purpose bucket lists by bytes already.
        keys.sort_unstable();
        Ok(keys)
    }

    async fn delete(&self, key: &str) -> StoreResult<()> {
        check_key(key)?;
        let action = format!("delete object {key:?}");
        let deleted = self.client.delete_object().bucket(&self.bucket).key(key).send().await;
        deleted.map(|_| ()).map_err(|error| self.call(&action, "s3:DeleteObject").failed(error))
    }
}
