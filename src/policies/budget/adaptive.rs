//! M. Brooker's adaptive retries ("Fixing retries with token buckets and circuit breakers", 2022).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What earns tokens.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// The start of a request, as in his code.
    #[default]
    Request,
    /// A success, as in his text.
    Success,
}

/// A bucket of tokens.
#[derive(Clone, Debug)]
pub struct AdaptiveBucket {
    fill: f64,
    size: f64,
    credit: Credit,
    tokens: f64,
}

impl AdaptiveBucket {
    /// A full bucket.
    #[must_use]
    pub const fn new(fill: f64, size: f64, credit: Credit) -> Self {
        Self { fill, size, credit, tokens: size }
    }

    fn earn(&mut self) {
        self.tokens = (self.tokens + self.fill).min(self.size);
    }

    /// A request starts.
    pub fn on_request(&mut self) {
        if self.credit == Credit::Request {
            self.earn();
        }
    }

    /// A request succeeded.
    pub fn on_success(&mut self) {
        if self.credit == Credit::Success {
            self.earn();
        }
    }

    /// Takes one token, where there is strictly more than one.
    pub fn withdraw(&mut self) -> bool {
        let granted = self.tokens > 1.0;
        if granted {
            self.tokens -= 1.0;
        }
        granted
    }

    /// Tokens left.
    #[must_use]
    pub const fn tokens(&self) -> f64 {
        self.tokens
    }
}
