use anyhow::Result;
use serde_json::{Value, json};

use crate::story::{Story, a_customer, all_pages, each, list, refusals, violations};

#[tokio::test]
async fn a_tree_is_listed_level_by_level_and_whole() -> Result<()> {
    let story = Story::begin().await?;
    let admin = &story.admin;
    let dictionary = json!({"code": "territory", "nameZh": "销售区域", "tree": true});
    admin.post("/v1/dictionaries", dictionary.clone()).await?.ok()?;
    admin.post("/v1/dictionaries", dictionary).await?.refused(409, "DICTIONARY_CODE_TAKEN")?;
    let path = "/v1/dictionaries/territory/entries";
    let entries = [
        ("east", "华东", "", 2),
        ("north", "华北", "", 1),
        ("east-zj", "浙江", "east", 1),
        ("east-js", "江苏", "east", 0),
    ];
    for (code, name, parent, position) in entries {
        let entry = json!({"code": code, "nameZh": name, "parentCode": parent, "position": position});
        admin.post(path, entry).await?.ok()?;
    }
    let codes = async |query: &[(&str, &str)]| -> Result<Vec<String>> {
        let page = list(&story.li_lei, path, query).await?.ok()?;
        Ok(each(&page, "entries", "code").into_iter().map(str::to_owned).collect())
    };
    assert_eq!(codes(&[]).await?, ["north", "east", "east-js", "east-zj"]);
    assert_eq!(codes(&[("parentCode", "-")]).await?, ["north", "east"]);
    assert_eq!(codes(&[("parentCode", "east")]).await?, ["east-js", "east-zj"]);
    assert_eq!(codes(&[("codes", "east"), ("codes", "east-zj"), ("codes", "west")]).await?, ["east", "east-zj"]);
    assert_eq!(all_pages(&story.li_lei, path, "entries", 1).await?.len(), 4);
    let page = list(&story.li_lei, path, &[("codes", "east")]).await?.ok()?;
    assert_eq!(page["entries"][0]["hasChildren"], true);
    let dictionaries = all_pages(&story.li_lei, "/v1/dictionaries", "dictionaries", 3).await?;
    let territory = dictionaries.iter().find(|dictionary| dictionary["code"] == "territory").unwrap();
    assert_eq!(territory["entryCount"], 4);

    let orphan = json!({"code": "west-sc", "nameZh": "四川", "parentCode": "west"});
    assert_eq!(violations(&admin.post(path, orphan).await?), refusals(&[("parentCode", "PARENT_UNKNOWN")]));
    let taken = json!({"code": "east", "nameZh": "东"});
    admin.post(path, taken).await?.refused(409, "ENTRY_CODE_TAKEN")?;
    let child = json!({"code": "a", "nameZh": "甲", "parentCode": "b"});
    let flat = admin.post("/v1/dictionaries/level/entries", child).await?;
    assert_eq!(violations(&flat), refusals(&[("parentCode", "DICTIONARY_NOT_A_TREE")]));
    let nowhere = json!({"code": "a", "nameZh": "甲"});
    admin.post("/v1/dictionaries/nowhere/entries", nowhere.clone()).await?.refused(404, "NOT_FOUND")?;
    admin.get("/v1/dictionaries/nowhere/entries").await?.refused(404, "NOT_FOUND")?;
    story.li_lei.post(path, nowhere).await?.refused(403, "PERMISSION_DENIED")?;
    admin.delete(&format!("{path}/east")).await?.refused(422, "ENTRY_HAS_CHILDREN")?;
    story.end().await
}

#[tokio::test]
async fn a_code_in_use_is_retired_not_deleted() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    let path = "/v1/dictionaries/level/entries";
    let gold = admin.post(path, json!({"code": "zz-gold", "nameZh": "黄金", "color": "gold"})).await?.ok()?;
    let tin = admin.post(path, json!({"code": "zz-tin", "nameZh": "锡"})).await?.ok()?;
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "张三", "level": "zz-gold"});
    let customer = li_lei.post("/v1/customers", customer).await?.ok()?;

    admin.delete(&format!("{path}/zz-gold")).await?.refused(422, "ENTRY_IN_USE")?;
    admin.delete(&format!("{path}/zz-tin")).await?.ok()?;
    admin.delete(&format!("{path}/zz-tin")).await?.refused(404, "NOT_FOUND")?;
    let late = json!({"nameZh": "锡级", "etag": tin["etag"]});
    admin.patch(&format!("{path}/zz-tin"), late).await?.refused(404, "NOT_FOUND")?;
    let gone = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李四", "level": "zz-tin"});
    assert_eq!(violations(&li_lei.post("/v1/customers", gone).await?), refusals(&[("level", "CODE_UNKNOWN")]));

    let retired = json!({"retired": true, "nameZh": "黄金（旧）", "etag": gold["etag"]});
    let retired = admin.patch(&format!("{path}/zz-gold"), retired).await?.ok()?;
    assert_eq!((&retired["retired"], &retired["nameZh"]), (&json!(true), &json!("黄金（旧）")));
    let stale = json!({"retired": false, "etag": gold["etag"]});
    admin.patch(&format!("{path}/zz-gold"), stale).await?.refused(409, "STALE_ETAG")?;
    let another = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "李四", "level": "zz-gold"});
    assert_eq!(violations(&li_lei.post("/v1/customers", another).await?), refusals(&[("level", "CODE_RETIRED")]));
    let one = format!("/v1/customers/{}", customer["id"].as_str().unwrap());
    let kept = json!({"remark": "老客户", "level": "zz-gold", "etag": customer["etag"]});
    assert_eq!(li_lei.patch(&one, kept).await?.ok()?["level"], "zz-gold");
    story.end().await
}

/// A code that only a custom field or an address holds is in use, too.
#[tokio::test]
async fn codes_are_in_use_wherever_a_customer_holds_them() -> Result<()> {
    let story = Story::begin().await?;
    let (admin, li_lei) = (&story.admin, &story.li_lei);
    admin.post("/v1/dictionaries", json!({"code": "hobby", "nameZh": "爱好"})).await?.ok()?;
    let entries = "/v1/dictionaries/hobby/entries";
    for code in ["tea", "golf", "opera", "chess"] {
        admin.post(entries, json!({"code": code, "nameZh": code})).await?.ok()?;
    }
    let field = |key: &str, kind: &str, default: Value| {
        let field_type = format!("FIELD_TYPE_{kind}");
        json!({"key": key, "type": field_type, "labelZh": key, "dictionary": "hobby", "defaultValue": default})
    };
    admin.post("/v1/fields", field("first_hobby", "OPTION", json!({"stringValue": "tea"}))).await?.ok()?;
    admin.post("/v1/fields", field("hobbies", "OPTIONS", json!({}))).await?.ok()?;
    admin.post("/v1/dictionaries/region/entries", json!({"code": "990000", "nameZh": "某省"})).await?.ok()?;
    let customer = json!({
        "kind": "CUSTOMER_KIND_PERSON", "name": "张三", "addresses": [{"label": "home", "region": "990000"}],
        "customFields": {
            "first_hobby": {"stringValue": "golf"}, "hobbies": {"optionsValue": {"codes": ["opera", "golf"]}},
        },
    });
    li_lei.post("/v1/customers", customer).await?.ok()?;
    for code in ["tea", "golf", "opera"] {
        admin.delete(&format!("{entries}/{code}")).await?.refused(422, "ENTRY_IN_USE")?;
    }
    admin.delete(&format!("{entries}/chess")).await?.ok()?;
    admin.delete("/v1/dictionaries/region/entries/990000").await?.refused(422, "ENTRY_IN_USE")?;
    a_customer(li_lei, "李四").await?;
    story.end().await
}

/// Uploads a sheet of regions and answers what came of it.
async fn regions(story: &Story, sheet: &str, dry_run: bool) -> Result<Value> {
    let request = story.admin.request(reqwest::Method::POST, "/v1/dictionaryImports")?;
    let query =
        [("dictionary", "region"), ("fileName", "regions.csv"), ("dryRun", if dry_run { "true" } else { "false" })];
    let answer = request.query(&query).header("content-type", "text/csv").body(sheet.to_owned()).send().await?;
    let (status, body): (_, Value) = (answer.status(), answer.json().await?);
    anyhow::ensure!(status.is_success(), "{status} {body}");
    Ok(body)
}

#[tokio::test]
async fn a_sheet_of_regions_is_tried_taken_in_and_taken_in_again() -> Result<()> {
    let story = Story::begin().await?;
    let path = "/v1/dictionaries/region/entries";
    let sheet = "行政区划代码,名称,英文名称,上级代码\n330000,浙江省,Chekiang,\n330189,新设区,,330100\n990000,新省,New,\n990100,新市,,990000\n";
    let counts = |answer: &Value| {
        ["createdCount", "updatedCount", "unchangedCount"].map(|name| answer[name].as_i64().unwrap_or_default())
    };
    let tried = regions(&story, sheet, true).await?;
    assert_eq!((counts(&tried), &tried["dryRun"]), ([3, 1, 0], &json!(true)), "{tried}");
    assert_eq!(list(&story.admin, path, &[("codes", "990100")]).await?.ok()?["entries"], json!([]));
    let taken = regions(&story, sheet, false).await?;
    assert_eq!(counts(&taken), [3, 1, 0], "{taken}");
    assert_eq!(counts(&regions(&story, sheet, false).await?), [0, 0, 4]);
    let page = list(&story.admin, path, &[("codes", "330000"), ("codes", "990100")]).await?.ok()?;
    assert_eq!(each(&page, "entries", "nameEn"), ["Chekiang", ""]);
    assert_eq!(each(&page, "entries", "parentCode"), ["", "990000"]);
    // What the sheet does not name is still there, and new codes count at once.
    assert_eq!(list(&story.admin, path, &[("codes", "110101")]).await?.ok()?["entries"][0]["nameZh"], "东城区");
    let customer = json!({"kind": "CUSTOMER_KIND_PERSON", "name": "张三", "region": "990100"});
    story.li_lei.post("/v1/customers", customer).await?.ok()?;

    let faulty = regions(&story, "code,name,parent\n990200,坏市,12\n99 3,坏,\n990100,改名,990000\n", false).await?;
    let faults: Vec<_> =
        faulty["faults"].as_array().into_iter().flatten().map(|fault| (&fault["row"], &fault["reason"])).collect();
    assert_eq!(faults, [(&json!(2), &json!("PARENT_UNKNOWN")), (&json!(3), &json!("VALUE_INVALID"))], "{faulty}");
    assert_eq!(list(&story.admin, path, &[("codes", "990100")]).await?.ok()?["entries"][0]["nameZh"], "新市");
    let request =
        story.li_lei.request(reqwest::Method::POST, "/v1/dictionaryImports?dictionary=region&fileName=a.csv")?;
    assert_eq!(request.header("content-type", "text/csv").body(sheet).send().await?.status(), 403);
    story.end().await
}
