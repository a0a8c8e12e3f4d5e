//! The audit trail for readers: listed, and as a file.

use chrono::{DateTime, SecondsFormat, Utc};
use contracts::google::api::HttpBody;
use contracts::operations::{
    ActorKind, AuditEntry, AuditedChange, ExportAuditEntriesRequest, ListAuditEntriesRequest, ListAuditEntriesResponse,
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::{Kinds, Operations};
use crate::access::{Call, Caller};
use crate::audit::list::{Place, Selection, entry_list};
use crate::audit::personal::{Kind, kind_of, seen_filter};
use crate::db::{self, Db, FieldChange};
use crate::error::{Error, Result};
use crate::locale::{self, Locale};
use crate::page;
use crate::sheet::write::{self, Answer, Cell, FileFormat, Producer, Row};

/// Entries read at once for a file.
const BATCH: i64 = 1_000;

impl Operations {
    pub async fn list_audit_entries(
        &self,
        request: Request<ListAuditEntriesRequest>,
    ) -> Result<Response<ListAuditEntriesResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let selection = Selection::new(&request.filter, call.caller.employee_id())?;
        let bound = ["audit", request.filter.as_str()];
        let after = page::decode::<Place>(&bound, &request.page_token)?;
        after.map_or(Ok(()), |(time, _)| page::known_time(time))?;
        let size = page::size(request.page_size, 50);
        let kinds = self.kinds.now(&call.caller).await?;
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        let mut found = entry_list(&mut connection, &selection, after, size + 1).await?;
        connection.release();
        let next_page_token = page::cut(&mut found, size, &bound, |(place, _)| *place)?;
        let looker = Looker { service: self.db.service(), kinds, caller: call.caller };
        let entries = found.into_iter().map(|(_, entry)| looker.seen(entry)).collect();
        Ok(Response::new(ListAuditEntriesResponse { entries, next_page_token }))
    }

    pub async fn export_audit_entries(
        &self,
        request: Request<ExportAuditEntriesRequest>,
    ) -> Result<Response<Answer>, Status> {
        let call = Call::of(&request)?;
        call.caller.require_recent_proof()?;
        let filter = request.into_inner().filter;
        let selection = Selection::new(&filter, call.caller.employee_id())?;
        let kinds = self.kinds.now(&call.caller).await?;
        let looker = Looker { service: self.db.service(), kinds, caller: call.caller.clone() };
        let export = Export { db: self.db.clone(), call, filter, selection, looker };
        let name = format!("audit-{}-{}.csv", self.db.service(), Utc::now().format("%Y%m%d-%H%M%S"));
        let headers = headers(locale::current()).map(Cell::from).to_vec();
        export.audit("audit.export_started", None).await?;
        let (producer, response) = write::answer(FileFormat::Csv, &name, headers);
        tokio::spawn(locale::scope(locale::current(), export.run(producer)));
        Ok(response)
    }
}

/// Who reads, and what of it is personal.
struct Looker {
    service: &'static str,
    kinds: Kinds,
    caller: Caller,
}

impl Looker {
    fn seen(&self, mut entry: AuditEntry) -> AuditEntry {
        let visibility = |kind| self.caller.visibility(kind);
        let known = |change: &AuditedChange| (self.kinds)(&entry.record_kind, change);
        entry.changes.retain(|change| known(change) != Some(Kind::Withheld));
        for change in &mut entry.changes {
            if change.field == "filter" {
                change.before = seen_filter(&change.before, visibility);
                change.after = seen_filter(&change.after, visibility);
                continue;
            }
            let kind = (self.kinds)(&entry.record_kind, change)
                .unwrap_or_else(|| kind_of(self.service, &entry.record_kind, &change.field));
            change.before = kind.seen(std::mem::take(&mut change.before), visibility);
            change.after = kind.seen(std::mem::take(&mut change.after), visibility);
        }
        entry
    }
}

struct Export {
    db: Db,
    call: Call,
    filter: String,
    selection: Selection,
    looker: Looker,
}

impl Export {
    /// That it began stands in the trail before anything leaves; how many rows did, before the file has its end.
    async fn run(self, mut producer: Producer) {
        let mut count = 0;
        let written = self.write(&mut producer, &mut count).await;
        let audited = self.audit("audit.exported", Some(count)).await;
        producer.end(written.and(audited)).await;
    }

    async fn write(&self, producer: &mut Producer, count: &mut u64) -> Result<()> {
        let mut snapshot =
            self.db.pool().begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(Error::from)?;
        let mut after = None;
        loop {
            let found = entry_list(&mut snapshot, &self.selection, after, BATCH).await?;
            after = found.last().map(|(place, _)| *place);
            let last = found.len() < BATCH as usize;
            let length = found.len() as u64;
            let rows = found.into_iter().map(|(_, entry)| row(self.looker.seen(entry))).collect();
            // Whoever asked may have gone.
            let taken = producer.give(rows).await;
            *count += if taken { length } else { 0 };
            if last || !taken {
                return Ok(snapshot.rollback().await?);
            }
        }
    }

    async fn audit(&self, action: &'static str, count: Option<u64>) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let id = Uuid::now_v7();
        let field = |field: &str, after: String| FieldChange { field: field.to_owned(), before: String::new(), after };
        tx.audit(db::AuditEntry {
            action,
            record_kind: "audit",
            record_id: id,
            subject_id: id,
            changes: count
                .map(|count| field("count", count.to_string()))
                .into_iter()
                .chain([field("filter", self.filter.clone())])
                .collect(),
        });
        // A stream has no answer to keep.
        let call = Call { idempotency_key: None, ..self.call.clone() };
        tx.commit_call(&call, HttpBody::default()).await.map(|_| ())
    }
}

fn headers(locale: Locale) -> [&'static str; 13] {
    match locale {
        Locale::Zh => [
            "时间",
            "操作者类型",
            "操作者",
            "操作者标识",
            "地址",
            "会话",
            "请求",
            "操作",
            "记录类型",
            "记录标识",
            "所属记录",
            "变更",
            "日志标识",
        ],
        Locale::En => [
            "time",
            "actor kind",
            "actor",
            "actor id",
            "address",
            "session",
            "request",
            "action",
            "record kind",
            "record id",
            "subject id",
            "changes",
            "id",
        ],
    }
}

fn row(entry: AuditEntry) -> Row {
    let kind = ActorKind::try_from(entry.actor_kind).unwrap_or_default();
    let kind = kind.as_str_name().trim_start_matches("ACTOR_KIND_").to_owned();
    let time = entry.time.and_then(|time| DateTime::from_timestamp(time.seconds, time.nanos.unsigned_abs()));
    let time = time.map(|time| time.to_rfc3339_opts(SecondsFormat::Micros, true)).unwrap_or_default();
    let changes: Vec<_> =
        entry.changes.iter().map(|change| format!("{}: {} → {}", change.field, change.before, change.after)).collect();
    let texts = [
        time,
        kind,
        entry.actor_name,
        entry.actor_id,
        entry.address,
        entry.session_id,
        entry.request_id,
        entry.action,
        entry.record_kind,
        entry.record_id,
        entry.subject_id,
        changes.join("\n"),
        entry.id,
    ];
    texts.into_iter().map(Cell::Text).collect()
}
