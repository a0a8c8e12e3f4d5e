use contracts::customers::CustomerKind;
use contracts::identity::{FieldVisibility, Grant, PolicyEmployee, PolicyRole, PolicyUpdate};
use contracts::options::{PersonalData, Scope, Visibility};
use platform::access::Policy;
use proptest::prelude::*;

use super::*;
use crate::dictionary::cache::{Dictionaries, Entry};
use crate::import::target::BUILT_IN;
use platform::sheet::CellFault;

/// 李雷 imports for himself and sees e-mail addresses masked; 韩梅 has a namesake.
fn li_lei() -> Caller {
    let [role, id, han, other, left] = std::array::from_fn(|_| Uuid::now_v7());
    let employee = |id: Uuid, name: &str, active| PolicyEmployee {
        id: id.to_string(),
        display_name: name.into(),
        role_ids: vec![role.to_string()],
        active,
        ..PolicyEmployee::default()
    };
    let grant =
        Grant { permission: Permission::CustomersImport as i32, scope: Scope::Own as i32, group_ids: Vec::new() };
    let seen = |kind, visibility| FieldVisibility { personal_data: kind as i32, visibility: visibility as i32 };
    let update = PolicyUpdate {
        snapshot: true,
        employees: vec![
            employee(id, "李雷", true),
            employee(han, "韩梅", true),
            employee(other, "韩梅", true),
            employee(left, "王离", false),
        ],
        roles: vec![PolicyRole {
            id: role.to_string(),
            grants: vec![grant],
            field_visibilities: vec![
                seen(PersonalData::Phone, Visibility::Clear),
                seen(PersonalData::IdNumber, Visibility::Clear),
                seen(PersonalData::Email, Visibility::Masked),
            ],
            ..Default::default()
        }],
        ..PolicyUpdate::default()
    };
    Caller::of_employee(Arc::new(Policy::default().with(update, 0)), id).unwrap()
}

fn dictionaries() -> Dictionaries {
    let entry = |code: &str, name: &str, retired| Entry {
        code: code.into(),
        name_zh: name.into(),
        name_en: String::new(),
        parent_code: String::new(),
        retired,
    };
    let levels = vec![entry("vip", "贵宾", false), entry("old", "老级别", true)];
    Dictionaries::new([
        ("level".to_owned(), false, levels),
        ("region".to_owned(), true, vec![entry("330000", "浙江省", false)]),
    ])
}

fn plan(paths: &[&str], key: ImportKey) -> Plan {
    let caller = li_lei();
    let owner = (caller.employee_id().unwrap(), None);
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let fields = Arc::new(Fields::new(1, Vec::new(), dictionaries()));
    Plan::new(&paths, fields, key, owner, FixedOffset::east_opt(8 * 3600).unwrap(), caller)
}

fn record(cells: &[&str]) -> Record {
    let mut record = Record::default();
    record.row = 2;
    cells.iter().for_each(|cell| record.push(cell));
    record
}

fn read(paths: &[&str], cells: &[&str]) -> Draft {
    plan(paths, ImportKey::Phone).draft(&record(cells))
}

fn faults(draft: &Draft) -> Vec<(&str, &str)> {
    draft.faults.iter().map(|fault| (fault.field.as_str(), fault.code.id)).collect()
}

#[test]
fn cells_become_values() {
    let paths = [
        "name",
        "phone",
        "kind",
        "gender",
        "level",
        "region",
        "birthday",
        "satisfaction",
        "addresses.street",
        "id_number",
    ];
    let draft = read(
        &paths,
        &[
            " 张 三\n",
            "+86 138 0013 8000",
            "个人",
            "女",
            "贵宾",
            "浙江",
            "1949.12.31",
            "满意",
            "文三路",
            "11010519491231002x",
        ],
    );
    assert_eq!(faults(&draft), []);
    let customer = &draft.customer;
    assert_eq!((customer.name.as_str(), customer.kind, customer.gender), ("张 三", 1, 2));
    assert_eq!((customer.level.as_str(), customer.region.as_str(), customer.satisfaction), ("vip", "330000", 4));
    assert_eq!((customer.birthday.as_str(), customer.id_number.as_str()), ("1949-12-31", "11010519491231002X"));
    assert_eq!(customer.addresses[0].street, "文三路");
    assert_eq!(draft.identity, Some(Identity::Phone("13800138000".into())));
}

#[test]
fn a_row_without_its_key_is_recognised_by_name_phone_and_id_number() {
    let draft = read(&["name", "phone", "kind"], &["Zhang San", "", "企业"]);
    assert_eq!(draft.identity, Some(Identity::Whole(2, "zhang san".into(), String::new(), String::new())));
    let draft = read(&["name", "phone"], &["Zhang San", "x"]);
    assert_eq!(draft.identity, Some(Identity::Whole(0, "zhang san".into(), String::new(), String::new())));
    assert_eq!(faults(&draft), [("phone", "INVALID_PHONE")]);
    assert_eq!(faults(&read(&["name", "phone"], &["", ""])), [("name", "REQUIRED")]);
    // Known by its phone it may do without a name, if there is such a customer.
    assert_eq!(faults(&read(&["name", "phone"], &["", "13800138000"])), []);
}

#[test]
fn the_limits_of_the_contract_hold() {
    let long = "长".repeat(129);
    let draft = read(&["name", "website", "remark", "email"], &[&long, &"w".repeat(201), &"备".repeat(4001), "a@b"]);
    assert_eq!(faults(&draft), [("name", "TOO_LONG"), ("website", "TOO_LONG"), ("remark", "TOO_LONG")]);
    assert_eq!(draft.faults[0].args, [("max", "128".to_owned())]);
    assert_eq!(faults(&read(&["name", "email"], &["a", "not an address"])), [("email", "INVALID_EMAIL")]);
    assert_eq!(
        faults(&read(&["name", "addresses.street"], &["a", &"路".repeat(201)])),
        [("addresses.street", "TOO_LONG")]
    );
}

#[test]
fn codes_must_be_in_use_and_masked_values_stay_out() {
    assert_eq!(faults(&read(&["name", "level"], &["a", "老级别"])), [("level", "CODE_RETIRED")]);
    assert_eq!(faults(&read(&["name", "level"], &["a", "gold"])), [("level", "UNKNOWN_CODE")]);
    assert_eq!(faults(&read(&["name", "email"], &["a", "z***@example.com"])), [("email", "MASKED_VALUE")]);
    assert_eq!(faults(&read(&["name", "phone"], &["a", "138****8000"])), [("phone", "MASKED_VALUE")]);
}

#[test]
fn owners_go_by_name_within_the_scope() {
    for (name, fault) in [
        ("李雷", None),
        ("韩梅", Some("AMBIGUOUS")),
        ("王离", Some("UNKNOWN_EMPLOYEE")),
        ("谁", Some("UNKNOWN_EMPLOYEE")),
    ] {
        let draft = read(&["name", "owner_id"], &["a", name]);
        assert_eq!(faults(&draft).first().map(|fault| fault.1), fault, "{name}");
    }
    let plan = plan(&["name", "owner_id"], ImportKey::Name);
    let han = plan.caller.policy().unwrap().employees().find(|employee| employee.display_name == "韩梅").unwrap().id;
    assert_eq!(faults(&plan.draft(&record(&["a", &han.to_string()]))), [("owner_id", "FORBIDDEN_OWNER")]);
}

#[test]
fn a_name_tells_persons_from_organisations() {
    for (name, kind) in [
        ("张三", CustomerKind::Person),
        ("杭州某某科技有限公司", CustomerKind::Organization),
        ("某某公司(杭州)", CustomerKind::Organization),
        ("市第一医院", CustomerKind::Organization),
        ("王店", CustomerKind::Person),
        ("Acme Trading Ltd.", CustomerKind::Organization),
        ("John Smith", CustomerKind::Person),
        ("Limited", CustomerKind::Person),
    ] {
        assert_eq!(read(&["name"], &[name]).customer.kind(), kind, "{name}");
    }
    let taxed = read(&["name", "id_number"], &["华为", "914403001922038216"]);
    assert_eq!((taxed.customer.kind(), faults(&taxed)), (CustomerKind::Organization, vec![]));
}

#[test]
fn cells_that_the_spreadsheet_has_lost_are_told() {
    let mut row = record(&["a", "#N/A", "6222020200112234000", "b"]);
    row.clear();
    for (cell, fault) in [
        ("a", None),
        ("#N/A", Some(CellFault::Error)),
        ("6222020200112234000", Some(CellFault::PrecisionLost)),
        ("b", None),
    ] {
        row.push(cell);
        fault.into_iter().for_each(|fault| row.mark(fault));
    }
    let draft = plan(&["name", "phone", "bank_account"], ImportKey::Name).draft(&row);
    assert_eq!(faults(&draft), [("phone", "CELL_ERROR"), ("bank_account", "PRECISION_LOST"), ("", "EXTRA_CELLS")]);
}

proptest! {
    #[test]
    fn no_row_makes_the_reader_panic(cells in proptest::collection::vec("\\PC{0,20}|[0-9:/年.-]{0,20}", 0..30)) {
        let paths: Vec<&str> = BUILT_IN.iter().map(|field| field.path).collect();
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        for key in [ImportKey::Number, ImportKey::Phone, ImportKey::IdNumber, ImportKey::Name] {
            let draft = plan(&paths, key).draft(&record(&cells));
            prop_assert!(draft.identity.is_some() || !draft.faults.is_empty());
        }
    }
}
