//! The presets: whole retry loops, as SDKs, proxies and operators have them.
//!
//! A library that retries exceptions is taken to be under an HTTP client that raises one for every
//! status from 400 on (assumption); gRPC's UNAVAILABLE stands under 503, a connection error under a
//! time-out. The transient statuses of the AWS SDKs and what go-retryablehttp takes for one (any 5xx;
//! 501 included) are from memory, as are the statuses of the proxies' `5xx`.

mod aws;
mod genesys;
mod headers;
mod libraries;
mod papers;
mod proxies;
mod throttled;

use crate::policies::preset::Preset;

/// The presets.
pub const PRESETS: &[Preset] = &[
    genesys::FIXED_500MS,
    aws::BOTOCORE_LEGACY,
    aws::BOTOCORE_STANDARD,
    aws::BOTOCORE_STANDARD_V21,
    aws::BOTOCORE_DYNAMODB_V21,
    aws::BOTOCORE_LONG_POLL_V21,
    aws::BOTOCORE_ADAPTIVE,
    aws::BOTOCORE_ADAPTIVE_V21,
    aws::SMITHY_ADAPTIVE,
    proxies::GRPC,
    proxies::ENVOY,
    proxies::ENVOY_RETRY_BUDGET,
    proxies::ISTIO,
    proxies::ISTIO_RETRY_BUDGET,
    proxies::GATEWAY_RETRY_BUDGET,
    libraries::POLLY_V8,
    libraries::POLLY_V8_EXPONENTIAL_JITTER,
    libraries::RESILIENCE4J,
    libraries::RESILIENCE4J_EXPONENTIAL_RANDOM,
    libraries::TENACITY,
    libraries::BACKON,
    proxies::FINAGLE,
    proxies::LINKERD_TOWER,
    genesys::GENESYS_PYTHON_NEW,
    genesys::GENESYS_PYTHON_OLD,
    genesys::GENESYS_DOTNET,
    genesys::GENESYS_GO,
    genesys::GENESYS_CLI,
    libraries::URLLIB3,
    papers::AWS_BLOG_EXPONENTIAL,
    papers::AWS_BLOG_FULL_JITTER,
    papers::AWS_BLOG_EQUAL_JITTER,
    papers::AWS_BLOG_DECORRELATED_JITTER,
    papers::GOOGLE_SRE,
    papers::BROOKER_ADAPTIVE,
    throttled::ATB,
    throttled::ATB_CODE_DEFAULTS,
    throttled::AATB,
    headers::OCTOKIT_THROTTLING,
    headers::PYGITHUB,
    headers::PYTHON_GITLAB,
    headers::OKTA_PYTHON,
    headers::OKTA_GO,
    headers::STAINLESS,
    headers::STRIPE_PYTHON,
    headers::PRAWCORE,
    headers::GENESYS_SCRIPT_A,
    headers::GENESYS_SCRIPT_B,
    headers::GENESYS_SCRIPT_C,
    headers::IETF_RATELIMIT,
    headers::SPREAD,
];
