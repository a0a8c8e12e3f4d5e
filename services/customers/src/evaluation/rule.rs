//! Rules as they are compiled, checked and put into SQL.

use chrono::{NaiveDate, Utc};
use contracts::customers::GradeRules;
use platform::access::Call;
use platform::error::{Error, Result};
use platform::filter::{self, EvalContext, FilterError, Predicate, Schema};
use sqlx::{PgConnection, Postgres, QueryBuilder};

use super::{metric, store};
use crate::Shared;
use crate::customer::list::{Selection, built_in};
use crate::error::reason;
use crate::field::kind::RecordKind;
use crate::field::{Fields, Masked};
use crate::lifecycle::warn::{Warning, rule_all};

/// The rules in force.
pub struct Rules {
    pub tags: Vec<(String, Predicate)>,
    pub schemes: Vec<SchemeRules>,
    pub warnings: Vec<Warning>,
    pub context: EvalContext,
    /// From which cases are due.
    pub today: NaiveDate,
}

/// Rules of one scheme; the first that holds gives the grade.
pub struct SchemeRules {
    pub code: String,
    pub version: i32,
    rules: Vec<(String, Predicate)>,
    default_code: String,
}

/// What rules may ask about.
pub fn schema(fields: &Fields) -> Schema {
    metric::with((*fields.schema(built_in)).clone())
}

/// A rule is nobody's, so `me()` is no one.
pub fn context(shared: &Shared) -> EvalContext {
    EvalContext::at(Utc::now().with_timezone(&shared.zone), None)
}

impl Rules {
    /// What can't be compiled any more, as when a field has gone, is left out: what nobody can decide stays as it is.
    pub async fn load(shared: &Shared, connection: &mut PgConnection) -> Result<Self> {
        let schema = schema(&*shared.fields.all_of(RecordKind::Customer).await?);
        let left_out = |what: &str, error: &FilterError| {
            tracing::warn!(rule = what, "left out: {}", error.message_en());
        };
        let mut tags = Vec::new();
        for (tag, filter) in store::tag_rules(&mut *connection).await? {
            match filter::compile(&filter, &schema) {
                Ok(predicate) => tags.push((tag, predicate)),
                Err(error) => left_out(&tag, &error),
            }
        }
        let mut schemes = Vec::new();
        for (code, version, rules) in store::grade_rules(&mut *connection).await? {
            match SchemeRules::compile(&code, version, &rules, &schema) {
                Ok(scheme) => schemes.push(scheme),
                Err((_, error)) => left_out(&code, &error),
            }
        }
        let mut warnings = Vec::new();
        for rule in rule_all(&mut *connection).await? {
            match filter::compile(&rule.filter, &schema) {
                Ok(predicate) => warnings.push(Warning { rule, predicate }),
                Err(error) => left_out(&rule.label, &error),
            }
        }
        Ok(Self { tags, schemes, warnings, context: context(shared), today: shared.today() })
    }

    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.schemes.is_empty() && self.warnings.is_empty()
    }
}

impl SchemeRules {
    /// The error comes with the place of the rule that has it.
    pub fn compile(
        code: &str,
        version: i32,
        rules: &GradeRules,
        schema: &Schema,
    ) -> Result<Self, (usize, FilterError)> {
        let compiled = rules.rules.iter().enumerate().map(|(index, rule)| {
            let predicate = filter::compile(&rule.filter, schema).map_err(|error| (index, error))?;
            Ok((rule.code.clone(), predicate))
        });
        Ok(Self {
            code: code.to_owned(),
            version,
            rules: compiled.collect::<Result<_, _>>()?,
            default_code: rules.default_code.clone(),
        })
    }

    /// The grade that the rules give the customer `c`, as an expression.
    pub fn push_target(&self, sql: &mut QueryBuilder<Postgres>, context: &EvalContext) {
        sql.push("CASE");
        for (code, predicate) in &self.rules {
            sql.push(" WHEN ");
            predicate.push_sql(sql, context);
            sql.push(" THEN ").push_bind(code.clone());
        }
        // A CASE has at least one WHEN.
        if self.rules.is_empty() {
            sql.push(" WHEN FALSE THEN ''");
        }
        sql.push(" ELSE ").push_bind(self.default_code.clone()).push("::text END");
    }
}

/// Whether a caller may write a rule of this filter, at `PREFIXfilter` of the request. `barred` are fields that the rule itself
/// changes, in the end.
pub async fn check_filter(
    shared: &Shared,
    call: &Call,
    prefix: &str,
    filter: &str,
    barred: impl Fn(&str) -> bool,
) -> Result<()> {
    let fields = shared.fields.seen_by(&call.caller).await?;
    let masked = Masked::of(&fields, &call.caller);
    let selection = Selection::in_request(&schema(&fields), &call.caller, &masked, shared.zone, prefix, filter, "")?;
    match selection.predicate.fields().into_iter().find(|field| barred(field)) {
        Some(field) => Err(Error::invalid(format!("{prefix}filter"), &reason::RULE_FIELD_REFUSED).arg("field", field)),
        None => Ok(()),
    }
}
