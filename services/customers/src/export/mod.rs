//! Customers as files: the list's filter, order and row predicate, read batch by batch in one snapshot, in the columns
//! that the caller chose and as the caller may see them. `column` knows the columns.

pub mod column;

use std::sync::Arc;

use chrono::Utc;
use contracts::customers::{Customer, CustomerKind, ExportCustomersRequest, ExportFormat, Gender};
use contracts::google::api::HttpBody;
use contracts::options::Permission;
use platform::access::{Call, RowPredicate};
use platform::db::{AuditEntry, FieldChange};
use platform::error::{Error, Result};
use platform::filter::Value as Key;
use platform::locale::{self, Locale};
use tonic::Response;
use uuid::Uuid;

use crate::Shared;
use crate::customer::event::AGGREGATE;
use crate::customer::keys::Listed;
use crate::customer::list::{Selection, built_in};
use crate::customer::row::Reader;
use crate::customer::store::customer_list_query;
use crate::error::reason;
use crate::field::Fields;
use column::Columns;
use platform::sheet::write::{self, Answer, FileFormat, Producer, Row};

const BATCH: i64 = 1_000;

pub async fn export(shared: &Arc<Shared>, call: &Call, request: ExportCustomersRequest) -> Result<Response<Answer>> {
    let locale = locale::current();
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let cards = request.format() == ExportFormat::Vcard;
    if cards && !request.columns.is_empty() {
        return Err(Error::invalid("columns", &reason::EXPORT_COLUMNS_OF_CARDS));
    }
    let chosen = if cards { CARD.map(str::to_owned).to_vec() } else { request.columns.clone() };
    let columns = Columns::new(&chosen, &fields, &call.caller, locale, shared.zone)?;
    let schema = fields.schema(built_in);
    let selection =
        Selection::new(&schema, &call.caller, reader.masked(), shared.zone, &request.filter, &request.order_by)?;
    let format = match request.format() {
        ExportFormat::Xlsx => FileFormat::Xlsx,
        ExportFormat::Vcard => FileFormat::Vcard,
        ExportFormat::Csv | ExportFormat::Unspecified => FileFormat::Csv,
    };
    let day = Utc::now().with_timezone(&shared.zone).format("%Y%m%d-%H%M%S");
    let name = match locale {
        Locale::Zh => format!("客户-{day}.{}", format.extension()),
        Locale::En => format!("customers-{day}.{}", format.extension()),
    };
    let headers = columns.headers();
    let export = Export {
        rows: call.caller.rows(Permission::CustomersExport),
        shared: shared.clone(),
        call: call.clone(),
        fields: fields.clone(),
        selection,
        columns,
        cards,
        request,
    };
    drop(reader);
    export.audit("customer.export_started", None).await?;
    let (producer, answer) = write::answer(format, &name, headers);
    tokio::spawn(locale::scope(locale, export.run(producer)));
    Ok(answer)
}

/// What a card holds, in the order of [`platform::sheet::vcard::COLUMNS`] as far as customers have it.
const CARD: [&str; 9] =
    ["name", "kind", "phone", "email", "addresses.street", "addresses.postal_code", "birthday", "gender", "website"];

/// A row of [`CARD`] in the words of vCards.
fn card(mut row: Row, customer: &Customer) -> Row {
    row[1] = if customer.kind() == CustomerKind::Organization { "org" } else { "individual" }.into();
    row[7] = match customer.gender() {
        Gender::Male => "M",
        Gender::Female => "F",
        Gender::Unspecified => "",
    }
    .into();
    // Neither company nor title.
    row.extend(["".into(), "".into(), customer.remark.as_str().into()]);
    row
}

struct Export {
    shared: Arc<Shared>,
    call: Call,
    fields: Arc<Fields>,
    selection: Selection,
    rows: RowPredicate,
    columns: Columns,
    cards: bool,
    request: ExportCustomersRequest,
}

impl Export {
    /// That it began stands in the trail before anything leaves; how many rows did, before the file has its end.
    async fn run(self, mut producer: Producer) {
        let mut count = 0;
        let written = self.write(&mut producer, &mut count).await;
        let audited = self.audit("customer.exported", Some(count)).await;
        producer.end(written.and(audited)).await;
    }

    async fn write(&self, producer: &mut Producer, count: &mut u64) -> Result<()> {
        let reader = Reader::of(&self.call.caller, &self.fields);
        let mut snapshot = self.shared.db.pool().begin().await?;
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *snapshot).await?;
        let mut after: Option<Vec<Key>> = None;
        loop {
            let mut query = customer_list_query(&self.selection, &self.rows, after.as_deref(), BATCH)?;
            let found = query.build().fetch_all(&mut *snapshot).await?;
            let last = found.len() < BATCH as usize;
            let mut rows: Vec<Row> = Vec::with_capacity(found.len());
            for (index, row) in found.iter().enumerate() {
                let customer = reader.customer(row)?;
                let row = self.columns.row(&customer);
                rows.push(if self.cards { card(row, &customer) } else { row });
                if index + 1 == found.len() {
                    after = Some(self.selection.order.keys(&Listed(&customer)));
                }
            }
            let length = rows.len() as u64;
            if length > 0 && !producer.give(rows).await {
                // Whoever asked has gone.
                return Ok(());
            }
            *count += length;
            if last {
                return Ok(());
            }
        }
    }

    async fn audit(&self, action: &'static str, count: Option<u64>) -> Result<()> {
        let mut tx = self.shared.db.begin().await?;
        let id = Uuid::now_v7();
        let field = |field: &str, after: String| FieldChange { field: field.to_owned(), before: String::new(), after };
        tx.audit(AuditEntry {
            action,
            record_kind: AGGREGATE,
            record_id: id,
            subject_id: id,
            changes: count
                .map(|count| field("count", count.to_string()))
                .into_iter()
                .chain([
                    field("filter", self.request.filter.clone()),
                    field("columns", self.columns.paths().join(", ")),
                    field("format", self.request.format().as_str_name().to_owned()),
                ])
                .collect(),
        });
        // A stream has no answer to keep.
        let call = Call { idempotency_key: None, ..self.call.clone() };
        tx.commit_call(&call, HttpBody::default()).await.map(|_| ())
    }
}
