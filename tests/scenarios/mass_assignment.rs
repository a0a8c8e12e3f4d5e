//! What a mask reaches: on every update of every service, nothing that only the service itself sets.

use anyhow::{Context as _, Result};
use changke::testkit::TestApp;
use platform::contract::Contract;

use crate::access_matrix::request::request;
use crate::support::{answer, refusals};

/// Fields that no resource lets a caller write, whatever its contract says of them.
const NEVER: [&str; 6] = ["id", "etag", "create_time", "update_time", "create_user_id", "update_user_id"];

#[tokio::test]
async fn no_mask_names_what_only_a_service_sets() -> Result<()> {
    let app = TestApp::start().await?;
    let admin = app.administrator().await?;
    let contract = Contract::get();
    let (mut updates, mut tried, mut reached) = (0, 0, Vec::new());
    for method in contract.methods() {
        let input = contract.message(method.input);
        let (Some(update), Some(rule)) = (input.update, method.http.first()) else { continue };
        // The mask of a bulk change stands in its body; its own tests try that.
        if rule.verb.as_str() != "PATCH" {
            continue;
        }
        let resource = input.fields[update.resource].message().context("a resource")?;
        updates += 1;
        let fields = &contract.message(resource).fields;
        for field in fields.iter().filter(|field| field.output_only || NEVER.contains(&field.name.as_str())) {
            let masked = request(&admin, method, rule, None)?.query(&[("updateMask", &field.json_name)]);
            let answer = answer(masked).await?;
            tried += 1;
            if answer.status.as_u16() != 400 || refusals(&answer) != ["updateMask: MASK_PATH_UNKNOWN"] {
                reached.push(format!("{} {}: {} {}", method.name, field.name, answer.status, answer.body));
            }
        }
    }
    assert!(reached.is_empty(), "{}", reached.join("\n"));
    assert!(updates >= 15 && tried >= 60, "{tried} paths of {updates} updates");
    app.stop().await
}
