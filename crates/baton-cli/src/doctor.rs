//! `baton doctor`: what is wrong, and what to do.

use anyhow::Result;
use baton::api::doctor::{Doctor as Report, Examined, Verdict};
use clap::Args;

use crate::console::{Target, client};
use crate::direct::Direct;
use crate::exit::Exit;
use crate::out::{Format, Out, paint, plain};

#[derive(Args)]
#[command(before_help = "Examples:
  baton doctor                                 ask the gateway
  baton doctor --json | jq '.checks[] | select(.verdict != \"ok\")'
  BATON_REDIS_URL=redis://redis:6379 baton doctor --direct
                                               no gateway answers: look straight at Redis
The exit code is that of the worst verdict: 0 ok or unknown, 8 warn, 1 fail.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    direct: Direct,
}

pub(crate) async fn run(out: &Out, target: &Target, asked: &Doctor) -> Result<Exit> {
    let report = match asked.direct.store()? {
        Some(store) => baton_gateway::doctor::examine(&store, None).await,
        None => client(target)?.doctor().await?,
    };
    match out.format {
        Format::Json => out.document(&report)?,
        Format::Name => {
            let wrong = report.checks.iter().filter(|check| check.verdict != Verdict::Ok);
            wrong.map(name).try_for_each(|name| out.line(&name))?;
        }
        Format::Table | Format::Wide => out.text(&text(&report, out.colour))?,
    }
    Ok(match report.verdict {
        Verdict::Ok | Verdict::Unknown => Exit::Fine,
        Verdict::Warn => Exit::Warned,
        Verdict::Fail => Exit::Failure,
    })
}

fn name(check: &Examined) -> String {
    format!("{}.{}", check.area, check.name)
}

/// Words are never cut: what to do stands at their end.
fn text(report: &Report, colour: bool) -> String {
    let width = report.checks.iter().map(|check| name(check).len()).max().unwrap_or_default();
    let (mut text, mut said) = (String::new(), None);
    for check in &report.checks {
        let verdict = paint(colour, code(check.verdict), &format!("{:<7}", check.verdict.as_str()));
        text.push_str(&format!("{verdict}  {:<width$}  {}\n", name(check), plain(&check.found)));
        // What one mend would do for all of these is said once.
        let advice = check.advice.as_deref().filter(|advice| said.replace(*advice) != Some(*advice));
        if let Some(advice) = advice {
            text.push_str(&format!("{:9}{:width$}  do: {}\n", "", "", plain(advice)));
        }
    }
    let count = |verdict| report.checks.iter().filter(|check| check.verdict == verdict).count();
    text.push_str(&format!(
        "\n{} ok, {} warn, {} fail, {} unknown; looked for {} ms\n",
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Fail),
        count(Verdict::Unknown),
        report.took_ms
    ));
    text
}

fn code(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "32",
        Verdict::Unknown => "90",
        Verdict::Warn => "33",
        Verdict::Fail => "31",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read_from_top_to_bottom() {
        let report: Report = serde_json::from_str(
            r#"{"verdict":"warn","at":"2026-01-01T00:00:00Z","took_ms":12,"version":"1","checks":[
                {"area":"redis","name":"version","verdict":"ok","found":"Redis 7.4.6"},
                {"area":"fleet","name":"x","verdict":"warn","found":"a\u001b[2Jb","advice":"look"},
                {"area":"fleet","name":"y","verdict":"unknown","found":"b","advice":"look"}]}"#,
        )
        .unwrap();
        let expected = "ok       redis.version  Redis 7.4.6\n\
                        warn     fleet.x        a�[2Jb\n\
                        \x20                       do: look\n\
                        unknown  fleet.y        b\n\n\
                        1 ok, 1 warn, 0 fail, 1 unknown; looked for 12 ms\n";
        assert_eq!(text(&report, false), expected);
        assert!(text(&report, true).starts_with("\x1b[32mok     \x1b[0m"));
    }
}
