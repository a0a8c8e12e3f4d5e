//! Objects as files. An object bears its name only once all of it is on the disk.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::StreamExt;
use tokio_util::io::ReaderStream;

use super::{Content, Key, PIECE};

pub struct Disk {
    directory: PathBuf,
}

impl Disk {
    pub fn new(directory: &Path) -> anyhow::Result<Self> {
        let tried = std::fs::create_dir_all(directory).and_then(|()| tempfile::tempfile_in(directory));
        tried.with_context(|| format!("blob.directory: {}", directory.display()))?;
        Ok(Self { directory: directory.to_owned() })
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// In 256 folders: the head of an id is its time, which would put all of a day into one.
    fn path(&self, key: Key) -> PathBuf {
        let name = key.id.to_string();
        self.directory.join(key.service).join(&name[name.len() - 2..]).join(name)
    }

    pub async fn put(&self, key: Key, mut file: File) -> io::Result<()> {
        let path = self.path(key);
        on_a_thread(move || {
            let folder = path.parent().unwrap_or(&path);
            std::fs::create_dir_all(folder)?;
            let partial = partial(&path);
            let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
            io::copy(&mut file, &mut out)?;
            out.sync_all()?;
            std::fs::rename(&partial, &path)?;
            // The name, and those of the folders that were made for it.
            folder.ancestors().take(3).try_for_each(|folder| File::open(folder)?.sync_all())
        })
        .await
    }

    pub async fn get(&self, key: Key) -> io::Result<Content> {
        let file = tokio::fs::File::open(self.path(key)).await?;
        Ok(ReaderStream::with_capacity(file, PIECE).boxed())
    }

    pub async fn remove(&self, key: Key) -> io::Result<()> {
        let path = self.path(key);
        on_a_thread(move || {
            for path in [partial(&path), path] {
                match std::fs::remove_file(path) {
                    Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            Ok(())
        })
        .await
    }
}

fn partial(path: &Path) -> PathBuf {
    path.with_extension("partial")
}

async fn on_a_thread(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
