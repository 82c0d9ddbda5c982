//! Why calls drop: the sentence says what happened to this call's session, and nothing else.

use trunksim::system::observation::{Observation, Unrefreshed};
use trunksim::system::story::causes::{self, Step};
use trunksim::system::story::{Question, wording};

use super::Run;

const GHOST: &str = include_str!("../cases/world/ghost.toml");

fn told(run: &Run) -> Vec<String> {
    let outcome = run.story.outcomes(Question::Drop, None)[0];
    let links = causes::why(&run.story, &run.config, outcome);
    links.iter().map(|link| wording::sentence(&run.story, &run.config, link)).collect()
}

#[test]
fn a_drop_names_what_its_refresh_met() {
    let gone = told(&Run::of(GHOST, &[]));
    assert!(gone[1].ends_with("the connection to a that it was set up over is gone"), "{gone:?}");
    assert!(gone[2].ends_with("the connection of T to a is closed"), "{gone:?}");
    assert!(gone[3].contains("fails over from a to b"), "{gone:?}");
    // A carrier that is out when the refresh is due, at 301 s.
    let outage = "[{ kind = 'carrier_outage', outage_kind = 'silent', carrier = 'a', at = '290s', \
                  for = '60s' }]";
    let silent = told(&Run::of(GHOST, &[("faults", outage), ("trunks.T.transport", "udp")]));
    assert!(silent[1].ends_with("the request over a has no answer"), "{silent:?}");
    assert!(silent[2].contains('a') && silent.len() == 3, "{silent:?}");
    // One that closes connections, for longer than the session lasts.
    let outage = "[{ kind = 'carrier_outage', carrier = 'a', at = '290s', for = '20m' }]";
    let by_sbc = [("faults", outage), ("calls.session_refresher", "sbc")];
    let none = told(&Run::of(GHOST, &by_sbc));
    assert!(none[1].ends_with("no connection to a can be made"), "{none:?}");
}

/// A leg may be left, registered and left again while a call goes on: its dialog was cut off the
/// first time.
#[test]
fn a_dialog_is_cut_off_when_its_connection_is_first_lost() {
    // A session that lives through more than one burst.
    let model = include_str!("../../models/apac.toml");
    let run = Run::of(model, &[("calls.session_expires", "30m"), ("seed", "2")]);
    let (mut checked, mut again) = (0, 0);
    for outcome in run.story.outcomes(Question::Drop, None) {
        let links = causes::why(&run.story, &run.config, outcome);
        let [_, unrefreshed, lost, ..] = &links[..] else { panic!("{links:?}") };
        let Step::Unrefreshed { call, leg, why: Unrefreshed::FlowGone } = unrefreshed.step else {
            panic!("{links:?}")
        };
        let facts = run.story.facts();
        let began = facts.iter().position(
            |fact| matches!(fact.what, Observation::CallConnected { call: c, .. } if c == call),
        );
        let closed = facts[began.expect("it was connected")..outcome]
            .iter()
            .filter(|fact| matches!(fact.what, Observation::FlowLost { leg: l } if l == leg));
        let closed: Vec<_> = closed.map(|fact| fact.at).collect();
        // The 200 may still be on its way when the leg is left.
        assert!(closed.first().is_none_or(|first| lost.at <= *first), "{links:?}");
        again += usize::from(closed.len() > 1);
        checked += 1;
    }
    assert!(checked > 20 && again > 0, "{checked} {again}");
}
