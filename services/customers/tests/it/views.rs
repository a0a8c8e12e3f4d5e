//! Saved views of every list, and the lists of contacts over all customers that they are of.

use anyhow::Result;
use serde_json::{Value, json};

use crate::story::{Story, a_contact, a_customer, all_pages, each, id, list, refusals, violations};

#[tokio::test]
async fn a_view_is_of_one_list_and_keeps_its_layout() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let board = json!({"name": "看板", "layout": "VIEW_LAYOUT_BOARD", "layoutField": "level"});
    let board = li_lei.post("/v1/views", board).await?.ok()?;
    assert_eq!((&board["layout"], &board["recordKind"]), (&json!("VIEW_LAYOUT_BOARD"), &json!("RECORD_KIND_CUSTOMER")));
    let plans = json!({
        "name": "看板", "recordKind": "RECORD_KIND_INTERACTION", "filter": "state = PLANNED", "orderBy": "occur_time",
        "layout": "VIEW_LAYOUT_CALENDAR", "layoutField": "occur_time", "columns": ["subject", "customer_name"],
    });
    li_lei.post("/v1/views", plans).await?.ok()?;
    let people =
        json!({"name": "决策人", "recordKind": "RECORD_KIND_CONTACT", "filter": "decision_role = DECISION_MAKER"});
    li_lei.post("/v1/views", people).await?.ok()?;
    for (kind, names) in [("RECORD_KIND_CUSTOMER", "看板"), ("RECORD_KIND_CONTACT", "决策人")] {
        let views = li_lei.get(&format!("/v1/views?recordKind={kind}")).await?.ok()?;
        assert_eq!(each(&views, "views", "name"), [names]);
    }
    let views = all_pages(li_lei, "/v1/views", "views", 1).await?;
    assert_eq!(views.len(), 1);

    let refused = [
        (json!({"layout": "VIEW_LAYOUT_BOARD", "layoutField": "name"}), "layoutField", "VIEW_LAYOUT_FIELD"),
        (json!({"layout": "VIEW_LAYOUT_CALENDAR", "layoutField": "level"}), "layoutField", "VIEW_LAYOUT_FIELD"),
        (json!({"layout": "VIEW_LAYOUT_BOARD"}), "layoutField", "VIEW_LAYOUT_FIELD"),
        (json!({"recordKind": "RECORD_KIND_CONTACT", "filter": "level = \"vip\""}), "filter", "FILTER_INVALID"),
        (json!({"recordKind": "RECORD_KIND_CONTACT", "columns": ["level"]}), "columns[0]", "FIELD_UNKNOWN"),
    ];
    for (mut view, field, reason) in refused {
        view["name"] = "坏".into();
        assert_eq!(violations(&li_lei.post("/v1/views", view).await?), refusals(&[(field, reason)]));
    }
    let table = json!({"layout": "VIEW_LAYOUT_TABLE", "layoutField": "", "etag": board["etag"]});
    let table = li_lei.patch(&format!("/v1/views/{}", id(&board)?), table).await?.ok()?;
    assert_eq!((&table["layout"], &table["layoutField"]), (&json!("VIEW_LAYOUT_TABLE"), &json!("")));
    story.end().await
}

#[tokio::test]
async fn contacts_are_listed_over_the_customers_that_one_sees() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei, han_mei) = (&story.admin, &story.li_lei, &story.han_mei);
    let (one, other) = (a_customer(li_lei, "甲公司").await?, a_customer(han_mei, "乙公司").await?);
    let gone = a_customer(li_lei, "作废公司").await?;
    for (writer, customer, name, role) in [
        (li_lei, &one, "王五", "DECISION_ROLE_DECISION_MAKER"),
        (li_lei, &one, "赵六", "DECISION_ROLE_BUYER"),
        (han_mei, &other, "孙七", "DECISION_ROLE_DECISION_MAKER"),
        (li_lei, &gone, "周八", "DECISION_ROLE_DECISION_MAKER"),
    ] {
        a_contact(writer, customer, json!({"name": name, "decisionRole": role, "phone": "13800138000"})).await?;
    }
    admin.post(&format!("/v1/customers/{gone}:invalidate"), json!({})).await?.ok()?;
    let names = |page: &Value| each(page, "contacts", "name").join(" ");
    assert_eq!(names(&li_lei.get("/v1/contacts").await?.ok()?), "赵六 王五");
    let mut all = Vec::new();
    for contact in all_pages(admin, "/v1/contacts?orderBy=customer_name,name", "contacts", 2).await? {
        all.push(format!(
            "{}{}",
            contact["customerName"].as_str().unwrap_or_default(),
            contact["name"].as_str().unwrap_or_default()
        ));
    }
    assert_eq!(all, ["乙公司孙七", "甲公司王五", "甲公司赵六"]);
    let filter = [("filter", "decision_role = DECISION_MAKER AND customer_name : \"公司\""), ("orderBy", "name desc")];
    assert_eq!(names(&list(admin, "/v1/contacts", &filter).await?.ok()?), "王五 孙七");
    assert_eq!(names(&list(han_mei, "/v1/contacts", &filter).await?.ok()?), "孙七");
    // Within one customer a filter holds as well.
    let path = format!("/v1/customers/{one}/contacts");
    assert_eq!(names(&list(li_lei, &path, &[("filter", "name = \"赵六\"")]).await?.ok()?), "赵六");
    assert_eq!(
        violations(&list(li_lei, "/v1/contacts", &[("filter", "colour = 1")]).await?),
        refusals(&[("filter", "FILTER_INVALID")])
    );
    let auditor = story.somebody("auditor", "auditor").await?;
    for field in ["phone", "email", "wechat"] {
        let (filter, order) = (format!("{field} : \"138\""), [("orderBy", field)]);
        assert_eq!(
            violations(&list(&auditor, "/v1/contacts", &[("filter", &filter)]).await?),
            refusals(&[("filter", "FIELD_MASKED")])
        );
        assert_eq!(
            violations(&list(&auditor, "/v1/contacts", &order).await?),
            refusals(&[("orderBy", "FIELD_MASKED")])
        );
    }
    story.end().await
}

#[tokio::test]
async fn birthdays_are_found_by_the_day_in_every_year() -> Result<()> {
    let story = Story::begin().await?;
    for (name, birthday) in [("冬", "1980-12-31"), ("闰", "1984-02-29"), ("春", "1999-03-01")] {
        let person = json!({"kind": "CUSTOMER_KIND_PERSON", "name": name, "birthday": birthday});
        story.li_lei.post("/v1/customers", person).await?.ok()?;
    }
    a_customer(&story.li_lei, "无生日").await?;
    let query =
        [("filter", "birthday_month_day >= 201 AND birthday_month_day <= 331"), ("orderBy", "birthday_month_day")];
    let found = list(&story.li_lei, "/v1/customers", &query).await?.ok()?;
    assert_eq!(each(&found, "customers", "name"), ["闰", "春"]);
    let path = "/v1/customers?orderBy=birthday_month_day";
    let all = all_pages(&story.li_lei, path, "customers", 1).await?;
    assert_eq!(all.len(), 4);
    story.end().await
}
