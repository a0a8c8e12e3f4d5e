//! Tokens: Ed25519-signed JWTs of employees (RFC 7519, RFC 8037), and short HS256 ones by which services know each other.
//! Each kind is checked with its one algorithm; what the token's header claims decides nothing.

use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const ISSUER: &str = "changke";
const SERVICE_AUDIENCE: &str = "changke-services";
const SERVICE_TOKEN_SECONDS: i64 = 60;

/// Claims of an employee's access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The employee.
    pub sub: Uuid,
    /// The session.
    pub sid: Uuid,
    pub iss: String,
    /// Seconds since the epoch.
    pub iat: i64,
    pub exp: i64,
    /// When the person last proved who they are (OpenID Connect); nothing for a machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// The provider of single sign-on has asked for a second factor.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second_factor: bool,
    /// Numbers of the permissions that the token is confined to; nothing where it stands for all of its holder's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<i32>>,
}

impl AccessClaims {
    /// Claims of our issuer; times in seconds since the epoch.
    pub fn new(employee: Uuid, session: Uuid, issued: i64, expires: i64, auth_time: Option<i64>) -> Self {
        Self {
            sub: employee,
            sid: session,
            iss: ISSUER.to_owned(),
            iat: issued,
            exp: expires,
            auth_time,
            second_factor: false,
            permissions: None,
        }
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    #[error("not a token of ours")]
    Invalid,
    #[error("signed by a key that is not known: {0}")]
    UnknownKey(String),
}

pub fn sign_access_token(
    key: &EncodingKey,
    kid: &str,
    claims: &AccessClaims,
) -> Result<String, jsonwebtoken::errors::Error> {
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, key)
}

pub fn verify_access_token(
    token: &str,
    key_of: impl FnOnce(&str) -> Option<DecodingKey>,
) -> Result<AccessClaims, TokenError> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
    let kid = header.kid.ok_or(TokenError::Invalid)?;
    let key = key_of(&kid).ok_or(TokenError::UnknownKey(kid))?;
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.leeway = 0;
    validation.set_issuer(&[ISSUER]);
    validation.set_required_spec_claims(&["exp", "sub", "iss"]);
    decode::<AccessClaims>(token, &key, &validation).map(|data| data.claims).map_err(|_| TokenError::Invalid)
}

#[derive(Serialize, Deserialize)]
struct ServiceClaims {
    sub: String,
    aud: String,
    exp: i64,
}

/// A token for a call that a service makes on its own behalf; sent as `authorization: Service TOKEN`.
pub(crate) fn sign_service_token(secret: &str, service: &str) -> Result<String, jsonwebtoken::errors::Error> {
    let claims = ServiceClaims {
        sub: service.to_owned(),
        aud: SERVICE_AUDIENCE.to_owned(),
        exp: Utc::now().timestamp() + SERVICE_TOKEN_SECONDS,
    };
    encode(&Header::new(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret.as_bytes()))
}

pub(crate) fn verify_service_token(token: &str, secret: &str) -> Result<String, TokenError> {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 5;
    validation.set_audience(&[SERVICE_AUDIENCE]);
    validation.set_required_spec_claims(&["exp", "aud", "sub"]);
    decode::<ServiceClaims>(token, &DecodingKey::from_secret(secret.as_bytes()), &validation)
        .map(|data| data.claims.sub)
        .map_err(|_| TokenError::Invalid)
}
