//! The encoding of a text file, found by whether it fits without a single fault, and its text as UTF-8 piece by piece.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_8, UTF_16BE, UTF_16LE};
use serde::{Deserialize, Serialize};

use super::FileFault;
use super::reason;

const PIECE: usize = 64 * 1024;
/// Text of another encoding is not UTF-8 for so many letters by chance.
const SURELY_UTF8: u64 = 32;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    Utf8,
    Gb18030,
    Utf16Le,
    Utf16Be,
}

impl Encoding {
    /// As IANA names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gb18030 => "GB18030",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }

    fn decoder(self) -> Decoder {
        match self {
            Self::Utf8 => UTF_8,
            Self::Gb18030 => GB18030,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
        }
        .new_decoder_with_bom_removal()
    }
}

pub fn detect(file: &mut File) -> Result<Encoding, FileFault> {
    let mut start = [0; 3];
    file.rewind()?;
    let length = file.read(&mut start)?;
    let marked = match &start[..length] {
        [0xef, 0xbb, 0xbf] => Some(Encoding::Utf8),
        [0xff, 0xfe, ..] => Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] => Some(Encoding::Utf16Be),
        _ => None,
    };
    if let Some(encoding) = marked {
        return match first_fault(file, encoding)? {
            None => Ok(encoding),
            Some(fault) => Err(refused(encoding, fault.line)),
        };
    }
    let Some(utf8) = first_fault(file, Encoding::Utf8)? else { return Ok(Encoding::Utf8) };
    if utf8.letters >= SURELY_UTF8 {
        return Err(refused(Encoding::Utf8, utf8.line));
    }
    match first_fault(file, Encoding::Gb18030)? {
        None => Ok(Encoding::Gb18030),
        Some(fault) => Err(refused(Encoding::Gb18030, fault.line)),
    }
}

fn refused(encoding: Encoding, line: u64) -> FileFault {
    FileFault::new(&reason::FILE_ENCODING_UNKNOWN).arg("encoding", encoding.name()).arg("row", line)
}

struct Misfit {
    line: u64,
    /// Characters beyond ASCII before it.
    letters: u64,
}

fn first_fault(file: &mut File, encoding: Encoding) -> Result<Option<Misfit>, FileFault> {
    let mut text = Text::new(file, encoding)?;
    let mut seen = Misfit { line: 1, letters: 0 };
    while let Some(piece) = text.next_piece()? {
        seen.line += piece.bytes().filter(|byte| *byte == b'\n').count() as u64;
        seen.letters += piece.bytes().filter(|byte| *byte >= 0xc0).count() as u64;
        if piece.contains('\0') {
            return Err(FileFault::new(&reason::FILE_NUL).arg("row", seen.line));
        }
    }
    Ok(text.is_broken().then_some(seen))
}

/// The text of a file from its beginning, without its byte order mark.
pub struct Text<'a> {
    file: &'a mut File,
    decoder: Decoder,
    input: Vec<u8>,
    /// Bytes of `input` that are not decoded yet.
    pending: std::ops::Range<usize>,
    output: Vec<u8>,
    ended: bool,
    broken: bool,
}

impl<'a> Text<'a> {
    pub fn new(file: &'a mut File, encoding: Encoding) -> Result<Self, FileFault> {
        file.seek(SeekFrom::Start(0))?;
        Ok(Self {
            file,
            decoder: encoding.decoder(),
            input: vec![0; PIECE],
            pending: 0..0,
            // UTF-8 needs up to three bytes for what others write in two or one.
            output: vec![0; PIECE * 3],
            ended: false,
            broken: false,
        })
    }

    /// Ended early because the bytes don't fit the encoding.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    pub fn next_piece(&mut self) -> Result<Option<&str>, FileFault> {
        loop {
            if self.broken || (self.ended && self.pending.is_empty()) {
                return Ok(None);
            }
            if self.pending.is_empty() {
                let length = self.file.read(&mut self.input)?;
                self.pending = 0..length;
                self.ended = length == 0;
            }
            let source = &self.input[self.pending.clone()];
            let (result, read, written) =
                self.decoder.decode_to_utf8_without_replacement(source, &mut self.output, self.ended);
            self.pending.start += read;
            self.broken = matches!(result, DecoderResult::Malformed(..));
            if written > 0 {
                // The decoder writes whole characters.
                let text = std::str::from_utf8(&self.output[..written]);
                return text.map(Some).map_err(|_| FileFault::new(&reason::FILE_BROKEN));
            }
        }
    }
}
