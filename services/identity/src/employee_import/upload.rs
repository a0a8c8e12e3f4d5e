//! Takes a spreadsheet in and reads its rows.

use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;

use contracts::identity::ImportEmployeesRequest;
use platform::error::{Error, Result};
use platform::sheet::{self, FileFault};
use sha2::{Digest, Sha256};
use tonic::{Code, Streaming};

use super::columns::{Columns, Field};
use super::rules::{self, Row};
use crate::error;

const MAX_BYTES: usize = 5 * 1024 * 1024;
pub const MAX_ROWS: u64 = 5_000;

/// A file as it came.
pub struct Upload {
    pub name: String,
    pub dry_run: bool,
    /// Links by e-mail in place of passwords.
    pub invite: bool,
    content: Vec<u8>,
}

pub struct Table {
    pub columns: Columns,
    pub rows: Vec<Row>,
}

impl Upload {
    pub async fn take(mut requests: Streaming<ImportEmployeesRequest>) -> Result<Self> {
        let too_large = || Error::invalid("file", &sheet::reason::FILE_TOO_LARGE).arg("max", MAX_BYTES / 1024 / 1024);
        let mut upload = Self { name: String::new(), dry_run: false, invite: false, content: Vec::new() };
        loop {
            let message = requests.message().await.map_err(|status| match status.code() {
                Code::InvalidArgument | Code::OutOfRange | Code::ResourceExhausted => too_large(),
                _ => Error::unavailable(status),
            })?;
            let Some(message) = message else { break };
            if upload.name.is_empty() {
                upload.name = message.file_name;
            }
            upload.dry_run |= message.dry_run;
            upload.invite |= message.invite;
            let data = message.file.unwrap_or_default().data;
            if upload.content.len() + data.len() > MAX_BYTES {
                return Err(too_large());
            }
            upload.content.extend_from_slice(&data);
        }
        if !upload.name.contains('.') {
            return Err(Error::invalid("file_name", &sheet::reason::FILE_NAME_REQUIRED));
        }
        Ok(upload)
    }

    /// So that a repeated upload is known.
    pub fn digest(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update((self.name.len() as u64).to_le_bytes());
        hash.update(&self.name);
        hash.update([u8::from(self.dry_run), u8::from(self.invite)]);
        hash.update(&self.content);
        hash.finalize().to_vec()
    }

    pub async fn read(self) -> Result<Table> {
        tokio::task::spawn_blocking(move || self.read_now()).await.map_err(Error::internal)?
    }

    fn read_now(self) -> Result<Table> {
        let mut file: File = tempfile::tempfile().map_err(Error::internal)?;
        file.write_all(&self.content).map_err(Error::internal)?;
        let layout = sheet::inspect(&mut file, &self.name)?;
        if layout.row_count > MAX_ROWS {
            return Err(FileFault::new(&sheet::reason::FILE_TOO_MANY_ROWS).arg("max", MAX_ROWS).into());
        }
        let columns = Columns::of(&layout.header);
        for field in [Field::LoginName, Field::DisplayName] {
            if columns.place(field).is_none() {
                let header = field.header(platform::locale::current());
                return Err(Error::invalid("file", &error::FILE_HEADER_MISSING).arg("header", header));
            }
        }
        let mut rows = Vec::new();
        sheet::read(&mut file, &layout.format, &mut |record| {
            if record.row > layout.header_row {
                rows.push(rules::row(record.row.into(), &columns, |place| record.cell(place).to_owned()));
            }
            ControlFlow::Continue(())
        })?;
        Ok(Table { columns, rows })
    }
}
