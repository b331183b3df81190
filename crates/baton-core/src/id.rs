//! Task ids, and the shards they carry.

use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// One of the shards of a namespace: its number goes, in hex, into the hash tag of every key of the shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(u16);

/// How many shards a namespace has: fixed when it is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardCount(u16);

/// A task: UUIDv7 whose last three hex digits are its shard, so that the id alone finds all of its keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(Uuid);

/// A flow: an id of the same form. The ids of its tasks are made from it, so that whoever writes the flow again, after a
/// lost answer, writes the same tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlowId(TaskId);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("read an id: it is not a UUID in lower-case hex with dashes")]
    NotAUuid,
    #[error("read an id: it is not a UUID of version 7")]
    NotVersion7,
    #[error("use shard {0}: a namespace has 1 to 4096 shards")]
    NoSuchShard(u32),
}

/// What a draw of an id needs from outside: the clock, a counter that orders ids of one millisecond, and chance.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    pub now_ms: u64,
    /// Of this only the low 12 bits are used.
    pub counter: u16,
    pub random: u64,
}

impl ShardCount {
    pub const MAX: u16 = 4096;
    pub const ONE: ShardCount = ShardCount(1);

    pub fn new(count: u32) -> Result<ShardCount, IdError> {
        match u16::try_from(count) {
            Ok(small @ 1..=Self::MAX) => Ok(ShardCount(small)),
            _ => Err(IdError::NoSuchShard(count)),
        }
    }

    pub fn get(self) -> u16 {
        self.0
    }

    pub fn all(self) -> impl Iterator<Item = Shard> {
        (0..self.0).map(Shard)
    }

    /// The shard of a name that must always meet the same one: a dedupe key, an idempotency key.
    pub fn of(self, name: &str) -> Shard {
        // FNV-1a: stable for ever, unlike the hashers of the standard library.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Shard((hash % u64::from(self.0)) as u16)
    }
}

impl Shard {
    pub const FIRST: Shard = Shard(0);

    pub fn new(number: u32) -> Result<Shard, IdError> {
        match u16::try_from(number) {
            Ok(small) if small < ShardCount::MAX => Ok(Shard(small)),
            _ => Err(IdError::NoSuchShard(number)),
        }
    }

    pub fn number(self) -> u16 {
        self.0
    }
}

/// The hash tag's text: hex without leading zeros, as it can be read off the end of an id.
impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:x}", self.0)
    }
}

impl TaskId {
    pub const LENGTH: usize = 36;

    pub fn draw(draw: Draw, shard: Shard) -> TaskId {
        let counter = u128::from(draw.counter & 0x0fff);
        let random = u128::from(draw.random >> 2) & 0x3fff_ffff_ffff_f000;
        let bits = (u128::from(draw.now_ms & 0xffff_ffff_ffff) << 80)
            | (0x7 << 76)
            | (counter << 64)
            | (0b10 << 62)
            | random
            | u128::from(shard.0);
        TaskId(Uuid::from_u128(bits))
    }

    /// When it was drawn, by the clock of whoever drew it.
    pub fn drawn_ms(self) -> u64 {
        (self.0.as_u128() >> 80) as u64
    }

    pub fn shard(self) -> Shard {
        Shard((self.0.as_u128() & 0xfff) as u16)
    }

    /// The form that keys and replies carry, without an allocation of its own.
    pub fn write(self, buffer: &mut [u8; Self::LENGTH]) -> &str {
        self.0.hyphenated().encode_lower(buffer)
    }
}

/// Where the number of a task of a flow stands in its id: above the shard.
const POSITION_SHIFT: u32 = 12;
const POSITION_BITS: u32 = 24;

impl FlowId {
    pub fn draw(draw: Draw, shard: Shard) -> FlowId {
        FlowId(FlowId(TaskId::draw(draw, shard)).task(0))
    }

    /// The task at a position of this flow, from 1. Ids of one flow are in the order of their positions.
    pub fn task(self, position: u32) -> TaskId {
        let all: u128 = (1 << POSITION_BITS) - 1;
        let position = u128::from(position) & all;
        TaskId(Uuid::from_u128(
            (self.0.0.as_u128() & !(all << POSITION_SHIFT)) | (position << POSITION_SHIFT),
        ))
    }

    pub fn shard(self) -> Shard {
        self.0.shard()
    }

    /// When it was drawn, by the clock of whoever drew it.
    pub fn drawn_ms(self) -> u64 {
        self.0.drawn_ms()
    }
}

impl fmt::Display for FlowId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl FromStr for FlowId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<FlowId, IdError> {
        text.parse().map(FlowId)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.write(&mut [0; Self::LENGTH]))
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for TaskId {
    type Err = IdError;

    /// Only the one spelling that we write ourselves: a second one would be a second key.
    fn from_str(text: &str) -> Result<TaskId, IdError> {
        let id = Uuid::try_parse(text).map_err(|_| IdError::NotAUuid)?;
        if id.get_version_num() != 7 {
            return Err(IdError::NotVersion7);
        }
        let id = TaskId(id);
        (id.write(&mut [0; Self::LENGTH]) == text).then_some(id).ok_or(IdError::NotAUuid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn draw(now_ms: u64, counter: u16, random: u64) -> Draw {
        Draw { now_ms, counter, random }
    }

    proptest! {
        #[test]
        fn an_id_carries_its_shard_and_reads_back(now in 0_u64..1 << 48, counter: u16, random: u64, shard in 0_u32..4096) {
            let shard = Shard::new(shard).unwrap();
            let id = TaskId::draw(draw(now, counter, random), shard);
            prop_assert_eq!((id.shard(), id.drawn_ms()), (shard, now));
            let text = id.to_string();
            prop_assert_eq!(text.parse::<TaskId>(), Ok(id));
            prop_assert_eq!(&text[14..15], "7");
            prop_assert!("89ab".contains(&text[19..20]));
            let digits = format!("{:03x}", shard.number());
            prop_assert!(text.ends_with(&digits));
        }

        #[test]
        fn a_name_always_meets_a_shard_that_exists(name in ".{0,40}", count in 1_u32..=4096) {
            let count = ShardCount::new(count).unwrap();
            prop_assert!(count.of(&name).number() < count.get());
        }
    }

    #[test]
    fn the_tasks_of_a_flow_are_made_from_its_id() {
        let shard = Shard::new(0xabc).unwrap();
        let flow = FlowId::draw(draw(5, 1, u64::MAX), shard);
        assert_eq!(flow.to_string().parse(), Ok(flow));
        let ids: Vec<TaskId> = [0, 1, 2, 255, 256, 100_000].map(|position| flow.task(position)).to_vec();
        assert!(ids.is_sorted() && ids.iter().all(|id| (id.shard(), id.drawn_ms()) == (shard, 5)));
        assert_eq!(ids[0].to_string(), flow.to_string());
        assert_eq!(ids[5].to_string().parse(), Ok(ids[5]));
    }

    #[test]
    fn ids_of_one_millisecond_are_ordered_by_the_counter() {
        let first = TaskId::draw(draw(5, 1, u64::MAX), Shard::FIRST);
        let second = TaskId::draw(draw(5, 2, 0), Shard::FIRST);
        assert!(first.to_string() < second.to_string());
    }

    #[test]
    fn a_second_spelling_of_an_id_is_refused() {
        let text = TaskId::draw(draw(1, 2, 0xabcd_ef01_2345_6789), Shard::FIRST).to_string();
        for wrong in [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), format!("{text}\0")]
        {
            assert_eq!(wrong.parse::<TaskId>(), Err(IdError::NotAUuid), "{wrong}");
        }
        let fourth = "3f2b8c1e-9d4a-4b7c-8e1f-0a2b3c4d5000";
        assert_eq!(fourth.parse::<TaskId>(), Err(IdError::NotVersion7));
    }

    #[test]
    fn shards_out_of_range_are_refused() {
        assert_eq!(ShardCount::new(0), Err(IdError::NoSuchShard(0)));
        assert_eq!(ShardCount::new(4097), Err(IdError::NoSuchShard(4097)));
        assert_eq!(Shard::new(4096), Err(IdError::NoSuchShard(4096)));
    }
}
