//! A chain of causes in sentences. Figures are those of its links; nothing is worked out here. A
//! figure and its unit have a space between them at which no line breaks.

use super::Story;
use super::burst::Burst;
use super::causes::{Down, Failures, Gate, Link, Step};
use super::label::{self, clock, several};
use crate::system::config::Config;
use crate::system::ids::{LegId, Side, TrunkId};
use crate::system::observation::{Cause, Unrefreshed};

/// What a link says, without its instant.
#[must_use]
pub fn sentence(story: &Story, config: &Config, link: &Link) -> String {
    let words = Words { story, config };
    match &link.step {
        Step::InviteTimedOut { .. }
        | Step::InviteLost { .. }
        | Step::NotConnected { .. }
        | Step::Dropped { .. }
        | Step::Unrefreshed { .. }
        | Step::FlowLost { .. }
        | Step::CallsDropped { .. }
        | Step::CarrierDown { .. }
        | Step::RegistrationTimedOut { .. }
        | Step::RegisterQueued { .. }
        | Step::RegisterLost { .. }
        | Step::Refresh { .. } => words.of_legs(link),
        Step::Failover { .. }
        | Step::MoveBegun { .. }
        | Step::Asked { .. }
        | Step::InviteTimeouts { .. }
        | Step::LegDown { .. }
        | Step::Failback { .. }
        | Step::MoveGivenUp { .. } => words.of_moves(link),
        _ => words.of_requests(link),
    }
}

fn unrefreshed(why: Unrefreshed, carrier: &str) -> String {
    match why {
        Unrefreshed::FlowGone => {
            format!("the connection to {carrier} that it was set up over is gone")
        }
        Unrefreshed::NoConnection => format!("no connection to {carrier} can be made"),
        Unrefreshed::NoAnswer => format!("the request over {carrier} has no answer"),
    }
}

const fn because(cause: Cause) -> &'static str {
    match cause {
        Cause::Fallback => "as the fallback of a request",
        Cause::BreakerOpen => "because a breaker opened",
        Cause::ApiFailure => "because a request failed",
        Cause::InviteTimeouts => "because INVITEs timed out",
        Cause::LegDown => "because its primary leg is down",
    }
}

struct Words<'a> {
    story: &'a Story,
    config: &'a Config,
}

impl Words<'_> {
    fn trunk(&self, trunk: TrunkId) -> &str {
        label::trunk(self.config, trunk)
    }

    fn on(&self, trunk: TrunkId, side: Side) -> &str {
        label::carrier(self.config, LegId::new(trunk, side))
    }

    fn of_moves(&self, link: &Link) -> String {
        match &link.step {
            Step::MoveBegun { trunk, cause } => format!(
                "{} starts to move to {}, {}",
                self.trunk(*trunk),
                self.on(*trunk, Side::Secondary),
                because(*cause)
            ),
            Step::Failover { trunk, cause, needed } => {
                let (name, from) = (self.trunk(*trunk), self.on(*trunk, Side::Primary));
                let to = self.on(*trunk, Side::Secondary);
                let why = because(*cause);
                let truth = if *needed {
                    "the primary leg was not usable"
                } else {
                    "the primary leg was usable, so this was unnecessary"
                };
                format!("{name} fails over from {from} to {to}, {why}; {truth}")
            }
            Step::Asked { trunk, wait } => {
                format!("{} was asked to move, and waited {wait}", self.trunk(*trunk))
            }
            Step::InviteTimeouts { trunk, count } => format!(
                "{} over {} timed out; the last INVITE:",
                several(*count, "INVITE", "INVITEs"),
                self.on(*trunk, Side::Primary)
            ),
            Step::LegDown { trunk, down } => {
                let (name, carrier) = (self.trunk(*trunk), self.on(*trunk, Side::Primary));
                match down {
                    Down::Registration => format!("{name} is not registered at {carrier}"),
                    Down::Options => format!("OPTIONS of {name} to {carrier} go unanswered"),
                    Down::Carrier => format!("{carrier}, the primary carrier of {name}, is down"),
                }
            }
            Step::Failback { trunk } => {
                format!("{} moves back to {}", self.trunk(*trunk), self.on(*trunk, Side::Primary))
            }
            Step::MoveGivenUp { trunk } => format!("{} gave its move up", self.trunk(*trunk)),
            _ => String::new(),
        }
    }

    fn of_requests(&self, link: &Link) -> String {
        let request = |id| label::request(self.story, id);
        match &link.step {
            Step::FellBack { trunk, call, request: asked } => {
                let who = match call {
                    Some(call) => format!("call {}", label::call(self.story, self.config, *call)),
                    None => format!("the update of {}", self.trunk(*trunk)),
                };
                match asked {
                    Some(id) => format!("{who} takes the fallback: {} failed", request(*id)),
                    None => format!("{who} takes the fallback: the flow waits no longer"),
                }
            }
            Step::Refused { request: id, client, gate, attempts } => {
                let gate = match gate {
                    Gate::Breaker(index) => label::breaker(self.config, *client, *index),
                    Gate::Bulkhead => "the client's bulkhead".to_owned(),
                    Gate::Throttle => "the client's own throttle".to_owned(),
                };
                let after = match attempts {
                    0 => "before its first try".to_owned(),
                    n => format!("after {}", several(*n, "try", "tries")),
                };
                format!("{gate} refuses {} {after}", request(*id))
            }
            Step::GaveUp { request: id, errand, attempts, failed, .. } => format!(
                "{} ({}) is given up after {}{}",
                request(*id),
                label::errand(*errand),
                several(*attempts, "try", "tries"),
                failures(failed)
            ),
            Step::StillAsking { call, request: id, asked, answered, failed } => format!(
                "call {} had asked, by {}, and {}{}",
                label::call(self.story, self.config, *call),
                request(*id),
                answered.map_or("had no answer yet".to_owned(), |answered| {
                    format!("had its answer only {} later", answered - *asked)
                }),
                failures(failed)
            ),
            Step::ConnectionsHeld { request: id, client, connections, holders } => {
                let numbers: Vec<String> =
                    holders.iter().take(6).map(|r| self.story.request(*r).to_string()).collect();
                let more = if holders.len() > numbers.len() { ", …" } else { "" };
                format!(
                    "{} waits for one of the {connections} connections of {}: requests {}{more} \
                     hold them",
                    request(*id),
                    self.config.client(*client),
                    numbers.join(", ")
                )
            }
            _ => self.of_limits(link),
        }
    }

    fn of_limits(&self, link: &Link) -> String {
        match &link.step {
            Step::BreakerOpened { client, breaker, calls, failures: count, window, failed } => {
                let breaker = label::breaker(self.config, *client, *breaker);
                let within = window.map_or(String::new(), |w| format!(" within {w}"));
                format!("{breaker} opens: {count} of {calls} failed{within}{}", failures(failed))
            }
            Step::BreakerReopened { client, breaker, outcome } => {
                let breaker = label::breaker(self.config, *client, *breaker);
                let outcome =
                    outcome.map_or(String::new(), |o| format!(" ({})", label::outcome(o)));
                format!("{breaker} opens again: a probe failed{outcome}")
            }
            Step::Limited { limiter, refusals, others, spell, until } => {
                let others = match others {
                    0 => String::new(),
                    n => format!(" ({n} by other limiters)"),
                };
                format!(
                    "limiter {} has spent its budget and begins to refuse: {spell}\u{a0}×\u{a0}{} up to \
                     {}, {refusals} of these failures{others}",
                    self.config.limiter(*limiter),
                    label::outcome(self.config.api.limiters[*limiter as usize].status),
                    clock(*until)
                )
            }
            Step::ServerRefused { refusals } => {
                format!(
                    "the API's server sends {} away with 503",
                    several(*refusals, "try", "tries")
                )
            }
            Step::Unanswered { attempts } => {
                format!("{} had no answer in time", several(*attempts, "try", "tries"))
            }
            Step::Burst(burst) => self.burst(burst),
            Step::AvailabilityTurned { group, trunks } => format!(
                "agent group {} crosses its threshold: the policies of {} are due",
                self.config.groups[group.index()].name,
                several(*trunks, "trunk", "trunks")
            ),
            Step::Fault { fault } => format!("fault begins: {}", label::fault(self.config, *fault)),
            _ => String::new(),
        }
    }

    fn burst(&self, burst: &Burst) -> String {
        let name = self.config.client(burst.client);
        let length = (burst.until - burst.since).as_secs_f64();
        let rate = if length > 0.0 {
            format!(
                ": {}/s against {}/s before",
                rate(f64::from(burst.attempts) / length),
                rate(burst.usual_per_s)
            )
        } else {
            format!(", against {}/s before", rate(burst.usual_per_s))
        };
        let tries = if burst.attempts == burst.requests {
            String::new()
        } else {
            format!(" in {} tries", burst.attempts)
        };
        let spike = burst.spike.map_or(String::new(), |spike| {
            format!(
                "; its schedule has a spike at {}: {}/s for {} instead of {}/s",
                clock(spike.at),
                rate2(spike.rate_per_s),
                spike.length,
                rate2(spike.base_per_s)
            )
        });
        format!(
            "a burst of {name} starts: {}{tries} in {length:.1}\u{a0}s{rate}, {} of the {} tries at \
             the limits{spike}",
            several(burst.requests, "request", "requests"),
            burst.attempts,
            burst.of_all
        )
    }

    fn of_legs(&self, link: &Link) -> String {
        let call = |id| label::call(self.story, self.config, id);
        let carrier = |leg| label::carrier(self.config, leg);
        match &link.step {
            Step::InviteTimedOut { call: id, leg, after_trying } => {
                let what =
                    if *after_trying { "no progress after 100 Trying" } else { "no response" };
                format!("the INVITE of call {} over {} times out: {what}", call(*id), carrier(*leg))
            }
            Step::InviteLost { call: id, .. } => {
                format!("the INVITE of call {} is lost on its way to the SBC", call(*id))
            }
            Step::NotConnected { leg } => {
                format!("the connection to {} is still being opened", carrier(*leg))
            }
            Step::Dropped { call: id, leg, fate } => {
                format!("call {} over {} is {}", call(*id), carrier(*leg), label::fate(*fate))
            }
            Step::Unrefreshed { call: id, leg, why } => format!(
                "the session of call {} cannot be refreshed: {}",
                call(*id),
                unrefreshed(*why, carrier(*leg))
            ),
            Step::FlowLost { leg } => format!(
                "the connection of {} to {} is closed",
                self.trunk(leg.trunk()),
                carrier(*leg)
            ),
            Step::CallsDropped { leg } => format!(
                "all calls of {} over {} are torn down",
                self.trunk(leg.trunk()),
                carrier(*leg)
            ),
            Step::CarrierDown { carrier } => {
                format!("{} goes down", self.config.carriers[carrier.index()].name)
            }
            Step::RegistrationTimedOut { leg, connecting, sent } => {
                let what = if *connecting { "the connection" } else { "the REGISTER" };
                format!(
                    "SIP registration timeout for trunk ID {} at {}: {what} of {} had no answer",
                    self.trunk(leg.trunk()),
                    carrier(*leg),
                    clock(*sent)
                )
            }
            Step::RegisterQueued { leg, waiting, taken } => {
                let registrar = carrier(*leg);
                if *taken && *waiting == 0 {
                    format!("it reached the registrar of {registrar}; no answer came in time")
                } else if *taken {
                    format!(
                        "it waits at the registrar of {registrar} behind {waiting} others; no \
                         answer came in time"
                    )
                } else {
                    format!(
                        "it finds the queue of the registrar of {registrar} full ({waiting} \
                         waiting) and is gone"
                    )
                }
            }
            Step::RegisterLost { leg } => {
                format!("it does not reach the registrar of {} in time", carrier(*leg))
            }
            Step::Refresh { leg } => {
                format!("the binding at {} was made, and had to be refreshed", carrier(*leg))
            }
            _ => String::new(),
        }
    }
}

/// A burst as the label of an arrow.
pub(super) fn burst_in_short(burst: &Burst) -> String {
    let length = (burst.until - burst.since).as_secs_f64();
    let at = if length > 0.0 {
        format!(
            ", {}/s against {}/s",
            rate(f64::from(burst.attempts) / length),
            rate(burst.usual_per_s)
        )
    } else {
        String::new()
    };
    format!("BURST: {} tries in {length:.1}\u{a0}s{at}", burst.attempts)
}

/// Two decimals below ten, none above.
fn rate(per_s: f64) -> String {
    if per_s < 10.0 { format!("{per_s:.2}") } else { format!("{per_s:.0}") }
}

/// A rate as the model has it.
fn rate2(per_s: f64) -> String {
    format!("{per_s}")
}

/// ` (7 × 429, 1 × time-out)`, or nothing.
fn failures(failed: &Failures) -> String {
    let named: Vec<String> = failed
        .0
        .iter()
        .map(|(outcome, count)| format!("{count} × {}", label::outcome(*outcome)))
        .collect();
    let named = named.join(", ").replace(" × ", "\u{a0}×\u{a0}");
    if named.is_empty() { String::new() } else { format!(" ({named})") }
}
