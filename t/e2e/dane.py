#!/usr/bin/env python3
"""DANE end to end: the cases of dane.conf in a signed DNS tree made for them, by safemx and by smtp(8) in one run.

  ./dane.py                all of them, against build/safemx (or $SAFEMX)
  ./dane.py ee-expired     some
  ./dane.py --alone        without smtp(8)
  ./dane.py --show         with what was observed
"""
import argparse
import base64
import concurrent.futures
import functools
import hashlib
import os
import re
import subprocess
import sys

import chains
import channel
import lab

CONF = os.path.join(lab.HERE, "dane.conf")
FIRST = 3000        # of the ports; each case has its own
HOST, ADDRESS = "mx.a.test", "127.25.100.1"


# ---------------------------------------------------------------------------- the table

class Case:
    def __init__(self, name, port):
        self.name, self.port, self.level, self.nexthop = name, port, "dane", "[%s]" % HOST
        self.settings, self.records, self.servers, self.says = [], [], [], []
        self.outcome = self.detail = self.words = self.sni = self.differs = ""

    def take(self, word, rest):
        if word == "level":
            self.level = rest
        elif word == "set":
            self.settings.append(rest)
        elif word == "to":
            self.nexthop = rest
        elif word == "tlsa":
            self.records.append(self.record(rest))
        elif word == "many":
            self.records += [(HOST, "3 1 1 %064x" % n) for n in range(int(rest))]
        elif word == "server":
            self.servers.append(rest.split())
        elif word == "=>":
            self.outcome, self.detail, self.words = (rest.split(None, 2) + [""])[:3]
        elif word == "name":
            self.sni = rest
        elif word == "says":
            self.says.append(rest)
        elif word == "differs":
            self.differs = rest
        else:
            sys.exit("%s: %s?" % (CONF, word))

    @staticmethod
    def record(text):
        """(owner's host, record data) of "[HOST] 3 1 1 host" and "[HOST] # HEX"."""
        host, rest = (HOST, text) if re.match(r"[\d#]", text) else text.split(" ", 1)
        if rest[0] == "#":
            data = re.sub(r"\{00\*(\d+)\}", lambda match: "00" * int(match.group(1)), rest[1:].strip())
            return host, "\\# %d %s" % (len(data) // 2, data)
        usage, selector, matching, name = rest.split()
        return host, "%s %s %s %s" % (usage, selector, matching, association(name, int(selector), int(matching)).hex())


@functools.lru_cache(None)
def public_key(path):
    """SubjectPublicKeyInfo of the first certificate in a file."""
    command = "openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform DER" % path
    return subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE).stdout


def association(name, selector, matching):
    """What a record of that selector and matching type says of the first object in a file of t/data/certs."""
    if name == "bad":
        return bytes(64 if matching == 2 else 32)
    path = os.path.join(chains.CERTS, name if "." in name else name + ".pem")
    first = re.search(r"-----BEGIN.*?-----(.*?)-----END", lab.read(path), re.S).group(1)
    data = base64.b64decode(first)
    if selector != 0 and not path.endswith(".pub"):
        data = public_key(path)
    return data if matching == 0 else hashlib.new("sha512" if matching == 2 else "sha256", data).digest()


def read_table():
    """(zones as dnslab wants them, cases)"""
    zones, cases = ["zone . twokeys", "zone test twokeys"], []
    for line in lab.read(CONF).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "case":
            cases.append(Case(rest.strip(), FIRST + len(cases)))
        elif line.startswith("#") or not word:
            continue
        elif cases:
            cases[-1].take(word, rest.strip())
        else:
            zones.append(line)
    return zones, cases


def tree(directory):
    """A table for dnslab, with each case's records in the zone of their host."""
    zones, cases = read_table()
    own = {}
    for case in cases:
        for host, data in case.records:
            kind = "TYPE52" if data[0] == "\\" else "TLSA"
            own.setdefault(host, []).append("_%d._tcp.%s. %s %s" % (case.port, host, kind, data) if host[0] != "*"
                                            else "%s. %s %s" % (host, kind, data))
    path = os.path.join(directory, "domains.conf")
    with open(path, "w", encoding="ascii") as out:
        for line in zones:
            out.write(line + "\n")
            if line.startswith("zone ") and line.split()[1] != ".":
                for host in [host for host in own if host.endswith("." + line.split()[1]) and line.split()[1] != "test"]:
                    out.write("\n".join(own.pop(host)) + "\n")
    if own:
        sys.exit("%s: no zone for %s" % (CONF, " ".join(own)))
    return path


# ---------------------------------------------------------------------------- one case

class Host(lab.Mailbox):
    """Shows a chain; remembers what name it was asked for."""

    def __init__(self, address, port, chain, *words):
        self.asked, context = [], chains.context(chain)
        context.sni_callback = lambda sock, name, made: self.asked.append(name or "-")
        super().__init__(pem=None if "no-starttls" in words else context, address=(address, port))


class Group:
    """Cases with the same settings: an agent delivers them side by side, and then the other."""

    def __init__(self, cases, args, pool):
        self.cases, self.args = cases, args
        self.seen = pool.submit(self.both)

    def both(self):
        """(what was seen with safemx, with smtp(8)), each by case"""
        return self.deliver(lab.agent_path(self.args.agent)), \
            None if self.args.alone else self.deliver(lab.agent_path("real"))

    def settings(self):
        case = self.cases[0]
        return ["smtp_host_lookup=dns", "smtp_dns_support_level=dnssec", "smtp_tls_loglevel=summary,certmatch",
                "smtp_tls_CAfile=" + chains.pem("root"), "safemx_dnssec_anchor_file=%s/root.key" % self.args.inside,
                "smtp_tls_security_level=" + case.level] + case.settings

    def deliver(self, binary):
        """What was seen of each case, by name."""
        hosts = {case.name: [Host(address, case.port, *rest) for address, *rest in case.servers or [[ADDRESS, "host"]]]
                 for case in self.cases}
        with lab.Scratch() as base:
            agent = lab.Agent(base, binary, settings=self.settings(), options=["--throttle", "0"])
            messages = {case.name: lab.Message(agent, rcpt=["you@rcpt.example"], nexthop="%s:%d" % (case.nexthop, case.port))
                        for case in self.cases}
            try:
                with concurrent.futures.ThreadPoolExecutor(8) as pool:
                    list(pool.map(lambda message: lab.deliver(agent, message), messages.values()))
                lab.wait_for(lambda: sum(": to=<" in line for line in agent.log()) >= len(messages), 3)
            finally:
                agent.stop()
                for host in sum(hosts.values(), []):
                    host.stop()
            log = agent.log()
        return {case.name: seen(case, messages[case.name].id, hosts[case.name], log) for case in self.cases}


def seen(case, ident, hosts, log):
    """The delivery line's status code, outcome and text; word; server names; lines about certificates and records."""
    log = [line for line in log if line.startswith(ident) or re.search(r"(?<!\d)%d(?!\d)" % case.port, line)]
    pattern = ident + r": to=<.*dsn=([\d.]+), status=(\w+) \((.*)\)$"
    dsn, outcome, text = ([match.groups() for line in log if (match := re.match(pattern, line))] or [("", "none", "")])[0]
    words = [match.group(1) for line in log if (match := re.match(r"(\w+) TLS connection established to", line))]
    return {"dsn": dsn, "outcome": outcome, "text": text, "word": words[-1] if words else "plaintext",
            "names": [name for host in hosts for name in host.asked],
            # each once: smtp(8) asks again, and warns again, where a lookup failed
            "lines": list(dict.fromkeys(line for line in log if re.search(r"verification failed for | matched peername|: Matched |TLSA", line)
                          and not line.startswith(ident))), "log": log}


def complaints(case, ours):
    got = ours["word"] if ours["outcome"] == "sent" else ours["dsn"]
    texts = []
    if (ours["outcome"], got) != (case.outcome, case.detail):
        texts.append("%s %s (%s), expected %s %s" % (ours["outcome"], got, ours["text"], case.outcome, case.detail))
    if case.words and not lab.matches("*%s*" % case.words, ours["text"]):
        texts.append("the text is " + ours["text"])
    if case.sni and (ours["names"][-1:] or ["-"]) != [case.sni]:
        texts.append("asked for %s, not %s" % (ours["names"], case.sni))
    texts += ["not in the log: " + said for said in case.says if not any(lab.matches(said, line) for line in ours["log"])]
    return texts + ours["log"] if texts else []


def differences(ours, theirs):
    texts = ["%s: safemx %s\n    smtp %s" % (key, ours[key], theirs[key])
             for key in ("outcome", "dsn", "word", "names", "lines") if ours[key] != theirs[key]]
    if not ours["text"].startswith(theirs["text"].split(" (")[0]) and ours["outcome"] != "sent":
        texts.append("text: safemx %s\n    smtp %s" % (ours["text"], theirs["text"]))
    return texts


def judge(case, group):
    ours, theirs = [seen and seen[case.name] for seen in group.seen.result()]
    texts = complaints(case, ours)
    if group.args.show:
        print("\n".join("#  ours  " + line for line in ours["log"]))
    if theirs:
        if group.args.show:
            print("\n".join("#  real  " + line for line in theirs["log"]))
        differ = differences(ours, theirs)
        if case.differs and not differ:
            texts.append("smtp(8) does the same: " + case.differs)
        texts += [] if case.differs else differ
    return texts


# ---------------------------------------------------------------------------- outside and inside

def inside(args):
    """In the namespace, where the tree answers on port 53."""
    groups = {}
    for case in read_table()[1]:
        if not args.cases or case.name in args.cases:
            groups.setdefault((case.level, *case.settings), []).append(case)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        groups = [Group(cases, args, pool) for cases in groups.values()]
        return lab.run_all([(case.name, lambda c=case, g=group: judge(c, g)) for group in groups for case in group.cases],
                           jobs=1)


def outside(args):
    with lab.Scratch() as scratch:
        state = os.path.abspath(args.dns) if args.dns else os.path.join(scratch, "dns")
        os.makedirs(state, exist_ok=True)
        command = [channel.LAB, "-d", state, "-f", tree(state), "exec", sys.executable, os.path.abspath(__file__)]
        command += ["--inside", state, "--agent", args.agent or lab.agent_path()]
        command += ["--alone"] * args.alone + ["--show"] * args.show + args.cases
        return subprocess.run(command, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--agent", help="a path")
    parser.add_argument("--alone", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--dns", help="directory for keys and zones")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.exit(inside(args) if args.inside else outside(args))


if __name__ == "__main__":
    main()
