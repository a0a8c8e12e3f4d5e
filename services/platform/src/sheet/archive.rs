//! Looks into an XLSX file, which is an archive of XML parts, before anything is made of it: a small file can stand for
//! gigabytes, and its own word on its size is not to be trusted.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use zip::ZipArchive;

use super::FileFault;
use super::reason;

const MAX_PARTS: usize = 2_000;
/// Of all parts together.
const MAX_UNPACKED: u64 = 500 * 1024 * 1024;
/// Small files may be packed as tightly as they like.
const SMALL: u64 = 32 * 1024 * 1024;
const MAX_RATIO: u64 = 150;
/// Between two tags there can be no more than a cell.
const MAX_RUN: usize = 512 * 1024;

pub fn check(file: &mut File) -> Result<(), FileFault> {
    let packed = file.metadata()?.len();
    file.seek(SeekFrom::Start(0))?;
    let broken = |_| FileFault::new(&reason::FILE_BROKEN);
    let mut archive = ZipArchive::new(BufReader::new(&mut *file)).map_err(broken)?;
    if archive.len() > MAX_PARTS {
        return Err(FileFault::new(&reason::FILE_BOMB));
    }
    let mut declared = 0_u64;
    let mut workbook = false;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(broken)?;
        if part.encrypted() {
            return Err(FileFault::new(&reason::FILE_ENCRYPTED));
        }
        workbook |= part.name().map_err(broken)?.eq_ignore_ascii_case("xl/workbook.xml");
        declared = declared.saturating_add(part.size());
    }
    if too_much(declared, packed) {
        return Err(FileFault::new(&reason::FILE_BOMB));
    }
    if !workbook {
        return Err(FileFault::new(&reason::FILE_TYPE_REFUSED).arg("type", "ZIP"));
    }
    let mut unpacked = 0_u64;
    let mut buffer = vec![0; 64 * 1024];
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(broken)?;
        let name = part.name().map_err(broken)?.to_ascii_lowercase();
        let mut xml = (name.ends_with(".xml") || name.ends_with(".rels")).then(XmlWatch::default);
        loop {
            let length = part.read(&mut buffer).map_err(|_| FileFault::new(&reason::FILE_BROKEN))?;
            if length == 0 {
                break;
            }
            unpacked += length as u64;
            if too_much(unpacked, packed) {
                return Err(FileFault::new(&reason::FILE_BOMB));
            }
            if let Some(xml) = &mut xml {
                xml.look(&buffer[..length])?;
            }
        }
    }
    Ok(())
}

fn too_much(unpacked: u64, packed: u64) -> bool {
    unpacked > MAX_UNPACKED || (unpacked > SMALL && unpacked / packed.max(1) > MAX_RATIO)
}

/// What in an XML part would make its reader reserve memory without end.
#[derive(Default)]
struct XmlWatch {
    started: bool,
    run: usize,
    /// The last bytes of the piece before, so that a name across the seam is found.
    tail: Vec<u8>,
}

/// Says how many strings follow; readers reserve as many.
const COUNT: &[u8] = b"uniqueCount";
/// More than a million rows of a hundred cells could name.
const MAX_COUNT_DIGITS: usize = 7;

impl XmlWatch {
    fn look(&mut self, piece: &[u8]) -> Result<(), FileFault> {
        // Text of two bytes a character would pass everything below.
        if !std::mem::replace(&mut self.started, true)
            && piece.iter().take(4).any(|byte| matches!(byte, 0 | 0xfe | 0xff))
        {
            return Err(FileFault::new(&reason::FILE_BROKEN));
        }
        for byte in piece {
            self.run = if *byte == b'<' { 0 } else { self.run + 1 };
            if self.run > MAX_RUN {
                return Err(FileFault::new(&reason::FILE_BOMB));
            }
        }
        let seam = std::mem::take(&mut self.tail);
        let joined = [&seam, &piece[..piece.len().min(64)]].concat();
        let counts = many(&joined) || many(piece);
        self.tail = piece[piece.len().saturating_sub(64)..].to_vec();
        if counts { Err(FileFault::new(&reason::FILE_BOMB)) } else { Ok(()) }
    }
}

/// Whether a count of more strings than there can be stands here.
fn many(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(place) = find(rest, COUNT) {
        rest = &rest[place + COUNT.len()..];
        let value =
            rest.iter().position(|byte| !matches!(byte, b'=' | b'"' | b'\'' | b' ' | b'\t' | b'\r' | b'\n' | b'0'));
        let digits = value.map_or(0, |start| rest[start..].iter().take_while(|byte| byte.is_ascii_digit()).count());
        if digits > MAX_COUNT_DIGITS {
            return true;
        }
    }
    false
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// Of an OLE container: a workbook with a password is one, and an old .xls is one.
pub fn is_encrypted(file: &mut File) -> Result<bool, FileFault> {
    let wanted: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut found = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(false);
        }
        found.extend_from_slice(&buffer[..length]);
        if find(&found, &wanted).is_some() {
            return Ok(true);
        }
        found.drain(..found.len().saturating_sub(wanted.len()));
    }
}
