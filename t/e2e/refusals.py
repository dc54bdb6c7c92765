#!/usr/bin/env python3
"""Every refusal explains itself: doc/tls-refusals.md, cause by cause, against what the agent says.

  ./refusals.py                  every cause, against build/safemx (or $SAFEMX)
  ./refusals.py expired closed   some
  ./refusals.py --agent real     smtp(8): only Postfix's words, which stand in front of ours
  ./refusals.py --say            prints what is said, for the document
  ./refusals.py --dns DIR        keep the DNS tree's keys and zones in DIR, for a faster start

refusals.conf says how a cause is brought about. A cause without a heading in the document, a heading without a
cause, and a text that differs by a byte fail; only digests and keys are not compared.
"""
import argparse
import os
import re
import shutil
import ssl
import subprocess
import sys

import channel
import chains
import features
import lab

CONF = os.path.join(lab.HERE, "refusals.conf")
DOCUMENT = os.path.join(lab.TOP, "doc", "tls-refusals.md")
FIRST = 1       # of the addresses 127.25.200.N


class Cause:
    def __init__(self, name, ours):
        self.name, self.ours, self.nexthop, self.server, self.policy = name, ours, "", None, ""
        self.settings, self.resolver, self.version, self.asks = [], "RESOLVER", "", ""


def read_causes():
    causes = []
    with open(CONF, encoding="ascii") as file:
        for line in file:
            word, _, rest = line.strip().partition(" ")
            if word in ("", "#"):
                continue
            if word == "cause":
                causes.append(Cause(rest.split()[0], rest.endswith(" ours")))
            elif word == "to":
                causes[-1].nexthop = rest
            elif word == "set":
                causes[-1].settings.append(rest)
            elif word == "server":
                causes[-1].server = dict((part.partition("=")[::2]) for part in rest.split())
            elif word in ("policy", "version", "asks"):
                setattr(causes[-1], word, rest)
            elif word == "resolver":
                causes[-1].resolver = rest.upper()
            else:
                sys.exit("%s: %s?" % (CONF, word))
    return causes


def read_document():
    """{cause: (status code, text)}: the first indented line after a heading "### `cause`"."""
    said, cause = {}, None
    for line in lab.read(DOCUMENT).splitlines():
        if match := re.match(r"### `([\w-]+)`", line):
            cause = match.group(1)
        elif cause and cause not in said and (match := re.match(r"    dsn=([\d.]+), status=(\w+) \((.*)\)$", line)):
            said[cause] = match.groups()
    return said


def without_digests(text):
    """Keys differ from one DNS tree to the next."""
    return re.sub(r"\b(?:[0-9A-F]{2}:?){16,}\b", "...", text)


# ---------------------------------------------------------------------------- servers

class Host(lab.Mailbox):
    """What a cause wants of its server."""
    certs = ""      # directory of the tree's

    def __init__(self, wish, address):
        self.wish = wish
        address, _, port = wish.get("at", address + ":25").partition(":")
        super().__init__(pem=self.context(), address=(address, int(port)))

    def context(self):
        made = chains.context(self.wish.get("chain", "host"))
        if "alone" in self.wish:
            path = os.path.join(self.certs, self.wish["alone"])
            made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            made.load_cert_chain(path + ".pem", path + ".key")
        made.set_ciphers(self.wish.get("ciphers", "ALL:@SECLEVEL=0"))
        if "max" in self.wish:
            made.maximum_version = ssl.TLSVersion[self.wish["max"]]
        if "wants-client" in self.wish:
            made.verify_mode = ssl.CERT_REQUIRED
        return made

    def command(self, session, line):
        if line.upper().startswith("EHLO") and "no-starttls" in self.wish:
            session.say("250 mx.example")
            return True
        if not line.upper().startswith("STARTTLS"):
            return super().command(session, line)
        if "refuse" in self.wish:
            session.say(self.wish["refuse"].replace("_", " "))
            return True
        session.say("220 go")
        if "closes" in self.wish:
            session.sock.recv(65536)
            return False
        if "talks" in self.wish:
            session.sock.recv(65536)
            session.say("500 5.5.1 what?")
            return False
        session.do_tls("")
        return True


# ---------------------------------------------------------------------------- one cause

class Trial:
    def __init__(self, number, cause, said, args):
        self.number, self.cause, self.said, self.args = number, cause, said, args
        self.address = "127.25.200.%d" % (FIRST + number)
        self.nexthop = cause.nexthop or "[%s]" % self.address

    def settings(self, base):
        dns, cause = self.args.inside, self.cause
        settings = ["smtp_host_lookup=dns", "smtp_tls_loglevel=1", "safemx_dnssec_anchor_file=%s/root.key" % dns,
                    "smtp_tls_CAfile=%s/ca.pem" % dns]
        if cause.policy:
            settings.append("smtp_tls_policy_maps=inline:{{%s = %s}}" % (self.nexthop, cause.policy))
        if cause.version:
            settings.append(lab.pretend(base, cause.version))
        return [setting.replace("{certs}", dns + "/data").replace("{dns}", dns) for setting in settings + cause.settings]

    def deliver(self):
        """(status code, outcome, text) of the delivery line."""
        host = Host(self.cause.server, self.address) if self.cause.server is not None else None
        with lab.Scratch() as base:
            agent = lab.Agent(base, lab.agent_path(self.args.agent), settings=self.settings(base))
            try:
                message = lab.Message(agent, rcpt=["you@rcpt.example"], nexthop=self.nexthop, **self.request())
                lab.deliver(agent, message)
                pattern = message.id + r": to=<.*dsn=([\d.]+), status=(\w+) \((.*)\)$"
                lab.wait_for(lambda: any(re.match(pattern, line) for line in agent.log()), 3)
            finally:
                agent.stop()
                if host:
                    host.stop()
            log = [self.as_in_document(line) for line in agent.log()]
            settled = [match.groups() for line in log if (match := re.match(pattern, line))]
            return settled[0] if settled else ("none", "none", "\n".join(log))

    def request(self):
        """What the queue manager says of the message, in the words of the version."""
        return {"optname": lab.optname(self.cause.version or "3.7"),
                "sendopts": features.SENDOPT_REQUIRETLS if self.cause.asks else 0}

    def as_in_document(self, line):
        return line.replace(self.args.inside + "/data/", "/etc/postfix/").replace(self.address, "192.0.2.1")

    def __call__(self):
        got = self.deliver()
        if self.args.say:
            print("### `%s`\n\n    dsn=%s, status=%s (%s)\n" % (self.cause.name, *got))
            return []
        want = self.said.get(self.cause.name)
        if want is None:
            return ["the document does not have it; it is: dsn=%s, status=%s (%s)" % got]
        if self.args.agent == "real":
            good = got[:2] == want[:2] and want[2].startswith(got[2])
        else:
            good = got[:2] == want[:2] and without_digests(got[2]) == without_digests(want[2])
        return [] if good else ["said:     dsn=%s, status=%s (%s)" % got, "document: dsn=%s, status=%s (%s)" % want]


def seldom():
    """What the document has of modules' tests: "- `text` (t/...)"."""
    rows = re.findall(r"^- `(.*)` \((t/[\w/.]+)\)$", lab.read(DOCUMENT), re.M)
    return ["%s does not have: %s" % (path, text) for text, path in rows if text not in lab.read(os.path.join(lab.TOP, path))]


def unknown(said, causes):
    return ["no test brings it about: " + name for name in said if name not in [cause.name for cause in causes]]


def tests(args):
    """Those that want another resolver come last, one by one."""
    causes, said = read_causes(), read_document()
    chosen = [(n, cause) for n, cause in enumerate(causes)
              if (not args.causes or cause.name in args.causes) and not (args.agent == "real" and cause.ours)]
    alone = [pair for pair in chosen if pair[1].resolver != "RESOLVER"]
    together = [pair for pair in chosen if pair not in alone]
    return [(cause.name, Trial(n, cause, said, args)) for n, cause in together], \
        [(cause.name, Trial(n, cause, said, args)) for n, cause in alone], \
        [("every cause in the document has a test", lambda: unknown(said, causes) + seldom())]


def use_resolver(dns, name):
    address = re.search("^DNSLAB_%s=(.*)$" % name, lab.read(dns + "/env"), re.M).group(1)
    with open(os.path.join(dns, "resolv.conf"), "w", encoding="ascii") as file:
        file.write("nameserver %s\n" % address)


def inside(args):
    """In the namespace, where the tree answers on port 53. The agent may not be able to read the checkout."""
    shutil.copytree(chains.CERTS, os.path.join(args.inside, "data"), dirs_exist_ok=True)
    with open(os.path.join(args.inside, "ca.pem"), "w", encoding="ascii") as out:
        out.write(lab.read(chains.pem("root")) + lab.read(chains.pem("rsaroot"))
                  + lab.read(os.path.join(args.inside, "certs", "ca.pem")))
    together, alone, after = tests(args)
    Host.certs = os.path.join(args.inside, "certs")
    hosts = channel.Hosts(args.inside, channel.certificates(args.inside), channel.Table(channel.CONF).hosts)
    try:
        use_resolver(args.inside, "RESOLVER")
        status = lab.run_all(together + after, jobs=1 if args.say else 4)
        for name, trial in alone:
            use_resolver(args.inside, trial.cause.resolver)
            status = lab.run_all([(name, trial)], jobs=1) or status
    finally:
        hosts.stop()
    return status


def outside(args):
    dns = os.path.abspath(args.dns) if args.dns else None
    with lab.Scratch() as scratch:
        state = dns or os.path.join(scratch, "dns")
        command = [channel.LAB, "-d", state, "exec", sys.executable, os.path.abspath(__file__), "--inside", state]
        command += ["--agent", args.agent or lab.agent_path()] + ["--say"] * args.say + args.causes
        return subprocess.run(command, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("causes", nargs="*")
    parser.add_argument("--agent", help='a path, or "real"')
    parser.add_argument("--say", action="store_true")
    parser.add_argument("--dns", help="directory for keys and zones")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    args = parser.parse_args()
    sys.exit(inside(args) if args.inside else outside(args))


if __name__ == "__main__":
    main()
