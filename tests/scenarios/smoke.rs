//! The shortest way through the whole house.

use changke::testkit::TestApp;
use serde_json::json;

#[tokio::test]
async fn a_customer_that_is_created_is_found_and_counted() -> anyhow::Result<()> {
    let app = TestApp::start().await?;
    let root = app.root_group().await?;
    let seller = app.employee("seller", &root, &["salesperson", "analyst"]).await?;
    let created = seller
        .post("/v1/customers", json!({"kind": "CUSTOMER_KIND_PERSON", "name": "张三", "level": "vip"}))
        .await?
        .ok()?;

    let found = seller.get("/v1/customers:search?query=zs").await?.ok()?;
    assert_eq!(found["matches"][0]["customer"]["id"], created["id"]);
    app.until("the composition counts the customer", async || {
        let composition = seller.get("/v1/reports/composition?dimension=DIMENSION_LEVEL").await;
        composition.is_ok_and(|answer| answer.body["totalCount"] == "1" && answer.body["slices"][0]["key"] == "vip")
    })
    .await?;
    app.stop().await
}
