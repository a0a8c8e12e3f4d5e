//! The letters that identity sends, as text and as HTML, in the language of whom they are for.

use platform::locale::Locale;

pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Whom a letter is for.
pub struct Addressee<'a> {
    pub display_name: &'a str,
    pub login_name: &'a str,
    pub locale: Locale,
}

/// What a letter is made of in one language.
struct Words {
    subject: &'static str,
    greeting: String,
    sentences: Vec<String>,
    button: &'static str,
    closing: &'static str,
}

/// How long a link is good, as people say it.
fn span(seconds: u32, locale: Locale) -> String {
    let (count, en, zh) = match seconds {
        seconds if seconds >= 2 * 86_400 => (seconds / 86_400, "days", "天"),
        seconds if seconds >= 2 * 3_600 => (seconds / 3_600, "hours", "小时"),
        seconds => (seconds.div_ceil(60), "minutes", "分钟"),
    };
    match locale {
        Locale::En => format!("{count} {en}"),
        Locale::Zh => format!("{count} {zh}"),
    }
}

pub fn invitation(to: &Addressee<'_>, link: &str, seconds: u32) -> Letter {
    let span = span(seconds, to.locale);
    let words = match to.locale {
        Locale::En => Words {
            subject: "Your account in Changke",
            greeting: format!("Hello {},", to.display_name),
            sentences: vec![
                format!("an account has been set up for you. Your login name is {}.", to.login_name),
                format!("Set a password with this link. It is good for {span} and for one use."),
            ],
            button: "Set a password",
            closing: "If you don't know what this is about, delete this message.",
        },
        Locale::Zh => Words {
            subject: "您的常客账号",
            greeting: format!("{}，您好：", to.display_name),
            sentences: vec![
                format!("已为您开通账号，登录名为 {}。", to.login_name),
                format!("请通过以下链接设置密码。链接 {span}内有效，仅可使用一次。"),
            ],
            button: "设置密码",
            closing: "如果您不清楚此邮件的来由，请直接删除。",
        },
    };
    words.letter(link)
}

pub fn reset(to: &Addressee<'_>, link: &str, seconds: u32) -> Letter {
    let span = span(seconds, to.locale);
    let words = match to.locale {
        Locale::En => Words {
            subject: "A new password for Changke",
            greeting: format!("Hello {},", to.display_name),
            sentences: vec![
                format!("somebody, probably you, asked for a new password for {}.", to.login_name),
                format!("Set it with this link. It is good for {span} and for one use."),
            ],
            button: "Set a new password",
            closing: "If it wasn't you, delete this message: your password stays as it is.",
        },
        Locale::Zh => Words {
            subject: "重置您的常客密码",
            greeting: format!("{}，您好：", to.display_name),
            sentences: vec![
                format!("我们收到了重置账号 {} 密码的请求。", to.login_name),
                format!("请通过以下链接设置新密码。链接 {span}内有效，仅可使用一次。"),
            ],
            button: "设置新密码",
            closing: "如果不是您本人操作，请直接删除此邮件，您的密码不会改变。",
        },
    };
    words.letter(link)
}

/// Of a webhook that was disabled by itself: `gone` when its receiver asked for that.
pub fn webhook_disabled(to: &Addressee<'_>, name: &str, gone: bool, link: &str) -> Letter {
    let words = match to.locale {
        Locale::En => Words {
            subject: "A webhook was disabled",
            greeting: format!("Hello {},", to.display_name),
            sentences: vec![
                match gone {
                    true => format!("the receiver of the webhook {name} wants no more messages (410 Gone)."),
                    false => format!("the webhook {name} has taken no message for a day."),
                },
                "It was disabled; messages that waited were dropped. Enable it when its receiver is in order, and send \
                 again what was missed."
                    .to_owned(),
            ],
            button: "Open the webhook",
            closing: "You get this message because you administer webhooks.",
        },
        Locale::Zh => Words {
            subject: "Webhook 已自动停用",
            greeting: format!("{}，您好：", to.display_name),
            sentences: vec![
                match gone {
                    true => format!("Webhook“{name}”的接收方已声明不再接收消息（410 Gone）。"),
                    false => format!("Webhook“{name}”已连续一天未能送达任何消息。"),
                },
                "系统已将其停用，等待发送的消息不再发送。请在接收方恢复后重新启用，并重放遗漏的消息。".to_owned(),
            ],
            button: "查看 Webhook",
            closing: "您收到此邮件是因为您负责管理 Webhook。",
        },
    };
    words.letter(link)
}

impl Words {
    fn letter(self, link: &str) -> Letter {
        let Self { subject, greeting, sentences, button, closing } = self;
        let text = format!("{greeting}\n\n{}\n\n{link}\n\n{closing}\n", sentences.join("\n"));
        let paragraphs: String = sentences.iter().map(|sentence| format!("<p>{}</p>\n", escaped(sentence))).collect();
        let html = format!(
            "<!doctype html>\n<html><head><meta charset=\"utf-8\"></head>\
             <body style=\"font-family:sans-serif;line-height:1.6\">\n<p>{}</p>\n{paragraphs}\
             <p><a href=\"{link}\" style=\"background:#1677ff;color:#fff;padding:8px 16px;border-radius:6px;\
             text-decoration:none\">{button}</a></p>\n<p style=\"color:#666\">{link}</p>\n\
             <p style=\"color:#666\">{closing}</p>\n</body></html>\n",
            escaped(&greeting),
            link = escaped(link),
        );
        Letter { subject: subject.to_owned(), text, html }
    }
}

/// Names are what people typed.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_the_same_in_both_forms_and_no_name_breaks_it() {
        for locale in [Locale::En, Locale::Zh] {
            let to = Addressee { display_name: "<b>李雷</b>", login_name: "lilei", locale };
            for letter in [
                invitation(&to, "https://crm/set-password#t", 7 * 86_400),
                reset(&to, "https://crm/set-password#t", 1_800),
            ] {
                assert!(!letter.subject.is_empty());
                for form in [&letter.text, &letter.html] {
                    assert!(form.contains("https://crm/set-password#t") && form.contains("lilei"), "{form}");
                }
                assert!(letter.html.contains("&lt;b&gt;李雷") && !letter.html.contains("<b>"));
                assert!(letter.text.contains("<b>李雷"));
            }
            for gone in [true, false] {
                let letter = webhook_disabled(&to, "<i>ERP</i>", gone, "https://crm/webhooks/1");
                assert!(letter.text.contains("<i>ERP</i>") && letter.html.contains("&lt;i&gt;ERP"), "{}", letter.html);
                assert_eq!(letter.text.contains("410"), gone);
            }
        }
        assert_eq!(span(1_800, Locale::En), "30 minutes");
        assert_eq!(span(604_800, Locale::Zh), "7 天");
    }
}
