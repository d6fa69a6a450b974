"""What all clients have in common, and how words are written for them."""

import os
import re
import signal
import urllib.parse

LOOPBACK = "127.0.0.1"
# Two names that aren't UTF-8.
BEYOND_UTF_8 = (os.fsdecode(b"caf\xe9.txt"), os.fsdecode(b"iac\xff.txt"))


class Client:
    """What a client can't do at all is in `cannot`, with the reason; it then needs no method.

    Each method returns the `Command` for one file. Paths on the server start with `/`, which is also where a login starts.
    Names may have bytes in them that aren't UTF-8, as Python's `os.fsdecode` makes them. Each command makes its
    client print the dialogue, so that the driver can see which of EPSV, PASV, EPRT and PORT the client really sent.
    """

    name = ""
    ours = False
    # Names that it can say though they aren't UTF-8, of those that are listed; and odd names that it can't say at all.
    names = ()
    unsayable = ()
    # How the client is told to open data connections, by the command that it then sends.
    modes = {}
    # The kinds of TLS that it has not, and why; and operations.
    lacks = {}
    # The modes that it has without TLS only, and why.
    plain_modes = {}
    cannot = {}
    # And what it can't do under TLS.
    cannot_under_tls = {}
    # Whether its data connections resume the TLS session of the control connection. Our servers demand it, so for those who
    # don't they have to be told otherwise.
    resumes = True
    # Whether it asks for a listing even when it is only to rename something.
    always_lists = False
    # What is seen of an abort in its dialogue, besides the replies; whether its session then goes on; and how it ends.
    says_when_aborted = (r"\bABOR\b",)
    goes_on = True
    exit_when_aborted = 0

    @staticmethod
    def text_arrives(text):
        """What a text file is here that came in TYPE A."""
        return text

    def names_in(self, output):
        """The output of `list`, as text in which the files' names can be found."""
        return output

    def stop(self, command, running):
        """Makes it abort the transfer, and then do the rest."""
        running.send_signal(signal.SIGINT)
        command.talk_on(running)


def without_tls(name):
    return {tls: f"{name} has no TLS" for tls in ("explicit", "implicit")}


def percent_encoded(path):
    """As in a URL; also for names that aren't UTF-8."""
    return urllib.parse.quote(os.fsencode(path))


def quoted(name):
    """One word for lftp."""
    return '"' + re.sub(r'(["\\])', r"\\\1", str(name)) + '"'


def escaped(name):
    """One word for BSD's ftp, which knows no backslash within quotes."""
    return re.sub(r'([ "\\])', r"\\\1", str(name))
