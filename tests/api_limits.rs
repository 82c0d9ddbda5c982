//! Scopes and costs of the API's limits, and Genesys' limits of 2026 that are written with them.

#![allow(clippy::float_cmp, reason = "counts and times of these models are exact")]

use std::collections::BTreeMap;
use std::fs;

use trunksim::engine::time::{SimDuration, SimTime};
use trunksim::input;
use trunksim::system::observation::{Observation, Observer};
use trunksim::system::{Config, RunResult, simulate_observed};

/// Refusals by limiter, with the longest and shortest `Retry-After` of each.
#[derive(Default)]
struct Refusals(Vec<(u32, Option<SimDuration>)>);

impl Observer for Refusals {
    fn observe(&mut self, _: SimTime, fact: &Observation) {
        if let Observation::LimiterRefused { limiter, retry_after, .. } = *fact {
            self.0.push((limiter, retry_after));
        }
    }
}

/// What a run of the model tells, and the `Retry-After`s of each limiter that refused.
fn run(config: &Config) -> (RunResult, BTreeMap<String, Vec<SimDuration>>) {
    let (result, seen) = simulate_observed(config, 1, 0, Refusals::default()).unwrap();
    let mut refused = BTreeMap::<String, Vec<SimDuration>>::new();
    for (limiter, retry_after) in seen.0 {
        let told = retry_after.expect("a fixed window tells when it opens");
        refused.entry(config.limiter(limiter).to_owned()).or_default().push(told);
    }
    (result, refused)
}

/// The minimal model without calls, with more in front of its own text and after it.
fn config(head: &str, tail: &str, settings: &[&str]) -> Config {
    let here = std::env::current_dir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let model = here.join("models/minimal.toml");
    let preset = here.join("models/presets/genesys-2026.toml");
    let include = if head == "preset" { vec![model, preset] } else { vec![model] };
    fs::write(&path, format!("name = \"mine\"\ninclude = {include:?}\n{tail}")).unwrap();
    let quiet = ["trunks.0.arrivals={ kind = \"none\" }", "warmup=0s", "horizon=5m"];
    let settings: Vec<String> =
        quiet.iter().chain(settings).map(|text| (*text).to_owned()).collect();
    let loaded = input::model(&path, &settings);
    loaded.unwrap_or_else(|e| panic!("{}", e.lines().collect::<Vec<_>>().join("\n"))).config
}

/// A tenant that asks so often a minute, all requests evenly apart.
fn tenant(id: &str, per_minute: u64, keys: &str) -> String {
    let every = SimDuration::from_nanos(60_000_000_000 / per_minute);
    format!(
        "\n[[tenants]]\nid = \"{id}\"\narrivals = {{ kind = \"periodic\", every = \"{every}\", \
         phase = \"0s\" }}\n{keys}\n"
    )
}

fn at(result: &RunResult, limit: &str, client: Option<&str>, column: &str) -> f64 {
    let index = result.limits.columns.iter().position(|c| c.name == column).unwrap();
    let row = result.limits.rows.iter().find(|r| r.limit == limit && r.client.as_deref() == client);
    row.unwrap_or_else(|| panic!("no row {limit} {client:?}")).values[index]
}

fn limit(name: &str, keys: &str, limit: u32) -> String {
    format!(
        "\n[[api.limits]]\nname = \"{name}\"\n{keys}\nlimiter = {{ kind = \"fixed_window\", \
         limit = {limit}, window = \"1m\", anchor = \"aligned\" }}\n"
    )
}

/// Two applications of one user share the user's budget, and have one each as application and user.
#[test]
fn a_user_is_one_over_all_its_applications() {
    let mut text =
        limit("pair", "per = \"app_user\"", 1000) + &limit("user", "per = \"user\"", 100);
    for app in ["desktop", "wallboard"] {
        let keys = format!("token = \"{app}\"\nendpoint = \"e\"\nuser = \"ann\"\napp = \"{app}\"");
        text += &tenant(app, 60, &keys);
    }
    let (result, refused) = run(&config("", &text, &[]));
    assert_eq!(refused.keys().collect::<Vec<_>>(), ["user/ann"]);
    assert_eq!(at(&result, "user/ann", None, "attempts"), 600.0);
    assert_eq!(at(&result, "user/ann", None, "passed"), 500.0);
    for app in ["desktop", "wallboard"] {
        assert_eq!(at(&result, "user/ann", Some(app), "attempts"), 300.0);
        assert_eq!(at(&result, &format!("pair/{app}/ann"), None, "attempts"), 300.0);
    }
}

/// A combination has a budget for each pair; `org` in it divides nothing.
#[test]
fn a_list_of_keys_is_a_budget_for_each_combination() {
    let mut text = limit("each", "per = [\"user\", \"route\"]", 50);
    text += &limit("route", "per = [\"org\", \"route\"]", 100);
    for (id, user, route) in [("a", "ann", "x"), ("b", "ann", "y"), ("c", "bob", "x")] {
        let keys = format!("token = \"t\"\nendpoint = \"{route}\"\nuser = \"{user}\"");
        text += &tenant(id, 60, &keys);
    }
    let (result, refused) = run(&config("", &text, &[]));
    assert_eq!(refused.keys().collect::<Vec<_>>(), ["each/ann/x", "each/ann/y", "each/bob/x"]);
    for name in refused.keys() {
        assert_eq!(at(&result, name, None, "passed"), 250.0, "{name}");
    }
    assert_eq!(at(&result, "route/x", None, "attempts"), 600.0);
    assert_eq!(at(&result, "route/y", None, "attempts"), 300.0);
}

/// Without `user` and `app` each token has a user of its own and each tenant is an application.
#[test]
fn who_asks_is_the_token_and_the_tenant_unless_said() {
    let mut text = limit("pair", "per = \"app_user\"", 1000);
    text += &tenant("a", 6, "token = \"t\"\nendpoint = \"e\"");
    text += "\n[monitor]\n";
    let (result, _) = run(&config("", &text, &[]));
    let names: Vec<&str> = result.limits.rows.iter().map(|row| &*row.limit).collect();
    for name in ["pair/client/routing", "pair/a/t", "pair/monitor/routing"] {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
}

/// Pages of 25 pass 20 times as often as pages of 500 through one budget of rows.
#[test]
fn a_request_takes_its_cost_of_limits_that_count_cost() {
    for (cost, passed) in [(25, 12_000.0), (500, 600.0)] {
        let mut text = limit("rows", "per = \"org\"\ncounts = \"cost\"", 300_000);
        text += &limit("requests", "per = \"org\"", 100_000);
        let keys = format!("token = \"t\"\nendpoint = \"flows\"\ncost = {cost}");
        text += &tenant("reports", 15_000, &keys);
        let (result, refused) = run(&config("", &text, &["horizon=1m", "api.servers=10000"]));
        assert_eq!(refused.keys().collect::<Vec<_>>(), ["rows"]);
        assert_eq!(at(&result, "rows", None, "passed"), passed);
        assert_eq!(at(&result, "rows", None, "peak"), 300_000.0);
        // The other level is debited for what passes only, by one each.
        assert_eq!(at(&result, "requests", None, "peak"), passed);
    }
}

/// During a cut below what a request costs it is refused, and told no time to come back.
#[test]
fn a_cut_below_the_cost_refuses_without_a_time() {
    let mut text = limit("rows", "per = \"org\"\ncounts = \"cost\"", 600);
    text += "\n[[faults]]\nkind = \"api_limit_cut\"\nat = \"1m\"\nfor = \"2m\"\nfactor = 0.5\n";
    text += &tenant("reports", 1, "token = \"t\"\nendpoint = \"flows\"\ncost = 500");
    let config = config("", &text, &[]);
    let (result, seen) = simulate_observed(&config, 1, 0, Refusals::default()).unwrap();
    assert_eq!(seen.0, [(0, None), (0, None)]);
    assert_eq!(at(&result, "rows", None, "passed"), 3.0);
}

/// Tenants that drive each limit of the preset over are refused by it, in its name.
#[test]
fn each_limit_of_genesys_2026_refuses() {
    let mut text = String::new();
    let to = |route: &str, token: &str| format!("token = \"{token}\"\nendpoint = \"{route}\"");
    text += &tenant("credentials", 400, &to("other", "routing"));
    text += &tenant("token", 400, &to("other", "single"));
    for n in 0..2 {
        let keys = to("other", &format!("pair{n}")) + "\napp = \"desktop\"\nuser = \"ann\"";
        text += &tenant(&format!("pair{n}"), 200, &keys);
    }
    for n in 0..12 {
        let keys = to("other", &format!("user{n}")) + "\nuser = \"bob\"";
        text += &tenant(&format!("user{n}"), 290, &keys);
    }
    for route in ["routing", "queues", "queue_members", "conversations"] {
        for n in 0..5 {
            text += &tenant(&format!("{route}{n}"), 280, &to(route, &format!("{route}{n}")));
        }
    }
    for n in 0..3 {
        let keys = to("flows", &format!("flows{n}")) + "\ncost = 500";
        text += &tenant(&format!("flows{n}"), 290, &keys);
    }
    text += &tenant("usage", 290, &to("usage", "usage"));
    let config = config("preset", &text, &["api.servers=10000"]);
    let (result, refused) = run(&config);
    let names: Vec<&str> = refused.keys().map(String::as_str).collect();
    let expected = [
        "app_user_per_minute/desktop/ann",
        "assignment_agents_per_minute/routing",
        "assignment_conversations_per_minute/conversations",
        "assignment_queue_members_per_minute/queue_members",
        "assignment_queues_per_minute/queues",
        "client_credentials_token_per_minute/routing",
        "flows_rows_per_minute/flows",
        "token_per_minute/single",
        "usage_per_day/usage",
        "user_per_minute/bob",
    ];
    assert_eq!(names, expected);
    let minute = SimDuration::from_secs(60);
    for (name, told) in &refused {
        let hours = |n: u64| SimDuration::from_secs(n * 3600);
        let fits = |after: &SimDuration| match name.as_str() {
            "usage_per_day/usage" => (hours(23)..hours(24)).contains(after),
            _ => *after <= minute,
        };
        assert!(told.iter().all(fits), "{name}: {told:?}");
        assert!(told.iter().all(|after| after.as_nanos() % 1_000_000_000 == 0), "{name}");
    }
    assert_eq!(at(&result, "usage_per_day/usage", None, "passed"), 1000.0);
    // Pages of 500 rows: 600 a minute.
    assert_eq!(at(&result, "flows_rows_per_minute/flows", None, "passed"), 5.0 * 600.0);
    assert_eq!(at(&result, "flows_rows_per_minute/flows", None, "peak"), 300_000.0);
}

/// The token of each attempt that reached the limiters, by its place, and whether it passed.
#[derive(Default)]
struct Presented(Vec<(u32, bool)>);

impl Observer for Presented {
    fn observe(&mut self, _: SimTime, fact: &Observation) {
        match *fact {
            Observation::LimiterAdmitted { token, .. } => self.0.push((token, true)),
            Observation::LimiterRefused { token, .. } => self.0.push((token, false)),
            _ => {}
        }
    }
}

/// A minute of calls every second, each with an attempt of its own, against 10 a minute per `per`.
fn rotating(per: &str, keys: &[&str]) -> (RunResult, Vec<(u32, bool)>) {
    let limit = limit("ten", &format!("per = \"{per}\""), 10);
    let own = [
        "horizon=1m",
        "series_bin=1m",
        "trunks.0.arrivals={ kind = \"periodic\", every = \"1s\" }",
        "client.coalesce=false",
        "client.retry={ attempts = 1 }",
        "client.breaker={ machine = { kind = \"generic\", rule = { kind = \"never\" } } }",
    ];
    let config = config("", &limit, &[&own, keys].concat());
    let (result, seen) = simulate_observed(&config, 1, 0, Presented::default()).unwrap();
    (result, seen.0)
}

/// With two tokens twice as many attempts pass a limit per token, if the client rotates them:
/// one token until it is refused, or both in turn.
#[test]
fn rotated_tokens_have_a_budget_each() {
    let tokens = "client.tokens=[\"a\", \"b\"]";
    let passed = |result: &RunResult| {
        ["a", "b"].map(|token| at(result, &format!("ten/{token}"), None, "passed"))
    };

    let (result, seen) = rotating("token", &[tokens]);
    assert_eq!(passed(&result), [10.0, 0.0]);
    assert!(seen.len() > 50 && seen.iter().all(|(token, _)| *token == 0), "{seen:?}");

    let (result, seen) = rotating("token", &[tokens, "client.token_rotation=\"on_429\""]);
    assert_eq!(passed(&result), [10.0; 2]);
    assert!(seen.contains(&(1, false)) && seen.contains(&(0, false)), "both are used up");
    for pair in seen.windows(2) {
        let moved = pair[1].0 != pair[0].0;
        assert_eq!(moved, !pair[0].1, "it moves on after each 429 and only then: {seen:?}");
    }

    let (result, seen) = rotating("token", &[tokens, "client.token_rotation=\"round_robin\""]);
    assert_eq!(passed(&result), [10.0; 2]);
    assert!((0..).zip(&seen).all(|(n, (token, _))| *token == n % 2), "{seen:?}");
}

/// Tokens of one user share its budget; without a user each is one of its own.
#[test]
fn rotating_tokens_of_one_user_escapes_no_limit_per_user() {
    let keys = ["client.tokens=[\"a\", \"b\"]", "client.token_rotation=\"round_robin\""];
    let (result, seen) = rotating("user", &[&keys[..], &["client.user=\"ann\""]].concat());
    assert_eq!(at(&result, "ten/ann", None, "passed"), 10.0);
    assert_eq!(at(&result, "ten/ann", Some("client"), "attempts"), seen.len() as f64);
    let (result, _) = rotating("user", &keys);
    assert_eq!(at(&result, "ten/a", None, "passed"), 10.0);
    assert_eq!(at(&result, "ten/b", None, "passed"), 10.0);
}

/// Several 429s of one token on their way at once move the client on by one.
#[test]
fn refusals_of_one_token_move_the_client_on_once() {
    let burst = "trunks.0.arrivals={ kind = \"periodic\", every = \"2ms\" }";
    let keys = ["client.tokens=[\"a\", \"b\", \"c\"]", "client.token_rotation=\"on_429\"", burst];
    let (_, seen) = rotating("token", &[&keys[..], &["client.connections=100"]].concat());
    // Those sent before the first 429 was back present the first token still.
    let first = seen.iter().position(|(token, _)| *token != 0).unwrap();
    let late = seen[..first].iter().filter(|(_, passed)| !passed).count();
    assert!(late >= 2, "{late} refusals of the first token");
    assert_eq!(seen[first], (1, true));
}

/// Each replica has a rotation of its own, from the first token on.
#[test]
fn each_replica_rotates_for_itself() {
    let keys = [
        "client.tokens=[\"a\", \"b\"]",
        "client.token_rotation=\"round_robin\"",
        "client.replicas=2",
        "horizon=10s",
        "warmup=0s",
        "series_bin=1s",
    ];
    // One trunk asks one replica.
    let (result, seen) = rotating("token", &keys);
    assert!((0..).zip(&seen).all(|(n, (token, _))| *token == n % 2), "{seen:?}");
    for limit in ["ten/a", "ten/b"] {
        assert_eq!(at(&result, limit, Some("client 1"), "attempts"), seen.len() as f64 / 2.0);
        assert_eq!(at(&result, limit, Some("client 2"), "attempts"), 0.0);
    }
}
