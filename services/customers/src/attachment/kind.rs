//! What a file is, by its content: what its name or its sender say is not believed.

use std::fs::File;
use std::io::{BufReader, Seek};

/// A type that can be recognised, with the endings of its names; the first is the usual one.
pub struct Known {
    pub content_type: &'static str,
    pub endings: &'static [&'static str],
}

macro_rules! known {
    ($($content_type:literal $($ending:literal)+;)*) => {
        pub static KNOWN: &[Known] = &[$(Known { content_type: $content_type, endings: &[$($ending),+] }),*];
    };
}

known! {
    "image/jpeg" "jpg" "jpeg";
    "image/png" "png";
    "image/gif" "gif";
    "image/webp" "webp";
    "image/bmp" "bmp";
    "image/tiff" "tif" "tiff";
    "image/heif" "heic" "heif";
    "audio/mpeg" "mp3";
    "audio/mp4" "m4a";
    "audio/wav" "wav";
    "audio/ogg" "ogg" "oga" "opus";
    "audio/aac" "aac";
    "audio/flac" "flac";
    "audio/amr" "amr";
    "text/plain" "txt" "csv" "md" "log";
    "application/pdf" "pdf";
    "application/rtf" "rtf";
    "application/msword" "doc";
    "application/vnd.ms-excel" "xls";
    "application/vnd.ms-powerpoint" "ppt";
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document" "docx";
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" "xlsx";
    "application/vnd.openxmlformats-officedocument.presentationml.presentation" "pptx";
    "application/vnd.oasis.opendocument.text" "odt";
    "application/vnd.oasis.opendocument.spreadsheet" "ods";
    "application/vnd.oasis.opendocument.presentation" "odp";
    "application/zip" "zip";
    "video/mp4" "mp4";
}

pub fn known(content_type: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.content_type == content_type)
}

/// As much of a file as tells what it is.
pub const HEAD: usize = 8 * 1024;

/// `textual`: the file holds no control characters but those of texts.
pub fn recognise(file: &mut File, head: &[u8], textual: bool) -> &'static str {
    let found = infer::get(head).map(|found| found.mime_type());
    match found {
        Some("application/zip") => in_archive(file).unwrap_or("application/zip"),
        Some(office) if is_packed_office(office) => in_archive(file).unwrap_or(UNKNOWN),
        Some("audio/x-wav") => "audio/wav",
        Some("audio/x-flac") => "audio/flac",
        Some("audio/m4a") => "audio/mp4",
        Some("audio/opus") => "audio/ogg",
        _ if head.starts_with(COMPOUND) => in_compound(file).unwrap_or(UNKNOWN),
        Some(other) if !other.starts_with("text/") => other,
        Some(_) | None if textual && !is_markup(head) => "text/plain",
        Some(markup) => markup,
        None => UNKNOWN,
    }
}

const UNKNOWN: &str = "application/octet-stream";
/// How files of the older Office begin.
const COMPOUND: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

fn is_packed_office(content_type: &str) -> bool {
    content_type.starts_with("application/vnd.openxmlformats") || content_type.starts_with("application/vnd.oasis")
}

/// HTML, SVG and other XML, which a browser may be brought to run.
fn is_markup(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    head.trim_ascii_start().starts_with(b"<")
}

/// The newer Office and OpenDocument are archives; those with macros are of no known type.
fn in_archive(file: &mut File) -> Option<&'static str> {
    file.rewind().ok()?;
    let mut archive = zip::ZipArchive::new(BufReader::new(&mut *file)).ok()?;
    let is_macro = |name: &str| name.to_ascii_lowercase().ends_with("vbaproject.bin");
    if archive.file_names().any(|name| name.is_ok_and(|name| is_macro(&name))) {
        return Some("application/vnd.macro");
    }
    let parts = [
        ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    ];
    if archive.index_for_name("[Content_Types].xml").is_some()
        && let Some((_, office)) = parts.iter().find(|(part, _)| archive.index_for_name(part).is_some())
    {
        return Some(office);
    }
    let mut stated = String::new();
    let part = archive.by_name("mimetype").ok()?;
    std::io::Read::read_to_string(&mut std::io::Read::take(part, 100), &mut stated).ok()?;
    KNOWN.iter().map(|known| known.content_type).find(|known| known.contains("oasis") && *known == stated.trim())
}

/// Installers and mails are compound files as well.
fn in_compound(file: &mut File) -> Option<&'static str> {
    file.rewind().ok()?;
    let compound = cfb::CompoundFile::open(&mut *file).ok()?;
    let streams = [
        ("/WordDocument", "application/msword"),
        ("/Workbook", "application/vnd.ms-excel"),
        ("/Book", "application/vnd.ms-excel"),
        ("/PowerPoint Document", "application/vnd.ms-powerpoint"),
    ];
    streams.into_iter().find(|(stream, _)| compound.is_stream(stream)).map(|(_, office)| office)
}

/// Whether a piece of a file can be of a text; the bytes of no encoding that people use look like controls.
pub fn is_textual(piece: &[u8]) -> bool {
    piece.iter().all(|byte| *byte >= 0x20 || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B))
}
