//! Where a request comes from, and how much of that is kept.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use aws_lc_rs::hmac;

use crate::ring::Ring;
use crate::text;

/// What stands for an address in keys of Redis: 22 characters that nobody can undo without the ring.
pub fn pseudonym(ring: &Ring, address: IpAddr) -> String {
    let counted = counted(address).to_string();
    text::encode(&hmac::sign(ring.address_key(), counted.as_bytes()).as_ref()[..16])
}

/// The address under which attempts are counted: of IPv6 its /56, because that is what one household gets.
pub fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(four) => IpAddr::V4(four),
        IpAddr::V6(six) => IpAddr::V6(Ipv6Addr::from_bits(six.to_bits() >> 72 << 72)),
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read {0:?} as a range of addresses: it is like 10.0.0.0/8, with no bits behind the first 8")]
pub struct CidrError(String);

/// A range of addresses. An address alone is a range of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cidr {
    base: IpAddr,
    bits: u8,
}

impl Cidr {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                first(u128::from(base.to_bits()) << 96, self.bits)
                    == first(u128::from(address.to_bits()) << 96, self.bits)
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                first(base.to_bits(), self.bits) == first(address.to_bits(), self.bits)
            }
            _ => false,
        }
    }
}

/// The first bits of a number, the rest being 0.
fn first(number: u128, bits: u8) -> u128 {
    number & u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Cidr, CidrError> {
        let wrong = || CidrError(text.to_owned());
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let base: IpAddr = address.parse().map_err(|_| wrong())?;
        let (number, most) = match base {
            IpAddr::V4(four) => (u128::from(four.to_bits()) << 96, 32),
            IpAddr::V6(six) => (six.to_bits(), 128),
        };
        let bits = match bits {
            None => most,
            Some(bits) => {
                bits.parse::<u8>().ok().filter(|read| read.to_string() == bits).ok_or_else(wrong)?
            }
        };
        // Bits behind the range are a slip: 10.0.0.1/8 was meant to be something else.
        let good = bits <= most && first(number, bits) == number && base == base.to_canonical();
        good.then_some(Cidr { base, bits }).ok_or_else(wrong)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.base, self.bits)
    }
}

/// Who really asks, where proxies of ours stand before us.
///
/// Each proxy writes whom it heard behind what was there already. So the list is read from its end, and only for as
/// long as the one who wrote is trusted: whatever a caller puts in front himself is never reached.
pub fn forwarded(peer: IpAddr, values: &[&str], trusted: &[Cidr]) -> IpAddr {
    let trusts = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut asking = peer.to_canonical();
    for written in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        if !trusts(asking) {
            break;
        }
        match address(written.trim_matches([' ', '\t'])) {
            Some(heard) => asking = heard.to_canonical(),
            None => break,
        }
    }
    asking
}

/// An address as proxies write it: bare, in brackets, or with a port.
fn address(written: &str) -> Option<IpAddr> {
    let bare = written.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(written);
    bare.parse().ok().or_else(|| written.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

#[cfg(test)]
#[path = "address_tests.rs"]
mod tests;
