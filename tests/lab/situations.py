"""The situations: rows of the truth table as networks and configurations, what each client comes to there, and what the cause is."""

import dataclasses

import network as net
from doctor import FIREWALL, SERVER, USER
from network import Network, firewall, forwarded, nat, passing, ports

# What our client is told to use, one column each: `PASV*` trusts the address that a 227 names.
ROUTES = ("PORT", "EPRT", "PASV*", "PASV", "EPSV")
OK = ("ok",) * 5


def row(port, eprt, trusting, pasv, epsv):
    return dict(zip(ROUTES, (port, eprt, trusting, pasv, epsv)))


WORKS = row(*OK)
RANGE = net.RANGE
OPENED = f"tcp dport {ports(RANGE)} accept"
# The passive range, in each server's words.
PASSIVE_PORTS = {
    "vsftpd": [f"pasv_min_port={RANGE[0]}", f"pasv_max_port={RANGE[1]}"],
    "proftpd": [f"PassivePorts {RANGE[0]} {RANGE[1]}"],
    "pure-ftpd": [f"-p {RANGE[0]}:{RANGE[1]}"],
    "ftp-server": [f"pasv_min_port={RANGE[0]}", f"pasv_max_port={RANGE[1]}"],
}


def announcing(address):
    return {
        "vsftpd": [f"pasv_address={address}"],
        "proftpd": [f"MasqueradeAddress {address}"],
        "pure-ftpd": [f"-P {address}"],
        "ftp-server": [f"pasv_address={address}"],
    }


def joined(*settings):
    """Lines for each server that all of them have."""
    return {server: [line for setting in settings for line in setting[server]] for server in settings[0]}


@dataclasses.dataclass
class Situation:
    """`servers` are the names of those that are set up in it, with their lines; `sees` is what our client comes to by each route,
    which for one server may be otherwise (`but`). `about` is the kind of data connection that curl and lftp then use."""

    name: str
    title: str
    servers: dict
    sees: dict
    cause: str = ""
    about: str = "PASV"
    target: str = net.PUBLIC_SERVER
    client: str = net.PUBLIC_CLIENT
    server: str = net.PUBLIC_SERVER
    aliases: tuple = ()
    rules: str = ""
    host_rules: str = ""
    tls: bool = False
    but: dict = dataclasses.field(default_factory=dict)
    # Sessions that hold a passive port each.
    holders: int = 0
    # What the router's own program does, see gateway.py.
    gateway: str = ""
    # Parts of the kernel.
    needs: tuple = ()
    # Causes of further findings.
    also: tuple = ()
    # The cause for those servers with which it isn't the row's, and "" for those that don't suffer.
    causes: dict = dataclasses.field(default_factory=dict)
    # Whose cures are carried out.
    curers: tuple = (SERVER, FIREWALL)
    # What an administrator of the network does where the doctor has no line for it: rules of nft for the router.
    mend: str = ""
    # And the user: the way that the doctor advises, with arguments of our client.
    instead: tuple = ()

    def network(self):
        return Network(self.client, self.server, self.aliases, self.rules, self.host_rules)


def at_home(rules="", filtering="", **more):
    """The client is behind NAT."""
    translation = nat(*([rules] if rules else []), postrouting=net.MASQUERADE)
    return dict(client=net.HOME, aliases=(net.OUTSIDE,), rules=net.UNROUTED + translation + filtering, needs=("nf_nat",), **more)


def on_site(*forwards, inside=net.SITE, filtering="", **more):
    """The server is behind NAT, of which these ports are forwarded to it."""
    translation = nat(*(forwarded(which, inside) for which in forwards), postrouting=net.SERVED)
    return dict(server=inside, aliases=(net.PUBLIC_SERVER,), rules=net.UNROUTED + translation + filtering, needs=("nf_nat",), **more)


NOTHING = {server: [] for server in PASSIVE_PORTS}


def some(settings, *servers):
    return {server: settings[server] for server in servers}


# What servers say to a PORT of a private address that isn't the client's own.
FOREIGN = row("500", "500", "ok", "ok", "ok")

SITUATIONS = [
    Situation("T00", "nothing in between", some(NOTHING, *NOTHING), WORKS),
    Situation(
        "T01", "client behind NAT, active", some(NOTHING, *NOTHING), FOREIGN, "active-behind-nat", about="PORT",
        but={"proftpd": row("425", "425", "ok", "ok", "ok")},
        curers=(USER,), instead=("--route", "epsv"), **at_home(),
    ),
    Situation(
        "T02", "client behind NAT, outside address named, nothing forwarded (drop)", some(NOTHING, "vsftpd", "ftp-server"),
        row("425 late", "425 late", "ok", "ok", "ok"), "active-inbound-dropped", about="OUTSIDE",
        mend=nat(forwarded(ports(net.ACTIVE_RANGE), net.HOME, net.OUTSIDE)), curers=(FIREWALL,),
        **at_home(filtering=net.guarded('iifname "server" drop')),
    ),
    Situation(
        "T03", "client behind NAT, outside address named, ports forwarded", some(NOTHING, "vsftpd", "pure-ftpd"), WORKS,
        about="OUTSIDE", **at_home(forwarded(ports(net.ACTIVE_RANGE), net.HOME, net.OUTSIDE)),
    ),
    Situation(
        "T04", "client behind NAT, conntrack's helper rewrites PORT", some(NOTHING, "vsftpd", "ftp-server"), WORKS, about="PORT",
        **{**at_home(filtering=passing(helper=True)), "needs": ("nf_nat", "nf_conntrack_ftp")},
    ),
    Situation(
        "T05", "the same under TLS: the helper is blind", some(NOTHING, "vsftpd", "ftp-server"), FOREIGN, "active-behind-nat",
        about="PORT", tls=True, curers=(USER,), instead=("--route", "epsv"),
        **{**at_home(filtering=passing(helper=True)), "needs": ("nf_nat", "nf_conntrack_ftp")},
    ),
    Situation(
        "T06 drop", "client's firewall drops what comes in", some(NOTHING, *NOTHING),
        row("425 late", "425 late", "ok", "ok", "ok"), "active-inbound-dropped", about="PORT", rules=passing(*net.INBOUND_DROPPED),
        curers=(USER,), instead=("--route", "epsv"),
    ),
    Situation(
        "T06 reject", "client's firewall rejects what comes in", some(NOTHING, *NOTHING),
        row("425", "425", "ok", "ok", "ok"), "active-inbound-rejected", about="PORT", rules=passing(*net.INBOUND_REJECTED),
        curers=(USER,), instead=("--route", "epsv"), needs=("nf_reject",),
    ),
    Situation(
        "T07", "client's firewall lets nothing out but port 21", some(NOTHING, "vsftpd"),
        row("ok", "ok", "timeout", "timeout", "timeout"), "outbound-blocked", rules=passing(*net.OUTBOUND_DROPPED),
        mend='insert rule inet filter forward iifname "client" tcp dport 1024-65535 accept', curers=(FIREWALL,),
    ),
    Situation(
        "T08", "server behind NAT, right address, range forwarded",
        joined(PASSIVE_PORTS, announcing(net.PUBLIC_SERVER)), WORKS, **on_site(21, ports(RANGE)),
    ),
    Situation(
        "T09", "server behind NAT announces its private address", PASSIVE_PORTS,
        row("ok", "ok", "timeout", "ok", "ok"), "private-address-advertised", **on_site(21, ports(RANGE)),
    ),
    Situation(
        "T10", "server behind NAT announces a stale address", joined(PASSIVE_PORTS, announcing(net.STALE)),
        row("ok", "ok", "timeout", "ok", "ok"), "stale-address-advertised",
        **on_site(21, ports(RANGE), filtering=net.unreachable(net.STALE)),
    ),
    Situation(
        "T11", "server's firewall drops the passive range", some(NOTHING, *NOTHING),
        row("ok", "ok", "timeout", "timeout", "timeout"), "passive-range-dropped", host_rules=firewall(related=False),
    ),
    Situation(
        "T12 reject", "server's firewall rejects the passive range", some(NOTHING, "vsftpd", "proftpd"),
        row("ok", "ok", "refused", "refused", "refused"), "passive-range-refused",
        host_rules=firewall(otherwise="reject with tcp reset", related=False), needs=("nf_reject",),
    ),
    Situation(
        "T12 unforwarded", "server behind NAT, right address, range not forwarded",
        some(joined(PASSIVE_PORTS, announcing(net.PUBLIC_SERVER)), "proftpd", "ftp-server"),
        row("ok", "ok", "refused", "refused", "refused"), "passive-range-refused",
        mend=nat(forwarded(ports(RANGE), net.SITE)), **on_site(21),
    ),
    Situation(
        "T13", "passive range exhausted",
        {
            "vsftpd": ["pasv_min_port=30000", "pasv_max_port=30001"],
            "proftpd": ["PassivePorts 30000 30001"],
            "ftp-server": ["pasv_min_port=30000", "pasv_max_port=30001"],
        },
        row("ok", "ok", "425", "425", "425"), "passive-range-exhausted", holders=2,
        host_rules=firewall(opened="tcp dport 30000-30001 accept", related=False),
        # ProFTPD takes any port then, which is closed: nobody outside can tell that from a range that is.
        but={"vsftpd": row("ok", "ok", "500", "500", "500"), "proftpd": row("ok", "ok", "timeout", "timeout", "timeout")},
        causes={"proftpd": "passive-range-dropped"},
    ),
    Situation(
        "T14", "passive mode disabled",
        {
            "vsftpd": ["pasv_enable=NO"],
            "proftpd": ["<Limit PASV EPSV>\nDenyAll\n</Limit>"],
            "pure-ftpd": ["-N"],
            "ftp-server": ["pasv_enable=NO"],
        },
        row("ok", "ok", "550", "550", "550"), "passive-disabled",
        but={"proftpd": row("ok", "ok", "501", "501", "501"), "pure-ftpd": row("ok", "ok", "500", "500", "500")},
    ),
    Situation(
        "T15", "active mode disabled", {"vsftpd": ["port_enable=NO"], "ftp-server": ["port_enable=NO"]},
        row("550", "550", "ok", "ok", "ok"), "active-disabled", about="PORT",
    ),
    Situation(
        "T16", "client and server behind NAT, private address, range closed", some(NOTHING, "vsftpd"),
        row("500", "500", "timeout", "refused", "refused"), "private-address-advertised", also=("passive-range-refused",),
        client=net.HOME, server=net.SITE, aliases=(net.OUTSIDE, net.PUBLIC_SERVER),
        rules=net.UNROUTED + nat(forwarded(21, net.SITE), postrouting=net.MASQUERADE), needs=("nf_nat",),
        mend=nat(forwarded(ports(RANGE), net.SITE)),
    ),
    Situation(
        "T17", "IPv6 alone", some(NOTHING, *NOTHING), row("-", "ok", "425", "425", "ok"),
        # vsftpd says 227 with 0,0,0,0, and ProFTPD one that is too short.
        but={"vsftpd": row("-", *OK[:4]), "proftpd": row("-", "ok", "unreadable", "unreadable", "ok")},
        client=net.CLIENT_V6, server=net.SERVER_V6, target=net.SERVER_V6,
    ),
    Situation(
        "T18", "NAT64: the client has IPv6 alone, the server IPv4", some(NOTHING, "vsftpd", "proftpd", "ftp-server"),
        # What a 227 names is IPv4, and out of reach: our client takes its port to the control connection's host.
        row("-", "500", "ok", "ok", "ok"), but={"ftp-server": row("-", "522", "ok", "ok", "ok")},
        client=net.CLIENT_V6, target=f"{net.TRANSLATED}{net.PUBLIC_SERVER}", rules=net.NAT64, gateway="nat64", needs=("nft_redir (IPv6)",),
    ),
    Situation(
        "T23", "firewall reads PASV's reply, and knows nothing of EPSV", some(NOTHING, "vsftpd", "ftp-server"),
        row("500", "500", "ok", "ok", "timeout"), "epsv-blocked", rules=net.read_along(net.OPENED_BY_READING), gateway="opening",
        needs=("nft_redir",), mend=f'insert rule inet filter forward iifname "client" {OPENED}',
    ),
    Situation(
        "T24", "router's gateway mangles PASV's reply", some(NOTHING, "vsftpd", "proftpd", "ftp-server"),
        row("500", "500", "unreadable", "unreadable", "ok"), "pasv-mangled",
        rules=net.read_along(), gateway="mangling", needs=("nft_redir",), mend="delete table ip gateway",
    ),
    Situation(
        "T24 TLS", "the same under TLS: the gateway is blind", some(NOTHING, "vsftpd", "ftp-server"),
        row("500", "500", "ok", "ok", "ok"), rules=net.read_along(), gateway="mangling", needs=("nft_redir",), tls=True,
    ),
    Situation(
        # vsftpd and ours know the word, for that very reason.
        "T31", "router's gateway makes P@SW of PASV", some(NOTHING, "vsftpd", "proftpd", "ftp-server"),
        row("500", "500", "ok", "ok", "ok"), "passive-filtered",
        but={"proftpd": row("500", "500", "500", "500", "ok")}, causes={"vsftpd": "", "ftp-server": ""},
        rules=net.read_along(), gateway="p@sw", needs=("nft_redir",), mend="delete table ip gateway",
    ),
    Situation(
        "helper off", "server's firewall relies on conntrack's helper, which isn't attached", some(NOTHING, "vsftpd", "proftpd"),
        # What nobody outside can tell from a range that is closed.
        row("ok", "ok", "timeout", "timeout", "timeout"), "passive-range-dropped", host_rules=firewall(),
    ),
    Situation(
        "helper on", "the same, attached", some(NOTHING, "vsftpd", "proftpd"), WORKS, host_rules=firewall(helper=True),
        needs=("nf_conntrack_ftp",),
    ),
    Situation(
        "T25", "the same under TLS: the helper is blind", some(NOTHING, "vsftpd", "proftpd", "pure-ftpd", "ftp-server"),
        row("ok", "ok", "timeout", "timeout", "timeout"), "tls-blinds-helper", host_rules=firewall(helper=True), tls=True,
        needs=("nf_conntrack_ftp",),
    ),
    Situation(
        "T26", "control connections by a balancer, data on the server itself", some(announcing(net.BEHIND_BALANCER), "vsftpd", "ftp-server"),
        row("ok", "ok", "ok", "refused", "refused"), "data-on-another-host",
        curers=(USER,), instead=("--route", "pasv", "--passive-host", "advertised"), server=net.BEHIND_BALANCER,
        aliases=(net.PUBLIC_SERVER,), rules=nat(forwarded(21, net.BEHIND_BALANCER), postrouting=net.SERVED), needs=("nf_nat",),
    ),
    Situation(
        # Pure-FTPd isn't here: it closes what comes from elsewhere and waits for the right one, for fifteen minutes.
        "T28", "client with two outside addresses, one a connection", some(NOTHING, "vsftpd", "proftpd", "ftp-server"),
        row("500", "500", "425", "425", "425"), "data-peer-differs",
        client=net.HOME, aliases=(net.OUTSIDE, net.SECOND_OUTSIDE), rules=net.UNROUTED + nat(postrouting=net.TWO_WAYS_OUT), needs=("nf_nat",),
        mend="flush chain ip nat postrouting\n" + nat(postrouting=net.MASQUERADE), curers=(FIREWALL,),
        # ProFTPD takes the data connection, measured.
        but={"ftp-server": row("500", "500", "425 late", "425 late", "425 late"), "proftpd": row("425", "425", "ok", "ok", "ok")},
        causes={"proftpd": ""},
    ),
    Situation(
        # Our clients do; who doesn't is refused with 522, which `testdata/logs` shows.
        "T29", "TLS, and the data connection has to resume the session", some(NOTHING, "vsftpd", "proftpd", "ftp-server"), WORKS, tls=True,
    ),
    Situation(
        "D23", "container whose port 21 alone is published", some(NOTHING, "vsftpd", "ftp-server"),
        row("ok", "ok", "timeout", "refused", "refused"), "container-address-advertised", **on_site(21, inside=net.CONTAINER),
    ),
    Situation(
        "D24", "client on the server's site is sent to the outside address, no hairpin",
        some(joined(PASSIVE_PORTS, announcing(net.PUBLIC_SERVER)), "vsftpd", "proftpd", "ftp-server"),
        row("ok", "ok", "timeout", "ok", "ok"), "no-hairpin",
        client="10.0.1.10", server=net.SITE, target=net.SITE, aliases=(net.PUBLIC_SERVER,), needs=("nf_nat",),
        rules=net.guarded('iifname "client" tcp dport != 21 drop'),
        mend=nat(forwarded(ports(RANGE), net.SITE)),
    ),
]
