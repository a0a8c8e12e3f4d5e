//! Web Authentication for the installation's own address. Options and answers travel as the JSON that browsers make and
//! take themselves.

use platform::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, CredentialID, DiscoverableAuthentication, Passkey, PasskeyAuthentication,
    PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Webauthn, WebauthnBuilder,
};

use crate::config::public_url;
use crate::error;

/// Nothing where the address is no name: browsers make no passkeys there.
pub struct Passkeys(Option<Webauthn>);

/// What a browser is given, and what has to be kept to check its answer.
pub struct Started {
    pub options_json: String,
    pub state: Value,
}

impl Passkeys {
    pub fn new(address: &str) -> anyhow::Result<Self> {
        let origin = public_url(address).map_err(|fault| anyhow::anyhow!("identity.public_url: {fault}"))?;
        let Some(host) = origin.domain() else { return Ok(Self(None)) };
        Ok(Self(Some(WebauthnBuilder::new(host, &origin)?.rp_name("Changke").build()?)))
    }

    pub fn available(&self) -> bool {
        self.0.is_some()
    }

    fn webauthn(&self) -> Result<&Webauthn> {
        self.0.as_ref().ok_or_else(|| Error::failed_precondition(&error::PASSKEYS_UNAVAILABLE))
    }

    pub fn start_registration(
        &self,
        employee_id: Uuid,
        login_name: &str,
        display_name: &str,
        known: Vec<CredentialID>,
    ) -> Result<Started> {
        let webauthn = self.webauthn()?;
        let started = webauthn.start_passkey_registration(employee_id, login_name, display_name, Some(known));
        let (options, state) = started.map_err(Error::internal)?;
        let mut options = json(&options)?["publicKey"].take();
        // One that the device can name by itself opens the door without a login name.
        options["authenticatorSelection"]["residentKey"] = "preferred".into();
        Ok(Started { options_json: options.to_string(), state: json(&state)? })
    }

    /// The passkey that a browser has made; nothing when its answer doesn't hold.
    pub fn finish_registration(&self, state: Value, credential_json: &str) -> Result<Option<Passkey>> {
        let state: PasskeyRegistration = stored(state)?;
        let Ok(answer) = serde_json::from_str::<RegisterPublicKeyCredential>(credential_json) else { return Ok(None) };
        Ok(self.webauthn()?.finish_passkey_registration(&answer, &state).ok())
    }

    pub fn start_authentication(&self, passkeys: &[Passkey]) -> Result<Started> {
        let (options, state) = self.webauthn()?.start_passkey_authentication(passkeys).map_err(Error::internal)?;
        Ok(Started { options_json: json(&options)?["publicKey"].to_string(), state: json(&state)? })
    }

    pub fn finish_authentication(
        &self,
        state: Value,
        answer: &PublicKeyCredential,
    ) -> Result<Option<AuthenticationResult>> {
        let state: PasskeyAuthentication = stored(state)?;
        Ok(self.webauthn()?.finish_passkey_authentication(answer, &state).ok())
    }

    /// For a sign-in by whatever passkey the device offers.
    pub fn start_discovery(&self) -> Result<Started> {
        let (options, state) = self.webauthn()?.start_discoverable_authentication().map_err(Error::internal)?;
        Ok(Started { options_json: json(&options)?["publicKey"].to_string(), state: json(&state)? })
    }

    /// Whose passkey a device offers: employee and passkey id.
    pub fn discovered<'a>(&self, answer: &'a PublicKeyCredential) -> Option<(Uuid, &'a [u8])> {
        self.0.as_ref()?.identify_discoverable_authentication(answer).ok()
    }

    pub fn finish_discovery(
        &self,
        state: Value,
        answer: &PublicKeyCredential,
        passkey: &Passkey,
    ) -> Result<Option<AuthenticationResult>> {
        let state: DiscoverableAuthentication = stored(state)?;
        Ok(self.webauthn()?.finish_discoverable_authentication_v2(answer, state, passkey).ok())
    }
}

/// What a browser answers with; nothing when it is something else.
pub fn answer(credential_json: &str) -> Option<PublicKeyCredential> {
    serde_json::from_str(credential_json).ok()
}

fn json(value: &impl Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(Error::internal)
}

fn stored<T: DeserializeOwned>(state: Value) -> Result<T> {
    serde_json::from_value(state).map_err(Error::internal)
}
