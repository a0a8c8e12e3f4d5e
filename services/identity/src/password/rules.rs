//! What a new password must satisfy.

use platform::error::{Reason, Violation};

use super::common::is_common;
use crate::config::PasswordConfig;
use crate::error;

/// Every way in which a new password falls short.
pub fn password_violations(
    policy: &PasswordConfig,
    field: &str,
    login_name: &str,
    current: Option<&str>,
    password: &str,
) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut refuse =
        |reason: &'static Reason, args| violations.push(Violation { field: field.to_owned(), reason, args });
    if password.chars().count() < policy.min_length as usize {
        refuse(&error::PASSWORD_TOO_SHORT, vec![("min_length", policy.min_length.to_string())]);
    }
    if character_kinds(password) < policy.min_character_kinds {
        let kinds = policy.min_character_kinds.to_string();
        refuse(&error::PASSWORD_TOO_SIMPLE, vec![("min_character_kinds", kinds)]);
    }
    if policy.refuse_common {
        if is_common(password) {
            refuse(&error::PASSWORD_COMMON, Vec::new());
        }
        if password.to_lowercase().contains(&login_name.to_lowercase()) {
            refuse(&error::PASSWORD_HOLDS_LOGIN_NAME, Vec::new());
        }
    }
    if current == Some(password) {
        refuse(&error::PASSWORD_UNCHANGED, Vec::new());
    }
    violations
}

fn character_kinds(password: &str) -> u32 {
    let kinds = [
        password.chars().any(char::is_lowercase),
        password.chars().any(char::is_uppercase),
        password.chars().any(char::is_numeric),
        password.chars().any(|c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric()),
    ];
    kinds.into_iter().map(u32::from).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(password: &str) -> Vec<&'static str> {
        password_violations(&PasswordConfig::default(), "new_password", "lilei", Some("Old-one-1"), password)
            .iter()
            .map(|violation| violation.reason.id)
            .collect()
    }

    #[test]
    fn a_password_is_long_mixed_and_not_to_be_guessed() {
        assert_eq!(refusals("Quiet-river-7"), [""; 0]);
        assert_eq!(refusals("安静的河流 A7"), [""; 0]);
        assert_eq!(refusals("aB3"), ["PASSWORD_TOO_SHORT"]);
        assert_eq!(refusals("quietriver"), ["PASSWORD_TOO_SIMPLE"]);
        assert_eq!(refusals("quietriver7"), ["PASSWORD_TOO_SIMPLE"]);
        assert_eq!(refusals("My-LiLei-77"), ["PASSWORD_HOLDS_LOGIN_NAME"]);
        assert_eq!(refusals("Old-one-1"), ["PASSWORD_UNCHANGED"]);
        assert_eq!(refusals("1234"), ["PASSWORD_TOO_SHORT", "PASSWORD_TOO_SIMPLE", "PASSWORD_COMMON"]);
        for common in ["Password123!", "P@ssw0rd", "Woaini1314!", "Admin@123", "Qwerty123#", "Iloveyou-1"] {
            assert_eq!(refusals(common), ["PASSWORD_COMMON"], "{common}");
        }
    }
}
