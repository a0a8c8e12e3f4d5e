//! The files that rows of a service speak of. Those in a directory go along; those in a bucket stay there, and so does one
//! that is removed while the backup is being made.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};

use anyhow::{Context as _, ensure};
use futures::StreamExt;
use platform::blob::Blobs;
use platform::db::Transaction;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::{Service, hex};
use crate::Config;

const PIECE: usize = 1 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Object {
    id: Uuid,
    bytes: u64,
    sha256: String,
}

fn entry_name(service: &str, id: Uuid) -> String {
    format!("{service}/objects/{id}")
}

/// Of all objects that the service's rows speak of, those that go along, and how many don't.
pub(super) async fn write(
    archive: &mut ZipWriter<BufWriter<File>>,
    config: &Config,
    name: &str,
    snapshot: &mut Transaction,
) -> anyhow::Result<(Vec<Object>, u64)> {
    if name != customers::NAME {
        return Ok((Vec::new(), 0));
    }
    let ids = customers::held_objects(snapshot).await?;
    if config.blob.directory.is_none() {
        return Ok((Vec::new(), ids.len() as u64));
    }
    let blobs = Blobs::new(&config.blob, customers::NAME)?;
    // Pictures, sound and office files are packed already.
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    let options = options.unix_permissions(0o600);
    let (mut objects, mut left_out) = (Vec::new(), 0);
    for id in ids {
        let mut content = match blobs.get(id).await {
            Ok(content) => content,
            Err(error) => {
                tracing::warn!(object = %id, "left out: {:#}", anyhow::Error::from(error));
                left_out += 1;
                continue;
            }
        };
        archive.start_file(entry_name(name, id), options)?;
        let (mut bytes, mut hash) = (0, Sha256::new());
        while let Some(piece) = content.next().await {
            let piece = piece.with_context(|| format!("object {id}"))?;
            archive.write_all(&piece)?;
            hash.update(&piece);
            bytes += piece.len() as u64;
        }
        objects.push(Object { id, bytes, sha256: hex(&hash.finalize()) });
    }
    Ok((objects, left_out))
}

/// Reads every object of a service, before anything is touched.
pub(super) fn check(
    archive: &mut ZipArchive<BufReader<File>>,
    config: &Config,
    service: &Service,
) -> anyhow::Result<()> {
    ensure!(
        service.objects.is_empty() || config.blob.directory.is_some() || config.blob.s3.is_some(),
        "{}: the backup holds {} files, and neither blob.directory nor blob.s3 says where they go",
        service.name,
        service.objects.len()
    );
    for object in &service.objects {
        let found = copy(archive, service, object, std::io::sink())?;
        ensure!(found == object.sha256, "{} is damaged", entry_name(&service.name, object.id));
    }
    Ok(())
}

/// Puts the objects where this installation keeps them, before the rows that speak of them.
pub(super) async fn load(
    archive: &mut ZipArchive<BufReader<File>>,
    config: &Config,
    service: &Service,
) -> anyhow::Result<()> {
    let blobs = Blobs::new(&config.blob, customers::NAME)?;
    for object in &service.objects {
        let mut file = tempfile::tempfile()?;
        copy(archive, service, object, &mut file)?;
        file.rewind()?;
        blobs.put(object.id, file).await?;
    }
    Ok(())
}

/// Answers the digest of what was copied.
fn copy(
    archive: &mut ZipArchive<BufReader<File>>,
    service: &Service,
    object: &Object,
    mut out: impl Write,
) -> anyhow::Result<String> {
    let name = entry_name(&service.name, object.id);
    let mut entry = archive.by_name(&name).with_context(|| format!("the file lacks {name}"))?;
    let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
    loop {
        let length = entry.read(&mut piece).with_context(|| format!("{name} is damaged"))?;
        if length == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(&piece[..length]);
        out.write_all(&piece[..length])?;
    }
}
