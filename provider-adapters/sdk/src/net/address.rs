//! Which addresses may be dialled.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::NetworkPolicy;

type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<SocketAddr>>> + Send>>;

/// Asks the system for the addresses of a name.
pub(super) type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// The system's resolver.
pub(super) fn system() -> Lookup {
    Arc::new(|name| Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) }))
}

/// Resolves names and keeps only the addresses that may be dialled. The connection is made to what this returns and to nothing else:
/// a name that changes its address between a check and the connection gains nothing.
pub(super) struct CheckedDns {
    pub(super) policy: NetworkPolicy,
    pub(super) lookup: Lookup,
}

impl Resolve for CheckedDns {
    fn resolve(&self, name: Name) -> Resolving {
        let (policy, found) = (self.policy, (self.lookup)(name.as_str().to_owned()));
        Box::pin(async move {
            let mut allowed = found.await?;
            allowed.retain(|address| may_dial(address.ip(), policy));
            if allowed.is_empty() {
                return Err("no public address".into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

pub(super) fn may_dial(ip: IpAddr, policy: NetworkPolicy) -> bool {
    is_public(ip) || (policy == NetworkPolicy::AllowLoopback && is_loopback(ip))
}

pub(super) fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

/// True for globally routed unicast addresses. The exceptions are those of the IANA special-purpose registries.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = a == 0
        || a >= 224
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Only 2000::/3 is global unicast; of it Teredo, 6to4 (both carry a v4 address) and documentation are out.
    let special = (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || a == 0x2002 || a == 0x3fff;
    (0x2000..0x4000).contains(&a) && !special
}
