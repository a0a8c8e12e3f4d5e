//! Into another service: each event takes effect once and in order, and one that can't does not hold up the rest.

use std::sync::Arc;

use async_trait::async_trait;
use contracts::customers::CustomerChanged;
use platform::db::Tx;
use platform::error::Result;
use platform::events::{Envelope, Handler};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::stage::{Noting, Stage, Stumbling, change, in_time, note, story, until};

async fn taken_in(stage: &Stage) -> usize {
    stage.effects().await.values().map(Vec::len).sum()
}

async fn dead_letters(stage: &Stage) -> Vec<(String, String)> {
    sqlx::query_as("SELECT type, failure FROM inbox_dead_letter").fetch_all(stage.reporting.pool()).await.unwrap()
}

/// Emits and publishes revisions of a customer.
async fn publish(stage: &Stage, customer: Uuid, revisions: std::ops::RangeInclusive<i64>) {
    change(&stage.customers, customer, revisions).await;
    let relay = stage.relay().await;
    until("the outbox is empty", async || stage.waiting().await == 0).await;
    relay.stop().await;
}

#[tokio::test]
async fn events_take_effect_once_and_in_order() {
    story(async |stage| {
        let (wang, li) = (Uuid::now_v7(), Uuid::now_v7());
        let relay = stage.relay().await;
        let (consumer, monitor) = stage.projection(Noting).await;
        tokio::join!(change(&stage.customers, wang, 1..=200), change(&stage.customers, li, 1..=200));
        until("all are taken in", async || taken_in(&stage).await == 400).await;
        until("none is pending", async || monitor.pending().await.unwrap() == 0).await;
        assert_eq!(stage.effects().await, [(wang, (1..=200).collect()), (li, (1..=200).collect())].into());
        relay.stop().await;
        consumer.stop().await;
    })
    .await;
}

#[tokio::test]
async fn an_event_that_stands_twice_in_the_stream_takes_effect_once() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        publish(&stage, customer, 1..=1).await;
        // What a relay does that comes back after the stream has forgotten the ids.
        let original = stage.stream().await.get_raw_message(1).await.unwrap();
        let mut headers = async_nats::HeaderMap::new();
        for name in ["ce-id", "ce-type", "ce-subject", "ce-time"] {
            headers.insert(name, original.headers.get(name).unwrap().as_str());
        }
        let events = stage.events().await;
        let again =
            events.jetstream().publish_with_headers(original.subject.clone(), headers, original.payload.clone());
        again.await.unwrap().await.unwrap();
        publish(&stage, customer, 2..=2).await;
        assert_eq!(stage.published().await, 3);

        let (consumer, _) = stage.projection(Noting).await;
        until("the last is taken in", async || taken_in(&stage).await >= 2).await;
        consumer.stop().await;
        assert_eq!(stage.effects().await, [(customer, vec![1, 2])].into());
    })
    .await;
}

#[tokio::test]
async fn a_failing_event_holds_up_those_behind_it_until_it_takes_effect() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        publish(&stage, customer, 1..=5).await;
        let stumbling = Stumbling::at(3, 2);
        let (consumer, _) = stage.projection(stumbling.clone()).await;
        until("all are taken in", async || taken_in(&stage).await == 5).await;
        consumer.stop().await;
        assert_eq!(stage.effects().await, [(customer, vec![1, 2, 3, 4, 5])].into());
        assert_eq!(dead_letters(&stage).await, []);
        // The batch as a whole, then one by one.
        assert_eq!(*stumbling.tries.lock().unwrap(), [1, 2, 3, 1, 2, 3, 3, 4, 5]);
    })
    .await;
}

#[tokio::test]
async fn an_event_that_never_takes_effect_is_put_aside() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        publish(&stage, customer, 1..=5).await;
        let (consumer, monitor) = stage.projection(Stumbling::at(3, u32::MAX)).await;
        until("the rest is taken in", async || taken_in(&stage).await == 4).await;
        until("none is pending", async || monitor.pending().await.unwrap() == 0).await;
        assert_eq!(stage.effects().await, [(customer, vec![1, 2, 4, 5])].into());
        let [(event_type, failure)] = &dead_letters(&stage).await[..] else { panic!("one dead letter") };
        assert_eq!(event_type, "changke.customers.v1.CustomerChanged");
        assert!(failure.contains("revision 3 is too much"), "{failure}");

        // A restart doesn't take it up again.
        consumer.stop().await;
        let (consumer, _) = stage.projection(Noting).await;
        publish(&stage, customer, 6..=6).await;
        until("the next is taken in", async || taken_in(&stage).await == 5).await;
        consumer.stop().await;
        assert_eq!(stage.effects().await, [(customer, vec![1, 2, 4, 5, 6])].into());
    })
    .await;
}

#[tokio::test]
async fn an_event_is_not_to_blame_when_the_database_is_out_of_reach() {
    story(async |stage| {
        struct Unreachable(Stumbling);

        #[async_trait]
        impl Handler for Unreachable {
            async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
                self.0.handle(tx, event).await.map_err(platform::error::Error::unavailable)
            }
        }

        let customer = Uuid::now_v7();
        publish(&stage, customer, 1..=2).await;
        // More often than an event may fail.
        let (consumer, _) = stage.projection(Unreachable(Stumbling::at(1, 6))).await;
        until("all are taken in", async || taken_in(&stage).await == 2).await;
        consumer.stop().await;
        assert_eq!(stage.effects().await, [(customer, vec![1, 2])].into());
        assert_eq!(dead_letters(&stage).await, []);
    })
    .await;
}

/// Waits at one revision until it is told to go on.
#[derive(Clone)]
struct Stuck {
    revision: i64,
    reached: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Stuck {
    fn at(revision: i64) -> Self {
        Self { revision, reached: Arc::default(), go_on: Arc::default() }
    }
}

#[async_trait]
impl Handler for Stuck {
    async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
        if note(tx, event).await? == self.revision {
            self.reached.notify_one();
            self.go_on.notified().await;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_replica_that_dies_amid_a_batch_is_followed_by_another() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        publish(&stage, customer, 1..=100).await;
        let stuck = Stuck::at(40);
        let (dying, _) = stage.projection(stuck.clone()).await;
        in_time("the stuck revision", stuck.reached.notified()).await;
        let (standby, _) = stage.projection(Noting).await;
        assert!(taken_in(&stage).await < 40, "the dying one's batch has not taken effect");
        dying.kill().await;
        until("all are taken in", async || taken_in(&stage).await == 100).await;
        standby.stop().await;
        assert_eq!(stage.effects().await, [(customer, (1..=100).collect())].into());
    })
    .await;
}

#[tokio::test]
async fn replicas_that_are_killed_at_any_moment_leave_out_repeat_and_swap_nothing() {
    story(async |stage| {
        let customers: Vec<Uuid> = (0..5).map(|_| Uuid::now_v7()).collect();
        let relay = stage.relay().await;
        let writers: Vec<_> = customers
            .iter()
            .map(|customer| {
                let (db, customer) = (stage.customers.clone(), *customer);
                tokio::spawn(async move { change(&db, customer, 1..=200).await })
            })
            .collect();
        let mut standby = stage.projection(Noting).await.0;
        for taken in (0..1000).step_by(90) {
            let active = std::mem::replace(&mut standby, stage.projection(Noting).await.0);
            until("some more are taken in", async || taken_in(&stage).await > taken).await;
            active.kill().await;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        until("all are taken in", async || taken_in(&stage).await >= 1000).await;
        standby.stop().await;
        relay.stop().await;
        let expected = customers.iter().map(|customer| (*customer, (1..=200).collect())).collect();
        assert_eq!(stage.effects().await, expected);
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_lost_its_lease_unknowingly_can_only_end_what_it_has_begun() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        publish(&stage, customer, 1..=10).await;
        let stuck = Stuck::at(5);
        let (first, _) = stage.projection(stuck.clone()).await;
        in_time("the stuck revision", stuck.reached.notified()).await;
        let lease = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND state = 'idle' AND query LIKE 'INSERT INTO inbox_position%'";
        let ended: Vec<bool> = sqlx::query_scalar(lease).fetch_all(stage.reporting.pool()).await.unwrap();
        assert_eq!(ended, [true], "the session that held the lease");

        let (second, _) = stage.projection(Noting).await;
        let waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until("the second waits for the first's transaction", async || {
            sqlx::query_scalar::<_, i64>(waits).fetch_one(stage.reporting.pool()).await.unwrap() == 1
        })
        .await;
        stuck.go_on.notify_one();
        publish(&stage, customer, 11..=20).await;
        until("all are taken in", async || taken_in(&stage).await >= 20).await;
        first.stop().await;
        second.stop().await;
        assert_eq!(stage.effects().await, [(customer, (1..=20).collect())].into());
    })
    .await;
}

#[tokio::test]
async fn a_reset_replays_everything_from_the_first_event() {
    story(async |stage| {
        let customer = Uuid::now_v7();
        publish(&stage, customer, 1..=30).await;
        let (consumer, monitor) = stage.projection(Stumbling::at(7, 4)).await;
        until("all but the stumbling one are taken in", async || taken_in(&stage).await == 29).await;

        let mut tx = stage.reporting.begin().await.unwrap();
        monitor.reset(&mut tx).await.unwrap();
        sqlx::query("DELETE FROM effect").execute(tx.connection()).await.unwrap();
        tx.commit().await.unwrap();
        until("none is pending", async || monitor.pending().await.unwrap() == 0).await;
        assert_eq!(stage.effects().await, [(customer, (1..=30).collect())].into());
        assert_eq!(dead_letters(&stage).await, []);

        publish(&stage, customer, 31..=31).await;
        until("new events follow", async || taken_in(&stage).await == 31).await;
        consumer.stop().await;
    })
    .await;
}

/// Notes a whole batch in one statement, as a handler does that has to be fast.
struct NotingTogether;

#[async_trait]
impl Handler for NotingTogether {
    async fn handle(&self, tx: &mut Tx, event: &Envelope) -> Result<()> {
        self.handle_batch(tx, &[event]).await
    }

    async fn handle_batch(&self, tx: &mut Tx, events: &[&Envelope]) -> Result<()> {
        let customers: Vec<Uuid> = events.iter().map(|event| event.aggregate_id).collect();
        let revisions = events.iter().map(|event| Ok(event.decode::<CustomerChanged>()?.revision));
        sqlx::query("INSERT INTO effect (customer, revision) SELECT * FROM unnest($1::uuid[], $2::bigint[])")
            .bind(customers)
            .bind(revisions.collect::<Result<Vec<i64>>>()?)
            .execute(tx.connection())
            .await?;
        Ok(())
    }
}

#[tokio::test]
async fn ten_thousand_events_pass_at_full_write_load() {
    story(async |stage| {
        let metrics = platform::telemetry::metrics_handle();
        let relay = stage.relay().await;
        let (consumer, monitor) = stage.projection(NotingTogether).await;
        let writers: Vec<_> = (0..10)
            .map(|_| {
                let db = stage.customers.clone();
                let customers: Vec<Uuid> = (0..100).map(|_| Uuid::now_v7()).collect();
                tokio::spawn(async move {
                    for revision in 1..=10 {
                        for customer in &customers {
                            change(&db, *customer, [revision]).await;
                        }
                    }
                })
            })
            .collect();
        let start = std::time::Instant::now();
        for writer in writers {
            writer.await.unwrap();
        }
        let written = start.elapsed();
        until("all are taken in", async || taken_in(&stage).await == 10_000).await;
        println!("10,000 events written in {written:?}, taken in after {:?}", start.elapsed());
        until("none is pending", async || monitor.pending().await.unwrap() == 0).await;
        let effects = stage.effects().await;
        assert!(effects.len() == 1000 && effects.values().all(|revisions| revisions.iter().copied().eq(1..=10)));
        for line in metrics.render().lines().filter(|line| line.contains("lag")) {
            println!("{line}");
        }
        relay.stop().await;
        consumer.stop().await;
    })
    .await;
}
