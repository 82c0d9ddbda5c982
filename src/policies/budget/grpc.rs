//! gRPC's retry throttling.

/// Tokens of one client, in thousandths (proposal A6, "Throttling Retry Attempts"; grpc-go
/// `clientconn.go`, `retryThrottler`).
#[derive(Clone, Debug)]
pub struct GrpcThrottle {
    max: u32,
    ratio: u32,
    tokens: u32,
}

impl GrpcThrottle {
    /// A full one.
    #[must_use]
    pub fn new(max_tokens: u32, ratio: f64) -> Self {
        let max = max_tokens.saturating_mul(1000);
        // Decimals beyond the third are ignored; 0.57 is 569.999… thousandths in binary.
        let ratio = libm::trunc(ratio * 1000.0 + 1e-6) as u32;
        Self { max, ratio, tokens: max }
    }

    /// A failure takes one token; whether more than half remain.
    pub const fn on_failure(&mut self) -> bool {
        self.tokens = self.tokens.saturating_sub(1000);
        self.allows()
    }

    /// Whether more than half remain.
    #[must_use]
    pub const fn allows(&self) -> bool {
        self.tokens > self.max / 2
    }

    /// A success gives `ratio` back.
    pub fn on_success(&mut self) {
        self.tokens = self.tokens.saturating_add(self.ratio).min(self.max);
    }

    /// Thousandths of a token left.
    #[must_use]
    pub const fn thousandths(&self) -> u32 {
        self.tokens
    }
}
