//! From what Redis answers to the share that is followed.
//!
//! A share that grows because somebody asked for more is followed at once. One that grows because another supervisor
//! fell silent is believed only when it was so for a few answers: after a stall of Redis each would hear that all
//! others are gone, and start what they still run. When a supervisor is known to be dead there is nothing to wait for.

/// So many answers in a row make a silence believed.
const BELIEVED: u32 = 3;

/// What somebody wants of the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) desired: u64,
    pub(super) running: bool,
    pub(super) generation: u64,
}

impl Wish {
    /// Are there to be any workers?
    pub(super) fn is_empty(&self) -> bool {
        !self.running || self.desired == 0
    }
}

#[derive(Clone, Debug, Default)]
pub(super) struct Following {
    wish: Option<Wish>,
    share: u64,
    /// Answers in a row that said more.
    more: u32,
}

/// What an answer comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) share: u64,
    /// Somebody says that it is worth another try.
    pub(super) anew: bool,
}

impl Following {
    /// `sure`: who was there before and is not now has surely ended.
    pub(super) fn hear(&mut self, wish: Wish, share: u64, sure: bool) -> Heard {
        let before = self.wish.replace(wish);
        self.more = if share > self.share { self.more + 1 } else { 0 };
        if before != Some(wish) || sure || share <= self.share || self.more >= BELIEVED {
            (self.share, self.more) = (share, 0);
        }
        let anew = before.is_some_and(|before| before.generation != wish.generation);
        Heard { share: self.share, anew }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(desired: u64, generation: u64) -> Wish {
        Wish { desired, running: true, generation }
    }

    fn check(answers: &[(Wish, u64)], expected: &[u64]) {
        let mut following = Following::default();
        let heard: Vec<u64> =
            answers.iter().map(|(wish, share)| following.hear(*wish, *share, false).share).collect();
        assert_eq!(heard, expected, "{answers:?}");
    }

    #[test]
    fn what_somebody_asked_for_is_followed_at_once() {
        let answers = [(wish(4, 0), 2), (wish(8, 0), 4), (wish(2, 0), 1), (wish(0, 0), 0), (wish(6, 0), 6)];
        check(&answers, &[2, 4, 1, 0, 6]);
        let stopped = Wish { running: false, ..wish(4, 0) };
        check(&[(wish(4, 0), 4), (stopped, 0), (wish(4, 0), 4)], &[4, 0, 4]);
    }

    #[test]
    fn a_silence_is_believed_at_the_third_answer() {
        let four = wish(4, 0);
        check(&[(four, 2), (four, 4), (four, 4), (four, 4)], &[2, 2, 2, 4]);
        // The other one was only slow.
        check(&[(four, 2), (four, 4), (four, 4), (four, 2), (four, 4), (four, 4)], &[2; 6]);
        let mut following = Following::default();
        assert_eq!(following.hear(four, 2, false).share, 2);
        assert_eq!(following.hear(four, 4, true).share, 4, "its process is gone");
        // And a share that shrinks does so at once.
        check(&[(four, 4), (four, 2), (four, 1)], &[4, 2, 1]);
    }

    #[test]
    fn another_generation_begins_anew_and_the_first_answer_does_not() {
        let mut following = Following::default();
        assert_eq!(following.hear(wish(2, 7), 2, false), Heard { share: 2, anew: false });
        assert_eq!(following.hear(wish(2, 7), 2, false), Heard { share: 2, anew: false });
        assert_eq!(following.hear(wish(2, 8), 3, false), Heard { share: 3, anew: true });
    }
}
