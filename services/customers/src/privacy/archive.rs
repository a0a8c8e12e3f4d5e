//! A ZIP file under way, written in threads of their own: the disk may be slow, the content large.

use std::fs::File;
use std::io::{Seek, Write};

use platform::error::{Error, Result};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

pub struct Archive {
    writer: Option<ZipWriter<File>>,
    /// Name and number of what each entry holds, for the index.
    entries: Vec<(String, usize)>,
}

impl Archive {
    pub fn new(file: File) -> Self {
        Self { writer: Some(ZipWriter::new(file)), entries: Vec::new() }
    }

    /// Begins an entry.
    pub async fn begin(&mut self, name: String) -> Result<()> {
        self.entries.push((name.clone(), 0));
        self.work(move |writer| Ok(writer.start_file(name, options())?)).await
    }

    pub async fn write(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.work(move |writer| Ok(writer.write_all(&bytes)?)).await
    }

    /// So many records more stand in the entry.
    pub fn counted(&mut self, count: usize) {
        if let Some(entry) = self.entries.last_mut() {
            entry.1 += count;
        }
    }

    /// An entry of JSON records, each on a line of its own.
    pub async fn records(&mut self, name: String, records: &[String]) -> Result<()> {
        self.begin(name).await?;
        self.counted(records.len());
        self.write(format!("[\n{}\n]\n", records.join(",\n")).into_bytes()).await
    }

    pub fn entries(&self) -> &[(String, usize)] {
        &self.entries
    }

    /// The whole file at its beginning, and its size.
    pub async fn finish(mut self) -> Result<(File, i64)> {
        let writer = self.writer.take().ok_or_else(broken)?;
        let finish = move || -> anyhow::Result<(File, i64)> {
            let mut file = writer.finish()?;
            let size = file.metadata()?.len();
            file.rewind()?;
            Ok((file, i64::try_from(size)?))
        };
        tokio::task::spawn_blocking(finish).await.map_err(Error::internal)?.map_err(Error::internal)
    }

    async fn work(
        &mut self,
        work: impl FnOnce(&mut ZipWriter<File>) -> anyhow::Result<()> + Send + 'static,
    ) -> Result<()> {
        let mut writer = self.writer.take().ok_or_else(broken)?;
        let worked = tokio::task::spawn_blocking(move || work(&mut writer).map(|()| writer)).await;
        self.writer = Some(worked.map_err(Error::internal)?.map_err(Error::internal)?);
        Ok(())
    }
}

fn broken() -> Error {
    Error::internal(anyhow::anyhow!("the archive is broken"))
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().large_file(true).unix_permissions(0o600)
}
