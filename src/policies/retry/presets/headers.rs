//! The presets of clients that read limit headers: those that wait after a refusal, and those that
//! pace what they send.
//!
//! The simulated API's limits are all primary ones, in GitHub's words.

use crate::policies::preset::{Follows, Preset};

pub(super) const OCTOKIT_THROTTLING: Preset = Preset {
    name: "octokit_throttling",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
limit_reset = { on = ["403", "429"], clock = "epoch", whole_seconds = true, plus = "1s", at_least_backoff = false, exhausted_only = true, missing = "give_up", secondary = "60s" }
retry_on = ["403", "429"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "octokit's plugin-throttling, whose handler always says retry (assumption): the reset and a second more, where nothing is left; its queues are left out (10 at once, writes 1 s, search 2 s, notifications 3 s apart)",
    source: "octokit/plugin-throttling 0029d86, src/index.ts",
    follows: Follows::version("octokit/plugin-throttling", "0029d86"),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const PYGITHUB: Preset = Preset {
    name: "pygithub",
    settings: r#"
attempts = 11
wait_out_deadline = false
retry_after = "honoured"
limit_reset = { on = ["403"], clock = "epoch", whole_seconds = false, plus = "1s", at_least_backoff = true, exhausted_only = false, missing = "backoff", secondary = "60s" }
retry_on = ["403", "413", "429", "5xx", "timeout"]
retry_after_needed = ["413", "429"]
backoff = { kind = "urllib3", factor = "0s", max = "2m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "PyGithub's GithubRetry: the reset and a second more, or the backoff after a 403; 413 and 429 with Retry-After only; the quarter second between calls and the second between writes are left out",
    source: "PyGithub 2.10, github/GithubRetry.py",
    follows: Follows::version("PyGithub", "2.10"),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const PYTHON_GITLAB: Preset = Preset {
    name: "python_gitlab",
    settings: r#"
attempts = 11
wait_out_deadline = false
retry_after = "honoured"
limit_reset = { on = ["429"], clock = "epoch", whole_seconds = false, plus = "0s", at_least_backoff = false, exhausted_only = false, missing = "backoff" }
retry_on = ["429"]
retry_after_needed = []
backoff = { kind = "exponential", base = "100ms", multiplier = 2.0, cap = "1h", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "python-gitlab: Retry-After, else the reset, else 0.1 s doubling",
    source: "python-gitlab 8.6, gitlab/utils.py; the longest wait of 1 h is never reached",
    follows: Follows::version("python-gitlab", "8.6"),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const OKTA_PYTHON: Preset = Preset {
    name: "okta_python",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
limit_reset = { on = ["429"], clock = "epoch_by_date", whole_seconds = false, plus = "1s", at_least_backoff = false, exhausted_only = false, missing = "give_up" }
retry_on = ["429", "503", "504"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Okta's SDK for Python: the reset less the answer's Date, and a second more; 503 and 504 at once",
    source: "okta-sdk-python 3.4, request_executor.py; that 503 and 504 need both headers too is left out",
    follows: Follows::version("okta-sdk-python", "3.4"),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const OKTA_GO: Preset = Preset {
    name: "okta_go",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
limit_reset = { on = ["429"], clock = "epoch_by_date", whole_seconds = false, plus = "1s", max = "30s", at_least_backoff = false, exhausted_only = false, missing = "give_up" }
retry_on = ["429"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Okta's SDK for Go: after a 429 until the reset by the server's clock and 1 s, at most 30 s",
    source: "okta-sdk-golang v2, requestExecutor.go; 30 s and 2 retries are from memory [M]",
    follows: Follows::version("okta-sdk-golang", "v2"),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const STAINLESS: Preset = Preset {
    name: "stainless",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "honoured_unless_zero"
retry_after_give_up = "120s"
retry_on = ["408", "409", "429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "stainless", initial = "500ms", max = "8s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "SDKs that Stainless generates (openai, anthropic): Retry-After up to 120 s, above it none; it ignores what is left and when it resets; older generations have 60 s [M]",
    source: "openai-python 3.57, _base_client.py",
    follows: Follows::version("openai-python", "3.57")
        .changed("honours Retry-After up to 120 s; was 60 s [from memory]", None),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const STRIPE_PYTHON: Preset = Preset {
    name: "stripe_python",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["409", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "stripe", initial = "500ms", max = "5s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Stripe's library for Python: no retry of a 429 unless a header of its own asks, which the simulated API does not send",
    source: "stripe-python 16, stripe/_http_client.py",
    follows: Follows::version("stripe-python", "16"),
    cases: &[],
};

pub(super) const PRAWCORE: Preset = Preset {
    name: "prawcore",
    settings: r#"
attempts = 3
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "prawcore", window = "10m", wait_max = "10s" }
"#,
    summary: "Reddit's prawcore: after each answer the next call waits for what is used ahead of the window",
    source: "prawcore 4.0, rate_limit.py; the 3 attempts at once, after any 5xx, are an assumption",
    follows: Follows::version("prawcore", "4.0"),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const GENESYS_SCRIPT_A: Preset = Preset {
    name: "genesys_script_a",
    settings: r#"
attempts = 1000000
wait_out_deadline = false
retry_after = "ignored"
limit_reset = { on = ["429"], clock = "seconds_left", whole_seconds = false, plus = "1s", at_least_backoff = false, exhausted_only = false, missing = "backoff" }
retry_on = ["429", "504"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "10s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "a public Genesys script (JavaScript): the reset and a second more after a 429, 10 s after a 504, without end; older copies add 1 ms",
    source: "index excerpt of a public script, repository not named [D]",
    follows: Follows::version(
        "a public Genesys script, repository not named",
        "as in the index excerpt",
    )
    .changed("waits a second longer than the reset; older copies a millisecond", None),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const GENESYS_SCRIPT_B: Preset = Preset {
    name: "genesys_script_b",
    settings: r#"
attempts = 1
wait_out_deadline = false
retry_after = "ignored"
retry_on = []
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "until_reset", margin = 5, plus = "1s", after_ok = true, retry_after = false }
"#,
    summary: "a public Genesys script (PowerShell): where 5 or fewer calls are left, the reset and a second more before the next; it retries nothing (assumption)",
    source: "index excerpt of a public script, repository not named [D]",
    follows: Follows::version(
        "a public Genesys script, repository not named",
        "as in the index excerpt",
    ),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const GENESYS_SCRIPT_C: Preset = Preset {
    name: "genesys_script_c",
    settings: r#"
attempts = 1
wait_out_deadline = false
retry_after = "ignored"
retry_on = []
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "until_reset", margin = 1, plus = "0s", after_ok = false, retry_after = false }
"#,
    summary: "a public Genesys script (Python): where the next call would use the last one left, until the reset; it retries nothing (assumption)",
    source: "index excerpt of a public script, repository not named [D]",
    follows: Follows::version(
        "a public Genesys script, repository not named",
        "as in the index excerpt",
    ),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const IETF_RATELIMIT: Preset = Preset {
    name: "ietf_ratelimit",
    settings: r#"
attempts = 1
wait_out_deadline = false
retry_after = "honoured"
retry_on = []
retry_after_needed = []
backoff = { kind = "fixed", delay = "0s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "until_reset", margin = 0, plus = "0s", after_ok = false, retry_after = true }
"#,
    summary: "what draft-ietf-httpapi-ratelimit-headers asks: nothing more until the reset where nothing is left, Retry-After before it; it retries nothing (assumption)",
    source: "draft-ietf-httpapi-ratelimit-headers-10 (0669b82), which has no formula",
    follows: Follows::version("draft-ietf-httpapi-ratelimit-headers", "10 (September 2025)"),
    cases: &["policies/header_pacing.csv"],
};

pub(super) const SPREAD: Preset = Preset {
    name: "spread",
    settings: r#"
attempts = 6
wait_out_deadline = false
retry_after = "honoured"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "500ms", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "spread" }
"#,
    summary: "our own, found in no client: the time until the reset spread evenly over what is left; otherwise as fixed_500ms, but it honours Retry-After",
    source: "our own; all its figures are assumptions",
    follows: Follows::version("no library: our own", "as described"),
    cases: &[],
};
