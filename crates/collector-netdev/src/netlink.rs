//! Devices and addresses, asked of the kernel by netlink; see rtnetlink(7).
//!
//! Of the dozens of attributes that a device has, only the wanted ones are parsed.

use std::io;
use std::net::IpAddr;

use exporter_sdk::{At as _, Result};
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

/// What can be asked for: the type of the request, that of the answers, and the length of the header in both.
#[derive(Clone, Copy)]
struct List {
    request: u16,
    answer: u16,
    header: usize,
}

/// RTM_GETLINK, RTM_NEWLINK, struct ifinfomsg.
const LINKS: List = List { request: 18, answer: 16, header: 16 };
/// RTM_GETADDR, RTM_NEWADDR, struct ifaddrmsg.
const ADDRESSES: List = List { request: 22, answer: 20, header: 8 };

/// Asks the kernel, with memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Netlink {
    buffer: Vec<u8>,
    /// None before the first request, and after one that failed, whose rest may still come.
    socket: Option<Socket>,
}

/// An address of a device.
#[derive(Debug)]
pub(crate) struct Address<'a> {
    pub(crate) device: &'a str,
    pub(crate) ip: IpAddr,
    /// The length of its network's prefix.
    pub(crate) prefix: String,
}

impl Netlink {
    pub(crate) fn links(&mut self) -> Result<Vec<Link>> {
        self.list(LINKS, link_of).at("netlink, devices")
    }

    pub(crate) fn addresses<'a>(&mut self, links: &'a [Link]) -> Result<Vec<Address<'a>>> {
        self.list(ADDRESSES, |answer| address_of(answer, links)).at("netlink, addresses")
    }

    /// Asks for a list, again if it changed meanwhile.
    fn list<T>(&mut self, list: List, parse: impl Fn(&[u8]) -> Option<T>) -> io::Result<Vec<T>> {
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
    parse: impl Fn(&[u8]) -> Option<T>,
) -> io::Result<Option<Vec<T>>> {
    let mut request = [0; 32];
    let mut header = NetlinkBuffer::new(&mut request[..]);
    header.set_length(16 + u32::try_from(list.header).unwrap_or_default());
    header.set_message_type(list.request);
    header.set_flags(NLM_F_DUMP | NLM_F_REQUEST);
    socket.send(&request[..16 + list.header], 0)?;
    let (mut found, mut whole) = (Vec::new(), true);
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
                kind if kind == list.answer => found.extend(parse(message.payload())),
                _ => {}
            }
            // Messages begin at multiples of four bytes.
            let length = usize::try_from(message.length()).unwrap_or(usize::MAX);
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
    }
}

fn link_of(answer: &[u8]) -> Option<Link> {
    let index = answer.get(4..8)?.first_chunk().copied().map(u32::from_ne_bytes)?;
    let mut link = Link { index, ..Link::default() };
    let (mut wide, mut narrow) = (None, None);
    for attribute in NlasIterator::new(answer.get(LINKS.header..)?).flatten() {
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
    Some(link)
}

fn text(value: &[u8]) -> String {
    let value = value.strip_suffix(b"\0").unwrap_or(value);
    String::from_utf8_lossy(value).into_owned()
}

fn address_of<'a>(answer: &[u8], links: &'a [Link]) -> Option<Address<'a>> {
    let prefix = answer.get(1)?.to_string();
    let index = answer.get(4..8)?.first_chunk().copied().map(u32::from_ne_bytes)?;
    let link = links.iter().find(|link| link.index == index)?;
    let (mut local, mut address) = (None, None);
    for attribute in NlasIterator::new(answer.get(ADDRESSES.header..)?).flatten() {
        match attribute.kind() {
            // IFA_ADDRESS, IFA_LOCAL. Of a link between two points, the first is the other end.
            1 => address = ip(attribute.value()),
            2 => local = ip(attribute.value()),
            _ => {}
        }
    }
    Some(Address { device: &link.name, ip: local.or(address)?, prefix })
}

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
}
