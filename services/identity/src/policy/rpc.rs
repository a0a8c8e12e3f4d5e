//! Keys and policy for the other services.

use std::pin::Pin;
use std::time::Duration;

use contracts::identity as proto;
use contracts::identity::policy_service_server::PolicyService;
use futures::Stream;
use platform::error::{Error, Result};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::store::{Changes, Snapshot};
use crate::parameter::parameters_changed_since;
use crate::{Identity, signing};

const HEARTBEAT: Duration = Duration::from_secs(5);

/// Employees in one message; a large company would go beyond the limit of one.
const PART: usize = 2_000;

#[tonic::async_trait]
impl PolicyService for Identity {
    async fn get_key_set(&self, _: Request<proto::GetKeySetRequest>) -> Result<Response<proto::KeySet>, Status> {
        let mut connection = self.db.pool().acquire().await.map_err(Error::from)?;
        Ok(Response::new(self.keys.key_set(&mut connection).await?))
    }

    type WatchPolicyStream = Pin<Box<dyn Stream<Item = Result<proto::PolicyUpdate, Status>> + Send>>;

    async fn watch_policy(
        &self,
        _: Request<proto::WatchPolicyRequest>,
    ) -> Result<Response<Self::WatchPolicyStream>, Status> {
        let identity = self.clone();
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(async move {
            tokio::select! {
                () = sender.closed() => {}
                () = identity.shutdown.cancelled() => {}
                told = tell(&identity, &sender) => {
                    if let Err(error) = told {
                        // The watcher comes back for a new snapshot; a full channel means that it is gone or stuck.
                        let _ = sender.try_send(Err(error.into()));
                    }
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }
}

type Watcher = mpsc::Sender<Result<proto::PolicyUpdate, Status>>;

/// The whole, then each change, and a sign of life whenever nothing was said for a while.
async fn tell(identity: &Identity, watcher: &Watcher) -> Result<()> {
    // Subscribed before the snapshot is taken: a change in between is told twice rather than never.
    let mut revisions = identity.feed.subscribe();
    let mut told = send_changes(identity, watcher, None).await?;
    loop {
        let newer = async { revisions.wait_for(|revision| *revision > told).await.map(drop) };
        match tokio::time::timeout(HEARTBEAT, newer).await {
            Ok(Ok(())) => told = send_changes(identity, watcher, Some(told)).await?,
            Ok(Err(_)) => return Ok(()),
            // Silence is the honest answer while this process can't tell whether anything changed.
            Err(_) if !identity.feed.is_current() => {}
            Err(_) => send(watcher, proto::PolicyUpdate { revision: told, ..Default::default() }).await?,
        }
    }
}

async fn send_changes(identity: &Identity, watcher: &Watcher, since: Option<i64>) -> Result<i64> {
    let mut snapshot = Snapshot::begin(identity.db.pool()).await?;
    let changes = snapshot.changes(since).await?;
    let tell_keys = match since {
        None => true,
        Some(since) => signing::changed_since(snapshot.connection(), since).await?,
    };
    let key_set = if tell_keys { Some(identity.keys.key_set(snapshot.connection()).await?) } else { None };
    let parameters = parameters_changed_since(snapshot.connection(), since).await?;
    // A slow watcher must not hold a connection.
    drop(snapshot);
    let Changes { revision, mut employees, groups, roles, revoked_sessions } = changes;
    let mut rest = employees.split_off(employees.len().min(PART));
    let mut part = proto::PolicyUpdate {
        revision,
        snapshot: since.is_none(),
        employees,
        groups,
        roles,
        revoked_sessions,
        partial: !rest.is_empty(),
        key_set,
        parameters,
    };
    loop {
        let last = !part.partial;
        send(watcher, part).await?;
        if last {
            return Ok(revision);
        }
        let employees = rest.drain(..rest.len().min(PART)).collect();
        part = proto::PolicyUpdate { revision, employees, partial: !rest.is_empty(), ..Default::default() };
    }
}

async fn send(watcher: &Watcher, update: proto::PolicyUpdate) -> Result<()> {
    watcher.send(Ok(update)).await.map_err(|_| Error::unavailable(anyhow::anyhow!("the watcher is gone")))
}
