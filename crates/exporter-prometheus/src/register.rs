//! The macro that makes a collector of ours of a bridge, so that nobody has to write the impl.

/// Makes a collector of a bridge and [registers](exporter_sdk::register) it, under a name of the author's.
///
/// The expression is evaluated when an exporter starts, and again after a panic, because a collector that panicked is
/// built anew. It may use `?`; an error there means that the exporter does not start.
///
/// ```
/// use exporter_prometheus::{CollectorBridge, register_bridge};
/// use prometheus::IntGauge;
///
/// register_bridge!("queue", {
///     let depth = IntGauge::new("queue_depth", "Messages that wait.")?;
///     depth.set(3);
///     CollectorBridge::new(depth)
/// });
/// ```
#[macro_export]
macro_rules! register_bridge {
    ($name:expr, $bridge:expr $(,)?) => {
        const _: () = {
            use $crate::__private::exporter_sdk as sdk;

            struct Bridged(Box<dyn sdk::Run>);

            impl sdk::Collector for Bridged {
                const NAME: &'static str = $name;
                const UNCHECKED: bool = true;
                type Config = sdk::NoConfig;

                fn new(_: &sdk::NoConfig, _: &sdk::Context) -> sdk::Result<Self> {
                    Ok(Self(Box::new($bridge)))
                }

                fn collect(&mut self, scrape: &mut sdk::Scrape<'_>) -> sdk::Result {
                    self.0.run(scrape)
                }
            }

            $crate::__private::exporter_sdk::register!(Bridged);
        };
    };
}
