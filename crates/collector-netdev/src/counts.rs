//! What is counted of a device, under the kernel's names and under those of /proc/net/dev.

/// One device.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    pub(crate) index: u32,
    pub(crate) name: String,
    pub(crate) alias: String,
    /// Nothing, of a device that counts nothing.
    pub(crate) counts: Option<Counts>,
    /// Which counters could not be read, where there are such: 1 for each of them, and 0 for each other.
    pub(crate) unread: Option<Box<Counts>>,
}

impl Link {
    /// What a metric counts of this device. `None` where the source does not tell, or one of the counters that are added
    /// for it could not be read.
    pub(crate) fn count(&self, count: Count) -> Option<u64> {
        let unread = self.unread.as_deref().and_then(count);
        self.counts.as_ref().and_then(count).filter(|_| unread.is_none_or(|unread| unread == 0))
    }
}

/// The kernel's counters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) stats: Stats,
    /// Whether they come from /proc/net/dev, where some are sums and others are not there.
    pub(crate) from_proc: bool,
}

/// The counters of struct rtnl_link_stats64, in its order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stats {
    pub(crate) rx_packets: u64,
    pub(crate) tx_packets: u64,
    pub(crate) rx_bytes: u64,
    pub(crate) tx_bytes: u64,
    pub(crate) rx_errors: u64,
    pub(crate) tx_errors: u64,
    pub(crate) rx_dropped: u64,
    pub(crate) tx_dropped: u64,
    pub(crate) multicast: u64,
    pub(crate) collisions: u64,
    pub(crate) rx_length_errors: u64,
    pub(crate) rx_over_errors: u64,
    pub(crate) rx_crc_errors: u64,
    pub(crate) rx_frame_errors: u64,
    pub(crate) rx_fifo_errors: u64,
    pub(crate) rx_missed_errors: u64,
    pub(crate) tx_aborted_errors: u64,
    pub(crate) tx_carrier_errors: u64,
    pub(crate) tx_fifo_errors: u64,
    pub(crate) tx_heartbeat_errors: u64,
    pub(crate) tx_window_errors: u64,
    pub(crate) rx_compressed: u64,
    pub(crate) tx_compressed: u64,
    pub(crate) rx_nohandler: u64,
}

impl Stats {
    /// Reads the kernel's.
    pub(crate) fn of_kernel(bytes: &[u8]) -> Self {
        let (counters, _) = bytes.as_chunks();
        Self::of_counters(counters.iter().copied().map(u64::from_ne_bytes))
    }

    /// Reads those of struct rtnl_link_stats, which are the same with half the bits.
    pub(crate) fn of_kernel_32(bytes: &[u8]) -> Self {
        let (counters, _) = bytes.as_chunks();
        Self::of_counters(counters.iter().copied().map(u32::from_ne_bytes).map(u64::from))
    }

    /// An old kernel has fewer of them, a new one more.
    fn of_counters(mut counters: impl Iterator<Item = u64>) -> Self {
        let mut stats = Self::default();
        for counter in [
            &mut stats.rx_packets,
            &mut stats.tx_packets,
            &mut stats.rx_bytes,
            &mut stats.tx_bytes,
            &mut stats.rx_errors,
            &mut stats.tx_errors,
            &mut stats.rx_dropped,
            &mut stats.tx_dropped,
            &mut stats.multicast,
            &mut stats.collisions,
            &mut stats.rx_length_errors,
            &mut stats.rx_over_errors,
            &mut stats.rx_crc_errors,
            &mut stats.rx_frame_errors,
            &mut stats.rx_fifo_errors,
            &mut stats.rx_missed_errors,
            &mut stats.tx_aborted_errors,
            &mut stats.tx_carrier_errors,
            &mut stats.tx_fifo_errors,
            &mut stats.tx_heartbeat_errors,
            &mut stats.tx_window_errors,
            &mut stats.rx_compressed,
            &mut stats.tx_compressed,
            &mut stats.rx_nohandler,
        ] {
            *counter = counters.next().unwrap_or_default();
        }
        stats
    }
}

/// A counter, or a sum of several. `None` where the source does not tell.
pub(crate) type Count = fn(&Counts) -> Option<u64>;

/// As /proc/net/dev has them, which adds up what the kernel keeps apart.
pub(crate) const LEGACY: [(&str, &str, Count); 17] = [
    ("node_network_receive_bytes_total", "Bytes that the device received.", |c| {
        Some(c.stats.rx_bytes)
    }),
    ("node_network_receive_packets_total", "Packets that the device received.", |c| {
        Some(c.stats.rx_packets)
    }),
    ("node_network_receive_errs_total", "Bad packets that the device received.", |c| {
        Some(c.stats.rx_errors)
    }),
    (
        "node_network_receive_drop_total",
        "Packets received and dropped, for want of room or missed by the device.",
        |c| Some(sum(&[c.stats.rx_dropped, c.stats.rx_missed_errors])),
    ),
    ("node_network_receive_fifo_total", "Overruns of the receiver's queue.", |c| {
        Some(c.stats.rx_fifo_errors)
    }),
    (
        "node_network_receive_frame_total",
        "Packets received with a wrong length, alignment or checksum.",
        |c| {
            let s = &c.stats;
            let errors = [s.rx_frame_errors, s.rx_length_errors, s.rx_over_errors, s.rx_crc_errors];
            Some(sum(&errors))
        },
    ),
    ("node_network_receive_compressed_total", "Compressed packets received.", |c| {
        Some(c.stats.rx_compressed)
    }),
    ("node_network_receive_multicast_total", "Multicast packets received.", |c| {
        Some(c.stats.multicast)
    }),
    (
        "node_network_receive_nohandler_total",
        "Packets received and dropped because nobody wanted them.",
        |c| (!c.from_proc).then_some(c.stats.rx_nohandler),
    ),
    ("node_network_transmit_bytes_total", "Bytes that the device sent.", |c| {
        Some(c.stats.tx_bytes)
    }),
    ("node_network_transmit_packets_total", "Packets that the device sent.", |c| {
        Some(c.stats.tx_packets)
    }),
    ("node_network_transmit_errs_total", "Packets that could not be sent.", |c| {
        Some(c.stats.tx_errors)
    }),
    ("node_network_transmit_drop_total", "Packets dropped on their way out.", |c| {
        Some(c.stats.tx_dropped)
    }),
    ("node_network_transmit_fifo_total", "Overruns of the sender's queue.", |c| {
        Some(c.stats.tx_fifo_errors)
    }),
    ("node_network_transmit_colls_total", "Collisions.", |c| Some(c.stats.collisions)),
    (
        "node_network_transmit_carrier_total",
        "Packets not sent for want of a carrier, or aborted, or out of their window, or without a heartbeat.",
        |c| {
            let s = &c.stats;
            let late = [s.tx_heartbeat_errors, s.tx_window_errors];
            Some(sum(&[s.tx_carrier_errors, s.tx_aborted_errors, sum(&late)]))
        },
    ),
    ("node_network_transmit_compressed_total", "Compressed packets sent.", |c| {
        Some(c.stats.tx_compressed)
    }),
];

/// As the kernel has them, see rtnl_link_stats64 in its if_link.h.
pub(crate) const DETAILED: [(&str, &str, Count); 24] = [
    ("node_network_receive_bytes_total", "Bytes that the device received.", |c| {
        Some(c.stats.rx_bytes)
    }),
    ("node_network_receive_packets_total", "Packets that the device received.", |c| {
        Some(c.stats.rx_packets)
    }),
    ("node_network_receive_errors_total", "Bad packets that the device received.", |c| {
        Some(c.stats.rx_errors)
    }),
    ("node_network_receive_dropped_total", "Packets received and dropped.", |c| {
        Some(c.stats.rx_dropped)
    }),
    ("node_network_receive_missed_errors_total", "Packets that the device missed.", |c| {
        Some(c.stats.rx_missed_errors)
    }),
    ("node_network_receive_fifo_errors_total", "Overruns of the receiver's queue.", |c| {
        Some(c.stats.rx_fifo_errors)
    }),
    ("node_network_receive_frame_errors_total", "Packets with a wrong alignment.", |c| {
        Some(c.stats.rx_frame_errors)
    }),
    ("node_network_receive_length_errors_total", "Packets with a wrong length.", |c| {
        Some(c.stats.rx_length_errors)
    }),
    ("node_network_receive_over_errors_total", "Overflows of the receiver's ring.", |c| {
        Some(c.stats.rx_over_errors)
    }),
    ("node_network_receive_crc_errors_total", "Packets with a wrong checksum.", |c| {
        Some(c.stats.rx_crc_errors)
    }),
    ("node_network_receive_compressed_total", "Compressed packets received.", |c| {
        Some(c.stats.rx_compressed)
    }),
    (
        "node_network_receive_nohandler_total",
        "Packets received and dropped because nobody wanted them.",
        |c| Some(c.stats.rx_nohandler),
    ),
    ("node_network_multicast_total", "Multicast packets received.", |c| Some(c.stats.multicast)),
    ("node_network_collisions_total", "Collisions.", |c| Some(c.stats.collisions)),
    ("node_network_transmit_bytes_total", "Bytes that the device sent.", |c| {
        Some(c.stats.tx_bytes)
    }),
    ("node_network_transmit_packets_total", "Packets that the device sent.", |c| {
        Some(c.stats.tx_packets)
    }),
    ("node_network_transmit_errors_total", "Packets that could not be sent.", |c| {
        Some(c.stats.tx_errors)
    }),
    ("node_network_transmit_dropped_total", "Packets dropped on their way out.", |c| {
        Some(c.stats.tx_dropped)
    }),
    ("node_network_transmit_aborted_errors_total", "Packets aborted.", |c| {
        Some(c.stats.tx_aborted_errors)
    }),
    ("node_network_transmit_carrier_errors_total", "Packets without a carrier.", |c| {
        Some(c.stats.tx_carrier_errors)
    }),
    ("node_network_transmit_fifo_errors_total", "Overruns of the sender's queue.", |c| {
        Some(c.stats.tx_fifo_errors)
    }),
    ("node_network_transmit_heartbeat_errors_total", "Packets without a heartbeat.", |c| {
        Some(c.stats.tx_heartbeat_errors)
    }),
    ("node_network_transmit_window_errors_total", "Packets out of their window.", |c| {
        Some(c.stats.tx_window_errors)
    }),
    ("node_network_transmit_compressed_total", "Compressed packets sent.", |c| {
        Some(c.stats.tx_compressed)
    }),
];

/// What has another name where the counters of /proc/net/dev are exposed one by one, without netlink.
pub(crate) const DETAILED_OF_PROC: [(&str, &str); 4] = [
    ("node_network_receive_errs_total", "node_network_receive_errors_total"),
    ("node_network_receive_drop_total", "node_network_receive_dropped_total"),
    ("node_network_transmit_errs_total", "node_network_transmit_errors_total"),
    ("node_network_transmit_drop_total", "node_network_transmit_dropped_total"),
];

/// As the kernel adds: a sum that is too large begins again at zero.
fn sum(counts: &[u64]) -> u64 {
    counts.iter().copied().fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_either_width_are_read_in_their_order() {
        let wide: Vec<u8> = (1..=24_u64).flat_map(u64::to_ne_bytes).collect();
        let narrow: Vec<u8> = (1..=24_u32).flat_map(u32::to_ne_bytes).collect();
        for stats in [Stats::of_kernel(&wide), Stats::of_kernel_32(&narrow)] {
            assert_eq!((stats.rx_packets, stats.tx_bytes, stats.rx_nohandler), (1, 4, 24));
        }
        // A kernel of before rx_nohandler.
        assert_eq!(Stats::of_kernel_32(&narrow[..92]).rx_nohandler, 0);
    }
}
