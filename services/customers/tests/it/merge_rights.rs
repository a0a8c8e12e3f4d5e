//! Who may merge, and what a merge does to what they don't see. And that no table is forgotten.

use anyhow::Result;
use changke::testkit::Session;
use serde_json::{Value, json};

use crate::duplicates::a_person;
use crate::merges::a_merge;
use crate::story::{Story, id, refusals, violations};

/// Somebody who may merge all customers but sees phones and one field masked, and another not at all.
async fn half_blind(story: &Story) -> Result<Session> {
    let admin = &story.admin;
    let all = |permission: &str| json!({"permission": format!("PERMISSION_{permission}"), "scope": "SCOPE_ALL"});
    let role = json!({
        "name": "合并员",
        "grants": [all("CUSTOMERS_READ"), all("CUSTOMERS_UPDATE"), all("CUSTOMERS_INVALIDATE"), all("CONTACTS_READ")],
        "fieldVisibilities": [
            {"personalData": "PERSONAL_DATA_PHONE", "visibility": "VISIBILITY_MASKED"},
            {"personalData": "PERSONAL_DATA_EMAIL", "visibility": "VISIBILITY_HIDDEN"},
            {"personalData": "PERSONAL_DATA_ID_NUMBER", "visibility": "VISIBILITY_CLEAR"},
            {"personalData": "PERSONAL_DATA_ADDRESS", "visibility": "VISIBILITY_CLEAR"},
            {"personalData": "PERSONAL_DATA_BANK_ACCOUNT", "visibility": "VISIBILITY_CLEAR"},
        ],
    });
    let role = admin.post("/v1/roles", role).await?.ok()?;
    let merger = story.somebody("merger", "auditor").await?;
    let path = format!("/v1/employees/{}", merger.employee_id);
    let etag = admin.get(&path).await?.ok()?["etag"].clone();
    admin.patch(&path, json!({"roleIds": [role["id"]], "etag": etag})).await?.ok()?;
    let counts = async || merger.get("/v1/customerMerges").await.is_ok_and(|answer| answer.status.is_success());
    story.app.until("the role counts", counts).await?;
    Ok(merger)
}

#[tokio::test]
async fn what_one_does_not_see_is_neither_chosen_nor_lost() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let administrators = admin.get("/v1/roles").await?.ok()?["roles"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|role| role["preset"] == "administrator")
        .map(|role| role["id"].clone());
    let secret = json!({
        "key": "secret", "type": "FIELD_TYPE_TEXT", "labelZh": "密", "readRoleIds": [administrators],
    });
    admin.post("/v1/fields", secret).await?.ok()?;
    let merger = half_blind(&story).await?;
    let value = |text: &str| json!({"secret": {"stringValue": text}});
    let survivor = json!({"phone": "13800138000", "email": "", "customFields": {}});
    let survivor = id(&a_person(admin, "张三", survivor).await?)?;
    let merged = json!({"phone": "13900139000", "email": "a@example.com", "customFields": value("甲"), "remark": "新"});
    let merged = id(&a_person(admin, "张三丰", merged).await?)?;

    let preview = json!({"survivorId": survivor, "mergedIds": [merged], "survivorship": "SURVIVORSHIP_NEWER"});
    let preview = merger.post("/v1/customerMerges:preview", preview).await?.ok()?;
    let fields: Vec<&Value> =
        preview["fields"].as_array().into_iter().flatten().map(|choice| &choice["field"]).collect();
    assert_eq!(fields, ["name", "remark"], "not whether phones differ");
    assert!(!preview.to_string().contains("13900139000") && !preview.to_string().contains("secret"), "{preview}");
    let mut wanted = a_merge(&merger, &survivor, &[&merged]).await?;
    for field in ["phone", "email", "custom_fields.secret"] {
        wanted["choices"] = json!([{"field": field, "customerId": merged}]);
        let answer = merger.post("/v1/customerMerges", wanted.clone()).await?;
        assert_eq!(violations(&answer), refusals(&[("choices[0].field", "MERGE_FIELD_FIXED")]), "{field}");
    }
    wanted["choices"] = json!([]);
    wanted["survivorship"] = json!("SURVIVORSHIP_NEWER");
    let merge = merger.post("/v1/customerMerges", wanted).await?.ok()?;
    assert_eq!(merge["changedFields"], json!(["email", "name", "remark"]), "{merge}");
    let now = admin.get(&format!("/v1/customers/{survivor}")).await?.ok()?;
    // A rule takes what it sees; of the rest the survivor keeps its own, and blanks are filled.
    assert_eq!(
        (&now["name"], &now["phone"], &now["email"]),
        (&json!("张三丰"), &json!("13800138000"), &json!("a@example.com"))
    );
    assert_eq!(now["customFields"], value("甲"));
    let undo = format!("/v1/customerMerges/{}:undo", id(&merge)?);
    li_lei.post(&undo, json!({})).await?.refused(403, "PERMISSION_DENIED")?;
    let undone = merger.post(&undo, json!({})).await?.ok()?;
    assert_eq!(undone["keptFields"], json!([]));
    let now = admin.get(&format!("/v1/customers/{survivor}")).await?.ok()?;
    assert_eq!((&now["email"], &now["customFields"]), (&json!(""), &json!({})));
    story.end().await
}

#[tokio::test]
async fn a_merge_takes_rights_on_all_of_them() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let elsewhere = story.app.group("华北销售", &story.app.root_group().await?).await?;
    let manager = story.app.employee("wangjingli", &elsewhere, &["manager"]).await?;
    let own = id(&a_person(&manager, "张三", json!({})).await?)?;
    let foreign = id(&a_person(li_lei, "张三", json!({})).await?)?;
    let other = id(&a_person(&manager, "张三", json!({})).await?)?;
    for (survivor, merged, field) in [(&own, &foreign, "merged[0].id"), (&foreign, &own, "survivor.id")] {
        let wanted = a_merge(admin, survivor, &[merged]).await?;
        let refused = manager.post("/v1/customerMerges", wanted.clone()).await?;
        assert_eq!(violations(&refused), refusals(&[(field, "NOT_FOUND")]));
        li_lei.post("/v1/customerMerges", wanted).await?.refused(403, "PERMISSION_DENIED")?;
    }
    let merge = manager.post("/v1/customerMerges", a_merge(&manager, &own, &[&other]).await?).await?.ok()?;
    // Somebody else's since: it tells nobody where it went who does not see that one, and does not come back.
    admin.post("/v1/customers:assign", json!({"ids": [other], "ownerId": li_lei.employee_id})).await?.ok()?;
    let told = li_lei.get(&format!("/v1/customers/{other}")).await?.ok()?;
    assert_eq!((&told["state"], &told["mergedIntoId"]), (&json!("CUSTOMER_STATE_INVALID"), &json!("")));
    let path = format!("/v1/customerMerges/{}", id(&merge)?);
    assert_eq!(manager.get(&path).await?.ok()?["merged"][0]["name"], "");
    manager.post(&format!("{path}:undo"), json!({})).await?.refused(422, "MERGE_CUSTOMER_GONE")?;
    let stranger = story.app.employee("zhangjingli", &story.app.group("西", &elsewhere).await?, &["manager"]).await?;
    stranger.get(&path).await?.refused(404, "NOT_FOUND")?;
    stranger.post(&format!("{path}:undo"), json!({})).await?.refused(404, "NOT_FOUND")?;
    admin.post(&format!("{path}:undo"), json!({})).await?.ok()?;
    story.end().await
}

/// Tables that belong to customers and go over; a new one joins `moves`, or stands below with the reason why it stays.
const MOVED: [&str; 13] = [
    "contact",
    "interaction",
    "attachment",
    "ownership",
    "pool_claim",
    "relation",
    "customer_share",
    "search_document",
    "customer_tag",
    "churn_case",
    "consent",
    "contact_ban",
    "erasure_hold",
];
const STAYING: [&str; 9] = [
    // What was found and what was merged is told of the customers that it was.
    "customer",
    "duplicate_pair",
    "customer_merge",
    // How a customer's own values came to be.
    "grade_override",
    "grade_change",
    "stage_change",
    // A ledger is only added to.
    "point_account",
    "point_entry",
    // What was asked of a customer is done to that one; erasing a survivor erases whom it took over.
    "privacy_request",
];

#[tokio::test]
async fn no_table_is_forgotten() -> Result<()> {
    let story = Story::begin().await?;
    let tables: Vec<(String,)> = sqlx::query_as(
        "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint
         WHERE contype = 'f' AND confrelid = 'customers.customer'::regclass ORDER BY 1",
    )
    .fetch_all(&mut story.app.database().await?)
    .await?;
    assert!(tables.len() >= 10);
    for (table,) in tables {
        let name = table.trim_start_matches("customers.");
        assert!(MOVED.contains(&name) || STAYING.contains(&name), "{name}: moves with a merge, or not?");
    }
    story.end().await
}
