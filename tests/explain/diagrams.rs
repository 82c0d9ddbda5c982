//! Diagrams of a small model as they are drawn: each was looked at as a picture.

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::output::ladder::{self, Signs};
use trunksim::system::ids::TrunkId;
use trunksim::system::story::{Question, causes, diagram};

use super::Run;

fn failover(run: &Run) -> diagram::Ladder {
    let outcome = run.story.outcomes(Question::Failover, None)[0];
    diagram::of_chain(&run.story, &run.config, &causes::why(&run.story, &run.config, outcome))
}

#[test]
fn the_chain_of_a_failover() {
    let ladder = failover(&Run::small());
    insta::assert_snapshot!("failover_text", ladder::text(&ladder, Signs::Unicode));
    insta::assert_snapshot!("failover_ascii", ladder::text(&ladder, Signs::Ascii));
    let svg = String::from_utf8(ladder::svg(&ladder)).unwrap();
    insta::assert_snapshot!("failover_svg", svg);
}

#[test]
fn a_minute_of_a_trunk() {
    let run = Run::small();
    let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
    let ladder = diagram::of_trunk(&run.story, &run.config, TrunkId(0), (at(62), at(80)));
    insta::assert_snapshot!("trunk_text", ladder::text(&ladder, Signs::Unicode));
}

#[test]
fn ascii_holds_nothing_else() {
    let run = Run::small();
    let whole = (SimTime::ZERO, SimTime::NEVER);
    for ladder in [failover(&run), diagram::of_trunk(&run.story, &run.config, TrunkId(0), whole)] {
        let text = ladder::text(&ladder, Signs::Ascii);
        assert!(text.is_ascii());
        assert_eq!(text.lines().count(), ladder::text(&ladder, Signs::Unicode).lines().count());
    }
}
