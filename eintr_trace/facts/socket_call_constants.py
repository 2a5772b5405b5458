"""Names of the levels, options and protocols of socket calls (x86_64).

Values are those of the kernel's headers, named above each table; the spelling is that of
strace 6.1 (its src/xlat).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

# include/uapi/linux/in.h
PROTOCOLS: Final = MappingProxyType(
    {
        0: "IPPROTO_IP",
        1: "IPPROTO_ICMP",
        6: "IPPROTO_TCP",
        17: "IPPROTO_UDP",
        41: "IPPROTO_IPV6",
        58: "IPPROTO_ICMPV6",
        132: "IPPROTO_SCTP",
        136: "IPPROTO_UDPLITE",
        255: "IPPROTO_RAW",
        262: "IPPROTO_MPTCP",
    }
)
# include/uapi/linux/netlink.h
NETLINK_PROTOCOLS: Final = MappingProxyType(
    {0: "NETLINK_ROUTE", 4: "NETLINK_SOCK_DIAG", 9: "NETLINK_AUDIT", 15: "NETLINK_KOBJECT_UEVENT"}
)

# include/linux/socket.h, include/uapi/asm-generic/socket.h
SOL_SOCKET: Final = 1
LEVELS: Final = MappingProxyType(
    {0: "SOL_IP", SOL_SOCKET: "SOL_SOCKET", 6: "SOL_TCP", 17: "SOL_UDP", 41: "SOL_IPV6"}
    | {263: "SOL_PACKET", 270: "SOL_NETLINK"}
)
SO_LINGER: Final = 13
SO_PEERCRED: Final = 17
_SOCKET_OPTIONS: Final = {
    1: "SO_DEBUG",
    2: "SO_REUSEADDR",
    3: "SO_TYPE",
    4: "SO_ERROR",
    5: "SO_DONTROUTE",
    6: "SO_BROADCAST",
    7: "SO_SNDBUF",
    8: "SO_RCVBUF",
    9: "SO_KEEPALIVE",
    10: "SO_OOBINLINE",
    12: "SO_PRIORITY",
    SO_LINGER: "SO_LINGER",
    15: "SO_REUSEPORT",
    16: "SO_PASSCRED",
    SO_PEERCRED: "SO_PEERCRED",
    18: "SO_RCVLOWAT",
    19: "SO_SNDLOWAT",
    20: "SO_RCVTIMEO_OLD",
    21: "SO_SNDTIMEO_OLD",
    25: "SO_BINDTODEVICE",
    29: "SO_TIMESTAMP_OLD",
    30: "SO_ACCEPTCONN",
    32: "SO_SNDBUFFORCE",
    33: "SO_RCVBUFFORCE",
    36: "SO_MARK",
    38: "SO_PROTOCOL",
    39: "SO_DOMAIN",
    49: "SO_INCOMING_CPU",
    60: "SO_ZEROCOPY",
}
# include/uapi/linux/in.h, in6.h, tcp.h
_IP_OPTIONS: Final = {
    1: "IP_TOS",
    2: "IP_TTL",
    8: "IP_PKTINFO",
    10: "IP_MTU_DISCOVER",
    11: "IP_RECVERR",
    24: "IP_BIND_ADDRESS_NO_PORT",
    32: "IP_MULTICAST_IF",
    33: "IP_MULTICAST_TTL",
    34: "IP_MULTICAST_LOOP",
    35: "IP_ADD_MEMBERSHIP",
}
_IPV6_OPTIONS: Final = {
    16: "IPV6_UNICAST_HOPS",
    25: "IPV6_RECVERR",
    26: "IPV6_V6ONLY",
    49: "IPV6_RECVPKTINFO",
    67: "IPV6_TCLASS",
}
_TCP_OPTIONS: Final = {
    1: "TCP_NODELAY",
    2: "TCP_MAXSEG",
    3: "TCP_CORK",
    4: "TCP_KEEPIDLE",
    5: "TCP_KEEPINTVL",
    6: "TCP_KEEPCNT",
    7: "TCP_SYNCNT",
    9: "TCP_DEFER_ACCEPT",
    11: "TCP_INFO",
    12: "TCP_QUICKACK",
    18: "TCP_USER_TIMEOUT",
    23: "TCP_FASTOPEN",
}
OPTIONS: Final = MappingProxyType(
    {0: _IP_OPTIONS, SOL_SOCKET: _SOCKET_OPTIONS, 6: _TCP_OPTIONS, 41: _IPV6_OPTIONS}
)

# include/linux/socket.h
SCM_RIGHTS: Final = 1
CONTROL_TYPES: Final = MappingProxyType({SCM_RIGHTS: "SCM_RIGHTS", 2: "SCM_CREDENTIALS"})
