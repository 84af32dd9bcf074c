//! The parser's tree to ours. What is not evaluated here is refused by its name, where it stands.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{
    self, AggregateExpr, AtModifier, BinaryExpr, Call, Expr as Ast, LabelModifier, Offset, SubqueryExpr,
    VectorMatchCardinality, VectorSelector,
};

use super::functions;
use super::locate::Locator;
use super::{
    Aggregate, AggregateOp, Binary, BinaryOp, Expr, Grouping, Many, MapFunction, MatchBy, Matching, Mistake,
    RangeCall, RangeFunction, Relabel, Selector, Shift, WindowSource,
};
use crate::base::limits::{RULE_EXPRESSION_BYTES_MAX, RULE_EXPRESSION_DEPTH_MAX};
use crate::diag::{Code, did_you_mean};
use crate::rules::labels::{Labels, METRIC_NAME};
use crate::rules::matcher::{Matcher, Test, go_regex};

/// Beyond this, times in milliseconds could overflow: some 290,000 years.
const MILLIS_MAX: i64 = i64::MAX / 1_000;

struct Lowering<'t> {
    locator: Locator<'t>,
    depth: usize,
    subqueries: usize,
}

/// Reads an expression.
pub(in crate::rules) fn parse(text: &str) -> Result<Expr, Vec<Mistake>> {
    if text.len() > RULE_EXPRESSION_BYTES_MAX {
        let bytes = text.len();
        let told = format!(
            "{bytes} bytes in one expression, more than {RULE_EXPRESSION_BYTES_MAX} (RULE_EXPRESSION_BYTES_MAX)"
        );
        return Err(vec![Mistake::new(Code::TooMany, told, 0, 1)]);
    }
    let locator = Locator::new(text).map_err(|mistake| vec![mistake])?;
    let mut lowering = Lowering { locator, depth: 0, subqueries: 0 };
    let ast = parser::parse(text).map_err(|message| vec![lowering.unreadable(&message)])?;
    let whole = lowering.locator.whole();
    if matches!(ast.value_type(), parser::value::ValueType::Matrix | parser::value::ValueType::String) {
        let told = format!("a rule needs a vector or a number, and this is a {}", ast.value_type());
        return Err(vec![Mistake::new(Code::RuleSyntax, told, whole.0, whole.1)]);
    }
    lowering.lower(&ast).map_err(|mistake| vec![mistake])
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX).min(MILLIS_MAX)
}

fn names(labels: &promql_parser::label::Labels) -> Vec<Arc<str>> {
    labels.labels.iter().map(|label| Arc::from(label.as_str())).collect()
}

/// The expression inside any number of brackets.
fn bare(mut ast: &Ast) -> &Ast {
    while let Ast::Paren(paren) = ast {
        ast = &paren.expr;
    }
    ast
}

// === impl Lowering ===

impl Lowering<'_> {
    /// The parser's own message, with a place as good as there is.
    fn unreadable(&mut self, message: &str) -> Mistake {
        let (start, end) = self.locator.named_in(message);
        if let Some(name) = message.strip_prefix("unknown function with name ") {
            return self.unknown_function(name.trim_matches('\''));
        }
        // The parser's grammar says no more than this when it is lost.
        let told = if message == "invalid promql query" { "this is no PromQL expression" } else { message };
        Mistake::new(Code::RuleSyntax, told, start, end)
    }

    fn unknown_function(&mut self, name: &str) -> Mistake {
        let (start, end) = self.locator.find(name);
        let told = format!("brownout doesn't evaluate `{name}` itself");
        let mistake = Mistake::new(Code::RuleUnsupported, told, start, end);
        match did_you_mean(name, functions::all()) {
            Some(meant) => mistake.hint(meant),
            None => mistake,
        }
    }

    fn unsupported(&mut self, what: &str, word: &str) -> Mistake {
        let (start, end) = self.locator.find(word);
        Mistake::new(Code::RuleUnsupported, format!("brownout doesn't evaluate {what} itself"), start, end)
    }

    fn wrong(&mut self, message: impl Into<String>, word: &str) -> Mistake {
        let (start, end) = self.locator.find(word);
        Mistake::new(Code::RuleSyntax, message, start, end)
    }

    fn lower(&mut self, ast: &Ast) -> Result<Expr, Mistake> {
        self.depth += 1;
        if self.depth > RULE_EXPRESSION_DEPTH_MAX {
            let (start, end) = self.locator.whole();
            let told = format!(
                "operators and functions nest deeper than {RULE_EXPRESSION_DEPTH_MAX} (RULE_EXPRESSION_DEPTH_MAX)"
            );
            return Err(Mistake::new(Code::TooMany, told, start, end));
        }
        let lowered = match ast {
            Ast::Paren(paren) => self.lower(&paren.expr),
            Ast::NumberLiteral(number) => Ok(Expr::Number(number.val)),
            Ast::Unary(unary) => Ok(Expr::Negate(Box::new(self.lower(&unary.expr)?))),
            Ast::VectorSelector(selector) => Ok(Expr::Select(self.selector(selector)?)),
            Ast::Binary(binary) => self.binary(binary),
            Ast::Aggregate(aggregate) => self.aggregate(aggregate),
            Ast::Call(call) => self.call(call),
            Ast::StringLiteral(_) => Err(self.wrong("a text can't stand here", "\"")),
            Ast::MatrixSelector(_) | Ast::Subquery(_) => Err(self.wrong("a range can't stand here", "[")),
            Ast::Extension(_) => Err(self.unsupported("an extension of PromQL", "(")),
        };
        self.depth -= 1;
        lowered
    }

    fn selector(&mut self, selector: &VectorSelector) -> Result<Selector, Mistake> {
        let named = selector.name.as_deref().map(|name| (Arc::from(name), self.locator.find(name)));
        let place = named.as_ref().map_or_else(|| self.locator.find("{"), |(_, place)| *place);
        let mut matchers = self.matchers(&selector.matchers)?;
        if let Some((name, _)) = named {
            matchers.insert(0, Matcher { label: METRIC_NAME.into(), test: Test::Equal(name) });
        }
        let equal = matchers.iter().find_map(|matcher| match &matcher.test {
            Test::Equal(name) if &*matcher.label == METRIC_NAME => Some(Arc::clone(name)),
            _ => None,
        });
        let shift = self.shift(selector.offset.as_ref(), selector.at.as_ref())?;
        Ok(Selector { name: equal, matchers, shift, place })
    }

    fn matchers(&mut self, matchers: &Matchers) -> Result<Vec<Matcher>, Mistake> {
        if !matchers.or_matchers.is_empty() {
            return Err(self.unsupported("`or` between matchers", "or"));
        }
        let lower = |matcher: &promql_parser::label::Matcher| {
            let value = || Arc::from(matcher.value.as_str());
            let regex = |this: &mut Self| go_regex(&matcher.value).map_err(|e| this.wrong(e, &matcher.name));
            let test = match &matcher.op {
                MatchOp::Equal => Test::Equal(value()),
                MatchOp::NotEqual => Test::NotEqual(value()),
                MatchOp::Re(_) => Test::Matches(regex(self)?),
                MatchOp::NotRe(_) => Test::MatchesNot(regex(self)?),
            };
            Ok(Matcher { label: matcher.name.as_str().into(), test })
        };
        matchers.matchers.iter().map(lower).collect()
    }

    fn shift(&mut self, offset: Option<&Offset>, at: Option<&AtModifier>) -> Result<Shift, Mistake> {
        let offset_ms = match offset {
            None => 0,
            Some(Offset::Pos(offset)) => millis(*offset),
            Some(Offset::Neg(offset)) => -millis(*offset),
        };
        let at_ms = match at {
            None => None,
            Some(AtModifier::At(instant)) => Some(epoch_millis(*instant)),
            // A rule is evaluated at one instant, which is both.
            Some(AtModifier::Start | AtModifier::End) if self.subqueries == 0 => None,
            Some(_) => return Err(self.unsupported("`@ start()` and `@ end()` in a subquery", "@")),
        };
        Ok(Shift { offset_ms, at_ms })
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Result<Expr, Mistake> {
        let sign = binary.op.to_string();
        let op = BinaryOp::named(&sign).ok_or_else(|| self.unsupported(&format!("`{sign}`"), &sign))?;
        let left = self.lower(&binary.lhs)?;
        let place = self.locator.find(&sign);
        let mut matching = Matching { by: MatchBy::Ignoring(Vec::new()), many: Many::Neither };
        if let Some(modifier) = &binary.modifier {
            if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
                return Err(self.unsupported("`fill`", "fill"));
            }
            match &modifier.matching {
                Some(LabelModifier::Include(labels)) => matching.by = MatchBy::On(names(labels)),
                Some(LabelModifier::Exclude(labels)) => matching.by = MatchBy::Ignoring(names(labels)),
                None => {}
            }
            match &modifier.card {
                VectorMatchCardinality::ManyToOne(labels) => matching.many = Many::Left(names(labels)),
                VectorMatchCardinality::OneToMany(labels) => matching.many = Many::Right(names(labels)),
                VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => {}
            }
        }
        let right = self.lower(&binary.rhs)?;
        Ok(Expr::Binary(Box::new(Binary { op, as_bool: binary.return_bool(), matching, left, right, place })))
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) -> Result<Expr, Mistake> {
        let name = aggregate.op.to_string();
        let Some(op) = AggregateOp::named(&name) else {
            return Err(self.unsupported(&format!("`{name}`"), &name));
        };
        let param = aggregate.param.as_ref().map(|param| self.lower(param)).transpose()?;
        let grouping = match &aggregate.modifier {
            Some(LabelModifier::Exclude(labels)) => Grouping::Without(names(labels)),
            Some(LabelModifier::Include(labels)) => Grouping::By(names(labels)),
            None => Grouping::By(Vec::new()),
        };
        let of = self.lower(&aggregate.expr)?;
        Ok(Expr::Aggregate(Box::new(Aggregate { op, param, of, grouping })))
    }

    fn call(&mut self, call: &Call) -> Result<Expr, Mistake> {
        let name = call.func.name;
        let args: Vec<&Ast> = call.args.args.iter().map(|arg| &**arg).collect();
        if let Some(function) = RangeFunction::named(name) {
            return self.range_call(function, &args);
        }
        if let Some(function) = MapFunction::named(name) {
            let of = self.argument(&args, 0)?;
            let rest = (1..args.len()).map(|index| self.argument(&args, index)).collect::<Result<_, _>>()?;
            return Ok(Expr::Map(function, Box::new(of), rest));
        }
        match name {
            "time" => Ok(Expr::Time),
            "pi" => Ok(Expr::Number(std::f64::consts::PI)),
            "scalar" => Ok(Expr::Scalar(Box::new(self.argument(&args, 0)?))),
            "vector" => Ok(Expr::Vector(Box::new(self.argument(&args, 0)?))),
            "timestamp" => Ok(Expr::Timestamp(Box::new(self.argument(&args, 0)?))),
            "absent" => {
                let labels = match args.first() {
                    Some(Ast::VectorSelector(selector)) => certain_labels(&selector.matchers),
                    _ => Labels::none(),
                };
                Ok(Expr::Absent(Box::new(self.argument(&args, 0)?), labels))
            }
            "histogram_quantile" => {
                let quantile = Box::new(self.argument(&args, 0)?);
                Ok(Expr::HistogramQuantile(quantile, Box::new(self.argument(&args, 1)?)))
            }
            "label_replace" | "label_join" => self.relabel(name, &args),
            other => Err(self.unknown_function(other)),
        }
    }

    fn argument(&mut self, args: &[&Ast], index: usize) -> Result<Expr, Mistake> {
        let (start, end) = self.locator.whole();
        let missing = || Mistake::new(Code::RuleSyntax, "an argument is missing", start, end);
        self.lower(args.get(index).ok_or_else(missing)?)
    }

    fn relabel(&mut self, name: &str, args: &[&Ast]) -> Result<Expr, Mistake> {
        let (of, texts) = args.split_first().ok_or_else(|| self.wrong("an argument is missing", name))?;
        let mut strings = Vec::new();
        for text in texts {
            let Ast::StringLiteral(text) = bare(text) else {
                return Err(self.wrong(format!("`{name}` takes texts in quotes"), name));
            };
            strings.push(Arc::<str>::from(text.val.as_str()));
        }
        let labels = if name == "label_join" {
            [&strings[..1], &strings[2..]].concat()
        } else {
            strings[..1].to_vec()
        };
        if let Some(bad) = labels.iter().find(|label| !crate::rules::file::is_name(label, false)) {
            return Err(self.wrong(format!("`{bad}` can't be the name of a label"), name));
        }
        let relabel = if let ("label_replace", [target, replacement, source, pattern]) = (name, &*strings) {
            let regex = go_regex(pattern).map_err(|wrong| self.wrong(wrong, name))?;
            let (target, replacement) = (Arc::clone(target), Arc::clone(replacement));
            Relabel::Replace { target, replacement, source: Arc::clone(source), regex }
        } else {
            let (target, separator) = (Arc::clone(&strings[0]), Arc::clone(&strings[1]));
            Relabel::Join { target, separator, sources: strings[2..].to_vec() }
        };
        Ok(Expr::Relabel(Box::new(self.lower(of)?), relabel))
    }

    fn range_call(&mut self, function: RangeFunction, args: &[&Ast]) -> Result<Expr, Mistake> {
        let mut param = None;
        let mut window = None;
        for arg in args {
            match bare(arg) {
                Ast::MatrixSelector(matrix) => {
                    let selector = self.selector(&matrix.vs)?;
                    let place = selector.place;
                    let absent = certain_labels(&matrix.vs.matchers);
                    window = Some((WindowSource::Series(selector), matrix.range, absent, place));
                }
                Ast::Subquery(subquery) => {
                    let (source, place) = self.subquery(subquery)?;
                    window = Some((source, subquery.range, Labels::none(), place));
                }
                other => param = Some(self.lower(other)?),
            }
        }
        let missing = |this: &mut Self| this.wrong("a window such as `[5m]` is missing", "(");
        let (source, range, absent, place) = window.ok_or_else(|| missing(self))?;
        let range_ms = millis(range);
        Ok(Expr::Range(Box::new(RangeCall { function, param, source, range_ms, absent, place })))
    }

    fn subquery(&mut self, subquery: &SubqueryExpr) -> Result<(WindowSource, (usize, usize)), Mistake> {
        self.subqueries += 1;
        let of = self.lower(&subquery.expr)?;
        self.subqueries -= 1;
        let place = self.locator.find("[");
        let shift = self.shift(subquery.offset.as_ref(), subquery.at.as_ref())?;
        let step_ms = subquery.step.map(millis).filter(|step| *step > 0);
        if of.is_scalar() {
            return Err(self.unsupported("a subquery of a scalar", "["));
        }
        Ok((WindowSource::Subquery { of, step_ms, shift }, place))
    }
}

fn epoch_millis(instant: SystemTime) -> i64 {
    match instant.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => millis(after),
        Err(before) => -millis(before.duration()),
    }
}

/// The labels that a series must have by the matchers of its selector: what `absent` gives its result. A label that is
/// named again, or otherwise than by `=`, is none of them.
fn certain_labels(matchers: &Matchers) -> Labels {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for matcher in matchers.matchers.iter().filter(|matcher| matcher.name != METRIC_NAME) {
        let known = matchers.matchers.iter().take_while(|other| !std::ptr::eq(*other, matcher));
        let seen = known.into_iter().any(|m| m.name == matcher.name && matches!(m.op, MatchOp::Equal));
        if matches!(matcher.op, MatchOp::Equal) && !seen {
            pairs.push((&matcher.name, &matcher.value));
        } else {
            pairs.retain(|(name, _)| *name != matcher.name);
        }
    }
    Labels::new(pairs)
}
