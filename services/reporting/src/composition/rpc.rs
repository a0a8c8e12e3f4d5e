//! The composition service: convert, decide, count, answer.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use contracts::options::Permission;
use contracts::reporting::composition_service_server::CompositionService;
use contracts::reporting::{
    Composition, Dimension, Feed, GetCompositionRequest, GetFeedRequest, RebuildFactsRequest, Slice,
};
use platform::access::{Call, Caller};
use platform::db::Db;
use platform::error::{Error, Result};
use platform::filter::{self, EvalContext, Predicate, Schema};
use tonic::{Request, Response, Status};

use super::rules;
use super::store::{self, Group, Selection};
use crate::error;
use crate::feed::Feeding;

/// More slices than this are summed up in one.
const MAX_SLICES: usize = 500;

pub struct Compositions {
    db: Db,
    feeding: Feeding,
    schema: Schema,
}

impl Compositions {
    pub fn new(feeding: Feeding) -> Self {
        Self { db: feeding.db.clone(), feeding, schema: rules::schema() }
    }

    async fn composition(&self, call: &Call, request: GetCompositionRequest) -> Result<Composition> {
        let (dimension, series) = (request.dimension(), request.series());
        if dimension == series {
            return Err(Error::invalid("series", &error::SAME_DIMENSION));
        }
        let zone = zone(&request.time_zone)?;
        let predicate = match request.filter.trim() {
            "" => Predicate::everything(),
            text => filter::compile(text, &self.schema).map_err(|fault| Error::filter("filter", &fault))?,
        };
        let selection = Selection {
            groupings: [
                rules::grouping(dimension, request.region_level),
                rules::grouping(series, request.region_level),
            ],
            zone: zone.name(),
            as_of: request.as_of.and_then(|time| DateTime::from_timestamp(time.seconds, 0)),
            rows: &call.caller.rows(Permission::ReportsRead),
            filter: &predicate,
            context: &EvalContext::at(Utc::now().with_timezone(&zone).fixed_offset(), call.caller.employee_id()),
        };
        let mut connection = self.db.pool().acquire().await?;
        let mut groups = store::composition_count(&mut connection, &selection).await?;
        drop(connection);

        let total_count = groups.iter().map(|group| group.count).sum();
        let rest: i64 = groups.iter().skip(MAX_SLICES).map(|group| group.count).sum();
        groups.truncate(MAX_SLICES);
        if dimension == Dimension::Month {
            groups.sort_by(|a, b| (&a.key, &a.series_key).cmp(&(&b.key, &b.series_key)));
        }
        let mut slices: Vec<Slice> =
            groups.into_iter().map(|group| slice(&call.caller, &request, zone, group)).collect();
        if rest > 0 {
            slices.push(Slice { count: rest, other: true, ..Slice::default() });
        }
        Ok(Composition { slices, total_count, feed: Some(self.feed().await?) })
    }

    async fn feed(&self) -> Result<Feed> {
        let (row, pending_event_count) = self.feeding.state().await?;
        Ok(Feed {
            pending_event_count,
            last_event_time: row.last_event_time.map(platform::db::timestamp),
            rebuilding: row.rebuilding,
        })
    }
}

fn zone(name: &str) -> Result<Tz> {
    match name {
        "" => Ok(Tz::Asia__Shanghai),
        name => name.parse().map_err(|_| Error::invalid("time_zone", &error::TIME_ZONE_UNKNOWN).arg("name", name)),
    }
}

fn slice(caller: &Caller, request: &GetCompositionRequest, zone: Tz, group: Group) -> Slice {
    let label = |dimension: Dimension, key: &str| match (dimension, key.parse(), caller.policy()) {
        (Dimension::Owner, Ok(id), Some(policy)) => policy.employee_name(id).to_owned(),
        _ => String::new(),
    };
    let restrictions = [
        rules::restriction(request.dimension(), &group.key, request.region_level, zone),
        rules::restriction(request.series(), &group.series_key, request.region_level, zone),
    ];
    Slice {
        label: label(request.dimension(), &group.key),
        series_label: label(request.series(), &group.series_key),
        filter: rules::slice_filter(&request.filter, &restrictions),
        key: group.key,
        series_key: group.series_key,
        count: group.count,
        other: false,
    }
}

#[tonic::async_trait]
impl CompositionService for Compositions {
    async fn get_composition(&self, request: Request<GetCompositionRequest>) -> Result<Response<Composition>, Status> {
        let call = Call::of(&request)?;
        Ok(Response::new(self.composition(&call, request.into_inner()).await?))
    }

    async fn rebuild_facts(&self, request: Request<RebuildFactsRequest>) -> Result<Response<Feed>, Status> {
        let call = Call::of(&request)?;
        self.feeding.rebuild(&call).await?;
        Ok(Response::new(self.feed().await?))
    }

    async fn get_feed(&self, _: Request<GetFeedRequest>) -> Result<Response<Feed>, Status> {
        Ok(Response::new(self.feed().await?))
    }
}
