//! Takes a file in: onto disk as it comes, looked at from end to end, and kept in pieces in the database, all or nothing.

use std::fs::File;
use std::io::{Read, Seek};

use contracts::customers::{Import, UploadImportFileRequest};
use platform::access::Call;
use platform::db::Once;
use platform::error::{Error, Result, reason as common};
use platform::sheet::{FileFault, Layout, MAX_BYTES, inspect, reason};
use tokio::io::AsyncWriteExt;
use tonic::{Code, Streaming};
use uuid::Uuid;

use super::{audit, store, target};
use crate::Shared;

/// Small enough for the server not to notice one.
const PIECE: usize = 256 * 1024;
const MAX_NAME: usize = 255;

pub async fn upload(shared: &Shared, call: &mut Call, requests: Streaming<UploadImportFileRequest>) -> Result<Import> {
    let employee_id = call.caller.require_employee()?;
    let Spooled { name, file, digest } = spool(requests).await?;
    call.request_digest = digest;
    let (file, layout) = look(file, name.clone()).await?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    // The same headers mean what they meant last time.
    let known = store::mapping_get(shared.db.pool(), employee_id, &layout.header).await?;
    let guessed = match known {
        Some(paths) => target::in_use(paths, &fields),
        None => target::guess(&layout.header, &fields),
    };
    let mut tx = match shared.db.begin_once::<Import>(call).await? {
        Once::Done(import) => return Ok(import),
        Once::New(tx) => tx,
    };
    let id = Uuid::now_v7();
    store::import_insert(tx.connection(), id, employee_id, &name, &layout, &guessed).await?;
    let mut file = Some(file);
    for position in 0.. {
        let (rest, piece) = next_piece(file.take()).await?;
        if piece.is_empty() {
            break;
        }
        store::piece_insert(tx.connection(), id, position, &piece).await?;
        file = rest;
    }
    tx.audit(audit::entry("import.uploaded", id, &[("file_name", name), ("row_count", layout.row_count.to_string())]));
    let import = store::import_get(tx.connection(), employee_id, id).await?.import;
    tx.commit_call(call, import).await
}

struct Spooled {
    name: String,
    file: File,
    /// Of name and content, so that a repeated upload is known.
    digest: Vec<u8>,
}

async fn spool(mut requests: Streaming<UploadImportFileRequest>) -> Result<Spooled> {
    use sha2::{Digest, Sha256};
    let mut file = tokio::fs::File::from_std(tempfile::tempfile().map_err(Error::internal)?);
    let (mut name, mut length, mut hash) = (String::new(), 0_u64, Sha256::new());
    while let Some(message) = requests.message().await.map_err(broken)? {
        if name.is_empty() {
            name = message.file_name;
            hash.update(name.as_bytes());
        }
        let data = message.file.unwrap_or_default().data;
        length += data.len() as u64;
        if length > MAX_BYTES {
            return Err(Error::invalid("file", &reason::FILE_TOO_LARGE).arg("max", MAX_BYTES / 1024 / 1024));
        }
        hash.update(&data);
        file.write_all(&data).await.map_err(Error::internal)?;
    }
    file.flush().await.map_err(Error::internal)?;
    let name = base_name(&name)?;
    Ok(Spooled { name, file: file.into_std().await, digest: hash.finalize().to_vec() })
}

/// An upload that breaks off is the caller's.
fn broken(status: tonic::Status) -> Error {
    match status.code() {
        Code::InvalidArgument | Code::OutOfRange | Code::ResourceExhausted => {
            Error::invalid("file", &reason::FILE_TOO_LARGE).arg("max", MAX_BYTES / 1024 / 1024)
        }
        _ => Error::unavailable(status),
    }
}

/// Some browsers send a path.
fn base_name(name: &str) -> Result<String> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    let refused = base.is_empty() || base.chars().any(char::is_control) || !base.contains('.');
    if refused {
        return Err(Error::invalid("file_name", &reason::FILE_NAME_REQUIRED));
    }
    if base.chars().count() > MAX_NAME {
        return Err(Error::invalid("file_name", &common::VALUE_INVALID));
    }
    Ok(base.to_owned())
}

async fn look(mut file: File, name: String) -> Result<(File, Layout)> {
    let looked = tokio::task::spawn_blocking(move || {
        let layout = inspect(&mut file, &name)?;
        file.rewind()?;
        Ok::<_, FileFault>((file, layout))
    });
    Ok(looked.await.map_err(Error::internal)??)
}

async fn next_piece(file: Option<File>) -> Result<(Option<File>, Vec<u8>)> {
    let Some(mut file) = file else { return Ok((None, Vec::new())) };
    let read = tokio::task::spawn_blocking(move || {
        let mut piece = Vec::with_capacity(PIECE);
        file.by_ref().take(PIECE as u64).read_to_end(&mut piece).map(|_| (Some(file), piece))
    });
    read.await.map_err(Error::internal)?.map_err(Error::internal)
}
