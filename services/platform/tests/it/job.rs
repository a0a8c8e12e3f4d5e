//! Work that outlives a call, and the processes that do it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use platform::jobs::{self, Enqueued, JobState, NewJob, Worker};
use uuid::Uuid;

use crate::importer::{Import, Importer, Twist, enqueue, one_to};
use crate::stage::{Running, story, until};

#[tokio::test]
async fn a_job_runs_and_shows_its_progress() {
    story(async |stage| {
        let importer = Importer::with(6, Twist::WaitForSignal);
        let worker = stage.worker(&importer);
        let id = stage.import(10).await;
        importer.reached().await;
        let job = stage.job(id).await;
        assert_eq!((job.state, job.attempts), (JobState::Leased, 1));
        assert_eq!(job.progress, serde_json::json!({"rows": 5}));
        worker.stop().await;

        let worker = stage.worker(&Importer::smooth());
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!((job.state, job.attempts), (JobState::Done, 1), "a shutdown counts as no attempt");
        assert_eq!(job.progress, serde_json::json!({"rows": 10}));
        assert!(job.end_time.is_some());
        assert_eq!(stage.rows().await, one_to(10));
    })
    .await;
}

#[tokio::test]
async fn a_worker_of_this_process_is_woken_by_the_commit() {
    story(async |stage| {
        let worker = Worker::new(&stage.reporting).register(Importer::smooth());
        let worker = Running::start(worker, Worker::run);
        // The first has waited for the worker to start; later ones would wait for its poll if nobody woke it.
        let first = stage.import(1).await;
        stage.until_over(first).await;
        let start = std::time::Instant::now();
        for _ in 0..20 {
            let id = stage.import(1).await;
            stage.until_over(id).await;
        }
        assert!(start.elapsed() < Duration::from_secs(15), "twenty polls take longer: {:?}", start.elapsed());
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_undone_leaves_no_job() {
    story(async |stage| {
        let mut tx = stage.reporting.begin().await.unwrap();
        let job = NewJob::new::<Importer>(&Import { rows: 1 }).unwrap();
        let id = tx.enqueue(job).await.unwrap().id();
        drop(tx);
        let mut connection = stage.reporting.pool().acquire().await.unwrap();
        assert!(jobs::status(&mut connection, id).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn a_failing_job_is_tried_again_from_where_it_was() {
    story(async |stage| {
        let worker = stage.worker(&Importer::with(4, Twist::Fail(2)));
        let id = stage.import(6).await;
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!((job.state, job.attempts), (JobState::Done, 1), "the third got on");
        assert_eq!(stage.rows().await, one_to(6));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_keeps_failing_dies_with_its_reason() {
    story(async |stage| {
        let worker = stage.worker(&Importer::with(2, Twist::Fail(u32::MAX)));
        let job = NewJob::new::<Importer>(&Import { rows: 3 }).unwrap().max_attempts(3);
        let id = enqueue(&stage.reporting, job).await.id();
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!((job.state, job.attempts), (JobState::Dead, 3));
        assert_eq!(job.failure, "row 2 failed");
        assert_eq!(stage.rows().await, one_to(1));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_can_never_succeed_dies_at_once() {
    story(async |stage| {
        let worker = stage.worker(&Importer::with(1, Twist::GiveUp));
        let id = stage.import(3).await;
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!((job.state, job.attempts, job.failure.as_str()), (JobState::Dead, 1, "row 1 can't be"));
    })
    .await;
}

#[tokio::test]
async fn a_panic_is_a_failure_like_others() {
    story(async |stage| {
        let worker = stage.worker(&Importer::with(1, Twist::Panic));
        let job = NewJob::new::<Importer>(&Import { rows: 3 }).unwrap().max_attempts(2);
        let id = enqueue(&stage.reporting, job).await.id();
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!((job.state, job.attempts), (JobState::Dead, 2));
        assert!(job.failure.contains("panicked"), "{}", job.failure);
    })
    .await;
}

#[tokio::test]
async fn a_job_of_a_worker_that_died_goes_on_at_another() {
    story(async |stage| {
        let dying = Importer::with(4, Twist::Hang);
        let worker = stage.worker(&dying);
        let id = stage.import(8).await;
        dying.reached().await;
        worker.kill().await;
        assert_eq!(stage.job(id).await.state, JobState::Leased);
        stage.let_lease_run_out(id).await;

        let worker = stage.worker(&Importer::smooth());
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!((job.state, job.attempts), (JobState::Done, 1), "the second got on");
        assert_eq!(stage.rows().await, one_to(8));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_gets_on_outlives_any_number_of_workers() {
    story(async |stage| {
        let job = NewJob::new::<Importer>(&Import { rows: 6 }).unwrap().max_attempts(2);
        let id = enqueue(&stage.reporting, job).await.id();
        for row in 2..=5 {
            let dying = Importer::with(row, Twist::Hang);
            let worker = stage.worker(&dying);
            dying.reached().await;
            worker.kill().await;
            stage.let_lease_run_out(id).await;
        }
        let worker = stage.worker(&Importer::smooth());
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!(job.state, JobState::Done);
        assert_eq!(stage.rows().await, one_to(6));
    })
    .await;
}

#[tokio::test]
async fn a_job_that_kills_its_workers_dies() {
    story(async |stage| {
        let job = NewJob::new::<Importer>(&Import { rows: 3 }).unwrap().max_attempts(2);
        let id = enqueue(&stage.reporting, job).await.id();
        for _ in 0..2 {
            let deadly = Importer::with(2, Twist::Hang);
            let worker = stage.worker(&deadly);
            deadly.reached().await;
            worker.kill().await;
            stage.let_lease_run_out(id).await;
        }
        let worker = stage.worker(&Importer::smooth());
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!(job.state, JobState::Dead);
        assert_eq!(job.failure, "none of 2 attempts came to an end");
    })
    .await;
}

#[tokio::test]
async fn a_worker_that_lost_its_lease_is_told_and_can_commit_nothing() {
    story(async |stage| {
        let cut_off = Importer::with(4, Twist::WaitForSignal);
        // One place, so that it can't lease the job again.
        let first = Worker::new(&stage.another(&stage.reporting)).register(cut_off.clone()).concurrency(1);
        let first = Running::start(first, Worker::run);
        let id = stage.import(8).await;
        cut_off.reached().await;
        let second = Importer::with(6, Twist::WaitForSignal);
        let successor = stage.worker(&second);
        stage.let_lease_run_out(id).await;
        // The second has the job; the first learns of it at its next look and has to leave its row to the second.
        second.reached().await;
        first.stop().await;
        assert_eq!(cut_off.runs.load(Ordering::SeqCst), 1);
        successor.stop().await;
        let last = stage.worker(&Importer::smooth());
        let job = stage.until_over(id).await;
        last.stop().await;
        assert_eq!(job.state, JobState::Done);
        assert_eq!(stage.rows().await, one_to(8));
    })
    .await;
}

#[tokio::test]
async fn workers_that_are_killed_at_any_moment_lose_and_double_no_row() {
    story(async |stage| {
        let job = NewJob::new::<Importer>(&Import { rows: 400 }).unwrap().max_attempts(100);
        let id = enqueue(&stage.reporting, job).await.id();
        for rows in (20..400).step_by(40) {
            let worker = stage.worker(&Importer::smooth());
            until("some more rows are there", async || stage.rows().await.len() >= rows).await;
            worker.kill().await;
            stage.let_lease_run_out(id).await;
        }
        let worker = stage.worker(&Importer::smooth());
        let job = stage.until_over(id).await;
        worker.stop().await;
        assert_eq!(job.state, JobState::Done);
        assert_eq!(stage.rows().await, one_to(400));
    })
    .await;
}

#[tokio::test]
async fn a_running_job_is_cancelled_where_it_is() {
    story(async |stage| {
        let importer = Importer::with(4, Twist::WaitForSignal);
        let worker = stage.worker(&importer);
        let id = stage.import(8).await;
        importer.reached().await;
        let mut connection = stage.reporting.pool().acquire().await.unwrap();
        assert!(jobs::cancel(&mut connection, id).await.unwrap());
        let job = stage.until_over(id).await;
        assert_eq!(job.state, JobState::Cancelled);
        assert_eq!(stage.rows().await, one_to(3));
        assert!(!jobs::cancel(&mut connection, id).await.unwrap(), "it is over");
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_pending_job_that_is_cancelled_never_runs() {
    story(async |stage| {
        let id = stage.import(3).await;
        let mut connection = stage.reporting.pool().acquire().await.unwrap();
        assert!(jobs::cancel(&mut connection, id).await.unwrap());
        let importer = Importer::smooth();
        let worker = stage.worker(&importer);
        let next = stage.import(2).await;
        stage.until_over(next).await;
        worker.stop().await;
        assert_eq!(stage.job(id).await.state, JobState::Cancelled);
        assert_eq!(importer.runs.load(Ordering::SeqCst), 1);
    })
    .await;
}

#[tokio::test]
async fn a_key_has_one_live_job() {
    story(async |stage| {
        let job = |rows| NewJob::new::<Importer>(&Import { rows }).unwrap().unique("import of customers.csv");
        let first = enqueue(&stage.reporting, job(2)).await;
        assert!(matches!(first, Enqueued::New(_)));
        assert_eq!(enqueue(&stage.reporting, job(3)).await, Enqueued::Existing(first.id()));
        let worker = stage.worker(&Importer::smooth());
        stage.until_over(first.id()).await;
        let second = enqueue(&stage.reporting, job(3)).await;
        assert!(matches!(second, Enqueued::New(_)), "the first is over");
        stage.until_over(second.id()).await;
        worker.stop().await;
        assert_eq!(stage.rows().await, [1, 2, 1, 2, 3]);
    })
    .await;
}

#[tokio::test]
async fn a_job_waits_for_its_time() {
    story(async |stage| {
        let later = chrono::Utc::now() + chrono::Duration::hours(1);
        let job = NewJob::new::<Importer>(&Import { rows: 1 }).unwrap().at(later);
        let waiting = enqueue(&stage.reporting, job).await.id();
        let worker = stage.worker(&Importer::smooth());
        let now = stage.import(1).await;
        stage.until_over(now).await;
        assert_eq!(stage.job(waiting).await.state, JobState::Pending);
        sqlx::query("UPDATE job SET run_time = now() WHERE id = $1")
            .bind(waiting)
            .execute(stage.reporting.pool())
            .await
            .unwrap();
        assert_eq!(stage.until_over(waiting).await.state, JobState::Done);
        worker.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_shutdown_hands_over_what_does_not_end_in_time() {
    story(async |stage| {
        let hanging = Importer::with(4, Twist::Hang);
        let worker =
            Worker::new(&stage.another(&stage.reporting)).register(hanging.clone()).drain(Duration::from_millis(50));
        let worker = Running::start(worker, Worker::run);
        let id = stage.import(8).await;
        hanging.reached().await;
        worker.stop().await;
        let job = stage.job(id).await;
        assert_eq!((job.state, job.attempts), (JobState::Pending, 0), "free for others at once");

        let worker = stage.worker(&Importer::smooth());
        assert_eq!(stage.until_over(id).await.state, JobState::Done);
        worker.stop().await;
        assert_eq!(stage.rows().await, one_to(8));
    })
    .await;
}

#[tokio::test]
async fn more_jobs_than_places_run_a_few_at_a_time() {
    story(async |stage| {
        let importer = Importer::with(1, Twist::Hang);
        let worker = Worker::new(&stage.reporting).register(importer.clone()).concurrency(3).drain(Duration::ZERO);
        let worker = Running::start(worker, Worker::run);
        for _ in 0..6 {
            stage.import(1).await;
        }
        let leased = async || {
            let count = "SELECT count(*) FROM job WHERE state = 'leased' AND kind = 'test.import'";
            sqlx::query_scalar::<_, i64>(count).fetch_one(stage.reporting.pool()).await.unwrap()
        };
        until("all places are taken", async || leased().await == 3).await;
        for _ in 0..3 {
            stage.import(1).await;
        }
        assert_eq!(leased().await, 3);
        worker.stop().await;
        assert_eq!(leased().await, 0);
    })
    .await;
}

#[tokio::test]
async fn housekeeping_comes_back_and_removes_what_is_old() {
    story(async |stage| {
        let pool = stage.reporting.pool();
        for age in ["25 hours", "23 hours"] {
            sqlx::query(
                "INSERT INTO idempotency (caller_id, method, key, request_digest, response, create_time)
                 VALUES ($1, 'm', $2, '', '', now() - $2::interval)",
            )
            .bind(Uuid::now_v7())
            .bind(age)
            .execute(pool)
            .await
            .unwrap();
        }
        for age in ["8 days", "6 days"] {
            let seen = "INSERT INTO inbox (event_id, consumer, receive_time) VALUES ($1, $2, now() - $2::interval)";
            sqlx::query(seen).bind(Uuid::now_v7()).bind(age).execute(pool).await.unwrap();
        }
        let worker = stage.worker(&Importer::smooth());
        let next = "SELECT count(*) FROM job
                    WHERE unique_key = 'platform.housekeeping' AND state = 'pending'
                      AND run_time > now() + interval '50 minutes'";
        until("the next housekeeping is due in an hour", async || {
            sqlx::query_scalar::<_, i64>(next).fetch_one(pool).await.unwrap() == 1
        })
        .await;
        worker.stop().await;
        let keys: Vec<String> = sqlx::query_scalar("SELECT key FROM idempotency").fetch_all(pool).await.unwrap();
        assert_eq!(keys, ["23 hours"]);
        let seen: Vec<String> = sqlx::query_scalar("SELECT consumer FROM inbox").fetch_all(pool).await.unwrap();
        assert_eq!(seen, ["6 days"]);
    })
    .await;
}
