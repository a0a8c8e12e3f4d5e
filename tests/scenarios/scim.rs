//! Provisioning by SCIM, as Okta and Entra ID call it, and what it must not lead to.

use anyhow::{Context as _, Result};
use changke::testkit::{Answer, Session, TestApp};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{a_customer, answer, id, text};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A client with a key that may provision and nothing else.
struct Client(Session);

impl Client {
    /// With a role that sees what it writes.
    async fn of(app: &TestApp) -> Result<Client> {
        let admin = app.administrator().await?;
        let clear = ["PHONE", "EMAIL"]
            .map(|kind| json!({"personalData": format!("PERSONAL_DATA_{kind}"), "visibility": "VISIBILITY_CLEAR"}));
        let role = json!({
            "name": "provisioning", "grants": [{"permission": "PERMISSION_PROVISIONING", "scope": "SCOPE_ALL"}],
            "fieldVisibilities": clear,
        });
        let role = id(&admin.post("/v1/roles", role).await?.ok()?)?;
        let body = json!({"displayName": "Entra ID", "roleIds": [role]});
        let account = id(&admin.post("/v1/serviceAccounts", body).await?.ok()?)?;
        let path = format!("/v1/serviceAccounts/{account}/apiKeys");
        let key = admin.post(&path, json!({"name": "scim"})).await?.ok()?;
        let mut caller = app.anonymous();
        caller.access_token = text(&key["key"]);
        Ok(Client(caller))
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let mut request = self.0.request(method, &format!("/scim/v2{path}"))?;
        if let Some(body) = body {
            request = request.header("content-type", "application/scim+json; charset=utf-8").body(body.to_string());
        }
        answer(request).await
    }

    async fn get(&self, path: &str) -> Result<Value> {
        self.send(Method::GET, path, None).await?.ok()
    }

    /// The list that a filter finds.
    async fn find(&self, kind: &str, filter: &str) -> Result<Answer> {
        answer(self.0.request(Method::GET, &format!("/scim/v2/{kind}"))?.query(&[("filter", filter)])).await
    }

    async fn names(&self, kind: &str, filter: &str) -> Result<Vec<String>> {
        let found = self.find(kind, filter).await?.ok()?;
        let resources = found["Resources"].as_array().context("no resources")?;
        assert_eq!(found["totalResults"], json!(resources.len()), "{filter}");
        let name = |user: &Value| text(if kind == "Users" { &user["userName"] } else { &user["displayName"] });
        Ok(resources.iter().map(name).collect())
    }

    async fn create(&self, kind: &str, body: Value) -> Result<Value> {
        let created = self.send(Method::POST, &format!("/{kind}"), Some(body)).await?;
        assert_eq!(created.status.as_u16(), 201, "{}", created.body);
        assert_eq!(created.headers["location"].to_str()?, text(&created.body["meta"]["location"]));
        assert_eq!(created.headers["content-type"], "application/scim+json");
        Ok(created.body)
    }

    async fn patch(&self, path: &str, operations: Value) -> Result<Answer> {
        let body = json!({"schemas": [PATCH], "Operations": operations});
        self.send(Method::PATCH, path, Some(body)).await
    }
}

/// Status and kind of a SCIM error.
fn fault(answer: &Answer) -> String {
    assert_eq!(answer.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{}", answer.body);
    assert_eq!(answer.body["status"], json!(answer.status.as_u16().to_string()));
    assert_eq!(answer.headers["content-type"], "application/scim+json");
    format!("{} {}", answer.status.as_u16(), text(&answer.body["scimType"])).trim().to_owned()
}

fn lilei() -> Value {
    json!({
        "schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "userName": "li.lei@example.com", "externalId": "00u1", "active": true, "displayName": "李雷",
        "name": {"givenName": "雷", "familyName": "李"}, "title": "经理", "password": "ignored",
        "emails": [{"value": "li.lei@example.com", "type": "work", "primary": true}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "华东"},
    })
}

#[tokio::test]
async fn a_person_comes_changes_and_goes() -> Result<()> {
    let app = TestApp::start().await?;
    let client = Client::of(&app).await?;
    assert_eq!(client.names("Users", r#"userName eq "li.lei@example.com""#).await?, [""; 0]);
    let created = client.create("Users", lilei()).await?;
    let path = format!("/Users/{}", id(&created)?);
    assert_eq!((&created["externalId"], &created["displayName"]), (&json!("00u1"), &json!("李雷")));
    assert_eq!(created["meta"]["resourceType"], "User");
    assert!(created.get("password").is_none() && created.get("title").is_none());
    assert_eq!(client.get(&path).await?, created);
    let admin = app.administrator().await?;
    let employee = admin.get(&format!("/v1/employees/{}", id(&created)?)).await?.ok()?;
    assert_eq!((&employee["loginName"], &employee["roleIds"]), (&json!("li.lei@example.com"), &json!([])));
    assert_eq!(employee["passwordChangeRequired"], false);
    assert_eq!(fault(&client.send(Method::POST, "/Users", Some(lilei())).await?), "409 uniqueness");

    // As Entra writes it.
    let changed = client
        .patch(
            &path,
            json!([
                {"op": "Replace", "path": "displayName", "value": "李大雷"},
                {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "new@example.com"},
                {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "13800138000"},
                {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "x"},
                {"op": "Replace", "path": "active", "value": "False"},
            ]),
        )
        .await?
        .ok()?;
    assert_eq!((&changed["displayName"], &changed["active"]), (&json!("李大雷"), &json!(false)));
    assert_eq!(changed["emails"][0]["value"], "new@example.com");
    assert_eq!(changed["phoneNumbers"][0]["value"], "13800138000");
    // As Okta does.
    let changed = client.patch(&path, json!([{"op": "replace", "value": {"active": true}}])).await?.ok()?;
    assert_eq!(changed["active"], true);
    let mut whole = lilei();
    whole["displayName"] = json!("李雷二");
    whole["emails"] = json!([]);
    let replaced = client.send(Method::PUT, &path, Some(whole)).await?.ok()?;
    assert_eq!((&replaced["displayName"], replaced.get("emails")), (&json!("李雷二"), None));

    for (operations, expected) in [
        (json!([]), "400 invalidSyntax"),
        (json!([{"op": "move", "path": "active", "value": true}]), "400 invalidSyntax"),
        (json!([{"op": "replace", "path": "emails[type", "value": 1}]), "400 invalidPath"),
        (json!([{"op": "remove", "path": "emails[type eq \"home\"].value"}]), "400 noTarget"),
        (json!([{"op": "replace", "path": "userName", "value": "two words"}]), "400 invalidValue"),
        (json!([{"op": "replace", "path": "active", "value": "perhaps"}]), "400 invalidValue"),
        (json!([{"op": "remove", "path": "userName"}]), "400 invalidValue"),
    ] {
        assert_eq!(fault(&client.patch(&path, operations.clone()).await?), expected, "{operations}");
    }
    assert_eq!(client.get(&path).await?["displayName"], "李雷二");

    let gone = client.send(Method::DELETE, &path, None).await?;
    assert_eq!((gone.status.as_u16(), gone.body), (204, json!("")));
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(fault(&client.send(method, &path, None).await?), "404");
    }
    assert_eq!(fault(&client.send(Method::GET, "/Users/none", None).await?), "404");
    admin.get(&format!("/v1/employees/{}", id(&created)?)).await?.refused(404, "NOT_FOUND")?;
    app.stop().await
}

#[tokio::test]
async fn whoever_owns_customers_is_gone_for_the_client_and_comes_back_as_the_same() -> Result<()> {
    let app = TestApp::start().await?;
    let client = Client::of(&app).await?;
    let owner = app.employee("owner", &app.root_group().await?, &["salesperson"]).await?;
    a_customer(&owner, "泰山化工").await?;
    let path = format!("/Users/{}", owner.employee_id);
    assert_eq!(client.send(Method::DELETE, &path, None).await?.status.as_u16(), 204);
    assert_eq!(fault(&client.send(Method::GET, &path, None).await?), "404");
    assert_eq!(client.names("Users", r#"userName eq "owner""#).await?, [""; 0]);
    let admin = app.administrator().await?;
    let kept = admin.get(&format!("/v1/employees/{}", owner.employee_id)).await?.ok()?;
    assert_eq!(kept["state"], "EMPLOYEE_STATE_DISABLED");
    app.until("the session is over", async || {
        owner.get("/v1/profile").await.is_ok_and(|answer| answer.status.as_u16() == 401)
    })
    .await?;
    let back = client.create("Users", json!({"userName": "OWNER", "displayName": "老王"})).await?;
    assert_eq!((&back["id"], &back["active"]), (&json!(owner.employee_id), &json!(true)));
    app.stop().await
}

#[tokio::test]
async fn lists_are_filtered_sorted_and_read_in_parts() -> Result<()> {
    let app = TestApp::start().await?;
    let client = Client::of(&app).await?;
    for (name, email, active) in
        [("anna", "anna@a.example", true), ("bert", "bert@b.example", false), ("carl", "", true)]
    {
        let emails = if email.is_empty() { json!([]) } else { json!([{"value": email, "type": "work"}]) };
        let user = json!({"userName": name, "externalId": format!("x-{name}"), "active": active, "emails": emails});
        client.create("Users", user).await?;
    }
    for (filter, expected) in [
        (r#"userName eq "ANNA""#, vec!["anna"]),
        (r#"userName sw "b" or userName ew "L""#, vec!["bert", "carl"]),
        (r#"userName ne "admin" and active eq true"#, vec!["anna", "carl"]),
        (r#"externalId eq "x-bert""#, vec!["bert"]),
        (r#"externalId eq "X-BERT""#, vec![]),
        (r#"emails[type eq "work" and value co "@a."]"#, vec!["anna"]),
        (r#"emails.value co "example" and not (active eq "False")"#, vec!["anna"]),
        (r#"externalId pr and not (emails pr)"#, vec!["carl"]),
        (r#"externalId pr and meta.created gt "2020-01-01T00:00:00Z" and userName gt "b""#, vec!["bert", "carl"]),
        (r#"urn:ietf:params:scim:schemas:core:2.0:User:userName eq "anna""#, vec!["anna"]),
        (r#"userName eq "' OR 1=1 --""#, vec![]),
        (r#"userName co "%""#, vec![]),
    ] {
        let mut found = client.names("Users", filter).await?;
        found.sort();
        assert_eq!(found, expected, "{filter}");
    }
    for filter in [
        "userName",
        r#"userName is "x""#,
        r#"password sw "a""#,
        r#"roles eq "x""#,
        "active gt true",
        "((((",
        r#"meta.created gt "x""#,
    ] {
        assert_eq!(fault(&client.find("Users", filter).await?), "400 invalidFilter", "{filter}");
    }
    let page =
        client.get("/Users?sortBy=userName&sortOrder=descending&startIndex=2&count=2&attributes=userName").await?;
    assert_eq!((&page["totalResults"], &page["startIndex"], &page["itemsPerPage"]), (&json!(4), &json!(2), &json!(2)));
    let second: Vec<Value> = page["Resources"].as_array().context("resources")?.clone();
    assert_eq!((&second[0]["userName"], &second[1]["userName"]), (&json!("bert"), &json!("anna")));
    assert_eq!(second[0].as_object().map(serde_json::Map::len), Some(3), "{}", second[0]);
    let none = client.get("/Users?count=0").await?;
    assert_eq!((&none["totalResults"], &none["Resources"]), (&json!(4), &json!([])));
    let without = client.get("/Users?excludedAttributes=emails,meta").await?;
    assert!(without["Resources"].as_array().into_iter().flatten().all(|user| user.get("meta").is_none()));
    for path in ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"] {
        assert!(client.get(path).await?["schemas"].is_array(), "{path}");
    }
    // What a list shows is found by itself as well, at the place that it names.
    for kind in ["/ResourceTypes", "/Schemas"] {
        let listed = client.get(kind).await?["Resources"].as_array().context("resources")?.clone();
        assert_eq!(listed.len(), 2, "{kind}");
        for resource in listed {
            let location = text(&resource["meta"]["location"]);
            assert_eq!(client.get(location.trim_start_matches("/scim/v2")).await?, resource);
        }
        assert_eq!(fault(&client.send(Method::GET, &format!("{kind}/urn:none"), None).await?), "404");
    }
    app.stop().await
}

#[tokio::test]
async fn a_group_has_the_members_that_the_client_gives_it() -> Result<()> {
    let app = TestApp::start().await?;
    let client = Client::of(&app).await?;
    let mut people = Vec::new();
    for name in ["anna", "bert"] {
        people.push(id(&client.create("Users", json!({"userName": name})).await?)?);
    }
    let body = json!({"displayName": "华东", "externalId": "g1", "members": [{"value": people[0]}]});
    let east = client.create("Groups", body).await?;
    assert_eq!(east["members"][0]["display"], "anna");
    assert_eq!(client.names("Groups", r#"displayName eq "华东""#).await?, ["华东"]);
    assert_eq!(client.names("Groups", &format!("members.value eq \"{}\"", people[0])).await?, ["华东"]);
    let body = json!({"displayName": "华东"});
    assert_eq!(fault(&client.send(Method::POST, "/Groups", Some(body)).await?), "409 uniqueness");
    let west = client.create("Groups", json!({"displayName": "华西"})).await?;
    let (east, west) = (format!("/Groups/{}", id(&east)?), format!("/Groups/{}", id(&west)?));

    let members = async |path: &str| -> Result<Vec<String>> {
        let group = client.get(path).await?;
        Ok(group["members"].as_array().into_iter().flatten().map(|member| text(&member["display"])).collect())
    };
    let both = json!([{"op": "Add", "path": "members", "value": [{"value": people[0]}, {"value": people[1]}]}]);
    client.patch(&west, both).await?.ok()?;
    assert_eq!((members(&west).await?, members(&east).await?), (vec!["anna".into(), "bert".into()], vec![]));
    let told: Value =
        sqlx::query_scalar("SELECT changes FROM identity.audit_entry WHERE record_id = $1 ORDER BY id DESC LIMIT 1")
            .bind(people[0].parse::<Uuid>()?)
            .fetch_one(&mut app.database().await?)
            .await?;
    assert_eq!(told, json!([{"field": "group", "before": "华东", "after": "华西"}]));
    let user = client.get(&format!("/Users/{}", people[0])).await?;
    assert_eq!(user["groups"][0]["display"], "华西");
    let filter = format!("members[value eq \"{}\"]", people[0]);
    client.patch(&west, json!([{"op": "remove", "path": filter}])).await?.ok()?;
    let gone = json!([{"op": "Remove", "path": "members", "value": [{"value": people[1]}]}]);
    client.patch(&west, gone).await?.ok()?;
    assert_eq!(members(&west).await?, [""; 0]);
    client.patch(&west, json!([{"op": "replace", "value": {"id": id(&user)?, "displayName": "西部"}}])).await?.ok()?;
    assert_eq!(client.get(&west).await?["displayName"], "西部");
    for stranger in [json!(Uuid::now_v7().to_string()), json!("x"), json!(7)] {
        let body = json!([{"op": "add", "path": "members", "value": [{"value": stranger}]}]);
        assert_eq!(fault(&client.patch(&west, body).await?), "400 invalidValue", "{stranger}");
    }
    assert_eq!(client.send(Method::DELETE, &west, None).await?.status.as_u16(), 204);
    assert_eq!(fault(&client.send(Method::GET, &west, None).await?), "404");
    let root = format!("/Groups/{}", app.root_group().await?);
    for method in [Method::GET, Method::DELETE] {
        assert_eq!(fault(&client.send(method, &root, None).await?), "404", "the root is the installation's own");
    }
    app.stop().await
}

#[tokio::test]
async fn a_change_of_what_the_client_has_not_seen_is_refused() -> Result<()> {
    let app = TestApp::start().await?;
    let client = Client::of(&app).await?;
    let config = client.get("/ServiceProviderConfig").await?;
    assert_eq!((&config["etag"]["supported"], &config["bulk"]["supported"]), (&json!(true), &json!(false)));
    let anna = id(&client.create("Users", json!({"userName": "anna"})).await?)?;
    let east = id(&client.create("Groups", json!({"displayName": "华东"})).await?)?;
    let version = async |path: &str| -> Result<String> {
        let shown = client.send(Method::GET, path, None).await?;
        let version = text(&shown.body["meta"]["version"]);
        assert_eq!(shown.headers["etag"].to_str()?, version);
        Ok(version)
    };
    let at = async |method: Method, path: &str, version: &str, body: Value| -> Result<Answer> {
        let request = client.0.request(method, &format!("/scim/v2{path}"))?.header("if-match", version);
        answer(if body.is_null() { request } else { request.json(&body) }).await
    };
    let (user, group) = (format!("/Users/{anna}"), format!("/Groups/{east}"));
    let rename = |name: &str| json!({"Operations": [{"op": "replace", "path": "displayName", "value": name}]});
    let whole = json!({"userName": "anna", "displayName": "whole"});

    let [seen, seen_group] = [version(&user).await?, version(&group).await?];
    assert_eq!(version(&user).await?, seen, "a look changes nothing");
    let changed = at(Method::PATCH, &user, &seen, rename("Anna")).await?;
    assert_eq!((changed.status.as_u16(), changed.headers["etag"].to_str()?), (200, version(&user).await?.as_str()));
    for (method, body) in [(Method::PATCH, rename("x")), (Method::PUT, whole.clone()), (Method::DELETE, json!(null))] {
        assert_eq!(fault(&at(method.clone(), &user, &seen, body).await?), "412", "{method}");
    }
    assert_eq!(client.get(&user).await?["displayName"], "Anna");
    // What the client alone calls a person, and who is in a group, is part of a version as well.
    let now = version(&user).await?;
    client.patch(&user, json!([{"op": "add", "path": "externalId", "value": "x"}])).await?.ok()?;
    assert_ne!(version(&user).await?, now);
    client.patch(&group, json!([{"op": "add", "path": "members", "value": [{"value": anna}]}])).await?.ok()?;
    for (method, body) in [(Method::PATCH, rename("x")), (Method::DELETE, json!(null))] {
        assert_eq!(fault(&at(method.clone(), &group, &seen_group, body).await?), "412", "{method}");
    }
    for (path, faulty) in [(&user, ""), (&group, ""), (&group, " "), (&group, "é")] {
        assert_eq!(at(Method::DELETE, path, faulty, json!(null)).await?.status.as_u16(), 400, "{faulty:?}");
    }
    // Any of several, a strong spelling of the same, and whatever there is.
    let strong = version(&group).await?.trim_start_matches("W/").to_owned();
    at(Method::PATCH, &group, &format!("W/\"other\", {strong}"), rename("华北")).await?.ok()?;
    at(Method::PUT, &user, "*", whole).await?.ok()?;
    let last = version(&user).await?;
    assert_eq!(at(Method::DELETE, &user, &last, json!(null)).await?.status.as_u16(), 204);
    assert_eq!(fault(&at(Method::DELETE, &user, "*", json!(null)).await?), "404");
    app.stop().await
}

#[tokio::test]
async fn provisioning_gives_nobody_a_role_and_takes_over_nobody_who_gives_them() -> Result<()> {
    let app = TestApp::start().await?;
    let client = Client::of(&app).await?;
    let admin = app.administrator().await?;
    let roles = admin.get("/v1/roles?pageSize=200").await?.ok()?;
    let administrator = text(&roles["roles"][0]["id"]);
    let mut escalating = lilei();
    escalating["roles"] = json!([{"value": administrator, "primary": true}]);
    escalating["roleIds"] = json!([administrator]);
    escalating["entitlements"] = json!([{"value": "administrator"}]);
    let created = client.create("Users", escalating).await?;
    let path = format!("/Users/{}", id(&created)?);
    for operation in [
        json!({"op": "add", "path": "roles", "value": [{"value": administrator}]}),
        json!({"op": "add", "path": "roleIds", "value": [administrator]}),
        json!({"op": "replace", "value": {"role_ids": [administrator], "groups": [], "id": admin.employee_id}}),
        json!({"op": "add", "path": "kind", "value": 2}),
    ] {
        client.patch(&path, json!([operation])).await?.ok()?;
    }
    let employee = admin.get(&format!("/v1/employees/{}", id(&created)?)).await?.ok()?;
    assert_eq!(employee["roleIds"], json!([]));

    // Who gives roles keeps name and address; the last administrator stays.
    let path = format!("/Users/{}", admin.employee_id);
    for operation in [
        json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": "thief@example.com"}),
        json!({"op": "replace", "path": "userName", "value": "thief"}),
        json!({"op": "replace", "path": "displayName", "value": "thief"}),
    ] {
        assert_eq!(fault(&client.patch(&path, json!([operation])).await?), "403", "{operation}");
    }
    let disabled = json!([{"op": "replace", "path": "active", "value": false}]);
    assert_eq!(fault(&client.patch(&path, disabled.clone()).await?), "400 invalidValue");
    assert_eq!(fault(&client.send(Method::DELETE, &path, None).await?), "400 invalidValue");
    // With another one there it may go, and does not come back this way.
    let second = app.employee("second", &app.root_group().await?, &["administrator"]).await?;
    let path = format!("/Users/{}", second.employee_id);
    client.patch(&path, disabled).await?.ok()?;
    let back = json!([{"op": "replace", "path": "active", "value": true}]);
    assert_eq!(fault(&client.patch(&path, back).await?), "403");

    // Machines are no users, and nobody provisions without the permission.
    let accounts = admin.get("/v1/serviceAccounts").await?.ok()?;
    let machine = id(&accounts["serviceAccounts"][0])?;
    assert_eq!(fault(&client.send(Method::GET, &format!("/Users/{machine}"), None).await?), "404");
    client.0.get("/v1/employees").await?.refused(403, "PERMISSION_DENIED")?;
    let salesperson = Client(app.employee("sales", &app.root_group().await?, &["salesperson"]).await?);
    assert_eq!(fault(&salesperson.send(Method::GET, "/Users", None).await?), "403");
    assert_eq!(fault(&Client(app.anonymous()).send(Method::GET, "/Users", None).await?), "401");
    let plain = client.0.request(Method::POST, "/scim/v2/Users")?.header("content-type", "text/plain").body("{}");
    assert_eq!(fault(&answer(plain).await?), "415");
    let broken = client.0.request(Method::POST, "/scim/v2/Users")?.header("content-type", "application/json").body("{");
    assert_eq!(fault(&answer(broken).await?), "400 invalidSyntax");
    let list = client.0.request(Method::POST, "/scim/v2/Users")?.json(&json!([1]));
    assert_eq!(fault(&answer(list).await?), "400 invalidSyntax");
    app.stop().await
}
