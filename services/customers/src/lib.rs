//! Customers, their contacts and everything that happens with them.
//!
//! A customer has one owner or lies in a public `pool`, of which `ownership` keeps the history; `handover` gives all of an
//! employee's to others; `share`s lend it; `bulk` changes many at once. What belongs to it (`contact`, `relation`,
//! `interaction`, `attachment`, `timeline`) is reached through it by `parent`. `duplicate` finds customers that may be one,
//! and `merge` makes them one. `dictionary` and `field` say what it may hold beyond the contract; `tag`s and `grade`s tell it
//! apart, by hand or by the rules of `evaluation`; `search` finds it; `watch` tells of its changes.

mod access;
mod attachment;
mod audit;
mod bulk;
mod config;
mod consent;
mod consumers;
mod contact;
pub mod customer;
pub mod dictionary;
mod duplicate;
mod error;
mod evaluation;
mod export;
pub mod field;
mod grade;
mod handover;
mod import;
mod interaction;
mod lifecycle;
mod merge;
mod operations;
mod ownership;
mod parent;
mod period;
mod point;
mod pool;
mod privacy;
mod relation;
pub mod search;
mod share;
mod tag;
mod timeline;
mod view;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use chrono::{FixedOffset, NaiveDate, Utc};
use contracts::customers as proto;
use contracts::customers::attachment_service_server::AttachmentServiceServer;
use contracts::customers::customers_operations_service_server::CustomersOperationsServiceServer;
use contracts::customers::privacy_service_server::PrivacyServiceServer;
use contracts::unary::{AttachmentServiceUnary, CustomersOperationsServiceUnary, PrivacyServiceUnary};
use futures::FutureExt;
use platform::db::Db;
use platform::jobs::Worker;
use platform::service::{Context, Parts, Services};

pub use attachment::held_objects;
pub use config::Config;

pub const NAME: &str = "customers";

pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// What the aggregates share.
pub struct Shared {
    pub db: Db,
    pub fields: Arc<field::FieldCache>,
    pub numbers: customer::number::Numbers,
    pub pools: pool::PoolCache,
    /// Where days begin.
    pub zone: FixedOffset,
}

impl Shared {
    pub fn new(config: &Config, db: Db) -> Self {
        Self {
            fields: Arc::new(field::FieldCache::new(db.clone())),
            numbers: Default::default(),
            pools: Default::default(),
            zone: config.zone(),
            db,
        }
    }

    pub fn today(&self) -> NaiveDate {
        Utc::now().with_timezone(&self.zone).date_naive()
    }
}

pub async fn build(config: Config, context: Context) -> anyhow::Result<Parts> {
    let shared = Arc::new(Shared::new(&config, context.db.clone()));
    let policy = context.access.policy().clone();
    let worker = Worker::new(&context.db).every::<pool::Recycle>(Duration::from_secs(24 * 3600), "recycle", &());
    let consumers = consumers::consumers(&context.db, &context.events, policy.clone());
    let feed = Arc::new(watch::Feed::new(&context.db, &context.events));
    let watches = watch::Watches::new(&shared, &context.access, &feed, &context.shutdown);
    let (attachments, blobs) = (Arc::new(config.attachments), context.blobs);
    let clients = context.clients.calling_as(NAME);
    let operations = operations::rpc(&shared, &context.events, &consumers);
    Ok(Parts {
        services: services(&shared, watches)
            .add(
                attachment::AttachmentRpc::new(context.db, attachments.clone(), blobs.clone()),
                AttachmentServiceServer::from_arc,
                AttachmentServiceUnary,
            )
            .add(
                privacy::PrivacyRpc::new(shared.clone(), clients.clone(), blobs.clone()),
                PrivacyServiceServer::from_arc,
                PrivacyServiceUnary,
            )
            .add(operations, CustomersOperationsServiceServer::from_arc, CustomersOperationsServiceUnary),
        consumers,
        worker: Some(
            worker
                .register(pool::Recycle::new(shared.clone(), policy))
                .register(handover::HandoverJob::new(shared.clone(), context.access.clone()))
                .register(duplicate::DuplicateJob::new(context.access.clone()))
                .register(merge::Prune)
                .every::<merge::Prune>(Duration::from_secs(24 * 3600), "merge.prune", &())
                .register(bulk::BulkChangeJob::new(shared.clone(), context.access.clone()))
                .register(bulk::Prune)
                .every::<bulk::Prune>(Duration::from_secs(24 * 3600), "bulk_change.prune", &())
                .register(import::ImportJob::new(shared.clone(), context.access.clone()))
                .register(import::UndoJob::new(shared.clone(), context.access.clone()))
                .register(field::FieldIndex::new(shared.fields.clone()))
                .register(evaluation::Sweep::new(shared.clone()))
                .every::<evaluation::Sweep>(
                    Duration::from_secs(24 * 3600),
                    evaluation::Sweep::KEY,
                    &evaluation::Payload::default(),
                )
                .register(point::Expiry)
                .every::<point::Expiry>(Duration::from_secs(3600), point::Expiry::KEY, &())
                .register(search::renew::Renew)
                .every::<search::renew::Renew>(Duration::from_secs(24 * 3600), search::renew::Renew::KEY, &())
                .register(import::Prune)
                .register(attachment::Scan::new(attachments, blobs.clone()))
                .register(privacy::PrivacyJob::new(shared.clone(), clients, blobs.clone()))
                .register(privacy::Expiry)
                .register(attachment::Sweep::new(blobs))
                .every::<privacy::Expiry>(Duration::from_secs(3600), "privacy.expiry", &())
                .every::<attachment::Sweep>(Duration::from_secs(3600), "attachment.sweep", &())
                .every::<import::Prune>(Duration::from_secs(24 * 3600), "import.prune", &()),
        ),
        tasks: vec![
            feed.run(context.shutdown.clone()).boxed(),
            evaluation::Drain::new(shared).run(context.shutdown).boxed(),
        ],
    })
}

fn services(shared: &Arc<Shared>, watches: watch::Watches) -> Services {
    let (db, fields) = (shared.db.clone(), shared.fields.clone());
    use contracts::unary::{
        BulkChangeServiceUnary, ConsentServiceUnary, ContactServiceUnary, CustomerAccessServiceUnary,
        CustomerServiceUnary, DictionaryServiceUnary, DuplicateServiceUnary, FieldServiceUnary, GradeServiceUnary,
        HandoverServiceUnary, ImportServiceUnary, InteractionServiceUnary, LifecycleServiceUnary, MergeServiceUnary,
        OwnershipServiceUnary, PointServiceUnary, PoolAdminServiceUnary, PoolServiceUnary, RelationServiceUnary,
        ShareServiceUnary, TagServiceUnary, TimelineServiceUnary, ViewServiceUnary,
    };
    use proto::bulk_change_service_server::BulkChangeServiceServer;
    use proto::consent_service_server::ConsentServiceServer;
    use proto::contact_service_server::ContactServiceServer;
    use proto::customer_access_service_server::CustomerAccessServiceServer;
    use proto::customer_service_server::CustomerServiceServer;
    use proto::dictionary_service_server::DictionaryServiceServer;
    use proto::duplicate_service_server::DuplicateServiceServer;
    use proto::field_service_server::FieldServiceServer;
    use proto::grade_service_server::GradeServiceServer;
    use proto::handover_service_server::HandoverServiceServer;
    use proto::import_service_server::ImportServiceServer;
    use proto::interaction_service_server::InteractionServiceServer;
    use proto::lifecycle_service_server::LifecycleServiceServer;
    use proto::merge_service_server::MergeServiceServer;
    use proto::ownership_service_server::OwnershipServiceServer;
    use proto::point_service_server::PointServiceServer;
    use proto::pool_admin_service_server::PoolAdminServiceServer;
    use proto::pool_service_server::PoolServiceServer;
    use proto::relation_service_server::RelationServiceServer;
    use proto::share_service_server::ShareServiceServer;
    use proto::tag_service_server::TagServiceServer;
    use proto::timeline_service_server::TimelineServiceServer;
    use proto::view_service_server::ViewServiceServer;
    Services::default()
        .add(customer::CustomerRpc::new(shared.clone(), watches), CustomerServiceServer::from_arc, CustomerServiceUnary)
        .add(access::AccessRpc::new(db.clone()), CustomerAccessServiceServer::from_arc, CustomerAccessServiceUnary)
        .add(tag::TagRpc::new(shared.clone()), TagServiceServer::from_arc, TagServiceUnary)
        .add(grade::GradeRpc::new(shared.clone()), GradeServiceServer::from_arc, GradeServiceUnary)
        .add(lifecycle::LifecycleRpc::new(shared.clone()), LifecycleServiceServer::from_arc, LifecycleServiceUnary)
        .add(point::PointRpc::new(shared.clone()), PointServiceServer::from_arc, PointServiceUnary)
        .add(pool::PoolRpc::new(shared.clone()), PoolServiceServer::from_arc, PoolServiceUnary)
        .add(pool::PoolAdminRpc::new(shared.clone()), PoolAdminServiceServer::from_arc, PoolAdminServiceUnary)
        .add(handover::HandoverRpc::new(shared.clone()), HandoverServiceServer::from_arc, HandoverServiceUnary)
        .add(bulk::BulkChangeRpc::new(shared.clone()), BulkChangeServiceServer::from_arc, BulkChangeServiceUnary)
        .add(share::ShareRpc::new(shared.clone()), ShareServiceServer::from_arc, ShareServiceUnary)
        .add(ownership::OwnershipRpc::new(shared.clone()), OwnershipServiceServer::from_arc, OwnershipServiceUnary)
        .add(duplicate::DuplicateRpc::new(shared.clone()), DuplicateServiceServer::from_arc, DuplicateServiceUnary)
        .add(merge::MergeRpc::new(shared.clone()), MergeServiceServer::from_arc, MergeServiceUnary)
        .add(view::ViewRpc::new(shared.clone()), ViewServiceServer::from_arc, ViewServiceUnary)
        .add(
            dictionary::DictionaryRpc::new(db.clone(), fields.clone()),
            DictionaryServiceServer::from_arc,
            DictionaryServiceUnary,
        )
        .add(field::FieldRpc::new(db.clone(), fields.clone()), FieldServiceServer::from_arc, FieldServiceUnary)
        .add(consent::ConsentRpc::new(shared.clone()), ConsentServiceServer::from_arc, ConsentServiceUnary)
        .add(contact::ContactRpc::new(shared.clone()), ContactServiceServer::from_arc, ContactServiceUnary)
        .add(relation::RelationRpc::new(db.clone(), shared.zone), RelationServiceServer::from_arc, RelationServiceUnary)
        .add(import::ImportRpc::new(shared.clone()), ImportServiceServer::from_arc, ImportServiceUnary)
        .add(
            interaction::InteractionRpc::new(shared.clone()),
            InteractionServiceServer::from_arc,
            InteractionServiceUnary,
        )
        .add(timeline::TimelineRpc::new(db, fields), TimelineServiceServer::from_arc, TimelineServiceUnary)
}
