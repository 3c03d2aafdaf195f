//! Whom to believe what it says of others.

use std::net::IpAddr;

use ipnet::IpNet;

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies {
    /// Their addresses.
    pub networks: Vec<IpNet>,
    /// Whether clients of Unix domain sockets are proxies.
    pub unix: bool,
}

impl TrustedProxies {
    /// Whether a client is one of them; None for a client without an address.
    pub(crate) fn trusts(&self, client: Option<IpAddr>) -> bool {
        client.map_or(self.unix, |ip| {
            let ip = ip.to_canonical();
            self.networks.iter().any(|network| network.contains(&ip))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::TrustedProxies;

    #[test]
    fn trust_is_by_network_whichever_way_the_address_is_written() {
        let networks = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        let proxies = TrustedProxies { networks, unix: false };
        for (ip, expected) in
            [("10.1.2.3", true), ("11.1.2.3", false), ("::ffff:10.1.2.3", true), ("fd00::1", true), ("::1", false)]
        {
            assert_eq!(proxies.trusts(Some(ip.parse().unwrap())), expected, "{ip}");
        }
        assert_eq!(
            (TrustedProxies { unix: true, ..proxies.clone() }.trusts(None), proxies.trusts(None)),
            (true, false)
        );
    }
}
