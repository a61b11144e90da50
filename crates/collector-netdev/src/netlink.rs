//! Devices and addresses, asked of the kernel by netlink; see rtnetlink(7).

use std::io;
use std::net::IpAddr;

use exporter_sdk::{At as _, Result};
use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_DUMP_INTR, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use crate::counts::{Counts, Link};

/// The kernel fills as much at once, where there is so much room.
const BUFFER: usize = 64 * 1024;

/// How often a list is asked for that changed while it was read.
const ATTEMPTS: u32 = 4;

/// Asks the kernel, with memory that is used again.
#[derive(Debug, Default)]
pub(crate) struct Netlink {
    buffer: Vec<u8>,
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
        let mut links = Vec::new();
        let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
        self.dump(&request, &mut |message, begin| {
            if begin {
                links.clear();
            }
            if let Some(RouteNetlinkMessage::NewLink(link)) = message {
                links.push(link_of(link));
            }
        })
        .at("netlink, devices")?;
        Ok(links)
    }

    pub(crate) fn addresses<'a>(&mut self, links: &'a [Link]) -> Result<Vec<Address<'a>>> {
        let mut addresses = Vec::new();
        let request = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        self.dump(&request, &mut |message, begin| {
            if begin {
                addresses.clear();
            }
            if let Some(RouteNetlinkMessage::NewAddress(message)) = message {
                addresses.extend(address_of(&message, links));
            }
        })
        .at("netlink, addresses")?;
        Ok(addresses)
    }

    /// Asks for a list, again if it changed meanwhile. `each` is told of every beginning.
    fn dump(
        &mut self,
        request: &RouteNetlinkMessage,
        each: &mut dyn FnMut(Option<RouteNetlinkMessage>, bool),
    ) -> io::Result<()> {
        self.buffer.resize(BUFFER, 0);
        for _ in 0..ATTEMPTS {
            each(None, true);
            if self.dump_once(request.clone(), each)? {
                return Ok(());
            }
        }
        Err(io::Error::other("the list changed whenever it was read"))
    }

    /// Whether the list is one of a single moment.
    fn dump_once(
        &mut self,
        request: RouteNetlinkMessage,
        each: &mut dyn FnMut(Option<RouteNetlinkMessage>, bool),
    ) -> io::Result<bool> {
        let socket = Socket::new(NETLINK_ROUTE)?;
        socket.connect(&SocketAddr::new(0, 0))?;
        let payload = NetlinkPayload::from(request);
        let mut message = NetlinkMessage::new(NetlinkHeader::default(), payload);
        message.header.flags = NLM_F_DUMP | NLM_F_REQUEST;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        socket.send(&bytes, 0)?;
        let mut whole = true;
        loop {
            let length = socket.recv(&mut &mut self.buffer[..], 0)?;
            let mut rest = &self.buffer[..length];
            while !rest.is_empty() {
                let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(rest)
                    .map_err(io::Error::other)?;
                whole &= message.header.flags & NLM_F_DUMP_INTR == 0;
                // Messages begin at multiples of four bytes.
                let length = usize::try_from(message.header.length).unwrap_or(usize::MAX);
                rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
                match message.payload {
                    NetlinkPayload::Done(_) => return Ok(whole),
                    NetlinkPayload::Error(error) => return Err(error.to_io()),
                    NetlinkPayload::InnerMessage(inner) => each(Some(inner), false),
                    _ => {}
                }
            }
        }
    }
}

fn link_of(message: LinkMessage) -> Link {
    let mut link = Link { index: message.header.index, ..Link::default() };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::IfAlias(alias) => link.alias = alias,
            LinkAttribute::Stats64(stats) => link.counts = Counts { stats, from_proc: false },
            _ => {}
        }
    }
    link
}

fn address_of<'a>(message: &AddressMessage, links: &'a [Link]) -> Option<Address<'a>> {
    let link = links.iter().find(|link| link.index == message.header.index)?;
    // Of a link between two points, `Address` is the other end.
    let attributes = &message.attributes;
    let local = attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(address) => Some(*address),
        _ => None,
    });
    let address = local.or_else(|| {
        attributes.iter().find_map(|attribute| match attribute {
            AddressAttribute::Address(address) => Some(*address),
            _ => None,
        })
    })?;
    Some(Address { device: &link.name, ip: address, prefix: message.header.prefix_len.to_string() })
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
