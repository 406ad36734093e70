//! Refuses private addresses: what an admin's URL, a redirect or a name server may not lead to.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use domain::{EngineError, EngineResult};
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::response::shown;

/// Which addresses may be connected to: public ones, and what an admin allowed. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Guard(Arc<Allowed>);

#[derive(Debug)]
struct Allowed {
    hosts: Vec<String>,
    networks: Vec<IpNet>,
    /// The only host that may have a private address at all; `None` for any that is allowed.
    only: Option<String>,
}

impl Guard {
    pub(super) fn new(allow_private: &[String]) -> EngineResult<Self> {
        let (mut hosts, mut networks) = (Vec::new(), Vec::new());
        for entry in allow_private {
            let entry = entry.trim();
            if let Ok(network) = entry.parse::<IpNet>() {
                networks.push(network);
            } else if let Ok(address) = entry.parse::<IpAddr>() {
                networks.push(address.into());
            } else if Host::parse(entry).is_ok() {
                hosts.push(entry.to_lowercase());
            } else {
                return Err(EngineError::give_up(format!(
                    "connectors.http.allow_private: `{entry}` is neither a host nor a network such as 10.1.0.0/16"
                )));
            }
        }
        Ok(Self(Arc::new(Allowed { hosts, networks, only: None })))
    }

    /// The same guard for addresses that a stranger names: public ones, and of what an admin allowed only `host`.
    pub(super) fn narrowed(&self, host: &str) -> Self {
        let Allowed { hosts, networks, .. } = &*self.0;
        let only = Some(host.trim_matches(['[', ']']).to_lowercase());
        Self(Arc::new(Allowed { hosts: hosts.clone(), networks: networks.clone(), only }))
    }

    /// Refuses a URL that is not HTTP or names a forbidden address as a number. Names are checked when they are resolved.
    pub(crate) fn check(&self, url: &Url) -> EngineResult<()> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(EngineError::give_up(format!("open {}: only http and https are read", shown(url))));
        }
        match url.host() {
            Some(Host::Ipv4(address)) => self.admit(&address.to_string(), address.into()),
            Some(Host::Ipv6(address)) => self.admit(&address.to_string(), address.into()),
            Some(Host::Domain(_)) => Ok(()),
            None => Err(EngineError::give_up(format!("open {}: it names no host", shown(url)))),
        }
    }

    /// The addresses of a host that may be connected to.
    ///
    /// # Errors
    /// Final when it has private addresses only, retryable when its name cannot be resolved.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> EngineResult<Vec<SocketAddr>> {
        let found = tokio::net::lookup_host((host, port)).await;
        let found: Vec<SocketAddr> =
            found.map_err(|error| EngineError::retry(format!("find the host {host}: {error}")))?.collect();
        let mut refused = EngineError::retry(format!("find the host {host}: it has no address"));
        let mut admitted = Vec::new();
        for address in found {
            match self.admit(host, address.ip()) {
                Ok(()) => admitted.push(address),
                Err(error) => refused = error,
            }
        }
        if admitted.is_empty() { Err(refused) } else { Ok(admitted) }
    }

    fn admit(&self, host: &str, address: IpAddr) -> EngineResult<()> {
        let is_allowed = self.0.networks.iter().any(|network| network.contains(&address))
            || self.0.hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host));
        let is_ours = self.0.only.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(host));
        if is_public(address) || (is_allowed && is_ours) {
            return Ok(());
        }
        if !is_ours {
            return Err(EngineError::give_up(format!(
                "open {host}: {address} is a private address, and only what is public or on the source's own host is read"
            )));
        }
        Err(EngineError::give_up(format!(
            "open {host}: {address} is a private address; an admin can allow it under connectors.http.allow_private"
        )))
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.resolve(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the open internet (IANA special-purpose registries, RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (18..20).contains(&b));
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4() {
        return is_public_v4(inner);
    }
    let [a, b, ..] = address.segments();
    let [.., high, low] = address.segments();
    let [h1, h2] = high.to_be_bytes();
    let [l1, l2] = low.to_be_bytes();
    match (a, b) {
        // NAT64 and 6to4 carry an IPv4 address.
        (0x64, 0xff9b) => is_public_v4(Ipv4Addr::new(h1, h2, l1, l2)),
        (0x2002, _) => {
            let [_, high, low, ..] = address.segments();
            let ([h1, h2], [l1, l2]) = (high.to_be_bytes(), low.to_be_bytes());
            is_public_v4(Ipv4Addr::new(h1, h2, l1, l2))
        }
        (0x2001, 0) | (0x2001, 0xdb8) => false,
        // Only 2000::/3 is given out.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        let guard = Guard::new(&[]).unwrap();
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://10.0.0.1/",
            "http://169.254.169.254/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[fd00::1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://0.0.0.0/",
            "http://100.64.0.1/",
            "ftp://example.com/",
            "file:///etc/passwd",
        ] {
            assert!(guard.check(&url.parse().unwrap()).is_err(), "{url}");
        }
        assert!(guard.check(&"http://93.184.216.34/".parse().unwrap()).is_ok());
        assert!(guard.check(&"http://[2606:2800:220:1::1]/".parse().unwrap()).is_ok());
    }

    #[tokio::test]
    async fn an_admin_can_allow_a_host_or_a_network() {
        assert!(Guard::new(&[]).unwrap().resolve("localhost", 1).await.is_err_and(|error| !error.retryable));
        assert!(Guard::new(&["localhost".into()]).unwrap().resolve("localhost", 1).await.is_ok());
        let guard = Guard::new(&["127.0.0.0/8".into()]).unwrap();
        assert!(guard.check(&"http://127.0.0.1/".parse().unwrap()).is_ok());
        assert!(guard.check(&"http://10.0.0.1/".parse().unwrap()).is_err());
        assert!(Guard::new(&["not a host/".into()]).is_err());
    }

    #[tokio::test]
    async fn what_is_allowed_counts_for_one_host_where_a_stranger_names_addresses() {
        let guard = Guard::new(&["127.0.0.0/8".into(), "localhost".into()]).unwrap();
        for (host, is_ours) in [("127.0.0.1", true), ("localhost", false), ("127.0.0.2", false)] {
            assert_eq!(guard.narrowed("127.0.0.1").resolve(host, 1).await.is_ok(), is_ours, "{host}");
        }
        assert!(guard.narrowed("wiki.corp").check(&"http://93.184.216.34/".parse().unwrap()).is_ok());
        assert!(Guard::new(&[]).unwrap().narrowed("127.0.0.1").resolve("127.0.0.1", 1).await.is_err());
    }
}
