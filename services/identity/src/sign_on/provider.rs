//! The OpenID Connect side, over the crate `openidconnect`: discovery, which is kept for a while, the address to send a
//! browser to, and the exchange of a code for a verified ID token. A key that is not known makes us look for new ones, though
//! not every time.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreRevocableToken,
    CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AuthType, AuthorizationCode, ClaimsVerificationError, ClientId, ClientSecret, CsrfToken,
    EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet, IdTokenFields, IssuerUrl, LogoutRequest,
    Nonce, PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RequestTokenError, Scope, SignatureVerificationError, StandardErrorResponse, StandardTokenResponse,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::rules::{self, Person};
use crate::config::Config;
use crate::identity_provider::store::Stored;

const PATIENCE: Duration = Duration::from_secs(10);
const LARGEST_ANSWER: usize = 1024 * 1024;
/// How long a discovery document and its keys are good.
const KEPT: Duration = Duration::from_secs(60 * 60);

/// Signatures that only the provider can make; those by a shared secret are left out, and `none` of course.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

type Request = http::Request<Vec<u8>>;
type Response = http::Response<Vec<u8>>;

/// Claims besides the standard ones, among them the groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Others {
    #[serde(flatten)]
    claims: Map<String, Value>,
}

impl AdditionalClaims for Others {}

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Others,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

type Client = openidconnect::Client<
    Others,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Why a provider's word was not had, or not taken.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error("the provider does not answer: {0:#}")]
    Unavailable(anyhow::Error),
    /// With what did not hold, for the audit trail.
    #[error("refused ({0}): {1:#}")]
    Refused(&'static str, anyhow::Error),
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Unavailable(error.into())
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> Fault {
    Fault::Refused("PROVIDER", error.into())
}

fn untrusted(error: ClaimsVerificationError) -> Fault {
    let why = match &error {
        ClaimsVerificationError::Expired(_) => "EXPIRED",
        ClaimsVerificationError::InvalidAudience(_) => "AUDIENCE",
        ClaimsVerificationError::InvalidIssuer(_) => "ISSUER",
        ClaimsVerificationError::InvalidNonce(_) => "NONCE",
        ClaimsVerificationError::SignatureVerification(_) => "SIGNATURE",
        _ => "TOKEN",
    };
    Fault::Refused(why, error.into())
}

/// A sign-on that begins.
pub struct Begun {
    pub authorization_url: String,
    pub state: String,
    pub nonce: String,
    pub code_verifier: String,
}

struct Known {
    revision: i64,
    at: Instant,
    metadata: Arc<ProviderMetadataWithLogout>,
}

pub struct Providers {
    redirect_uri: String,
    /// How soon keys are looked for again.
    keys_kept: Duration,
    http: Arc<Http>,
    known: Mutex<HashMap<Uuid, Known>>,
}

impl Providers {
    pub fn new(config: &Config) -> Self {
        Self {
            redirect_uri: config.redirect_uri(),
            keys_kept: Duration::from_secs(config.provider_keys_seconds.into()),
            http: Arc::new(Http { insecure_permitted: config.allow_insecure_providers, client: OnceLock::new() }),
            known: Mutex::default(),
        }
    }

    /// Makes up what protects a sign-on, and the address to send the browser to.
    pub async fn begin(&self, provider: &Stored) -> Result<Begun, Fault> {
        let metadata = self.metadata(provider, KEPT).await?;
        let client = self.client(&metadata, provider, "")?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let scopes = provider.provider.scopes.iter().filter(|scope| *scope != "openid");
        let (url, state, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new_random_len(32),
                || Nonce::new_random_len(32),
            )
            .add_scopes(scopes.map(|scope| Scope::new(scope.clone())))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Begun {
            authorization_url: url.into(),
            state: state.secret().clone(),
            nonce: nonce.secret().clone(),
            code_verifier: verifier.secret().clone(),
        })
    }

    /// Exchanges a code for an ID token and takes its word where all of it holds.
    pub async fn complete(
        &self,
        provider: &Stored,
        client_secret: &str,
        code: String,
        nonce: String,
        code_verifier: String,
    ) -> Result<Person, Fault> {
        let metadata = self.metadata(provider, KEPT).await?;
        let client = self.client(&metadata, provider, client_secret)?;
        let send = self.http.sender();
        let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(refused)?;
        let tokens = exchange.set_pkce_verifier(PkceCodeVerifier::new(code_verifier)).request_async(&send).await;
        let tokens = tokens.map_err(|error| match error {
            RequestTokenError::Request(error) => unavailable(error),
            error => Fault::Refused("CODE", error.into()),
        })?;
        let nonce = Nonce::new(nonce);
        match person(&client, &tokens, &nonce, &provider.provider.group_claim) {
            Err(ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey)) => {
                let metadata = self.metadata(provider, self.keys_kept).await?;
                let client = self.client(&metadata, provider, client_secret)?;
                person(&client, &tokens, &nonce, &provider.provider.group_claim).map_err(untrusted)
            }
            other => other.map_err(untrusted),
        }
    }

    /// Where a session ends at the provider, for one that knows how.
    pub async fn sign_out_url(&self, provider: &Stored, return_to: &str) -> Option<String> {
        let metadata = self.metadata(provider, KEPT).await.ok()?;
        let endpoint = metadata.additional_metadata().end_session_endpoint.clone()?;
        let request = LogoutRequest::from(endpoint)
            .set_client_id(ClientId::new(provider.provider.client_id.clone()))
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(return_to.to_owned()).ok()?);
        Some(request.http_get_url().into())
    }

    /// What the provider says of itself, no older than this. One that does not answer is believed a while longer.
    async fn metadata(&self, provider: &Stored, at_most: Duration) -> Result<Arc<ProviderMetadataWithLogout>, Fault> {
        let known = {
            let known = self.known.lock().await;
            let fitting = known.get(&provider.id).filter(|known| known.revision == provider.revision);
            fitting.map(|known| (known.at.elapsed(), known.metadata.clone()))
        };
        if let Some((age, metadata)) = &known
            && *age < at_most
        {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(provider.provider.issuer.clone()).map_err(refused)?;
        let send = self.http.sender();
        match ProviderMetadataWithLogout::discover_async(issuer, &send).await {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                let entry = Known { revision: provider.revision, at: Instant::now(), metadata: metadata.clone() };
                self.known.lock().await.insert(provider.id, entry);
                Ok(metadata)
            }
            Err(error) => match known {
                Some((_, metadata)) => Ok(metadata),
                None => Err(unavailable(error)),
            },
        }
    }

    fn client(
        &self,
        metadata: &ProviderMetadataWithLogout,
        provider: &Stored,
        client_secret: &str,
    ) -> Result<Client, Fault> {
        let secret = (!client_secret.is_empty()).then(|| ClientSecret::new(client_secret.to_owned()));
        let id = ClientId::new(provider.provider.client_id.clone());
        let redirect = RedirectUrl::new(self.redirect_uri.clone()).map_err(refused)?;
        let methods = metadata.token_endpoint_auth_methods_supported();
        let in_body = methods.is_some_and(|methods| {
            methods.contains(&CoreClientAuthMethod::ClientSecretPost)
                && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
        });
        let auth_type = if in_body { AuthType::RequestBody } else { AuthType::BasicAuth };
        let client = Client::from_provider_metadata(metadata.clone(), id, secret);
        Ok(client.set_redirect_uri(redirect).set_auth_type(auth_type))
    }
}

/// Issuer, audience, authorized party, nonce, times, algorithm and signature are the verifier's business.
fn person(
    client: &Client,
    tokens: &Tokens,
    nonce: &Nonce,
    group_claim: &str,
) -> Result<Person, ClaimsVerificationError> {
    let missing = || ClaimsVerificationError::Other("no ID token".to_owned());
    let token = tokens.extra_fields().id_token().ok_or_else(missing)?;
    let claims = token.claims(&client.id_token_verifier().set_allowed_algs(ALGORITHMS), nonce)?;
    let name = claims.name().and_then(|names| names.get(None).or_else(|| names.iter().next().map(|(_, name)| name)));
    Ok(Person {
        subject: claims.subject().to_string(),
        display_name: name.map(|name| name.to_string()).unwrap_or_default(),
        preferred_name: claims.preferred_username().map(|name| name.to_string()).unwrap_or_default(),
        email: claims.email().map(|email| email.to_string()).unwrap_or_default(),
        email_verified: claims.email_verified().unwrap_or_default(),
        groups: rules::groups(&claims.additional_claims().claims, group_claim),
        second_factor: rules::second_factor(
            claims.auth_method_refs().into_iter().flatten().map(|method| method.as_str()),
            claims.auth_context_ref().map(|class| class.as_str()),
        ),
    })
}

/// Follows no redirect, reads no long answer, and speaks plain HTTP only where that is permitted.
struct Http {
    insecure_permitted: bool,
    client: OnceLock<HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HttpFault(String);

impl Http {
    fn client(&self) -> Result<&HttpClient<HttpsConnector<HttpConnector>, Full<Bytes>>, HttpFault> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let connector = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(rustls::crypto::ring::default_provider())
            .map_err(|error| HttpFault(format!("certificates: {error}")))?;
        let connector = if self.insecure_permitted { connector.https_or_http() } else { connector.https_only() };
        let client = HttpClient::builder(TokioExecutor::new()).build(connector.enable_http1().build());
        Ok(self.client.get_or_init(|| client))
    }

    /// As the crate wants it: owned all through, since its futures are to be sent between threads.
    fn sender(self: &Arc<Self>) -> impl Fn(Request) -> BoxFuture<'static, Result<Response, HttpFault>> + use<> {
        let http = self.clone();
        move |request| {
            let http = http.clone();
            async move { http.send(request).await }.boxed()
        }
    }

    async fn send(&self, request: Request) -> Result<Response, HttpFault> {
        let fault = |error: &dyn std::error::Error| HttpFault(error.to_string());
        let request = request.map(|body| Full::new(Bytes::from(body)));
        let exchange = async {
            let response = self.client()?.request(request).await.map_err(|error| fault(&error))?;
            let (parts, body) = response.into_parts();
            let body = Limited::new(body, LARGEST_ANSWER).collect().await;
            let body = body.map_err(|error| HttpFault(error.to_string()))?.to_bytes().to_vec();
            Ok(http::Response::from_parts(parts, body))
        };
        let answer = tokio::time::timeout(PATIENCE, exchange).await;
        answer.unwrap_or_else(|_| Err(HttpFault("no answer in time".to_owned())))
    }
}
