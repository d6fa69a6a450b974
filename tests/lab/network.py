"""The networks: a client, a router and a server, each a network namespace, with addresses, NAT and firewalls by nft.

Addresses are those for documentation, which programs take for public ones, and those of private networks. Between two of them
there is the router alone, and it has no other way: no packet can get out.
"""

import itertools
import pathlib
import subprocess

NAMESPACES = pathlib.Path("/run/netns")
PUBLIC_CLIENT = "198.51.100.10"
# Where a client behind NAT appears; and the second address of one that has two ways out.
OUTSIDE = "198.51.100.1"
SECOND_OUTSIDE = "198.51.100.2"
HOME = "192.168.1.10"
PUBLIC_SERVER = "203.0.113.5"
# A public address of nobody's, and one of a server behind a balancer.
STALE = "203.0.113.77"
BEHIND_BALANCER = "203.0.113.6"
SITE = "10.0.0.5"
CONTAINER = "172.17.0.2"
CLIENT_V6 = "2001:db8:1::10"
SERVER_V6 = "2001:db8:2::5"
# The passive ports that are forwarded or opened, where some are; and the ports of an active client.
RANGE = (30000, 30099)
ACTIVE_RANGE = (40000, 40019)

# A private address isn't routed outside its site: each router on the way drops it.
UNROUTED = """
table inet outside {
    chain prerouting {
        type filter hook prerouting priority raw
        iifname "client" ip daddr { 10.0.0.0/8, 172.16.0.0/12 } drop
        iifname "server" ip daddr 192.168.0.0/16 drop
    }
}
"""
# A firewall, as it is on most servers: everybody may connect to port 21, and what comes with that may pass. `{helper}` is what
# attaches conntrack's helper, and `{otherwise}` what becomes of the rest.
FIREWALL = """
table inet filter {{
    {declaration}
    chain prerouting {{
        type filter hook prerouting priority filter
        {helper}
    }}
    chain input {{
        type filter hook input priority filter; policy drop
        iifname "lo" accept
        meta l4proto ipv6-icmp accept
        ct state established,related accept
        tcp dport 21 accept
        {otherwise}
    }}
}}
"""
DECLARATION = 'ct helper ftp {\n type "ftp" protocol tcp\n }'
HELPER = 'tcp dport 21 ct helper set "ftp"'


def firewall(helper=False, otherwise="drop", opened="", related=True):
    """The server's own. `related` is whether it lets in what a helper has announced."""
    text = FIREWALL if related else FIREWALL.replace("established,related", "established")
    text = text.replace("tcp dport 21 accept", f"tcp dport 21 accept\n        {opened}")
    declaration, attached = (DECLARATION, HELPER) if helper else ("", "")
    return text.format(declaration=declaration, helper=attached, otherwise=otherwise)


def passing(*rules, helper=False):
    """The router's: rules for what it passes on; and whether its helper reads along."""
    lines = "\n        ".join(rules)
    return f"""
table inet filter {{
    {DECLARATION if helper else ""}
    chain prerouting {{
        type filter hook prerouting priority filter
        {HELPER if helper else ""}
    }}
    chain forward {{
        type filter hook forward priority filter
        {lines}
    }}
}}
"""


def guarded(rule):
    """The router's: what it takes for itself, at its own addresses."""
    return f"table inet filter {{\n chain input {{\n type filter hook input priority filter\n {rule}\n }}\n }}\n"


def unreachable(address):
    """Nobody is there."""
    return f"table inet gone {{\n chain gone {{\n type filter hook prerouting priority raw\n ip daddr {address} drop\n }}\n }}\n"


# What comes from the server is let to the client only if the client has asked for it.
INBOUND_DROPPED = ("ct state established,related accept", 'iifname "server" drop')
INBOUND_REJECTED = ("ct state established,related accept", 'iifname "server" reject with tcp reset')
OUTBOUND_DROPPED = ("ct state established,related accept", 'iifname "client" tcp dport != 21 drop')


def nat(*prerouting, postrouting=()):
    """The router's translation: `dnat` and `snat` rules."""
    lines = [f"        {rule}" for rule in prerouting]
    others = [f"        {rule}" for rule in postrouting]
    return "\n".join(
        [
            "table ip nat {",
            "    chain prerouting {",
            "        type nat hook prerouting priority dstnat",
            *lines,
            "    }",
            "    chain postrouting {",
            "        type nat hook postrouting priority srcnat",
            *others,
            "    }",
            "}",
            "",
        ]
    )


def forwarded(ports, inside, outside=PUBLIC_SERVER):
    """A rule of `nat`: these ports of the outside address lead inside."""
    return f'ip daddr {outside} tcp dport {ports} dnat to {inside}'


# What the server connects to appears to come from its outside address.
SERVED = (f'iifname "server" oifname "client" snat to {PUBLIC_SERVER}',)
MASQUERADE = (f'iifname "client" oifname "server" snat to {OUTSIDE}',)
TWO_WAYS_OUT = (
    f'iifname "client" oifname "server" tcp dport 21 snat to {OUTSIDE}',
    f'iifname "client" oifname "server" snat to {SECOND_OUTSIDE}',
)


# Where the router's own program listens, for what it takes out of the way; see gateway.py.
GATEWAY_PORT = 2021
TRANSLATED = "64:ff9b::"


def read_along(filtering=""):
    """The control connection goes through a program of the router's: the server sees the router, also of data connections."""
    redirect = f'iifname "client" tcp dport 21 redirect to :{GATEWAY_PORT}'
    gateway = f"table ip gateway {{\n chain prerouting {{\n type nat hook prerouting priority dstnat\n {redirect}\n }}\n }}\n"
    return gateway + nat(postrouting=('iifname "client" oifname "server" masquerade',)) + filtering


# The firewall passes what the program has read in a 227, and nothing else.
OPENED_BY_READING = """
table inet filter {
    set opened {
        type inet_service
    }
    chain forward {
        type filter hook forward priority filter
        ct state established,related accept
        iifname "client" tcp dport @opened accept
        iifname "client" drop
    }
}
"""
# Of the client's IPv6 nothing goes on as it is.
NAT64 = f"""
table ip6 gateway {{
    chain prerouting {{
        type nat hook prerouting priority dstnat
        ip6 daddr {TRANSLATED}/96 meta l4proto tcp redirect to :{GATEWAY_PORT}
    }}
}}
"""


def ports(first_and_last):
    return "{}-{}".format(*first_and_last)


class Network:
    """Three namespaces, as long as the lab runs.

    `client` and `server` are their hosts' addresses; `aliases` are those that the router has besides; `rules` are nft's for the
    router, and `host_rules` for the server itself.
    """

    numbers = itertools.count()

    def __init__(self, client, server, aliases=(), rules="", host_rules=""):
        self.number = next(self.numbers)
        self.client = client
        self.server = server
        for host in ("client", "router", "server"):
            run("ip", "netns", "add", self.name(host))
            # What is dropped shows after three seconds to the client, and after seven to the server, instead of two minutes.
            retries = 1 if host == "client" else 2
            self.within(host, "sysctl", "-qw", f"net.ipv4.tcp_syn_retries={retries}", "net.ipv4.ip_forward=1")
            self.within(host, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1", "net.ipv6.conf.default.accept_dad=0")
            run("ip", "-n", self.name(host), "link", "set", "lo", "up")
        for host, address in (("client", client), ("server", server)):
            self.connect(host, address)
        for alias in aliases:
            run("ip", "-n", self.name("router"), "addr", "add", alias, "dev", "lo")
        for host, text in (("router", rules), ("server", host_rules)):
            if text:
                self.nft(host, text)

    def name(self, host):
        return f"{host}{self.number}"

    def connect(self, host, address):
        """A cable between the router and a host, which is the only other one in its network."""
        ours, theirs = self.name("router"), self.name(host)
        run("ip", "-n", ours, "link", "add", host, "type", "veth", "peer", "name", "eth0", "netns", theirs)
        bits, gateway = gateway_of(address)
        run("ip", "-n", ours, "addr", "add", f"{gateway}/{bits}", "dev", host, *NO_DAD[":" in address])
        run("ip", "-n", theirs, "addr", "add", f"{address}/{bits}", "dev", "eth0", *NO_DAD[":" in address])
        run("ip", "-n", ours, "link", "set", host, "up")
        run("ip", "-n", theirs, "link", "set", "eth0", "up")
        run("ip", "-n", theirs, "route", "add", "default", "via", gateway)

    def prefix(self, host):
        """What runs a command on a host."""
        return ("nsenter", f"--net={NAMESPACES / self.name(host)}", "--")

    def within(self, host, *command):
        run(*self.prefix(host), *command)

    def nft(self, host, text):
        run(*self.prefix(host), "nft", "-f", "-", given=text)


NO_DAD = {False: (), True: ("nodad",)}


def gateway_of(address):
    """The router's address in a host's network, and how many bits the network's number has."""
    if ":" in address:
        return 64, address.rpartition("::")[0] + "::1"
    bits = 16 if address.startswith("172.") else 24
    return bits, address.rpartition(".")[0] + ".1"


def run(*arguments, given=None):
    """Runs to the end; what fails says why."""
    done = subprocess.run(arguments, input=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(arguments)}: {done.stdout}{given or ''}")
    return done.stdout


# A part of the kernel: what of nft needs it.
PARTS = {
    "nf_tables": "table inet probe {\n chain input {\n type filter hook input priority filter; policy drop\n }\n }",
    "nf_nat": nat(postrouting=("masquerade",)),
    "nf_reject": "table inet probe {\n chain input {\n type filter hook input priority filter\n reject with tcp reset\n }\n }",
    "nf_conntrack_ftp": firewall(helper=True),
    "nft_redir": read_along(),
    "nft_redir (IPv6)": NAT64,
}


def lacking():
    """Which parts this kernel lacks."""
    run("ip", "netns", "add", "probe")
    lacks = set()
    for part, text in PARTS.items():
        try:
            run("nsenter", f"--net={NAMESPACES / 'probe'}", "--", "nft", "-f", "-", given=text)
        except RuntimeError:
            lacks.add(part)
    run("ip", "netns", "del", "probe")
    return lacks
