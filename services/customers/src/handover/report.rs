//! The report of a handover as a file: each record that was moved, where it went, and whether it came back.

use std::sync::Arc;

use contracts::customers::HandoverReportFormat;
use contracts::google::api::HttpBody;
use contracts::options::Permission;
use platform::access::{Call, Policy, RowPredicate};
use platform::error::Result;
use platform::locale::{self, Locale};
use platform::sheet::write::{Answer, Cell, FileFormat, Producer, Row, answer};
use tonic::Response;
use uuid::Uuid;

use super::audit;
use super::items::{self, CUSTOMER, Reported};
use super::store::Stored;
use crate::Shared;

const BATCH: i64 = 1_000;

/// Answered when its audit entry stands: it names customers.
pub async fn report(
    shared: &Arc<Shared>,
    call: &Call,
    handover: &Stored,
    format: HandoverReportFormat,
) -> Result<Response<Answer>> {
    let tx = {
        let mut tx = shared.db.begin().await?;
        tx.audit(audit::entry("handover.report_downloaded", handover.id, &[]));
        tx
    };
    // A stream has no answer to keep.
    let call = Call { idempotency_key: None, ..call.clone() };
    tx.commit_call(&call, HttpBody::default()).await?;
    let locale = locale::current();
    let format = if format == HandoverReportFormat::Xlsx { FileFormat::Xlsx } else { FileFormat::Csv };
    let (headers, base) = match locale {
        Locale::Zh => (["类型", "客户编号", "客户名称", "主题", "接收人", "结果"], "移交报告"),
        Locale::En => (["Kind", "Customer number", "Customer", "Subject", "Receiver", "Result"], "handover-report"),
    };
    let name = format!("{base}.{}", format.extension());
    let (producer, answer) = answer(format, &name, headers.map(Cell::from).to_vec());
    let report = Report {
        shared: shared.clone(),
        id: handover.id,
        customers: call.caller.rows(Permission::CustomersRead),
        interactions: call.caller.rows(Permission::InteractionsRead),
        policy: call.caller.policy().cloned().unwrap_or_default(),
        locale,
    };
    tokio::spawn(report.run(producer));
    Ok(answer)
}

struct Report {
    shared: Arc<Shared>,
    id: Uuid,
    customers: RowPredicate,
    interactions: RowPredicate,
    policy: Arc<Policy>,
    locale: Locale,
}

impl Report {
    async fn run(self, mut producer: Producer) {
        let written = self.write(&mut producer).await;
        producer.end(written).await;
    }

    async fn write(&self, producer: &mut Producer) -> Result<()> {
        let mut after = Uuid::nil();
        loop {
            let mut connection = self.shared.db.pool().acquire().await?;
            let readable = (&self.customers, &self.interactions);
            let found = items::item_list(&mut connection, self.id, readable, after, BATCH).await?;
            // Whoever receives the file may be slow.
            connection.release();
            let Some(last) = found.last() else { return Ok(()) };
            after = last.record_id;
            if !producer.give(found.iter().map(|item| self.row(item)).collect()).await {
                return Ok(());
            }
        }
    }

    fn row(&self, item: &Reported) -> Row {
        let text = |zh: &str, en: &str| Cell::from(if self.locale == Locale::Zh { zh } else { en });
        let kind = if item.kind == CUSTOMER {
            text("客户", "Customer")
        } else {
            text("交往计划", "Planned interaction")
        };
        let result = match item.state {
            2 => text("已退回", "Given back"),
            3 => text("未能退回：已变更", "Not given back: it has changed"),
            _ => text("已移交", "Handed over"),
        };
        vec![
            kind,
            Cell::Text(item.number.clone().unwrap_or_else(|| item.customer_id.to_string())),
            Cell::Text(item.name.clone().unwrap_or_default()),
            Cell::Text(item.subject.clone().unwrap_or_default()),
            Cell::from(self.policy.employee_name(item.employee_id)),
            result,
        ]
    }
}
