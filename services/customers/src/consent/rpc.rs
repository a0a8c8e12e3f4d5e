//! `ConsentService`. Who may change a customer records what it said; of contacts only for who may change contacts too.

use std::sync::Arc;

use chrono::Utc;
use contracts::customers::consent_service_server::ConsentService;
use contracts::customers::{
    CheckConsentRequest, CheckConsentResponse, Consent, ConsentAnswer, ContactBan, CreateConsentRequest,
    CreateContactBanRequest, LiftContactBanRequest, ListConsentsRequest, ListConsentsResponse, ListContactBansRequest,
    ListContactBansResponse,
};
use contracts::options::Permission;
use platform::access::Call;
use platform::db::{AuditEntry, Once, Tx};
use platform::error::{Error, Result};
use platform::page;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::rules;
use super::store::{self, Asked, NewConsent};
use crate::Shared;
use crate::customer::id;
use crate::error::reason;
use crate::parent;

pub struct ConsentRpc {
    shared: Arc<Shared>,
}

impl ConsentRpc {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

#[tonic::async_trait]
impl ConsentService for ConsentRpc {
    async fn list_consents(
        &self,
        request: Request<ListConsentsRequest>,
    ) -> Result<Response<ListConsentsResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let bound = ["consents", &request.customer_id, if request.latest_only { "latest" } else { "" }];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let asked = asked(&mut connection, &call, &request.customer_id, request.latest_only).await?;
        let mut consents = store::consent_list(&mut connection, &asked, after, size + 1).await?;
        let next_page_token = page::cut(&mut consents, size, &bound, |consent| consent.id.clone())?;
        Ok(Response::new(ListConsentsResponse { consents, next_page_token }))
    }

    async fn create_consent(&self, request: Request<CreateConsentRequest>) -> Result<Response<Consent>, Status> {
        let call = Call::of(&request)?;
        let CreateConsentRequest { customer_id, consent } = request.into_inner();
        let (customer_id, consent) = (id(&customer_id)?, consent.unwrap_or_default());
        let (occur_time, expire_time) = rules::times(&consent, Utc::now())?;
        self.require_code("consent.purpose", "contact_purpose", &consent.purpose).await?;
        self.require_code("consent.source", "consent_source", &consent.source).await?;
        let mut tx = match self.shared.db.begin_once::<Consent>(&call).await? {
            Once::Done(consent) => return Ok(Response::new(consent)),
            Once::New(tx) => tx,
        };
        let contact_id = lock(&mut tx, &call, customer_id, "consent.contact_id", &consent.contact_id).await?;
        let attachment_id: Option<Uuid> = consent.attachment_id.parse().ok();
        if let Some(attachment_id) = attachment_id
            && !store::attachment_exists(tx.connection(), customer_id, attachment_id).await?
        {
            return Err(Error::invalid("consent.attachment_id", &reason::CONSENT_ATTACHMENT_UNKNOWN).into());
        }
        let id = Uuid::now_v7();
        let new = NewConsent { id, customer_id, contact_id, attachment_id, occur_time, expire_time, consent: &consent };
        let consent = store::consent_insert(tx.connection(), &new).await?;
        let withdrawn = consent.state() == contracts::customers::ConsentState::Withdrawn;
        tx.audit(AuditEntry {
            action: if withdrawn { "consent.withdrawn" } else { "consent.given" },
            record_kind: "consent",
            record_id: id,
            subject_id: customer_id,
            changes: rules::consent_changes(&consent),
        });
        Ok(Response::new(tx.commit_call(&call, consent).await?))
    }

    async fn list_contact_bans(
        &self,
        request: Request<ListContactBansRequest>,
    ) -> Result<Response<ListContactBansResponse>, Status> {
        let call = Call::of(&request)?;
        let request = request.into_inner();
        let size = page::size(request.page_size, 50);
        let bound = ["contact bans", &request.customer_id, if request.active_only { "active" } else { "" }];
        let after = page::decode::<Uuid>(&bound, &request.page_token)?;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let asked = asked(&mut connection, &call, &request.customer_id, request.active_only).await?;
        let mut contact_bans = store::ban_list(&mut connection, &asked, after, size + 1).await?;
        let next_page_token = page::cut(&mut contact_bans, size, &bound, |ban| ban.id.clone())?;
        Ok(Response::new(ListContactBansResponse { contact_bans, next_page_token }))
    }

    async fn create_contact_ban(
        &self,
        request: Request<CreateContactBanRequest>,
    ) -> Result<Response<ContactBan>, Status> {
        let call = Call::of(&request)?;
        let CreateContactBanRequest { customer_id, contact_ban } = request.into_inner();
        let (customer_id, wanted) = (id(&customer_id)?, contact_ban.unwrap_or_default());
        if wanted.reason.trim().is_empty() {
            return Err(Error::invalid("contact_ban.reason", &platform::error::reason::VALUE_REQUIRED).into());
        }
        let expire_time = rules::future(
            "contact_ban.expire_time",
            wanted.expire_time.as_ref(),
            Utc::now(),
            &reason::CONTACT_BAN_EXPIRED,
        )?;
        let mut tx = match self.shared.db.begin_once::<ContactBan>(&call).await? {
            Once::Done(ban) => return Ok(Response::new(ban)),
            Once::New(tx) => tx,
        };
        let contact_id = lock(&mut tx, &call, customer_id, "contact_ban.contact_id", &wanted.contact_id).await?;
        let ids = (Uuid::now_v7(), customer_id, contact_id);
        let ban = store::ban_insert(tx.connection(), ids, &wanted, expire_time).await?;
        audit_ban(&mut tx, "contact_ban.created", &ban)?;
        Ok(Response::new(tx.commit_call(&call, ban).await?))
    }

    async fn lift_contact_ban(&self, request: Request<LiftContactBanRequest>) -> Result<Response<ContactBan>, Status> {
        let call = Call::of(&request)?;
        let ban_id = id(&request.get_ref().id)?;
        let mut tx = match self.shared.db.begin_once::<ContactBan>(&call).await? {
            Once::Done(ban) => return Ok(Response::new(ban)),
            Once::New(tx) => tx,
        };
        let rows = call.caller.rows(Permission::CustomersUpdate);
        let before = store::ban_lock(tx.connection(), &rows, ban_id).await?;
        if !before.contact_id.is_empty() {
            let contacts = call.caller.rows(Permission::ContactsWrite);
            parent::require_visible(tx.connection(), &contacts, id(&before.customer_id)?).await?;
        }
        if !before.active {
            return Err(Error::failed_precondition(&reason::CONTACT_BAN_OVER).into());
        }
        let ban = store::ban_lift(tx.connection(), ban_id).await?;
        audit_ban(&mut tx, "contact_ban.lifted", &ban)?;
        Ok(Response::new(tx.commit_call(&call, ban).await?))
    }

    async fn check_consent(
        &self,
        request: Request<CheckConsentRequest>,
    ) -> Result<Response<CheckConsentResponse>, Status> {
        let questions = request.into_inner().questions;
        let mut connection = self.shared.db.pool().acquire().await.map_err(Error::from)?;
        let known = store::known(&mut connection, &questions).await?;
        let now = Utc::now();
        let answer = |(question, known): (&contracts::customers::ConsentQuestion, rules::Known)| {
            let (allowed, ground, record) = rules::decide(&question.purpose, &known, now);
            let record_id = record.map(|id| id.to_string()).unwrap_or_default();
            ConsentAnswer { allowed, ground: ground.into(), record_id }
        };
        let answers = questions.iter().zip(known).map(answer).collect();
        Ok(Response::new(CheckConsentResponse { answers }))
    }
}

impl ConsentRpc {
    async fn require_code(&self, field: &str, dictionary: &str, code: &str) -> Result<()> {
        let fields = self.shared.fields.current().await?;
        let refuse = |why| Error::invalid(field, why).arg("dictionary", dictionary).arg("code", code);
        match fields.dictionaries().contains(dictionary, code) {
            None => Err(refuse(&reason::CODE_UNKNOWN)),
            Some(entry) if entry.retired => Err(refuse(&reason::CODE_RETIRED)),
            Some(_) => Ok(()),
        }
    }
}

/// What the caller may see of what is kept for a customer; NOT_FOUND when that is nothing.
async fn asked(connection: &mut PgConnection, call: &Call, customer_id: &str, present_only: bool) -> Result<Asked> {
    let customer_id = id(customer_id)?;
    parent::require_visible(connection, &call.caller.rows(Permission::CustomersRead), customer_id).await?;
    let contacts = parent::is_visible(connection, &call.caller.rows(Permission::ContactsRead), customer_id).await?;
    Ok(Asked { customer_id, contacts, present_only })
}

/// Holds the customer, and finds the contact that is named.
async fn lock(tx: &mut Tx, call: &Call, customer_id: Uuid, field: &str, contact: &str) -> Result<Option<Uuid>> {
    let rows = call.caller.rows(Permission::CustomersUpdate);
    parent::lock_active(tx.connection(), &rows, customer_id).await?;
    let Ok(contact_id) = contact.parse::<Uuid>() else { return Ok(None) };
    let contacts = call.caller.rows(Permission::ContactsWrite);
    let known = parent::is_visible(tx.connection(), &contacts, customer_id).await?
        && store::contact_exists(tx.connection(), customer_id, contact_id).await?;
    if known { Ok(Some(contact_id)) } else { Err(Error::invalid(field, &reason::CONSENT_CONTACT_UNKNOWN)) }
}

fn audit_ban(tx: &mut Tx, action: &'static str, ban: &ContactBan) -> Result<()> {
    tx.audit(AuditEntry {
        action,
        record_kind: "contact_ban",
        record_id: id(&ban.id)?,
        subject_id: id(&ban.customer_id)?,
        changes: rules::ban_changes(ban),
    });
    Ok(())
}
