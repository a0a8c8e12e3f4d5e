//! The file of a run, put together again from its pieces, and its rows in batches. Reading and checking rows is work for a
//! processor: it goes on in a thread of its own while the batch before is written.

use platform::db::Pool;
use std::fs::File;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use platform::error::{Error, Result};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::seen::Seen;
use crate::import::row::{Draft, Plan};
use crate::import::store::{self, Stored};
use platform::sheet::{self, FileFault, Format};

/// Rows of one transaction: enough for its cost not to matter, few enough for progress to be seen and a crash to be cheap.
const ROWS: usize = 2_000;
/// Batches that are read ahead.
const AHEAD: usize = 2;

pub type Batch = Vec<Draft>;

/// The file as it was uploaded; nothing when it is no longer kept.
pub async fn fetch(pool: &Pool, import_id: Uuid) -> Result<Option<File>> {
    let mut file = tempfile::tempfile().map_err(Error::internal)?;
    let mut position = 0;
    while let Some(piece) = store::piece_get(pool, import_id, position).await? {
        file = tokio::task::spawn_blocking(move || file.write_all(&piece).map(|()| file))
            .await
            .map_err(Error::internal)?
            .map_err(Error::internal)?;
        position += 1;
    }
    Ok((position > 0).then_some(file))
}

pub struct Source {
    batches: mpsc::Receiver<Batch>,
    reading: JoinHandle<Result<(), FileFault>>,
}

impl Source {
    /// Begins to read behind what the run has done already.
    pub fn start(file: File, stored: &Stored, plan: Arc<Plan>) -> Self {
        let (sender, batches) = mpsc::channel(AHEAD);
        let (format, header_row, done) = (stored.format.clone(), stored.header_row, stored.progress.row);
        let reading = tokio::task::spawn_blocking(move || read(file, &format, header_row, done, &plan, &sender));
        Self { batches, reading }
    }

    pub async fn next(&mut self) -> Option<Batch> {
        self.batches.recv().await
    }

    /// How reading ended, once there are no more batches.
    pub async fn end(self) -> Result<(), FileFault> {
        match self.reading.await {
            Ok(read) => read,
            Err(error) => {
                tracing::error!("import file: {error}");
                Err(FileFault::new(&sheet::reason::FILE_BROKEN))
            }
        }
    }
}

fn read(
    mut file: File,
    format: &Format,
    header_row: u32,
    done: u32,
    plan: &Plan,
    sender: &mpsc::Sender<Batch>,
) -> Result<(), FileFault> {
    let mut seen = Seen::default();
    let mut batch = Vec::with_capacity(ROWS);
    sheet::read(&mut file, format, &mut |record| {
        if record.row <= header_row {
            return ControlFlow::Continue(());
        }
        let mut draft = plan.draft(record);
        seen.check(&mut draft, plan);
        if draft.row <= done {
            return ControlFlow::Continue(());
        }
        batch.push(draft);
        if batch.len() < ROWS {
            return ControlFlow::Continue(());
        }
        let full = std::mem::replace(&mut batch, Vec::with_capacity(ROWS));
        // Nobody listens any more when the run has ended early.
        if sender.blocking_send(full).is_err() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    if !batch.is_empty() {
        let _ = sender.blocking_send(batch);
    }
    Ok(())
}
