//! What an API answered, from a CSV file: `status`, and `time_s` or `request`; `latency_s` and
//! `retry_after_s` where there are such columns.

use std::sync::Arc;

use super::report::{Problem, Source, Spot};
use super::rows;
use crate::policies::Outcome;
use crate::system::script::{Script, ScriptedAnswer};

/// What a file that cannot be read stands for.
pub(super) const fn nothing() -> Script {
    Script::ByRequest(Vec::new())
}

/// The script of a file; what was read before it was given up, where something is wrong.
pub(super) fn parse(source: &Arc<Source>, named: &Spot, problems: &mut Vec<Problem>) -> Script {
    let names = ["time_s", "request", "status", "latency_s", "retry_after_s"];
    let (mut by_time, mut by_request) = (Vec::new(), Vec::new());
    let sound = rows::read((source, named), names, problems, columns, |row| {
        let [time_s, request, status, latency, retry_after] = row;
        let length = |name: &str, field: Option<&str>| {
            field.map(|field| rows::seconds(name, field)).transpose()
        };
        let latency = length("latency_s", latency)?;
        let retry_after = length("retry_after_s", retry_after)?;
        let answer = status
            .map(|status| {
                Ok::<_, String>(ScriptedAnswer { outcome: outcome(status)?, latency, retry_after })
            })
            .transpose()?;
        if answer.is_none() && (latency.is_some() || retry_after.is_some()) {
            return Err("a row without `status` says that the server answers as it does without \
                        the file; it has neither `latency_s` nor `retry_after_s`"
                .to_owned());
        }
        match (time_s, request) {
            (None, Some(request)) => {
                by_request.push((number(request, by_request.last().map(|(n, _)| *n))?, answer));
            }
            (time_s, _) => {
                by_time.push((rows::instant(time_s, by_time.last().map(|(at, _)| *at))?, answer));
            }
        }
        Ok(())
    });
    if by_time.is_empty() && by_request.is_empty() && sound {
        problems.push(rows::empty(named, "the file has no rows"));
    }
    if by_time.is_empty() { Script::ByRequest(by_request) } else { Script::ByTime(by_time) }
}

fn columns([time_s, request, status, ..]: [bool; 5]) -> Result<(), (String, String)> {
    let wrong = if !status {
        "the file has no column `status`"
    } else if time_s == request {
        "the file must have one of the columns `time_s` and `request`"
    } else {
        return Ok(());
    };
    let help = "the first line names the columns: time_s (seconds since the start of the run) or \
                request (1 for the first), status, latency_s, retry_after_s";
    Err((wrong.to_owned(), help.to_owned()))
}

fn outcome(status: &str) -> Result<Outcome, String> {
    let known = if status == "timeout" {
        Some(Outcome::TimedOut)
    } else {
        status.parse().ok().and_then(Outcome::of_status)
    };
    known.ok_or_else(|| {
        format!(
            "`status = {status}`: must be an HTTP status from 200 to 599, `timeout` where no \
             answer came, or empty"
        )
    })
}

fn number(field: &str, before: Option<u64>) -> Result<u64, String> {
    let least = before.map_or(1, |before| before.saturating_add(1));
    match field.parse() {
        Ok(number) if number >= least => Ok(number),
        _ => Err(format!("`request = {field}`: must be a whole number, here from {least} on")),
    }
}
