#!/usr/bin/env python3
"""Every chain of t/data/certs, shown by a server to safemx and to smtp(8): the same fate, the same word in the log.

  ./chains.py                  all of them, against build/safemx (or $SAFEMX)
  ./chains.py host expired     some chains

A chain is tried at level secure, where its name and all else must be right, with CAfile, with the same authorities as
tafile and with its own leaf as tafile; at level fingerprint, with that of its leaf; and at level may, where the log
tells what the chain is worth. Where the two agents differ it is written here, and why; safemx is never the laxer one.
"""
import argparse
import atexit
import concurrent.futures
import hashlib
import os
import re
import ssl
import sys
import tempfile

import lab

CERTS = os.path.join(lab.TOP, "t", "data", "certs")
HOST = "mx.a.test"

# Chains that are no server's: authorities, and what t/tls/oracle.c alone can look at.
NO_SERVER = {"root", "int", "rogue", "rsaroot", "old", "oldroot", "v1root", "nobcroot", "clientroot", "sha1root",
             "ncroot", "brokenroot", "limitsroot", "nciroot",
             "oddroot"}

# (authorities in CAfile, [(chain, names)]); None: all the chains, with HOST
TRIALS = [
    (["root", "rsaroot", "brokenroot", "limitsroot", "oddroot"], None),
    (["root"], [("wild", "x.y.a.test"), ("wild", "a.test"), ("wild", ".a.test"), ("wild", "xn--bcher-kva.a.test"),
                ("wild", "mx_1.a.test"), ("idn", "xn--bcher-kva.a.test"), ("idn", "mx.b\u00fccher.test"),
                ("idn", "b\u00fccher.a.test"), ("idnpart", "xn--bcher-kva.a.test"), ("idnutf8", "xn--bcher-kva.a.test"),
                ("wildidn", "mx.b\u00fccher.test"), ("wildtld", "mx.test"), ("wildcn", "mx.a.test"),
                ("dotted", "mx.a.test."), ("under", "mx_1.a.test"), ("under", "x.mx_2.a.test"), ("leading", "x.a.test"),
                ("ip", "127.0.0.1"), ("ip", "2001:db8::1"), ("ip", "127.0.0.2"), ("cnip", "127.0.0.1"),
                ("sandnsip", "127.0.0.1"), ("sanip5", "127.0.0.1"), ("nulcn", HOST), ("cn-nul", HOST),
                ("cn-two", "second.a.test"), ("host", "other.example"), ("host", "a.test"), ("host", ".a.test"),
                ("host", ".test"), ("expired", "other.example"), ("many", "n39.example"), ("sanmany", "n1499.example")]),
    (["int"], [("host", HOST), ("noint", HOST)]),
    (["host"], [("host", HOST)]),
    # nobody is trusted who is there, and something else is wrong, too
    (["rogue"], [("host", HOST), ("expired", HOST), ("notyet", HOST), ("clienteku", HOST), ("critext", HOST),
                 ("badusage", HOST), ("oldint", HOST), ("noca", HOST), ("ncbad", HOST), ("sha1", HOST), ("noint", HOST),
                 ("clientint", HOST), ("pathlen", HOST), ("badsig", HOST), ("host", "other.example"), ("deep", HOST), ("rsa768", HOST),
                 ("brokenpoints", HOST), ("brokenpointsint", HOST), ("noseconds", HOST)]),
    (["oldroot"], [("belowoldroot", HOST), ("crossed", HOST)]),
    (["selfsig"], [("selfsig", HOST), ("selfbare", HOST)]),
    (["selfbare"], [("selfbare", HOST)]),
    (["selfexpired"], [("selfexpired", HOST)]),
    (["selfclient"], [("selfclient", HOST)]),
    (["brokenself"], [("brokenself", HOST)]),
    (["v1root", "nobcroot", "clientroot", "sha1root", "ncroot", "nciroot"],
     [("belowv1root", HOST), ("belownobcroot", HOST), ("belowclientroot", HOST), ("belowsha1root", HOST),
      ("belowncroot", HOST), ("belownciroot", HOST)]),
]

# The outcome differs: we refuse what OpenSSL takes (never the reverse, but for the last two: see doc/compat.md).
STRICTER = {
    "selfissued": "GnuTLS counts self-issued authorities in a path length",
    "nccase": "GnuTLS, until it was corrected, minds the case of a name constraint",
    "ncnarrow": "the same",
    "ncwildcn": "a wildcard commonName is a host name, so name constraints hold for it",
    "ncoddcn": "GnuTLS takes any commonName for a host name",
    "ncuriuser": "a user in a URI is no host",
    "ncuriother": "GnuTLS compares no URIs, and takes each for an excluded one",
    "behind": "of the certificates sent we look at sixteen",
    "rsa1016": "RSA keys below 1024 bits are weak; OpenSSL 3 rounds",
}
# GnuTLS cannot read the server's certificate, so no handshake comes about; OpenSSL takes it.
UNREADABLE = {
    "sanx400": "a name of a kind that nobody has",
    "sanparty": "the same",
    "sanblank": "a name of no length",
    "sanbehind": "bytes behind what an extension holds",
    "oddtwice": "an extension that is there twice",
    "v1extensions": "extensions, which version 1 has not",
}
BETTER = {"decoys": "a valid path among invalid ones of the same name is found",
          "big": "as tafile: smtp(8) makes TLSA records of these, which hold less than 64 kB"}

# The outcome is the same, but what is told of it differs; both are refused for the first thing that is found.
OTHER_WORDS = {
    "crossed": "CA certificate verification failed for SERVER: certificate has expired",
    "ncuripath": "server certificate verification failed for SERVER: num=53:unsupported or invalid name syntax",
    "ncsmtputf8": "server certificate verification failed for SERVER: num=53:unsupported or invalid name syntax",
    "proxyint": "CA certificate verification failed for SERVER: num=40:proxy certificates not allowed, please set the appropriate flag",
    "nchuge": "server certificate verification failed for SERVER: num=52:unsupported or invalid name constraint syntax",
}


def pem(name):
    return os.path.join(CERTS, name + ".pem")


def joined(chain):
    """The file of a chain; of "A+B" both, one after the other."""
    if "+" not in chain:
        return pem(chain)
    with tempfile.NamedTemporaryFile("w", suffix=".pem", delete=False) as out:
        out.write("".join(lab.read(pem(part)) for part in chain.split("+")))
    atexit.register(os.unlink, out.name)
    return out.name


def leaf(chain):
    """The first certificate in the file, as it is there."""
    text, end = lab.read(joined(chain)), "-----END CERTIFICATE-----\n"
    return text[:text.index(end)] + end


def context(chain):
    """As a server shows it; weak keys and digests are fine with us."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.set_ciphers("ALL:@SECLEVEL=0")
    own = os.path.join(CERTS, chain + ".key")
    made.load_cert_chain(joined(chain), own if os.path.exists(own) else os.path.join(CERTS, "leaf.key"))
    return made


def can_be_shown(chain):
    """OpenSSL's server, for one, has no use for some."""
    try:
        return bool(context(chain))
    except ssl.SSLError:
        return False


def told(lines):
    """(outcome with its dsn, the word of the TLS connection, why the certificate was refused), as logged."""
    outcome, word, why = "none", "no TLS", ""
    for line in lines:
        if match := re.search(r": to=<.*dsn=([\d.]+), status=(\w+)", line):
            outcome = "%s %s" % match.group(2, 1)
        elif match := re.match(r"(\w+) TLS connection established to", line):
            word = match.group(1)
        elif "certificate verification failed for" in line:
            why = re.sub(r"for [^ ]*: ", "for SERVER: ", line)
    return outcome, word, why


class Trial:
    """One CAfile, and a server for each chain; both agents meet the same servers."""

    def __init__(self, authorities, rows, scratch):
        self.rows, self.scratch = rows, scratch
        self.servers = [lab.Mailbox(pem=context(chain)) for chain, _ in rows]
        self.bundle = os.path.join(scratch, "%s.ca" % authorities[0])
        with open(self.bundle, "w", encoding="ascii") as out:
            out.write("".join(lab.read(pem(name)) for name in authorities))

    def nexthop(self, number):
        return "[127.0.0.1]:%d" % self.servers[number].port

    def settings(self, level):
        """Each server has a port of its own, so each row a policy."""
        if level == "may":
            table = []
        else:
            table = ["{%s = %s}" % (self.nexthop(n), self.policy(level, *row)) for n, row in enumerate(self.rows)]
        return ["smtp_tls_CAfile=" + self.bundle, "smtp_tls_loglevel=1", "smtp_tls_security_level=may",
                "smtp_tls_fingerprint_digest=sha256",
                "smtp_tls_policy_maps=" + ("inline:{%s}" % ",".join(table) if table else "")]

    def policy(self, level, chain, names):
        """What is asked of one server."""
        if level == "fingerprint":
            return "fingerprint match=" + hashlib.sha256(ssl.PEM_cert_to_DER_cert(leaf(chain))).hexdigest()
        anchors = {"secure": "", "tafile": " tafile=" + self.bundle, "leaf": " tafile=" + self.leaf_file(chain)}[level]
        return "secure match=%s%s" % (names, anchors)

    def leaf_file(self, chain):
        """A file of the leaf alone."""
        path = os.path.join(self.scratch, chain + ".leaf")
        with open(path, "w", encoding="ascii") as out:
            out.write(leaf(chain))
        return path

    def deliver(self, binary, level):
        """What each row came to."""
        base = tempfile.mkdtemp(dir=self.scratch)
        os.chmod(base, 0o755)
        agent = lab.Agent(base, binary, settings=self.settings(level), options=["--throttle", "0"])
        messages = [lab.Message(agent, rcpt=["u%d@rcpt.example" % n], nexthop=self.nexthop(n))
                    for n in range(len(self.rows))]
        try:
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda message: lab.deliver(agent, message), messages))
            lab.wait_for(lambda: sum(": to=<" in line for line in agent.log()) >= len(messages))
            log = agent.log()
        finally:
            agent.stop()
        return [told([line for line in log if self.about(n, message, line)]) for n, message in enumerate(messages)]

    def about(self, number, message, line):
        """Lines about TLS have no queue id, but each server has its port."""
        return line.startswith(message.id) or re.search(r"\]:%d\b" % self.servers[number].port, line)

    def compare(self, ours, theirs, level):
        """(name, complaints) of each row."""
        mine, reference = self.deliver(ours, level), self.deliver(theirs, level)
        for (chain, names), one, other in zip(self.rows, mine, reference):
            yield "%s, %s: %s" % (chain, "level may" if level == "may" else "%s %s" % (level, names), " ".join(one[:2])), \
                complaints(chain, one, other)


def complaints(chain, one, other):
    if one == other:
        return []
    if one[:2] == other[:2] and OTHER_WORDS.get(chain) == one[2]:
        return []
    if chain in STRICTER and other[1] in ("Verified", "Trusted") and one[1] == "Untrusted":
        return []
    if chain in UNREADABLE and other[1] in ("Verified", "Trusted") and one == ("deferred 4.7.5", "no TLS", ""):
        return []
    if chain in BETTER and other[1] == "Untrusted" and one[1] in ("Verified", "Trusted"):
        return []
    return ["safemx: %s, %s, %s" % one, "smtp:   %s, %s, %s" % other]


def chains():
    """All that a server may show."""
    names = sorted(name[:-4] for name in os.listdir(CERTS) if name.endswith(".pem"))
    return [(name, HOST) for name in names if name not in NO_SERVER]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("chains", nargs="*")
    parser.add_argument("--agent", help="a path")
    args = parser.parse_args()
    counts = [0, 0, 0]
    with lab.Scratch() as scratch:
        for authorities, rows in TRIALS:
            rows = [row for row in rows or chains() if not args.chains or row[0] in args.chains]
            shown = [row for row in rows if can_be_shown(row[0])]
            for chain, _ in set(rows) - set(shown):
                counts[2] += 1
                print("ok %s # SKIP OpenSSL's server cannot show it" % chain)
            trial = Trial(authorities, shown, scratch)
            for level in ("secure", "tafile", "leaf", "fingerprint", "may"):
                for name, texts in trial.compare(lab.agent_path(args.agent), lab.agent_path("real"), level):
                    counts[bool(texts)] += 1
                    print("%s %s" % ("not ok" if texts else "ok", name), flush=True)
                    for text in texts:
                        print("#   " + text)
    print("%d passed, %d failed, %d skipped" % tuple(counts))
    sys.exit(1 if counts[1] else 0)


if __name__ == "__main__":
    main()
