//! Puts services together: each one's database, its upstream, its background work; in one process or apart.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, bail};
use axum::ServiceExt as _;
use axum::extract::Request;
use axum::response::Response;
use futures::FutureExt;
use platform::access::{Access, PolicyCache, watch_policy};
use platform::audit::Chainer;
use platform::blob::Blobs;
use platform::db::Db;
use platform::events::Relay;
use platform::service::{Clients, Context, Parts, Upstream};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::health::{self, Health};
use crate::{Config, SERVICES};

/// How long running calls and jobs may take to end.
const DRAIN: Duration = Duration::from_secs(25);

/// Which parts a process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    pub gateway: bool,
    pub services: Vec<&'static str>,
}

impl Selection {
    pub fn all() -> Self {
        Self { gateway: true, services: SERVICES.to_vec() }
    }

    /// The named parts; all of them for no name.
    pub fn named(names: &[String]) -> anyhow::Result<Self> {
        if names.is_empty() {
            return Ok(Self::all());
        }
        let mut selection = Self { gateway: false, services: Vec::new() };
        for name in names {
            match SERVICES.into_iter().find(|service| service == name) {
                Some(service) => selection.services.push(service),
                None if name == "gateway" => selection.gateway = true,
                None => bail!("there is no service `{name}`; there are gateway, {}", SERVICES.join(", ")),
            }
        }
        selection.services.dedup();
        Ok(selection)
    }
}

/// A running process of the product.
pub struct App {
    /// Where the gateway listens, if it is part of this process.
    pub gateway_address: Option<SocketAddr>,
    /// Where the services listen for each other, if they do.
    pub grpc_address: Option<SocketAddr>,
    pub policy: Arc<PolicyCache>,
    pub clients: Clients,
    databases: HashMap<&'static str, Db>,
    tasks: tokio::sync::Mutex<JoinSet<anyhow::Result<()>>>,
    health: Arc<Health>,
    linger: Duration,
    /// Ends the servers first, so that no call comes in while work ends.
    serving: CancellationToken,
    working: CancellationToken,
}

impl App {
    pub async fn start(config: Config, selection: Selection) -> anyhow::Result<Self> {
        // What is derived from the contracts is checked before anything listens.
        platform::contract::Contract::get();
        let gateway_listener = match selection.gateway {
            true => Some(TcpListener::bind(config.gateway.listen).await.context("gateway.listen")?),
            false => None,
        };
        let grpc = config.cluster.listen.map(platform::service::bind).transpose()?;
        let admin_listener = match config.cluster.admin_listen {
            Some(address) => Some(TcpListener::bind(address).await.context("cluster.admin_listen")?),
            None => None,
        };
        let (serving, working) = (CancellationToken::new(), CancellationToken::new());
        // Of services alone: the gateway neither sends nor takes events.
        let events = match selection.services.is_empty() {
            true => None,
            false => Some(platform::events::connect(&config.nats).await?),
        };
        let policy = Arc::new(PolicyCache::default());
        let access = Arc::new(Access::new(policy.clone(), config.cluster.secret.clone()));
        let clients = Clients::new(&config.cluster.secret);

        let mut tasks = JoinSet::new();
        let mut databases = HashMap::new();
        let mut upstreams: HashMap<String, Upstream> = HashMap::new();
        for service in &selection.services {
            let Some(events) = &events else { break };
            let db = Db::new(&config.database, service)?;
            databases.insert(*service, db.clone());
            let context = Context {
                db: db.clone(),
                events: events.clone(),
                clients: clients.calling_as(service),
                access: access.clone(),
                blobs: Blobs::new(&config.blob, service)?,
                shutdown: working.clone(),
            };
            let parts = build(service, &config, context).await.with_context(|| (*service).to_owned())?;
            upstreams.insert((*service).to_owned(), platform::service::in_process(parts.services, access.clone()));
            let relay = Relay::new(&db, events);
            let stop = working.clone();
            tasks.spawn(relay.run(stop).map(Ok));
            let chainer = Chainer::new(&db, events, policy.clone());
            tasks.spawn(chainer.run(working.clone()).map(Ok));
            for consumer in parts.consumers {
                let stop = working.clone();
                tasks.spawn(consumer.run(stop).map(Ok));
            }
            if let Some(worker) = parts.worker {
                let (policy, stop) = (policy.clone(), working.clone());
                // Work is done for people, and begins when it is known what they may.
                tasks.spawn(async move {
                    if stop.run_until_cancelled(policy.known()).await.is_some() {
                        worker.run(stop).await;
                    }
                    Ok(())
                });
            }
            for task in parts.tasks {
                tasks.spawn(task.map(Ok));
            }
        }
        let here = upstreams.clone();
        for (name, url) in &config.cluster.upstreams {
            if !upstreams.contains_key(name) {
                upstreams.insert(name.clone(), platform::service::remote(url)?);
            }
        }
        clients.complete(upstreams.clone());

        let health = Arc::new(Health {
            databases: databases.values().cloned().collect(),
            policy: (!selection.services.is_empty()).then(|| policy.clone()),
            events,
            started: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        });
        let grpc_address = grpc.as_ref().map(platform::service::local_address).transpose()?;
        if let Some(incoming) = grpc {
            tasks.spawn(platform::service::serve_grpc(incoming, here, serving.clone()));
        }
        if !selection.services.is_empty() {
            let Some(identity) = upstreams.get("identity").cloned() else {
                bail!("cluster.upstreams.identity: missing; every service needs identity");
            };
            let name = selection.services[0];
            let (cache, secret, stop) = (policy.clone(), config.cluster.secret.clone(), working.clone());
            tasks.spawn(watch_policy(cache, identity, secret, name, stop).map(Ok));
        }
        let gateway_address = gateway_listener.as_ref().map(TcpListener::local_addr).transpose()?;
        if let Some(listener) = gateway_listener {
            let front = gateway::build(&config.gateway, clients.derive("csrf"), upstreams, serving.clone())?;
            let public = health::Public::new(front, health.clone());
            tasks.spawn(serve_http(listener, public, serving.clone()));
        }
        if let Some(listener) = admin_listener {
            tasks.spawn(serve_http(listener, health::router(health.clone()), serving.clone()));
        }
        health.started.store(true, Ordering::Relaxed);
        tracing::info!(?gateway_address, ?grpc_address, services = ?selection.services, "started");
        Ok(Self {
            gateway_address,
            grpc_address,
            policy,
            clients,
            databases,
            tasks: tokio::sync::Mutex::new(tasks),
            health,
            linger: Duration::from_secs(config.cluster.linger_seconds),
            serving,
            working,
        })
    }

    /// Whether the process answers calls; see `/health/ready`.
    pub async fn is_ready(&self) -> bool {
        self.health.report().await.0
    }

    /// The database of a service of this process.
    pub fn database(&self, service: &str) -> Option<&Db> {
        self.databases.get(service)
    }

    /// Ends when a part of the process has failed.
    pub async fn failed(&self) -> anyhow::Result<()> {
        let mut tasks = self.tasks.lock().await;
        while let Some(ended) = tasks.join_next().await {
            ended.context("a task broke off")??;
        }
        Ok(())
    }

    /// Asks callers to go elsewhere, stops taking calls, lets running ones end, then ends background work.
    pub async fn stop(&self) {
        self.health.draining.store(true, Ordering::Relaxed);
        tokio::time::sleep(self.linger).await;
        self.serving.cancel();
        self.working.cancel();
        let drained = tokio::time::timeout(DRAIN, async {
            let mut tasks = self.tasks.lock().await;
            while tasks.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            tracing::warn!("some work did not end in time; it will be taken up again");
        }
        for database in self.databases.values() {
            database.pool().close();
        }
    }
}

async fn build(service: &str, config: &Config, context: Context) -> anyhow::Result<Parts> {
    match service {
        identity::NAME => identity::build(config.identity.clone(), context).await,
        customers::NAME => customers::build(config.customers.clone(), context).await,
        reporting::NAME => reporting::build(config.reporting.clone(), context).await,
        other => bail!("there is no service `{other}`"),
    }
}

async fn serve_http<S>(listener: TcpListener, service: S, stop: CancellationToken) -> anyhow::Result<()>
where
    S: tower::Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop.cancelled_owned()).await?;
    Ok(())
}
