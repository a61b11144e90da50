//! Devices and addresses, asked of the kernel by netlink; see rtnetlink(7).
//!
//! Of the dozens of attributes that a device has, only the wanted ones are parsed.

use std::io;
use std::net::IpAddr;

use exporter_sdk::Scrape;
use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NLMSG_DONE, NLMSG_ERROR, NetlinkBuffer,
    NlasIterator,
};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use crate::counts::{Counts, Link, Stats};

/// The kernel fills as much at once, where there is so much room.
const BUFFER: usize = 64 * 1024;

/// How often a list is asked for that changed while it was read.
const ATTEMPTS: u32 = 4;

/// What can be asked for: its name, the type of the request, that of the answers, and the length of the header in both.
#[derive(Clone, Copy)]
struct List {
    name: &'static str,
    request: u16,
    answer: u16,
    header: usize,
}

/// RTM_GETLINK, RTM_NEWLINK, struct ifinfomsg.
const LINKS: List = List { name: "devices", request: 18, answer: 16, header: 16 };
/// RTM_GETADDR, RTM_NEWADDR, struct ifaddrmsg.
const ADDRESSES: List = List { name: "addresses", request: 22, answer: 20, header: 8 };

/// Asks the kernel, with memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Netlink {
    buffer: Vec<u8>,
    /// None before the first request, and after one that failed, whose rest may still come.
    socket: Option<Socket>,
}

// What can be wrong with an answer.
const CUT_OFF_HEADER: &str = "found the beginning of a header, expected the whole header";
const CUT_OFF: &str = "found the beginning of an attribute, expected the whole attribute";
const NO_NAME: &str = "found no name of the device, expected an attribute IFLA_IFNAME";
const NO_ADDRESS: &str =
    "found no address of 4 or 16 bytes, expected one in IFA_LOCAL or IFA_ADDRESS";

/// An address of a device.
#[derive(Debug, PartialEq)]
pub(crate) struct Address<'a> {
    pub(crate) device: &'a str,
    pub(crate) ip: IpAddr,
    /// The length of its network's prefix.
    pub(crate) prefix: String,
}

/// What the answers to one request have.
struct Found<T> {
    all: Vec<T>,
    /// The answers that are not understood, by their number from 1, and what is wrong with them.
    broken: Vec<(usize, &'static str)>,
}

/// What one answer has: nothing, where it is about something else than what was asked for; or what is wrong with it.
type Parsed<T> = Result<Option<T>, &'static str>;

impl Netlink {
    /// The devices. An answer that is not understood is omitted, or all of them where there is no list.
    pub(crate) fn links(&mut self, scrape: &mut Scrape) -> Vec<Link> {
        self.list(LINKS, scrape, |answer| link_of(answer).map(Some))
    }

    /// The addresses of these devices, under the same rule.
    pub(crate) fn addresses<'a>(
        &mut self,
        links: &'a [Link],
        scrape: &mut Scrape,
    ) -> Vec<Address<'a>> {
        self.list(ADDRESSES, scrape, |answer| address_of(answer, links))
    }

    fn list<T>(
        &mut self,
        list: List,
        scrape: &mut Scrape,
        parse: impl Fn(&[u8]) -> Parsed<T>,
    ) -> Vec<T> {
        match self.try_list(list, parse) {
            Ok(Found { all, broken }) => {
                for (number, why) in broken {
                    scrape.omit(format_args!("netlink, {}, answer {number}", list.name), why);
                }
                all
            }
            Err(error) => {
                scrape.omit(format_args!("netlink, {}", list.name), error);
                Vec::new()
            }
        }
    }

    /// Asks for a list, again if it changed meanwhile.
    fn try_list<T>(
        &mut self,
        list: List,
        parse: impl Fn(&[u8]) -> Parsed<T>,
    ) -> io::Result<Found<T>> {
        self.buffer.resize(BUFFER, 0);
        for _ in 0..ATTEMPTS {
            let socket = match self.socket.take() {
                Some(socket) => socket,
                None => connected()?,
            };
            let found = ask(&socket, &mut self.buffer, list, &parse)?;
            self.socket = Some(socket);
            if let Some(found) = found {
                return Ok(found);
            }
        }
        Err(io::Error::other("the list changed whenever it was read"))
    }
}

fn connected() -> io::Result<Socket> {
    let socket = Socket::new(NETLINK_ROUTE)?;
    socket.connect(&SocketAddr::new(0, 0))?;
    Ok(socket)
}

/// Asks once. Nothing, where the list is not one of a single moment.
fn ask<T>(
    socket: &Socket,
    buffer: &mut [u8],
    list: List,
    parse: impl Fn(&[u8]) -> Parsed<T>,
) -> io::Result<Option<Found<T>>> {
    let mut request = [0; 32];
    let mut header = NetlinkBuffer::new(&mut request[..]);
    header.set_length(16 + u32::try_from(list.header).unwrap_or_default());
    header.set_message_type(list.request);
    header.set_flags(NLM_F_DUMP | NLM_F_REQUEST);
    socket.send(&request[..16 + list.header], 0)?;
    let mut found = Found { all: Vec::new(), broken: Vec::new() };
    let (mut number, mut whole) = (0, true);
    loop {
        let length = socket.recv(&mut &mut buffer[..], 0)?;
        let mut rest = &buffer[..length];
        while !rest.is_empty() {
            let message = NetlinkBuffer::new_checked(rest).map_err(io::Error::other)?;
            whole &= message.flags() & NLM_F_DUMP_INTR == 0;
            match message.message_type() {
                NLMSG_DONE => return Ok(whole.then_some(found)),
                NLMSG_ERROR => {
                    let code =
                        message.payload().first_chunk().copied().map_or(0, i32::from_ne_bytes);
                    return Err(io::Error::from_raw_os_error(-code));
                }
                kind if kind == list.answer => {
                    number += 1;
                    match parse(message.payload()) {
                        Ok(item) => found.all.extend(item),
                        Err(why) => found.broken.push((number, why)),
                    }
                }
                _ => {}
            }
            // Messages begin at multiples of four bytes.
            let length = usize::try_from(message.length()).unwrap_or(usize::MAX);
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

fn link_of(answer: &[u8]) -> Result<Link, &'static str> {
    let (index, attributes) = split(answer, LINKS)?;
    let mut link = Link { index, ..Link::default() };
    let (mut wide, mut narrow) = (None, None);
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|_| CUT_OFF)?;
        let value = attribute.value();
        match attribute.kind() {
            // IFLA_IFNAME, IFLA_STATS, IFLA_IFALIAS, IFLA_STATS64.
            3 => link.name = text(value),
            7 => narrow = Some(Stats::of_kernel_32(value)),
            20 => link.alias = text(value),
            23 => wide = Some(Stats::of_kernel(value)),
            _ => {}
        }
    }
    // Old kernels, and sandboxes, have the one with 32 bits only.
    link.counts = wide.or(narrow).map(|stats| Counts { stats, from_proc: false });
    if link.name.is_empty() {
        return Err(NO_NAME);
    }
    Ok(link)
}

/// The index of the device, which stands at the same place in both headers, and what is behind the header.
fn split(answer: &[u8], list: List) -> Result<(u32, &[u8]), &'static str> {
    let (header, attributes) = answer.split_at_checked(list.header).ok_or(CUT_OFF_HEADER)?;
    Ok((header[4..].first_chunk().copied().map_or(0, u32::from_ne_bytes), attributes))
}

fn text(value: &[u8]) -> String {
    let value = value.strip_suffix(b"\0").unwrap_or(value);
    String::from_utf8_lossy(value).into_owned()
}

fn address_of<'a>(answer: &[u8], links: &'a [Link]) -> Parsed<Address<'a>> {
    let (index, attributes) = split(answer, ADDRESSES)?;
    // A device can come, or go, between the two lists.
    let link = links.iter().find(|link| link.index == index);
    let (Some(link), true) = (link, FAMILIES.contains(&answer[0])) else { return Ok(None) };
    let prefix = answer[1].to_string();
    let (mut local, mut address) = (None, None);
    for attribute in NlasIterator::new(attributes) {
        let attribute = attribute.map_err(|_| CUT_OFF)?;
        match attribute.kind() {
            // IFA_ADDRESS, IFA_LOCAL. Of a link between two points, the first is the other end.
            1 => address = ip(attribute.value()),
            2 => local = ip(attribute.value()),
            _ => {}
        }
    }
    let ip = local.or(address).ok_or(NO_ADDRESS)?;
    Ok(Some(Address { device: &link.name, ip, prefix }))
}

/// AF_INET and AF_INET6. Others have addresses of other kinds.
const FAMILIES: [u8; 2] = [2, 10];

fn ip(value: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from)).ok()
}

impl Address<'_> {
    /// How far the address reaches, in node_exporter's words.
    pub(crate) fn scope(&self) -> &'static str {
        let link_local = match self.ip {
            IpAddr::V4(address) => address.is_link_local(),
            IpAddr::V6(address) => address.is_unicast_link_local(),
        };
        if self.ip.is_loopback() || link_local {
            "link-local"
        } else if self.ip.is_unspecified() || self.ip.is_multicast() {
            ""
        } else {
            "global"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer about the device 7, with these attributes.
    fn answer(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut answer = vec![0; LINKS.header];
        answer[4] = 7;
        for (kind, value) in attributes {
            let length = u16::try_from(value.len() + 4).unwrap();
            answer.extend([length.to_ne_bytes(), kind.to_ne_bytes()].concat());
            answer.extend_from_slice(value);
            answer.resize(answer.len().next_multiple_of(4), 0);
        }
        answer
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn counters_of_32_bits_are_taken_where_there_are_no_others() {
        let (wide, narrow) = (64_u64.to_ne_bytes(), 32_u32.to_ne_bytes());
        let packets = |attributes: &[(u16, &[u8])]| {
            let link = link_of(&answer(attributes)).unwrap();
            assert_eq!((link.index, link.name.as_str()), (7, "eth0"));
            link.counts.map(|counts| counts.stats.rx_packets)
        };
        let name: (u16, &[u8]) = (3, b"eth0\0");
        assert_eq!(packets(&[name, (7, &narrow), (23, &wide)]), Some(64));
        assert_eq!(packets(&[name, (23, &wide), (7, &narrow)]), Some(64));
        assert_eq!(packets(&[name, (7, &narrow)]), Some(32));
        assert_eq!(packets(&[name]), None);
    }

    #[test]
    fn an_answer_that_is_not_understood_says_what_is_wrong() {
        let why = |answer: &[u8]| link_of(answer).unwrap_err();
        assert_eq!(why(&[0; 15]), CUT_OFF_HEADER);
        assert_eq!(why(&answer(&[(20, b"alias\0")])), NO_NAME);
        let mut cut = answer(&[(3, b"eth0\0"), (20, b"an alias\0")]);
        cut.truncate(cut.len() - 4);
        assert_eq!(why(&cut), CUT_OFF);
    }

    #[test]
    fn addresses_of_other_kinds_are_skipped_and_broken_ones_are_not() {
        let links = [Link { index: 7, name: "eth0".to_owned(), ..Link::default() }];
        let parse = |family: u8, device: u8, attributes: &[(u16, &[u8])]| {
            let mut answer = answer(attributes);
            answer.drain(..LINKS.header - ADDRESSES.header);
            answer[..8].copy_from_slice(&[family, 24, 0, 0, device, 0, 0, 0]);
            let address = address_of(&answer, &links);
            address.map(|address| address.map(|it| (it.device, it.prefix, it.ip.to_string())))
        };
        let found = ("eth0", "24".to_owned(), "10.0.0.1".to_owned());
        assert_eq!(parse(2, 7, &[(2, &[10, 0, 0, 1])]), Ok(Some(found)));
        assert_eq!(parse(2, 8, &[(2, &[10, 0, 0, 1])]), Ok(None));
        // AF_PHONET, whose addresses have one byte.
        assert_eq!(parse(35, 7, &[(2, &[1])]), Ok(None));
        assert_eq!(parse(10, 7, &[(1, &[1, 2, 3])]), Err(NO_ADDRESS));
        assert_eq!(address_of(&[2; 7], &links).unwrap_err(), CUT_OFF_HEADER);
    }
}
