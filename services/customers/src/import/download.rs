//! Files that imports give out: the rows that failed, in the layout in which they came, and empty files to fill in.

use std::sync::Arc;

use contracts::customers::{ImportFileFormat, ImportRowError};
use platform::error::Result;
use platform::locale::{self, Locale};
use platform::sheet::Format;
use tonic::Response;

use super::store::{self, Stored};
use super::target::BUILT_IN;
use crate::Shared;
use crate::export::column::header;
use crate::field::Fields;
use platform::sheet::write::{Answer, Cell, FileFormat, Producer, Row, answer};

const BATCH: i64 = 1_000;

/// The failed rows with two columns more. No header of these is the name of a field, so they are left out when the file
/// comes back.
pub fn errors(shared: &Arc<Shared>, stored: Stored) -> Response<Answer> {
    let locale = locale::current();
    let format = match stored.format {
        // Cards have no room for reasons.
        Format::Csv { .. } | Format::Vcard { .. } => FileFormat::Csv,
        Format::Xlsx { .. } => FileFormat::Xlsx,
    };
    let more = match locale {
        Locale::Zh => ["错误代码", "错误说明"],
        Locale::En => ["Error codes", "Reasons"],
    };
    // A file of failed rows that fails again keeps one pair of these columns.
    let kept: Vec<usize> = (0..stored.headers.len()).filter(|index| !is_added(&stored.headers[*index])).collect();
    let headers: Row =
        kept.iter().map(|index| stored.headers[*index].as_str().into()).chain(more.map(Cell::from)).collect();
    let base = stored.import.file_name.rsplit_once('.').map_or(stored.import.file_name.as_str(), |(base, _)| base);
    let name = match locale {
        Locale::Zh => format!("{base}-错误.{}", format.extension()),
        Locale::En => format!("{base}-errors.{}", format.extension()),
    };
    let (mut producer, answer) = answer(format, &name, headers);
    let shared = shared.clone();
    tokio::spawn(async move {
        let written = write_errors(&shared, &stored, &kept, locale, &mut producer).await;
        producer.end(written).await;
    });
    answer
}

fn is_added(header: &str) -> bool {
    ["错误代码", "错误说明", "Error codes", "Reasons"].contains(&header)
}

async fn write_errors(
    shared: &Shared,
    stored: &Stored,
    kept: &[usize],
    locale: Locale,
    producer: &mut Producer,
) -> Result<()> {
    let mut after = 0;
    loop {
        let errors = store::row_error_list(shared.db.pool(), stored, after, true, BATCH, locale).await?;
        let Some(last) = errors.last() else { return Ok(()) };
        after = last.row;
        let rows = errors.iter().map(|error| error_row(error, stored.headers.len(), kept)).collect();
        if !producer.give(rows).await {
            return Ok(());
        }
    }
}

fn error_row(error: &ImportRowError, width: usize, kept: &[usize]) -> Row {
    let mut row: Row = kept.iter().map(|index| error.cells.get(*index).map_or("", String::as_str).into()).collect();
    let codes: Vec<&str> = error.errors.iter().map(|error| error.code.as_str()).collect();
    let reasons: Vec<String> = error
        .errors
        .iter()
        .map(|error| {
            if error.header.is_empty() { error.message.clone() } else { format!("{}: {}", error.header, error.message) }
        })
        .collect();
    row.push(Cell::Text(codes.join("; ")));
    row.push(Cell::Text(reasons.join(" ")));
    // What has no header stays too much until somebody sees to it: without it the row might seem sound, cells shifted.
    row.extend(error.cells.iter().skip(width).map(|cell| cell.as_str().into()));
    row
}

/// An empty file with every header that is understood, in the caller's language.
pub fn template(fields: &Fields, format: ImportFileFormat) -> Response<Answer> {
    let locale = locale::current();
    let format = if format == ImportFileFormat::Xlsx { FileFormat::Xlsx } else { FileFormat::Csv };
    let custom = fields.active().filter(|field| fields.is_writable(&field.key));
    let custom: Vec<String> = custom.map(|field| format!("custom_fields.{}", field.key)).collect();
    let paths = BUILT_IN.iter().map(|field| field.path).chain(custom.iter().map(String::as_str));
    let headers = paths.filter_map(|path| header(path, fields, locale)).map(Cell::Text).collect();
    let name = match locale {
        Locale::Zh => format!("客户导入模板.{}", format.extension()),
        Locale::En => format!("customer-import-template.{}", format.extension()),
    };
    let (producer, answer) = answer(format, &name, headers);
    tokio::spawn(producer.end(Ok(())));
    answer
}
