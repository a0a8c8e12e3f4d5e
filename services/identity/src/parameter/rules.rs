//! What parameters mean for this service, and which values don't go together.

use contracts::identity as proto;
use contracts::identity::ParameterType;
use platform::access::Policy;
use platform::parameters::{self as known, Kind, Parameter};

use crate::{Config, PasswordConfig};

/// The default of a parameter: the configuration's, where that has a setting of the same meaning.
pub fn default_of(parameter: &Parameter, config: &Config) -> String {
    let own = [
        (&known::PASSWORD_MIN_LENGTH, config.password.min_length.to_string()),
        (&known::PASSWORD_MIN_CHARACTER_KINDS, config.password.min_character_kinds.to_string()),
        (&known::PASSWORD_REFUSE_COMMON, config.password.refuse_common.to_string()),
        (&known::LOCK_OUT_FAILURES, config.lock_out_failures.to_string()),
        (&known::LOCK_OUT_SECONDS, config.lock_out_seconds.to_string()),
        (&known::SESSION_IDLE_SECONDS, config.refresh_token_seconds.to_string()),
        (&known::SESSION_SECONDS, config.session_seconds.to_string()),
    ];
    let own = own.into_iter().find(|(of, _)| of.name == parameter.name);
    own.map_or_else(|| parameter.default.to_owned(), |(_, default)| default)
}

/// The configuration with the parameters that were set.
pub fn settings(config: &Config, policy: &Policy) -> Config {
    // The key is not a setting, and need not be copied about.
    let mut settings = Config { signing_key: String::new(), ..config.clone() };
    let number = |parameter: &'static Parameter, own: u32| {
        parameter.set(policy).and_then(|value| value.parse().ok()).unwrap_or(own)
    };
    settings.password = PasswordConfig {
        min_length: number(&known::PASSWORD_MIN_LENGTH, config.password.min_length),
        min_character_kinds: number(&known::PASSWORD_MIN_CHARACTER_KINDS, config.password.min_character_kinds),
        refuse_common: known::PASSWORD_REFUSE_COMMON
            .set(policy)
            .map_or(config.password.refuse_common, |value| value == "true"),
        ..config.password.clone()
    };
    settings.lock_out_failures = number(&known::LOCK_OUT_FAILURES, config.lock_out_failures);
    settings.lock_out_seconds = number(&known::LOCK_OUT_SECONDS, config.lock_out_seconds);
    settings.refresh_token_seconds = number(&known::SESSION_IDLE_SECONDS, config.refresh_token_seconds);
    settings.session_seconds = number(&known::SESSION_SECONDS, config.session_seconds);
    settings
}

/// Whether values go together: a session can't be idle for longer than it lives, and lives longer than its tokens.
pub fn consistent(value_of: impl Fn(&Parameter) -> String, config: &Config) -> bool {
    let number = |parameter| value_of(parameter).parse::<i64>().unwrap_or_default();
    let idle = number(&known::SESSION_IDLE_SECONDS);
    idle > i64::from(config.access_token_seconds) && idle <= number(&known::SESSION_SECONDS)
}

/// A parameter without its value.
pub fn described(parameter: &Parameter) -> proto::Parameter {
    let mut described = proto::Parameter {
        name: parameter.name.to_owned(),
        description_zh: parameter.zh.to_owned(),
        description_en: parameter.en.to_owned(),
        ..proto::Parameter::default()
    };
    let kind = match parameter.kind {
        Kind::Integer { min, max } => {
            (described.min, described.max) = (min, max);
            ParameterType::Integer
        }
        Kind::Retention { max, .. } => {
            described.max = max;
            ParameterType::Integer
        }
        Kind::Text { max } => {
            described.max_length = i32::try_from(max).unwrap_or(i32::MAX);
            ParameterType::Text
        }
        Kind::Boolean => ParameterType::Boolean,
        Kind::Choice(choices) => {
            described.choices = choices.iter().map(ToString::to_string).collect();
            ParameterType::Choice
        }
    };
    described.set_type(kind);
    described
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(values: &[(&str, &str)]) -> Policy {
        let parameters =
            values.iter().map(|(name, value)| proto::PolicyParameter { name: (*name).into(), value: (*value).into() });
        let parameters = Some(proto::PolicyParameters { parameters: parameters.collect() });
        Policy::default().with(proto::PolicyUpdate { parameters, ..Default::default() }, 0)
    }

    #[test]
    fn what_is_set_goes_before_the_configuration() {
        let config = Config { lock_out_failures: 7, ..Config::default() };
        assert_eq!(settings(&config, &policy(&[])).lock_out_failures, 7);
        assert_eq!(default_of(&known::LOCK_OUT_FAILURES, &config), "7");
        let policy = policy(&[("sign_in.lock_out_failures", "3"), ("password.refuse_common", "false")]);
        let settings = settings(&config, &policy);
        assert_eq!((settings.lock_out_failures, settings.password.refuse_common), (3, false));
        assert_eq!(settings.session_seconds, config.session_seconds);
    }

    #[test]
    fn the_defaults_are_those_of_the_configuration_and_go_together() {
        let config = Config::default();
        for parameter in known::ALL {
            assert_eq!(default_of(parameter, &config), parameter.default, "{}", parameter.name);
        }
        assert!(consistent(|parameter| default_of(parameter, &config), &config));
        let with = |of: &'static Parameter, value: &'static str| {
            let config = config.clone();
            move |parameter: &Parameter| match parameter.name == of.name {
                true => value.to_owned(),
                false => default_of(parameter, &config),
            }
        };
        assert!(!consistent(with(&known::SESSION_SECONDS, "3600"), &config));
        assert!(!consistent(with(&known::SESSION_IDLE_SECONDS, "600"), &config));
    }
}
