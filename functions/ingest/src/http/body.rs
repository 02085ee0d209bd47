//! The request's body as text of one format: decoded, unpacked, and never larger than the limit.

use super::answer::Problem;
use aws_lambda_events::lambda_function_urls::LambdaFunctionUrlRequest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::read::MultiGzDecoder;
use pipeline::reader::Format;
use serde::de::IgnoredAny;
use std::io::Read;

/// Bytes that a body may have once it is unpacked.
const MAX_BYTES: usize = 32 << 20;

/// What is read besides plain text.
const TYPES: &str = "application/json, application/x-ndjson, text/csv or text/tab-separated-values";

/// A body that is ready to be read.
#[derive(Debug)]
pub struct Body {
    /// The tickets.
    pub text: Vec<u8>,
    /// How they are written.
    pub format: Format,
}

impl Body {
    /// Unpacks a request's body. Fails on another type or compression, on a broken, an empty and a large one.
    pub fn of(request: &LambdaFunctionUrlRequest) -> Result<Self, Problem> {
        let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap_or("?").trim());
        let media_type = media_type(header("content-type").unwrap_or_default())?;
        let body = request.body.as_deref().unwrap_or_default();
        let sent = if request.is_base64_encoded {
            STANDARD
                .decode(body)
                .map_err(|_| Problem::bad_request("the body is not the base64 it is said to be"))?
        } else {
            body.as_bytes().to_vec()
        };
        let text = unpack(sent, header("content-encoding"))?;
        if text.iter().all(u8::is_ascii_whitespace) {
            return Err(Problem::bad_request("the body is empty"));
        }
        match media_type {
            MediaType::Json => json(text),
            MediaType::Lines => Ok(Self { text, format: Format::Ndjson }),
            MediaType::Csv => Ok(Self { text, format: Format::Csv }),
            MediaType::Tsv => Ok(Self { text, format: Format::Tsv }),
        }
    }
}

enum MediaType {
    Json,
    Lines,
    Csv,
    Tsv,
}

fn media_type(header: &str) -> Result<MediaType, Problem> {
    let name = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "application/json" => Ok(MediaType::Json),
        "application/x-ndjson" | "application/ndjson" => Ok(MediaType::Lines),
        "text/csv" => Ok(MediaType::Csv),
        "text/tab-separated-values" => Ok(MediaType::Tsv),
        _ => Err(Problem::unsupported(format!("send {TYPES} as content-type"))),
    }
}

fn unpack(sent: Vec<u8>, encoding: Option<&str>) -> Result<Vec<u8>, Problem> {
    let too_large =
        || Problem::too_large(format!("more than {} MiB; send it in several requests", MAX_BYTES >> 20));
    let text = match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => sent,
        Some("gzip") => {
            let mut text = Vec::new();
            let read = MultiGzDecoder::new(sent.as_slice()).take(MAX_BYTES as u64 + 1).read_to_end(&mut text);
            read.map_err(|_| Problem::bad_request("the body is broken gzip"))?;
            text
        }
        Some(_) => return Err(Problem::unsupported("send the body plain or with content-encoding gzip")),
    };
    if text.len() > MAX_BYTES {
        return Err(too_large());
    }
    // The reader would unpack it once more, without a limit.
    if matches!(
        text[..],
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..]
    ) {
        return Err(Problem::unsupported("the body is compressed and content-encoding does not say so"));
    }
    Ok(text)
}

/// An array as it is; one object as an array of one.
fn json(mut text: Vec<u8>) -> Result<Body, Problem> {
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'[') => {}
        Some(b'{') => {
            if let Err(error) = serde_json::from_slice::<IgnoredAny>(&text) {
                // The error's own text could quote the body.
                let place = format!("line {}, column {}", error.line(), error.column());
                return Err(Problem::bad_request(format!(
                    "the body is not one JSON object: it breaks at {place}; send several as an array, or as \
                     application/x-ndjson"
                )));
            }
            text.insert(0, b'[');
            text.push(b']');
        }
        _ => return Err(Problem::bad_request("the body is neither a JSON object nor an array of objects")),
    }
    Ok(Body { text, format: Format::JsonArray })
}
