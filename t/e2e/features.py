#!/usr/bin/env python3
"""The tls= of a delivery line, and REQUIRETLS (RFC 8689): what must become of mail for a policy, a level, a server.

  ./features.py                        every row of features.conf, against build/safemx (or $SAFEMX)
  ./features.py --agent real --is 3.11 the rows of that version against smtp(8), or --agent PATH --real
  ./features.py --only enforce -v      rows of which some word is this; with their logs

The head of features.conf says what a row means.
"""
import argparse
import os
import re
import socket
import sys

import lab

CONF = os.path.join(lab.HERE, "features.conf")
SENDOPT_REQUIRETLS, SENDOPT_TLS_NOT_REQUIRED = 32, 16
RET_FULL = 1


# ---------------------------------------------------------------------------- the table

class Row:
    def __init__(self, number, version, settings, text):
        self.number, self.version, self.settings = number, version, list(settings)
        self.says, self.mute, self.ours = [], [], []
        self.ours = []
        head, _, rest = text.partition("=>")
        self.words = head.split()
        self.policy, self.level, self.servers = self.words[:3]
        self.tls, self.dsn, self.status, self.mail = rest.split(None, 4)[:4]
        self.text = (rest.split(None, 4) + [""])[4].strip() or "*"
        self.name = "%d: %s" % (number, " ".join(text.split()))


def read_table(path):
    rows, version, settings = [], "", []
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            word, _, rest = line.strip().partition(" ")
            if word == "version":
                version, settings = rest.strip(), []
            elif word == "set":
                settings.append(rest.strip())
            elif word in ("says", "mute", "ours"):
                getattr(rows[-1], word).append(rest.strip())
            elif word and not word.startswith("#"):
                rows.append(Row(number, version, settings, line))
    return rows


# ---------------------------------------------------------------------------- the servers

class Host(lab.Mailbox):
    """A mail server of one of these KINDs; mails: what it heard after MAIL FROM:<...>."""

    def __init__(self, kind, pem):
        self.kind, self.mails = kind, []
        if kind != "nobody":
            return super().__init__(pem=pem)
        self.sock = socket.socket()
        self.sock.bind(("127.0.0.1", 0))    # so that nobody else gets the port, but not listening
        self.port = self.sock.getsockname()[1]

    def serve(self, conn):
        if self.kind == "lost":
            conn.close()
        elif self.kind == "554":
            lab.Peer(conn, None, self.pem).say("554 5.3.2 no")
            conn.close()
        else:
            super().serve(conn)

    def offers(self, session):
        inside = hasattr(session.sock, "cipher")
        words = ["DSN", "8BITMIME"]
        if not inside and self.kind not in ("plain", "rt"):
            words.append("STARTTLS")
        if inside and self.kind.startswith("tls+rt") or self.kind == "rt":
            words.append("REQUIRETLS")
        if not inside and self.kind == "tls" or self.kind == "liar":
            words.append("REQUIRETLS" if not inside else "HELP")
        return words

    def command(self, session, line):
        verb = line[:4].upper()
        if verb == "EHLO" and self.kind == "tls-lost" and hasattr(session.sock, "cipher"):
            return False
        if verb == "EHLO":
            session.say(" / ".join(["250-mx.example"] + ["250-" + word for word in self.offers(session)] + ["250 HELP"]))
        elif verb == "STAR" and self.kind in ("454", "502"):
            session.say(self.kind + " 4.7.0 not now" if self.kind == "454" else "502 5.5.1 no")
        elif verb == "STAR" and self.kind == "broken":
            session.say("220 go")
            return False
        elif verb == "MAIL" and self.kind.endswith("-550"):
            self.mails.append(re.sub(r"^.*?> ?", "", line))
            session.say("550 5.7.1 no")
        else:
            if verb == "MAIL":
                self.mails.append(re.sub(r"^.*?> ?", "", line))
            return super().command(session, line)
        return True


# ---------------------------------------------------------------------------- one delivery

LEVELS = {  # beyond smtp_tls_security_level itself
    "verify": ["smtp_tls_CAfile={pem}", "smtp_tls_verify_cert_match=mx.example"],
    "verify,name": ["smtp_tls_CAfile={pem}", "smtp_tls_verify_cert_match=other.example"],
    "secure": ["smtp_tls_CAfile={pem}", "smtp_tls_secure_cert_match=mx.example"],
    "fingerprint,wrong": ["smtp_tls_fingerprint_digest=sha256", "smtp_tls_fingerprint_cert_match=" + ":".join(["AA"] * 32)],
    "may,trusted": ["smtp_tls_CAfile={pem}"],
    "table,broken": ["smtp_tls_policy_maps=static:bogus"],
}


class Trial:
    def __init__(self, row, args, pem):
        self.row, self.args, self.pem = row, args, pem

    def settings(self, base):
        row = self.row
        settings = ["compatibility_level=3.6", "smtp_tls_security_level=" + row.level.split(",")[0].replace("table", "may"), "smtp_tls_loglevel=1"]
        settings += LEVELS.get(row.level, [])
        if "named" in row.words:
            settings.append("smtp_host_lookup=native")
        if "twice" in row.words:
            settings += ["smtp_connection_cache_destinations=static:all", "smtp_connection_cache_time_limit=60s",
                         "connection_cache_ttl_limit=60s", "smtp_tls_connection_reuse=yes"]
        if row.policy not in ("-", "no", "default"):
            settings.append("smtp_requiretls_policy=" + row.policy)
        if not self.args.real:
            settings.append(lab.pretend(base, row.version))
        return [setting.replace("{pem}", self.pem) for setting in settings + row.settings]

    def nexthop(self, hosts):
        host = "localhost" if "named" in self.row.words else "127.0.0.1"
        return ", ".join("[%s]:%d" % (host, server.port) for server in hosts)

    def options(self):
        bits = {"-": 0, "no": SENDOPT_TLS_NOT_REQUIRED}.get(self.row.policy, SENDOPT_REQUIRETLS)
        return {"sendopts": bits, "optname": lab.optname(self.row.version), "ret": 0 if "noret" in self.row.words else RET_FULL, "old_mail": 3600 if "old" in self.row.words else 0}

    def __call__(self):
        hosts = [Host(kind, self.pem) for kind in self.row.servers.split("/")]
        with lab.Scratch() as base:
            agent = lab.Agent(base, self.args.binary, settings=self.settings(base), privileged=self.args.leaks)
            try:
                for _ in range(2 if "twice" in self.row.words else 1):  # the second over a kept connection
                    message = lab.Message(agent, nexthop=self.nexthop(hosts), rcpt=["a@mx.example"], **self.options())
                    verdict = lab.deliver(agent, message)
                agent.drain()
            finally:
                agent.stop()
                for host in hosts:
                    host.stop()
            log = [line.replace(message.id, "QID") for line in agent.log()]
            for host in hosts:
                log = [line.replace("]:%d" % host.port, "]:PORT") for line in log]
            log.append("qmgr: dsn_status=%s" % (verdict and verdict["dsn_status"]))
            complaints = self.judge(log, [mail for host in hosts for mail in host.mails])
            errors = lab.read(agent.errors)
        if errors:
            complaints.append("on standard error: " + errors)
        return complaints + log if complaints or self.args.verbose else []

    def judge(self, log, mails):
        row, complaints = self.row, []
        settled = [line for line in log if line.startswith("QID: to=<")]
        if len(settled) != 1:
            return ["%d delivery lines" % len(settled)]
        match = re.search(r"(?:, tls=(\S+))?, dsn=(\S+), status=(\w+) \((.*)\)$", settled[0])
        tls, dsn, status, text = match.groups()
        mail = ",".join(mails[-1].split()) or "none" if mails else "-"
        have = (tls or "-", dsn, status, mail)
        if have != (row.tls, row.dsn, row.status, row.mail):
            complaints.append("it is => %s" % " ".join(have))
        if not lab.matches(row.text, text):
            complaints.append("the text is " + text)
        complaints += ["missing: " + said for said in row.says + row.ours * (not self.args.real) if not any(lab.matches(said, line) for line in log)]
        complaints += ["in the log: " + mute for mute in row.mute if any(lab.matches(mute, line) for line in log)]
        return complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", help='a path, or "real"')
    parser.add_argument("--real", action="store_true", help="that path is a smtp(8)")
    parser.add_argument("--is", dest="version", help="the version of that smtp(8)")
    parser.add_argument("--only", default="")
    parser.add_argument("--leaks", action="store_true", help="keep the agent root and look for leaks at its exit")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    args.binary, args.real = lab.agent_path(args.agent), args.real or args.agent == "real"
    rows = [row for row in read_table(CONF)
            if (not args.only or args.only in row.words or args.only == str(row.number))
            and not (args.real and (row.version != args.version or "alone" in row.words))]
    with lab.Scratch() as shared:
        pem = lab.certificate(shared, "mx.example", "localhost")
        os.chmod(pem, 0o644)
        sys.exit(lab.run_all([(row.name, Trial(row, args, pem)) for row in rows], args.jobs))


if __name__ == "__main__":
    main()
