//! The answers of a study as `sweep` prints them at its end, and as the file that keeps them.

use std::fmt::Write;

use crate::experiment::plan::Plan;

/// Columns of a terminal.
const WIDTH: usize = 80;

/// `answers.txt`, a line per answer, where there are any.
pub(super) fn file(answers: &[String]) -> Option<(String, Vec<u8>)> {
    let text: String = answers.iter().map(|answer| format!("{answer}\n")).collect();
    (!answers.is_empty()).then(|| ("answers.txt".to_owned(), text.into_bytes()))
}

/// What is printed: the question's answers, each wrapped and hung from a dash.
pub(super) fn render(plan: &Plan, answers: &[String]) -> String {
    let mut text = String::new();
    if answers.is_empty() {
        return text;
    }
    let confidence = plan.study.confidence * 100.0;
    let _ = writeln!(text, "\nANSWER (each ± is a {confidence:.0} % interval)");
    for answer in answers {
        for (i, line) in wrap(answer, WIDTH - 2).iter().enumerate() {
            let _ = writeln!(text, "{} {line}", if i == 0 { '-' } else { ' ' });
        }
    }
    text
}

/// Lines of at most `width` columns, broken between words; a figure keeps its `±` and its unit.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.replace(" ± ", "\u{a0}±\u{a0}").replace(" %", "\u{a0}%").split(' ') {
        let line = lines.last_mut().expect("there is a line");
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.iter().map(|line| line.replace('\u{a0}', " ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_not_inside_a_figure() {
        let text = "It causes 3.1 ± 0.4 failovers and 86.4 ± 0.8 % in time.";
        assert_eq!(
            wrap(text, 16),
            ["It causes", "3.1 ± 0.4", "failovers and", "86.4 ± 0.8 % in", "time."]
        );
    }
}
