//! Files that are made while they are sent: rows go in batches to a thread that writes them as CSV, XLSX or vCards, and come out
//! as pieces of an answer. An XLSX file is made on disk first, since its table of contents stands at its end.

use std::io::{Read, Seek, Write};
use std::time::Duration;

use crate::error::{Error, Result};
use contracts::google::api::HttpBody;
use futures::stream::{BoxStream, StreamExt};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use tokio::sync::mpsc;
use tonic::metadata::MetadataValue;
use tonic::{Response, Status};

use super::{MAX_CELL, defuse, reason, vcard};

/// The body of a file's answer.
pub type Answer = BoxStream<'static, Result<HttpBody, Status>>;

const PIECE: usize = 64 * 1024;
/// Batches and pieces that wait for who is slower.
const AHEAD: usize = 4;
/// Who takes nothing for so long has gone.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    Csv,
    Xlsx,
    /// Its rows are those of [`vcard::COLUMNS`].
    Vcard,
}

impl FileFormat {
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Vcard => "vcf",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Vcard => "text/vcard; charset=utf-8",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Text(String),
    /// A number that a spreadsheet can hold.
    Number(f64),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

pub type Row = Vec<Cell>;

/// Where the rows of a file go in.
pub struct Producer {
    rows: mpsc::Sender<Result<Vec<Row>>>,
}

impl Producer {
    /// Whether somebody still wants them.
    pub async fn give(&mut self, rows: Vec<Row>) -> bool {
        matches!(tokio::time::timeout(PATIENCE, self.rows.send(Ok(rows))).await, Ok(Ok(())))
    }

    /// Ends the file, or breaks it off.
    pub async fn end(self, outcome: Result<()>) {
        if let Err(error) = outcome {
            let _ = tokio::time::timeout(PATIENCE, self.rows.send(Err(error))).await;
        }
    }
}

/// A file under way, and its answer.
pub fn answer(format: FileFormat, name: &str, headers: Row) -> (Producer, Response<Answer>) {
    let (sender, rows) = mpsc::channel(AHEAD);
    let (pieces, receiver) = mpsc::channel(AHEAD);
    let out = Pieces { buffer: Vec::with_capacity(PIECE), pieces, content_type: format.content_type() };
    tokio::task::spawn_blocking(move || match format {
        FileFormat::Csv => write_csv(headers, rows, out),
        FileFormat::Xlsx => write_xlsx(&headers, rows, out),
        FileFormat::Vcard => write_vcards(rows, out),
    });
    let stream = futures::stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((piece, receiver))
    });
    let mut response = Response::new(stream.boxed());
    if let Ok(disposition) = MetadataValue::try_from(disposition(name)) {
        response.metadata_mut().insert("content-disposition", disposition);
    }
    (Producer { rows: sender }, response)
}

/// RFC 6266, with the name in full for those who know RFC 8187.
pub fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ') { c } else { '_' })
        .collect();
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, NON_ALPHANUMERIC))
}

/// Why a file ends early.
enum Broken {
    /// Nobody listens any more.
    Gone,
    Failed(Error),
}

impl From<std::io::Error> for Broken {
    fn from(error: std::io::Error) -> Self {
        Self::Failed(Error::internal(error))
    }
}

impl From<XlsxError> for Broken {
    fn from(error: XlsxError) -> Self {
        Self::Failed(Error::internal(error))
    }
}

impl From<csv::Error> for Broken {
    fn from(error: csv::Error) -> Self {
        Self::Failed(Error::internal(error))
    }
}

struct Pieces {
    buffer: Vec<u8>,
    pieces: mpsc::Sender<Result<HttpBody, Status>>,
    content_type: &'static str,
}

impl Pieces {
    fn send(&mut self) -> Result<(), Broken> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let data = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        let body = HttpBody { content_type: self.content_type.to_owned(), data: data.into(), extensions: Vec::new() };
        self.pieces.blocking_send(Ok(body)).map_err(|_| Broken::Gone)
    }

    fn end(self, outcome: Result<(), Broken>) {
        if let Err(Broken::Failed(error)) = outcome {
            let _ = self.pieces.blocking_send(Err(error.into()));
        }
    }
}

fn write_csv(headers: Row, mut rows: mpsc::Receiver<Result<Vec<Row>>>, mut out: Pieces) {
    let write = || {
        // Spreadsheets take a file without the mark for one of their own old encoding.
        out.buffer.extend_from_slice("\u{feff}".as_bytes());
        csv_rows(&mut out.buffer, &[headers])?;
        while let Some(batch) = rows.blocking_recv() {
            csv_rows(&mut out.buffer, &batch.map_err(Broken::Failed)?)?;
            if out.buffer.len() >= PIECE {
                out.send()?;
            }
        }
        out.send()
    };
    let outcome = write();
    out.end(outcome);
}

fn csv_rows(out: &mut Vec<u8>, rows: &[Row]) -> Result<(), Broken> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(out);
    for row in rows {
        for cell in row {
            match cell {
                Cell::Text(text) => writer.write_field(format!("{}{text}", defuse(text)))?,
                Cell::Number(number) => writer.write_field(number.to_string())?,
            }
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()?;
    Ok(())
}

fn write_vcards(mut rows: mpsc::Receiver<Result<Vec<Row>>>, mut out: Pieces) {
    let mut write = || {
        while let Some(batch) = rows.blocking_recv() {
            for row in batch.map_err(Broken::Failed)? {
                out.buffer.extend(vcard::write(&row).unwrap_or_default().bytes());
            }
            if out.buffer.len() >= PIECE {
                out.send()?;
            }
        }
        out.send()
    };
    let outcome = write();
    out.end(outcome);
}

fn write_xlsx(headers: &Row, mut rows: mpsc::Receiver<Result<Vec<Row>>>, mut out: Pieces) {
    let mut write = || {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        let bold = Format::new().set_bold();
        sheet.set_freeze_panes(1, 0)?;
        for (column, header) in (0_u16..).zip(headers) {
            sheet.set_column_width(column, 16)?;
            if let Cell::Text(text) = header {
                sheet.write_string_with_format(0, column, text, &bold)?;
            }
        }
        let mut line = 0_u32;
        while let Some(batch) = rows.blocking_recv() {
            for row in batch.map_err(Broken::Failed)? {
                line += 1;
                if line >= MAX_LINES {
                    return Err(Broken::Failed(Error::failed_precondition(&reason::EXPORT_TOO_LONG)));
                }
                for (column, cell) in (0_u16..).zip(&row) {
                    match cell {
                        // A string is never run, whatever it begins with.
                        Cell::Text(text) if text.is_empty() => {}
                        Cell::Text(text) => sheet.write_string(line, column, cut(text)).map(|_| ())?,
                        Cell::Number(number) => sheet.write_number(line, column, *number).map(|_| ())?,
                    }
                }
            }
        }
        let mut file = tempfile::tempfile()?;
        workbook.save_to_writer(std::io::BufWriter::new(&mut file))?;
        file.flush()?;
        file.rewind()?;
        loop {
            let read = Read::take(&mut file, PIECE as u64).read_to_end(&mut out.buffer)?;
            if read == 0 {
                return Ok(());
            }
            out.send()?;
        }
    };
    let outcome = write();
    out.end(outcome);
}

/// Lines that a sheet can have.
const MAX_LINES: u32 = 1_048_576;

/// What a cell of a sheet can hold.
fn cut(text: &str) -> &str {
    match text.char_indices().nth(MAX_CELL) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn made(format: FileFormat, rows: Vec<Row>) -> Vec<u8> {
        let (mut producer, answer) = answer(format, "客户.csv", vec!["名称".into(), "金额".into()]);
        let fed = tokio::spawn(async move {
            assert!(producer.give(rows).await);
            producer.end(Ok(())).await;
        });
        let pieces: Vec<_> = answer.into_inner().collect().await;
        fed.await.unwrap();
        pieces.into_iter().flat_map(|piece| piece.unwrap().data).collect()
    }

    fn rows() -> Vec<Row> {
        vec![
            vec!["=1+1".into(), Cell::Number(-5.5)],
            vec!["a,\"b\"\n".into(), "-5.5".into()],
            vec!["".into(), "@x".into()],
        ]
    }

    #[tokio::test]
    async fn csv_is_marked_quoted_and_defused() {
        let text = String::from_utf8(made(FileFormat::Csv, rows()).await).unwrap();
        assert_eq!(text, "\u{feff}名称,金额\r\n'=1+1,-5.5\r\n\"a,\"\"b\"\"\n\",-5.5\r\n,'@x\r\n");
    }

    #[tokio::test]
    async fn a_workbook_holds_texts_as_texts() {
        use calamine::{Data, Reader, Xlsx};
        let content = made(FileFormat::Xlsx, rows()).await;
        let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(content)).unwrap();
        let range = workbook.worksheet_range_at(0).unwrap().unwrap();
        assert_eq!(range.get_value((1, 0)), Some(&Data::String("=1+1".into())));
        assert_eq!(range.get_value((1, 1)), Some(&Data::Float(-5.5)));
        assert_eq!(range.get_value((3, 1)), Some(&Data::String("@x".into())));
        assert!(workbook.worksheet_formula("Sheet1").unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_failure_reaches_whoever_receives_the_file() {
        for format in [FileFormat::Csv, FileFormat::Xlsx] {
            let (producer, answer) = answer(format, "a", vec!["a".into()]);
            tokio::spawn(producer.end(Err(Error::unavailable(anyhow::anyhow!("no database")))));
            let pieces: Vec<_> = answer.into_inner().collect().await;
            let failure = pieces.into_iter().find_map(Result::err).unwrap();
            assert_eq!(failure.code(), tonic::Code::Unavailable);
        }
    }

    #[test]
    fn names_of_files_survive_in_headers() {
        let header = disposition("客户\"\r\n.csv");
        assert_eq!(header, "attachment; filename=\"_____.csv\"; filename*=UTF-8''%E5%AE%A2%E6%88%B7%22%0D%0A%2Ecsv");
    }
}
