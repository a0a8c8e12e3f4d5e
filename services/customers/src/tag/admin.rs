//! Rules that give tags. A change of one is followed by a run over all customers.

use contracts::customers::{
    CreateTagRuleRequest, DeleteTagRuleRequest, DeleteTagRuleResponse, ListTagRulesRequest, ListTagRulesResponse,
    PreviewTagRuleRequest, PreviewTagRuleResponse, TagRule, UpdateTagRuleRequest,
};
use platform::access::Call;
use platform::audit::personal::seen_filter;
use platform::db::{AuditEntry, Once, Tx};
use platform::error::{Error, Result};
use platform::filter;
use platform::jobs::NewJob;
use platform::{page, update};
use uuid::Uuid;

use super::rules::{MUTABLE, fault, is_barred};
use super::store;
use crate::Shared;
use crate::audit::{Changes, key_id};
use crate::customer::check_etag;
use crate::error::reason;
use crate::evaluation::{self, Payload, Sweep, check_filter, context};
use crate::field::Fields;
use crate::field::kind::RecordKind;

/// Every one is asked of every customer.
const MOST: usize = 100;

/// As a caller sees it: the filter can quote what the caller sees masked, and name what the caller does not see.
fn seen(call: &Call, fields: &Fields, mut rule: TagRule) -> TagRule {
    rule.filter = match fields.names_hidden(&rule.filter) {
        true => "***".to_owned(),
        false => seen_filter(&rule.filter, |kind| call.caller.visibility(kind)),
    };
    rule
}

pub async fn list(shared: &Shared, call: &Call, request: &ListTagRulesRequest) -> Result<ListTagRulesResponse> {
    let size = page::size(request.page_size, 100);
    let bound = ["tag_rules"];
    let after = page::decode::<String>(&bound, &request.page_token)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut connection = shared.db.pool().acquire().await?;
    let mut found = store::rule_list(&mut connection, after.as_deref(), size + 1).await?;
    let next_page_token = page::cut(&mut found, size, &bound, |(rule, _)| rule.tag.clone())?;
    let mut tag_rules = Vec::with_capacity(found.len());
    for (mut rule, job_id) in found {
        rule.run = evaluation::run(&mut connection, job_id).await?;
        tag_rules.push(seen(call, &fields, rule));
    }
    Ok(ListTagRulesResponse { tag_rules, next_page_token })
}

pub async fn create(shared: &Shared, call: &Call, request: CreateTagRuleRequest) -> Result<TagRule> {
    let new = request.tag_rule.unwrap_or_default();
    let fields = shared.fields.seen_by(&call.caller).await?;
    if let Some(fault) = fault(fields.dictionaries(), &new.tag, false) {
        return Err(Error::invalid("tag_rule.tag", fault).arg("tag", &new.tag));
    }
    check_filter(shared, call, "tag_rule.", &new.filter, is_barred).await?;
    let mut tx = match shared.db.begin_once::<TagRule>(call).await? {
        Once::Done(rule) => return Ok(seen(call, &fields, rule)),
        Once::New(tx) => tx,
    };
    if store::ruled(tx.connection()).await?.len() >= MOST {
        return Err(Error::failed_precondition(&reason::TAG_RULES_TOO_MANY).arg("max", MOST));
    }
    let job_id = enqueue(&mut tx, &new.tag).await?;
    let rule = store::rule_insert(tx.connection(), &new, job_id).await?;
    audit(&mut tx, "tag_rule.created", &new.tag, "", &new.filter);
    let rule = TagRule { run: evaluation::run(tx.connection(), Some(job_id)).await?, ..rule };
    tx.commit_call(call, rule).await
}

pub async fn update(shared: &Shared, call: &Call, request: UpdateTagRuleRequest) -> Result<TagRule> {
    let wanted = request.tag_rule.unwrap_or_default();
    update::paths(request.update_mask.as_ref(), &MUTABLE)?;
    let revision = update::revision("tag_rule.etag", &wanted.etag)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    check_filter(shared, call, "tag_rule.", &wanted.filter, is_barred).await?;
    let mut tx = match shared.db.begin_once::<TagRule>(call).await? {
        Once::Done(rule) => return Ok(seen(call, &fields, rule)),
        Once::New(tx) => tx,
    };
    let before = store::rule_lock(tx.connection(), &wanted.tag).await?;
    if before.etag != update::etag(revision) {
        return Err(Error::stale_etag());
    }
    let job_id = enqueue(&mut tx, &wanted.tag).await?;
    let rule = store::rule_update(tx.connection(), &wanted, job_id).await?;
    audit(&mut tx, "tag_rule.updated", &wanted.tag, &before.filter, &wanted.filter);
    let rule = TagRule { run: evaluation::run(tx.connection(), Some(job_id)).await?, ..rule };
    tx.commit_call(call, rule).await
}

pub async fn delete(shared: &Shared, call: &Call, request: &DeleteTagRuleRequest) -> Result<DeleteTagRuleResponse> {
    let mut tx = match shared.db.begin_once::<DeleteTagRuleResponse>(call).await? {
        Once::Done(response) => return Ok(response),
        Once::New(tx) => tx,
    };
    let before = store::rule_lock(tx.connection(), &request.tag).await?;
    check_etag(&request.etag, &before.etag)?;
    store::rule_delete(tx.connection(), &request.tag).await?;
    audit(&mut tx, "tag_rule.deleted", &request.tag, &before.filter, "");
    tx.commit_call(call, DeleteTagRuleResponse {}).await
}

pub async fn preview(shared: &Shared, call: &Call, request: PreviewTagRuleRequest) -> Result<PreviewTagRuleResponse> {
    let rule = request.tag_rule.unwrap_or_default();
    check_filter(shared, call, "tag_rule.", &rule.filter, is_barred).await?;
    // As the run reads it.
    let schema = evaluation::schema(&*shared.fields.all_of(RecordKind::Customer).await?);
    let predicate = filter::compile(&rule.filter, &schema).map_err(|error| Error::filter("tag_rule.filter", &error))?;
    let mut connection = shared.db.pool().acquire().await?;
    store::preview(&mut connection, &rule.tag, &predicate, &context(shared)).await
}

async fn enqueue(tx: &mut Tx, tag: &str) -> Result<Uuid> {
    let payload = Payload { tag: Some(tag.to_owned()), ..Payload::default() };
    Ok(tx.enqueue(NewJob::new::<Sweep>(&payload)?.max_attempts(20)).await?.id())
}

fn audit(tx: &mut Tx, action: &'static str, tag: &str, before: &str, after: &str) {
    let mut changes = Changes::default();
    changes.add("tag", "", tag);
    // The trail knows it by this name, and leaves out what the reader must not see.
    changes.add("filter", before, after);
    let id = key_id(&["tag_rule", tag]);
    tx.audit(AuditEntry { action, record_kind: "tag_rule", record_id: id, subject_id: id, changes: changes.into() });
}
