//! When customers are merged the reports count them once, for who had either; parted, they count them twice again.

use anyhow::Result;
use changke::testkit::{Session, TestApp};
use serde_json::{Value, json};

use crate::support::{id, query};

async fn counted(reader: &Session) -> Result<Value> {
    let parameters = [("dimension", "DIMENSION_KIND")];
    Ok(query(reader, "/v1/reports/composition", &parameters).await?.ok()?["totalCount"].clone())
}

#[tokio::test]
async fn the_figures_follow_a_merge_and_its_undoing() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let root = app.root_group().await?;
    let friend = app.employee("friend", &root, &["salesperson"]).await?;
    let mut customers = Vec::new();
    for name in ["甲", "乙"] {
        let customer = json!({"kind": "CUSTOMER_KIND_ORGANIZATION", "name": name});
        customers.push(admin.post("/v1/customers", customer).await?.ok()?);
    }
    let shares = format!("/v1/customers/{}/shares", id(&customers[1])?);
    admin.post(&shares, json!({"employeeId": friend.employee_id})).await?.ok()?;
    let told = async |all: &str, friends: &str| {
        app.until("the reports have caught up", async || {
            let (everything, theirs) = (counted(&admin).await, counted(&friend).await);
            everything.is_ok_and(|count| count == all) && theirs.is_ok_and(|count| count == friends)
        })
        .await
    };
    told("2", "1").await?;
    let named = |customer: &Value| json!({"id": customer["id"], "etag": customer["etag"]});
    let merge = json!({"survivor": named(&customers[0]), "merged": [named(&customers[1])]});
    let merge = admin.post("/v1/customerMerges", merge).await?.ok()?;
    // The share went over, so the one that is left is the friend's too.
    told("1", "1").await?;
    let survivor = format!("/v1/customers/{}", id(&customers[0])?);
    admin.post(&format!("{survivor}:invalidate"), json!({})).await?.ok()?;
    told("0", "0").await?;
    admin.post(&format!("{survivor}:restore"), json!({})).await?.ok()?;
    told("1", "1").await?;
    admin.post(&format!("/v1/customerMerges/{}:undo", id(&merge)?), json!({})).await?.ok()?;
    told("2", "1").await?;
    admin.post(&format!("{survivor}:invalidate"), json!({})).await?.ok()?;
    told("1", "1").await?;
    app.stop().await
}
