//! The chain of the audit trail: complete however its writers and chainers end, and whatever is done to it is found.

use std::time::Duration;

use platform::access::PolicyCache;
use platform::audit::erase::{Erasure, erase};
use platform::audit::{Chainer, Checkpoints, Finding, Report, prune, state, verify};
use platform::db::{AuditEntry, Db, FieldChange};
use sqlx::{AssertSqlSafe, Executor};
use uuid::Uuid;

use crate::stage::{Running, Stage, story, until};

async fn write(db: &Db, name: &str) {
    let mut tx = db.begin().await.unwrap();
    let id = Uuid::now_v7();
    let changes = vec![FieldChange { field: "name".into(), before: String::new(), after: name.into() }];
    tx.audit(AuditEntry {
        action: "customer.created",
        record_kind: "customer",
        record_id: id,
        subject_id: id,
        changes,
    });
    tx.commit().await.unwrap();
}

async fn chainer(stage: &Stage) -> Running {
    let chainer = Chainer::new(&stage.another(&stage.customers), &stage.events().await, PolicyCache::default().into());
    Running::start(chainer.checkpoint_interval(Duration::from_millis(50)), Chainer::run)
}

async fn waiting(db: &Db) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM audit_pending").fetch_one(db.pool()).await.unwrap()
}

/// So many entries, chained and told of; nobody chains any more.
async fn chained(stage: &Stage, count: i64) {
    for number in 0..count {
        write(&stage.customers, &format!("客户 {number}")).await;
    }
    let running = chainer(stage).await;
    until("all are chained", async || waiting(&stage.customers).await == 0).await;
    let checkpoints = checkpoints(stage).await;
    until("the end is told", async || {
        checkpoints.all().await.unwrap().last().is_some_and(|checkpoint| checkpoint.sequence == count)
    })
    .await;
    running.stop().await;
}

async fn checkpoints(stage: &Stage) -> Checkpoints {
    Checkpoints::new(&stage.events().await, "customers")
}

async fn report(stage: &Stage) -> Report {
    verify(&stage.customers, &checkpoints(stage).await.all().await.unwrap()).await.unwrap()
}

/// What somebody does who has the database in hand.
async fn tamper(stage: &Stage, statement: &str) {
    let mut tx = stage.customers.pool().begin().await.unwrap();
    tx.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER; ALTER TABLE audit_link DISABLE TRIGGER USER")
        .await
        .unwrap();
    let changed = tx.execute(AssertSqlSafe(statement)).await.unwrap();
    assert!(changed.rows_affected() > 0, "{statement}");
    tx.commit().await.unwrap();
}

async fn entry_at(stage: &Stage, sequence: i64) -> Uuid {
    sqlx::query_scalar("SELECT entry_id FROM audit_link WHERE sequence = $1")
        .bind(sequence)
        .fetch_one(stage.customers.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_entry_gets_its_place_whoever_writes_and_whoever_chains() {
    story(async |stage| {
        let chainers = [chainer(&stage).await, chainer(&stage).await];
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let db = stage.another(&stage.customers);
                tokio::spawn(async move {
                    for number in 0..25 {
                        write(&db, &format!("{writer}/{number}")).await;
                    }
                })
            })
            .collect();
        let [first, second] = chainers;
        until("some are chained", async || {
            state(&mut stage.customers.pool().acquire().await.unwrap()).await.unwrap().unwrap().sequence > 10
        })
        .await;
        first.kill().await;
        for writer in writers {
            writer.await.unwrap();
        }
        until("all are chained", async || waiting(&stage.customers).await == 0).await;
        second.stop().await;
        let report = report(&stage).await;
        assert_eq!((report.entries, report.sequence, report.findings), (200, 200, vec![]));
    })
    .await;
}

#[tokio::test]
async fn the_trail_refuses_to_be_changed() {
    story(async |stage| {
        chained(&stage, 2).await;
        for statement in [
            "UPDATE audit_entry SET actor_name = 'nobody'",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
            "DELETE FROM audit_link",
            "UPDATE audit_link SET flaw = 0",
        ] {
            let refusal = sqlx::query(statement).execute(stage.customers.pool()).await.unwrap_err();
            assert!(refusal.to_string().contains("the audit trail only grows"), "{refusal}");
        }
        assert_eq!(report(&stage).await.findings, []);
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_was_altered_is_named_and_no_other() {
    for column in [
        "time = time - interval '1 microsecond'",
        "actor_name = 'somebody else'",
        "actor_id = gen_random_uuid()",
        "actor_kind = 3",
        "session_id = gen_random_uuid()",
        "address = '10.0.0.1'",
        "request_id = 'x'",
        "action = 'customer.updated'",
        "record_kind = 'contact'",
        "record_id = gen_random_uuid()",
        "subject_id = gen_random_uuid()",
        "changes = jsonb_set(changes, '{0,after}', '\"张三\"')",
        "changes = changes || '[{\"field\": \"phone\"}]'",
        "changes = jsonb_set(changes, '{0,extra}', '1')",
    ] {
        story(async move |stage| {
            chained(&stage, 5).await;
            let entry_id = entry_at(&stage, 3).await;
            tamper(&stage, &format!("UPDATE audit_entry SET {column} WHERE id = '{entry_id}'")).await;
            assert_eq!(report(&stage).await.findings, [Finding::Altered { sequence: 3, entry_id }], "{column}");
        })
        .await;
    }
}

#[tokio::test]
async fn removed_entries_and_places_are_named() {
    story(async |stage| {
        chained(&stage, 6).await;
        let entry_id = entry_at(&stage, 2).await;
        tamper(&stage, &format!("DELETE FROM audit_entry WHERE id = '{entry_id}'")).await;
        assert_eq!(report(&stage).await.findings, [Finding::Removed { sequence: 2, entry_id }]);
        let other = entry_at(&stage, 4).await;
        tamper(&stage, "DELETE FROM audit_link WHERE sequence = 4").await;
        let expected = [
            Finding::Removed { sequence: 2, entry_id },
            Finding::Gap { first: 4, last: 4 },
            Finding::Inserted { entry_id: other },
        ];
        assert_eq!(report(&stage).await.findings, expected);
    })
    .await;
}

#[tokio::test]
async fn entries_that_were_put_in_are_named() {
    story(async |stage| {
        chained(&stage, 3).await;
        let forged = Uuid::now_v7();
        let insert = format!(
            "INSERT INTO audit_entry (id, action, record_kind, record_id, subject_id, actor_name)
             VALUES ('{forged}', 'customer.updated', 'customer', '{forged}', '{forged}', '李雷')"
        );
        tamper(&stage, &insert).await;
        assert_eq!(report(&stage).await.findings, [Finding::Inserted { entry_id: forged }]);

        // With a place in the queue it is chained, and known for what it is.
        let queue =
            format!("INSERT INTO audit_pending (entry_id, leaf, mac) VALUES ('{forged}', sha256('a'), sha256('b'))");
        tamper(&stage, &queue).await;
        let running = chainer(&stage).await;
        until("it is chained", async || waiting(&stage.customers).await == 0).await;
        running.stop().await;
        let findings = report(&stage).await.findings;
        assert!(findings.contains(&Finding::Forged { sequence: 4, entry_id: forged }), "{findings:?}");
    })
    .await;
}

#[tokio::test]
async fn an_entry_altered_before_it_was_chained_is_named() {
    story(async |stage| {
        write(&stage.customers, "张三").await;
        tamper(&stage, "UPDATE audit_entry SET actor_name = '李雷'").await;
        let running = chainer(&stage).await;
        until("it is chained", async || waiting(&stage.customers).await == 0).await;
        running.stop().await;
        let entry_id = entry_at(&stage, 1).await;
        assert_eq!(report(&stage).await.findings, [Finding::Altered { sequence: 1, entry_id }]);
    })
    .await;
}

#[tokio::test]
async fn an_entry_removed_before_it_was_chained_is_named() {
    story(async |stage| {
        let policy = PolicyCache::default().into();
        let chainer = Chainer::new(&stage.customers, &stage.events().await, policy).patience(Duration::ZERO);
        for name in ["张三", "李四", "王五"] {
            write(&stage.customers, name).await;
        }
        let gone: Uuid = sqlx::query_scalar("SELECT id FROM audit_entry ORDER BY id OFFSET 1 LIMIT 1")
            .fetch_one(stage.customers.pool())
            .await
            .unwrap();
        tamper(&stage, &format!("DELETE FROM audit_entry WHERE id = '{gone}'")).await;
        tamper(&stage, &format!("DELETE FROM audit_pending WHERE entry_id = '{gone}'")).await;
        assert_eq!(report(&stage).await.findings, []);
        let running = Running::start(chainer, Chainer::run);
        let told = async || {
            let state = state(&mut stage.customers.pool().acquire().await.unwrap()).await.unwrap().unwrap();
            state.sequence == 3 && state.pending == 0
        };
        until("it is missed", told).await;
        running.stop().await;
        let findings = report(&stage).await.findings;
        assert_eq!(findings, [Finding::RemovedBefore { sequence: 3, entry_id: gone }]);
    })
    .await;
}

#[tokio::test]
async fn an_entry_that_another_process_chained_or_that_was_rolled_back_is_not_missed() {
    story(async |stage| {
        let policy = PolicyCache::default().into();
        let own = Chainer::new(&stage.customers, &stage.events().await, policy).patience(Duration::ZERO);
        write(&stage.customers, "张三").await;
        let mut undone = stage.customers.begin().await.unwrap();
        let id = Uuid::now_v7();
        let changes = Vec::new();
        undone.audit(AuditEntry {
            action: "customer.updated",
            record_kind: "customer",
            record_id: id,
            subject_id: id,
            changes,
        });
        undone.write_out().await.unwrap();
        drop(undone);
        let another = chainer(&stage).await;
        until("it is chained", async || waiting(&stage.customers).await == 0).await;
        another.stop().await;
        let running = Running::start(own, Chainer::run);
        write(&stage.customers, "李四").await;
        until("all are chained", async || waiting(&stage.customers).await == 0).await;
        running.stop().await;
        let report = report(&stage).await;
        assert_eq!((report.entries, report.findings), (2, vec![]));
    })
    .await;
}

#[tokio::test]
async fn entries_that_changed_places_are_named() {
    story(async |stage| {
        chained(&stage, 5).await;
        let [second, fourth] = [entry_at(&stage, 2).await, entry_at(&stage, 4).await];
        let swap = format!(
            "UPDATE audit_link SET entry_id = CASE sequence WHEN 2 THEN '{fourth}'::uuid ELSE '{second}' END
             WHERE sequence IN (2, 4)"
        );
        tamper(&stage, &swap).await;
        let expected =
            [Finding::Altered { sequence: 2, entry_id: fourth }, Finding::Altered { sequence: 4, entry_id: second }];
        assert_eq!(report(&stage).await.findings, expected);
    })
    .await;
}

#[tokio::test]
async fn an_end_that_was_cut_off_is_found_even_with_an_earlier_seal() {
    story(async |stage| {
        chained(&stage, 3).await;
        sqlx::query("CREATE TABLE earlier AS SELECT * FROM audit_chain").execute(stage.customers.pool()).await.unwrap();
        for number in 0..3 {
            write(&stage.customers, &number.to_string()).await;
        }
        let running = chainer(&stage).await;
        let told = checkpoints(&stage).await;
        until("the end is told", async || told.all().await.unwrap().last().is_some_and(|last| last.sequence == 6))
            .await;
        running.stop().await;
        tamper(
            &stage,
            "DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_link WHERE sequence > 4);
             DELETE FROM audit_link WHERE sequence > 4",
        )
        .await;
        let findings = report(&stage).await.findings;
        assert!(findings.contains(&Finding::Gap { first: 5, last: 6 }), "{findings:?}");

        // The attacker has kept the seal of an earlier time: only what was told outside the database tells.
        tamper(
            &stage,
            "DELETE FROM audit_entry WHERE id IN (SELECT entry_id FROM audit_link WHERE sequence > 3);
             DELETE FROM audit_link WHERE sequence > 3;
             DELETE FROM audit_chain;
             INSERT INTO audit_chain SELECT * FROM earlier",
        )
        .await;
        assert_eq!(verify(&stage.customers, &[]).await.unwrap().findings, []);
        let findings = report(&stage).await.findings;
        assert!(matches!(findings[..], [Finding::Cut { sequence: 6, .. }]), "{findings:?}");
    })
    .await;
}

#[tokio::test]
async fn a_chain_written_anew_does_not_fit_its_seal_nor_what_was_told() {
    story(async |stage| {
        chained(&stage, 3).await;
        // The last entry with its link, computed as the service would: all but the keys is known.
        tamper(
            &stage,
            "UPDATE audit_entry SET actor_name = '李雷' WHERE id = (SELECT entry_id FROM audit_link WHERE sequence = 3);
             UPDATE audit_link SET digest = sha256('anything') WHERE sequence = 3;
             UPDATE audit_chain SET digest = sha256('anything')",
        )
        .await;
        let findings = report(&stage).await.findings;
        assert!(findings.contains(&Finding::EndUnsealed), "{findings:?}");
        assert!(
            findings.iter().any(|finding| matches!(finding, Finding::Rewritten { sequence: 3, .. })),
            "{findings:?}"
        );

        // Going on does not hide it.
        write(&stage.customers, "后来").await;
        let running = chainer(&stage).await;
        until("it is chained", async || waiting(&stage.customers).await == 0).await;
        running.stop().await;
        let findings = report(&stage).await.findings;
        assert!(findings.contains(&Finding::SealBroken { sequence: 4 }), "{findings:?}");
    })
    .await;
}

#[tokio::test]
async fn pruning_takes_the_start_off_and_what_is_left_holds() {
    story(async |stage| {
        chained(&stage, 6).await;
        assert_eq!(prune(&stage.customers, 30).await.unwrap(), 0);
        // Time passes for the first four.
        let age = "UPDATE audit_entry SET time = time - interval '31 days'
                   WHERE id IN (SELECT entry_id FROM audit_link WHERE sequence <= 4)";
        tamper(&stage, age).await;
        assert_eq!(prune(&stage.customers, 30).await.unwrap(), 4);
        let running = chainer(&stage).await;
        until("the pruning is chained", async || waiting(&stage.customers).await == 0).await;
        running.stop().await;
        let report = report(&stage).await;
        assert_eq!((report.entries, report.sequence, report.findings), (3, 7, vec![]));
        let audited: String = sqlx::query_scalar("SELECT changes::text FROM audit_entry WHERE action = 'audit.pruned'")
            .fetch_one(stage.customers.pool())
            .await
            .unwrap();
        assert!(audited.contains("\"4\"") && audited.contains("retention_days"), "{audited}");
        assert_eq!(prune(&stage.customers, 30).await.unwrap(), 0);

        // What was pruned can't come back, and a start that was moved by hand is found.
        tamper(&stage, "UPDATE audit_chain SET start_sequence = 5").await;
        assert!(!verify(&stage.customers, &[]).await.unwrap().findings.is_empty());
        assert_eq!(prune(&stage.customers, 1).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_chain_that_is_gone_is_found() {
    story(async |stage| {
        chained(&stage, 2).await;
        tamper(&stage, "DELETE FROM audit_chain").await;
        assert_eq!(report(&stage).await.findings, [Finding::NoChain]);
    })
    .await;
}

/// Erases what the entry at a place says.
async fn erased(stage: &Stage, sequence: i64) -> Uuid {
    let entry_id = entry_at(stage, sequence).await;
    let record_id: Uuid = sqlx::query_scalar("SELECT record_id FROM audit_entry WHERE id = $1")
        .bind(entry_id)
        .fetch_one(stage.customers.pool())
        .await
        .unwrap();
    let mut tx = stage.customers.begin().await.unwrap();
    let erasure = Erasure { record_ids: &[record_id], texts: &[], request_id: Uuid::now_v7(), subject_id: record_id };
    assert_eq!(erase(&mut tx, &erasure).await.unwrap(), 1);
    // A second time there is nothing left.
    assert_eq!(erase(&mut tx, &erasure).await.unwrap(), 0);
    tx.commit().await.unwrap();
    entry_id
}

#[tokio::test]
async fn values_that_were_erased_leave_the_chain_whole() {
    story(async |stage| {
        chained(&stage, 5).await;
        let entry_id = erased(&stage, 3).await;
        let running = chainer(&stage).await;
        until("the erasure is chained", async || waiting(&stage.customers).await == 0).await;
        running.stop().await;
        assert_eq!(report(&stage).await.findings, []);
        let (changes, salted): (serde_json::Value, bool) =
            sqlx::query_as("SELECT changes, salt IS NOT NULL FROM audit_entry WHERE id = $1")
                .bind(entry_id)
                .fetch_one(stage.customers.pool())
                .await
                .unwrap();
        assert_eq!((changes, salted), (serde_json::json!([{"field": "name"}]), false));
        // What is said of it afterwards was never said.
        let forged = "changes = '[{\"field\": \"name\", \"after\": \"李四\"}]'";
        tamper(&stage, &format!("UPDATE audit_entry SET {forged} WHERE id = '{entry_id}'")).await;
        assert_eq!(report(&stage).await.findings, [Finding::Altered { sequence: 3, entry_id }]);
    })
    .await;
}

#[tokio::test]
async fn values_that_somebody_took_out_are_named() {
    story(async |stage| {
        chained(&stage, 4).await;
        let entry_id = entry_at(&stage, 2).await;
        let blank = "changes = '[{\"field\": \"name\"}]', salt = NULL";
        tamper(&stage, &format!("UPDATE audit_entry SET {blank} WHERE id = '{entry_id}'")).await;
        assert_eq!(report(&stage).await.findings, [Finding::Blanked { sequence: 2, entry_id }]);
    })
    .await;
}
