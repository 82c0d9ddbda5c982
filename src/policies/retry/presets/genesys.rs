//! The operators' own loop and the SDKs of Genesys Cloud.

use crate::policies::preset::{Follows, Preset};

pub(super) const FIXED_500MS: Preset = Preset {
    name: "fixed_500ms",
    settings: r#"
attempts = 6
wait_out_deadline = false
retry_after = "ignored"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "500ms", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "the operators' own loop: every 500 ms, whatever the answer says",
    source: "the operators' account; six attempts are an assumption",
    follows: Follows::version("no library: the operators' own loop", "as told"),
    cases: &[],
};

pub(super) const GENESYS_PYTHON_NEW: Preset = Preset {
    name: "genesys_python_new",
    settings: r#"
attempts = 11
wait_out_deadline = false
retry_after = "honoured_unless_zero"
retry_after_max = "6h"
retry_on = ["413", "429", "503", "timeout"]
retry_after_needed = ["413", "429", "503"]
backoff = { kind = "urllib3", factor = "0s", max = "2m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Genesys Cloud SDK for Python since 113.0.1: 10 hidden retries, after Retry-After only; without one, none",
    source: "PureCloudPlatformClientV2 269.0.0 default_http_client.py, urllib3 2.8.0 Retry(); connection errors are retried at once",
    follows: Follows::version("Genesys Cloud SDK for Python", "269.0.0")
        .since("113.0.1 of March 2021")
        .changed(
            "10 retries of every method; was urllib3's Retry(3), which leaves out POST and PATCH",
            Some("genesys_python_old"),
        ),
    cases: &[
        "traces/sdk_429_no_retryafter.json",
        "traces/sdk_429_retryafter0_forever.json",
        "traces/sdk_429_retryafter1_then_ok.json",
        "traces/sdk_429_retryafter2_put.json",
        "traces/sdk_503_no_retryafter.json",
        "traces/sdk_conn_reset_forever.json",
    ],
};

pub(super) const GENESYS_PYTHON_OLD: Preset = Preset {
    name: "genesys_python_old",
    settings: r#"
attempts = 4
wait_out_deadline = false
retry_after = "honoured_unless_zero"
retry_after_max = "6h"
retry_on = ["413", "429", "503", "timeout"]
retry_after_needed = ["413", "429", "503"]
methods = ["get", "put", "delete"]
backoff = { kind = "urllib3", factor = "0s", max = "2m", jitter = "0s" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Genesys Cloud SDK for Python up to 79.2.0: 3 hidden retries, not of POST and PATCH",
    source: "PureCloudPlatformClientV2 2.0.1 over urllib3's default Retry(3)",
    follows: Follows::version(
        "Genesys Cloud SDK for Python",
        "2.0.1; 79.2.0 of March 2020 behaves alike",
    ),
    cases: &[],
};

pub(super) const GENESYS_DOTNET: Preset = Preset {
    name: "genesys_dotnet",
    settings: r#"
attempts = 7
elapsed_max = "10s"
wait_out_deadline = false
retry_after = "honoured"
retry_on = ["429", "5xx"]
retry_after_needed = []
backoff = { kind = "stepped", flat = "3s", flat_retries = 5, base = "1s", every = "5m", steps = 3 }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Genesys Cloud SDK for .NET with retries switched on: Retry-After or 3 s, after 5xx then 3, 9, 27 s",
    source: "MyPureCloud/platform-client-sdk-dotnet ApiClient.cs (RetryMax 5, whose comparison allows 6 retries); off by default: MaxRetryTimeSec 10 is an assumption",
    follows: Follows::version(
        "Genesys Cloud SDK for .NET",
        "ApiClient.cs as stored, release not known",
    ),
    cases: &[],
};

pub(super) const GENESYS_GO: Preset = Preset {
    name: "genesys_go",
    settings: r#"
attempts = 21
wait_out_deadline = false
retry_after = "honoured"
retry_after_give_up = "180s"
retry_on = ["429", "5xx", "timeout"]
retry_after_needed = []
backoff = { kind = "exponential", base = "5s", multiplier = 2.0, cap = "1m", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Genesys Cloud SDK for Go with retries as in its README: 20 retries, 5 s doubling to 60 s",
    source: "MyPureCloud/platform-client-sdk-go README and apiclient.go over hashicorp/go-retryablehttp DefaultBackoff; off by default",
    follows: Follows::version("Genesys Cloud SDK for Go", "HEAD, date not known"),
    cases: &[],
};

pub(super) const GENESYS_CLI: Preset = Preset {
    name: "genesys_cli",
    settings: r#"
attempts = 3
elapsed_max = "10s"
wait_out_deadline = false
retry_after = "honoured_as_millis"
retry_on = ["429"]
retry_after_needed = []
backoff = { kind = "fixed", delay = "3s", jitter = "none" }
budget = { kind = "none" }
throttle = { kind = "none" }
"#,
    summary: "Genesys Cloud CLI before it used go-retryablehttp: third 429 or 10 s end it; Retry-After read as milliseconds",
    source: "MyPureCloud/platform-client-sdk-cli build/gc/retry/retry.go, version with MaxRetriesBeforeQuitting 3; later versions are as genesys_go",
    follows: Follows::version(
        "Genesys Cloud CLI",
        "the release with MaxRetriesBeforeQuitting 3, number not known",
    ),
    cases: &[],
};
