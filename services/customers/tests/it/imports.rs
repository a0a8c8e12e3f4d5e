//! Imports: rows against the customers that exist, faults row by row, and who may run what.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};

use crate::story::{Story, all_pages, id};

pub const KEYS: [&str; 4] = ["IMPORT_KEY_NUMBER", "IMPORT_KEY_PHONE", "IMPORT_KEY_ID_NUMBER", "IMPORT_KEY_NAME"];
pub const SKIP: &str = "DUPLICATE_POLICY_SKIP";
pub const UPDATE: &str = "DUPLICATE_POLICY_UPDATE";

pub fn gbk(text: &str) -> Vec<u8> {
    encoding_rs::GBK.encode(text).0.into_owned()
}

pub async fn uploaded(session: &Session, name: &str, content: impl Into<Vec<u8>>) -> Result<Value> {
    session.upload(name, content.into()).await?.ok()
}

/// Starts a run with the guessed columns.
pub async fn start(session: &Session, import: &Value, key: &str, policy: &str, dry: bool) -> Result<Answer> {
    let run = json!({"key": key, "duplicatePolicy": policy, "dryRun": dry});
    session.post(&format!("/v1/imports/{}:run", id(import)?), run).await
}

pub async fn get(session: &Session, import: &Value) -> Result<Value> {
    session.get(&format!("/v1/imports/{}", id(import)?)).await?.ok()
}

/// Runs an import to its end.
pub async fn run(
    app: &TestApp,
    session: &Session,
    import: &Value,
    key: &str,
    policy: &str,
    dry: bool,
) -> Result<Value> {
    start(session, import, key, policy, dry).await?.ok()?;
    ended(app, session, import).await
}

pub async fn ended(app: &TestApp, session: &Session, import: &Value) -> Result<Value> {
    app.until("the run has ended", async || {
        get(session, import).await.is_ok_and(|import| import["state"] != "IMPORT_STATE_RUNNING")
    })
    .await?;
    get(session, import).await
}

/// created, updated, unchanged, skipped, failed
pub fn counts(import: &Value) -> [i64; 5] {
    ["created", "updated", "unchanged", "skipped", "failed"]
        .map(|name| import["progress"][name].as_str().and_then(|count| count.parse().ok()).unwrap_or(0))
}

pub async fn errors(session: &Session, import: &Value) -> Result<Vec<(i64, Vec<String>)>> {
    let path = format!("/v1/imports/{}/rowErrors", id(import)?);
    let rows = all_pages(session, &path, "rowErrors", 200).await?;
    let row = |row: &Value| {
        let codes = row["errors"].as_array().into_iter().flatten();
        let codes = codes
            .map(|error| format!("{} {}", error["field"].as_str().unwrap_or(""), error["code"].as_str().unwrap_or("")));
        (row["row"].as_str().and_then(|row| row.parse().ok()).unwrap_or(0), codes.collect())
    };
    Ok(rows.iter().map(row).collect())
}

pub async fn download(session: &Session, path: &str, language: &str) -> Result<(Vec<u8>, String)> {
    let answer = session.request(Method::GET, path)?.header("accept-language", language).send().await?;
    anyhow::ensure!(answer.status().is_success(), "{} {}", answer.status(), answer.text().await?);
    let name =
        answer.headers().get("content-disposition").and_then(|value| value.to_str().ok()).unwrap_or("").to_owned();
    Ok((answer.bytes().await?.to_vec(), name))
}

pub async fn customers(session: &Session) -> Result<HashMap<String, Value>> {
    let rows = all_pages(session, "/v1/customers", "customers", 200).await?;
    Ok(rows.into_iter().map(|row| (row["name"].as_str().unwrap_or_default().to_owned(), row)).collect())
}

#[tokio::test]
async fn every_fault_of_a_row_is_named_and_corrected_rows_go_in() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    let text = "名称,电话,邮箱,生日,身份证,级别,地区,满意度,负责人\n\
                ,13800138001,,,,,,,\n\
                王一,1380013800,not an address,2023-2-29,11010519491231002Y,gold,西湖区,9,nobody\n\
                \"=HYPERLINK(\"\"http://x\"\")\",13800138002,,2999-01-01,,,,,hanmei\n\
                赵四,13800138003,,,,,,,\n\
                赵四二,138-0013-8003,,,,,,,\n\
                钱五,13800138004,,,,,,,,,extra\n";
    let import = uploaded(li_lei, "客户.csv", gbk(text)).await?;
    let done = run(app, li_lei, &import, "IMPORT_KEY_PHONE", SKIP, false).await?;
    assert_eq!(counts(&done), [1, 0, 0, 0, 5]);
    let listed = errors(li_lei, &done).await?;
    let expected = [
        (2, vec!["name REQUIRED"]),
        (
            3,
            vec![
                "phone INVALID_PHONE",
                "birthday INVALID_DATE",
                "level UNKNOWN_CODE",
                "region AMBIGUOUS",
                "satisfaction INVALID_NUMBER",
                "owner_id UNKNOWN_EMPLOYEE",
                "email INVALID_EMAIL",
                "id_number INVALID_ID_NUMBER",
            ],
        ),
        (4, vec!["owner_id FORBIDDEN_OWNER", "birthday DATE_IN_FUTURE"]),
        (6, vec!["phone DUPLICATE_IN_FILE"]),
        (7, vec![" EXTRA_CELLS"]),
    ];
    assert_eq!(listed, expected.map(|(row, codes)| (row, codes.into_iter().map(str::to_owned).collect::<Vec<_>>())));
    let page = li_lei
        .call(Method::GET, &format!("/v1/imports/{}/rowErrors", id(&done)?), None, &[("accept-language", "zh")])
        .await?
        .ok()?;
    assert_eq!(page["rowErrors"][3]["errors"][0]["message"], "与第 5 行重复。");
    assert_eq!(page["rowErrors"][3]["errors"][0]["header"], "电话");

    let (file, name) = download(li_lei, &format!("/v1/imports/{}:downloadErrors", id(&done)?), "zh-CN").await?;
    assert!(name.contains("filename*=UTF-8''%E5%AE%A2%E6%88%B7"), "{name}");
    let file = String::from_utf8(file)?;
    assert!(
        file.starts_with("\u{feff}名称,电话,邮箱,生日,身份证,级别,地区,满意度,负责人,错误代码,错误说明\r\n"),
        "{file}"
    );
    assert!(file.contains("\"'=HYPERLINK(\"\"http://x\"\")\",13800138002"), "{file}");
    assert!(file.trim_end().ends_with(",extra"), "{file}");
    // Left as it is, a row with too many cells is refused again, however often.
    let again = uploaded(li_lei, "客户-错误.csv", file.clone()).await?;
    let done = run(app, li_lei, &again, "IMPORT_KEY_PHONE", SKIP, true).await?;
    assert_eq!(errors(li_lei, &done).await?.last().unwrap(), &(6, vec![" EXTRA_CELLS".to_owned()]));
    let (second, _) = download(li_lei, &format!("/v1/imports/{}:downloadErrors", id(&done)?), "zh-CN").await?;
    assert!(String::from_utf8(second)?.trim_end().ends_with(",,extra"));
    let corrected = file
        .replace(",extra", "")
        .replace(
            "1380013800,not an address,2023-2-29,11010519491231002Y,gold,西湖区,9,nobody",
            "13800138010,a@b.cn,2023-2-28,11010519491231002X,VIP,杭州西湖,5,",
        )
        .replace("2999-01-01,,,,,hanmei", ",,,,,")
        .replace("\r\n,13800138001", "\r\n孙六,13800138001")
        .replace("赵四二,138-0013-8003", "赵四二,138-0013-8005");
    let again = uploaded(li_lei, "客户-错误.csv", corrected).await?;
    let done = run(app, li_lei, &again, "IMPORT_KEY_PHONE", SKIP, false).await?;
    assert_eq!((counts(&done), errors(li_lei, &done).await?), ([5, 0, 0, 0, 0], vec![]));
    let found = customers(li_lei).await?;
    assert_eq!(found.len(), 6);
    assert!(found.contains_key("=HYPERLINK(\"http://x\")"));
    story.end().await
}

#[tokio::test]
async fn a_row_meets_the_customer_that_exists() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei, han_mei) = (&story.app, &story.li_lei, &story.han_mei);
    let hers = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "韩的", "phone": "13800000009", "number": "H-1"});
    han_mei.post("/v1/customers", hers).await?.ok()?;
    let first = "编号,名称,电话,级别\nA-1,张三,13800000001,普通\n,李四,,\n";
    let import = uploaded(li_lei, "a.csv", first).await?;
    assert_eq!(counts(&run(app, li_lei, &import, "IMPORT_KEY_NUMBER", UPDATE, false).await?), [2, 0, 0, 0, 0]);
    let before = customers(li_lei).await?;

    // The same file once more changes nothing, with and without keys.
    let import = uploaded(li_lei, "a.csv", first).await?;
    assert_eq!(counts(&run(app, li_lei, &import, "IMPORT_KEY_NUMBER", UPDATE, false).await?), [0, 0, 2, 0, 0]);
    assert_eq!(customers(li_lei).await?, before);
    let import = uploaded(li_lei, "a.csv", first).await?;
    let skipped = run(app, li_lei, &import, "IMPORT_KEY_NUMBER", SKIP, false).await?;
    assert_eq!(counts(&skipped), [0, 0, 0, 2, 0]);
    assert_eq!(
        errors(li_lei, &skipped).await?,
        [(2, vec!["number EXISTS".to_owned()]), (3, vec![" EXISTS".to_owned()])]
    );

    // Cells that are not empty are written, the others stay; what belongs to others is left alone and told nothing of.
    let second = "编号,名称,电话,级别,备注\nA-1,,,VIP,重要\nH-1,x,,VIP,\n,新的,13800000005,,\n";
    let import = uploaded(li_lei, "b.csv", second).await?;
    let done = run(app, li_lei, &import, "IMPORT_KEY_NUMBER", UPDATE, false).await?;
    assert_eq!(counts(&done), [1, 1, 0, 0, 1]);
    assert_eq!(errors(li_lei, &done).await?, [(3, vec!["number EXISTS_ELSEWHERE".to_owned()])]);
    let zhang = &customers(li_lei).await?["张三"];
    assert_eq!(
        (&zhang["level"], &zhang["remark"], &zhang["phone"]),
        (&json!("vip"), &json!("重要"), &json!("13800000001"))
    );
    assert_ne!(zhang["etag"], before["张三"]["etag"]);
    let timeline = li_lei.get(&format!("/v1/customers/{}/timeline", id(zhang)?)).await?.ok()?;
    assert!(
        timeline.to_string().contains("customer.imported") && timeline.to_string().contains("customer.updated"),
        "{timeline}"
    );

    // By phone: a number that somebody has, and a phone that two have.
    let twin = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "张三二", "phone": "+86 138 0000 0001"});
    li_lei.post("/v1/customers", twin).await?.ok()?;
    let third = "编号,名称,电话\nH-1,某人,13800000006\n,某某,13800000001\n";
    let import = uploaded(li_lei, "c.csv", third).await?;
    let done = run(app, li_lei, &import, "IMPORT_KEY_PHONE", UPDATE, false).await?;
    assert_eq!(
        errors(li_lei, &done).await?,
        [(2, vec!["number NUMBER_TAKEN".to_owned()]), (3, vec!["phone SEVERAL_EXIST".to_owned()])]
    );
    story.end().await
}

#[tokio::test]
async fn custom_fields_are_filled_and_held_to_their_rules() -> Result<()> {
    let story = Story::begin().await?;
    let (app, admin) = (&story.app, &story.admin);
    for field in [
        json!({"key": "card", "type": "FIELD_TYPE_TEXT", "labelZh": "卡号", "unique": true}),
        json!({"key": "budget", "type": "FIELD_TYPE_DECIMAL", "labelZh": "预算", "labelEn": "Budget", "required": true}),
        json!({"key": "likes", "type": "FIELD_TYPE_OPTIONS", "labelZh": "爱好行业", "dictionary": "industry"}),
        json!({"key": "visit", "type": "FIELD_TYPE_TIMESTAMP", "labelZh": "来访时间"}),
        json!({"key": "member", "type": "FIELD_TYPE_BOOLEAN", "labelZh": "会员"}),
    ] {
        admin.post("/v1/fields", field).await?.ok()?;
    }
    let text = "名称,卡号,Budget(万元),爱好行业,来访时间,会员\n\
                甲,K1,\"1,200.50\",教育；金融业,2024-1-5 9:30,是\n\
                乙,K1,1,,,\n丙,,,,,\n丁,K2,x,火星,昨天,也许\n";
    let import = uploaded(admin, "a.csv", gbk(text)).await?;
    let done = run(app, admin, &import, "IMPORT_KEY_NAME", UPDATE, false).await?;
    assert_eq!(counts(&done), [1, 0, 0, 0, 3]);
    let code = |field: &str, code: &str| format!("custom_fields.{field} {code}");
    assert_eq!(
        errors(admin, &done).await?,
        [
            (3, vec![code("card", "DUPLICATE_IN_FILE")]),
            (4, vec![code("budget", "REQUIRED")]),
            (
                5,
                vec![
                    code("budget", "INVALID_NUMBER"),
                    code("likes", "UNKNOWN_CODE"),
                    code("visit", "INVALID_DATE"),
                    code("member", "INVALID_BOOLEAN")
                ]
            ),
        ]
    );
    let values = &customers(admin).await?["甲"]["customFields"];
    assert_eq!(values["budget"]["decimalValue"], "1200.5");
    assert_eq!(values["likes"]["optionsValue"]["codes"], json!(["education", "finance"]));
    assert_eq!(
        (&values["visit"]["timestampValue"], &values["member"]["booleanValue"]),
        (&json!("2024-01-05T01:30:00Z"), &json!(true))
    );
    let import = uploaded(admin, "b.csv", "名称,卡号,预算\n甲,,1300\n戊,K1,5\n").await?;
    let done = run(app, admin, &import, "IMPORT_KEY_NAME", UPDATE, false).await?;
    assert_eq!(
        (counts(&done), errors(admin, &done).await?),
        ([0, 1, 0, 0, 1], vec![(3, vec![code("card", "VALUE_TAKEN")])])
    );
    let values = &customers(admin).await?["甲"]["customFields"];
    assert_eq!((&values["budget"]["decimalValue"], &values["card"]["stringValue"]), (&json!("1300"), &json!("K1")));
    story.end().await
}

#[tokio::test]
async fn what_a_role_sees_masked_does_not_come_back_as_the_value() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let real =
        json!({"kind": "CUSTOMER_KIND_PERSON", "name": "张三", "number": "A-1", "idNumber": "11010519491231002X"});
    li_lei.post("/v1/customers", real).await?.ok()?;
    let seen = customers(li_lei).await?["张三"]["idNumber"].as_str().context("no number")?.to_owned();
    anyhow::ensure!(seen.contains('*'), "the owner sees {seen}");
    let import = uploaded(li_lei, "a.csv", format!("编号,身份证\nA-1,{seen}\n")).await?;
    let done = run(&story.app, li_lei, &import, "IMPORT_KEY_NUMBER", UPDATE, false).await?;
    assert_eq!(errors(li_lei, &done).await?, [(2, vec!["id_number MASKED_VALUE".to_owned()])]);
    story.end().await
}

#[tokio::test]
async fn an_import_is_its_owners_and_runs_once() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei, han_mei) = (&story.app, &story.li_lei, &story.han_mei);
    let import = uploaded(li_lei, "a.csv", "name,phone\nZhang San,13800138000\n").await?;
    let path = format!("/v1/imports/{}", id(&import)?);
    han_mei.get(&path).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("{path}/rowErrors")).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("{path}:downloadErrors")).await?.refused(404, "NOT_FOUND")?;
    han_mei.get(&format!("{path}:watch")).await?.refused(404, "NOT_FOUND")?;
    start(han_mei, &import, KEYS[1], SKIP, false).await?.refused(404, "NOT_FOUND")?;
    han_mei.post(&format!("{path}:cancel"), json!({})).await?.refused(404, "NOT_FOUND")?;
    assert_eq!(han_mei.get("/v1/imports").await?.ok()?["imports"].as_array().map_or(0, Vec::len), 0);

    for (run, reason) in [
        (json!({"key": KEYS[0], "duplicatePolicy": SKIP}), "IMPORT_KEY_MISSING"),
        (json!({"key": KEYS[1], "duplicatePolicy": SKIP, "columns": [{"field": "name"}]}), "IMPORT_COLUMN_COUNT"),
        (
            json!({"key": KEYS[1], "duplicatePolicy": SKIP, "columns": [{"field": "name"}, {"field": "id"}]}),
            "IMPORT_FIELD_UNKNOWN",
        ),
        (json!({"key": KEYS[1], "duplicatePolicy": SKIP, "ownerId": han_mei.employee_id}), "OWNER_INVALID"),
    ] {
        let problem = li_lei.post(&format!("{path}:run"), run).await?;
        assert!(problem.status == 400 && problem.body.to_string().contains(reason), "{} {reason}", problem.body);
    }
    li_lei.post(&format!("{path}:cancel"), json!({})).await?.refused(422, "IMPORT_NOT_RUNNING")?;
    assert_eq!(counts(&run(app, li_lei, &import, KEYS[1], SKIP, false).await?), [1, 0, 0, 0, 0]);
    start(li_lei, &import, KEYS[1], SKIP, false).await?.refused(422, "IMPORT_COMPLETE")?;
    story.end().await
}
