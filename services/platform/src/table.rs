//! Tables as CSV that any spreadsheet opens and none runs.

use crate::error::{Error, Result};

pub const CSV: &str = "text/csv; charset=utf-8";

/// The beginning of a file: a mark, without which spreadsheets take it for one of their own old encoding, and the header.
pub fn csv_head<T: AsRef<str>>(headers: &[T]) -> Result<Vec<u8>> {
    let mut out = "\u{feff}".as_bytes().to_vec();
    csv_rows(&mut out, &[headers])?;
    Ok(out)
}

/// Rows of texts, each cell defused.
pub fn csv_rows<R: AsRef<[T]>, T: AsRef<str>>(out: &mut Vec<u8>, rows: &[R]) -> Result<()> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    for row in rows {
        for cell in row.as_ref() {
            let cell = cell.as_ref();
            let guard = if is_hot(cell) { "'" } else { "" };
            writer.write_field(format!("{guard}{cell}")).map_err(Error::internal)?;
        }
        writer.write_record(None::<&[u8]>).map_err(Error::internal)?;
    }
    writer.flush().map_err(Error::internal)
}

/// Whether a spreadsheet would run the cell.
fn is_hot(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_defused() {
        let mut out = csv_head(&["a", "b"]).unwrap();
        csv_rows(&mut out, &[["=1+1", "x,\"y\"\n"], ["@x", "李雷"]]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\u{feff}a,b\r\n'=1+1,\"x,\"\"y\"\"\n\"\r\n'@x,李雷\r\n");
    }
}
