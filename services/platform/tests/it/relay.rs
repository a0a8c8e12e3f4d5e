//! Out of the outbox: each event once, those of an aggregate in order, whatever is killed or cut off.

use futures::StreamExt;
use platform::events::{self, Activity, Relay};

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::stage::{Noting, Running, Stage, change, emit, in_time, setting, story, until};

/// The revisions of each customer as they stand in the stream.
async fn stream_order(stage: &Stage) -> std::collections::HashMap<String, Vec<i64>> {
    use async_nats::jetstream::consumer::{AckPolicy, pull};
    use prost::Message;

    let stream = stage.stream().await;
    let count = stream.cached_info().state.messages as usize;
    let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
    let messages = stream.create_consumer(config).await.unwrap().messages().await.unwrap();
    let mut order = std::collections::HashMap::<String, Vec<i64>>::new();
    let messages: Vec<_> = messages.take(count).collect().await;
    for message in messages {
        let event = contracts::customers::CustomerChanged::decode(message.unwrap().payload.clone()).unwrap();
        order.entry(event.id).or_default().push(event.revision);
    }
    order
}

#[tokio::test]
async fn an_event_travels_as_a_cloud_event() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        change(&stage.customers, customer, [1]).await;
        let relay = stage.relay().await;
        until("the event is published", async || stage.waiting().await == 0).await;
        relay.stop().await;

        let message = stage.stream().await.get_raw_message(1).await.unwrap();
        assert_eq!(
            message.subject.as_str(),
            format!("{}.events.customers.customer.CustomerChanged", stage.nats.prefix)
        );
        let header = |name: &'static str| message.headers.get(name).map(async_nats::HeaderValue::as_str).unwrap();
        assert_eq!(header("ce-specversion"), "1.0");
        assert_eq!(header("ce-type"), "changke.customers.v1.CustomerChanged");
        assert_eq!(header("ce-source"), "/changke/customers");
        assert_eq!(header("ce-subject"), format!("customer/{customer}"));
        assert_eq!(header("ce-id"), header("Nats-Msg-Id"));
        assert!(chrono::DateTime::parse_from_rfc3339(header("ce-time")).is_ok());
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_undone_leaves_no_event() {
    story(async |stage| {
        let (kept, undone) = (Uuid::now_v7(), Uuid::now_v7());
        let mut tx = stage.customers.begin().await.unwrap();
        emit(&mut tx, undone, 1);
        drop(tx);
        change(&stage.customers, kept, [1]).await;
        let relay = stage.relay().await;
        until("the outbox is empty", async || stage.waiting().await == 0).await;
        relay.stop().await;
        assert_eq!(stream_order(&stage).await, [(kept.to_string(), vec![1])].into());
    })
    .await;
}

#[tokio::test]
async fn a_relay_killed_between_publishing_and_deleting_doubles_nothing() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        change(&stage.customers, customer, 1..=50).await;
        // The lock lets the relay read the outbox and stops it at the delete.
        let mut lock = stage.customers.pool().begin().await.unwrap();
        sqlx::query("LOCK TABLE outbox IN SHARE MODE").execute(&mut *lock).await.unwrap();
        let relay = stage.relay().await;
        until("all is published", async || stage.published().await == 50).await;
        relay.kill().await;
        assert_eq!(stage.waiting().await, 50);
        lock.rollback().await.unwrap();

        let relay = stage.relay().await;
        until("the outbox is empty", async || stage.waiting().await == 0).await;
        relay.stop().await;
        assert_eq!(stream_order(&stage).await, [(customer.to_string(), (1..=50).collect())].into());
    })
    .await;
}

#[tokio::test]
async fn relays_that_are_killed_one_after_the_other_keep_the_order_of_each_customer() {
    story(async |stage| {
        let customers: Vec<Uuid> = (0..8).map(|_| Uuid::now_v7()).collect();
        let writers: Vec<_> = customers
            .iter()
            .map(|customer| {
                let (db, customer) = (stage.customers.clone(), *customer);
                tokio::spawn(async move { change(&db, customer, 1..=100).await })
            })
            .collect();
        let mut standby = stage.relay().await;
        for published in [1, 100, 300, 500] {
            let active = std::mem::replace(&mut standby, stage.relay().await);
            until("some more are published", async || stage.published().await >= published).await;
            active.kill().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        until("the outbox is empty", async || stage.waiting().await == 0).await;
        standby.stop().await;
        let expected = customers.iter().map(|customer| (customer.to_string(), (1..=100).collect())).collect();
        assert_eq!(stream_order(&stage).await, expected);
    })
    .await;
}

#[tokio::test]
async fn only_one_of_two_relays_works() {
    story(async |stage| {
        let first = Relay::new(&stage.another(&stage.customers), &stage.events().await);
        let second = Relay::new(&stage.another(&stage.customers), &stage.events().await);
        let (mut first_activity, second_activity) = (first.activity(), second.activity());
        let first = Running::start(first, Relay::run);
        in_time("the change of activity", first_activity.wait_for(|activity| *activity == Activity::Active))
            .await
            .unwrap();
        let second = Running::start(second, Relay::run);
        change(&stage.customers, Uuid::now_v7(), 1..=20).await;
        until("the outbox is empty", async || stage.waiting().await == 0).await;
        assert_eq!(*second_activity.borrow(), Activity::Standby);
        first.stop().await;
        let mut second_activity = second_activity;
        in_time("the change of activity", second_activity.wait_for(|activity| *activity == Activity::Active))
            .await
            .unwrap();
        second.stop().await;
    })
    .await;
}

/// A cable to the NATS server that can be cut.
struct Cable {
    url: String,
    cut: CancellationToken,
}

impl Cable {
    async fn lay(port: u16) -> Self {
        let url = setting("CHANGKE_TEST_NATS_URL");
        let (rest, server) = url.rsplit_once('@').or_else(|| url.rsplit_once("//")).unwrap();
        let separator = if url.contains('@') { "@" } else { "//" };
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let near = listener.local_addr().unwrap();
        let (cut, server) = (CancellationToken::new(), server.to_owned());
        let url = format!("{rest}{separator}{near}");
        tokio::spawn(cut.clone().run_until_cancelled_owned(async move {
            let mut ends = tokio::task::JoinSet::new();
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut far = TcpStream::connect(&server).await.unwrap();
                ends.spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
            }
        }));
        Self { url, cut }
    }

    fn port(&self) -> u16 {
        self.url.rsplit_once(':').unwrap().1.parse().unwrap()
    }
}

#[tokio::test]
async fn nothing_is_lost_while_the_stream_is_out_of_reach() {
    story(async |mut stage| {
        let cable = Cable::lay(0).await;
        let port = cable.port();
        let (_, direct) = (stage.nats.url.clone(), stage.nats.url.clone());
        stage.nats.url = cable.url.clone();
        let events = events::connect(&stage.nats).await.unwrap();
        let relay = Relay::new(&stage.customers, &events);
        let mut activity = relay.activity();
        let relay = Running::start(relay, Relay::run);
        let (consumer, monitor) = stage.projection(Noting).await;
        let customer = Uuid::now_v7();
        change(&stage.customers, customer, 1..=10).await;
        until("the first have arrived", async || stage.effects().await.get(&customer).map_or(0, Vec::len) == 10).await;

        cable.cut.cancel();
        change(&stage.customers, customer, 11..=300).await;
        in_time("the change of activity", activity.wait_for(|activity| matches!(activity, Activity::Failing(_))))
            .await
            .unwrap();
        assert!(stage.waiting().await > 0);

        let _cable = Cable::lay(port).await;
        until("all have arrived", async || stage.effects().await.get(&customer).map_or(0, Vec::len) == 300).await;
        in_time("the change of activity", activity.wait_for(|activity| *activity == Activity::Active)).await.unwrap();
        until("none is pending", async || monitor.pending().await.is_ok_and(|pending| pending == 0)).await;
        stage.nats.url = direct;
        assert_eq!(stage.published().await, 300);
        assert_eq!(stage.effects().await, [(customer, (1..=300).collect())].into());
        relay.stop().await;
        consumer.stop().await;
    })
    .await;
}
