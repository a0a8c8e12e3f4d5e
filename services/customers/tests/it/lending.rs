use anyhow::Result;
use serde_json::json;

use crate::story::{Story, a_customer, each, id, list, refusals, violations};

#[tokio::test]
async fn a_share_lends_reading_and_nothing_more() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "华信").await?;
    let other = a_customer(li_lei, "不外借").await?;
    let (path, shares) = (format!("/v1/customers/{customer}"), format!("/v1/customers/{customer}/shares"));
    han_mei.get(&path).await?.refused(404, "NOT_FOUND")?;
    han_mei.post(&shares, json!({"employeeId": han_mei.employee_id})).await?.refused(404, "NOT_FOUND")?;

    let share = li_lei.post(&shares, json!({"employeeId": han_mei.employee_id})).await?.ok()?;
    assert_eq!(share["subjectName"], "hanmei");
    li_lei.post(&shares, json!({"employeeId": han_mei.employee_id})).await?.refused(409, "SHARE_TAKEN")?;
    let lent = han_mei.get(&path).await?.ok()?;
    let page = list(han_mei, "/v1/customers", &[("count", "true")]).await?.ok()?;
    assert_eq!((each(&page, "customers", "name"), page["totalCount"].as_str()), (vec!["华信"], Some("1")));
    let found = list(han_mei, "/v1/customers:search", &[("query", "hx")]).await?.ok()?;
    assert_eq!(found["matches"][0]["customer"]["id"], customer.as_str());
    han_mei.patch(&path, json!({"remark": "我的", "etag": lent["etag"]})).await?.refused(404, "NOT_FOUND")?;
    han_mei.post(&format!("{path}:return"), json!({"reason": "不要"})).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&shares).await?.refused(404, "NOT_FOUND")?;
    han_mei.delete(&format!("/v1/shares/{}", id(&share)?)).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("/v1/customers/{other}")).await?.refused(404, "NOT_FOUND")?;

    li_lei.delete(&format!("/v1/shares/{}", id(&share)?)).await?.ok()?;
    han_mei.get(&path).await?.refused(404, "NOT_FOUND")?;
    story.end().await
}

#[tokio::test]
async fn a_share_with_a_group_ends_when_it_says() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let customer = a_customer(li_lei, "华信").await?;
    let group = han_mei.get("/v1/profile").await?.ok()?["groupId"].clone();
    let shares = format!("/v1/customers/{customer}/shares");
    for (share, field, reason) in [
        (json!({}), "employeeId", "SHARE_SUBJECT"),
        (json!({"groupId": group, "employeeId": han_mei.employee_id}), "employeeId", "SHARE_SUBJECT"),
        (json!({"groupId": uuid::Uuid::now_v7().to_string()}), "groupId", "SHARE_SUBJECT_UNKNOWN"),
        (json!({"groupId": group, "expireTime": "2020-01-01T00:00:00Z"}), "expireTime", "SHARE_EXPIRED"),
    ] {
        assert_eq!(violations(&li_lei.post(&shares, share).await?), refusals(&[(field, reason)]));
    }
    let soon = chrono::Utc::now() + chrono::TimeDelta::milliseconds(1_500);
    let share = json!({"groupId": group, "expireTime": soon.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)});
    li_lei.post(&shares, share).await?.ok()?;
    let path = format!("/v1/customers/{customer}");
    han_mei.get(&path).await?.ok()?;
    let gone = async || han_mei.get(&path).await.is_ok_and(|answer| answer.status.as_u16() == 404);
    story.app.until("the share has expired", gone).await?;
    // It can still be seen that there was one.
    let listed = li_lei.get(&shares).await?.ok()?;
    assert_eq!(each(&listed, "shares", "subjectName"), ["华东销售"]);
    let filter = [("filter", "action = \"customer.shared\"")];
    let told = list(&story.admin, "/v1/operations/customers/auditEntries", &filter).await?.ok()?;
    let end = soon.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    assert_eq!(told["entries"][0]["changes"][1], json!({"field": "expire_time", "before": "", "after": end}));
    story.end().await
}

#[tokio::test]
async fn what_lies_idle_goes_back_to_the_pool() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let [idle, visited, new] = [
        a_customer(li_lei, "久未联系").await?,
        a_customer(li_lei, "常来往").await?,
        a_customer(li_lei, "新客户").await?,
    ];
    let mut database = story.app.database().await?;
    let aged =
        "UPDATE customers.customer SET owner_time = now() - interval '100 days' WHERE id = ANY($1::text[]::uuid[])";
    sqlx::query(aged).bind([&idle, &visited]).execute(&mut database).await?;
    let done = json!({
        "type": "INTERACTION_TYPE_VISIT", "subject": "拜访", "state": "INTERACTION_STATE_DONE",
        "occurTime": chrono::Utc::now().to_rfc3339(),
    });
    li_lei.post(&format!("/v1/customers/{visited}/interactions"), done).await?.ok()?;
    let rule = admin.get("/v1/pool/rule").await?.ok()?;
    admin.patch("/v1/pool/rule", json!({"recycleAfterDays": 30, "etag": rule["etag"]})).await?.ok()?;
    // The daily job, due now.
    let due = "UPDATE customers.job SET run_time = now() WHERE kind = 'customers.recycle' AND state = 'pending'";
    let back = async || {
        let Ok(mut database) = story.app.database().await else { return false };
        let made_due = sqlx::query(due).execute(&mut database).await.is_ok();
        made_due && li_lei.get(&format!("/v1/customers/{idle}")).await.is_ok_and(|answer| answer.status.as_u16() == 404)
    };
    story.app.until("the idle customer is back in the pool", back).await?;
    let pool = story.han_mei.get("/v1/pool/customers").await?.ok()?;
    assert_eq!(each(&pool, "customers", "name"), ["久未联系"]);
    for kept in [&visited, &new] {
        li_lei.get(&format!("/v1/customers/{kept}")).await?.ok()?;
    }
    let claimed = story.han_mei.post(&format!("/v1/customers/{idle}:claim"), json!({})).await?.ok()?;
    assert_eq!(claimed["ownerName"], "hanmei");
    story.end().await
}

#[tokio::test]
async fn a_view_is_its_authors_and_everybodys_to_use_when_shared() -> Result<()> {
    let story = Story::begin().await?;
    let (li_lei, han_mei) = (&story.li_lei, &story.han_mei);
    let view = json!({"name": " 重点客户 ", "filter": "level = \"A\"", "orderBy": "update_time desc", "columns": ["name", "region", "owner_name"]});
    let view = li_lei.post("/v1/views", view).await?.ok()?;
    assert_eq!((view["name"].as_str(), view["own"].as_bool()), (Some("重点客户"), Some(true)));
    li_lei.post("/v1/views", json!({"name": "重点客户"})).await?.refused(409, "VIEW_NAME_TAKEN")?;
    han_mei.post("/v1/views", json!({"name": "重点客户"})).await?.ok()?;
    for (view, field, reason) in [
        (json!({"name": "坏", "filter": "colour = red"}), "filter", "FILTER_INVALID"),
        (json!({"name": "坏", "orderBy": "remark up"}), "orderBy", "FILTER_INVALID"),
        (json!({"name": "坏", "filter": "id_number:*"}), "filter", "FIELD_MASKED"),
        (json!({"name": "坏", "columns": ["name", "colour"]}), "columns[1]", "FIELD_UNKNOWN"),
    ] {
        assert_eq!(violations(&li_lei.post("/v1/views", view).await?), refusals(&[(field, reason)]));
    }
    let own = |page: &serde_json::Value| {
        page["views"].as_array().map(|views| views.iter().map(|view| view["own"] == true).collect::<Vec<_>>())
    };
    assert_eq!(own(&han_mei.get("/v1/views").await?.ok()?), Some(vec![true]));
    let path = format!("/v1/views/{}", id(&view)?);
    let shared = li_lei.patch(&path, json!({"shared": true, "etag": view["etag"]})).await?.ok()?;
    assert_eq!(own(&han_mei.get("/v1/views").await?.ok()?), Some(vec![false, true]));
    han_mei.patch(&path, json!({"name": "我的", "etag": shared["etag"]})).await?.refused(404, "NOT_FOUND")?;
    han_mei.delete(&path).await?.refused(404, "NOT_FOUND")?;
    li_lei.patch(&path, json!({"name": "别名", "etag": view["etag"]})).await?.refused(409, "STALE_ETAG")?;
    li_lei.delete(&path).await?.ok()?;
    assert_eq!(own(&han_mei.get("/v1/views").await?.ok()?), Some(vec![true]));
    story.end().await
}
