//! What libraries did, or their own tests say they do, replayed against the policies: the files
//! under `tests/cases/policies` and `tests/cases/traces`.

mod adaptive;
mod backoff;
mod botocore;
mod brooker;
mod budget;
mod concurrency;
mod limit_headers;
mod loops;
mod occ;
mod order;
mod shared_rates;
mod throttle;
mod traces;

use std::collections::BTreeMap;
use std::convert::Infallible;

use rand::rand_core::TryRng;
use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::policies::families;
use trunksim::policies::retry::RetrySpec;

/// A row of a case, by column.
type Row = BTreeMap<String, String>;

/// The rows of a case: lines that start with # are remarks, the first other one names the columns.
fn rows(text: &str) -> Vec<Row> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().expect("columns").clone();
    let rows: Vec<Row> = reader
        .records()
        .map(|record| {
            let record = record.expect("a row");
            headers.iter().zip(&record).map(|(h, v)| (h.to_owned(), v.to_owned())).collect()
        })
        .collect();
    assert!(!rows.is_empty());
    rows
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("{column} = {:?}", row[column]))
}

fn seconds(s: f64) -> SimDuration {
    SimDuration::from_secs_f64(s)
}

fn at(s: f64) -> SimTime {
    SimTime::ZERO + seconds(s)
}

/// Equal to one part in 10⁹, or to the nanosecond that lengths of time are rounded to.
fn assert_close(value: f64, expected: f64, what: &dyn std::fmt::Debug) {
    let near = (value - expected).abs() <= 1e-9 * expected.abs().max(1.0);
    assert!(near, "{value} instead of {expected}: {what:?}");
}

/// A generator whose every uniform number is the same. A 1 is the greatest number below it.
struct Always(f64);

impl TryRng for Always {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.0 * 2f64.powi(32)) as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let most = (1u64 << 53) - 1;
        Ok(((self.0 * 2f64.powi(53)) as u64).min(most) << 11)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill((self.0 * 256.0) as u8);
        Ok(())
    }
}

/// A retry preset.
fn retry(name: &str) -> RetrySpec {
    let preset = families::find("retry", name).unwrap_or_else(|| panic!("no preset {name}"));
    toml::from_str(preset.settings).unwrap_or_else(|e| panic!("{name}: {e}"))
}
