//! What may happen, and how it is drawn: so that tokens meet the edges of their windows.

use baton_core::login::{OnReuse, RacePolicy};
use proptest::prelude::*;
use proptest::sample::select;

/// Which of the sessions that were opened: counted from the last, as far as there are that many.
pub(super) type Back = u8;

/// Which generation a token is of, as seen from the session that is stored.
#[derive(Clone, Copy, Debug)]
pub(super) enum Generation {
    Current,
    Behind(u64),
    Ahead(u64),
    Exactly(u64),
}

#[derive(Clone, Debug)]
pub(super) struct Refresh {
    pub session: Back,
    pub generation: Generation,
    pub stranger: bool,
    pub other_client: bool,
    pub nonce: u8,
    pub kid: u8,
    pub leeway_ms: u64,
    pub on_reuse: OnReuse,
    /// Once more, word for word.
    pub again: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Who {
    Owner,
    Stranger,
    Admin,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Everywhere {
    Bump,
    Disable,
    Enable,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// `seen`: by a password that was read at this epoch, so many bumps ago.
    Open {
        policy: RacePolicy,
        seen: Option<u64>,
        again: bool,
    },
    Refresh(Refresh),
    End {
        session: Back,
        who: Who,
        again: bool,
    },
    Change(Everywhere),
    Pass(i64),
    /// A replica has this copy.
    Keep(Back),
    /// And becomes the primary.
    RollBack(Back),
}

fn back() -> impl Strategy<Value = Back> {
    prop_oneof![12 => Just(0_u8), 4 => Just(1_u8), 1 => 2..6_u8]
}

fn generation() -> impl Strategy<Value = Generation> {
    prop_oneof![
        10 => Just(Generation::Current),
        8 => Just(Generation::Behind(1)),
        2 => (2..5_u64).prop_map(Generation::Behind),
        2 => select(vec![1_u64, 2, 3, 15, 16, 17]).prop_map(Generation::Ahead),
        1 => select(vec![1_u64, 1 << 52, u64::MAX]).prop_map(Generation::Exactly),
    ]
}

fn refresh() -> impl Strategy<Value = Step> {
    let odd = || prop::bool::weighted(0.04);
    let on_reuse = prop_oneof![
        8 => Just(OnReuse::Deny),
        3 => Just(OnReuse::RevokeFamily),
        1 => Just(OnReuse::RevokeUser),
    ];
    let leeway = prop_oneof![8 => Just(30_000_u64), 1 => Just(0_u64)];
    (back(), generation(), (odd(), odd()), 0..3_u8, 1..3_u8, (leeway, on_reuse), prop::bool::weighted(0.2))
        .prop_map(
            |(session, generation, (stranger, other_client), nonce, kid, (leeway_ms, on_reuse), again)| {
                Step::Refresh(Refresh {
                    session,
                    generation,
                    stranger,
                    other_client,
                    nonce,
                    kid,
                    leeway_ms,
                    on_reuse,
                    again,
                })
            },
        )
}

fn time() -> impl Strategy<Value = Step> {
    let (minute, day) = (60_000_i64, 86_400_000_i64);
    prop_oneof![
        4 => select(vec![0_i64, 1, 10_000, 15_000]),
        6 => select(vec![29_999_i64, 30_000, 30_001]),
        4 => select(vec![10 * minute - 30_000, 10 * minute - 1, 10 * minute]),
        2 => select(vec![2 * day, 6 * day, 7 * day - 1, 7 * day]),
        2 => select(vec![-1_i64, -30_000, -60 * minute]),
    ]
    .prop_map(Step::Pass)
}

fn open() -> impl Strategy<Value = Step> {
    let seen = prop_oneof![4 => Just(None), 2 => Just(Some(0_u64)), 1 => (1..3_u64).prop_map(Some)];
    (select(RacePolicy::ALL), seen, prop::bool::weighted(0.3)).prop_map(|(policy, seen, again)| Step::Open {
        policy,
        seen,
        again,
    })
}

fn step() -> impl Strategy<Value = Step> {
    let who = prop_oneof![3 => Just(Who::Owner), 1 => Just(Who::Stranger), 1 => Just(Who::Admin)];
    let end = (back(), who, prop::bool::weighted(0.3)).prop_map(|(session, who, again)| Step::End {
        session,
        who,
        again,
    });
    let change = prop_oneof![
        2 => Just(Everywhere::Bump),
        1 => Just(Everywhere::Disable),
        6 => Just(Everywhere::Enable),
    ];
    prop_oneof![
        5 => open(),
        32 => refresh(),
        1 => end,
        2 => change.prop_map(Step::Change),
        8 => time(),
        3 => back().prop_map(Step::Keep),
        3 => back().prop_map(Step::RollBack),
    ]
}

/// Begins with a session, for the rest to be about something.
pub(super) fn sequence() -> impl Strategy<Value = Vec<Step>> {
    let first = select(RacePolicy::ALL).prop_map(|policy| Step::Open { policy, seen: None, again: false });
    (first, prop::collection::vec(step(), 10..48)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        rest
    })
}
