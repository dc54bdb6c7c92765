#!/usr/bin/env python3
"""Which channel is good enough: deliveries through the signed DNS tree of t/dnslab, at every TLS level.

  ./channel.py                     every row of channel.conf, against build/safemx (or $SAFEMX)
  ./channel.py --agent real        the rows that must be the same for smtp(8)
  ./channel.py --only secure,dane  some profiles
  ./channel.py --dns DIR           keep the tree's keys and zones in DIR, for a faster start

The head of channel.conf says what a row means.
"""
import argparse
import os
import re
import subprocess
import sys

import lab

LAB = os.path.join(lab.TOP, "t", "dnslab", "dnslab")
CONF = os.path.join(lab.HERE, "channel.conf")


# ---------------------------------------------------------------------------- the table

class Profile:
    """One agent's settings, and the rows that it is tried with."""

    def __init__(self, name):
        self.name, self.settings, self.rows, self.ours, self.resolver = name, [], [], False, "RESOLVER"


class Table:
    def __init__(self, path):
        self.hosts, self.profiles = {}, []
        with open(path, encoding="ascii") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    self.take(line.split("#")[0].rstrip())

    def take(self, line):
        word, _, rest = line.partition(" ")
        rest = rest.strip()
        if word == "host":
            address, certificate = rest.split()
            self.hosts[address] = certificate
        elif word == "profile":
            self.profiles.append(Profile(rest))
        elif word == "set":
            self.profiles[-1].settings.append(rest)
        elif word == "resolver":
            self.profiles[-1].resolver = rest.upper()
        elif word == "ours":
            self.profiles[-1].ours = True
        else:
            self.profiles[-1].rows.append((word, *(rest.split(None, 2) + ["", ""])[:3]))


# ---------------------------------------------------------------------------- the hosts

class Hosts:
    """A mail server at each address of the tree whose host has a certificate, and at those the table names."""

    def __init__(self, dns, extra, scratch):
        self.certs, self.scratch, self.servers = os.path.join(dns, "certs"), scratch, []
        wanted = dict(self.of_the_tree(os.path.join(dns, "records")), **extra)
        for address, certificate in wanted.items():
            self.servers.append(lab.Mailbox(pem=self.chain(certificate), address=(address, 25)))

    def of_the_tree(self, path):
        """(address, certificate) of each record "ZONE OWNER A ADDRESS" whose host has one."""
        for line in lab.read(path).splitlines():
            match = re.fullmatch(r"(\S+) (\S+)\s+A\s+(127\S+)", line)
            if match:
                zone, owner, address = match.groups()
                host = (zone if owner == "@" else "%s.%s" % (owner, zone)).replace("*", "_")
                if os.path.exists(os.path.join(self.certs, host + ".pem")):
                    yield address, host

    def chain(self, name):
        """Key, certificate and the authority's certificate in one file, as a server presents them."""
        path = os.path.join(self.scratch, name + ".chain")
        with open(path, "w", encoding="ascii") as out:
            for part in (name + ".key", name + ".pem", "ca.pem"):
                out.write(lab.read(os.path.join(self.certs, part)))
        return path

    def stop(self):
        for server in self.servers:
            server.stop()


# ---------------------------------------------------------------------------- one delivery

def settle(agent, nexthop, number):
    """Delivers one message; returns the log lines that belong to it."""
    before = len(agent.log())
    message = lab.Message(agent, rcpt=["u%d@rcpt.example" % number], nexthop=nexthop)
    lab.deliver(agent, message)
    lab.wait_for(lambda: any(message.id + ": to=<" in line for line in agent.log()[before:]), 3)
    return agent.log()[before:]


def fate(lines):
    """(outcome, dsn, reason) and the word of the last TLS connection."""
    settled = [re.search(r"dsn=([\d.]+), status=(\w+) \((.*)\)$", line) for line in lines if ": to=<" in line]
    words = [re.match(r"(\w+) TLS connection (?:established|reused) to", line) for line in lines]
    words = [match.group(1) for match in words if match]
    if not settled or not settled[-1]:
        return None, "", "", ""
    dsn, outcome, reason = settled[-1].groups()
    return outcome, dsn, reason, words[-1] if words else "plaintext"


def judge(row, lines):
    """Complaints about one row."""
    _, outcome, detail, pattern = row
    got, dsn, reason, word = fate(lines)
    have = "%s %s" % (got, word if got == "sent" else "%s (%s)" % (dsn, reason))
    if got != outcome or detail != (word if outcome == "sent" else dsn):
        return ["%s, expected %s %s" % (have, outcome, detail)] + lines
    if pattern and not lab.matches("*%s*" % pattern, reason):
        return ["%s, expected the words: %s" % (have, pattern)]
    return []


class Trial:
    """A profile's agent, and its rows one after the other."""

    def __init__(self, profile, binary, dns):
        self.profile, self.binary, self.dns = profile, binary, dns

    def settings(self):
        own = [setting.replace("{certs}", os.path.join(self.dns, "certs")) for setting in self.profile.settings]
        return ["smtp_host_lookup=dns", "smtp_tls_loglevel=1", "smtp_tls_CAfile=%s/certs/ca.pem" % self.dns,
                "safemx_dnssec_anchor_file=%s/root.key" % self.dns] + own

    def use_resolver(self):
        """/etc/resolv.conf is the tree's file, mounted over the system's."""
        address = re.search("^DNSLAB_%s=(.*)$" % self.profile.resolver, lab.read(self.dns + "/env"), re.M).group(1)
        with open(os.path.join(self.dns, "resolv.conf"), "w", encoding="ascii") as file:
            file.write("nameserver %s\n" % address)

    def tests(self):
        """(name, function) of each row, and of the agent's end."""
        scratch = lab.Scratch()
        agent = None

        def begin():
            nonlocal agent
            self.use_resolver()
            agent = lab.Agent(scratch.path, self.binary, settings=self.settings(), options=["--throttle", "0"])
            return []

        def end():
            complaints = [] if agent.drain() else ["did not end when its master said so"]
            agent.stop()
            complaints += ["status %d, signal %d" % end for end in agent.exits() if end != (0, 0)]
            complaints += [text] if (text := lab.read(agent.errors)) else []
            scratch.__exit__()
            return complaints

        yield "%s: begins" % self.profile.name, begin
        for number, row in enumerate(self.profile.rows):
            yield "%s: %s %s %s" % (self.profile.name, *row[:3]), \
                lambda n=number, r=row: judge(r, settle(agent, r[0], n))
        yield "%s: ends well" % self.profile.name, end


# ---------------------------------------------------------------------------- outside and inside

def tests(table, args):
    for profile in table.profiles:
        if args.agent == "real" and profile.ours:
            continue
        if not args.only or profile.name in args.only.split(","):
            yield from Trial(profile, lab.agent_path(args.agent), args.inside).tests()


def inside(args):
    """In the namespace, where the tree answers on port 53."""
    table = Table(CONF)
    with lab.Scratch() as scratch:
        hosts = Hosts(args.inside, table.hosts, scratch)
        try:
            return lab.run_all(tests(table, args), jobs=1)
        finally:
            hosts.stop()


def outside(args):
    dns = os.path.abspath(args.dns) if args.dns else None
    with lab.Scratch() as scratch:
        state = dns or os.path.join(scratch, "dns")
        command = [LAB, "-d", state, "exec", sys.executable, os.path.abspath(__file__), "--inside", state]
        command += ["--agent", args.agent or lab.agent_path()] + (["--only", args.only] if args.only else [])
        return subprocess.run(command, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", help='a path, or "real"')
    parser.add_argument("--only", help="names of profiles")
    parser.add_argument("--dns", help="directory for keys and zones")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.exit(inside(args) if args.inside else outside(args))


if __name__ == "__main__":
    main()
