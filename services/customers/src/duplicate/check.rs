//! `CheckDuplicates`: who is like the customer that is about to be created. Candidates come by the indexes of phones, numbers
//! and names within the caller's rows, and are then compared one by one.

use chrono::NaiveDate;
use contracts::customers::{
    CheckDuplicatesRequest, CheckDuplicatesResponse, Customer, CustomerKind, DuplicateCandidate,
};
use contracts::options::{Permission, PersonalData, Visibility};
use platform::access::{Call, RowPredicate};
use platform::error::{Error, Result};
use sqlx::PgConnection;
use uuid::Uuid;

use super::rules::{Facts, LEAST_AT_ENTRY, Subject};
use super::store;
use crate::customer::row::Reader;
use crate::customer::{checksum, id, rules};
use crate::search::pinyin;
use crate::search::query::Query;
use crate::search::store::{Reach, Sight, hit_list};
use crate::search::text::{normalize, phone_digits, without_legal_form};
use crate::{Shared, parent};

/// How many are compared for each way of finding them.
const LOOKED_AT: i64 = 30;
const SHOWN: usize = 10;

pub async fn check(shared: &Shared, call: &Call, request: &CheckDuplicatesRequest) -> Result<CheckDuplicatesResponse> {
    let fields = shared.fields.seen_by(&call.caller).await?;
    let reader = Reader::of(&call.caller, &fields);
    let rows = call.caller.rows(Permission::CustomersRead);
    // What the caller sees masked can't be asked for either.
    let asked = |kind, text: &str| {
        let clear = call.caller.visibility(kind) == Visibility::Clear && !text.contains('*');
        if clear { text.trim().to_owned() } else { String::new() }
    };
    let phone = phone_digits(&asked(PersonalData::Phone, &request.phone));
    let id_number = checksum::normalize(&asked(PersonalData::IdNumber, &request.id_number));
    let facts = Facts {
        kind: request.kind(),
        name: request.name.trim(),
        phone_digits: &phone,
        id_number: &id_number,
        email: "",
        birthday: rules::parse_date(&request.birthday),
    };
    let mut connection = shared.db.pool().acquire().await.map_err(Error::from)?;
    let own = match request.customer_id.as_str() {
        "" => None,
        text => Some(id(text)?),
    };
    if let Some(own) = own {
        parent::require_visible(&mut connection, &rows, own).await?;
    }
    let number = request.number.trim();
    let number_taken = !number.is_empty() && store::number_taken(&mut connection, number, own).await?;
    let mut ids = store::alike(&mut connection, &rows, &phone, &id_number, LOOKED_AT).await?;
    for text in names(facts.kind, facts.name) {
        ids.extend(named(&mut connection, &rows, &text).await?);
    }
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| Some(*id) != own);
    let mut candidates = Vec::new();
    for row in store::candidates(&mut connection, &rows, &ids).await? {
        let (mut customer, _) = reader.stored(&row)?;
        if let Some((score, reasons)) = compared(&facts, &customer) {
            reader.masked().apply(&mut customer.custom_fields);
            candidates.push(DuplicateCandidate {
                customer: Some(customer),
                score: score.into(),
                reasons: reasons.into_iter().map(Into::into).collect(),
            });
        }
    }
    // Of those alike the newest first, as ids go.
    let newest = |candidate: &DuplicateCandidate| candidate.customer.as_ref().map(|customer| customer.id.clone());
    candidates.sort_by(|a, b| b.score.cmp(&a.score).then_with(|| newest(b).cmp(&newest(a))));
    candidates.truncate(SHOWN);
    Ok(CheckDuplicatesResponse { candidates, number_taken })
}

/// Score and reasons, if they are worth a look.
fn compared(facts: &Facts<'_>, customer: &Customer) -> Option<(i16, Vec<contracts::customers::DuplicateReason>)> {
    if facts.kind != CustomerKind::Unspecified && facts.kind != customer.kind() {
        return None;
    }
    let known = Facts {
        kind: customer.kind(),
        name: &customer.name,
        phone_digits: &phone_digits(&customer.phone),
        id_number: &customer.id_number,
        email: &customer.email,
        birthday: customer.birthday.parse::<NaiveDate>().ok(),
    };
    // A firm is named as firms are, whether or not it was said to be one.
    let asked = Facts { kind: customer.kind(), ..*facts };
    let reasons = Subject::of(&asked).compare(&Subject::of(&known));
    (reasons.score() >= LEAST_AT_ENTRY).then(|| (reasons.score(), reasons.list()))
}

/// What to look for: the name, the name without its legal form, and how it is read.
fn names(kind: CustomerKind, name: &str) -> Vec<String> {
    let normal = normalize(name);
    if normal.chars().count() < 2 {
        return Vec::new();
    }
    let company = if kind == CustomerKind::Person { None } else { without_legal_form(name) };
    let core = company.unwrap_or(normal);
    let sound = pinyin::usual(&core);
    let mut texts = vec![name.to_owned(), core, sound];
    texts.dedup();
    texts.retain(|text| !text.is_empty());
    texts
}

/// Customers that the name finds by themselves, the best first.
async fn named(connection: &mut PgConnection, rows: &RowPredicate, text: &str) -> Result<Vec<Uuid>> {
    let Some(query) = Query::new(text, false) else { return Ok(Vec::new()) };
    // Not through their contacts.
    let sight = Sight { customers: rows, contacts: &RowPredicate::Nothing };
    let hits = hit_list(connection, &query, sight, Reach::default(), None, LOOKED_AT).await?;
    Ok(hits.into_iter().map(|hit| hit.customer_id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_in_all_its_ways() {
        assert_eq!(
            names(CustomerKind::Organization, "杭州华星有限公司"),
            ["杭州华星有限公司", "杭州华星", "hangzhouhuaxing"]
        );
        assert_eq!(names(CustomerKind::Person, "张三"), ["张三", "zhangsan"]);
        assert_eq!(names(CustomerKind::Unspecified, "Li"), ["Li", "li"]);
        assert!(names(CustomerKind::Person, "张").is_empty());
    }
}
