//! A sheet of entries into a dictionary: read whole, compared with what is there (`sheet`), and written in one transaction
//! or not at all. Entries that the sheet does not name stay, since records may hold them.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Seek, Write};
use std::ops::ControlFlow;

use contracts::customers::{DictionaryEntry, DictionarySheetFault, ImportDictionaryEntriesRequest, ImportedDictionary};
use platform::access::Call;
use platform::db::{Db, Once};
use platform::error::{Error, Result};
use platform::sheet::{FileFault, inspect, read, reason as file_reason};
use sha2::{Digest, Sha256};
use tonic::Streaming;

use super::sheet::{self, Line, Outcome};
use super::{rpc, store};
use crate::error::reason;
use crate::field::FieldCache;
use crate::field::cache::schema_changed;

const MAX_BYTES: usize = 20 * 1024 * 1024;

struct Upload {
    dictionary: String,
    file_name: String,
    dry_run: bool,
    content: Vec<u8>,
}

pub async fn import(
    db: &Db,
    cache: &FieldCache,
    call: &mut Call,
    requests: Streaming<ImportDictionaryEntriesRequest>,
) -> Result<ImportedDictionary> {
    let upload = receive(requests).await?;
    let mut hash = Sha256::new();
    for part in [upload.dictionary.as_bytes(), upload.file_name.as_bytes(), &[u8::from(upload.dry_run)]] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(&upload.content);
    call.request_digest = hash.finalize().to_vec();
    let (content, file_name) = (upload.content, upload.file_name);
    let parsed = tokio::task::spawn_blocking(move || parse(&content, &file_name));
    let lines = match parsed.await.map_err(Error::internal)?? {
        Ok(lines) => lines,
        Err(fault) => return Ok(refused(vec![fault])),
    };
    let mut tx = match db.begin_once::<ImportedDictionary>(call).await? {
        Once::Done(imported) => return Ok(imported),
        Once::New(tx) => tx,
    };
    // Whoever changes a dictionary holds this until the end, so what is read here stays as it is.
    schema_changed(tx.connection()).await?;
    let tree = store::dictionary_is_tree(tx.connection(), &upload.dictionary).await?.ok_or_else(Error::not_found)?;
    let present = store::entry_all(tx.connection(), &upload.dictionary).await?;
    let present: HashMap<String, DictionaryEntry> =
        present.into_iter().map(|entry| (entry.code.clone(), entry)).collect();
    let outcome = match sheet::compare(&upload.dictionary, tree, &present, &lines) {
        Ok(outcome) => outcome,
        Err(faults) => return Ok(refused(faults)),
    };
    let imported = counts(&outcome, upload.dry_run);
    if upload.dry_run || outcome.created.is_empty() && outcome.updated.is_empty() {
        return Ok(imported);
    }
    let written: Vec<&DictionaryEntry> =
        outcome.created.iter().chain(outcome.updated.iter().map(|(_, after)| after)).collect();
    store::entries_upsert(tx.connection(), &written).await?;
    for entry in &outcome.created {
        rpc::audit(&mut tx, "dictionary_entry.created", &DictionaryEntry::default(), entry);
    }
    for (before, after) in &outcome.updated {
        rpc::audit(&mut tx, "dictionary_entry.updated", before, after);
    }
    let imported = tx.commit_call(call, imported).await?;
    cache.changed().await;
    Ok(imported)
}

async fn receive(mut requests: Streaming<ImportDictionaryEntriesRequest>) -> Result<Upload> {
    let mut upload =
        Upload { dictionary: String::new(), file_name: String::new(), dry_run: false, content: Vec::new() };
    let too_large = || Error::invalid("file", &file_reason::FILE_TOO_LARGE).arg("max", MAX_BYTES / 1024 / 1024);
    while let Some(message) = requests.message().await.map_err(|status| match status.code() {
        tonic::Code::InvalidArgument | tonic::Code::OutOfRange | tonic::Code::ResourceExhausted => too_large(),
        _ => Error::unavailable(status),
    })? {
        if upload.file_name.is_empty() {
            (upload.dictionary, upload.file_name, upload.dry_run) =
                (message.dictionary, message.file_name, message.dry_run);
        }
        let data = message.file.unwrap_or_default().data;
        if upload.content.len() + data.len() > MAX_BYTES {
            return Err(too_large());
        }
        upload.content.extend_from_slice(&data);
    }
    if !upload.file_name.contains('.') {
        return Err(Error::invalid("file_name", &file_reason::FILE_NAME_REQUIRED));
    }
    Ok(upload)
}

fn parse(content: &[u8], file_name: &str) -> Result<Result<Vec<Line>, DictionarySheetFault>, FileFault> {
    let mut file: File = tempfile::tempfile()?;
    file.write_all(content)?;
    file.rewind()?;
    let layout = inspect(&mut file, file_name)?;
    let columns = match sheet::columns(&layout.header) {
        Ok(columns) => columns,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut lines = Vec::new();
    read(&mut file, &layout.format, &mut |record| {
        if record.row > layout.header_row {
            lines.push(Line::read(record.row, &columns, |index| record.cell(index)));
        }
        if lines.len() > sheet::MAX_ROWS { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(match lines.get(sheet::MAX_ROWS) {
        Some(line) => Err(sheet::fault(line.row, &line.code, &reason::SHEET_TOO_LONG, "")),
        None => Ok(lines),
    })
}

fn counts(outcome: &Outcome, dry_run: bool) -> ImportedDictionary {
    let count = |length: usize| i32::try_from(length).unwrap_or(i32::MAX);
    ImportedDictionary {
        dry_run,
        created_count: count(outcome.created.len()),
        updated_count: count(outcome.updated.len()),
        unchanged_count: outcome.unchanged,
        faults: Vec::new(),
    }
}

fn refused(faults: Vec<DictionarySheetFault>) -> ImportedDictionary {
    ImportedDictionary { faults, ..ImportedDictionary::default() }
}
