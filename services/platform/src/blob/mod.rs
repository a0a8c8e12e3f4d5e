//! Files that services keep: immutable objects named `<service>/<uuid>` by the service, never by a caller, streamed in and
//! out. `disk` keeps them below a directory, `s3` in a bucket; `config` says which of the two, or neither.
//!
//! An object comes before the row that speaks of it and goes after it, so that a row never points at nothing; what a
//! process that was killed leaves between the two is for the service to remove.

mod config;
mod disk;
mod s3;

use std::fs::File;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use tonic::Code;
use uuid::Uuid;

use crate::error::{Error, Result, reason};

pub use config::{BlobConfig, S3Config};

/// The content of an object, piece by piece.
pub type Content = BoxStream<'static, std::io::Result<Bytes>>;

const PIECE: usize = 64 * 1024;

/// The objects of one service. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    store: Option<Arc<Store>>,
    service: &'static str,
}

enum Store {
    Disk(disk::Disk),
    S3(s3::S3),
}

impl Blobs {
    /// Refuses a directory that can't be written to; a bucket is first asked when there is something to keep.
    pub fn new(config: &BlobConfig, service: &'static str) -> anyhow::Result<Self> {
        let store = match (&config.directory, &config.s3) {
            (Some(directory), _) => Some(Arc::new(Store::Disk(disk::Disk::new(directory)?))),
            (None, Some(s3)) => Some(Arc::new(Store::S3(s3::S3::new(s3)?))),
            (None, None) => None,
        };
        Ok(Self { store, service })
    }

    /// Whether there is a place for files at all.
    pub fn is_open(&self) -> bool {
        self.store.is_some()
    }

    /// FAILED_PRECONDITION where there is no place for files.
    pub fn require_open(&self) -> Result<()> {
        self.store().map(drop)
    }

    fn store(&self) -> Result<&Store> {
        let closed = || Error::new(Code::FailedPrecondition, &reason::NO_PLACE_FOR_FILES);
        self.store.as_deref().ok_or_else(closed)
    }

    fn key(&self, id: Uuid) -> Key {
        Key { service: self.service, id }
    }

    /// A file without a name for what is still coming in, on the disk that has room for files, if there is one.
    pub fn scratch(&self) -> Result<File> {
        let file = match self.store()? {
            Store::Disk(disk) => tempfile::tempfile_in(disk.directory()),
            Store::S3(_) => tempfile::tempfile(),
        };
        file.map_err(Error::unavailable)
    }

    /// Keeps the file, which stands at its beginning; once this has answered, the object outlives a crash.
    pub async fn put(&self, id: Uuid, file: File) -> Result<()> {
        match self.store()? {
            Store::Disk(disk) => disk.put(self.key(id), file).await.map_err(Error::unavailable),
            Store::S3(s3) => s3.put(self.key(id), file).await.map_err(Error::unavailable),
        }
    }

    pub async fn get(&self, id: Uuid) -> Result<Content> {
        match self.store()? {
            Store::Disk(disk) => disk.get(self.key(id)).await.map_err(Error::unavailable),
            Store::S3(s3) => s3.get(self.key(id)).await.map_err(Error::unavailable),
        }
    }

    /// Removes the object, if it is there.
    pub async fn remove(&self, id: Uuid) -> Result<()> {
        match self.store()? {
            Store::Disk(disk) => disk.remove(self.key(id)).await.map_err(Error::unavailable),
            Store::S3(s3) => s3.remove(self.key(id)).await.map_err(Error::unavailable),
        }
    }
}

#[derive(Clone, Copy)]
struct Key {
    service: &'static str,
    id: Uuid,
}
