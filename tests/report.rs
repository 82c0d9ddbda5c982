//! The report: what it says is on disk, it asks the network for nothing, and a folder that holds no
//! results is told what makes them.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use serde_json::Value;

fn trunksim(arguments: &[&str]) -> Command {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("trunksim");
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command
}

fn text(folder: &Path) -> &str {
    folder.to_str().unwrap()
}

fn sweep(folder: &Path) {
    let arguments = ["sweep", "tests/studies/small.toml", "--replications", "2", "--out"];
    trunksim(&[&arguments[..], &[text(folder)]].concat()).assert().success();
}

/// Makes the report and reads it.
fn report(folder: &Path) -> String {
    trunksim(&["report", text(folder)]).assert().success();
    fs::read_to_string(folder.join("report.html")).unwrap()
}

/// A result as it is on disk.
fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

/// Whether a number on disk stands in a table, as what its cell is sorted by; what is none does not.
fn holds(page: &str, value: &Value) -> bool {
    value.as_f64().is_none_or(|number| page.contains(&format!("data-value=\"{number}\"")))
}

/// A page with its texts as they read, for what stands in them literally.
fn unescaped(page: &str) -> String {
    let codes = [("&#39;", "'"), ("&#x27;", "'"), ("&#34;", "\""), ("&quot;", "\"")];
    let signs = [("&#60;", "<"), ("&lt;", "<"), ("&#62;", ">"), ("&gt;", ">"), ("&#38;", "&")];
    let all = codes.into_iter().chain(signs);
    all.fold(page.to_owned(), |text, (code, sign)| text.replace(code, sign))
}

/// What the command says of a folder without results.
fn refused(folder: &Path) -> String {
    let output = trunksim(&["report", text(folder)]).assert().code(2).get_output().stderr.clone();
    assert!(!folder.join("report.html").exists());
    String::from_utf8(output).unwrap()
}

#[test]
fn a_report_stands_alone_and_says_what_is_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("small");
    sweep(&folder);
    let page = report(&folder);
    assert_eq!(page, report(&folder), "the same files give the same bytes");
    assert!(page.contains("<h1>Does a longer wait help?</h1>"));
    let place = |heading: &str| page.find(&format!(">{heading}</h2>")).expect(heading);
    let headings = ["Answer", "Plots", "Sweep", "Assumptions that matter", "Model in full"];
    assert!(headings.map(place).is_sorted() && !page.contains("id=\"policy\""));
    // The answer is the sweep's own, made a sentence.
    let sweep = json(&folder, "sweep.json");
    let said = sweep["answer"][0].as_str().unwrap();
    assert!(said.starts_with("best mean of service level"), "{said}");
    assert!(page.contains(&format!("<p class=\"lead\">B{}.</p>", &said[1..])), "{said}");
    assert!(page.contains("2 replications of each of 6 points, with random numbers common to all"));
    let points = sweep["points"].as_array().unwrap();
    assert_eq!(page.matches("<tr><t").count(), 6 + 2 + 6, "points, files, hashes");
    for point in points {
        let mean = &point["estimates"]["service_level_end_to_end"]["estimate"];
        assert!(holds(&page, mean), "{mean}");
    }
    // Both plots, each with what is said over its marks.
    assert_eq!(page.matches("<svg").count(), 2);
    assert!(page.matches("class=\"spot\"").count() >= 12 + 6);
    // Nothing from elsewhere: the only address is the name of SVG.
    let addresses = page.matches("://").count();
    assert_eq!(addresses, page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count());
    assert!(!page.contains(" style=\"") && unescaped(&page).contains("default-src 'none'"));
    let manifest = json(&folder, "manifest.json");
    for file in manifest["files"].as_array().unwrap() {
        assert!(page.contains(file["blake3"].as_str().unwrap()));
    }
    assert!(page.contains("trunksim sweep tests/studies/small.toml --replications 2"));
    assert!(!page.contains("Not all of this folder was made at once"));
}

/// A folder in which every command has left its results: the first three of one study.
fn everything(folder: &Path) {
    for command in ["sweep", "compare", "tune"] {
        let arguments = [command, "tests/studies/tune.toml", "--out", text(folder)];
        trunksim(&arguments).assert().success();
    }
    let arguments = ["sensitivity", "tests/studies/screened.toml", "--out", text(folder)];
    trunksim(&arguments).assert().success();
}

#[test]
fn every_command_has_its_place_and_its_numbers_are_those_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("all");
    everything(&folder);
    let page = report(&folder);
    let plain = unescaped(&page);
    let by = ["tune", "compare", "sweep", "sensitivity"];
    let places = by.map(|command| page.find(&format!("By <code>trunksim {command}<")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    let headings = ["Answer", "Recommended policy", "Tuning", "Comparison", "Sweep"];
    let place = |heading: &str| page.find(&format!(">{heading}</h2>")).expect(heading);
    assert!(headings.map(place).is_sorted());
    // Each sentence stands there; clauses of a comparison are made sentences.
    for command in by {
        for said in json(&folder, &format!("{command}.json"))["answer"].as_array().unwrap() {
            let said = said.as_str().unwrap().replace('`', "");
            let without_tags = plain.replace("<code>", "").replace("</code>", "");
            assert!(without_tags.contains(&said[1..]), "{command}: {said}");
        }
    }
    let has = |value: &Value| holds(&page, value);
    let compared = json(&folder, "compare.json");
    for by in compared["metrics"].as_array().unwrap() {
        for row in by["ranked"].as_array().unwrap() {
            assert!(has(&row["mean"]["estimate"]), "{row}");
        }
        for row in by["differences"].as_array().unwrap() {
            assert!(has(&row["difference"]["estimate"]), "{row}");
        }
    }
    let tuned = json(&folder, "tune.json");
    for point in tuned["points"].as_array().unwrap() {
        assert!(has(&point["cost_in_race"]["mean"]), "{point}");
    }
    for point in tuned["front"]["points"].as_array().unwrap() {
        assert!(point["estimates"].as_array().unwrap().iter().all(|e| has(&e["mean"])), "{point}");
    }
    let found = json(&folder, "sensitivity.json");
    for factor in found["metrics"][0]["factors"].as_array().unwrap() {
        assert!(has(&factor["effect"]["estimate"]), "{factor}");
    }
    // The policy is the file's, and its levels stand in the study's order.
    let fragment = fs::read_to_string(folder.join("recommended.toml")).unwrap();
    let fragment = fragment.lines().skip(1).collect::<Vec<_>>().join("\n");
    assert!(plain.contains(fragment.trim()), "{fragment}");
    let levels = ["attempts", "base", "jitter"].map(|name| format!("<dt>{name}</dt>"));
    assert!(levels.map(|level| page.find(&level).unwrap()).is_sorted());
    // Words, not only numbers.
    let words = ["at least 25\u{a0}%", ">met</span>", ">cannot be told</span>", ">matters</span>"];
    words.iter().for_each(|word| assert!(page.contains(word), "{word}"));
}

#[test]
fn a_folder_written_to_by_several_commands_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("all");
    everything(&folder);
    let plain = unescaped(&report(&folder));
    for command in ["tune", "compare", "sweep"] {
        let of =
            format!("<code>{command}.json</code> is of another study, <code>tune-small</code>");
        assert!(plain.contains(&of), "{of}");
    }
    // The last command of the first study once more: now the last is the stranger, and of the
    // others it is known that they are of the same points.
    let again = ["tune", "tests/studies/tune.toml", "--out", text(&folder)];
    trunksim(&again).assert().success();
    let plain = unescaped(&report(&folder));
    assert!(plain.contains("<code>sensitivity.json</code> is of another study"));
    for command in ["compare", "sweep"] {
        let of = format!("<code>{command}.json</code> was there before");
        assert!(plain.contains(&of) && plain.contains("by <code>trunksim tune</code>"), "{of}");
    }
    assert!(!plain.contains("<code>tune.json</code> was there before"));
    let seeded = ["tune", "tests/studies/tune.toml", "--seed", "99", "--out", text(&folder)];
    trunksim(&seeded).assert().success();
    assert!(unescaped(&report(&folder)).contains("another than 99"));
}

#[test]
fn how_sure_an_answer_is_follows_the_runs_there_were() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("own.toml");
    let study = fs::read_to_string("tests/studies/compare.toml").unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/minimal.toml");
    let study = study
        .replace("../../models/minimal.toml", text(&model))
        .replace("replications = 4", "replications = 3\ncommon_random_numbers = false");
    fs::write(&own, study).unwrap();
    let out = folder.path().join("own");
    trunksim(&["compare", text(&own), "--out", text(&out)]).assert().success();
    let page = report(&out);
    assert!(page.contains("3 replications of each of 3 points, with random numbers of its own"));
    assert!(!page.contains("common to all points") && !page.contains("variance ratio"));
    // Each point runs until it is known precisely: not as often as the next.
    let out = folder.path().join("precise");
    let precise = ["sweep", "tests/studies/precise.toml", "--out", text(&out)];
    // Where the SLA is missed it says so by its exit code.
    trunksim(&precise).output().unwrap();
    let page = report(&out);
    let sweep = json(&out, "sweep.json");
    let runs = sweep["points"].as_array().unwrap().iter().map(|p| p["runs"].as_u64().unwrap());
    let (least, most) = (runs.clone().min().unwrap(), runs.max().unwrap());
    assert!(least < most);
    assert!(page.contains(&format!("{least} to {most} replications of each of 3 points")));
    assert!(page.contains("calls_offered at most 400 per hour"));
}

#[test]
fn whatever_stands_in_a_result_is_text_and_what_does_not_fit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tune");
    let arguments = ["tune", "tests/studies/tune.toml", "--out", text(&folder)];
    trunksim(&arguments).assert().success();
    let tune = fs::read_to_string(folder.join("tune.json")).unwrap();
    let changed = |from: &str, to: &str| {
        assert!(tune.contains(from), "{from}");
        fs::write(folder.join("tune.json"), tune.replacen(from, to, 1)).unwrap();
    };
    changed("\"Recommended: ", "\"<b>Recommended</b>: ");
    assert!(!report(&folder).contains("<b>"));
    fs::remove_file(folder.join("report.html")).unwrap();
    changed("\"points_run\": ", "\"points_run\": -");
    let misfit = refused(&folder);
    assert!(misfit.contains("tune.json") && misfit.contains("`points_run`"), "{misfit}");
    assert!(misfit.contains("`trunksim tune tests/studies/tune.toml --out"), "{misfit}");
    changed("\"command\": \"tune\"", "\"command\": \"sweep\"");
    let other = refused(&folder);
    assert!(other.contains("it holds the results of `sweep`"), "{other}");
    fs::write(folder.join("tune.json"), format!("{tune}x")).unwrap();
    assert!(refused(&folder).contains("trailing characters"));
    fs::write(folder.join("tune.json"), &tune).unwrap();
    fs::write(folder.join("compare.json"), "{}").unwrap();
    let foreign = refused(&folder);
    assert!(foreign.contains("`trunksim compare STUDY --out"), "{foreign}");
}

#[test]
fn a_folder_without_results_is_told_what_makes_them() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let gone = refused(&at("gone"));
    assert!(gone.contains("no such folder") && gone.contains("trunksim sweep STUDY"), "{gone}");
    fs::create_dir(at("empty")).unwrap();
    let empty = refused(&at("empty"));
    assert!(
        empty.contains("manifest.json is missing") && empty.contains("trunksim sweep"),
        "{empty}"
    );
    fs::write(at("empty").join("units.journal"), "").unwrap();
    let begun = refused(&at("empty"));
    assert!(begun.contains("goes on where it stopped"), "{begun}");
    fs::create_dir(at("run")).unwrap();
    fs::write(at("run").join("run.json"), "{}").unwrap();
    assert!(refused(&at("run")).contains("one run"));
    let manifest = "{\"command_line\": [\"/x/trunksim\", \"sweep\", \"my study.toml\"], \
                    \"program\": \"trunksim\", \"version\": \"1\", \"seed\": 1, \
                    \"replications\": 1, \"random_numbers\": \"\", \"files\": [], \"points\": [], \
                    \"study\": {\"name\": \"s\", \"question\": \"?\", \"factors\": []}, \
                    \"model\": {}}";
    fs::write(at("run").join("manifest.json"), manifest).unwrap();
    let half = refused(&at("run"));
    assert!(half.contains("there is none of tune.json, compare.json"), "{half}");
    assert!(half.contains("`trunksim sweep 'my study.toml'`"), "{half}");
    fs::write(at("run").join("tune.json"), "{\"answer\": [").unwrap();
    let cut = refused(&at("run"));
    assert!(cut.contains("tune.json") && cut.contains("trunksim tune STUDY"), "{cut}");
    let none = manifest.replace("\"factors\": []", "\"factors\": 3");
    fs::write(at("run").join("manifest.json"), none).unwrap();
    let misfit = refused(&at("run"));
    assert!(misfit.contains("manifest.json") && misfit.contains("`study.factors`"), "{misfit}");
}

/// A drawing that no command of the study wrote, or that was changed since, is not shown.
#[test]
fn only_drawings_that_the_study_wrote_are_shown() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("small");
    sweep(&folder);
    let foreign = "<svg xmlns=\"http://www.w3.org/2000/svg\"><title>Foreign</title></svg>";
    fs::write(folder.join("foreign.svg"), foreign).unwrap();
    let own = fs::read_to_string(folder.join("sla.svg")).unwrap();
    fs::write(folder.join("sla.svg"), own.replace("<title>", "<title>Changed: ")).unwrap();
    let page = report(&folder);
    assert!(!page.contains("Foreign") && !page.contains("Changed: "));
    assert_eq!(page.matches("no command of this study wrote it as it stands here").count(), 2);
    assert_eq!(page.matches("<svg").count(), 1, "the map is as it was written");
}
