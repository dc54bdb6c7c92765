#!/usr/bin/env python3
"""Which channel is good enough: deliveries at every TLS level, by safemx and by the installed smtp(8).

  ./channel.py                     every row of channel.conf, by build/safemx (or $SAFEMX) and by smtp(8)
  ./channel.py --only secure,dane  some profiles
  ./channel.py --alone             without smtp(8)
  ./channel.py --show              with everything that was observed
  ./channel.py --theirs /opt/postfix/smtp --is 3.11
                                   by another smtp(8), and safemx as beside that version (t/data/postconf)
  ./channel.py --dns DIR           keep the tree's keys and zones in DIR, for a faster start

The heads of channel.conf and channel-differences.conf say what a row and a difference mean.
"""
import argparse
import concurrent.futures
import hashlib
import itertools
import os
import re
import shutil
import socket
import subprocess
import sys
import threading

import lab
import observed

LAB = os.path.join(lab.TOP, "t", "dnslab", "dnslab")
CERTS = os.path.join(lab.TOP, "t", "certs")
CONF = os.environ.get("CONF", os.path.join(lab.HERE, "channel.conf"))
DIFFERENCES = os.path.join(lab.HERE, "channel-differences.conf")
sys.path.insert(0, CERTS)
import smtpsink                                     # noqa: E402

OLD = 3600          # seconds that a message has waited, where it is no new one
TRIALS = 6          # agents at a time
CROWD = 80          # deliveries at a time


# ---------------------------------------------------------------------------- the table

class Row:
    """NEXTHOP[:{SERVER; ...}] [<POLICY>] OUTCOME DETAIL [WORDS]"""
    SHAPE = re.compile(r"(\S+?)(?::\{([^}]*)\})?\s+(?:<(.*)>\s+)?(\S+)\s+(\S+)\s*(.*)")

    def __init__(self, line):
        match = self.SHAPE.fullmatch(line)
        if match is None:
            sys.exit("not a row: " + line)
        self.nexthop, servers, self.policy, self.outcome, self.detail, self.words = match.groups()
        self.same = servers == "same"
        self.servers = [spec(text) for text in servers.split(";")] if servers and not self.same else []
        self.name = "%s%s%s" % (self.nexthop, ":{%s}" % servers if servers else "",
                                " <%s>" % self.policy if self.policy else "")


def spec(text):
    """The specification of a server: its certificate, a behaviour, NAME=VALUE."""
    certificate, *rest = [word.strip() for word in text.split(",")]
    wanted = {"cert": certificate, "ip": "0.0.0.0", "port": 0}
    for word in rest:
        name, is_set, value = word.partition("=")
        if is_set:
            wanted[name] = value.split("+") if name.startswith("ehlo") else int(value) if value.isdecimal() else value
        else:
            wanted["behave" if word in smtpsink.MODES else word] = word
    return wanted


class Profile:
    """One agent's settings, and the rows that it is tried with."""

    def __init__(self, name):
        self.name, self.settings, self.rows = name, [], []
        self.ours, self.old, self.together, self.resolver = False, False, 0, "RESOLVER"
        self.program, self.loglevels = "smtp", ["0", "1", "2"]


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
        elif word == "loglevels":
            self.profiles[-1].loglevels = rest.split()
        elif word == "program":
            self.profiles[-1].program = rest
        elif word == "together":
            self.profiles[-1].together = int(rest or 1)
        elif word in ("ours", "old"):
            setattr(self.profiles[-1], word, True)
        else:
            self.profiles[-1].rows.append(Row(line))


# ---------------------------------------------------------------------------- the hosts

def certificates(dns):
    """All of them in one directory: those of the tree, and those of t/certs."""
    zoo, tree = os.path.join(dns, "zoo"), os.path.join(dns, "certs")
    maker = os.path.join(CERTS, "mkcerts.sh")
    if not os.path.exists(zoo + "/roots.pem") or os.path.getmtime(zoo + "/roots.pem") < os.path.getmtime(maker):
        subprocess.run([maker, zoo], check=True)
    authority = lab.read(os.path.join(tree, "ca.pem"))
    for name in [name[:-4] for name in os.listdir(tree) if name.endswith(".key") and name != "ca.key"]:
        shutil.copy(os.path.join(tree, name + ".key"), zoo)
        with open(os.path.join(zoo, name + ".chain"), "w", encoding="ascii") as out:
            out.write(lab.read(os.path.join(tree, name + ".pem")) + authority)
    with open(os.path.join(zoo, "trusted.pem"), "w", encoding="ascii") as out:
        out.write(authority + lab.read(os.path.join(zoo, "roots.pem")))
    return zoo


class Hosts:
    """A mail server at each address of the tree whose host has a certificate, and at those the table names."""

    def __init__(self, dns, zoo, extra):
        self.records, self.servers = [], []
        for address, certificate in dict(self.of_the_tree(os.path.join(dns, "records"), zoo), **extra).items():
            self.servers.append(smtpsink.Sink({"ip": address, "port": 25, "cert": certificate}, zoo, self.records))
            self.servers[-1].start()

    @staticmethod
    def of_the_tree(path, zoo):
        """(address, certificate) of each record "ZONE OWNER A ADDRESS" whose host has one."""
        for line in lab.read(path).splitlines():
            match = re.fullmatch(r"(\S+) (\S+)\s+A\s+(127\S+)", line)
            if match:
                zone, owner, address = match.groups()
                host = (zone if owner == "@" else "%s.%s" % (owner, zone)).replace("*", "_")
                if os.path.exists(os.path.join(zoo, host + ".chain")):
                    yield address, host

    def stop(self):
        for server in self.servers:
            server.stop()


class Servers:
    """Those of one row, all at one port, or still those of the row before; and what they have seen."""

    def __init__(self, row, before, zoo):
        self.row, self.records, self.sinks = row, [], []
        if row.same:
            self.records, self.sinks = before.records, before.sinks
        for wanted in row.servers:
            port = self.sinks[0].spec["port"] if self.sinks else 0
            self.sinks.append(smtpsink.Sink(dict(wanted, port=port), zoo, self.records))
            self.sinks[-1].bind()

    @property
    def port(self):
        return self.sinks[0].spec["port"] if self.sinks else 25

    @property
    def nexthop(self):
        return self.row.nexthop + (":%d" % self.port if self.sinks else "")

    def start(self):
        if not self.row.same:
            for sink in self.sinks:
                sink.start()

    def stop(self):
        for sink in self.sinks:
            sink.stop()


class Policies(threading.Thread):
    """Answers for smtp_tls_policy_maps, as a socketmap (socketmap_table(5)): it can change from row to row."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.now = path, {}
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.bind(path)
        os.chmod(path, 0o777)
        self.sock.listen(100)
        self.start()

    def run(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()

    def serve(self, conn):
        with conn, conn.makefile("rwb") as file:
            while True:
                length = b""
                while not length.endswith(b":"):
                    byte = file.read(1)
                    if not byte:
                        return
                    length += byte
                key = file.read(int(length[:-1]) + 1)[:-1].decode().partition(" ")[2].lower()
                reply = ("OK " + self.now[key] if key in self.now else "NOTFOUND ").encode()
                file.write(b"%d:%s," % (len(reply), reply))
                file.flush()

    def stop(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


# ---------------------------------------------------------------------------- one agent

class Seen:
    """What became of one row."""

    def __init__(self, log, records):
        self.log, self.records = log, records

    def lines(self):
        return observed.lines_of(self.log, self.records)


class Trial:
    """A profile's rows, one after the other, by one agent at one loglevel."""
    count = itertools.count(1)

    def __init__(self, profile, binary, loglevel, world, ours):
        self.ours = ours
        self.profile, self.binary, self.loglevel, self.world = profile, binary, loglevel, world
        self.helo = "client%d.example" % next(self.count)
        self.servers = []
        for row in self.rows():
            self.servers.append(Servers(row, self.servers[-1] if self.servers else None, world.zoo))

    def rows(self):
        return self.profile.rows

    def settings(self, scratch):
        zoo, policies = self.world.zoo, os.path.join(scratch, "policies")
        settings = ["smtp_host_lookup=dns", "smtp_tls_loglevel=%s" % self.loglevel, "smtp_tls_CAfile=%s/trusted.pem" % zoo,
                    "smtp_helo_name=" + self.helo, "safemx_dnssec_anchor_file=%s/root.key" % self.world.dns] \
            + ["smtp_tls_policy_maps=socketmap:unix:%s:policy" % policies] * any(row.policy for row in self.profile.rows) \
            + [self.world.spelled_out(setting) for setting in self.profile.settings]
        if self.profile.program == "lmtp":
            settings = [re.sub("^smtp_", "lmtp_", setting.replace("smtp_helo", "lmtp_lhlo")) for setting in settings]
        last = dict(setting.split("=", 1) for setting in settings) # Postfix warns of one that is set twice
        return ["=".join(pair) for pair in last.items()]

    def run(self):
        """(what was seen of each row, complaints about the agent)"""
        with lab.Scratch() as scratch:
            self.policies = Policies(os.path.join(scratch, "policies"))
            settings = self.settings(scratch)
            if self.ours and self.world.version:
                settings.append(lab.pretend(scratch, self.world.version))
            cache = int(any("session_cache_database" in setting for setting in settings))
            agent = lab.Agent(scratch, self.binary, self.profile.program, settings,
                              options=["--throttle", "0", "--tls-cache", str(cache)])
            try:
                seen = self.deliveries(agent)
                complaints = [] if agent.drain() else ["did not end when its master said so"]
            finally:
                agent.stop()
                for part in [*self.servers, self.policies]:
                    part.stop()
            complaints += ["status %d, signal %d" % end for end in agent.exits() if end != (0, 0)]
            return seen, complaints + ([text] if (text := lab.read(agent.errors)) else [])

    def deliveries(self, agent):
        return [self.settle(agent, number, servers) for number, servers in enumerate(self.servers)]

    def policy(self, servers):
        """For Policies."""
        row = servers.row
        return {servers.nexthop.lower().removeprefix("inet:"): self.world.spelled_out(row.policy)} if row.policy else {}

    def message(self, agent, number, servers):
        return lab.Message(agent, rcpt=["u%d@rcpt.example" % number], nexthop=servers.nexthop,
                           optname=lab.optname(self.world.version or "3.7"), waited=OLD if self.profile.old else 0)

    def settle(self, agent, number, servers):
        """Delivers one message."""
        logged, met, met_here = len(agent.log()), len(self.world.hosts.records), len(servers.records)
        message = self.message(agent, number, servers)
        servers.start()
        self.policies.now = self.policy(servers)
        lab.deliver(agent, message)
        lab.wait_for(lambda: any(message.id + ": to=<" in line for line in agent.log()[logged:]), 3)
        records = servers.records[met_here:] \
            + [record for record in self.world.hosts.records[met:] if record["helo"] == self.helo]
        if not self.profile.ours: # they may be kept, and nobody compares them
            lab.wait_for(lambda: all(record["end"] for record in records), 3)
        return Seen(agent.log()[logged:], records)


class Together(Trial):
    """All of a profile's rows at once, by one process: none may notice the others."""

    def rows(self):
        """Those whose server was not asked for this next hop before: a policy belongs to a next hop."""
        chosen, asked = [], set()
        for row in self.profile.rows:
            asked = asked if row.same else set()
            if (row.servers or row.same) and row.nexthop not in asked:
                chosen.append(row)
            asked.add(row.nexthop)
        return chosen

    def deliveries(self, agent):
        """Of each row, one Seen for each time."""
        self.policies.now = {key: value for servers in self.servers for key, value in self.policy(servers).items()}
        for servers in self.servers:
            servers.start()
        sent = [(servers, self.message(agent, number, servers)) for _ in range(self.profile.together)
                for number, servers in enumerate(self.servers)]
        with concurrent.futures.ThreadPoolExecutor(min(len(sent), CROWD)) as pool:
            list(pool.map(lambda each: lab.deliver(agent, each[1]), sent))
        lab.wait_for(lambda: sum(": to=<" in line for line in agent.log()) >= len(sent), 3)
        self.log = agent.log()
        return [[self.seen(servers, message) for at, message in sent if at is servers] for servers in self.servers]

    def seen(self, servers, message):
        """What is known to be of this delivery: all about its server only when it was the only one there."""
        alone = self.profile.together == 1 and sum(each.sinks is servers.sinks for each in self.servers) == 1
        return Seen([line for line in self.log if message.id + ": " in line
                     or (alone and "]:%d" % servers.port in line)], servers.records if alone else [])


# ---------------------------------------------------------------------------- judgement

def judge(row, seen):
    """Complaints about one row: is it as the table says?"""
    got, dsn, reason, word = observed.fate(seen.log, seen.records)
    have = "%s %s" % (got, word if got == "sent" else "%s (%s)" % (dsn, reason))
    if row.outcome == "kept": # whatever becomes of it, it was not sent in clear
        return [] if got == "deferred" or (got == "sent" and word == row.detail) else [have] + seen.lines()
    if got == "sent" and word == "TLS" and row.detail != "plaintext":
        word = row.detail # at this loglevel no line has it
    if got != row.outcome or row.detail != (word if row.outcome == "sent" else dsn):
        return ["%s, expected %s %s" % (have, row.outcome, row.detail)] + seen.lines()
    if row.words.startswith("tls="):
        shown = re.findall(r", (tls=\S+), dsn=", "\n".join(seen.log))
        return [] if shown == [row.words] else ["it says %s, expected %s" % (shown, row.words)]
    if row.words and not lab.matches("*%s*" % row.words, reason):
        return ["%s, expected the words: %s" % (have, row.words)]
    return []


def compare(name, theirs, ours, allowed):
    """Complaints about one row: is it as with smtp(8), but for what is listed?"""
    lines = [line for line in observed.difference(theirs.lines(), ours.lines()) if not allowed.allows(name, line)]
    if observed.looser(theirs, ours) and not allowed.accepts(name):
        lines.insert(0, "looser than smtp(8)")
    return lines


class Pairs:
    """The trials of one profile at one loglevel: by safemx, and by smtp(8) if that is to be the same."""

    def __init__(self, profile, loglevel, world, args, pool):
        self.profile, self.loglevel, self.args = profile, loglevel, args
        self.together = Together(profile, lab.agent_path(args.agent), loglevel, world, True) \
            if profile.together and loglevel == "1" else None
        self.crowd = pool.submit(self.together.run) if self.together else None
        self.ours = pool.submit(Trial(profile, lab.agent_path(args.agent), loglevel, world, True).run)
        self.theirs = None if profile.ours or args.alone else \
            pool.submit(Trial(profile, lab.agent_path(args.theirs or "real"), loglevel, world, False).run)

    def tests(self, allowed):
        """(name, function) of each row, and of each agent's end."""
        prefix = "%s %s: " % (self.profile.name, self.loglevel)
        for number, row in enumerate(self.profile.rows):
            yield prefix + row.name, lambda n=number, r=row: self.row(prefix + r.name, n, r, allowed)
        yield prefix + "ends well", lambda: self.ours.result()[1]
        if self.theirs:
            yield prefix + "smtp(8) ends well", lambda: self.theirs.result()[1]
        if self.together:
            for number, row in enumerate(self.together.rows()):
                yield prefix + "together: " + row.name, lambda n=number, r=row: [
                    complaint for seen in self.crowd.result()[0][n] for complaint in judge(r, seen)]
            yield prefix + "together: ends well", lambda: self.crowd.result()[1]
            if self.profile.together == 1:
                yield prefix + "together: the log is the same", self.same_log

    def same_log(self):
        """Complaints if deliveries that had company logged something else than those that had none."""
        chosen = self.together.rows()
        alone = [line for row, seen in zip(self.profile.rows, self.ours.result()[0]) if row in chosen for line in seen.log]
        self.crowd.result()
        return observed.unlike(alone, self.together.log)

    def row(self, name, number, row, allowed):
        ours = self.ours.result()[0][number]
        if self.args.show:
            print("\n".join("#  ours  " + line for line in ours.lines()))
        complaints = [] if self.args.version else judge(row, ours)
        if self.theirs:
            theirs = self.theirs.result()[0][number]
            if self.args.show:
                print("\n".join("#  real  " + line for line in theirs.lines()))
            complaints += compare(name, theirs, ours, allowed)
        return complaints


# ---------------------------------------------------------------------------- outside and inside

class World:
    """What all trials share: the tree, certificates, hosts."""

    def __init__(self, dns, extra, version=None):
        self.dns, self.zoo, self.version = dns, certificates(dns), version
        self.hosts = Hosts(dns, self.zoo, extra)

    def spelled_out(self, text):
        """{certs}; {fp:NAME}, {kp:NAME}: fingerprint of a certificate, of its key."""
        text = text.replace("{certs}", self.zoo)
        return re.sub(r"\{([fk])p:(\w+)\}", lambda match: self.fingerprint(match.group(2), match.group(1) == "k"), text)

    def fingerprint(self, name, of_key):
        path = os.path.join(self.zoo, name + ".pem")
        command = "openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform DER" if of_key else \
            "openssl x509 -in %s -outform DER"
        der = subprocess.run(command % path, shell=True, check=True, stdout=subprocess.PIPE).stdout
        return hashlib.sha256(der).digest().hex(":")

    def use_resolver(self, name):
        """/etc/resolv.conf is the tree's file, mounted over the system's."""
        address = re.search("^DNSLAB_%s=(.*)$" % name, lab.read(self.dns + "/env"), re.M).group(1)
        with open(os.path.join(self.dns, "resolv.conf"), "w", encoding="ascii") as file:
            file.write("nameserver %s\n" % address)


def tests(table, args, world, allowed):
    """Profiles with one resolver go side by side."""
    wanted = [profile for profile in table.profiles if not args.only or profile.name in args.only.split(",")]
    for resolver, profiles in itertools.groupby(wanted, lambda profile: profile.resolver):
        world.use_resolver(resolver)
        with concurrent.futures.ThreadPoolExecutor(TRIALS) as pool:
            pairs = [Pairs(profile, loglevel, world, args, pool) for profile in profiles
                     for loglevel in (["1"] if profile.ours else profile.loglevels)]
            for pair in pairs:
                yield from pair.tests(allowed)
    if not args.only and not args.alone and not args.version:
        yield "every difference that is listed was met", allowed.stale


def inside(args):
    """In the namespace, where the tree answers on port 53."""
    table, allowed = Table(CONF), observed.Allowed(DIFFERENCES)
    world = World(args.inside, table.hosts, args.version)
    try:
        return lab.run_all(tests(table, args, world, allowed), jobs=1)
    finally:
        world.hosts.stop()


def outside(args):
    dns = os.path.abspath(args.dns) if args.dns else None
    with lab.Scratch() as scratch:
        state = dns or os.path.join(scratch, "dns")
        command = [LAB, "-d", state, "exec", sys.executable, os.path.abspath(__file__), "--inside", state]
        command += ["--agent", args.agent or lab.agent_path()] + (["--only", args.only] if args.only else [])
        command += ["--theirs", os.path.abspath(args.theirs), "--is", args.version] if args.version else []
        command += ["--alone"] * args.alone + ["--show"] * args.show
        return subprocess.run(command, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", help="a path")
    parser.add_argument("--theirs", help="another smtp(8) than the installed one")
    parser.add_argument("--is", dest="version", help="its version, which ours is then told; rows are only compared")
    parser.add_argument("--alone", action="store_true", help="don't compare with smtp(8)")
    parser.add_argument("--show", action="store_true", help="everything that was observed")
    parser.add_argument("--only", help="names of profiles")
    parser.add_argument("--dns", help="directory for keys and zones")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.exit(inside(args) if args.inside else outside(args))


if __name__ == "__main__":
    main()
