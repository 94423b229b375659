//! From text to an expression. Every name is known when this is done: an unknown one is refused here, not when a lender answers.

use std::str::FromStr;

use rust_decimal::Decimal;

use super::functions::{self, Function};
use super::lex::{Kind, Mistake, Token, tokens};
use super::value::Value;

/// Bytes of one expression.
const MAX_SOURCE: usize = 2_000;
/// How deep brackets may nest, and how long a chain such as `a + b + c` may be: parsing recurses as deep.
const MAX_DEPTH: usize = 24;
/// How deep the whole may be: evaluation recurses as deep.
const MAX_HEIGHT: usize = 64;

#[derive(Debug)]
pub(super) enum Expr {
    Literal(Value),
    /// A name of the scope, by its place in it.
    Name(usize),
    Member(Box<Expr>, String),
    Item(Box<Expr>, usize),
    List(Vec<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Default(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    Arithmetic(Arithmetic, Box<Expr>, Box<Expr>),
    If(Box<[Expr; 3]>),
    Call(&'static Function, Vec<Expr>),
    Each(Each, Box<Expr>, Box<Expr>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Plus,
    Minus,
    Times,
    Over,
}

/// What is done with the items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Each {
    Map,
    Filter,
    Find,
}

/// Names that an expression may use, with the members of those whose members we give.
pub(super) type Names = &'static [(&'static str, &'static [&'static str])];

/// Reads an expression that may use `names`; the values are given in the same order.
pub(super) fn parse(source: &str, names: Names) -> Result<Expr, Mistake> {
    if source.len() > MAX_SOURCE {
        return Err(Mistake::new(0, format!("is longer than {MAX_SOURCE} bytes")));
    }
    let mut parser = Parser {
        tokens: tokens(source)?,
        next: 0,
        depth: 0,
        scope: names
            .iter()
            .map(|(name, members)| ((*name).to_owned(), *members))
            .collect(),
    };
    let expr = parser.expr()?;
    parser.end()?;
    if height(&expr) > MAX_HEIGHT {
        return Err(Mistake::new(0, "is nested too deep"));
    }
    Ok(expr)
}

/// Parsing bounds it to `MAX_DEPTH` squared.
fn height(expr: &Expr) -> usize {
    let most = |parts: &[Expr]| parts.iter().map(height).max().unwrap_or(0);
    let two = |left: &Expr, right: &Expr| height(left).max(height(right));
    1 + match expr {
        Expr::Literal(_) | Expr::Name(_) => 0,
        Expr::Member(inner, _) | Expr::Item(inner, _) | Expr::Not(inner) | Expr::Negate(inner) => height(inner),
        Expr::List(items) | Expr::Call(_, items) => most(items),
        Expr::And(l, r)
        | Expr::Or(l, r)
        | Expr::Default(l, r)
        | Expr::Each(_, l, r)
        | Expr::Compare(_, l, r)
        | Expr::Arithmetic(_, l, r) => two(l, r),
        Expr::If(parts) => most(&**parts),
    }
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    depth: usize,
    scope: Vec<(String, &'static [&'static str])>,
}

type Parsed = Result<Expr, Mistake>;

impl Parser {
    fn peek(&self) -> &Token {
        // The last token is `End`, which is never passed.
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    fn eat(&mut self, mark: &str) -> bool {
        let fits = match &self.peek().kind {
            Kind::Mark(found) => *found == mark,
            Kind::Name(name) => name == mark,
            _ => false,
        };
        self.next += usize::from(fits);
        fits
    }

    fn need(&mut self, mark: &str) -> Result<(), Mistake> {
        if self.eat(mark) {
            return Ok(());
        }
        Err(Mistake::new(self.peek().at, format!("expected `{mark}`")))
    }

    fn end(&self) -> Result<(), Mistake> {
        match self.peek().kind {
            Kind::End => Ok(()),
            _ => Err(Mistake::new(self.peek().at, "the expression should end here")),
        }
    }

    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, Mistake>) -> Result<T, Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Mistake::new(self.peek().at, "is nested too deep"));
        }
        let found = inner(self);
        self.depth -= 1;
        found
    }

    fn expr(&mut self) -> Parsed {
        self.nested(|p| {
            if !p.eat("if") {
                return p.default();
            }
            let condition = p.expr()?;
            p.need("then")?;
            let yes = p.expr()?;
            p.need("else")?;
            let no = p.expr()?;
            Ok(Expr::If(Box::new([condition, yes, no])))
        })
    }

    /// Chains on one level nest as well: evaluation recurses into their left sides.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Parsed,
        join: impl Fn(&mut Self) -> Option<fn(Box<Expr>, Box<Expr>) -> Expr>,
    ) -> Parsed {
        let mut left = operand(self)?;
        let depth = self.depth;
        while let Some(make) = join(self) {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(Mistake::new(self.peek().at, "is too long: split it"));
            }
            left = make(Box::new(left), Box::new(operand(self)?));
        }
        self.depth = depth;
        Ok(left)
    }

    fn default(&mut self) -> Parsed {
        self.chain(Self::or, |p| p.eat("??").then_some(Expr::Default as _))
    }

    fn or(&mut self) -> Parsed {
        self.chain(Self::and, |p| p.eat("or").then_some(Expr::Or as _))
    }

    fn and(&mut self) -> Parsed {
        self.chain(Self::negation, |p| p.eat("and").then_some(Expr::And as _))
    }

    fn negation(&mut self) -> Parsed {
        if self.eat("not") {
            return self.nested(|p| Ok(Expr::Not(Box::new(p.negation()?))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let signs = [
            ("==", Comparison::Equal),
            ("!=", Comparison::Unequal),
            ("<=", Comparison::AtMost),
            (">=", Comparison::AtLeast),
            ("<", Comparison::Less),
            (">", Comparison::More),
        ];
        for (mark, sign) in signs {
            if self.eat(mark) {
                let right = self.sum()?;
                return Ok(Expr::Compare(sign, Box::new(left), Box::new(right)));
            }
        }
        Ok(left)
    }

    fn sum(&mut self) -> Parsed {
        self.chain(Self::product, |p| {
            if p.eat("+") {
                return Some(|l, r| Expr::Arithmetic(Arithmetic::Plus, l, r));
            }
            p.eat("-")
                .then_some((|l, r| Expr::Arithmetic(Arithmetic::Minus, l, r)) as _)
        })
    }

    fn product(&mut self) -> Parsed {
        self.chain(Self::sign, |p| {
            if p.eat("*") {
                return Some(|l, r| Expr::Arithmetic(Arithmetic::Times, l, r));
            }
            p.eat("/")
                .then_some((|l, r| Expr::Arithmetic(Arithmetic::Over, l, r)) as _)
        })
    }

    fn sign(&mut self) -> Parsed {
        if self.eat("-") {
            return self.nested(|p| Ok(Expr::Negate(Box::new(p.sign()?))));
        }
        self.path()
    }

    fn path(&mut self) -> Parsed {
        let (mut expr, mut members) = self.primary()?;
        let depth = self.depth;
        loop {
            let at = self.peek().at;
            let step = if self.eat(".") {
                match self.take().kind {
                    Kind::Name(name) => Ok(name),
                    _ => return Err(Mistake::new(at, "expected a name after the point")),
                }
            } else if self.eat("[") {
                let step = self.step()?;
                self.need("]")?;
                step
            } else {
                self.depth = depth;
                return Ok(expr);
            };
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return Err(Mistake::new(at, "is nested too deep"));
            }
            expr = match step {
                Ok(name) => {
                    if let Some(known) = members.take()
                        && !known.is_empty()
                        && !known.contains(&name.as_str())
                    {
                        let what = format!("no member `{name}`; there are {}", known.join(", "));
                        return Err(Mistake::new(at, what));
                    }
                    Expr::Member(Box::new(expr), name)
                }
                Err(index) => Expr::Item(Box::new(expr), index),
            };
        }
    }

    /// What stands in brackets: a quoted name or a place in a list.
    fn step(&mut self) -> Result<Result<String, usize>, Mistake> {
        let token = self.take();
        match token.kind {
            Kind::Text(name) => Ok(Ok(name)),
            Kind::Number(digits) => match digits.parse() {
                Ok(index) => Ok(Err(index)),
                Err(_) => Err(Mistake::new(token.at, "expected a whole number")),
            },
            _ => Err(Mistake::new(
                token.at,
                "expected a quoted name or a number; use find() to search",
            )),
        }
    }

    /// With the known members of a name.
    fn primary(&mut self) -> Result<(Expr, Option<&'static [&'static str]>), Mistake> {
        let token = self.take();
        let expr = match token.kind {
            Kind::Number(digits) => {
                let number = Decimal::from_str(&digits).map_err(|_| Mistake::new(token.at, "is too large a number"))?;
                Expr::Literal(Value::Number(number))
            }
            Kind::Text(text) => Expr::Literal(Value::text(text)),
            Kind::Mark("(") => {
                let inner = self.expr()?;
                self.need(")")?;
                inner
            }
            Kind::Mark("[") => Expr::List(self.list("]")?),
            Kind::Name(name) => return self.name(&name, token.at),
            Kind::End => return Err(Mistake::new(token.at, "the expression ends too early")),
            Kind::Mark(mark) => return Err(Mistake::new(token.at, format!("`{mark}` cannot stand here"))),
        };
        Ok((expr, None))
    }

    fn name(&mut self, name: &str, at: usize) -> Result<(Expr, Option<&'static [&'static str]>), Mistake> {
        let literal = match name {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            "null" => Some(Value::Absent),
            _ => None,
        };
        if let Some(value) = literal {
            return Ok((Expr::Literal(value), None));
        }
        if self.eat("(") {
            return Ok((self.call(name, at)?, None));
        }
        if let Some(place) = self.scope.iter().rposition(|(known, _)| known == name) {
            return Ok((Expr::Name(place), Some(self.scope[place].1)));
        }
        let known: Vec<&str> = self.scope.iter().map(|(name, _)| name.as_str()).collect();
        let what = format!("unknown name `{name}`; there are {}", known.join(", "));
        Err(Mistake::new(at, what))
    }

    fn call(&mut self, name: &str, at: usize) -> Parsed {
        let each = match name {
            "map" => Some(Each::Map),
            "filter" => Some(Each::Filter),
            "find" => Some(Each::Find),
            _ => None,
        };
        if let Some(each) = each {
            return self.each(each);
        }
        let function = functions::named(name).ok_or_else(|| Mistake::new(at, format!("unknown function `{name}`")))?;
        let arguments = self.list(")")?;
        if !function.takes(arguments.len()) {
            return Err(Mistake::new(at, format!("`{name}` takes {}", function.arguments)));
        }
        Ok(Expr::Call(function, arguments))
    }

    /// `list, name => expression )`.
    fn each(&mut self, each: Each) -> Parsed {
        let list = self.expr()?;
        self.need(",")?;
        let token = self.take();
        let Kind::Name(name) = token.kind else {
            return Err(Mistake::new(
                token.at,
                "expected a name for the item, as in `x => x.id`",
            ));
        };
        let reserved = ["if", "then", "else", "and", "or", "not", "true", "false", "null"].contains(&name.as_str());
        if reserved || self.scope.iter().any(|(known, _)| *known == name) {
            return Err(Mistake::new(token.at, format!("the name `{name}` is taken")));
        }
        self.need("=>")?;
        self.scope.push((name, &[]));
        let body = self.expr()?;
        self.scope.pop();
        self.need(")")?;
        Ok(Expr::Each(each, Box::new(list), Box::new(body)))
    }

    fn list(&mut self, end: &str) -> Result<Vec<Expr>, Mistake> {
        let mut items = Vec::new();
        if self.eat(end) {
            return Ok(items);
        }
        loop {
            items.push(self.expr()?);
            if self.eat(end) {
                return Ok(items);
            }
            self.need(",")?;
        }
    }
}
