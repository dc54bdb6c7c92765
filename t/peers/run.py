#!/usr/bin/env python3
"""Mail through a private Postfix whose transports are safemx, to servers that sites really run.

  ./run.py --peers DIR             with what fetch has unpacked in DIR; the agent is build/safemx, or $SAFEMX
  ./run.py --peers DIR exim        only cases whose name has the word
  ./run.py --agent real            the same through Postfix's smtp(8) and lmtp(8)
  ./run.py --keep                  leave configurations, logs and mailboxes for reading

Peers: Postfix behind postscreen, Exim, OpenSMTPD, Dovecot's LMTP at a UNIX socket, a content filter, and a submission
service at ports 587 and 465. Each file in conf/ is the configuration of one of them.
"""
import argparse
import hashlib
import os
import re
import smtplib
import socket
import subprocess
import sys
import threading

import servers
import lab

PATIENCE = 20       # seconds until mail must have arrived
SENDER = "me@client.test"


class Peer:
    """A server as the sender sees it."""

    def __init__(self, name, relay, tls, dsn=None):
        self.name, self.domain = name, name + ".test"
        self.relay = relay      # as in relay=
        self.tls = tls          # the word before "TLS connection established"; None: there is none
        self.dsn = dsn          # lines in its report of success; None: it does not know DSN
        self.turn = threading.Lock()    # cases look at its connections, so they come one by one


# ---------------------------------------------------------------------------- messages

class Mail:
    """A message whose form a mail system has no reason to change, from its first header on."""
    count = 0

    def __init__(self, to, body=b"Hello.\n"):
        Mail.count += 1
        self.to, self.mark = to, "%d-%d" % (os.getpid(), Mail.count)
        self.content = (
            "X-Peers-Mark: %s\nFrom: <%s>\nTo: %s\nSubject: test %s\nDate: Thu, 1 Oct 2026 12:00:00 +0000\n"
            "Message-Id: <%s@client.test>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
            "Content-Transfer-Encoding: 8bit\n\n" % (self.mark, SENDER, ", ".join("<%s>" % rcpt for rcpt in to),
                                                     self.mark, self.mark)).encode() + body

    def hash(self):
        return hashlib.sha256(self.content).hexdigest()


AWKWARD = ("Grüße, 你好\n.\n..\n. dot\n.leading\n\n\ttab \nFrom the beginning\n" + "x" * 990 + "\n"
           "trailing blanks   \n\n.\n").encode()
BIG = b"".join(b"%07d The quick brown fox jumps over the lazy dog, again and again.\n" % n for n in range(75000))


def arrived(file):
    """(mark, hash) of a message in a mailbox."""
    with open(file, "rb") as opened:
        content = opened.read()
    start = content.find(b"X-Peers-Mark: ")
    mark = content[start:].split(b"\n", 1)[0].split()[-1].decode() if start >= 0 else None
    return mark, hashlib.sha256(content[start:]).hexdigest()


# ---------------------------------------------------------------------------- the whole site

class Site:
    """All servers, and the sending instance."""

    def __init__(self, base, root, agent):
        self.base = base
        servers.certificates(base)
        servers.private_hosts(base)
        self.foreign = {server.name: server for server in servers.foreigners(root, base)}
        self.postfix = {name: servers.Postfix(name, base, agent) for name in ("receiver", "filter", "sender")}
        self.started = []

    def start(self):
        for server in [*self.foreign.values(), *self.postfix.values()]:
            server.start()
            self.started.append(server)
        for address, port in [("127.0.1.%d" % n, 25) for n in (1, 2, 3)] + [("127.0.0.1", 25), ("127.0.0.1", 10024)]:
            if not lab.wait_for(lambda: self.listens(address, port)):
                raise RuntimeError("nobody listens at %s:%d\n%s" % (address, port, self.all_logs()))
        if not lab.wait_for(lambda: os.path.exists(self.base + "/dovecot/lmtp")):
            raise RuntimeError("no Dovecot\n" + self.all_logs())

    @staticmethod
    def listens(address, port):
        """Asked of the kernel, so that no server sees a connection that is none."""
        wanted = "%s:%04X" % ("".join("%02X" % byte for byte in reversed(socket.inet_aton(address))), port)
        return any(line.split()[1:4:2] == [wanted, "0A"] for line in lab.read("/proc/net/tcp").splitlines()[1:])

    def stop(self):
        for server in reversed(self.started):
            server.stop()

    def all_logs(self):
        return "".join("--- %s\n%s" % (server.name, server.log()) for server in self.started)

    # ---------------------------------------------------------------- sending

    def send(self, mail, *options):
        """Into the sender's queue by sendmail(1)."""
        subprocess.run(["sendmail", "-C", self.postfix["sender"].etc, "-i", "-f", SENDER, "-B8BITMIME", *options, "--",
                        *mail.to], input=mail.content, check=True)

    def mark_ids(self, mail):
        """The queue ids that MAIL had in the sender."""
        return re.findall(r"/cleanup\[\d+\]: (\w+): message-id=<%s@client\.test>" % mail.mark,
                          self.postfix["sender"].log())

    def lines(self, mail):
        """The sender's log lines that name MAIL's queue ids."""
        ids = self.mark_ids(mail)
        return [line.split("]: ", 1)[1] for line in self.postfix["sender"].log().splitlines()
                if any("]: %s: " % qid in line for qid in ids)]

    def gone(self, mail):
        """Whether the sender's queue manager has finished with it."""
        ids = self.mark_ids(mail)
        return ids and all("%s: removed" % qid in self.lines(mail) for qid in ids)

    def settled(self, mail):
        """Whether each recipient has its line."""
        text = "\n".join(self.lines(mail))
        return all("to=<%s>" % rcpt in text for rcpt in mail.to)

    # ---------------------------------------------------------------- looking

    def boxes(self, pattern):
        """Files in the mailboxes whose path below mail/ begins so."""
        top = os.path.join(self.base, "mail")
        for where, _, files in os.walk(os.path.join(top, pattern)):
            if os.path.basename(where) in ("new", "cur"):
                yield from (os.path.join(where, name) for name in files)

    def copies(self, mail, box):
        return [digest for mark, digest in map(arrived, self.boxes(box)) if mark == mail.mark]


# ---------------------------------------------------------------------------- what must hold

def intact(site, mail, box):
    """Complaints unless MAIL is in BOX once, as it was."""
    lab.wait_for(lambda: site.copies(mail, box), PATIENCE)
    copies = site.copies(mail, box)
    if copies != [mail.hash()]:
        yield "%d copies in %s%s" % (len(copies), box, ", changed on the way" if set(copies) - {mail.hash()} else "")


def logged(site, mail, rcpt, pattern):
    """Complaints unless the line of delivery of RCPT, of which there is one, is like that."""
    lines = [line for line in site.lines(mail) if "to=<%s>" % rcpt in line]
    if len(lines) != 1 or not re.search(pattern, lines[0]):
        yield "expected one line like %s, have %s" % (pattern, lines)


def sent(site, mail, rcpt, peer):
    yield from logged(site, mail, rcpt, r"relay=%s, (conn_use=\d+, )?delay=[\d.]+, delays=[\d./]+, dsn=2\.\d\.\d, "
                      r"status=sent \((250|LMTP) ?.*\)$" % re.escape(peer.relay))


def delivered(site, mail, peer, box=None):
    """Complaints unless every recipient of MAIL has it."""
    if not lab.wait_for(lambda: site.gone(mail), PATIENCE):
        yield "still queued: %s" % site.lines(mail)
    for rcpt in mail.to:
        yield from sent(site, mail, rcpt, peer)
        yield from intact(site, mail, box or "%s/%s" % (peer.name, rcpt.split("@")[0]))


def over_tls(site, peer):
    """Complaints unless TLS connections to PEER have been logged, in Postfix's words."""
    pattern = r"\]: %s TLS connection (established|reused) to %s: TLSv1\.[23] with cipher \S+ \(\d+/\d+ bits\)" % (
        peer.tls, re.escape(peer.relay))
    if not re.search(pattern, site.postfix["sender"].log()):
        yield "no line like %s" % pattern


# ---------------------------------------------------------------------------- cases

def plain(site, peer):
    mail = Mail(["a@" + peer.domain])
    site.send(mail)
    yield from delivered(site, mail, peer)
    if peer.tls:
        yield from over_tls(site, peer)


def eight_bits(site, peer):
    """Bytes and dots that transports stumble over."""
    mail = Mail(["b@" + peer.domain], AWKWARD)
    site.send(mail)
    yield from delivered(site, mail, peer)


def one_refused(site, peer):
    """Several recipients, one unknown there: it comes back, with the peer's words."""
    bad = "nobody@" + peer.domain
    mail = Mail(["a@" + peer.domain, bad, "b@" + peer.domain, "c@" + peer.domain])
    site.send(mail)
    if not lab.wait_for(lambda: site.gone(mail), PATIENCE):
        yield "still queued"
    for rcpt in mail.to:
        if rcpt != bad:
            yield from sent(site, mail, rcpt, peer)
            yield from intact(site, mail, "%s/%s" % (peer.name, rcpt.split("@")[0]))
    yield from logged(site, mail, bad, r"relay=%s, .*dsn=5\.\d\.\d, status=bounced \(host %s said: 5\d\d.* "
                      r"\(in reply to RCPT TO command\)\)$" % (re.escape(peer.relay), re.escape(peer.relay[:-3])
                                                               if peer.relay.endswith(":25") else ".*"))
    yield from reported(site, mail, "client/me", bad, "failed")


def reported(site, mail, box, rcpt, action, *words):
    """Complaints unless BOX has one notification about RCPT of MAIL, which says ACTION and the WORDS."""
    def found():
        texts = [lab.read(file) for file in site.boxes(box)]
        return [text for text in texts if mail.mark in text and re.search(r"(?m)^Action: %s" % action, text)
                and re.search(r"(?mi)^Final-Recipient: rfc822; ?%s$" % re.escape(rcpt), text)]
    lab.wait_for(found, PATIENCE)
    if len(found()) != 1:
        yield "%d notifications that %s is %s" % (len(found()), rcpt, action)
    for word in words:
        if found() and not re.search(r"(?mi)^%s$" % word, found()[0]):
            yield "the notification has no line like %s: %s" % (word, found()[0])


def success_wanted(site, peer):
    """NOTIFY=SUCCESS goes on to a peer that knows DSN; for one that doesn't, the sender itself reports."""
    mail = Mail(["c@" + peer.domain])
    site.send(mail, "-N", "success,failure", "-V", "Env+%s=1" % mail.mark)
    yield from delivered(site, mail, peer)
    box = "client/me" if peer.dsn is None else peer.name + "/me"
    yield from reported(site, mail, box, mail.to[0], "(delivered|relayed)",
                        *(word.replace("MARK", mail.mark).replace("RCPT", mail.to[0]) for word in peer.dsn or []))


def big(site, peer):
    mail = Mail(["b@" + peer.domain], BIG)
    site.send(mail)
    yield from delivered(site, mail, peer)


def many(site, peer, count=50):
    """So many messages at once; later ones find connections that are still open."""
    mails = [Mail(["many@" + peer.domain], b"Number %d.\n" % n) for n in range(count)]
    for mail in mails:
        site.send(mail)
    for mail in mails:
        if complaints := list(delivered(site, mail, peer)):
            return complaints
    return []


def reuse(site, peer, count=5):
    """With this peer's connections kept, one serves several messages."""
    uses = []
    for number in range(count):
        mail = Mail(["a@" + peer.domain], b"One connection, message %d.\n" % number)
        site.send(mail)
        yield from delivered(site, mail, peer)
        found = re.search(r"conn_use=(\d+)", "\n".join(site.lines(mail)))
        uses.append(int(found.group(1)) if found else 1)
    if min(uses[1:]) < 2:
        yield "uses of the connection: %s" % uses


CASES = (plain, eight_bits, one_refused, success_wanted, big, many, reuse)


def peers(base):
    """OpenSMTPD reports success, but neither envelope id nor original recipient. Exim does not decode the former."""
    orcpt = "Original-Recipient: rfc822; ?RCPT"
    return (Peer("postfix", "postfix.peer.test[127.0.1.1]:25", "Verified",
                 [orcpt, r"Original-Envelope-Id: Env\+MARK=1"]),
            Peer("exim", "exim.peer.test[127.0.1.2]:25", "Verified", [orcpt, r"Original-Envelope-Id: Env\+2BMARK\+3D1"]),
            Peer("opensmtpd", "opensmtpd.peer.test[127.0.1.3]:25", None, []),
            Peer("dovecot", "client.test[%s/dovecot/lmtp]" % base, None))


def broken_tls(site):
    """A server that announces STARTTLS, but cannot: at level may the mail waits once, and then goes without."""
    mail = Mail(["tls@opensmtpd.test"])
    site.send(mail)
    lab.wait_for(lambda: site.settled(mail), PATIENCE)

    def flushed():
        subprocess.run(["postqueue", "-c", site.postfix["sender"].etc, "-f"], check=True)
        return site.gone(mail)
    if not lab.wait_for(flushed, PATIENCE):
        yield "still queued: %s" % site.lines(mail)
    fates = re.findall(r"to=<tls@opensmtpd.test>, relay=opensmtpd.peer.test\[127.0.1.3\]:25, .*dsn=(\S+), status=(\w+ \(\w+)",
                       "\n".join(site.lines(mail)))
    if fates[:1] != [("4.7.5", "deferred (Cannot")] or fates[-1:] != [("2.0.0", "sent (250")]:
        yield "outcomes: %s" % fates
    yield from intact(site, mail, "opensmtpd/tls")


# ---------------------------------------------------------------------------- submission

def submission(site, domain, port, word):
    """A relay that wants a login; the box there is named after the domain."""
    peer = Peer("postfix", "postfix.peer.test[127.0.1.1]:%d" % port, word)
    mail = Mail(["one@" + domain, "two@" + domain], AWKWARD)
    site.send(mail)
    box = "postfix/" + domain.split(".")[0]
    lab.wait_for(lambda: len(site.copies(mail, box)) == 2, PATIENCE)
    if site.copies(mail, box) != [mail.hash()] * 2:
        yield "copies: %s" % site.copies(mail, box)
    for rcpt in mail.to:
        yield from sent(site, mail, rcpt, peer)
    yield from over_tls(site, peer)
    taken = re.findall(r"queued as (\w+)", "\n".join(site.lines(mail)))
    if not taken or not re.search(r": %s: client=.*, sasl_method=(PLAIN|LOGIN), sasl_username=carol" % taken[0],
                                  site.postfix["receiver"].log()):
        yield "no login"


def bad_login(site):
    mail = Mail(["one@badlogin.test"])
    site.send(mail)
    lab.wait_for(lambda: site.settled(mail), PATIENCE)
    yield from logged(site, mail, mail.to[0], r"relay=postfix.peer.test\[127.0.1.1\]:587, delay=.*, dsn=4.7.8, "
                      r"status=deferred \(SASL authentication failed; server postfix.peer.test\[127.0.1.1\] said: "
                      r"535 5.7.8 Error: authentication failed: .*\)$")
    if site.copies(mail, "postfix/badlogin"):
        yield "it arrived"


# ---------------------------------------------------------------------------- a content filter

def filtered(site, count=30):
    """Mail by SMTP, through the filter and back, to a mailbox; as master.cf.sample has it."""
    mails = [Mail(["c@postfix.test"], b"To be scanned, %d.\n" % n) for n in range(count)]
    for mail in mails:
        with smtplib.SMTP("127.0.0.1", 25, "user.client.test", 10, source_address=("127.0.0.7", 0)) as client:
            client.sendmail(SENDER, mail.to, mail.content.replace(b"\n", b"\r\n"))
    if not lab.wait_for(lambda: all(site.gone(mail) for mail in mails), 2 * PATIENCE):
        yield "still queued"
    for mail in mails:
        yield from intact(site, mail, "postfix/c")
        ids = site.mark_ids(mail)
        if len(ids) != 2 or not re.search(r"%s: to=<c@postfix.test>, relay=127.0.0.1\[127.0.0.1\]:10024, (conn_use=\d+, )?"
                                          r"delay=.*, dsn=2.0.0, status=sent \(250 2.0.0 Ok: queued as" % ids[0],
                                          "\n".join(site.lines(mail))):
            yield "through the filter: %s" % site.lines(mail)
    yield from forwarded(site, mails)
    yield from few_at_once(site.postfix["filter"].log())
    feeders = re.findall(r"smtp\[(\d+)\]: .*relay=127.0.0.1\[127.0.0.1\]:10024", site.postfix["sender"].log())
    if len(set(feeders)) < 2:
        yield "max_use made no new process in %d deliveries" % len(feeders)


def forwarded(site, mails):
    """XFORWARD told the filter, and then us, whom the mail came from."""
    for name, log in (("filter", site.postfix["filter"].log()), ("return", site.postfix["sender"].log())):
        found = len(re.findall(r"smtpd\[\d+\]: \w+: client=.*, orig_queue_id=\w+, orig_client=unknown\[127.0.0.7\]", log))
        if found != len(mails):
            yield "%s: the origin of %d messages is known" % (name, found)


def few_at_once(log, limit=2):
    """maxproc is the number of sessions that the filter has at once; one that was just left may still be ending."""
    now = most = 0
    for word in re.findall(r"smtpd\[\d+\]: (connect|disconnect) from", log):
        now += 1 if word == "connect" else -1
        most = max(most, now)
    if not 1 <= most <= 2 * limit:
        yield "%d sessions at once" % most


# ---------------------------------------------------------------------------- all of them

EXPECTED_WARNINGS = ("SASL PLAIN authentication failed", "SASL authentication failed",
                     "TLS library problem: .*alert internal error",      # OpenSMTPD's
                     "TLS server role is disabled")     # smtp(8)'s tlsproxy(8), of no consequence


def quiet(site):
    """Nothing crashed, and nobody complained of us."""
    for server in site.postfix.values():
        if "anitizer" in server.printed() or "runtime error" in server.printed():
            yield server.printed()
        yield from (line for line in server.log().splitlines() if re.search(r": (warning|error|fatal|panic): ", line)
                    and not any(re.search(expected, line) for expected in EXPECTED_WARNINGS))
    if "PREGREET" in site.postfix["receiver"].log():
        yield "spoke before it was greeted"


def in_turn(site, case, peer):
    with peer.turn:
        return list(case(site, peer))


def tests(site):
    everybody = peers(site.base)
    for case in CASES:
        for peer in everybody:
            yield "%s: %s" % (peer.name, case.__name__), lambda case=case, peer=peer: in_turn(site, case, peer)
    yield "opensmtpd: broken TLS", lambda: list(broken_tls(site))
    yield "submission: port 587, verified", lambda: list(submission(site, "submission.test", 587, "Verified"))
    yield "submission: port 465, verified", lambda: list(submission(site, "submissions.test", 465, "Verified"))
    yield "submission: port 465, encrypted", lambda: list(submission(site, "anycert.test", 465, "Trusted"))
    yield "submission: bad password", lambda: list(bad_login(site))
    yield "filter: XFORWARD, maxproc and max_use", lambda: list(filtered(site))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=os.path.join(lab.TOP, "build-check", "peers"))
    parser.add_argument("--agent", help='a path, or "real"')
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    agent = lab.agent_path(args.agent)
    servers.enter_namespaces()
    with lab.Scratch(args.keep) as base:
        site = Site(base, os.path.join(os.path.abspath(args.peers), "root"), agent)
        try:
            site.start()
            wanted = [(name, test) for name, test in tests(site)
                      if not args.words or any(word in name for word in args.words)]
            status = lab.run_all(wanted, jobs=4)
            status |= lab.run_all([("no complaints in logs", lambda: list(quiet(site)))])
        finally:
            site.stop()
    sys.exit(status)


if __name__ == "__main__":
    main()
