use proptest::prelude::*;

use super::*;
use crate::ring::tests::ring;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn cidr(text: &str) -> Cidr {
    text.parse().unwrap()
}

#[test]
fn ranges_hold_what_begins_like_them() {
    let cases = [
        ("10.0.0.0/8", "10.255.1.1", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("0.0.0.0/0", "255.255.255.255", true),
        ("0.0.0.0/0", "::1", false),
        ("192.168.1.7", "192.168.1.7", true),
        ("192.168.1.7", "192.168.1.6", false),
        ("192.168.0.0/16", "::ffff:192.168.3.4", true),
        ("::/0", "fe80::1", true),
        ("2001:db8::/33", "2001:db8:8000::", false),
        ("2001:db8::/33", "2001:db8:7fff::", true),
    ];
    for (range, address, held) in cases {
        assert_eq!(cidr(range).contains(ip(address)), held, "{range} {address}");
    }
    assert_eq!(cidr("::1").to_string(), "::1/128");
}

#[test]
fn ranges_with_slips_are_refused() {
    for wrong in [
        "",
        "10.0.0.1/8",
        "10.0.0.0/33",
        "10.0.0.0/08",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "10.0/8",
        "::/129",
        "::ffff:1.2.3.4",
        "x",
    ] {
        assert!(wrong.parse::<Cidr>().is_err(), "{wrong}");
    }
}

#[test]
fn case_94_forging_the_list_does_not_help() {
    let trusted = [cidr("10.0.0.0/8"), cidr("fd00::/8")];
    let from = |peer: &str, values: &[&str]| forwarded(ip(peer), values, &trusted).to_string();
    // Nobody's proxy: whatever he says of himself.
    assert_eq!(from("203.0.113.9", &["1.1.1.1", "10.0.0.1"]), "203.0.113.9");
    // Our proxy says whom it heard; what stands before that came from him.
    assert_eq!(from("10.0.0.1", &["1.1.1.1, 203.0.113.9"]), "203.0.113.9");
    assert_eq!(from("10.0.0.1", &["1.1.1.1", "2.2.2.2,203.0.113.9 , 10.9.9.9"]), "203.0.113.9");
    // Claiming to be one of our proxies stops at the true address all the same.
    assert_eq!(from("10.0.0.1", &["1.1.1.1, 10.0.0.7, 203.0.113.9"]), "203.0.113.9");
    assert_eq!(from("::ffff:10.0.0.1", &["::ffff:203.0.113.9"]), "203.0.113.9");
    assert_eq!(from("fd00::1", &["[2001:db8::1]:8080"]), "2001:db8::1");
    assert_eq!(from("fd00::1", &["[2001:db8::1]"]), "2001:db8::1");
    assert_eq!(from("10.0.0.1", &["203.0.113.9:4711"]), "203.0.113.9");
    // What is no address ends the list at the last one who is known.
    for rubbish in ["unknown", "", "1.1.1.1,", "1.1.1.1, _x", "1.1.1.1;2.2.2.2"] {
        assert_eq!(from("10.0.0.1", &[rubbish]), "10.0.0.1", "{rubbish}");
    }
    assert_eq!(from("10.0.0.1", &[]), "10.0.0.1");
    assert_eq!(forwarded(ip("10.0.0.1"), &["1.1.1.1"], &[]).to_string(), "10.0.0.1");
}

#[test]
fn addresses_are_counted_by_household() {
    assert_eq!(counted(ip("2001:db8:1:2ff:3:4:5:6")), ip("2001:db8:1:200::"));
    assert_eq!(counted(ip("::ffff:1.2.3.4")), ip("1.2.3.4"));
    let ring = ring(&[1]);
    let of = |text: &str| pseudonym(&ring, ip(text));
    assert_eq!(of("2001:db8:1:200::1"), of("2001:db8:1:2ff::9"));
    assert_ne!(of("2001:db8:1:200::1"), of("2001:db8:1:300::1"));
    assert_eq!(of("1.2.3.4"), of("::ffff:1.2.3.4"));
    assert_eq!(of("1.2.3.4").len(), 22);
}

proptest! {
    #[test]
    fn whoever_is_not_trusted_is_who_he_is(values in proptest::collection::vec("[0-9a-f.:, \\[\\]]{0,40}", 0..4)) {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let trusted = [cidr("10.0.0.0/8")];
        prop_assert_eq!(forwarded(ip("203.0.113.9"), &values, &trusted), ip("203.0.113.9"));
        // Behind a proxy of ours, what it heard is the end of the list.
        let mut heard = values.clone();
        heard.push("198.51.100.7");
        prop_assert_eq!(forwarded(ip("10.0.0.1"), &heard, &trusted), ip("198.51.100.7"));
    }

    #[test]
    fn ranges_come_back(number: u128, bits in 0..=128u8) {
        let range = Cidr { base: IpAddr::V6(Ipv6Addr::from_bits(first(number | 1 << 127, bits.max(1)))), bits: bits.max(1) };
        prop_assert_eq!(cidr(&range.to_string()), range);
        prop_assert!(range.contains(IpAddr::V6(Ipv6Addr::from_bits(number | 1 << 127))));
    }
}
