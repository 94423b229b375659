//! Where a request came from: the connection, or what a proxy says that we trust. Fraud checks look at it; nothing else does.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use aggregator::fraud::{IpClass, Origin};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use domain::ports::velocity::Place;

use crate::Api;

tokio::task_local! {
    /// Of the request that this task answers.
    static ORIGIN: Origin;
}

/// Of the request that this task answers; nothing is known outside of one.
pub(crate) fn current() -> Origin {
    ORIGIN.try_with(|origin| *origin).unwrap_or_default()
}

/// Runs something for a request from there.
pub(crate) async fn within<F: Future>(origin: Origin, work: F) -> F::Output {
    ORIGIN.scope(origin, work).await
}

/// A network of proxies that are trusted: `10.0.0.0/8`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustedProxy {
    network: u128,
    bits: u32,
}

/// Not a network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a network such as 10.0.0.0/8 or fd00::/8")]
pub struct NotANetwork;

/// IPv4 in the place that IPv6 has for it.
fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

impl TrustedProxy {
    fn mask(self) -> u128 {
        u128::MAX.checked_shl(128 - self.bits).unwrap_or(0)
    }

    fn contains(self, address: IpAddr) -> bool {
        (bits_of(address) ^ self.network) & self.mask() == 0
    }
}

impl FromStr for TrustedProxy {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(widest), str::parse).map_err(|_| NotANetwork)?;
        if length > widest {
            return Err(NotANetwork);
        }
        let (network, bits) = (bits_of(address), 128 - widest + length);
        Ok(Self { network, bits })
    }
}

/// Layer: notes where a request came from.
pub(crate) async fn note(State(api): State<Api>, request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    let origin = peer
        .map(|peer| of(peer, request.headers(), &api.proxies))
        .unwrap_or_default();
    within(origin, next.run(request)).await
}

/// The client behind the peer. A header counts only when a trusted proxy wrote it: of `X-Forwarded-For` the last address
/// that is none of our proxies, since everything before it may be the client's invention.
fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[TrustedProxy]) -> Origin {
    let trusted = |address: &IpAddr| proxies.iter().any(|proxy| proxy.contains(*address));
    let peer = peer.to_canonical();
    if !trusted(&peer) {
        return Origin {
            ip: Some(peer),
            ..Origin::default()
        };
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let lines = headers.get_all("x-forwarded-for").iter().rev();
    let hops = lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(','));
    let mut ip = Some(peer);
    for hop in hops {
        // What is no address says nothing, and nothing before it can be believed.
        ip = hop.trim().parse::<IpAddr>().ok().map(|ip| ip.to_canonical());
        if !ip.as_ref().is_some_and(trusted) {
            break;
        }
    }
    Origin {
        ip,
        ip_class: header("x-client-ip-class").and_then(|name| IpClass::parse(&name.to_ascii_uppercase())),
        place: header("x-client-place").and_then(place),
    }
}

/// `52.52,13.405`: degrees north and east, cut to tenths.
fn place(text: &str) -> Option<Place> {
    let (latitude, longitude) = text.split_once(',')?;
    let place = Place {
        latitude: tenths(latitude)?,
        longitude: tenths(longitude)?,
    };
    let fits = place.latitude.abs() <= 900 && place.longitude.abs() <= 1_800;
    fits.then_some(place)
}

fn tenths(text: &str) -> Option<i16> {
    let text = text.trim();
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.len() <= 18 && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || whole.len() > 3 {
        return None;
    }
    let tenths: i16 = format!("{whole}{}", &fraction[..1]).parse().ok()?;
    Some(sign * tenths)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn seen(peer: &str, headers: &[(&'static str, &'static str)]) -> Origin {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let proxies = ["10.0.0.0/8".parse().unwrap(), "fd00::1".parse().unwrap()];
        of(peer.parse().unwrap(), &map, &proxies)
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_stranger_cannot_say_where_it_is() {
        let lies = [
            ("x-forwarded-for", "198.51.100.1"),
            ("x-client-ip-class", "RESIDENTIAL"),
            ("x-client-place", "1,1"),
        ];
        let origin = seen("203.0.113.7", &lies);
        assert_eq!(origin.ip, Some(ip("203.0.113.7")));
        assert_eq!((origin.ip_class, origin.place), (None, None));
        assert_eq!(seen("::ffff:203.0.113.7", &lies).ip, Some(ip("203.0.113.7")));
    }

    #[test]
    fn a_proxy_is_believed_for_the_last_address_that_is_no_proxy() {
        let of = |headers: &[_]| seen("10.1.2.3", headers).ip;
        assert_eq!(of(&[("x-forwarded-for", "198.51.100.1")]), Some(ip("198.51.100.1")));
        assert_eq!(
            of(&[("x-forwarded-for", "1.1.1.1, 198.51.100.1, 10.9.9.9")]),
            Some(ip("198.51.100.1"))
        );
        assert_eq!(
            of(&[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "198.51.100.1")]),
            Some(ip("198.51.100.1"))
        );
        assert_eq!(of(&[("x-forwarded-for", "10.9.9.9")]), Some(ip("10.9.9.9")));
        assert_eq!(
            of(&[("x-forwarded-for", "198.51.100.1, unknown")]),
            None,
            "nothing is guessed"
        );
        assert_eq!(of(&[]), Some(ip("10.1.2.3")));
        assert_eq!(
            seen("fd00::1", &[("x-forwarded-for", "2001:db8::7")]).ip,
            Some(ip("2001:db8::7"))
        );
        assert_eq!(
            seen("fd00::2", &[("x-forwarded-for", "2001:db8::7")]).ip,
            Some(ip("fd00::2"))
        );
    }

    #[test]
    fn a_proxy_tells_class_and_place() {
        let told = |class, place| seen("10.1.2.3", &[("x-client-ip-class", class), ("x-client-place", place)]);
        let origin = told("hosting", "52.52, -13.405");
        assert_eq!(origin.ip_class, Some(IpClass::Hosting));
        let expected = Place {
            latitude: 525,
            longitude: -134,
        };
        assert_eq!(origin.place, Some(expected));
        for wrong in ["", "52", "91,0", "0,181", "1e2,0", "5.,0", "+5,0", "--5,0", "9999,0"] {
            let origin = told("moon", wrong);
            assert_eq!((origin.ip_class, origin.place), (None, None), "{wrong}");
        }
    }

    #[test]
    fn a_network_is_cidr() {
        for wrong in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/", "proxy"] {
            assert_eq!(wrong.parse::<TrustedProxy>(), Err(NotANetwork), "{wrong}");
        }
        let everyone: TrustedProxy = "::/0".parse().unwrap();
        assert!(everyone.contains([1, 2, 3, 4].into()));
        let all_of_four: TrustedProxy = "0.0.0.0/0".parse().unwrap();
        assert!(all_of_four.contains([1, 2, 3, 4].into()) && !all_of_four.contains("2001:db8::1".parse().unwrap()));
    }
}
