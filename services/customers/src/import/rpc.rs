//! `ImportService`: a file comes in, its mapping is looked at, it is tried dry and run, and rows that failed go out again.
//! All of it is the caller's own; the run itself is a job (`run`).

use std::sync::Arc;
use std::time::Duration;

use contracts::customers::import_service_server::ImportService;
use contracts::customers::{
    CancelImportRequest, DownloadImportErrorsRequest, DownloadImportTemplateRequest, GetImportRequest, Import,
    ImportState, ListImportKeptRequest, ListImportKeptResponse, ListImportRowErrorsRequest,
    ListImportRowErrorsResponse, ListImportsRequest, ListImportsResponse, RunImportRequest, UndoImportRequest,
    UploadImportFileRequest, WatchImportRequest,
};
use contracts::options::Permission;
use futures::stream::{BoxStream, StreamExt, unfold};
use platform::access::{Call, Caller};
use platform::db::Once;
use platform::error::{Error, Result};
use platform::jobs::{self, JobState, NewJob};
use platform::{locale, page};
use tokio::time::Instant;
use tonic::{Request, Response, Status, Streaming};
use uuid::Uuid;

use super::run::{ATTEMPTS, ImportJob, Payload};
use super::undo::{self, UndoJob};
use super::{audit, download, rules, run, store, upload};
use crate::Shared;
use crate::error::reason;
use platform::sheet::write::Answer;

/// Between two looks at a run.
const LOOK: Duration = Duration::from_millis(300);
/// How long an answer waits for a run to stop.
const STOP: Duration = Duration::from_secs(3);

pub struct ImportRpc {
    shared: Arc<Shared>,
}

impl ImportRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn get(&self, caller: &Caller, id: &str) -> Result<store::Stored> {
        store::import_get(self.shared.db.pool(), caller.require_employee()?, uuid(id)?).await
    }
}

fn uuid(id: &str) -> Result<Uuid> {
    // The contract lets ids alone through.
    id.parse().map_err(|_| Error::not_found())
}

#[tonic::async_trait]
impl ImportService for ImportRpc {
    async fn upload_import_file(
        &self,
        request: Request<Streaming<UploadImportFileRequest>>,
    ) -> Result<Response<Import>, Status> {
        let mut call = Call::of(&request)?;
        Ok(Response::new(upload::upload(&self.shared, &mut call, request.into_inner()).await?))
    }

    async fn list_imports(
        &self,
        request: Request<ListImportsRequest>,
    ) -> Result<Response<ListImportsResponse>, Status> {
        let employee_id = Call::of(&request)?.caller.require_employee()?;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let after = page::decode::<Uuid>(&["imports"], &request.page_token)?;
        let mut imports = store::import_list(self.shared.db.pool(), employee_id, after, size + 1).await?;
        let next_page_token = page::cut(&mut imports, size, &["imports"], |import| import.id.clone())?;
        Ok(Response::new(ListImportsResponse { imports, next_page_token }))
    }

    async fn get_import(&self, request: Request<GetImportRequest>) -> Result<Response<Import>, Status> {
        let caller = Call::of(&request)?.caller;
        Ok(Response::new(self.get(&caller, &request.get_ref().id).await?.import))
    }

    async fn run_import(&self, request: Request<RunImportRequest>) -> Result<Response<Import>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.start(&call, request.get_ref()).await?))
    }

    async fn cancel_import(&self, request: Request<CancelImportRequest>) -> Result<Response<Import>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.cancel(&call, &request.get_ref().id).await?))
    }

    async fn undo_import(&self, request: Request<UndoImportRequest>) -> Result<Response<Import>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.undo(&call, &request.get_ref().id).await?))
    }

    async fn list_import_kept(
        &self,
        request: Request<ListImportKeptRequest>,
    ) -> Result<Response<ListImportKeptResponse>, Status> {
        let caller = Call::of(&request)?.caller;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let bound = ["import kept", request.import_id.as_str()];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?.unwrap_or_default();
        self.get(&caller, &request.import_id).await?;
        let rows = caller.rows(Permission::CustomersRead);
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let import_id = uuid(&request.import_id)?;
        let mut kept = undo::store::kept_list(&mut connection, import_id, &rows, after, size + 1).await?;
        let next_page_token = page::cut(&mut kept, size, &bound, |kept| kept.customer_id.clone())?;
        Ok(Response::new(ListImportKeptResponse { kept, next_page_token }))
    }

    type WatchImportStream = BoxStream<'static, Result<Import, Status>>;

    async fn watch_import(
        &self,
        request: Request<WatchImportRequest>,
    ) -> Result<Response<Self::WatchImportStream>, Status> {
        let caller = Call::of(&request)?.caller;
        // An import that isn't there is the call's answer, not the stream's.
        self.get(&caller, &request.get_ref().id).await?;
        let watch = Watch {
            shared: self.shared.clone(),
            id: uuid(&request.get_ref().id)?,
            employee_id: caller.require_employee()?,
            locale: locale::current(),
            next: Some(Instant::now()),
        };
        let states = unfold(watch, |mut watch| async {
            let look = watch.next.take()?;
            tokio::time::sleep_until(look).await;
            let state = locale::scope(watch.locale, watch.look()).await;
            if matches!(&state, Ok(import) if matches!(import.state(), ImportState::Running | ImportState::Undoing)) {
                watch.next = Some(Instant::now() + LOOK);
            }
            Some((state.map_err(Status::from), watch))
        });
        Ok(Response::new(states.boxed()))
    }

    async fn list_import_row_errors(
        &self,
        request: Request<ListImportRowErrorsRequest>,
    ) -> Result<Response<ListImportRowErrorsResponse>, Status> {
        let caller = Call::of(&request)?.caller;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let bound = ["import row errors", request.import_id.as_str()];
        let after = page::decode::<i64>(&bound, &request.page_token)?.unwrap_or(0);
        let stored = self.get(&caller, &request.import_id).await?;
        let locale = locale::current();
        let mut row_errors =
            store::row_error_list(self.shared.db.pool(), &stored, after, false, size + 1, locale).await?;
        let next_page_token = page::cut(&mut row_errors, size, &bound, |error| error.row)?;
        Ok(Response::new(ListImportRowErrorsResponse { row_errors, next_page_token }))
    }

    type DownloadImportErrorsStream = Answer;

    async fn download_import_errors(
        &self,
        request: Request<DownloadImportErrorsRequest>,
    ) -> Result<Response<Answer>, Status> {
        let caller = Call::of(&request)?.caller;
        let stored = self.get(&caller, &request.get_ref().id).await?;
        Ok(download::errors(&self.shared, stored))
    }

    type DownloadImportTemplateStream = Answer;

    async fn download_import_template(
        &self,
        request: Request<DownloadImportTemplateRequest>,
    ) -> Result<Response<Answer>, Status> {
        let call = Call::of(&request)?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        Ok(download::template(&fields, request.get_ref().format()))
    }
}

impl ImportRpc {
    async fn start(&self, call: &Call, request: &RunImportRequest) -> Result<Import> {
        let employee_id = call.caller.require_employee()?;
        let id = uuid(&request.id)?;
        let fields = self.shared.fields.seen_by(&call.caller).await?;
        let mut tx = match self.shared.db.begin_once::<Import>(call).await? {
            Once::Done(import) => return Ok(import),
            Once::New(tx) => tx,
        };
        let stored = store::import_lock(tx.connection(), employee_id, id).await?;
        rules::check_state(&stored.import)?;
        let paths = rules::paths(request, &stored, &fields)?;
        rules::check_key(request.key(), |kind| call.caller.visibility(kind))?;
        let owner_id = match request.owner_id.as_str() {
            "" => None,
            named => Some(named.parse::<Uuid>().map_err(|_| Error::invalid("owner_id", &reason::OWNER_INVALID))?),
        };
        run::owner(&call.caller, owner_id).ok_or_else(|| Error::invalid("owner_id", &reason::OWNER_INVALID))?;
        // The import holds the id of its job: what an earlier one still tries to write is refused.
        let job = NewJob::new::<ImportJob>(&Payload { import_id: id })?.max_attempts(ATTEMPTS);
        let job_id = tx.enqueue(job).await?.id();
        let run = store::Run {
            fields: &paths,
            key: request.key,
            duplicate_policy: request.duplicate_policy,
            dry_run: request.dry_run,
            owner_id,
            job_id,
        };
        store::run_start(tx.connection(), id, &run).await?;
        if !request.dry_run {
            tx.audit(audit::entry("import.started", id, &[("columns", paths.join(", "))]));
        }
        let import = store::import_get(tx.connection(), employee_id, id).await?.import;
        tx.commit_call(call, import).await
    }

    async fn cancel(&self, call: &Call, id: &str) -> Result<Import> {
        let employee_id = call.caller.require_employee()?;
        let id = uuid(id)?;
        let mut tx = match self.shared.db.begin_once::<Import>(call).await? {
            Once::Done(import) => return Ok(import),
            Once::New(tx) => tx,
        };
        let stored = store::import_lock(tx.connection(), employee_id, id).await?;
        let Some(job_id) = stored.job_id.filter(|_| stored.import.state() == ImportState::Running) else {
            return Err(Error::failed_precondition(&reason::IMPORT_NOT_RUNNING));
        };
        store::cancel_request(tx.connection(), id).await?;
        jobs::cancel(tx.connection(), job_id).await?;
        let job = jobs::status(tx.connection(), job_id).await?;
        if job.is_some_and(|job| job.state == JobState::Cancelled) {
            // It had not begun.
            store::run_end(tx.connection(), id, job_id, ImportState::Cancelled, None).await?;
        }
        tx.audit(audit::entry("import.cancelled", id, &[]));
        let import = store::import_get(tx.connection(), employee_id, id).await?.import;
        let mut import = tx.commit_call(call, import).await?;
        let patience = Instant::now() + STOP;
        while import.state() == ImportState::Running && Instant::now() < patience {
            tokio::time::sleep(LOOK / 3).await;
            import = store::import_get(self.shared.db.pool(), employee_id, id).await?.import;
        }
        Ok(import)
    }
}

impl ImportRpc {
    async fn undo(&self, call: &Call, id: &str) -> Result<Import> {
        let employee_id = call.caller.require_employee()?;
        let id = uuid(id)?;
        let mut tx = match self.shared.db.begin_once::<Import>(call).await? {
            Once::Done(import) => return Ok(import),
            Once::New(tx) => tx,
        };
        let stored = store::import_lock(tx.connection(), employee_id, id).await?;
        let left = undo::store::effect_count(tx.connection(), id).await?;
        undo::rules::check(stored.import.state(), left)?;
        let job = NewJob::new::<UndoJob>(&undo::Payload { import_id: id })?.max_attempts(undo::ATTEMPTS);
        let job_id = tx.enqueue(job).await?.id();
        undo::store::undo_start(tx.connection(), id, job_id, left).await?;
        tx.audit(audit::entry("import.undo_started", id, &[]));
        let import = store::import_get(tx.connection(), employee_id, id).await?.import;
        tx.commit_call(call, import).await
    }
}

/// A caller who looks at a run, for as long as the guard lets them.
struct Watch {
    shared: Arc<Shared>,
    id: Uuid,
    employee_id: Uuid,
    locale: locale::Locale,
    next: Option<Instant>,
}

impl Watch {
    async fn look(&self) -> Result<Import> {
        Ok(store::import_get(self.shared.db.pool(), self.employee_id, self.id).await?.import)
    }
}
