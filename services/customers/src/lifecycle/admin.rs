//! The rules that warn.

use contracts::customers::{
    ChurnRule, CreateChurnRuleRequest, DeleteChurnRuleRequest, DeleteChurnRuleResponse, ListChurnRulesRequest,
    ListChurnRulesResponse, PreviewChurnRuleRequest, PreviewChurnRuleResponse, UpdateChurnRuleRequest,
};
use platform::access::Call;
use platform::audit::personal::seen_filter;
use platform::db::{AuditEntry, Once, Tx};
use platform::error::{Error, Result};
use platform::filter;
use platform::jobs::NewJob;
use platform::{page, update};
use uuid::Uuid;

use super::rules::{MUTABLE, apply, check, is_barred};
use super::store;
use super::warn::{self, Warning};
use crate::Shared;
use crate::audit::Changes;
use crate::customer::{check_etag, id};
use crate::error::reason;
use crate::evaluation::{self, Payload, Sweep, check_filter, context};
use crate::field::Fields;
use crate::field::kind::RecordKind;

/// Every one is asked of every customer.
const MOST: usize = 50;

/// As a caller sees it: the filter can quote what the caller sees masked, and name what the caller does not see.
fn seen(call: &Call, fields: &Fields, mut rule: ChurnRule) -> ChurnRule {
    rule.filter = match fields.names_hidden(&rule.filter) {
        true => "***".to_owned(),
        false => seen_filter(&rule.filter, |kind| call.caller.visibility(kind)),
    };
    rule
}

pub async fn list(shared: &Shared, call: &Call, request: &ListChurnRulesRequest) -> Result<ListChurnRulesResponse> {
    let size = page::size(request.page_size, 50);
    let bound = ["churn_rules"];
    let after = page::decode::<(String, String)>(&bound, &request.page_token)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut connection = shared.db.pool().acquire().await?;
    let mut rules = store::rule_all(&mut connection).await?;
    if let Some((label, id)) = after {
        rules.retain(|rule| (&rule.label, &rule.id) > (&label, &id));
    }
    rules.truncate(size as usize + 1);
    let next_page_token = page::cut(&mut rules, size, &bound, |rule| (rule.label.clone(), rule.id.clone()))?;
    let churn_rules = rules.into_iter().map(|rule| seen(call, &fields, rule)).collect();
    Ok(ListChurnRulesResponse { churn_rules, next_page_token })
}

pub async fn create(shared: &Shared, call: &Call, request: CreateChurnRuleRequest) -> Result<ChurnRule> {
    let wanted = request.churn_rule.unwrap_or_default();
    let mut new = ChurnRule::default();
    apply(&mut new, &wanted, &MUTABLE);
    check(&new)?;
    check_filter(shared, call, "churn_rule.", &new.filter, is_barred).await?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut tx = match shared.db.begin_once::<ChurnRule>(call).await? {
        Once::Done(rule) => return Ok(seen(call, &fields, rule)),
        Once::New(tx) => tx,
    };
    if store::rule_all(tx.connection()).await?.len() >= MOST {
        return Err(Error::failed_precondition(&reason::CHURN_RULES_TOO_MANY).arg("max", MOST));
    }
    let id = Uuid::now_v7();
    let rule = store::rule_save(tx.connection(), id, &new).await?;
    enqueue(&mut tx).await?;
    audit(&mut tx, "churn_rule.created", id, &ChurnRule::default(), &rule);
    tx.commit_call(call, rule).await
}

pub async fn update(shared: &Shared, call: &Call, request: UpdateChurnRuleRequest) -> Result<ChurnRule> {
    let wanted = request.churn_rule.unwrap_or_default();
    let id = id(&wanted.id)?;
    let paths = update::paths(request.update_mask.as_ref(), &MUTABLE)?;
    let revision = update::revision("churn_rule.etag", &wanted.etag)?;
    if paths.contains(&"filter") {
        check_filter(shared, call, "churn_rule.", &wanted.filter, is_barred).await?;
    }
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut tx = match shared.db.begin_once::<ChurnRule>(call).await? {
        Once::Done(rule) => return Ok(seen(call, &fields, rule)),
        Once::New(tx) => tx,
    };
    let before = store::rule_lock(tx.connection(), id).await?;
    if before.etag != update::etag(revision) {
        return Err(Error::stale_etag());
    }
    let mut after = before.clone();
    apply(&mut after, &wanted, &paths);
    check(&after)?;
    let rule = store::rule_save(tx.connection(), id, &after).await?;
    enqueue(&mut tx).await?;
    audit(&mut tx, "churn_rule.updated", id, &before, &rule);
    let rule = tx.commit_call(call, rule).await?;
    Ok(seen(call, &fields, rule))
}

pub async fn delete(shared: &Shared, call: &Call, request: &DeleteChurnRuleRequest) -> Result<DeleteChurnRuleResponse> {
    let id = id(&request.id)?;
    let mut tx = match shared.db.begin_once::<DeleteChurnRuleResponse>(call).await? {
        Once::Done(response) => return Ok(response),
        Once::New(tx) => tx,
    };
    let before = store::rule_lock(tx.connection(), id).await?;
    check_etag(&request.etag, &before.etag)?;
    store::rule_delete(tx.connection(), id).await?;
    audit(&mut tx, "churn_rule.deleted", id, &before, &ChurnRule::default());
    tx.commit_call(call, DeleteChurnRuleResponse {}).await
}

pub async fn preview(
    shared: &Shared,
    call: &Call,
    request: PreviewChurnRuleRequest,
) -> Result<PreviewChurnRuleResponse> {
    let rule = request.churn_rule.unwrap_or_default();
    check_filter(shared, call, "churn_rule.", &rule.filter, is_barred).await?;
    // As the run reads it.
    let schema = evaluation::schema(&*shared.fields.all_of(RecordKind::Customer).await?);
    let predicate =
        filter::compile(&rule.filter, &schema).map_err(|error| Error::filter("churn_rule.filter", &error))?;
    let mut connection = shared.db.pool().acquire().await?;
    let warning = Warning { rule, predicate };
    let customer_count = warn::count(&mut connection, &warning, &context(shared)).await?;
    Ok(PreviewChurnRuleResponse { customer_count })
}

async fn enqueue(tx: &mut Tx) -> Result<()> {
    tx.enqueue(NewJob::new::<Sweep>(&Payload { churn: true, ..Payload::default() })?.max_attempts(20)).await?;
    Ok(())
}

fn audit(tx: &mut Tx, action: &'static str, id: Uuid, before: &ChurnRule, after: &ChurnRule) {
    let mut changes = Changes::default();
    changes.add("label", &before.label, &after.label);
    // The trail knows it by this name, and leaves out what the reader must not see.
    changes.add("filter", &before.filter, &after.filter);
    changes.add("due_days", before.due_days, after.due_days);
    changes.add("quiet_days", before.quiet_days, after.quiet_days);
    tx.audit(AuditEntry { action, record_kind: "churn_rule", record_id: id, subject_id: id, changes: changes.into() });
}
