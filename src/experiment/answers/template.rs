//! Sentences with places to fill, read from the text a study has.

use super::super::plan::Factor;
use crate::engine::statistics::Interval;
use crate::system::metrics::{METRICS, Metric, index_of, no_such_metric};
use crate::system::spelling::no_such;

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Level(usize, Which),
    Setting(Which),
    Estimate(Measure, Which),
    Difference(Measure),
    Compared(Measure),
    Ranking,
    Crossing,
    Stretches,
}

/// Of which of two points.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Point,
    Other,
}

/// A metric, in its unit or per hour or day.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Measure {
    pub(super) index: usize,
    per: Option<Per>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Per {
    Hour,
    Day,
}

impl Measure {
    pub(super) fn metric(self) -> &'static Metric {
        &METRICS[self.index]
    }

    /// An interval of the metric over `measured_s` seconds as one of this measure.
    pub(super) fn scaled(self, interval: Interval, measured_s: f64) -> Interval {
        let factor = match self.per {
            None => return interval,
            Some(Per::Hour) => 3600.0 / measured_s,
            Some(Per::Day) => 86_400.0 / measured_s,
        };
        let Interval { mean, half_width, sd, n } = interval;
        Interval { mean: mean * factor, half_width: half_width * factor, sd: sd * factor, n }
    }

    /// Reads `metric`, `metric per hour` or `metric per day`.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match measure(&words)? {
            (measure, []) => Ok(measure),
            (_, rest) => Err(format!("`{}` says nothing here", rest.join(" "))),
        }
    }
}

/// The measure at the beginning of `words`, and what is left.
fn measure<'a, 'w>(words: &'a [&'w str]) -> Result<(Measure, &'a [&'w str]), String> {
    let Some((name, rest)) = words.split_first() else {
        return Err("needs the name of a metric".to_owned());
    };
    let Some(index) = index_of(name) else {
        return Err(format!("`{name}`: {}", no_such_metric(name)));
    };
    let (per, rest) = match rest {
        ["per", "hour", rest @ ..] => (Some(Per::Hour), rest),
        ["per", "day", rest @ ..] => (Some(Per::Day), rest),
        rest => (None, rest),
    };
    if per.is_some() && !METRICS[index].adds_up() {
        return Err(format!("`{name}` does not add up over time; leave out `per …`"));
    }
    Ok((Measure { index, per }, rest))
}

/// Reads a sentence.
pub(super) fn read(say: &str, factors: &[Factor]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = say;
    while let Some(open) = rest.find(['{', '}']) {
        if rest[open..].starts_with('}') {
            return Err("has a `}` without its `{`".to_owned());
        }
        let Some(length) = rest[open..].find('}') else {
            return Err("has a `{` without its `}`".to_owned());
        };
        pieces.push(Piece::Text(rest[..open].to_owned()));
        pieces.push(place(&rest[open + 1..open + length], factors)?);
        rest = &rest[open + length + 1..];
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    Ok(pieces)
}

fn place(text: &str, factors: &[Factor]) -> Result<Piece, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let factor = |name: &str| factors.iter().position(|f| f.name == name);
    match words[..] {
        ["ranking"] => return Ok(Piece::Ranking),
        ["crossing"] => return Ok(Piece::Crossing),
        ["stretches"] => return Ok(Piece::Stretches),
        ["setting"] => return Ok(Piece::Setting(Which::Point)),
        ["setting", "against"] => return Ok(Piece::Setting(Which::Other)),
        [name] if factor(name).is_some() => {
            return Ok(Piece::Level(factor(name).unwrap_or(0), Which::Point));
        }
        [name, "against"] if factor(name).is_some() => {
            return Ok(Piece::Level(factor(name).unwrap_or(0), Which::Other));
        }
        [name, ..] if index_of(name).is_none() => {
            let own = ["ranking", "crossing", "stretches", "setting"];
            let known = factors.iter().map(|f| f.name.as_str());
            let known = known.chain(METRICS.iter().map(|m| m.name)).chain(own);
            return Err(format!("`{name}`: {}", no_such("factor or metric", name, known)));
        }
        _ => {}
    }
    match measure(&words)? {
        (measure, []) => Ok(Piece::Estimate(measure, Which::Point)),
        (measure, ["against"]) => Ok(Piece::Estimate(measure, Which::Other)),
        (measure, ["difference"]) => Ok(Piece::Difference(measure)),
        (measure, ["compared"]) => Ok(Piece::Compared(measure)),
        (_, rest) => Err(format!(
            "cannot fill `{}`; after a metric may stand `per hour` or `per day`, then `against`, \
             `difference` or `compared`",
            rest.join(" ")
        )),
    }
}
