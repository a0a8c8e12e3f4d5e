//! Exporting what the list shows, as the caller sees it.

use anyhow::Result;
use changke::testkit::Session;
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, refusals, violations};

async fn exported(session: &Session, query: &[(&str, &str)]) -> Result<Vec<u8>> {
    let request = session.request(Method::GET, "/v1/customers:export")?.header("accept-language", "zh-CN");
    let answer = request.query(query).send().await?;
    anyhow::ensure!(answer.status().is_success(), "{} {}", answer.status(), answer.text().await?);
    let name =
        answer.headers().get("content-disposition").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    anyhow::ensure!(name.starts_with("attachment; filename="), "{name}");
    Ok(answer.bytes().await?.to_vec())
}

/// The rows of a CSV file, header first.
fn table(file: &[u8]) -> Result<Vec<Vec<String>>> {
    let text = std::str::from_utf8(file)?.strip_prefix('\u{feff}').unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    Ok(reader.records().map(|row| row.map(|row| row.iter().map(str::to_owned).collect())).collect::<Result<_, _>>()?)
}

const CSV: (&str, &str) = ("format", "EXPORT_FORMAT_CSV");

#[tokio::test]
async fn an_export_is_the_list_in_the_columns_asked_for() -> Result<()> {
    let story = Story::begin().await?;
    let manager = story.somebody("manager", "manager").await?;
    for (owner, level) in [(&story.li_lei, "vip"), (&story.han_mei, "ordinary"), (&story.li_lei, "vip")] {
        for number in 0..7 {
            let customer = json!({
                "kind": "CUSTOMER_KIND_PERSON", "name": format!("=客户{level}{number}"), "level": level, "region": "330106",
                "phone": "13812345678", "satisfaction": number % 6,
            });
            owner.post("/v1/customers", customer).await?.ok()?;
        }
    }
    let query = [CSV, ("filter", "level = \"vip\""), ("orderBy", "name desc")];
    let columns =
        ["name", "region", "level", "owner_id", "phone", "satisfaction", "kind"].map(|column| ("columns", column));
    let rows = table(&exported(&manager, &[&query[..], &columns].concat()).await?)?;
    assert_eq!(rows[0], ["客户名称", "地区", "客户级别", "负责人", "电话", "满意度", "客户类型"]);
    assert_eq!(rows[1], ["'=客户vip6", "浙江省/杭州市/西湖区", "VIP", "lilei", "13812345678", "", "个人"]);
    let listed =
        all_pages(&manager, "/v1/customers?filter=level%20%3D%20%22vip%22&orderBy=name%20desc", "customers", 5).await?;
    let names =
        |rows: &[Value]| rows.iter().map(|row| format!("'{}", row["name"].as_str().unwrap_or(""))).collect::<Vec<_>>();
    assert_eq!(rows[1..].iter().map(|row| row[0].clone()).collect::<Vec<_>>(), names(&listed));

    let audited: (Value,) =
        sqlx::query_as("SELECT changes FROM customers.audit_entry WHERE action = 'customer.exported'")
            .fetch_one(&mut story.app.database().await?)
            .await?;
    assert!(audited.0.to_string().contains("\"14\"") && audited.0.to_string().contains("level ="), "{}", audited.0);
    story.end().await
}

#[tokio::test]
async fn an_export_shows_no_more_than_the_role_does() -> Result<()> {
    let story = Story::begin().await?;
    let admin = &story.admin;
    let field =
        json!({"key": "wechat", "type": "FIELD_TYPE_TEXT", "labelZh": "微信", "personalData": "PERSONAL_DATA_PHONE"});
    admin.post("/v1/fields", field).await?.ok()?;
    let customer = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "张三", "phone": "13812345678", "email": "zhangsan@example.com",
        "addresses": [{"street": "杭州市西湖区文三路一百号"}], "idNumber": "11010519491231002X",
        "bankAccount": "6222020200112233445", "customFields": {"wechat": {"stringValue": "13987654321"}},
    });
    story.li_lei.post("/v1/customers", customer).await?.ok()?;
    a_customer(&story.han_mei, "李四").await?;
    let grant = |permission: &str, scope: &str| json!({"permission": permission, "scope": scope});
    let role = json!({
        "name": "外包导出",
        "grants": [grant("PERMISSION_CUSTOMERS_EXPORT", "SCOPE_ALL"), grant("PERMISSION_CUSTOMERS_READ", "SCOPE_OWN")],
        "fieldVisibilities": [{"personalData": "PERSONAL_DATA_EMAIL", "visibility": "VISIBILITY_HIDDEN"}],
    });
    let role = admin.post("/v1/roles", role).await?.ok()?;
    let clerk = story.somebody("clerk", "salesperson").await?;
    let employee = admin.get(&format!("/v1/employees/{}", clerk.employee_id)).await?.ok()?;
    let change = json!({"roleIds": [role["id"]], "etag": employee["etag"]});
    admin.patch(&format!("/v1/employees/{}?updateMask=roleIds", clerk.employee_id), change).await?.ok()?;
    let columns = [
        "name",
        "phone",
        "email",
        "addresses.street",
        "addresses",
        "id_number",
        "bank_account",
        "custom_fields.wechat",
    ];
    let query: Vec<(&str, &str)> = [CSV].into_iter().chain(columns.map(|column| ("columns", column))).collect();
    story
        .app
        .until("the role counts", async || clerk.get("/v1/imports").await.is_ok_and(|answer| answer.status == 403))
        .await?;
    let rows = table(&exported(&clerk, &query).await?)?;
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows[2],
        [
            "张三",
            "138****5678",
            "",
            "杭州市西湖区******",
            "杭州市西湖区******",
            "110***********002X",
            "***************3445",
            "139****4321",
        ]
    );
    let masked =
        clerk.request(Method::GET, "/v1/customers:export")?.query(&[CSV, ("filter", "phone : \"138\"")]).send().await?;
    assert_eq!(masked.status(), 400);
    assert_eq!(story.li_lei.get("/v1/customers:export?format=EXPORT_FORMAT_CSV").await?.status, 403);
    story.end().await
}

#[tokio::test]
async fn an_unknown_column_is_named() -> Result<()> {
    let story = Story::begin().await?;
    let path = "/v1/customers:export?format=EXPORT_FORMAT_XLSX&columns=name&columns=password";
    let answer = story.admin.get(path).await?;
    assert_eq!(violations(&answer), refusals(&[("columns[1]", "EXPORT_COLUMN_UNKNOWN")]), "{}", answer.body);
    assert_eq!(story.admin.get("/v1/customers:export").await?.status, 400);
    story.end().await
}

#[tokio::test]
async fn what_is_exported_can_be_imported_again() -> Result<()> {
    let story = Story::begin().await?;
    let admin = &story.admin;
    let field = json!({"key": "budget", "type": "FIELD_TYPE_DECIMAL", "labelZh": "预算"});
    admin.post("/v1/fields", field).await?.ok()?;
    for number in 0..1_100 {
        let customer = json!({
            "kind": if number % 2 == 0 { "CUSTOMER_KIND_PERSON" } else { "CUSTOMER_KIND_ORGANIZATION" },
            "name": format!("+客户,\"{number}\""), "region": "330106", "industry": "education", "satisfaction": 5,
            "phone": format!("+86 138{number:08}"), "birthday": "1990-01-05", "gender": "GENDER_FEMALE",
            "addresses": [{"street": "文三路 1 号"}], "remark": "一\n二",
            "customFields": {"budget": {"decimalValue": "-12.5"}},
        });
        admin.post("/v1/customers", customer).await?.ok()?;
    }
    for format in ["EXPORT_FORMAT_CSV", "EXPORT_FORMAT_XLSX"] {
        let file = exported(admin, &[("format", format)]).await?;
        let name = if format.ends_with("CSV") { "a.csv" } else { "a.xlsx" };
        let import = admin.upload(name, file).await?.ok()?;
        assert_eq!(import["rowCount"], "1100", "{import}");
        let path = format!("/v1/imports/{}", import["id"].as_str().unwrap_or_default());
        let run = json!({"key": "IMPORT_KEY_NUMBER", "duplicatePolicy": "DUPLICATE_POLICY_UPDATE"});
        admin.post(&format!("{path}:run"), run).await?.ok()?;
        story
            .app
            .until("the run has ended", async || {
                admin.get(&path).await.is_ok_and(|answer| answer.body["state"] == "IMPORT_STATE_COMPLETED")
            })
            .await?;
        let errors = admin.get(&format!("{path}/rowErrors?pageSize=2")).await?.ok()?;
        assert_eq!(admin.get(&path).await?.ok()?["progress"]["unchanged"], "1100", "{errors}");
    }
    story.end().await
}
