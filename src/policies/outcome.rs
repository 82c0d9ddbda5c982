//! How a try of an API request ended, and lists of such ends as specs have them.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// How a try of an API request ended, for its client. The statuses that a limiter or an
/// overloaded server answers by default have names of their own; make others with
/// [`Outcome::of_status`].
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// 2xx.
    Ok,
    /// 429: as a rule, a limiter refused it.
    TooManyRequests,
    /// 503: as a rule, the server's queue was full, it was at its concurrency limit, or it shed
    /// the request.
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// The client's own breaker refused it, and nothing was sent.
    Refused,
    /// The client's own bulkhead or connection pool refused it, and nothing was sent.
    Bulkhead,
    /// Any other HTTP status from 300 to 599.
    Status(u16),
}

impl Outcome {
    /// The outcome that an HTTP status is; nothing below 200 and from 600 on, where no status ends
    /// a request.
    #[must_use]
    pub const fn of_status(status: u16) -> Option<Self> {
        Some(match status {
            200..=299 => Self::Ok,
            429 => Self::TooManyRequests,
            503 => Self::Unavailable,
            300..=599 => Self::Status(status),
            _ => return None,
        })
    }

    /// Its HTTP status, where an answer came; 200 for any success.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Ok => Some(200),
            Self::TooManyRequests => Some(429),
            Self::Unavailable => Some(503),
            Self::Status(status) => Some(status),
            Self::TimedOut | Self::Refused | Self::Bulkhead => None,
        }
    }

    /// Whether the client refused the try itself: it says nothing of the server.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Refused | Self::Bulkhead)
    }
}

/// An outcome, or a class of statuses, in a list of a spec: `"timeout"`, `"503"`, `"5xx"`.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum OutcomePattern {
    /// This outcome.
    One(Outcome),
    /// Every status whose first digit this is: 3, 4 or 5.
    Class(u16),
}

impl OutcomePattern {
    /// Words that are no status.
    const WORDS: [(&'static str, Outcome); 4] = [
        ("ok", Outcome::Ok),
        ("timeout", Outcome::TimedOut),
        ("refused", Outcome::Refused),
        ("bulkhead", Outcome::Bulkhead),
    ];
    /// The `format` of its JSON Schema.
    pub const FORMAT: &'static str = "outcome";
    /// What is allowed, as a message says it.
    pub const ALLOWED: &'static str = "must be \"timeout\", \"refused\", \"bulkhead\", an HTTP \
         status of an error from \"300\" to \"599\", or a class of statuses: \"3xx\", \"4xx\", \"5xx\"";

    /// The words.
    pub fn words() -> impl Iterator<Item = &'static str> {
        Self::WORDS.into_iter().map(|(word, _)| word)
    }

    fn covers(self, outcome: Outcome) -> bool {
        match self {
            Self::One(one) => one == outcome,
            Self::Class(class) => outcome.status().is_some_and(|status| status / 100 == class),
        }
    }
}

impl fmt::Display for OutcomePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |own: Outcome| Self::WORDS.iter().find(|(_, word)| *word == own);
        match *self {
            Self::Class(class) => write!(f, "{class}xx"),
            Self::One(outcome) => match (word(outcome), outcome.status()) {
                (Some((word, _)), _) => f.write_str(word),
                (None, Some(status)) => write!(f, "{status}"),
                (None, None) => unreachable!("an outcome without a status has a word"),
            },
        }
    }
}

impl FromStr for OutcomePattern {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some((_, outcome)) = Self::WORDS.iter().find(|(word, _)| *word == text) {
            return Ok(Self::One(*outcome));
        }
        if let Some(class) = ["3xx", "4xx", "5xx"].iter().position(|class| *class == text) {
            return Ok(Self::Class(class as u16 + 3));
        }
        let status = if text.len() == 3 { text.parse().ok() } else { None };
        status
            .filter(|status| *status >= 300)
            .and_then(Outcome::of_status)
            .map(Self::One)
            .ok_or(Self::ALLOWED)
    }
}

impl Serialize for OutcomePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OutcomePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = OutcomePattern;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an outcome of a request")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<OutcomePattern, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for OutcomePattern {
    fn schema_name() -> Cow<'static, str> {
        "Outcome".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": Self::FORMAT,
            "pattern": "^(ok|timeout|refused|bulkhead|[345]([0-9]{2}|xx))$",
            "description": "How a try ended: \"timeout\", \"refused\" (by the client's own \
                            breaker), \"bulkhead\" (by its own bulkhead), an HTTP status like \
                            \"429\", or a class of statuses, \"5xx\"",
        })
    }
}

/// A list of outcomes as a spec has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Outcomes(Vec<OutcomePattern>);

impl Outcomes {
    /// What a client takes for a failure unless it says otherwise (assumption): a 429, any 5xx,
    /// and no answer in time.
    #[must_use]
    pub fn failures() -> Self {
        let one = |outcome| OutcomePattern::One(outcome);
        Self(vec![one(Outcome::TooManyRequests), OutcomePattern::Class(5), one(Outcome::TimedOut)])
    }

    /// Whether an outcome is in the list, by itself or by its class.
    #[must_use]
    pub fn contains(&self, outcome: Outcome) -> bool {
        self.0.iter().any(|pattern| pattern.covers(outcome))
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Vec<Outcome>> for Outcomes {
    fn from(list: Vec<Outcome>) -> Self {
        Self(list.into_iter().map(OutcomePattern::One).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_read_and_print_alike_and_classes_cover_their_statuses() {
        for status in 300..600 {
            let text = status.to_string();
            let pattern: OutcomePattern = text.parse().expect("a status");
            assert_eq!(pattern.to_string(), text);
            let outcome = Outcome::of_status(status).expect("it ends a request");
            assert_eq!((pattern, outcome.status()), (OutcomePattern::One(outcome), Some(status)));
            for (class, text) in [(3, "3xx"), (4, "4xx"), (5, "5xx")] {
                let class_pattern: OutcomePattern = text.parse().expect("a class");
                assert_eq!(class_pattern.to_string(), text);
                assert_eq!(class_pattern.covers(outcome), status / 100 == class);
            }
        }
        for word in OutcomePattern::words() {
            assert_eq!(word.parse::<OutcomePattern>().expect("a word").to_string(), word);
        }
        for text in
            ["", "200", "299", "600", "5XX", "2xx", "50", "0500", "+500", " 500", "time-out"]
        {
            assert!(text.parse::<OutcomePattern>().is_err(), "{text}");
        }
        let five: Outcomes = Outcomes(vec![OutcomePattern::Class(5)]);
        for outcome in [Outcome::Ok, Outcome::TimedOut, Outcome::Refused, Outcome::Bulkhead] {
            assert!(!five.contains(outcome), "{outcome:?} is no 5xx");
        }
        assert!(five.contains(Outcome::Unavailable));
    }
}
