//! The breakers' promises, whatever their kind; what a library does exactly is replayed under
//! `tests/replay`.

mod generic;
mod properties;

use std::convert::Infallible;

use rand::rand_core::TryRng;

use super::*;
use crate::engine::time::SimDuration;

fn at(secs: u64) -> SimTime {
    SimTime::ZERO + SimDuration::from_secs(secs)
}

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
#[derive(Clone)]
struct Draw(u64);

impl TryRng for Draw {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

fn draw() -> Draw {
    Draw(1)
}

#[test]
fn outcomes_are_classed_as_the_spec_says() {
    let spec = BreakerSpec {
        failures: vec![Outcome::TimedOut].into(),
        ignored: vec![Outcome::TooManyRequests].into(),
        ..BreakerSpec::default()
    };
    assert_eq!(spec.classify(Outcome::TimedOut), CallResult::Failure);
    assert_eq!(spec.classify(Outcome::TooManyRequests), CallResult::Ignored);
    assert_eq!(spec.classify(Outcome::Unavailable), CallResult::Success);
    assert_eq!(spec.classify(Outcome::Ok), CallResult::Success);
}

#[test]
fn presets_are_what_their_libraries_start_with() {
    for preset in PRESETS {
        let spec: BreakerSpec =
            toml::from_str(preset.settings).unwrap_or_else(|e| panic!("{}: {e}", preset.name));
        assert_eq!(spec.check(), [], "{}", preset.name);
        let machine = match &spec.machine {
            MachineSpec::Generic(_) => MachineSpec::Generic(GenericSpec::default()),
            MachineSpec::Resilience4j(_) => MachineSpec::Resilience4j(Resilience4jSpec::default()),
            MachineSpec::Polly(_) => MachineSpec::Polly(PollySpec::default()),
            MachineSpec::Hystrix(_) => MachineSpec::Hystrix(HystrixSpec::default()),
            MachineSpec::Opossum(_) => MachineSpec::Opossum(OpossumSpec::default()),
            MachineSpec::Gobreaker(_) => MachineSpec::Gobreaker(GobreakerSpec::default()),
            MachineSpec::Pybreaker(_) => MachineSpec::Pybreaker(PybreakerSpec::default()),
            MachineSpec::Failsafe(spec) => MachineSpec::Failsafe(FailsafeSpec {
                consecutive: spec.consecutive.as_ref().map(|_| ConsecutiveSpec::default()),
                success_rate: spec.success_rate.as_ref().map(|_| SuccessRateSpec::default()),
            }),
            MachineSpec::Linkerd(_) => MachineSpec::Linkerd(LinkerdSpec::default()),
            MachineSpec::EnvoyOutlier(_) => MachineSpec::EnvoyOutlier(OutlierSpec::default()),
            MachineSpec::Semian(_) => MachineSpec::Semian(SemianSpec::default()),
        };
        assert_eq!(spec.machine, machine, "{}", preset.name);
        for case in preset.cases {
            let path = format!("{}/tests/cases/{case}", env!("CARGO_MANIFEST_DIR"));
            assert!(std::path::Path::new(&path).exists(), "{}: {path}", preset.name);
        }
    }
}

/// Every key of a preset is written out, so that it stays what it is when a default changes.
#[test]
fn presets_leave_no_key_to_a_default() {
    for preset in PRESETS {
        let spec: BreakerSpec = toml::from_str(preset.settings).expect("it parses");
        let whole = toml::Table::try_from(&spec.machine).expect("a table");
        let written: toml::Table = preset.settings.parse().expect("it is TOML");
        let written = written["machine"].as_table().expect("a table");
        let keys = |table: &toml::Table| -> Vec<String> {
            let mut keys: Vec<String> = table.keys().cloned().collect();
            keys.sort();
            keys
        };
        assert_eq!(keys(&whole), keys(written), "{}", preset.name);
    }
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    for (settings, field) in [
        ("kind = 'resilience4j'\nfailure_rate = 0.0", "machine.failure_rate"),
        ("kind = 'resilience4j'\nwait = { kind = 'fixed', delay = '10us' }", "machine.wait.delay"),
        ("kind = 'polly'\nbreak_duration = '0s'", "machine.break_duration"),
        ("kind = 'hystrix'\nrolling_window = '100ms'", "machine.rolling_window"),
        ("kind = 'opossum'\nrolling_count_timeout = '5ms'", "machine.rolling_count_timeout"),
        ("kind = 'gobreaker'\nbucket_period = '1s'", "machine.bucket_period"),
        ("kind = 'pybreaker'\nfail_max = 0", "machine.fail_max"),
        ("kind = 'failsafe'\nsuccess_rate = { window = '10ms' }", "machine.success_rate.window"),
        ("kind = 'linkerd'\nmax_penalty = '1ms'", "machine.max_penalty"),
        ("kind = 'semian'\nsliding_interval = '0s'", "machine.sliding_interval"),
        ("kind = 'semian'\nintegral_lower_cap = 1.0", "machine.integral_lower_cap"),
        ("kind = 'envoy_outlier'\nmax_ejection_time = '1s'", "machine.max_ejection_time"),
        (
            "kind = 'generic'\nrule = { kind = 'failures_within', failures = 0, within = '1s' }",
            "machine.rule.failures",
        ),
        (
            "kind = 'generic'\nrule = { kind = 'failures_within', failures = 5, within = '0s' }",
            "machine.rule.within",
        ),
        ("kind = 'generic'\nhalf_open_probes = 1", "machine.half_open_successes"),
    ] {
        let machine: MachineSpec = toml::from_str(settings).expect("it has its shape");
        let spec = BreakerSpec { machine, ..BreakerSpec::default() };
        let fields: Vec<String> = spec.check().into_iter().map(|p| p.field).collect();
        assert_eq!(fields, [field], "{settings}");
    }
}
