//! Text → tokens. Positions are character indices, because that is what an editor and an error message count.
//! The parser next door gives the tokens their meaning.

use super::error::{Expected, FilterError, FilterErrorKind, Limit};
use super::{Comparator, MAX_CHARACTERS, MAX_WILDCARDS};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub start: usize,
    /// One past the last character; equal to the next token's start when they touch.
    pub end: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TokenKind {
    Open,
    Close,
    Comma,
    Minus,
    Comparator(Comparator),
    Word(Literal),
    Quoted(Literal),
}

/// A text with its unescaped `*` taken out: `张*` is `["张", ""]`, a text without wildcards is one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    pub(super) pieces: Vec<String>,
}

impl Literal {
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Self { pieces: vec![text.into()] }
    }

    pub(super) fn negated(&self) -> Self {
        let mut pieces = self.pieces.clone();
        pieces[0].insert(0, '-');
        Self { pieces }
    }

    pub fn has_wildcard(&self) -> bool {
        self.pieces.len() > 1
    }

    /// The whole literal is one wildcard, which tests presence.
    pub fn is_star(&self) -> bool {
        self.pieces.len() == 2 && self.pieces.iter().all(String::is_empty)
    }

    /// The text as the caller wrote it.
    pub fn text(&self) -> String {
        self.pieces.join("*")
    }
}

pub(super) fn tokenize(text: &str) -> Result<Vec<Token>, FilterError> {
    let characters: Vec<char> = text.chars().take(MAX_CHARACTERS + 1).collect();
    if characters.len() > MAX_CHARACTERS {
        let kind = FilterErrorKind::TooComplex(Limit::Characters(MAX_CHARACTERS));
        return Err(FilterError::new(MAX_CHARACTERS, kind));
    }
    if let Some(position) = characters.iter().position(|c| *c == '\0') {
        return Err(FilterError::new(position, FilterErrorKind::NullCharacter));
    }
    let mut lexer = Lexer { characters, position: 0 };
    let mut tokens = Vec::new();
    while let Some(token) = lexer.next()? {
        tokens.push(token);
    }
    Ok(tokens)
}

struct Lexer {
    characters: Vec<char>,
    position: usize,
}

impl Lexer {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.position + ahead).copied()
    }

    fn next(&mut self) -> Result<Option<Token>, FilterError> {
        while self.peek(0).is_some_and(char::is_whitespace) {
            self.position += 1;
        }
        let start = self.position;
        let Some(first) = self.peek(0) else { return Ok(None) };
        let kind = match (first, self.peek(1)) {
            ('(', _) => self.symbol(1, TokenKind::Open),
            (')', _) => self.symbol(1, TokenKind::Close),
            (',', _) => self.symbol(1, TokenKind::Comma),
            ('-', _) => self.symbol(1, TokenKind::Minus),
            ('!', Some('=')) => self.symbol(2, TokenKind::Comparator(Comparator::NotEqual)),
            ('<', Some('=')) => self.symbol(2, TokenKind::Comparator(Comparator::LessOrEqual)),
            ('>', Some('=')) => self.symbol(2, TokenKind::Comparator(Comparator::GreaterOrEqual)),
            ('<', _) => self.symbol(1, TokenKind::Comparator(Comparator::Less)),
            ('>', _) => self.symbol(1, TokenKind::Comparator(Comparator::Greater)),
            ('=', _) => self.symbol(1, TokenKind::Comparator(Comparator::Equal)),
            (':', _) => self.symbol(1, TokenKind::Comparator(Comparator::Has)),
            ('"' | '\'', _) => TokenKind::Quoted(self.quoted(first)?),
            _ => TokenKind::Word(self.word()?),
        };
        Ok(Some(Token { kind, start, end: self.position }))
    }

    fn symbol(&mut self, length: usize, kind: TokenKind) -> TokenKind {
        self.position += length;
        kind
    }

    /// A string in either kind of quotes; the quote itself is written `\"` or doubled.
    fn quoted(&mut self, quote: char) -> Result<Literal, FilterError> {
        let start = self.position;
        let mut pieces = Pieces::starting_at(start);
        self.position += 1;
        loop {
            let Some(character) = self.peek(0) else {
                return Err(FilterError::syntax(self.characters.len(), Expected::ClosingQuote, None));
            };
            match character {
                '\\' => {
                    pieces.push(self.escaped()?);
                    self.position += 1;
                }
                '*' => pieces.wildcard()?,
                _ if character == quote && self.peek(1) == Some(quote) => {
                    pieces.push(quote);
                    self.position += 1;
                }
                _ if character == quote => {
                    self.position += 1;
                    return Ok(pieces.literal);
                }
                _ => pieces.push(character),
            }
            self.position += 1;
        }
    }

    fn escaped(&self) -> Result<char, FilterError> {
        match self.peek(1) {
            Some(character @ ('"' | '\'' | '\\' | '*')) => Ok(character),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            other => {
                let found = other.map(String::from);
                Err(FilterError::syntax(self.position + 1, Expected::Escape, found.as_deref()))
            }
        }
    }

    /// A run of anything that isn't an operator: a name, a keyword, a number, a date, a value without spaces.
    fn word(&mut self) -> Result<Literal, FilterError> {
        let start = self.position;
        let mut pieces = Pieces::starting_at(start);
        while let Some(character) = self.peek(0) {
            match character {
                '(' | ')' | ',' | '=' | '<' | '>' | '"' | '\'' => break,
                '!' if self.peek(1) == Some('=') => break,
                ':' if !self.is_clock_colon(start) => break,
                '\\' => return Err(FilterError::syntax(self.position, Expected::QuotedBackslash, Some("\\"))),
                '*' => pieces.wildcard()?,
                _ if character.is_whitespace() => break,
                _ => pieces.push(character),
            }
            self.position += 1;
        }
        Ok(pieces.literal)
    }

    /// The colons of `2026-01-31T08:30:00+08:00` belong to the value; every other colon is the has operator.
    fn is_clock_colon(&self, start: usize) -> bool {
        let word = &self.characters[start..self.position];
        const SHAPE: [char; 11] = ['0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 'T'];
        let is_instant = word.len() > SHAPE.len()
            && SHAPE.iter().zip(word).all(|(shape, character)| match shape {
                '0' => character.is_ascii_digit(),
                'T' => character.eq_ignore_ascii_case(&'T'),
                _ => character == shape,
            });
        is_instant && self.peek(1).is_some_and(|next| next.is_ascii_digit())
    }
}

struct Pieces {
    literal: Literal,
    start: usize,
}

impl Pieces {
    fn starting_at(start: usize) -> Self {
        Self { literal: Literal::plain(""), start }
    }

    fn push(&mut self, character: char) {
        if let Some(piece) = self.literal.pieces.last_mut() {
            piece.push(character);
        }
    }

    fn wildcard(&mut self) -> Result<(), FilterError> {
        if self.literal.pieces.len() > MAX_WILDCARDS {
            let kind = FilterErrorKind::TooComplex(Limit::Wildcards(MAX_WILDCARDS));
            return Err(FilterError::new(self.start, kind));
        }
        self.literal.pieces.push(String::new());
        Ok(())
    }
}
