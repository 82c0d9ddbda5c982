//! Reports of the clients' throttles to telemetry servers, one for the replicas of each client.
//! Assumption: a report and its reply take no time, and none is lost.

use super::{Cal, World};
use crate::engine::time::{SimDuration, SimTime};
use crate::policies::throttle::Telemetry;
use crate::system::config::{ClientConfig, Config};
use crate::system::event::Event;
use crate::system::ids::ClientId;
use crate::system::observation::Observer;
use crate::system::purpose::Purpose;

/// Replicas start to report half a second apart, over ten seconds (`client_wrapper` of `AATB.py`).
const STAGGER: SimDuration = SimDuration::from_millis(500);
const STAGGERED: u32 = 20;

/// The servers by client; empty where no client reports.
pub(super) fn servers(config: &Config) -> Vec<Option<Telemetry>> {
    let of_client =
        |client: &ClientConfig| client.retry.loops().find_map(|spec| spec.throttle.telemetry());
    let servers: Vec<Option<Telemetry>> = config.clients.iter().map(of_client).collect();
    if servers.iter().all(Option::is_none) { Vec::new() } else { servers }
}

impl<O: Observer> World<'_, O> {
    /// Schedules the first report of each client that makes any.
    pub(super) fn start_telemetry(&mut self, cal: &mut Cal) {
        for c in 0..self.telemetry.len() as u32 {
            if let Some(bucket) = self.clients[c as usize].loops.reporter() {
                let phase = STAGGER * u64::from(c % STAGGERED);
                let first = SimTime::ZERO.saturating_add(bucket.report_window() + phase);
                self.schedule_source(cal, first, Event::TelemetryDue(ClientId(c)));
            }
        }
    }

    /// The time for a report has come.
    pub(super) fn telemetry_due(&mut self, now: SimTime, client: ClientId, cal: &mut Cal) {
        let Some(bucket) = self.clients[client.index()].loops.reporter() else { return };
        bucket.report(now);
        let next = now.saturating_add(bucket.report_window());
        self.send_report(now, client);
        if !self.is_over(now) {
            cal.schedule(next, Event::TelemetryDue(client));
        }
    }

    /// Sends the report that the client has to send, if any, and hands it the reply.
    pub(super) fn send_report(&mut self, now: SimTime, client: ClientId) {
        let part = &mut self.clients[client.index()];
        let Some(bucket) = part.loops.reporter() else { return };
        let Some(report) = bucket.outgoing() else { return };
        part.reports += 1;
        let entity = self.config.clients[client.index()].entity;
        let mut draw = self.random.at(Purpose::TelemetryReply as u8, entity.0, part.reports);
        let first = if client.0 < self.config.replicas { 0 } else { client.index() };
        let server = self.telemetry[first].as_mut().expect("a client that reports has a server");
        bucket.hears(now, server.hear(now, client.0, report), &mut draw);
    }
}
