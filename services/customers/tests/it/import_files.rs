//! Files of every kind that imports take and give, as people have them.

use anyhow::Result;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::json;

use crate::imports::*;
use crate::story::{Story, each, id, refusals, violations};

#[tokio::test]
async fn a_spreadsheet_of_every_kind_becomes_customers() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    let text = "*客户名称,手机号码(必填),客户类型,省市区,级别,生日,身份证号,备注\r\n\
                张三,138-0013-8000,个人,浙江省杭州市西湖区,VIP,1949年12月31日,11010519491231002X,\"两行\n备注\"\r\n\
                杭州某某科技有限公司,(0571)8888 6666,,杭州,普通,,914403001922038216,\r\n";
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let kinds = [
        ("GB18030", gbk(text)),
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-8", format!("\u{feff}{text}").into_bytes()),
        ("UTF-16LE", utf16),
    ];
    for (index, (encoding, content)) in kinds.into_iter().enumerate() {
        let import = uploaded(li_lei, "客户.csv", content).await?;
        assert_eq!(
            (&import["encoding"], &import["format"], &import["rowCount"]),
            (&json!(encoding), &json!("csv"), &json!("2"))
        );
        assert_eq!(
            each(&import, "columns", "field"),
            ["name", "phone", "kind", "region", "level", "birthday", "id_number", "remark"]
        );
        let dry = run(app, li_lei, &import, "IMPORT_KEY_PHONE", UPDATE, true).await?;
        assert_eq!((&dry["state"], dry["dryRun"].as_bool()), (&json!("IMPORT_STATE_READY"), Some(true)));
        let done = run(app, li_lei, &import, "IMPORT_KEY_PHONE", UPDATE, false).await?;
        assert_eq!(done["state"], "IMPORT_STATE_COMPLETED");
        // The same rows in another encoding change nothing.
        assert_eq!(counts(&done), if index == 0 { [2, 0, 0, 0, 0] } else { [0, 0, 2, 0, 0] }, "{encoding}");
        // Whether the ID numbers are those that are there, a dry run does not tell a salesperson, who sees them masked.
        assert_eq!(counts(&dry), if index == 0 { [2, 0, 0, 0, 0] } else { [0, 2, 0, 0, 0] });
    }
    let found = customers(li_lei).await?;
    let zhang = &found["张三"];
    assert_eq!(zhang["kind"], "CUSTOMER_KIND_PERSON");
    assert_eq!(
        (&zhang["region"], &zhang["level"], &zhang["birthday"]),
        (&json!("330106"), &json!("vip"), &json!("1949-12-31"))
    );
    assert_eq!(
        (&zhang["phone"], &zhang["remark"], &zhang["ownerName"]),
        (&json!("138-0013-8000"), &json!("两行\n备注"), &json!("lilei"))
    );
    assert_eq!(found["杭州某某科技有限公司"]["kind"], "CUSTOMER_KIND_ORGANIZATION");
    assert_eq!(found["杭州某某科技有限公司"]["region"], "330100");
    let matches = li_lei.get("/v1/customers:search?query=zs").await?.ok()?;
    assert_eq!(matches["matches"][0]["customer"]["name"], "张三");
    story.end().await
}

#[tokio::test]
async fn a_workbook_with_dates_and_long_numbers_becomes_customers() -> Result<()> {
    let story = Story::begin().await?;
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let day = Format::new().set_num_format("yyyy/m/d");
    for (column, header) in (0..).zip(["Name", "Mobile", "Date of Birth", "Gender", "Bank account"]) {
        sheet.write_string(0, column, header)?;
    }
    sheet.write_string(2, 0, "Zhang San")?.write_number(2, 1, 13_800_138_000.0)?;
    sheet.write_datetime_with_format(2, 2, ExcelDateTime::from_ymd(1990, 1, 5)?, &day)?;
    sheet.write_string(2, 3, "Male")?.write_string(2, 4, "6222020200112233445")?;
    sheet.write_string(3, 0, "Li Si")?.write_number(3, 1, 13_900_139_000.0)?;
    sheet.write_number(3, 4, 6_222_020_200_112_233_445.0)?;
    let import = uploaded(&story.li_lei, "customers.xlsx", workbook.save_to_buffer()?).await?;
    assert_eq!((&import["format"], &import["rowCount"]), (&json!("xlsx"), &json!("2")));
    assert_eq!(import["sampleRows"][0]["cells"][2], "1990-01-05");
    let done = run(&story.app, &story.li_lei, &import, "IMPORT_KEY_PHONE", SKIP, false).await?;
    assert_eq!(counts(&done), [1, 0, 0, 0, 1]);
    assert_eq!(errors(&story.li_lei, &done).await?, [(4, vec!["bank_account PRECISION_LOST".to_owned()])]);
    let zhang = &customers(&story.admin).await?["Zhang San"];
    assert_eq!(
        (&zhang["phone"], &zhang["birthday"], &zhang["gender"]),
        (&json!("13800138000"), &json!("1990-01-05"), &json!("GENDER_MALE"))
    );
    assert_eq!(zhang["bankAccount"], "6222020200112233445");
    let (file, name) = download(&story.li_lei, &format!("/v1/imports/{}:downloadErrors", id(&done)?), "en").await?;
    assert!(name.contains("customers-errors.xlsx"), "{name}");
    let again = uploaded(&story.li_lei, "again.xlsx", file).await?;
    assert_eq!(each(&again, "columns", "field"), ["name", "phone", "birthday", "gender", "bank_account", "", ""]);
    story.end().await
}

#[tokio::test]
async fn nothing_is_kept_of_a_file_that_is_no_table() -> Result<()> {
    let story = Story::begin().await?;
    let li_lei = &story.li_lei;
    let wide = format!("{}\n", (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(","));
    let blank = vec![b' '; 64 * 1024 * 1024];
    let mut bomb = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("xl/workbook.xml", b"<workbook/>".as_slice()), ("xl/worksheets/sheet1.xml", &blank)] {
        bomb.start_file(name, zip::write::SimpleFileOptions::default())?;
        std::io::Write::write_all(&mut bomb, content)?;
    }
    for (name, content, field, reason) in [
        ("a.csv", Vec::new(), "file", "FILE_EMPTY"),
        ("a.csv", wide.into_bytes(), "file", "FILE_TOO_MANY_COLUMNS"),
        ("a.xlsx", bomb.finish()?.into_inner(), "file", "FILE_BOMB"),
        ("a.csv", b"name\n\0\n".to_vec(), "file", "FILE_NUL"),
        ("a.csv", b"name\n\xff\xff\n".to_vec(), "file", "FILE_ENCODING_UNKNOWN"),
        ("a.pdf", b"%PDF-1.4".to_vec(), "file", "FILE_TYPE_REFUSED"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".to_vec(), "file", "FILE_XLS"),
        ("", b"name\nx\n".to_vec(), "fileName", "FILE_NAME_REQUIRED"),
    ] {
        let problem = li_lei.upload(name, content).await?;
        assert_eq!(problem.status, 400, "{}", problem.body);
        assert_eq!(violations(&problem), refusals(&[(field, reason)]), "{}", problem.body);
    }
    assert_eq!(li_lei.get("/v1/imports").await?.ok()?["imports"].as_array().map(Vec::len).unwrap_or(0), 0);
    let auditor = story.somebody("auditor", "auditor").await?;
    assert_eq!(auditor.upload("a.csv", b"name\nx\n".to_vec()).await?.status, 403);
    story.end().await
}

#[tokio::test]
async fn a_template_is_understood_in_both_languages() -> Result<()> {
    let story = Story::begin().await?;
    story
        .admin
        .post(
            "/v1/fields",
            json!({"key": "budget", "type": "FIELD_TYPE_DECIMAL", "labelZh": "预算", "labelEn": "Budget"}),
        )
        .await?
        .ok()?;
    for (language, first) in [("zh-CN", "客户编号"), ("en", "Number")] {
        for format in ["CSV", "XLSX"] {
            let path = format!("/v1/imports:downloadTemplate?format=IMPORT_FILE_FORMAT_{format}");
            let (mut file, _) = download(&story.admin, &path, language).await?;
            if format == "XLSX" {
                assert!(file.starts_with(b"PK"));
                continue;
            }
            file.extend_from_slice(b",Zhang San\r\n");
            let import = uploaded(&story.admin, "template.csv", file).await?;
            assert_eq!(import["columns"][0]["header"], first);
            assert!(each(&import, "columns", "field").iter().all(|field| !field.is_empty()), "{import}");
        }
    }
    story.end().await
}

#[tokio::test]
async fn cards_of_an_address_book_come_and_go() -> Result<()> {
    let story = Story::begin().await?;
    let (app, li_lei) = (&story.app, &story.li_lei);
    let cards = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:张三\r\nTEL;TYPE=CELL:138 0013 8000\r\nBDAY:1949-12-31\r\n\
                 ADR:;;文三路1号;杭州市;浙江省;310012;\r\nNOTE:老客户\\, 好说话\r\nEND:VCARD\r\n\
                 BEGIN:VCARD\r\nVERSION:3.0\r\nFN:某某公司\r\nORG:某某公司\r\nTEL:0571-88886666\r\nEND:VCARD\r\n\
                 BEGIN:VCARD\r\nVERSION:3.0\r\nFN:电话不对\r\nTEL:12\r\nEND:VCARD\r\n";
    let import = uploaded(li_lei, "通讯录.vcf", cards).await?;
    assert_eq!((&import["format"], &import["rowCount"]), (&json!("vcf"), &json!("3")));
    let done = run(app, li_lei, &import, KEYS[1], UPDATE, false).await?;
    assert_eq!(counts(&done), [2, 0, 0, 0, 1], "{done}");
    assert_eq!(errors(li_lei, &done).await?, [(4, vec!["phone INVALID_PHONE".to_owned()])]);
    let (failed, _) = download(li_lei, &format!("/v1/imports/{}:downloadErrors", id(&import)?), "en").await?;
    assert!(String::from_utf8(failed)?.contains("电话不对"));
    let found = customers(li_lei).await?;
    let zhang = &found["张三"];
    assert_eq!(
        (&zhang["kind"], &zhang["birthday"], &zhang["remark"]),
        (&json!("CUSTOMER_KIND_PERSON"), &json!("1949-12-31"), &json!("老客户, 好说话"))
    );
    assert_eq!(found["某某公司"]["kind"], "CUSTOMER_KIND_ORGANIZATION");

    let path = "/v1/customers:export?format=EXPORT_FORMAT_VCARD";
    let (file, name) = download(&story.admin, path, "zh").await?;
    assert!(name.ends_with("vcf"), "{name}");
    let again = uploaded(&story.admin, "again.vcf", file).await?;
    let done = run(app, &story.admin, &again, KEYS[1], UPDATE, false).await?;
    assert_eq!(counts(&done), [0, 0, 2, 0, 0], "what goes out comes in the same");
    let column = story.admin.get(&format!("{path}&columns=name")).await?;
    assert_eq!(violations(&column), refusals(&[("columns", "EXPORT_COLUMNS_OF_CARDS")]));
    story.end().await
}
