//! The archive of everything that is held on a person: an index in both languages, JSON by service, the attached files. Rows
//! are given as they stand in the tables, so that no column is forgotten. A service that does not answer breaks it off, and
//! the next try begins anew: what is given out is whole.

use std::fmt::Write as _;

use chrono::{SecondsFormat, Utc};
use contracts::privacy::{ListSubjectRecordsRequest, Subject};
use futures::StreamExt;
use platform::audit::list::Place;
use platform::audit::subject::entries_about;
use platform::blob::Blobs;
use platform::db::Db;
use platform::error::{Error, Result};
use platform::subject::{AUDIT_SECTION, Holder};
use sqlx::{AssertSqlSafe, PgConnection, Row};
use uuid::Uuid;

use super::archive::Archive;
use super::store::{self, Stored};
use super::subject::Records;

/// Entries of the trail, or rows, that are read at once.
const PAGE: i64 = 500;

/// As numbered in the contract: its content is not kept.
const REFUSED: i16 = 3;

/// What this service holds: names of entries, and what they hold of the records `$1` in the order of their ids.
fn sections(records: &Records) -> [(&'static str, &'static str, Vec<Uuid>); 10] {
    let customer = match records.person.contact_id {
        None => vec![records.person.customer_id],
        Some(_) => Vec::new(),
    };
    let row = |name, of, ids: &[Uuid]| (name, of, ids.to_vec());
    [
        row("customer", "SELECT id, to_jsonb(r) - 'phone_digits' FROM customer AS r", &customer),
        row("contact", "SELECT id, to_jsonb(r) FROM contact AS r", &records.contacts),
        row("interaction", "SELECT id, to_jsonb(r) FROM interaction AS r", &records.interactions),
        row("relation", "SELECT id, to_jsonb(r) FROM relation AS r", &records.relations),
        row("attachment", "SELECT id, to_jsonb(r) - 'object_id' FROM attachment AS r", &records.attachments),
        row("consent", "SELECT id, to_jsonb(r) FROM consent AS r", &records.consents),
        row("contact_ban", "SELECT id, to_jsonb(r) FROM contact_ban AS r", &records.bans),
        row("share", "SELECT id, to_jsonb(r) FROM customer_share AS r", &records.others),
        row("ownership", "SELECT id, to_jsonb(r) FROM ownership AS r", &records.others),
        row(
            "privacy_request",
            "SELECT id, to_jsonb(r) - 'object_id' - 'object_ids' FROM privacy_request AS r",
            &records.requests,
        ),
    ]
}

/// Where the request shows how far it has come.
pub struct Told<'a> {
    pub db: &'a Db,
    pub request_id: Uuid,
}

impl Told<'_> {
    async fn waits_for(&self, answered: i32, service: &str) -> Result<()> {
        let mut connection = self.db.pool().acquire().await?;
        store::progress_set(&mut connection, self.request_id, answered, service).await
    }
}

pub async fn export(
    db: &Db,
    blobs: &Blobs,
    request: &Stored,
    holders: &[Holder],
    told: &Told<'_>,
) -> Result<(std::fs::File, i64)> {
    let mut archive = Archive::new(blobs.scratch()?);
    let records = {
        let mut connection = db.pool().acquire().await?;
        Records::of(&mut connection, request.person).await?
    };
    let heads: Vec<String> = records.heads().iter().map(Uuid::to_string).collect();
    for (number, holder) in (0..).zip(holders) {
        told.waits_for(number, &holder.service).await?;
        others(&mut archive, holder, &heads).await?;
    }
    told.waits_for(i32::try_from(holders.len()).unwrap_or_default(), crate::NAME).await?;
    // One moment for all that this service holds.
    let mut snapshot = db.pool().begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    for (name, select, ids) in sections(&records) {
        rows(&mut archive, &mut snapshot, name, select, &ids).await?;
    }
    trail(&mut archive, &mut snapshot, &records).await?;
    let files: Vec<(Uuid, Uuid, String, i16)> =
        sqlx::query_as("SELECT id, object_id, name, state FROM attachment WHERE id = ANY($1) ORDER BY id")
            .bind(&records.attachments)
            .fetch_all(&mut *snapshot)
            .await?;
    snapshot.rollback().await?;
    for (id, object_id, name, _) in files.into_iter().filter(|file| file.3 != REFUSED) {
        file(&mut archive, blobs, (id, object_id), &name).await?;
    }
    let index = index(request, archive.entries());
    archive.begin("index.txt".to_owned()).await?;
    archive.write(index.into_bytes()).await?;
    archive.finish().await
}

/// What another service holds, section by section.
async fn others(archive: &mut Archive, holder: &Holder, record_ids: &[String]) -> Result<()> {
    let mut sections: Vec<(String, Vec<String>)> = Vec::new();
    let mut page_token = String::new();
    loop {
        let subject = Some(Subject { record_ids: record_ids.to_vec() });
        let page = holder.list_records(ListSubjectRecordsRequest { subject, page_size: 0, page_token }).await?;
        for record in page.records {
            match sections.iter_mut().find(|(section, _)| *section == record.section) {
                Some((_, records)) => records.push(record.json),
                None => sections.push((record.section, vec![record.json])),
            }
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    for (section, records) in sections {
        archive.records(format!("{}/{section}.json", holder.service), &records).await?;
    }
    Ok(())
}

async fn rows(
    archive: &mut Archive,
    connection: &mut PgConnection,
    name: &str,
    select: &str,
    ids: &[Uuid],
) -> Result<()> {
    let sql = format!("{select} WHERE id = ANY($1) AND id > $2 ORDER BY id LIMIT $3");
    let (mut last, mut begun) = (Uuid::nil(), false);
    loop {
        let page = sqlx::query(AssertSqlSafe(sql.as_str())).bind(ids).bind(last).bind(PAGE);
        let page = page.fetch_all(&mut *connection).await?;
        let Some(end) = page.last() else { break };
        last = end.try_get(0)?;
        let records: Vec<String> = page
            .iter()
            .map(|row| Ok(row.try_get::<serde_json::Value, _>(1)?.to_string()))
            .collect::<sqlx::Result<_>>()?;
        piece(archive, name, &mut begun, &records).await?;
    }
    end(archive, begun).await
}

/// Who saw and changed what.
async fn trail(archive: &mut Archive, connection: &mut PgConnection, records: &Records) -> Result<()> {
    let ids = records.all();
    let (mut after, mut begun) = (None::<Place>, false);
    loop {
        let page = entries_about(&mut *connection, &ids, after, PAGE).await?;
        let Some((place, _)) = page.last() else { break };
        after = Some(*place);
        let entries: Vec<String> = page.iter().map(|(_, entry)| entry.to_string()).collect();
        piece(archive, AUDIT_SECTION, &mut begun, &entries).await?;
    }
    end(archive, begun).await
}

/// Some records of an entry of JSON, which begins with the first of them.
async fn piece(archive: &mut Archive, name: &str, begun: &mut bool, records: &[String]) -> Result<()> {
    let head = if *begun { ",\n" } else { "[\n" };
    if !std::mem::replace(begun, true) {
        archive.begin(format!("{}/{name}.json", crate::NAME)).await?;
    }
    archive.counted(records.len());
    archive.write(format!("{head}{}", records.join(",\n")).into_bytes()).await
}

async fn end(archive: &mut Archive, begun: bool) -> Result<()> {
    if begun { archive.write(b"\n]\n".to_vec()).await } else { Ok(()) }
}

async fn file(archive: &mut Archive, blobs: &Blobs, (id, object_id): (Uuid, Uuid), name: &str) -> Result<()> {
    let mut content = blobs.get(object_id).await?;
    archive.begin(format!("{}/files/{id}-{}", crate::NAME, safe(name))).await?;
    while let Some(piece) = content.next().await {
        archive.write(piece.map_err(Error::unavailable)?.to_vec()).await?;
    }
    archive.counted(1);
    Ok(())
}

/// A name that leads nowhere else when the archive is unpacked.
fn safe(name: &str) -> String {
    let safe = |c: char| {
        if c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|') { '_' } else { c }
    };
    name.chars().map(safe).collect()
}

fn index(request: &Stored, entries: &[(String, usize)]) -> String {
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true);
    let whom = request.person.contact_id.unwrap_or(request.person.customer_id);
    let mut index = format!(
        "个人信息副本 / A copy of the personal data that are held on you\r\n\r\n\
         编号 / Record: {whom}\r\n申请 / Request: {}\r\n时间 / Time: {now}\r\n\r\n\
         每个文件列出一类记录，按保存时的原样给出；audit_entry 说明谁在何时查看或修改过什么。\r\n\
         Each file lists records of one kind as they are kept; audit_entry tells who saw or changed what, and when.\r\n\r\n",
        request.id,
    );
    for (name, count) in entries {
        let section = name.rsplit('/').next().and_then(|file| file.strip_suffix(".json")).unwrap_or("file");
        let (zh, en) = title(section);
        // A string takes all that is written to it.
        let _ = write!(index, "{name}\r\n    {zh} / {en}: {count}\r\n");
    }
    index
}

fn title(section: &str) -> (&'static str, &'static str) {
    match section {
        "customer" => ("客户资料", "customer"),
        "contact" => ("联系人", "contacts"),
        "interaction" => ("往来记录", "interactions"),
        "relation" => ("关系", "relations"),
        "attachment" => ("附件清单", "list of files"),
        "consent" => ("同意与撤回", "consents"),
        "contact_ban" => ("禁止联系", "do-not-contact"),
        "share" => ("共享", "shares"),
        "ownership" => ("负责人历史", "owners over time"),
        "privacy_request" => ("隐私申请", "requests of privacy"),
        "audit_entry" => ("审计记录", "audit trail"),
        "dim_customer" => ("统计口径", "as it is counted in reports"),
        "webhook_delivery" => ("对外通知", "events told to others"),
        "file" => ("附件", "file"),
        _ => ("其他", "other"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_within_the_archive() {
        assert_eq!(safe("../../etc/passwd"), ".._.._etc_passwd");
        assert_eq!(safe("合同\u{0}.pdf"), "合同_.pdf");
    }
}
