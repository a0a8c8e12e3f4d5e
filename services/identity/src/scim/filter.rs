//! The filter language of SCIM (RFC 7644, 3.4.2.2): `userName eq "lilei" and (active eq true or not (emails pr))`,
//! `emails[type eq "work"]`. Pure: text to a tree, which `store` turns into SQL and `patch` holds against JSON.

use serde_json::Value;

/// Brackets and negations within each other.
const MAX_DEPTH: usize = 20;

#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Present(String),
    Compare(String, Op, Value),
    /// An element of the attribute for which the filter holds.
    Each(String, Box<Filter>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Eq,
    Ne,
    Co,
    Sw,
    Ew,
    Gt,
    Ge,
    Lt,
    Le,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Value(Value),
    Open,
    Close,
    OpenEach,
    CloseEach,
}

/// Where the text stops making sense, in characters from one.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault(pub usize);

/// An attribute without the URN of a core schema before it, in lower case: case counts for nothing.
pub fn attribute(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.strip_prefix("urn:ietf:params:scim:schemas:core:2.0:") {
        Some(rest) => rest.split_once(':').map_or(rest, |(_, name)| name).to_owned(),
        None => name,
    }
}

pub fn parse(text: &str) -> Result<Filter, Fault> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0, end: text.chars().count() + 1 };
    let filter = parser.any(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(filter),
        Some((place, _)) => Err(Fault(*place)),
    }
}

fn tokens(text: &str) -> Result<Vec<(usize, Token)>, Fault> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(character) = characters.get(at).copied() {
        let place = at + 1;
        let bracket = match character {
            '(' => Some(Token::Open),
            ')' => Some(Token::Close),
            '[' => Some(Token::OpenEach),
            ']' => Some(Token::CloseEach),
            _ => None,
        };
        if let Some(bracket) = bracket {
            tokens.push((place, bracket));
            at += 1;
        } else if character.is_whitespace() {
            at += 1;
        } else if character == '"' {
            let mut end = at + 1;
            while let Some(next) = characters.get(end)
                && *next != '"'
            {
                end += if *next == '\\' { 2 } else { 1 };
            }
            let quoted: String = characters.get(at..=end).ok_or(Fault(place))?.iter().collect();
            tokens.push((place, Token::Value(serde_json::from_str(&quoted).map_err(|_| Fault(place))?)));
            at = end + 1;
        } else {
            let word: String =
                characters[at..].iter().take_while(|c| !c.is_whitespace() && !"()[]\"".contains(**c)).collect();
            at += word.chars().count();
            tokens.push((place, Token::Word(word)));
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    end: usize,
}

impl Parser {
    fn fault(&self) -> Fault {
        Fault(self.tokens.get(self.at).map_or(self.end, |(place, _)| *place))
    }

    fn next(&mut self) -> Result<Token, Fault> {
        let token = self.tokens.get(self.at).map(|(_, token)| token.clone()).ok_or(Fault(self.end))?;
        self.at += 1;
        Ok(token)
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let found =
            matches!(self.tokens.get(self.at), Some((_, Token::Word(word))) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, token: &Token) -> Result<(), Fault> {
        let fault = self.fault();
        if self.next()? == *token { Ok(()) } else { Err(fault) }
    }

    fn any(&mut self, depth: usize) -> Result<Filter, Fault> {
        let mut filter = self.all(depth)?;
        while self.takes("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.all(depth)?));
        }
        Ok(filter)
    }

    fn all(&mut self, depth: usize) -> Result<Filter, Fault> {
        let mut filter = self.one(depth)?;
        while self.takes("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one(depth)?));
        }
        Ok(filter)
    }

    fn one(&mut self, depth: usize) -> Result<Filter, Fault> {
        let fault = self.fault();
        if depth > MAX_DEPTH {
            return Err(fault);
        }
        match self.next()? {
            Token::Open => {
                let filter = self.any(depth + 1)?;
                self.expect(&Token::Close)?;
                Ok(filter)
            }
            Token::Word(word) if word.eq_ignore_ascii_case("not") => {
                self.expect(&Token::Open)?;
                let filter = self.any(depth + 1)?;
                self.expect(&Token::Close)?;
                Ok(Filter::Not(Box::new(filter)))
            }
            Token::Word(word) if is_attribute(&word) => self.expression(attribute(&word), depth),
            _ => Err(fault),
        }
    }

    fn expression(&mut self, name: String, depth: usize) -> Result<Filter, Fault> {
        let fault = self.fault();
        match self.next()? {
            Token::OpenEach => {
                let filter = self.any(depth + 1)?;
                self.expect(&Token::CloseEach)?;
                Ok(Filter::Each(name, Box::new(filter)))
            }
            Token::Word(word) if word.eq_ignore_ascii_case("pr") => Ok(Filter::Present(name)),
            Token::Word(word) => {
                let op = match word.to_ascii_lowercase().as_str() {
                    "eq" => Op::Eq,
                    "ne" => Op::Ne,
                    "co" => Op::Co,
                    "sw" => Op::Sw,
                    "ew" => Op::Ew,
                    "gt" => Op::Gt,
                    "ge" => Op::Ge,
                    "lt" => Op::Lt,
                    "le" => Op::Le,
                    _ => return Err(fault),
                };
                let fault = self.fault();
                let value = match self.next()? {
                    Token::Value(value) => value,
                    // Numbers, `true`, `false` and `null` stand without quotes; some clients write `True`.
                    Token::Word(word) => serde_json::from_str(&word.to_ascii_lowercase()).map_err(|_| fault)?,
                    _ => return Err(fault),
                };
                Ok(Filter::Compare(name, op, value))
            }
            _ => Err(fault),
        }
    }
}

fn is_attribute(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_alphabetic())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_$:.".contains(c))
}

impl Filter {
    /// Adds the full names of the attributes that it asks for.
    pub fn attributes(&self, above: Option<&str>, found: &mut Vec<String>) {
        match self {
            Self::And(left, right) | Self::Or(left, right) => {
                left.attributes(above, found);
                right.attributes(above, found);
            }
            Self::Not(inner) => inner.attributes(above, found),
            Self::Each(name, inner) => {
                found.push(name.clone());
                inner.attributes(Some(name), found);
            }
            Self::Present(name) | Self::Compare(name, ..) => {
                found.push(above.map_or_else(|| name.clone(), |above| format!("{above}.{name}")));
            }
        }
    }

    /// Whether it holds for an element of a list of complex values.
    pub fn holds(&self, element: &Value) -> bool {
        match self {
            Self::And(left, right) => left.holds(element) && right.holds(element),
            Self::Or(left, right) => left.holds(element) || right.holds(element),
            Self::Not(filter) => !filter.holds(element),
            Self::Each(..) => false,
            Self::Present(name) => !matches!(member(element, name), None | Some(Value::Null)),
            Self::Compare(name, op, expected) => compares(member(element, name).unwrap_or(&Value::Null), *op, expected),
        }
    }
}

/// A sub-attribute whatever its case.
pub fn member<'v>(element: &'v Value, name: &str) -> Option<&'v Value> {
    element.as_object()?.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn compares(found: &Value, op: Op, expected: &Value) -> bool {
    let text = |value: &Value| value.as_str().map(str::to_lowercase);
    match (text(found), text(expected)) {
        (Some(found), Some(expected)) => match op {
            Op::Eq => found == expected,
            Op::Ne => found != expected,
            Op::Co => found.contains(&expected),
            Op::Sw => found.starts_with(&expected),
            Op::Ew => found.ends_with(&expected),
            Op::Gt => found > expected,
            Op::Ge => found >= expected,
            Op::Lt => found < expected,
            Op::Le => found <= expected,
        },
        _ => match op {
            Op::Eq => found == expected,
            Op::Ne => found != expected,
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compare(name: &str, op: Op, value: Value) -> Box<Filter> {
        Box::new(Filter::Compare(name.into(), op, value))
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        for text in [
            r#"userName eq "bjensen""#,
            r#"name.familyName co "O'Malley""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
            "title pr",
            r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
            r#"title pr and userType eq "Employee""#,
            r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
            r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
            r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
            "active eq True",
        ] {
            assert!(parse(text).is_ok(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn and_binds_closer_than_or() {
        let filter = parse(r#"a eq 1 OR b EQ "x\"y" and not (c eq null)"#).unwrap();
        let right =
            Filter::And(compare("b", Op::Eq, json!("x\"y")), Box::new(Filter::Not(compare("c", Op::Eq, Value::Null))));
        assert_eq!(filter, Filter::Or(compare("a", Op::Eq, json!(1)), Box::new(right)));
        assert_eq!(attribute("urn:ietf:params:scim:schemas:core:2.0:User:userName"), "username");
    }

    #[test]
    fn what_is_wrong_is_found_where_it_stands() {
        for (text, place) in [
            ("", 1),
            ("userName", 9),
            ("userName eq", 12),
            (r#"userName eq "x"#, 13),
            (r#"userName is "x""#, 10),
            (r#"(userName eq "x""#, 17),
            (r#"userName eq "x" userName"#, 17),
            (r#"userName eq "x" and"#, 20),
            ("not userName pr", 5),
            ("1 eq 1", 1),
            ("emails[type pr", 15),
            ("userName eq unquoted", 13),
            (r#"'; DROP TABLE employee; --"#, 1),
        ] {
            assert_eq!(parse(text), Err(Fault(place)), "{text}");
        }
        assert!(parse(&format!("{}a pr{}", "(".repeat(5000), ")".repeat(5000))).is_err());
    }

    #[test]
    fn a_filter_picks_elements() {
        let email = json!({"type": "work", "value": "Li@example.com", "primary": true});
        let holds = |text: &str| parse(text).unwrap().holds(&email);
        for text in [
            r#"type eq "WORK""#,
            r#"Value sw "li@""#,
            "primary eq true",
            r#"display pr or value ew ".com""#,
            r#"not (type ne "work")"#,
        ] {
            assert!(holds(text), "{text}");
        }
        for text in [r#"type eq "home""#, "primary eq false", "display pr", r#"value co "zz" or type gt "x""#] {
            assert!(!holds(text), "{text}");
        }
    }
}
