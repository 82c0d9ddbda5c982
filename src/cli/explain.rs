//! `trunksim explain`: a run again, and what led to what in it.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Failure, RunOfModel, print};
use crate::engine::time::{SimDuration, SimTime};
use crate::output::files;
use crate::output::ladder::{self, Signs};
use crate::system::ids::TrunkId;
use crate::system::observation::Observation;
use crate::system::spelling::no_such;
use crate::system::story::causes::{self, Link};
use crate::system::story::diagram::{self, Ladder};
use crate::system::story::label::{call_index, call_name, clock};
use crate::system::story::{Question, Story, wording};
use crate::system::{Config, simulate_observed};

#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true).args(["call", "trunk", "why"])))]
pub(super) struct Args {
    #[command(flatten)]
    run: RunOfModel,
    /// A call: its trunk and number there, from 0, like TRK_APAC_04/12; a redial of it is
    /// TRK_APAC_04/12.1
    #[arg(long, value_name = "ID", conflicts_with_all = ["trunk", "why"])]
    call: Option<String>,
    /// A trunk; with --why, only its outcomes
    #[arg(long, value_name = "NAME")]
    trunk: Option<String>,
    /// Where the trunk's diagram begins, in simulated time
    #[arg(long, value_name = "TIME", requires = "trunk", conflicts_with = "why")]
    from: Option<SimDuration>,
    /// Where it ends; without it, a minute later
    #[arg(long, value_name = "TIME", requires = "trunk", conflicts_with = "why")]
    to: Option<SimDuration>,
    /// An outcome whose causes to walk back to
    #[arg(long, value_enum)]
    why: Option<Why>,
    /// Which of these outcomes: a number from 1, `first`, `last` or `first-unnecessary` (failovers)
    #[arg(long, value_name = "WHICH", default_value = "first", requires = "why")]
    which: String,
    /// Draw with ASCII signs only
    #[arg(long)]
    ascii: bool,
    /// Width of the diagram as text, in columns
    #[arg(long, value_name = "COLUMNS", default_value_t = WIDTH as u16,
          value_parser = clap::value_parser!(u16).range(60..=400))]
    width: u16,
    /// Also write the diagram as SVG
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Copy, Clone, Debug, ValueEnum)]
enum Why {
    /// A trunk fails over to its secondary carrier
    Failover,
    /// A connected call is dropped
    Drop,
    /// An INVITE times out
    Timeout,
    /// A SIP registration times out
    #[value(name = "registration_timeout", alias = "registration-timeout")]
    RegistrationTimeout,
}

impl Why {
    const fn question(self) -> Question {
        match self {
            Self::Failover => Question::Failover,
            Self::Drop => Question::Drop,
            Self::Timeout => Question::Timeout,
            Self::RegistrationTimeout => Question::RegistrationTimeout,
        }
    }

    /// The outcome's name, and the message if it does not occur.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Failover => ("Failover", "no trunk failed over"),
            Self::Drop => ("Dropped call", "no call was dropped"),
            Self::Timeout => ("INVITE time-out", "no INVITE timed out"),
            Self::RegistrationTimeout => ("Registration time-out", "no registration timed out"),
        }
    }
}

/// Width of the sentences.
const WIDTH: usize = 80;
/// How much of a trunk's story is shown by default.
const STRETCH: SimDuration = SimDuration::from_secs(60);

pub(super) fn execute(args: &Args) -> Result<(), Failure> {
    let loaded = args.run.load()?;
    let config = &loaded.config;
    // What is misspelt is told before the run.
    let trunk = args.trunk.as_deref().map(|name| trunk_named(config, name)).transpose()?;
    let call = args.call.as_deref().map(|name| call_named(config, name)).transpose()?;
    let seed = loaded.model.seed;
    let (_, story) = simulate_observed(config, seed, args.run.replication, Story::default())?;
    if story.is_cut() {
        return Err(Failure::Usage(
            "the run has too many events to keep; shorten it with --horizon".to_owned(),
        ));
    }
    let (head, ladder) = match (args.why, call, trunk) {
        (Some(why), _, trunk) => match explained(args, why, (config, &story), trunk)? {
            Some(explained) => explained,
            None => return nothing(args, why, &story, trunk),
        },
        (None, Some((trunk, index)), _) => (String::new(), of_call(config, &story, trunk, index)?),
        (None, None, Some(trunk)) => (String::new(), of_trunk(args, config, &story, trunk)?),
        (None, None, None) => {
            return Err(Failure::Usage("name a --call, a --trunk or a --why".to_owned()));
        }
    };
    let signs = if args.ascii { Signs::Ascii } else { Signs::Unicode };
    let head = if head.is_empty() { broken("", &ladder.title) } else { head };
    let head = if args.ascii { ladder::ascii(&head) } else { head };
    print(&format!("{head}\n{}", ladder::text(&ladder, signs, args.width.into())))?;
    if let Some(path) = &args.svg {
        write(path, &ladder::svg(&ladder))?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err(Failure::Usage(format!("--svg {}: name a file", path.display())));
    };
    files::write_whole(folder, name, bytes)?;
    Ok(())
}

fn trunk_named(config: &Config, name: &str) -> Result<TrunkId, Failure> {
    let names: Vec<&str> = config.trunks().map(|(name, _)| name).collect();
    if let Some(at) = names.iter().position(|known| *known == name) {
        return Ok(TrunkId(at as u32));
    }
    Err(Failure::Usage(format!("`{name}`: {}", no_such("trunk", name, names))))
}

/// The trunk and index that a call's name says.
fn call_named(config: &Config, name: &str) -> Result<(TrunkId, u64), Failure> {
    let Some((trunk, number)) = name.rsplit_once('/') else {
        let example = config.trunks().next().map_or("T", |(name, _)| name);
        return Err(Failure::Usage(format!(
            "no call `{name}`: a call is named by its trunk and its number there, like `{example}/0`"
        )));
    };
    let trunk = trunk_named(config, trunk)?;
    let index = call_index(number).ok_or_else(|| {
        Failure::Usage(format!(
            "no call `{name}`: after the slash stands a number from 0, and after a full stop the \
             redial, like 12 or 12.1"
        ))
    })?;
    Ok((trunk, index))
}

fn of_call(config: &Config, story: &Story, trunk: TrunkId, index: u64) -> Result<Ladder, Failure> {
    let Some(call) = story.find_call(trunk, index) else {
        let name = config.trunks().nth(trunk.index()).map_or("?", |(name, _)| name);
        let missing = call_name(name, index);
        let callers = story.callers_of(trunk);
        let number =
            call_index(missing.rsplit('/').next().unwrap_or_default()).unwrap_or(0) % (1 << 32);
        let why = match callers {
            0 => format!("{name} has no calls in this run"),
            n if number < n => format!("the caller of `{name}/{number}` did not dial that often"),
            n => format!("its calls are `{name}/0` to `{name}/{}`", n - 1),
        };
        return Err(Failure::Usage(format!("no call `{missing}` in this run; {why}")));
    };
    Ok(diagram::of_call(story, config, call))
}

fn of_trunk(
    args: &Args,
    config: &Config,
    story: &Story,
    trunk: TrunkId,
) -> Result<Ladder, Failure> {
    let from = SimTime::ZERO + args.from.unwrap_or_default();
    let to = args.to.map_or(from.saturating_add(STRETCH), |to| SimTime::ZERO + to);
    if to <= from {
        return Err(Failure::Usage(format!(
            "--to {} is not after --from {}",
            clock(to),
            clock(from)
        )));
    }
    let ladder = diagram::of_trunk(story, config, trunk, (from, to));
    if ladder.rows.is_empty() {
        let name = config.trunks().nth(trunk.index()).map_or("?", |(name, _)| name);
        let later = diagram::of_trunk(story, config, trunk, (to, SimTime::NEVER));
        let hint = match later.rows.first() {
            Some(row) => format!("the next thing happens at {}", clock(row.at)),
            None => format!("the run ends at {}", clock(config.horizon())),
        };
        return Err(Failure::Usage(format!(
            "nothing happens to {name} from {} to {}; {hint}",
            clock(from),
            clock(to)
        )));
    }
    Ok(ladder)
}

/// The run holds no such outcome: that is an answer. What else there is to ask about is told too.
fn nothing(args: &Args, why: Why, story: &Story, trunk: Option<TrunkId>) -> Result<(), Failure> {
    let (_, none) = why.words();
    let of = args.trunk.as_ref().map_or(String::new(), |trunk| format!(" on {trunk}"));
    let mut told = format!("In this run {none}{of}.");
    let elsewhere = story.outcomes(why.question(), None).len();
    if elsewhere > 0 {
        told += &format!(" On other trunks: {elsewhere} (leave --trunk out).");
    }
    let others = Why::value_variants().iter().filter_map(|other| {
        let count = story.outcomes(other.question(), trunk).len();
        let value = other.to_possible_value()?;
        (count > 0).then(|| format!("{count} for --why {}", value.get_name()))
    });
    let others: Vec<String> = others.collect();
    if !others.is_empty() {
        told += &format!(" There are {}.", others.join(", "));
    }
    print(&broken("", &told))
}

/// The chain of the outcome asked for as sentences and as a diagram; `None` where there is no such
/// outcome at all.
fn explained(
    args: &Args,
    why: Why,
    (config, story): (&Config, &Story),
    trunk: Option<TrunkId>,
) -> Result<Option<(String, Ladder)>, Failure> {
    let outcomes = story.outcomes(why.question(), trunk);
    if outcomes.is_empty() {
        return Ok(None);
    }
    let number = chosen(&args.which, why, story, &outcomes)?;
    let links = causes::why(story, config, outcomes[number]);
    let (one, _) = why.words();
    let head = format!(
        "{one} {} of {} (seed {}, replication {}), and what led to it, backwards:\n\n{}",
        number + 1,
        outcomes.len(),
        config.seed(),
        args.run.replication,
        sentences(story, config, &links)
    );
    Ok(Some((head, diagram::of_chain(story, config, &links))))
}

/// The place in the list of outcomes that `--which` names.
fn chosen(which: &str, why: Why, story: &Story, outcomes: &[usize]) -> Result<usize, Failure> {
    let unnecessary = |place: &usize| {
        matches!(story.facts()[*place].what, Observation::FailedOver { needed: false, .. })
    };
    match which {
        "first" => Ok(0),
        "last" => Ok(outcomes.len() - 1),
        "first-unnecessary" if matches!(why, Why::Failover) => {
            outcomes.iter().position(unnecessary).ok_or_else(|| {
                let all = outcomes.len();
                Failure::Usage(format!("none of the {all} failovers of this run was unnecessary"))
            })
        }
        "first-unnecessary" => {
            Err(Failure::Usage("--which first-unnecessary is for --why failover only".to_owned()))
        }
        number => match number.parse::<usize>() {
            Ok(n) if (1..=outcomes.len()).contains(&n) => Ok(n - 1),
            Ok(_) => Err(Failure::Usage(format!(
                "--which {number}: this run has such outcomes from 1 to {}",
                outcomes.len()
            ))),
            Err(_) => Err(Failure::Usage(format!(
                "--which {number}: write a number from 1, `first`, `last` or `first-unnecessary`"
            ))),
        },
    }
}

/// A line per link, its instant in front, broken at the width.
fn sentences(story: &Story, config: &Config, links: &[Link]) -> String {
    let sentence = |(n, link): (usize, &Link)| {
        let arrow = if n == 0 { ' ' } else { '←' };
        let head = format!("{} {arrow} ", clock(link.at));
        broken(&head, &wording::sentence(story, config, link))
    };
    links.iter().enumerate().map(sentence).collect()
}

/// A text after its head in lines of the width at most, the later ones indented like the first.
fn broken(head: &str, text: &str) -> String {
    let indent = head.chars().count();
    let mut done = String::new();
    let mut line = head.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            done.push_str(&line);
            done.push('\n');
            line = " ".repeat(indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    (done + &line + "\n").replace('\u{a0}', " ")
}
