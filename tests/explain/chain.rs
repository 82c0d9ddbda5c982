//! What holds of every chain: causes come before their effects, and each leads somewhere.

use trunksim::output::ladder::{self, Signs};
use trunksim::policies::breaker::State;
use trunksim::system::observation::Observation;
use trunksim::system::story::causes::{self, Step};
use trunksim::system::story::{Question, diagram, wording};

use super::Run;

const QUESTIONS: [Question; 4] =
    [Question::Failover, Question::Drop, Question::Timeout, Question::RegistrationTimeout];

#[test]
fn causes_come_before_their_effects_whatever_is_asked() {
    let mut asked = [0; 4];
    for run in [Run::apac("9m"), Run::small()] {
        for (question, count) in QUESTIONS.into_iter().zip(&mut asked) {
            for outcome in run.story.outcomes(question, None) {
                *count += 1;
                let links = causes::why(&run.story, &run.config, outcome);
                assert!(links.len() > 1, "{question:?}: {links:?}");
                for link in &links {
                    assert!(link.facts.windows(2).all(|pair| pair[0] < pair[1]), "{link:?}");
                    assert!(link.facts.iter().all(|fact| *fact <= outcome), "{link:?}");
                    let text = wording::sentence(&run.story, &run.config, link);
                    assert!(!text.is_empty() && !text.contains('?'), "{link:?}: {text}");
                }
                let ladder = diagram::of_chain(&run.story, &run.config, &links);
                let times: Vec<_> = ladder.rows.iter().map(|row| row.at).collect();
                assert!(times.is_sorted(), "{question:?}: {ladder:?}");
                assert!(ladder::text(&ladder, Signs::Ascii, 80).is_ascii());
            }
        }
    }
    assert!(asked.iter().all(|count| *count > 0), "each question was asked: {asked:?}");
}

#[test]
fn every_failover_by_a_fallback_names_the_request_that_had_no_answer() {
    let run = Run::apac("9m");
    let outcomes = run.story.outcomes(Question::Failover, None);
    assert!(outcomes.len() > 5, "{}", outcomes.len());
    for outcome in outcomes {
        let links = causes::why(&run.story, &run.config, outcome);
        let Some(Step::FellBack { request: Some(request), .. }) = links.get(1).map(|l| &l.step)
        else {
            panic!("{links:?}");
        };
        let ended = run.trace.0.iter().any(|(at, what)| {
            matches!(*what, Observation::RequestEnded { request: r, ok: false, .. }
                if r == *request && *at <= links[0].at)
        });
        assert!(ended, "{links:?}");
    }
}

#[test]
fn an_opening_by_a_probe_goes_back_to_the_first_opening() {
    let run = Run::apac("11m");
    let reopened = run.story.outcomes(Question::Failover, None).into_iter().find_map(|outcome| {
        let links = causes::why(&run.story, &run.config, outcome);
        let at = links.iter().position(|l| matches!(l.step, Step::BreakerReopened { .. }))?;
        Some((links[at].clone(), links[at + 1].clone()))
    });
    let Some((reopened, first)) = reopened else {
        panic!("no failover of this run is due to a breaker that opened again");
    };
    assert!(matches!(first.step, Step::BreakerOpened { .. }), "{first:?}");
    let moves: Vec<State> = run
        .trace
        .0
        .iter()
        .filter(|(at, _)| *at >= first.at && *at <= reopened.at)
        .filter_map(|(_, what)| match what {
            Observation::BreakerMoved { to, .. } => Some(*to),
            _ => None,
        })
        .collect();
    assert!(moves.len() >= 3 && !moves.contains(&State::Closed), "{moves:?}");
}

#[test]
fn a_run_is_the_same_under_any_observer() {
    let run = Run::small();
    let again = trunksim::system::simulate(&run.config, run.config.seed(), 0).unwrap();
    let (noted, _) = trunksim::system::simulate_observed(
        &run.config,
        run.config.seed(),
        0,
        trunksim::system::story::Story::default(),
    )
    .unwrap();
    // Not-a-number is unequal to itself.
    assert_eq!(format!("{again:?}"), format!("{noted:?}"));
}
