//! Tokens → expression, by the grammar of AIP-160: conditions side by side and `AND` both mean and, `OR` binds
//! tighter than either, `NOT` and `-` negate one condition. Fields and types are `check`'s business.

use super::error::{Expected, FilterError, FilterErrorKind, Limit, shorten};
use super::lexer::{Literal, Token, TokenKind, tokenize};
use super::{Comparator, MAX_DEPTH, MAX_RESTRICTIONS};

/// A filter that follows the grammar; its names and values aren't checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    pub root: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// No parts: the empty filter, which every row meets.
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Restriction(Restriction),
    /// Free text without a field.
    Bare {
        position: usize,
        literal: Literal,
    },
}

/// `field comparator argument`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    pub field: String,
    pub position: usize,
    pub comparator: Comparator,
    pub comparator_position: usize,
    pub argument: Argument,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    pub position: usize,
    pub kind: ArgumentKind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    Literal(Literal),
    Call {
        function: String,
        arguments: Vec<Literal>,
    },
    /// `field = (a OR b)`.
    AnyOf(Vec<Argument>),
}

/// Reads a filter; an empty text is the filter that every row meets.
pub fn parse(text: &str) -> Result<Expression, FilterError> {
    let tokens = tokenize(text)?;
    let mut parser = Parser { tokens, next: 0, end: text.chars().count(), restrictions: 0 };
    if parser.tokens.is_empty() {
        return Ok(Expression { root: Node::And(Vec::new()) });
    }
    let root = parser.expression(0)?;
    match parser.peek() {
        None => Ok(Expression { root }),
        Some(_) => Err(parser.unexpected(Expected::Condition)),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    end: usize,
    restrictions: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn position(&self) -> usize {
        self.peek().map_or(self.end, |token| token.start)
    }

    fn unexpected(&self, expected: Expected) -> FilterError {
        let found = self.peek().map(|token| token.kind.describe());
        FilterError::syntax(self.position(), expected, found.as_deref())
    }

    fn at_keyword(&self, keyword: &str) -> bool {
        self.peek().is_some_and(|token| token.kind.is_keyword(keyword))
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let found = self.at_keyword(keyword);
        self.next += usize::from(found);
        found
    }

    fn take(&mut self, kind: &TokenKind) -> bool {
        let found = self.peek().is_some_and(|token| token.kind == *kind);
        self.next += usize::from(found);
        found
    }

    /// Whether the next token touches the one before it, as in `now()` or `custom."key"`.
    fn touches(&self) -> bool {
        let before = self.next.checked_sub(1).and_then(|index| self.tokens.get(index));
        matches!((before, self.peek()), (Some(before), Some(token)) if before.end == token.start)
    }

    fn expression(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut parts = vec![self.factor(depth)?];
        loop {
            let explicit = self.take_keyword("AND");
            let at_end = self.peek().is_none_or(|token| token.kind == TokenKind::Close);
            if at_end && !explicit {
                break;
            }
            parts.push(self.factor(depth)?);
        }
        Ok(one_or(parts, Node::And))
    }

    fn factor(&mut self, depth: usize) -> Result<Node, FilterError> {
        let mut parts = vec![self.term(depth)?];
        while self.take_keyword("OR") {
            parts.push(self.term(depth)?);
        }
        Ok(one_or(parts, Node::Or))
    }

    fn term(&mut self, depth: usize) -> Result<Node, FilterError> {
        if self.take_keyword("NOT") || self.take(&TokenKind::Minus) {
            return Ok(Node::Not(Box::new(self.simple(depth)?)));
        }
        self.simple(depth)
    }

    fn simple(&mut self, depth: usize) -> Result<Node, FilterError> {
        let position = self.position();
        if !self.take(&TokenKind::Open) {
            return self.restriction();
        }
        if depth == MAX_DEPTH {
            return Err(FilterError::new(position, FilterErrorKind::TooComplex(Limit::Depth(MAX_DEPTH))));
        }
        let inner = self.expression(depth + 1)?;
        self.close()?;
        Ok(inner)
    }

    fn close(&mut self) -> Result<(), FilterError> {
        if self.take(&TokenKind::Close) { Ok(()) } else { Err(self.unexpected(Expected::ClosingParenthesis)) }
    }

    fn count_restriction(&mut self, position: usize) -> Result<(), FilterError> {
        self.restrictions += 1;
        if self.restrictions > MAX_RESTRICTIONS {
            let kind = FilterErrorKind::TooComplex(Limit::Restrictions(MAX_RESTRICTIONS));
            return Err(FilterError::new(position, kind));
        }
        Ok(())
    }

    fn restriction(&mut self) -> Result<Node, FilterError> {
        let first = self.next;
        let position = self.position();
        if self.at_any_keyword() {
            return Err(self.unexpected(Expected::Condition));
        }
        let Some(Token { kind: TokenKind::Word(literal) | TokenKind::Quoted(literal), .. }) = self.peek().cloned()
        else {
            return Err(self.unexpected(Expected::Condition));
        };
        self.count_restriction(position)?;
        self.skip_member();
        let comparator_position = self.position();
        let Some(Token { kind: TokenKind::Comparator(comparator), .. }) = self.peek().cloned() else {
            // Only a whole literal can be searched for; `a."b"` or `f(x)` is half a condition.
            let is_call = self.touches() && self.peek().is_some_and(|token| token.kind == TokenKind::Open);
            if is_call || self.next > first + 1 {
                return Err(self.unexpected(Expected::Comparator));
            }
            return Ok(Node::Bare { position, literal });
        };
        let field = self.member(first)?;
        self.next += 1;
        let argument = self.argument()?;
        Ok(Node::Restriction(Restriction { field, position, comparator, comparator_position, argument }))
    }

    fn at_any_keyword(&self) -> bool {
        ["AND", "OR", "NOT"].iter().any(|keyword| self.at_keyword(keyword))
    }

    /// Moves past a name whose segments may be quoted: `custom.budget`, `custom."预算"`.
    fn skip_member(&mut self) {
        self.next += 1;
        while self.touches()
            && matches!(self.peek(), Some(Token { kind: TokenKind::Word(_) | TokenKind::Quoted(_), .. }))
        {
            self.next += 1;
        }
    }

    /// The dotted name made of the tokens from `first` up to here.
    fn member(&self, first: usize) -> Result<String, FilterError> {
        let mut name = String::new();
        let mut segment_open = true;
        for token in &self.tokens[first..self.next] {
            let fault = |text: &str| Err(FilterError::syntax(token.start, Expected::FieldName, Some(text)));
            match &token.kind {
                TokenKind::Quoted(literal) => {
                    let text = literal.text();
                    if !segment_open || text.is_empty() || literal.has_wildcard() {
                        return fault(&text);
                    }
                    name.push_str(&text);
                    segment_open = false;
                }
                TokenKind::Word(literal) => {
                    let text = literal.text();
                    if literal.has_wildcard() || text.contains("..") || text.starts_with('.') == segment_open {
                        return fault(&text);
                    }
                    name.push_str(&text);
                    segment_open = text.ends_with('.');
                }
                _ => return fault(&token.kind.describe()),
            }
        }
        if segment_open {
            return Err(self.unexpected(Expected::FieldName));
        }
        Ok(name)
    }

    fn argument(&mut self) -> Result<Argument, FilterError> {
        let position = self.position();
        if !self.take(&TokenKind::Open) {
            return self.single_argument();
        }
        let mut choices = vec![self.single_argument()?];
        while self.take_keyword("OR") {
            self.count_restriction(self.position())?;
            choices.push(self.single_argument()?);
        }
        if !self.take(&TokenKind::Close) {
            return Err(self.unexpected(Expected::Or));
        }
        if let [_] = choices.as_slice() {
            return Ok(choices.remove(0));
        }
        Ok(Argument { position, kind: ArgumentKind::AnyOf(choices) })
    }

    fn single_argument(&mut self) -> Result<Argument, FilterError> {
        let position = self.position();
        let can_call = matches!(self.peek(), Some(Token { kind: TokenKind::Word(_), .. }));
        let literal = self.literal()?;
        let kind = if can_call && self.touches() && self.take(&TokenKind::Open) {
            ArgumentKind::Call { function: literal.text(), arguments: self.call_arguments()? }
        } else {
            ArgumentKind::Literal(literal)
        };
        Ok(Argument { position, kind })
    }

    /// A word, a quoted string or a number with its sign.
    fn literal(&mut self) -> Result<Literal, FilterError> {
        let negative = self.take(&TokenKind::Minus);
        if (negative && !self.touches()) || self.at_any_keyword() {
            return Err(self.unexpected(Expected::Value));
        }
        let literal = match self.peek().map(|token| &token.kind) {
            Some(TokenKind::Word(literal)) if negative => literal.negated(),
            Some(TokenKind::Word(literal) | TokenKind::Quoted(literal)) if !negative => literal.clone(),
            _ => return Err(self.unexpected(Expected::Value)),
        };
        self.next += 1;
        Ok(literal)
    }

    /// The rest of `function(`. Arguments are plain values, so calls don't nest.
    fn call_arguments(&mut self) -> Result<Vec<Literal>, FilterError> {
        let mut arguments = Vec::new();
        while !self.take(&TokenKind::Close) {
            if !arguments.is_empty() && !self.take(&TokenKind::Comma) {
                return Err(self.unexpected(Expected::Comma));
            }
            arguments.push(self.literal()?);
        }
        Ok(arguments)
    }
}

fn one_or(mut parts: Vec<Node>, join: fn(Vec<Node>) -> Node) -> Node {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

impl TokenKind {
    fn is_keyword(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(literal) if !literal.has_wildcard() && literal.pieces[0] == keyword)
    }

    fn describe(&self) -> String {
        match self {
            Self::Open => "(".into(),
            Self::Close => ")".into(),
            Self::Comma => ",".into(),
            Self::Minus => "-".into(),
            Self::Comparator(comparator) => comparator.symbol().into(),
            Self::Word(literal) | Self::Quoted(literal) => shorten(&literal.text()),
        }
    }
}
