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
    insta::assert_snapshot!("failover_text", ladder::text(&ladder, Signs::Unicode, 80));
    insta::assert_snapshot!("failover_ascii", ladder::text(&ladder, Signs::Ascii, 80));
    let svg = String::from_utf8(ladder::svg(&ladder)).unwrap();
    insta::assert_snapshot!("failover_svg", svg);
}

#[test]
fn a_minute_of_a_trunk() {
    let run = Run::small();
    let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
    let ladder = diagram::of_trunk(&run.story, &run.config, TrunkId(0), (at(62), at(80)));
    insta::assert_snapshot!("trunk_text", ladder::text(&ladder, Signs::Unicode, 80));
}

/// Eighty columns hold the diagrams of the operators' system, whatever is asked; where more take
/// part than fit, their heads alone make it wider. No line ends in a blank.
#[test]
fn diagrams_keep_to_their_width() {
    let run = Run::apac("11m");
    let mut ladders = Vec::new();
    for question in [Question::Failover, Question::Drop, Question::Timeout] {
        for outcome in run.story.outcomes(question, None).into_iter().step_by(5) {
            let links = causes::why(&run.story, &run.config, outcome);
            ladders.push(diagram::of_chain(&run.story, &run.config, &links));
        }
    }
    let at = |secs| SimTime::ZERO + SimDuration::from_secs(secs);
    for trunk in (0..15).map(TrunkId) {
        ladders.push(diagram::of_trunk(&run.story, &run.config, trunk, (at(490), at(560))));
    }
    let mut narrow = 0;
    for (ladder, width) in ladders.iter().flat_map(|l| [80, 120].map(|width| (l, width))) {
        let text = ladder::text(ladder, Signs::Unicode, width);
        let widest = text.lines().map(|line| line.chars().count()).max().unwrap();
        // Ten signs for a head and the blank beside it, ten for the times.
        let needed = 10 + 10 * ladder.lanes.len();
        assert!(widest <= width.max(needed), "{widest}:\n{text}");
        narrow += usize::from(widest <= 80);
        assert!(text.lines().all(|line| line.trim_end() == line), "{text}");
        // However narrow, every label is there, word by word.
        for row in &ladder.rows {
            let said = match &row.mark {
                diagram::Mark::Arrow { label, .. } => label,
                diagram::Mark::Note { text, .. } => text,
                diagram::Mark::Skipped { .. } => continue,
            };
            assert!(said.split([' ', '\u{a0}']).all(|word| text.contains(word)), "{said}:\n{text}");
        }
    }
    assert!(narrow * 4 > ladders.len() * 3, "{narrow} of {}", ladders.len());
}

#[test]
fn ascii_holds_nothing_else() {
    let run = Run::small();
    let whole = (SimTime::ZERO, SimTime::NEVER);
    for ladder in [failover(&run), diagram::of_trunk(&run.story, &run.config, TrunkId(0), whole)] {
        let text = ladder::text(&ladder, Signs::Ascii, 80);
        assert!(text.is_ascii());
        assert_eq!(text.lines().count(), ladder::text(&ladder, Signs::Unicode, 80).lines().count());
    }
}
