//! The script with one thing changed: each change must be noticed, or the sequences prove nothing about it.

use baton_store::Script;

use super::stage::Rotator;
use super::{given, play};

/// Within so many steps a change is noticed.
const STEPS: u64 = 20_000;

struct Mutant {
    what: &'static str,
    changes: &'static [(&'static str, &'static str)],
}

const ROTATES: &str = "redis.call('HSET', session, 'gen', to, ";
const REPLAYS: &str = "return successor('replayed', s_gen, s_kid, s_expires)";

const MUTANTS: &[Mutant] = &[
    Mutant {
        what: "a replay begins the window anew",
        changes: &[(
            REPLAYS,
            "redis.call('HSET', session, 'rotated_at', NOW.digits) return successor('replayed', s_gen, s_kid, s_expires)",
        )],
    },
    Mutant {
        what: "a replay lets the session live longer",
        changes: &[(
            REPLAYS,
            "redis.call('PERSIST', session) return successor('replayed', s_gen, s_kid, s_expires)",
        )],
    },
    Mutant {
        what: "the leeway has one ms more",
        changes: &[("if age < leeway_ms then return", "if age <= leeway_ms then return")],
    },
    Mutant {
        what: "the leeway of a replay has one ms more",
        changes: &[("s_policy == 'replay' and age < leeway_ms", "s_policy == 'replay' and age <= leeway_ms")],
    },
    Mutant {
        what: "a request may be repeated for one ms more",
        changes: &[("age < retry_ms", "age <= retry_ms")],
    },
    Mutant { what: "the client is not compared", changes: &[(" or s_client ~= client", "")] },
    Mutant { what: "the secret is not compared", changes: &[("s_hash ~= secret_hash or ", "")] },
    Mutant {
        what: "a stranger ends the family",
        changes: &[(
            "s_client ~= client then return",
            "s_client ~= client then end_session(session, sessions, ended, sid, 'reuse', ended_ms) return",
        )],
    },
    Mutant {
        what: "an older generation is tolerated",
        changes: &[("if ahead == -1 then", "if ahead >= -2 then")],
    },
    Mutant {
        what: "the same request of an older generation is tolerated",
        changes: &[("if ahead == -1 then", "if ahead == -1 or (ahead == -2 and nonce == s_nonce) then")],
    },
    Mutant {
        what: "a session is healed from too far",
        changes: &[("if ahead > max_ahead then", "if ahead > max_ahead + 1 then")],
    },
    Mutant {
        what: "a session is healed from any distance",
        changes: &[("if ahead > max_ahead then return { 'ahead' } end", "")],
    },
    Mutant { what: "the epoch is not compared", changes: &[(" or epoch ~= s_epoch", "")] },
    Mutant {
        what: "a dead session is refused and stays",
        changes: &[("end_session(session, sessions, ended, sid, 'epoch', ended_ms)", "")],
    },
    Mutant {
        what: "the end is not compared",
        changes: &[("if NOW.ms >= tonumber(s_expires) then return { 'expired' } end", "")],
    },
    Mutant {
        what: "the session is good at its end",
        changes: &[("NOW.ms >= tonumber(s_expires)", "NOW.ms > tonumber(s_expires)")],
    },
    Mutant {
        what: "the absolute end moves",
        changes: &[("math.min(tonumber(s_absolute), NOW.ms + idle_ms)", "NOW.ms + idle_ms")],
    },
    Mutant {
        what: "a clock that was set back is an age",
        changes: &[("math.max(0, NOW.ms - tonumber(s_rotated))", "math.abs(NOW.ms - tonumber(s_rotated))")],
    },
    Mutant { what: "the nonce is not kept", changes: &[("'nonce', nonce, 'kid'", "'kid'")] },
    Mutant {
        what: "a replay is sealed with the key of today",
        changes: &[(
            "successor('replayed', s_gen, s_kid, s_expires)",
            "successor('replayed', s_gen, kid, s_expires)",
        )],
    },
    Mutant {
        what: "a replay is a generation of its own",
        changes: &[(
            "successor('replayed', s_gen, s_kid, s_expires)",
            "successor('replayed', digits(s_gen + 1), s_kid, s_expires)",
        )],
    },
    Mutant {
        what: "everybody in the leeway gets the successor",
        changes: &[("s_policy == 'replay' and age < leeway_ms", "age < leeway_ms")],
    },
    Mutant {
        what: "the same request may be repeated only in the leeway",
        changes: &[("age < retry_ms", "age < leeway_ms")],
    },
    Mutant {
        what: "a healed session stays where it is",
        changes: &[("local to = digits(tonumber(gen) + 1)", "local to = digits(tonumber(s_gen) + 1)")],
    },
    Mutant {
        what: "reuse ends nothing",
        changes: &[("end_session(session, sessions, ended, sid, 'reuse', ended_ms)", "")],
    },
    Mutant {
        what: "reuse ends what it should only deny",
        changes: &[("if on_reuse == 'deny' then return { 'reused', '' } end", "")],
    },
    Mutant {
        what: "reuse always ends all sessions",
        changes: &[("if on_reuse == 'revoke_family' then return { 'reused', '' } end", "")],
    },
    Mutant {
        what: "the index keeps all sessions of the user",
        changes: &[("redis.call('DEL', sessions)\n", "")],
    },
    Mutant {
        what: "a rotation writes without a time to live",
        changes: &[
            (ROTATES, "redis.call('PERSIST', session) redis.call('HSET', session, 'gen', to, "),
            (
                "redis.call('PEXPIRE', session, digits(expires - NOW.ms))\n  return successor",
                "return successor",
            ),
        ],
    },
];

fn changed(text: &str, mutant: &Mutant) -> String {
    mutant.changes.iter().fold(text.to_owned(), |text, (from, to)| {
        assert_eq!(text.matches(from).count(), 1, "{}: {from:?} is not there once", mutant.what);
        text.replace(from, to)
    })
}

fn script() -> &'static str {
    let rotate = Script::all().iter().find(|script| script.name == "token/rotate");
    &rotate.expect("a script of that name").text
}

fn all_are_noticed(mutants: &[Mutant]) {
    let seed = given("BATON_SEED").unwrap_or(1);
    for mutant in mutants {
        let played = play(Rotator::Text(changed(script(), mutant)), STEPS, seed, 0);
        let failure = played.failure.unwrap_or_else(|| panic!("not noticed: {}", mutant.what));
        let shown: String = failure.lines().take(3).map(|line| format!("    {line}\n")).collect();
        println!("{} (after {} steps)\n{shown}", mutant.what, played.steps);
    }
}

#[test]
fn each_change_of_the_first_half_is_noticed() {
    all_are_noticed(&MUTANTS[..MUTANTS.len() / 2]);
}

#[test]
fn each_change_of_the_second_half_is_noticed() {
    all_are_noticed(&MUTANTS[MUTANTS.len() / 2..]);
}

/// What finds the changes is the change, not the way in which the text is sent.
#[test]
fn the_script_itself_is_not_a_mutant() {
    let played = play(Rotator::Text(script().to_owned()), 1_500, given("BATON_SEED").unwrap_or(1), 0);
    assert_eq!(played.failure, None);
}
