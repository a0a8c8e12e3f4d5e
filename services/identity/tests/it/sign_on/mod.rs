//! Single sign-on against a real OpenID Connect provider (npm `oidc-provider`, in `tests/provider`).

mod factors;
mod failures;
mod provider;

use contracts::identity as proto;
use contracts::identity::identity_provider_service_client::IdentityProviderServiceClient;
use contracts::identity::single_sign_on_service_client::SingleSignOnServiceClient;
use contracts::identity::{IdentityProvider, RoleMapping};
use platform::service::Upstream;
use serde_json::{Value, json};
use tonic::Status;

use provider::{CLIENT_SECRET, Callback, PUBLIC_URL, Provider};

use crate::stage::{ADMIN, MANAGER, SALES, Session, Stage, mask, refused, stage_with};

fn sign_on(stage: &Stage) -> SingleSignOnServiceClient<Upstream> {
    SingleSignOnServiceClient::new(stage.identity.clone())
}

fn providers(stage: &Stage) -> IdentityProviderServiceClient<Upstream> {
    IdentityProviderServiceClient::new(stage.identity.clone())
}

async fn the_stage(people: &[(&str, &str, &[&str])]) -> Stage {
    the_stage_with_keys_kept(people, 60).await
}

async fn the_stage_with_keys_kept(people: &[(&str, &str, &[&str])], seconds: u32) -> Stage {
    stage_with(&["east"], people, |config| {
        config.public_url = PUBLIC_URL.to_owned();
        config.allow_insecure_providers = true;
        config.provider_keys_seconds = seconds;
    })
    .await
}

async fn create(
    stage: &Stage,
    admin: &Session,
    provider: &Provider,
    adjust: impl FnOnce(&mut IdentityProvider),
) -> Result<IdentityProvider, Status> {
    let mut asked = IdentityProvider {
        name: "公司账号".into(),
        issuer: provider.issuer.clone(),
        client_id: "changke".into(),
        client_secret: CLIENT_SECRET.into(),
        scopes: ["profile", "email", "groups"].map(String::from).to_vec(),
        group_claim: "groups".into(),
        enabled: true,
        ..Default::default()
    };
    adjust(&mut asked);
    let request = proto::CreateIdentityProviderRequest { identity_provider: Some(asked) };
    Ok(providers(stage).create_identity_provider(admin.call(request)).await?.into_inner())
}

async fn start(stage: &Stage, provider_id: &str, return_to: &str) -> Result<proto::StartSignOnResponse, Status> {
    let request = proto::StartSignOnRequest { provider_id: provider_id.into(), return_to: return_to.into() };
    Ok(sign_on(stage).start_sign_on(request).await?.into_inner())
}

async fn complete(stage: &Stage, callback: &Callback) -> Result<proto::CompleteSignOnResponse, Status> {
    let request = proto::CompleteSignOnRequest {
        state: callback.state.clone(),
        code: callback.code.clone(),
        browser_secret: callback.browser_secret.clone(),
        device: "test".into(),
    };
    Ok(sign_on(stage).complete_sign_on(request).await?.into_inner())
}

/// The whole way.
async fn come_in(stage: &Stage, provider: &Provider, id: &str) -> Result<Session, Status> {
    let started = start(stage, id, "/customers").await?;
    let reply = complete(stage, &provider.authorize(&started).await).await?;
    assert_eq!(reply.return_to, "/customers");
    Ok(Session {
        access_token: reply.access_token,
        refresh_token: reply.refresh_token,
        password_change_required: reply.password_change_required,
    })
}

async fn me(stage: &Stage, session: &Session) -> proto::Profile {
    stage.profiles().get_profile(session.call(proto::GetProfileRequest {})).await.unwrap().into_inner()
}

fn lilei(groups: &[&str]) -> Value {
    json!({"sub": "p-1", "name": "李雷", "preferred_username": "li.lei", "email": "lilei@example.com",
           "email_verified": true, "groups": groups})
}

#[tokio::test]
async fn a_newcomer_comes_in_with_the_roles_of_the_groups_and_keeps_in_step() {
    let provider = Provider::start().await;
    let stage = the_stage(&[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let mapping = async |group: &str, preset: &str| RoleMapping {
        provider_group: group.into(),
        role_id: stage.role_id(preset).await,
    };
    let mappings = vec![mapping("crm-sales", SALES).await, mapping("crm-boss", MANAGER).await];
    let east = stage.group("east");
    let made = create(&stage, &admin, &provider, |asked| {
        asked.role_mappings = mappings;
        asked.default_group_id = east.clone();
        asked.create_employees = true;
    })
    .await
    .unwrap();
    assert_eq!((made.client_secret.as_str(), made.client_secret_set), ("", true));
    assert_eq!(made.redirect_uri, format!("{PUBLIC_URL}/sign-on/callback"));
    let kept: Vec<u8> =
        sqlx::query_scalar("SELECT client_secret FROM identity_provider").fetch_one(stage.db.pool()).await.unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains(CLIENT_SECRET));
    let request = proto::ListSignOnOptionsRequest::default();
    let options = sign_on(&stage).list_sign_on_options(request).await.unwrap().into_inner().options;
    assert_eq!(options, [proto::SignOnOption { provider_id: made.id.clone(), name: "公司账号".into() }]);

    provider.present(lilei(&["crm-sales", "other"])).await;
    let session = come_in(&stage, &provider, &made.id).await.unwrap();
    let profile = me(&stage, &session).await;
    assert_eq!((profile.login_name.as_str(), profile.display_name.as_str()), ("li.lei", "李雷"));
    assert_eq!((profile.email.as_str(), profile.group_id.as_str()), ("lilei@example.com", east.as_str()));
    assert_eq!(profile.role_names, ["销售"]);
    assert!(!session.password_change_required);

    // A role that no mapping names stays; those that mappings name follow the groups.
    let get = proto::GetEmployeeRequest { id: profile.id.clone() };
    let present = stage.employees().get_employee(admin.call(get)).await.unwrap().into_inner();
    let mut role_ids = present.role_ids.clone();
    role_ids.push(stage.role_id("analyst").await);
    let request = proto::UpdateEmployeeRequest {
        employee: Some(proto::Employee { role_ids, ..present }),
        update_mask: mask(&["role_ids"]),
    };
    stage.employees().update_employee(admin.call(request)).await.unwrap();
    provider.present(lilei(&["crm-boss"])).await;
    let session = come_in(&stage, &provider, &made.id).await.unwrap();
    let mut roles = me(&stage, &session).await.role_names;
    roles.sort();
    assert_eq!(roles, ["分析员", "经理"]);
    let actions: Vec<String> = stage.audit(&profile.id).await.into_iter().map(|(action, _)| action).collect();
    for action in ["employee.created", "employee.signed_on", "employee.roles_synchronised"] {
        assert!(actions.iter().any(|found| found == action), "{action} in {actions:?}");
    }

    // The session ends at the provider as well.
    let reply = stage.authentication().sign_out(session.call(proto::SignOutRequest {})).await.unwrap().into_inner();
    let url = &reply.provider_sign_out_url;
    assert!(url.starts_with(&format!("{}/session/end?", provider.issuer)), "{url}");
    assert!(url.contains("client_id=changke") && url.contains("console.test%2Fsign-in"), "{url}");
    let reply = stage.authentication().sign_out(admin.call(proto::SignOutRequest {})).await.unwrap().into_inner();
    assert_eq!(reply.provider_sign_out_url, "");
}

#[tokio::test]
async fn nothing_but_the_whole_way_leads_in() {
    let provider = Provider::start().await;
    let stage = the_stage(&[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let made = create(&stage, &admin, &provider, |asked| asked.create_employees = true).await.unwrap();
    provider.present(lilei(&[])).await;
    let begin = async || start(&stage, &made.id, "").await.unwrap();

    // Another browser, with all that the provider sent back; the attempt uses the flow up.
    let started = begin().await;
    let stolen = provider.authorize(&started).await;
    let other = Callback { browser_secret: begin().await.browser_secret, ..stolen };
    assert_eq!(refused(complete(&stage, &other).await), "SIGN_ON_FAILED");
    let late = Callback { browser_secret: started.browser_secret, ..other };
    assert_eq!(refused(complete(&stage, &late).await), "SIGN_ON_FAILED");

    // A state that nobody began, and one of another flow.
    let callback = provider.authorize(&begin().await).await;
    let made_up = Callback { state: "made-up".into(), code: callback.code.clone(), browser_secret: "x".into() };
    assert_eq!(refused(complete(&stage, &made_up).await), "SIGN_ON_FAILED");
    let another = begin().await;
    let crossed = Callback {
        state: provider.authorize(&another).await.state,
        code: callback.code.clone(),
        browser_secret: another.browser_secret,
    };
    assert_eq!(refused(complete(&stage, &crossed).await), "SIGN_ON_FAILED", "a code of another challenge");

    // A nonce and a challenge that are not ours.
    for parameter in ["nonce=", "code_challenge="] {
        let started = begin().await;
        let (before, rest) = started.authorization_url.split_once(parameter).unwrap();
        let (value, after) = rest.split_at(rest.find('&').unwrap_or(rest.len()));
        let mut other = value.to_owned();
        other.replace_range(0..1, if value.starts_with('A') { "B" } else { "A" });
        let url = format!("{before}{parameter}{other}{after}");
        let callback = provider.authorize_at(&url, &started.browser_secret).await;
        assert_eq!(refused(complete(&stage, &callback).await), "SIGN_ON_FAILED", "{parameter}");
    }

    // Too late.
    let callback = provider.authorize(&begin().await).await;
    sqlx::query("UPDATE sign_on_flow SET expire_time = now()").execute(stage.db.pool()).await.unwrap();
    assert_eq!(refused(complete(&stage, &callback).await), "SIGN_ON_FAILED");

    // Once, and not twice.
    let callback = provider.authorize(&begin().await).await;
    complete(&stage, &callback).await.unwrap();
    assert_eq!(refused(complete(&stage, &callback).await), "SIGN_ON_FAILED");

    for hostile in ["https://evil.example", "//evil.example", "/\\evil.example", "evil"] {
        assert_eq!(refused(start(&stage, &made.id, hostile).await), "return_to: VALUE_INVALID", "{hostile}");
    }
    let url = begin().await.authorization_url;
    assert!(url.contains("redirect_uri=http%3A%2F%2Fconsole.test%2Fsign-on%2Fcallback"), "{url}");
    assert!(url.contains("code_challenge_method=S256") && !url.contains(CLIENT_SECRET), "{url}");
}

#[tokio::test]
async fn a_provider_may_change_its_keys_and_be_away_for_a_while() {
    let provider = Provider::start().await;
    let stage = the_stage(&[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let made = create(&stage, &admin, &provider, |asked| asked.create_employees = true).await.unwrap();
    provider.present(lilei(&[])).await;

    provider.control("down", json!({})).await;
    let unavailable = start(&stage, &made.id, "").await.unwrap_err();
    assert_eq!(unavailable.code(), tonic::Code::Unavailable);
    provider.control("up", json!({})).await;
    come_in(&stage, &provider, &made.id).await.unwrap();
    let callback = provider.authorize(&start(&stage, &made.id, "").await.unwrap()).await;
    provider.control("down", json!({})).await;
    assert_eq!(refused(complete(&stage, &callback).await), "PROVIDER_UNAVAILABLE");
    provider.control("up", json!({})).await;

    // New keys are looked for when a token bears one, though not every time that anybody makes one up.
    provider.control("rotate", json!({})).await;
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_FAILED");
    let get = proto::GetIdentityProviderRequest { id: made.id.clone() };
    let present = providers(&stage).get_identity_provider(admin.call(get)).await.unwrap().into_inner();
    let request = proto::UpdateIdentityProviderRequest {
        identity_provider: Some(IdentityProvider { trust_email: true, ..present.clone() }),
        update_mask: mask(&["trust_email"]),
    };
    providers(&stage).update_identity_provider(admin.call(request)).await.unwrap();
    come_in(&stage, &provider, &made.id).await.unwrap();

    // Another issuer knows other people: neither links nor the secret go there.
    let get = proto::GetIdentityProviderRequest { id: made.id.clone() };
    let present = providers(&stage).get_identity_provider(admin.call(get)).await.unwrap().into_inner();
    let request = proto::UpdateIdentityProviderRequest {
        identity_provider: Some(IdentityProvider { issuer: "http://127.0.0.1:9".into(), ..present }),
        update_mask: mask(&["issuer"]),
    };
    let moved = providers(&stage).update_identity_provider(admin.call(request)).await.unwrap().into_inner();
    assert!(!moved.client_secret_set);
    let links: i64 = sqlx::query_scalar("SELECT count(*) FROM sign_on_link").fetch_one(stage.db.pool()).await.unwrap();
    assert_eq!(links, 0);
}

#[tokio::test]
async fn a_key_that_is_not_known_is_looked_for() {
    let provider = Provider::start().await;
    let stage = the_stage_with_keys_kept(&[("admin", "", &[ADMIN])], 0).await;
    let admin = stage.sign_in("admin").await;
    let made = create(&stage, &admin, &provider, |asked| asked.create_employees = true).await.unwrap();
    provider.present(lilei(&[])).await;
    for _ in 0..2 {
        come_in(&stage, &provider, &made.id).await.unwrap();
        provider.control("rotate", json!({})).await;
    }
}

#[tokio::test]
async fn an_identity_is_linked_by_its_owner_or_by_an_address_that_is_proven() {
    let provider = Provider::start().await;
    let stage = the_stage(&[("admin", "", &[ADMIN]), ("lilei", "", &[SALES]), ("hanmei", "", &[SALES])]).await;
    let admin = stage.sign_in("admin").await;
    let made = create(&stage, &admin, &provider, |_| ()).await.unwrap();
    provider.present(lilei(&[])).await;
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_UNKNOWN");

    let owner = stage.sign_in("lilei").await;
    let thief = stage.sign_in("hanmei").await;
    let begin = async |session: &Session| {
        let request = proto::StartSignOnLinkRequest { provider_id: made.id.clone(), return_to: String::new() };
        sign_on(&stage).start_sign_on_link(session.call(request)).await.unwrap().into_inner()
    };
    let link = async |session: &Session, callback: &Callback| {
        let request = proto::CompleteSignOnLinkRequest {
            state: callback.state.clone(),
            code: callback.code.clone(),
            browser_secret: callback.browser_secret.clone(),
        };
        sign_on(&stage).complete_sign_on_link(session.call(request)).await.map(tonic::Response::into_inner)
    };
    // What one began, another can't complete, and it is no sign-on either.
    let callback = provider.authorize(&begin(&owner).await).await;
    assert_eq!(refused(link(&thief, &callback).await), "SIGN_ON_FAILED");
    let callback = provider.authorize(&begin(&owner).await).await;
    assert_eq!(refused(complete(&stage, &callback).await), "SIGN_ON_FAILED");
    let callback = provider.authorize(&start(&stage, &made.id, "").await.unwrap()).await;
    assert_eq!(refused(link(&owner, &callback).await), "SIGN_ON_FAILED");

    let callback = provider.authorize(&begin(&owner).await).await;
    let linked = link(&owner, &callback).await.unwrap();
    assert_eq!((linked.provider_name.as_str(), linked.email.as_str()), ("公司账号", "lilei@example.com"));
    let session = come_in(&stage, &provider, &made.id).await.unwrap();
    assert_eq!(me(&stage, &session).await.id, stage.id("lilei"));
    let callback = provider.authorize(&begin(&thief).await).await;
    assert_eq!(refused(link(&thief, &callback).await), "provider_id: SIGN_ON_LINK_TAKEN");
    let request = proto::DeleteSignOnLinkRequest { id: linked.id.clone() };
    assert_eq!(refused(sign_on(&stage).delete_sign_on_link(thief.call(request.clone())).await), "NOT_FOUND");
    let list = async |session: &Session| {
        let request = session.call(proto::ListSignOnLinksRequest::default());
        sign_on(&stage).list_sign_on_links(request).await.unwrap().into_inner().links.len()
    };
    assert_eq!((list(&owner).await, list(&thief).await), (1, 0));
    sign_on(&stage).delete_sign_on_link(owner.call(request)).await.unwrap();
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_UNKNOWN");

    // By address: only a verified one, and only of a provider that is trusted with that.
    sqlx::query("UPDATE employee SET email = 'LiLei@Example.com' WHERE login_name = 'lilei'")
        .execute(stage.db.pool())
        .await
        .unwrap();
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_UNKNOWN");
    let request = proto::UpdateIdentityProviderRequest {
        identity_provider: Some(IdentityProvider { trust_email: true, ..made.clone() }),
        update_mask: mask(&["trust_email"]),
    };
    providers(&stage).update_identity_provider(admin.call(request)).await.unwrap();
    let mut unproven = lilei(&[]);
    unproven["email_verified"] = json!(false);
    provider.present(unproven).await;
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_UNKNOWN");
    provider.present(lilei(&[])).await;
    // Whoever types another's address into the own profile is not taken for that person, and doesn't stand in the way.
    let own = me(&stage, &thief).await;
    let request = proto::UpdateProfileRequest {
        profile: Some(proto::Profile { email: "lilei@example.com".into(), ..own }),
        update_mask: mask(&["email"]),
    };
    stage.profiles().update_profile(thief.call(request)).await.unwrap();
    let session = come_in(&stage, &provider, &made.id).await.unwrap();
    assert_eq!(me(&stage, &session).await.id, stage.id("lilei"));
    let audited = stage.audit(&stage.id("lilei")).await;
    assert_eq!(audited.iter().filter(|(action, _)| action == "employee.sign_on_linked").count(), 2, "{audited:?}");
    // Somebody else with the same address at the provider is not taken for the same person.
    let mut other = lilei(&[]);
    other["sub"] = json!("p-2");
    provider.present(other).await;
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "provider_id: SIGN_ON_LINK_TAKEN");

    // Who is disabled here does not come in, whatever the provider says.
    provider.present(lilei(&[])).await;
    let request = proto::DisableEmployeeRequest { id: stage.id("lilei"), etag: String::new() };
    stage.employees().disable_employee(admin.call(request)).await.unwrap();
    assert_eq!(refused(come_in(&stage, &provider, &made.id).await), "SIGN_ON_FAILED");
}

#[tokio::test]
async fn the_last_administrator_stays_one_and_nobody_maps_to_more_than_they_hold() {
    let provider = Provider::start().await;
    let stage = the_stage(&[("admin", "", &[ADMIN])]).await;
    let admin = stage.sign_in("admin").await;
    let administrator = stage.role_id(ADMIN).await;
    let made = create(&stage, &admin, &provider, |asked| {
        asked.role_mappings = vec![RoleMapping { provider_group: "root".into(), role_id: administrator.clone() }];
        asked.trust_email = true;
    })
    .await
    .unwrap();
    sqlx::query("UPDATE employee SET email = 'lilei@example.com'").execute(stage.db.pool()).await.unwrap();
    provider.present(lilei(&[])).await;
    let session = come_in(&stage, &provider, &made.id).await.unwrap();
    assert_eq!(me(&stage, &session).await.role_names, ["管理员"]);

    let taken = create(&stage, &admin, &provider, |_| ()).await;
    assert_eq!(refused(taken), "identity_provider.name: PROVIDER_NAME_TAKEN");
    let unknown = create(&stage, &admin, &provider, |asked| {
        asked.name = "other".into();
        asked.role_mappings =
            vec![RoleMapping { provider_group: "x".into(), role_id: uuid::Uuid::now_v7().to_string() }];
    })
    .await;
    assert_eq!(refused(unknown), "identity_provider.role_mappings[0]: ROLE_UNKNOWN");
    // Somebody who sets up sign-on and nothing else.
    let role = proto::Role {
        name: "sign-on".into(),
        grants: vec![proto::Grant {
            permission: contracts::options::Permission::SignOnManage.into(),
            scope: contracts::options::Scope::All.into(),
            group_ids: Vec::new(),
        }],
        ..Default::default()
    };
    let request = proto::CreateRoleRequest { role: Some(role) };
    let role = stage.roles().create_role(admin.call(request)).await.unwrap().into_inner();
    let employee = proto::Employee {
        login_name: "setter".into(),
        display_name: "setter".into(),
        role_ids: vec![role.id],
        ..Default::default()
    };
    let request = proto::CreateEmployeeRequest { employee: Some(employee), invite: false };
    let created = stage.employees().create_employee(admin.call(request)).await.unwrap().into_inner();
    let newcomer = stage.try_sign_in("setter", &created.initial_password).await.unwrap();
    let request = proto::ChangePasswordRequest {
        current_password: created.initial_password,
        new_password: crate::stage::PASSWORD.into(),
    };
    stage.authentication().change_password(newcomer.call(request)).await.unwrap();
    let setter = stage.sign_in("setter").await;
    let escalation = create(&stage, &setter, &provider, |asked| {
        asked.name = "mine".into();
        asked.role_mappings = vec![RoleMapping { provider_group: "x".into(), role_id: administrator.clone() }];
    })
    .await;
    assert_eq!(refused(escalation), "ROLE_EXCEEDS_OWN");
    // Nor does anybody let a provider of their own say that they are an administrator.
    let trusting = create(&stage, &setter, &provider, |asked| {
        asked.name = "mine".into();
        asked.trust_email = true;
    })
    .await;
    assert_eq!(refused(trusting), "TRUST_TAKES_ADMINISTRATOR");
    let update = async |provider: IdentityProvider, path: &str| {
        let request =
            proto::UpdateIdentityProviderRequest { identity_provider: Some(provider), update_mask: mask(&[path]) };
        Ok(providers(&stage).update_identity_provider(setter.call(request)).await?.into_inner())
    };
    let own = create(&stage, &setter, &provider, |asked| asked.name = "mine".into()).await.unwrap();
    // One that maps no role, which would be reason enough.
    let trusted = create(&stage, &admin, &provider, |asked| {
        asked.name = "trusted".into();
        asked.trust_email = true;
    });
    let trusted = trusted.await.unwrap();
    for (changed, path) in [
        (IdentityProvider { trust_email: true, ..own }, "trust_email"),
        (IdentityProvider { issuer: "http://127.0.0.1:9".into(), ..trusted.clone() }, "issuer"),
        (IdentityProvider { client_id: "mine".into(), ..trusted.clone() }, "client_id"),
    ] {
        assert_eq!(refused(update(changed, path).await), "TRUST_TAKES_ADMINISTRATOR", "{path}");
    }
    let made = update(IdentityProvider { name: "公司".into(), ..made }, "name").await.unwrap();
    for path in ["id", "client_secret_set", "redirect_uri", "create_time"] {
        let request =
            proto::UpdateIdentityProviderRequest { identity_provider: Some(made.clone()), update_mask: mask(&[path]) };
        let refusal = refused(providers(&stage).update_identity_provider(setter.call(request)).await);
        assert_eq!(refusal, "update_mask: MASK_PATH_UNKNOWN", "{path}");
    }
}
