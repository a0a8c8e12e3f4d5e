//! Who calls and what they may do. `guard` stands before every method of every service; `policy` is the watched snapshot
//! it decides by; `rows` turns a scope into the one predicate that all queries of a record kind use.

mod explain;
mod groups;
mod guard;
mod inbound;
mod newest;
mod outbound;
mod policy;
mod rows;
mod token;
mod watch;

use std::sync::Arc;

use chrono::Utc;
use contracts::options::{Permission, PersonalData, Scope, Visibility};
use uuid::Uuid;

pub use explain::{Ground, GroundKind, RecordFacts, ShareFacts, decision, explain, explain_claim};
pub use groups::Group;
pub use guard::{Access, Guard, Local};
pub use newest::Newest;
pub use policy::{Grants, Policy, PolicyEmployee};
pub use rows::{RowColumns, RowPredicate};
pub(crate) use token::sign_service_token;
pub use token::{AccessClaims, TokenError, sign_access_token, verify_access_token};
pub use watch::{KeySource, PolicyCache, watch_policy};

use crate::audit::ActorKind;
use crate::error::{Error, Result, reason};

/// For how long the proof of who one is permits what asks for a fresh one.
const STEP_UP_SECONDS: i64 = 600;

/// What another service of ours may do on its own behalf.
const SERVICE_PERMISSIONS: [Permission; 3] =
    [Permission::PolicyWatch, Permission::OwnershipRead, Permission::PrivacyServe];

#[derive(Clone)]
enum Principal {
    Anonymous,
    Service(Arc<str>),
    Employee { employee: Arc<PolicyEmployee>, session: Session, grants: Arc<Grants>, policy: Arc<Policy> },
}

/// What an employee's token says of how they came in.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub id: Uuid,
    /// Seconds since the epoch; nothing for a machine.
    pub auth_time: Option<i64>,
    /// The provider of single sign-on has asked for a second factor.
    pub second_factor: bool,
    /// When the token expires, in seconds since the epoch.
    pub expire_time: i64,
    /// No more than these permissions of those that the employee holds, where the token is confined.
    pub permitted: Option<Arc<[i32]>>,
}

/// Who makes a call, with the policy that was in force when it arrived. Cheap to clone.
#[derive(Clone)]
pub struct Caller(Principal);

impl Caller {
    pub fn anonymous() -> Self {
        Self(Principal::Anonymous)
    }

    pub(crate) fn service(name: &str) -> Self {
        Self(Principal::Service(name.into()))
    }

    pub(crate) fn employee(policy: Arc<Policy>, employee: Arc<PolicyEmployee>, session: Session) -> Self {
        let grants = policy.grants(&employee);
        let grants = match &session.permitted {
            None => grants,
            Some(permitted) => Arc::new(grants.confined_to(permitted)),
        };
        Self(Principal::Employee { employee, session, grants, policy })
    }

    /// An employee for whom background work is done, with what the policy allows them now. Nobody when there is no such
    /// active employee.
    pub fn of_employee(policy: Arc<Policy>, employee_id: Uuid) -> Option<Self> {
        let employee = policy.employee(employee_id).filter(|employee| employee.active).cloned()?;
        let session =
            Session { id: Uuid::nil(), auth_time: None, second_factor: false, expire_time: i64::MAX, permitted: None };
        Some(Self::employee(policy, employee, session))
    }

    /// The employee's id; NOT for anonymous callers and services.
    pub fn employee_id(&self) -> Option<Uuid> {
        match &self.0 {
            Principal::Employee { employee, .. } => Some(employee.id),
            _ => None,
        }
    }

    /// The employee's id, or UNAUTHENTICATED: for methods that answer for the caller's own things.
    pub fn require_employee(&self) -> Result<Uuid> {
        self.employee_id().ok_or_else(|| Error::new(tonic::Code::Unauthenticated, &reason::UNAUTHENTICATED))
    }

    /// Whose session it is, where there is one.
    fn session(&self) -> Option<(Uuid, &Session)> {
        match &self.0 {
            Principal::Employee { employee, session, .. } => Some((employee.id, session)),
            _ => None,
        }
    }

    pub fn session_id(&self) -> Option<Uuid> {
        match &self.0 {
            // Background work has none.
            Principal::Employee { session, .. } => Some(session.id).filter(|id| !id.is_nil()),
            _ => None,
        }
    }

    pub fn group_id(&self) -> Option<Uuid> {
        match &self.0 {
            Principal::Employee { employee, .. } => employee.group_id,
            _ => None,
        }
    }

    /// The employee's roles; nobody else has any.
    pub fn role_ids(&self) -> &[Uuid] {
        match &self.0 {
            Principal::Employee { employee, .. } => &employee.role_ids,
            _ => &[],
        }
    }

    pub fn display_name(&self) -> &str {
        match &self.0 {
            Principal::Employee { employee, .. } => &employee.display_name,
            Principal::Service(name) => name,
            Principal::Anonymous => "",
        }
    }

    pub fn is_service(&self) -> bool {
        matches!(self.0, Principal::Service(_))
    }

    pub(crate) fn password_change_required(&self) -> bool {
        matches!(&self.0, Principal::Employee { employee, .. } if employee.password_change_required)
    }

    /// Not a person, but a program with a key of its own.
    pub fn is_service_account(&self) -> bool {
        matches!(&self.0, Principal::Employee { employee, .. } if employee.service_account)
    }

    /// How the audit trail calls who acts.
    pub(crate) fn actor_kind(&self) -> ActorKind {
        match &self.0 {
            Principal::Anonymous => ActorKind::System,
            Principal::Service(_) => ActorKind::Service,
            Principal::Employee { employee, .. } if employee.service_account => ActorKind::ServiceAccount,
            Principal::Employee { .. } => ActorKind::Employee,
        }
    }

    /// A role asks for a second factor that has not been set up. Programs have none.
    pub(crate) fn second_factor_missing(&self) -> bool {
        let (set, required) = self.second_factor();
        required && !set && !self.is_service_account()
    }

    /// Whether a second factor is set up, and whether a role asks for one that nobody has asked for yet.
    pub fn second_factor(&self) -> (bool, bool) {
        match &self.0 {
            Principal::Employee { employee, grants, session, .. } => {
                (employee.second_factor_set, grants.second_factor_required() && !session.second_factor)
            }
            _ => (false, false),
        }
    }

    /// Whether the provider of single sign-on, where the session began, has asked for a second factor.
    pub fn second_factor_vouched(&self) -> bool {
        matches!(&self.0, Principal::Employee { session, .. } if session.second_factor)
    }

    /// Whether the person behind the call has proven who they are short enough ago for what asks for it.
    pub fn recently_proven(&self) -> bool {
        self.auth_time().is_some_and(|proven| Utc::now().timestamp() - proven <= STEP_UP_SECONDS)
    }

    /// Refuses people whose proof of who they are is too old, as the guard does for whole methods. Whoever calls with a
    /// key has none to give: it was asked for when the key was made.
    pub fn require_recent_proof(&self) -> Result<()> {
        if self.recently_proven() || self.by_key() || self.is_service() {
            return Ok(());
        }
        Err(Error::permission_denied(&reason::STEP_UP_REQUIRED))
    }

    /// When the person behind the call last proved who they are, in seconds since the epoch.
    pub fn auth_time(&self) -> Option<i64> {
        match &self.0 {
            Principal::Employee { session, .. } => session.auth_time,
            _ => None,
        }
    }

    /// Whether the call came with an API key, of a program or of a person, rather than from somebody who signed in.
    pub(crate) fn by_key(&self) -> bool {
        self.session_id().is_some() && self.auth_time().is_none()
    }

    /// The widest scope in which the caller holds the permission, chosen groups only where there is no other;
    /// UNSPECIFIED when not at all.
    pub fn scope(&self, permission: Permission) -> Scope {
        match &self.0 {
            Principal::Employee { grants, .. } => grants.scope(permission),
            Principal::Service(_) if SERVICE_PERMISSIONS.contains(&permission) => Scope::All,
            _ => Scope::Unspecified,
        }
    }

    /// Groups that grants of the permission name; each counts with those below it.
    pub fn chosen_groups(&self, permission: Permission) -> &[Uuid] {
        match &self.0 {
            Principal::Employee { grants, .. } => grants.chosen_groups(permission),
            _ => &[],
        }
    }

    pub fn allows(&self, permission: Permission) -> bool {
        self.scope(permission) != Scope::Unspecified
    }

    pub fn require(&self, permission: Permission) -> Result<()> {
        if self.allows(permission) { Ok(()) } else { Err(denied(permission)) }
    }

    /// How the caller sees a kind of personal data.
    pub fn visibility(&self, kind: PersonalData) -> Visibility {
        match &self.0 {
            Principal::Employee { grants, .. } => grants.visibility(kind),
            _ => Visibility::Hidden,
        }
    }

    /// The names and the tree by which texts are made and groups are resolved.
    pub fn policy(&self) -> Option<&Arc<Policy>> {
        match &self.0 {
            Principal::Employee { policy, .. } => Some(policy),
            _ => None,
        }
    }

    /// The rows that the permission covers.
    pub fn rows(&self, permission: Permission) -> RowPredicate {
        rows::for_caller(self, permission)
    }

    /// Whether the permission's scope covers records of this owner and group; shares aside.
    pub fn covers(&self, permission: Permission, owner_id: Option<Uuid>, group_id: Option<Uuid>) -> bool {
        self.rows(permission).covers(owner_id, group_id)
    }
}

pub(crate) fn denied(permission: Permission) -> Error {
    Error::permission_denied(&reason::PERMISSION_DENIED).arg("permission", permission.as_str_name())
}

/// The call under way. The guard puts it into the request's extensions.
#[derive(Clone)]
pub struct Call {
    pub caller: Caller,
    /// Full method path, such as `/changke.customers.v1.CustomerService/GetCustomer`.
    pub method: &'static str,
    pub idempotency_key: Option<String>,
    /// SHA-256 of the request, when there is an idempotency key.
    pub request_digest: Vec<u8>,
    pub request_id: String,
    /// Network address of the caller, as the gateway saw it.
    pub address: String,
    /// Versions that a resource may be at, as HTTP has them (RFC 9110, 13.1.1); for dialects that go by it.
    pub if_match: Option<String>,
}

impl Call {
    /// The call that a request belongs to.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self> {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .ok_or_else(|| Error::internal(anyhow::anyhow!("call without guard")))
    }

    pub(crate) fn caller_id(&self) -> Uuid {
        self.caller.employee_id().unwrap_or(Uuid::nil())
    }
}
