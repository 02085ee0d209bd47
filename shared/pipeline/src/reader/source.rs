//! Bytes of a file as UTF-8 text: counted, decompressed, decoded, in a window of bounded size.

use super::error::ReadError;
use encoding_rs::{CoderResult, Decoder as Charset, UTF_16BE, UTF_16LE};
use flate2::bufread::MultiGzDecoder;
use std::io::{self, BufReader, Chain, Cursor, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// Largest window a zstd frame may ask for: 2^27 bytes, what the `zstd` tool itself accepts without `--long`.
const ZSTD_WINDOW_LOG: u32 = 27;

/// Counts what is read and remembers whether the source itself failed.
struct Counted<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(out) {
            Ok(n) => {
                self.bytes.fetch_add(n as u64, Ordering::Relaxed);
                Ok(n)
            }
            Err(error) => {
                self.failed.store(error.kind() != ErrorKind::Interrupted, Ordering::Relaxed);
                Err(error)
            }
        }
    }
}

type Raw<R> = Chain<Cursor<Vec<u8>>, Counted<R>>;

/// A file without its compression.
enum Unpacked<R: Read> {
    Plain(Raw<R>),
    Gzip(Box<MultiGzDecoder<BufReader<Raw<R>>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Raw<R>>>>),
}

impl<R: Read> Unpacked<R> {
    fn open(mut input: Counted<R>) -> io::Result<Self> {
        let mut magic = Vec::new();
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let is_gzip = magic.starts_with(&[0x1f, 0x8b]);
        // A frame, or a skippable frame, as parallel compressors put it in front (RFC 8878, section 3.1.2).
        let is_zstd = matches!(magic[..], [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18]);
        let raw = Cursor::new(magic).chain(input);
        if is_gzip {
            return Ok(Self::Gzip(Box::new(MultiGzDecoder::new(BufReader::with_capacity(CHUNK, raw)))));
        }
        if is_zstd {
            let buffered = BufReader::with_capacity(CHUNK, raw);
            let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG)?;
            return Ok(Self::Zstd(Box::new(decoder)));
        }
        Ok(Self::Plain(raw))
    }

    fn compression(&self) -> Option<&'static str> {
        match self {
            Self::Plain(_) => None,
            Self::Gzip(_) => Some("gzip"),
            Self::Zstd(_) => Some("zstd"),
        }
    }

    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match self {
                Self::Plain(input) => input.read(out),
                Self::Gzip(input) => input.read(out),
                Self::Zstd(input) => input.read(out),
            };
            match result {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

/// Turns UTF-16 into UTF-8; a half character becomes U+FFFD.
struct Utf16 {
    charset: Charset,
    raw: Vec<u8>,
    used: usize,
    at_end: bool,
    finished: bool,
}

impl Utf16 {
    fn read<R: Read>(&mut self, input: &mut Unpacked<R>, out: &mut [u8]) -> io::Result<usize> {
        while !self.finished {
            if self.used == self.raw.len() && !self.at_end {
                self.raw.resize(CHUNK, 0);
                self.used = 0;
                let n = match input.read(&mut self.raw) {
                    Ok(n) => n,
                    Err(error) => {
                        self.raw.clear();
                        return Err(error);
                    }
                };
                self.raw.truncate(n);
                self.at_end = n == 0;
            }
            let (result, used, written, _) =
                self.charset.decode_to_utf8(&self.raw[self.used..], out, self.at_end);
            self.used += used;
            self.finished = self.at_end && result == CoderResult::InputEmpty;
            if written > 0 {
                return Ok(written);
            }
        }
        Ok(0)
    }
}

/// The part of the text between what is done with and what is not yet read.
pub(super) struct Window<R: Read> {
    input: Unpacked<R>,
    utf16: Option<Utf16>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    at_end: bool,
    consumed: u64,
    bytes: Arc<AtomicU64>,
    failed: Arc<AtomicBool>,
}

impl<R: Read> Window<R> {
    /// Opens a source: finds its compression by its first bytes, its encoding by its byte order mark.
    pub(super) fn open(input: R) -> Result<Self, ReadError> {
        let bytes = Arc::new(AtomicU64::new(0));
        let failed = Arc::new(AtomicBool::new(false));
        let counted = Counted { inner: input, bytes: Arc::clone(&bytes), failed: Arc::clone(&failed) };
        let input = Unpacked::open(counted).map_err(|source| ReadError::Io {
            bytes: bytes.load(Ordering::Relaxed),
            line: 1,
            source,
        })?;
        let mut window = Self {
            input,
            utf16: None,
            buffer: Vec::new(),
            start: 0,
            end: 0,
            at_end: false,
            consumed: 0,
            bytes,
            failed,
        };
        while window.bytes().len() < 3 && window.more(1)? {}
        window.decode_by_mark();
        Ok(window)
    }

    fn decode_by_mark(&mut self) {
        let charset = match self.bytes() {
            [0xef, 0xbb, 0xbf, ..] => return self.consume(3),
            [0xff, 0xfe, ..] => UTF_16LE,
            [0xfe, 0xff, ..] => UTF_16BE,
            _ => return,
        };
        let raw = self.bytes()[2..].to_vec();
        let charset = charset.new_decoder_without_bom_handling();
        self.utf16 = Some(Utf16 { charset, raw, used: 0, at_end: false, finished: false });
        (self.start, self.end, self.at_end) = (0, 0, false);
    }

    /// What is there and not consumed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Drops the first `n` bytes.
    pub(super) fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        self.start += n;
        self.consumed += n as u64;
    }

    /// Reads on; false at the end of the text. `line` is for the error's message.
    ///
    /// The window grows by one chunk at a time: whoever consumes bounds its size.
    pub(super) fn more(&mut self, line: u64) -> Result<bool, ReadError> {
        if self.at_end {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.buffer.len() < self.end + CHUNK {
            self.buffer.resize(self.end + CHUNK, 0);
        }
        let out = &mut self.buffer[self.end..];
        let read = match &mut self.utf16 {
            Some(utf16) => utf16.read(&mut self.input, out),
            None => self.input.read(out),
        };
        let n = read.map_err(|error| self.error(error, line))?;
        self.end += n;
        self.at_end = n == 0;
        Ok(n > 0)
    }

    /// Bytes of text consumed so far.
    pub(super) fn consumed(&self) -> u64 {
        self.consumed
    }

    /// Counter of the bytes taken from the source, which is the compressed file.
    pub(super) fn counter(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.bytes)
    }

    fn error(&self, source: io::Error, line: u64) -> ReadError {
        let bytes = self.bytes.load(Ordering::Relaxed);
        match self.input.compression() {
            Some(compression) if !self.failed.load(Ordering::Relaxed) => match source.kind() {
                ErrorKind::UnexpectedEof => ReadError::Truncated { compression, bytes, line },
                _ => ReadError::Damaged { compression, bytes, line, source },
            },
            _ => ReadError::Io { bytes, line, source },
        }
    }

    /// Memory held for the text, in bytes.
    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.buffer.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(input: impl Read) -> Result<String, ReadError> {
        let mut window = Window::open(input)?;
        let mut out = window.bytes().to_vec();
        window.consume(out.len());
        while window.more(1)? {
            out.extend_from_slice(window.bytes());
            window.consume(usize::MAX);
        }
        Ok(String::from_utf8(out).unwrap())
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn marks_are_taken_off_and_utf_16_is_decoded() {
        let long = "grün 🙂 ".repeat(20_000);
        for sample in ["", "a", "ab", "grün 🙂", &long] {
            let marked = format!("\u{feff}{sample}");
            assert_eq!(text(sample.as_bytes()).unwrap(), sample);
            assert_eq!(text(marked.as_bytes()).unwrap(), sample);
            assert_eq!(text(utf16(sample, false).as_slice()).unwrap(), sample);
            assert_eq!(text(utf16(sample, true).as_slice()).unwrap(), sample);
        }
        let mut odd = utf16("ab", false);
        odd.push(b'c');
        assert_eq!(text(odd.as_slice()).unwrap(), "ab\u{fffd}");
    }

    #[test]
    fn several_frames_are_one_text() {
        let zst = |s: &str| zstd::encode_all(s.as_bytes(), 3).unwrap();
        assert_eq!(text([zst("ab"), zst("cd")].concat().as_slice()).unwrap(), "abcd");
        let skippable = b"\x50\x2a\x4d\x18\x02\x00\x00\x00..".to_vec();
        assert_eq!(text([skippable, zst("ab")].concat().as_slice()).unwrap(), "ab");
    }

    #[test]
    fn a_source_that_fails_is_not_called_damaged() {
        struct Fails;
        impl Read for Fails {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(ErrorKind::ConnectionReset.into())
            }
        }
        let packed = zstd::encode_all("abc".repeat(1000).as_bytes(), 3).unwrap();
        let error = text(packed[..10].chain(Fails)).unwrap_err();
        assert!(matches!(error, ReadError::Io { bytes: 10, .. }), "{error:?}");
    }

    #[test]
    fn a_flipped_bit_is_damage() {
        let mut packed = zstd::encode_all("abc, def. ".repeat(50).as_bytes(), 3).unwrap();
        packed[5] ^= 0xff;
        let error = text(packed.as_slice()).unwrap_err();
        assert!(matches!(error, ReadError::Damaged { compression: "zstd", .. }), "{error:?}");
    }
}
