//! Tables in files: what a file is (`archive`, `encoding`), its rows (`csv`, `xlsx`, `vcard`), and the first look that finds header,
//! size and faults (`layout`); `write` makes files while they are sent. Memory stays flat however long a file is.

mod archive;
mod csv;
mod encoding;
mod layout;
pub mod reason;
mod record;
pub mod vcard;
pub mod write;
mod xlsx;

use std::fs::File;
use std::io::{self, Read, Seek};
use std::ops::ControlFlow;

use crate::error::{Error, Reason};
use serde::{Deserialize, Serialize};

pub use encoding::Encoding;
pub use layout::{Layout, inspect};
pub use record::{CellFault, Record, defuse};

pub const MAX_BYTES: u64 = 200 * 1024 * 1024;
pub const MAX_COLUMNS: usize = 100;
pub const MAX_ROWS: u64 = 1_000_000;
/// What a cell of a spreadsheet can hold.
pub const MAX_CELL: usize = 32_767;

/// Why a file can't be read.
#[derive(Debug)]
pub struct FileFault {
    reason: &'static Reason,
    args: Vec<(&'static str, String)>,
}

impl FileFault {
    pub fn new(reason: &'static Reason) -> Self {
        Self { reason, args: Vec::new() }
    }

    fn at(reason: &'static Reason, row: u32) -> Self {
        Self::new(reason).arg("row", row)
    }

    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike stand at the call as they are")]
    pub fn arg(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    pub fn reason(&self) -> &'static Reason {
        self.reason
    }
}

/// A file that was read when it came in and can't be read now is our fault, like the disk's.
impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        tracing::warn!("sheet: {error}");
        Self::new(&reason::FILE_BROKEN)
    }
}

impl From<FileFault> for Error {
    fn from(fault: FileFault) -> Self {
        fault.args.into_iter().fold(Error::invalid("file", fault.reason), |error, (name, value)| error.arg(name, value))
    }
}

/// How the rows of a file are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Csv { encoding: Encoding, delimiter: u8 },
    Xlsx { sheet: String },
    Vcard { encoding: Encoding },
}

impl Format {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Csv { .. } => "csv",
            Self::Xlsx { .. } => "xlsx",
            Self::Vcard { .. } => "vcf",
        }
    }

    pub fn encoding(&self) -> &'static str {
        match self {
            Self::Csv { encoding, .. } | Self::Vcard { encoding } => encoding.name(),
            Self::Xlsx { .. } => Encoding::Utf8.name(),
        }
    }
}

/// Gives every row that holds anything to `visit`, in order, until it breaks.
pub fn read(
    file: &mut File,
    format: &Format,
    visit: &mut dyn FnMut(&Record) -> ControlFlow<()>,
) -> Result<(), FileFault> {
    file.rewind()?;
    match format {
        Format::Csv { encoding, delimiter } => csv::read(file, *encoding, *delimiter, visit),
        Format::Xlsx { sheet } => xlsx::read(file, sheet, visit),
        Format::Vcard { encoding } => vcard::read(file, *encoding, visit),
    }
}

/// Finds out what a file is; whatever is no table is named and refused.
fn detect(file: &mut File, file_name: &str) -> Result<Format, FileFault> {
    let mut head = Vec::with_capacity(512);
    file.rewind()?;
    file.by_ref().take(512).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(FileFault::new(&reason::FILE_EMPTY));
    }
    let extension = file_name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        archive::check(file)?;
        return Ok(Format::Xlsx { sheet: xlsx::first_sheet(file)? });
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        return Err(FileFault::new(if archive::is_encrypted(file)? {
            &reason::FILE_ENCRYPTED
        } else {
            &reason::FILE_XLS
        }));
    }
    if let Some(kind) = foreign(&head) {
        return Err(FileFault::new(&reason::FILE_TYPE_REFUSED).arg("type", kind));
    }
    match extension.as_str() {
        "csv" | "txt" | "tsv" => {}
        // Its first line decides whether it is what it says.
        "vcf" | "vcard" => return Ok(Format::Vcard { encoding: encoding::detect(file)? }),
        "xlsx" | "xlsm" => return Err(FileFault::new(&reason::FILE_BROKEN)),
        "xls" => return Err(FileFault::new(&reason::FILE_XLS)),
        other => return Err(FileFault::new(&reason::FILE_TYPE_REFUSED).arg("type", other)),
    }
    let encoding = encoding::detect(file)?;
    let delimiter = csv::sniff(file, encoding)?;
    Ok(Format::Csv { encoding, delimiter })
}

/// Kinds of files that people take for tables, by how they begin.
fn foreign(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start().to_ascii_lowercase();
    let kinds: [(&[u8], &str); 9] = [
        (b"%pdf", "PDF"),
        (b"{\\rtf", "RTF"),
        (b"<html", "HTML"),
        (b"<!doctype html", "HTML"),
        (b"<table", "HTML"),
        (b"<?xml", "XML"),
        (b"\x89png", "PNG"),
        (b"\x1f\x8b", "GZIP"),
        (b"rar!", "RAR"),
    ];
    kinds.into_iter().find(|(start, _)| text.starts_with(start)).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests;
