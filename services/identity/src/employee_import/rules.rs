//! Rows become employees, or tell what is wrong with them.

use std::collections::HashMap;

use contracts::identity::{CreateEmployeeRequest, Employee, Role, RoleAudience};
use contracts::options::Permission;
use platform::access::{Caller, RowPredicate};
use platform::contract::{Contract, MessageId};
use platform::error::{Error, Reason, Violation, reason};
use prost::{Message, Name};
use uuid::Uuid;

use super::columns::{Columns, Field};
use crate::employee;
use crate::error;
use crate::role::presets::english_name;
use crate::role::rules::{Holdings, Place};

/// One row as it stands in the file.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub line: i64,
    pub cells: [String; Field::ALL.len()],
}

impl Row {
    fn cell(&self, field: Field) -> &str {
        self.cells[field as usize].trim()
    }

    /// The login name without regard to case.
    pub fn login_key(&self) -> String {
        self.cell(Field::LoginName).to_ascii_lowercase()
    }
}

/// What is wrong with a row.
#[derive(Debug)]
pub struct Fault {
    pub line: i64,
    /// Nothing when the row as a whole is meant.
    pub field: Option<Field>,
    pub reason: &'static Reason,
    pub args: Vec<(&'static str, String)>,
}

/// What rows are held against.
pub struct Surroundings<'a> {
    caller: &'a Caller,
    rows: RowPredicate,
    own: Holdings,
    /// By path of names below the root, and by name; nothing where a name is not the only one.
    groups: HashMap<String, Option<Uuid>>,
    group_names: HashMap<Uuid, String>,
    roles: HashMap<String, Role>,
    request: MessageId,
    invite: bool,
}

/// A group with its parent.
pub type Group = (Uuid, String, Option<Uuid>);

/// Names of groups on the way down, as a file may separate them.
fn path_key(path: &str) -> String {
    let names = path.split(['/', '\\', '>', '＞', '／']).map(str::trim).filter(|name| !name.is_empty());
    names.collect::<Vec<_>>().join("/").to_lowercase()
}

/// Presets go by their English names as well, unless another role bears one.
fn by_name(roles: Vec<Role>) -> HashMap<String, Role> {
    let english = roles.iter().filter_map(|role| Some((english_name(role)?.to_lowercase(), role.clone())));
    let mut named: HashMap<String, Role> = english.collect();
    named.extend(roles.into_iter().map(|role| (role.name.to_lowercase(), role)));
    named
}

impl<'a> Surroundings<'a> {
    pub fn new(caller: &'a Caller, groups: &[Group], roles: Vec<Role>, invite: bool) -> Self {
        Self {
            caller,
            rows: caller.rows(Permission::EmployeesManage),
            own: Holdings::of_caller(caller),
            groups: by_path(groups),
            group_names: groups.iter().map(|(id, name, _)| (*id, name.clone())).collect(),
            roles: by_name(roles),
            // Every message of the contracts is there.
            request: Contract::get()
                .message_named(&CreateEmployeeRequest::full_name())
                .expect("a message of the contracts"),
            invite,
        }
    }

    /// The employee that a row stands for, and what is wrong with it.
    pub fn read(&self, row: &Row) -> (Employee, Vec<Fault>) {
        let mut faults = Vec::new();
        let mut fault = |field, reason, args| faults.push(Fault { line: row.line, field, reason, args });
        let mut employee = Employee {
            login_name: row.cell(Field::LoginName).to_owned(),
            display_name: row.cell(Field::DisplayName).to_owned(),
            email: row.cell(Field::Email).to_owned(),
            phone: row.cell(Field::Phone).to_owned(),
            ..Default::default()
        };
        let path = path_key(row.cell(Field::Group));
        let group_id = match self.groups.get(&path) {
            _ if path.is_empty() => None,
            Some(Some(group)) => Some(*group),
            Some(None) => {
                fault(Some(Field::Group), &error::GROUP_AMBIGUOUS, vec![("name", row.cell(Field::Group).to_owned())]);
                None
            }
            None => {
                fault(Some(Field::Group), &error::GROUP_UNKNOWN, Vec::new());
                None
            }
        };
        let within = self.rows.covers(None, group_id);
        if (path.is_empty() || group_id.is_some()) && !within {
            fault(Some(Field::Group), &error::OUTSIDE_SCOPE, Vec::new());
        }
        // Of a group out of reach enough is said.
        let place = Place::In(group_id.filter(|_| within));
        if let Some(id) = group_id {
            employee.group_id = id.to_string();
            employee.group_name = self.group_names.get(&id).cloned().unwrap_or_default();
        }
        for name in row.cell(Field::Roles).split([',', '，', ';', '；', '、', '|']).map(str::trim) {
            match self.roles.get(&name.to_lowercase()) {
                _ if name.is_empty() => {}
                None => fault(Some(Field::Roles), &error::ROLE_NAME_UNKNOWN, vec![("name", name.to_owned())]),
                Some(role) if role.audience() == RoleAudience::Customers => {
                    fault(Some(Field::Roles), &error::ROLE_FOR_CUSTOMERS, Vec::new());
                }
                Some(role) if Holdings::received(role, place, self.caller).exceeds(&self.own) => {
                    fault(Some(Field::Roles), &error::ROLE_EXCEEDS_OWN, Vec::new());
                }
                Some(role) if employee.role_ids.contains(&role.id) => {}
                Some(role) => {
                    employee.role_ids.push(role.id.clone());
                    employee.role_names.push(role.name.clone());
                }
            }
        }
        if self.invite && employee.email.is_empty() {
            fault(Some(Field::Email), &error::EMAIL_MISSING, Vec::new());
        }
        for violation in self.violations(&mut employee) {
            let field = violation.field.strip_prefix("employee.").unwrap_or_default();
            let field = Field::ALL.into_iter().find(|known| known.name() == field);
            let reason = if violation.field.ends_with("_name") && empty(&employee, field) {
                &reason::VALUE_REQUIRED
            } else {
                violation.reason
            };
            fault(field, reason, violation.args);
        }
        // An empty value breaks several rules of the contract.
        faults.dedup_by(|one, other| one.field == other.field && std::ptr::eq(one.reason, other.reason));
        (employee, faults)
    }

    /// What the contract and the rules for a single employee say. Names of group and role are not part of a request.
    fn violations(&self, employee: &mut Employee) -> Vec<Violation> {
        let request = Employee { group_name: String::new(), role_names: Vec::new(), ..employee.clone() };
        let request = CreateEmployeeRequest { employee: Some(request), invite: false };
        let broken = Contract::get().validate(self.request, &request.encode_to_vec()).err().unwrap_or_default();
        if !broken.is_empty() {
            return broken;
        }
        let cleaned = employee::rules::clean(employee, |kind| self.caller.visibility(kind));
        cleaned.err().as_ref().map(Error::violations).unwrap_or_default().to_vec()
    }
}

fn empty(employee: &Employee, field: Option<Field>) -> bool {
    match field {
        Some(Field::LoginName) => employee.login_name.is_empty(),
        Some(Field::DisplayName) => employee.display_name.is_empty(),
        _ => false,
    }
}

fn by_path(groups: &[Group]) -> HashMap<String, Option<Uuid>> {
    let known: HashMap<Uuid, &Group> = groups.iter().map(|group| (group.0, group)).collect();
    let mut found: HashMap<String, Option<Uuid>> = HashMap::new();
    for (id, name, parent) in groups {
        let mut names = vec![name.as_str()];
        let mut above = *parent;
        while let Some((_, name, parent)) = above.and_then(|above| known.get(&above)).copied()
            && names.len() <= groups.len()
        {
            names.push(name);
            above = *parent;
        }
        names.reverse();
        let whole = path_key(&names.join("/"));
        let below_root = path_key(&names[1..].join("/"));
        // The path is exact; a name counts where it is the only one.
        let mut keys = vec![whole, below_root];
        keys.retain(|key| !key.is_empty());
        for key in &keys {
            found.insert(key.clone(), Some(*id));
        }
        let name = path_key(name);
        if !keys.contains(&name) {
            found.entry(name).and_modify(|known| *known = known.filter(|known| known == id)).or_insert(Some(*id));
        }
    }
    found
}

/// Rows whose login name another row of the file has, with the line of the first.
pub fn doubles(rows: &[Row]) -> Vec<Fault> {
    let mut first: HashMap<String, i64> = HashMap::new();
    let mut faults = Vec::new();
    for row in rows {
        let key = row.login_key();
        match first.get(&key) {
            _ if key.is_empty() => {}
            Some(line) => faults.push(Fault {
                line: row.line,
                field: Some(Field::LoginName),
                reason: &error::LOGIN_NAME_TWICE,
                args: vec![("row", line.to_string())],
            }),
            None => drop(first.insert(key, row.line)),
        }
    }
    faults
}

/// The cells of a record in the order of the fields.
pub fn row(line: i64, columns: &Columns, cell: impl Fn(usize) -> String) -> Row {
    let cells = Field::ALL.map(|field| columns.place(field).map(&cell).unwrap_or_default());
    Row { line, cells }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_found_by_its_path_or_by_a_name_of_its_own() {
        let ids: Vec<Uuid> = (0..6).map(|_| Uuid::now_v7()).collect();
        let group = |index: usize, name: &str, parent: Option<usize>| {
            (ids[index], name.to_owned(), parent.map(|parent| ids[parent]))
        };
        let groups = [
            group(0, "全公司", None),
            group(1, "华东", Some(0)),
            group(2, "销售部", Some(1)),
            group(3, "华北", Some(0)),
            group(4, "销售部", Some(3)),
            group(5, "Beijing", Some(3)),
        ];
        let found = by_path(&groups);
        for (path, expected) in [
            ("华东", Some(Some(1))),
            ("华东/销售部", Some(Some(2))),
            ("全公司 > 华北 > 销售部", Some(Some(4))),
            ("华北\\销售部", Some(Some(4))),
            ("beijing", Some(Some(5))),
            ("全公司", Some(Some(0))),
            ("销售部", Some(None)),
            ("华南", None),
        ] {
            let expected = expected.map(|index: Option<usize>| index.map(|index| ids[index]));
            assert_eq!(found.get(&path_key(path)).copied(), expected, "{path}");
        }
    }

    #[test]
    fn a_login_name_stands_in_a_file_once() {
        let row = |line, login: &str| {
            let mut row = Row { line, ..Row::default() };
            row.cells[Field::LoginName as usize] = login.to_owned();
            row
        };
        let faults = doubles(&[row(2, "lilei"), row(3, ""), row(4, " LiLei "), row(5, ""), row(6, "mei")]);
        assert_eq!(faults.len(), 1);
        assert_eq!((faults[0].line, faults[0].args[0].1.as_str()), (4, "2"));
    }
}
