//! Schemes and their rules: draft → preview → publish.

use contracts::customers::{
    CreateGradeSchemeRequest, GradeRules, GradeScheme, PreviewGradeSchemeRequest, PreviewGradeSchemeResponse,
    PublishGradeSchemeRequest, UpdateGradeSchemeRequest,
};
use platform::access::Call;
use platform::audit::personal::seen_filter;
use platform::db::{AuditEntry, Once, Tx};
use platform::error::{Error, Result};
use platform::filter;
use platform::jobs::NewJob;
use platform::update;
use sqlx::PgConnection;
use uuid::Uuid;

use super::rules::{MUTABLE, apply, check_codes, check_new, field, is_barred};
use super::store;
use crate::Shared;
use crate::audit::{Changes, key_id};
use crate::error::reason;
use crate::evaluation::{self, Payload, SchemeRules, Sweep, check_filter, context};
use crate::field::Fields;
use crate::field::cache::schema_changed;
use crate::field::kind::RecordKind;

const MOST: usize = 50;

/// How a caller sees a scheme: its filters can quote what the caller sees masked, and name what the caller does not see.
pub fn seen(call: &Call, fields: &Fields, mut scheme: GradeScheme) -> GradeScheme {
    let GradeScheme { draft, published, .. } = &mut scheme;
    for rules in draft.iter_mut().chain(published) {
        seen_rules(call, fields, rules);
    }
    scheme
}

pub fn seen_rules(call: &Call, fields: &Fields, rules: &mut GradeRules) {
    for rule in &mut rules.rules {
        rule.filter = match fields.names_hidden(&rule.filter) {
            true => "***".to_owned(),
            false => seen_filter(&rule.filter, |kind| call.caller.visibility(kind)),
        };
    }
}

/// With how far its rules have come.
pub async fn get(connection: &mut PgConnection, code: &str) -> Result<GradeScheme> {
    let (mut scheme, job_id) = store::scheme_get(&mut *connection, code).await?;
    scheme.run = evaluation::run(connection, job_id).await?;
    Ok(scheme)
}

pub async fn create(shared: &Shared, call: &Call, request: CreateGradeSchemeRequest) -> Result<GradeScheme> {
    let mut new = request.grade_scheme.unwrap_or_default();
    check_new(&mut new)?;
    let mut tx = match shared.db.begin_once::<GradeScheme>(call).await? {
        Once::Done(scheme) => return Ok(scheme),
        Once::New(tx) => tx,
    };
    schema_changed(tx.connection()).await?;
    if store::scheme_list(tx.connection(), None, MOST as i64).await?.len() >= MOST {
        return Err(Error::failed_precondition(&reason::GRADE_SCHEMES_TOO_MANY).arg("max", MOST));
    }
    // Its grades come after it, so there is nothing yet that rules could give.
    store::scheme_insert(tx.connection(), &new, &GradeRules::default()).await?;
    let scheme = get(tx.connection(), &new.code).await?;
    let mut changes = Changes::default();
    changes.add("name_zh", "", &scheme.name_zh);
    changes.add("name_en", "", &scheme.name_en);
    audit(&mut tx, "grade_scheme.created", &new.code, changes);
    let scheme = tx.commit_call(call, scheme).await?;
    shared.fields.changed().await;
    Ok(scheme)
}

pub async fn update(shared: &Shared, call: &Call, request: UpdateGradeSchemeRequest) -> Result<GradeScheme> {
    let wanted = request.grade_scheme.unwrap_or_default();
    let paths = update::paths(request.update_mask.as_ref(), &MUTABLE)?;
    let revision = update::revision("grade_scheme.etag", &wanted.etag)?;
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut tx = match shared.db.begin_once::<GradeScheme>(call).await? {
        Once::Done(scheme) => return Ok(seen(call, &fields, scheme)),
        Once::New(tx) => tx,
    };
    let before = store::scheme_lock(tx.connection(), &wanted.code).await?;
    if before.etag != update::etag(revision) {
        return Err(Error::stale_etag());
    }
    let mut draft = before.draft.clone().unwrap_or_default();
    apply(&mut draft, wanted.draft.unwrap_or_default(), &paths);
    check(shared, call, tx.connection(), &before.code, &draft, "grade_scheme.draft.").await?;
    store::draft_set(tx.connection(), &before.code, &draft).await?;
    let mut changes = Changes::default();
    // The trail knows it by this name, and leaves out what the reader must not see.
    changes.add("filter", text(before.draft.as_ref()), text(Some(&draft)));
    audit(&mut tx, "grade_scheme.updated", &before.code, changes);
    let scheme = get(tx.connection(), &before.code).await?;
    let scheme = seen(call, &fields, scheme);
    tx.commit_call(call, scheme).await
}

pub async fn preview(
    shared: &Shared,
    call: &Call,
    request: PreviewGradeSchemeRequest,
) -> Result<PreviewGradeSchemeResponse> {
    let mut connection = shared.db.pool().acquire().await?;
    let (scheme, _) = store::scheme_get(&mut connection, &request.code).await?;
    let rules = match request.draft {
        Some(draft) => {
            check(shared, call, &mut connection, &scheme.code, &draft, "draft.").await?;
            draft
        }
        None => scheme.draft.unwrap_or_default(),
    };
    let compiled = compile(shared, &scheme.code, &rules).await?;
    let moves = store::moves(&mut connection, &compiled, &context(shared)).await?;
    Ok(PreviewGradeSchemeResponse { moves })
}

pub async fn publish(shared: &Shared, call: &Call, request: PublishGradeSchemeRequest) -> Result<GradeScheme> {
    let fields = shared.fields.seen_by(&call.caller).await?;
    let mut tx = match shared.db.begin_once::<GradeScheme>(call).await? {
        Once::Done(scheme) => return Ok(seen(call, &fields, scheme)),
        Once::New(tx) => tx,
    };
    let before = store::scheme_lock(tx.connection(), &request.code).await?;
    if before.etag != request.etag {
        return Err(Error::stale_etag());
    }
    let draft = before.draft.unwrap_or_default();
    if draft.rules.is_empty() && draft.default_code.is_empty() {
        return Err(Error::failed_precondition(&reason::GRADE_RULES_EMPTY));
    }
    // The draft may be older than what it asks about, and than the rules of other schemes.
    let faults = check_codes(&before.code, &draft, "draft.", fields.dictionaries());
    if !faults.is_empty() {
        return Err(Error::invalid_fields(faults));
    }
    compile(shared, &before.code, &draft).await?;
    check_order(shared, tx.connection(), &before.code, &draft).await?;
    let payload = Payload { scheme: Some(before.code.clone()), ..Payload::default() };
    let job = tx.enqueue(NewJob::new::<Sweep>(&payload)?.max_attempts(20)).await?;
    store::version_insert(tx.connection(), &before.code, &draft, job.id()).await?;
    let mut changes = Changes::default();
    changes.add("version", before.version, before.version + 1);
    changes.add("filter", text(before.published.as_ref()), text(Some(&draft)));
    audit(&mut tx, "grade_scheme.published", &before.code, changes);
    let scheme = get(tx.connection(), &before.code).await?;
    let scheme = seen(call, &fields, scheme);
    tx.commit_call(call, scheme).await
}

/// Codes, filters, and what the filters ask about.
async fn check(
    shared: &Shared,
    call: &Call,
    connection: &mut PgConnection,
    scheme: &str,
    rules: &GradeRules,
    prefix: &str,
) -> Result<()> {
    let fields = shared.fields.seen_by(&call.caller).await?;
    let faults = check_codes(scheme, rules, prefix, fields.dictionaries());
    if !faults.is_empty() {
        return Err(Error::invalid_fields(faults));
    }
    let ruled: Vec<String> = store::published(connection).await?.into_iter().map(|(code, _)| code).collect();
    for (index, rule) in rules.rules.iter().enumerate() {
        let place = format!("{prefix}rules[{index}].");
        check_filter(shared, call, &place, &rule.filter, |field| is_barred(field, scheme, &ruled)).await?;
    }
    Ok(())
}

/// Neither may these rules ask about what other rules give, nor others about what these give.
async fn check_order(shared: &Shared, connection: &mut PgConnection, scheme: &str, draft: &GradeRules) -> Result<()> {
    let schema = evaluation::schema(&*shared.fields.all_of(RecordKind::Customer).await?);
    let published = store::published(connection).await?;
    let ruled: Vec<String> = published.iter().map(|(code, _)| code.clone()).collect();
    let asks = |rules: &GradeRules, barred: &dyn Fn(&str) -> bool| {
        let compiled = rules.rules.iter().filter_map(|rule| filter::compile(&rule.filter, &schema).ok());
        compiled.into_iter().any(|predicate| predicate.fields().into_iter().any(barred))
    };
    let own = field(scheme);
    let refused = asks(draft, &|name| is_barred(name, scheme, &ruled))
        || published.iter().any(|(code, rules)| code != scheme && asks(rules, &|name| name == own));
    if refused { Err(Error::failed_precondition(&reason::GRADE_RULES_CROSSED)) } else { Ok(()) }
}

async fn compile(shared: &Shared, code: &str, rules: &GradeRules) -> Result<SchemeRules> {
    let schema = evaluation::schema(&*shared.fields.all_of(RecordKind::Customer).await?);
    SchemeRules::compile(code, 0, rules, &schema)
        .map_err(|(index, error)| Error::filter(&format!("draft.rules[{index}].filter"), &error))
}

fn text(rules: Option<&GradeRules>) -> String {
    let Some(rules) = rules else { return String::new() };
    let mut lines: Vec<String> = rules.rules.iter().map(|rule| format!("{}: {}", rule.code, rule.filter)).collect();
    if !rules.default_code.is_empty() {
        lines.push(rules.default_code.clone());
    }
    lines.join("; ")
}

fn audit(tx: &mut Tx, action: &'static str, code: &str, mut changes: Changes) {
    changes.add("code", "", code);
    let id: Uuid = key_id(&["grade_scheme", code]);
    tx.audit(AuditEntry {
        action,
        record_kind: "grade_scheme",
        record_id: id,
        subject_id: id,
        changes: changes.into(),
    });
}
