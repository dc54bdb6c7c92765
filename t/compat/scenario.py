"""One scenario: its servers, its messages on their way in, and the wait until all is settled."""
import glob
import os
import re
import socket
import subprocess
import time

import mockserver
from postfix import PORT_SMTPD, PORT_VRFY

FIELDS = """From: Sender <{name}@sender.test>
To: user@{name}.test
Subject: test {name}
Date: Mon, 01 Jan 2024 00:00:00 +0000
Message-ID: <{name}.{number}@sender.test>
"""


def generated(lines, width):
    """A large body."""
    return "".join("%06d %s\n" % (number, "x" * width) for number in range(lines))


class Scenario:
    def __init__(self, spec):
        self.spec, self.name, self.program = spec, spec["name"], spec.get("program", "smtp")
        self.servers, self.ports, self.qids, self.children, self.replies, self.problems = [], [], [], [], [], []
        self.inst, self.took = None, 0

    # ---------------------------------------------------------------- before Postfix starts

    def subst(self, value):
        """{id} {wd} {sock} {port} {port1} ..."""
        if isinstance(value, str):
            for number, port in enumerate(self.ports):
                value = value.replace("{port%d}" % number, str(port))
            if self.ports:
                value = value.replace("{port}", str(self.ports[0]))
            value = value.replace("{id}", self.name).replace("{wd}", self.inst.wd)
            return value.replace("{sock}", os.path.join(self.inst.sock, self.name))
        if isinstance(value, list):
            return [self.subst(item) for item in value]
        if isinstance(value, dict):
            return {self.subst(key): self.subst(item) for key, item in value.items()}
        return value

    def allocate(self, inst, port):
        """Ports, routes and files; returns the next free port."""
        self.inst = inst
        for server in self.spec.get("servers", [{}]):
            wanted = server.get("port")
            self.ports.append(self.ports[0] if wanted == "same" else wanted or port)
            port += not wanted
        default = "inet:[127.0.0.1]:{port}" if self.program == "lmtp" else "[127.0.0.1]:{port}"
        target = "sc-%s:%s" % (self.name, self.subst(self.spec.get("nexthop", default)))
        for domain in [self.name + ".test"] + self.subst(self.spec.get("domains", [])):
            inst.route(domain, target)
        for name, text in self.spec.get("files", {}).items():
            path = os.path.join(inst.wd, "%s.%s" % (self.name, name))
            with open(path, "w", encoding="utf-8") as file:
                file.write(self.subst(text))
            os.chmod(path, 0o644)
            if name in self.spec.get("postmap", {}):
                subprocess.run(["postmap", "%s:%s" % (self.spec["postmap"][name], path)], check=True)
        return port

    def options(self):
        return {"error_notice_recipient": "pm.%s@sender.test" % self.name, **self.inst.options,
                **self.subst(self.spec.get("options", {}))}

    def start_servers(self, cert):
        for server, port in zip(self.spec.get("servers", [{}]), self.ports):
            server = {"lmtp": self.program == "lmtp", **self.subst(server)}
            path = os.path.join(self.inst.sock, self.name)
            self.servers.append(mockserver.MockServer(server, port, path=path, cert=cert))

    # ---------------------------------------------------------------- mail in

    def content(self, message, number):
        data = message.get("data")
        if isinstance(data, str):
            return data
        head = FIELDS.format(name=self.name, number=number)
        body = generated(**data) if data else message.get("body", "body line\n")
        return message.get("first", "") + head + message.get("header", "") + "\n" + body

    def send(self, number):
        message = self.subst(dict((self.spec.get("messages") or [{}])[number]))
        raw = self.content(message, number + 1).encode(message.get("charset", "utf-8"))
        message.setdefault("from", self.name + "@sender.test")
        message.setdefault("to", ["user@%s.test" % self.name])
        qid = self.by_sendmail(message, raw) if message.get("via") == "sendmail" else self.by_smtp(message, raw)
        if qid:
            self.qids.append(qid)
        return qid

    def by_sendmail(self, message, raw):
        command = [os.path.join(self.inst.bindir, "sendmail")] + message.get("args", [])
        subprocess.run(command + ["-f", message["from"], "-i"] + message["to"], input=raw, env=self.inst.env, check=True,
                       stdout=subprocess.DEVNULL)
        text = re.compile(r"uid=\d+ from=<%s>" % re.escape(message["from"]))

        def picked_up():
            for qid, lines in self.inst.log.of_qid.items():
                if qid not in self.qids and lines[0][1] == "pickup" and text.search(lines[0][2]):
                    return qid
            return None
        qid = self.inst.log.wait_for(picked_up, 30)
        if not qid:
            self.problems.append("pickup(8) did not take a message")
        return qid

    def by_smtp(self, message, raw):
        with Client(PORT_SMTPD) as client:
            client.say("EHLO " + message.get("helo", "client.example.net"), "250")
            client.say("MAIL FROM:<%s> %s" % (message["from"], message.get("mail_opts", "")), "250")
            options = message.get("rcpt_opts", [])
            for number, rcpt in enumerate(message["to"]):
                client.say("RCPT TO:<%s> %s" % (rcpt, options[number] if number < len(options) else ""), "250")
            client.say("DATA", "354")
            if not message.get("raw_eol"):
                raw = raw.replace(b"\n", b"\r\n")
            raw = re.sub(rb"(?m)^\.", b"..", raw)
            client.sock.sendall(raw if raw.endswith(b"\r\n") else raw + b"\r\n")
            return client.say(".", "250").rsplit(" ", 1)[1]

    def probe(self, address):
        """Recipient verification: what smtpd(8) answers to RCPT."""
        with Client(PORT_VRFY) as client:
            client.say("EHLO client.example.net", "")
            client.say("MAIL FROM:<%s@sender.test>" % self.name, "")
            self.replies.append(client.say("RCPT TO:<%s>" % address, ""))

    # ---------------------------------------------------------------- waiting

    def where(self, qid):
        """The queue where a message came to rest, or None."""
        if qid in self.inst.log.removed:
            return "removed"
        for queue in ("deferred", "corrupt", "hold"):
            if self.inst.files(queue, qid):
                return queue
        return None

    def settle(self, qid, limit=60):
        return self.inst.log.wait_for(lambda: self.where(qid), limit) or "still active"

    def attempts(self, qid):
        return sum("status=" in text for _, _, text in self.inst.log.about(qid))

    def retry(self):
        for qid in self.qids:
            if self.where(qid) == "deferred":
                before = self.attempts(qid)
                subprocess.run([os.path.join(self.inst.bindir, "postqueue"), "-i", qid], env=self.inst.env, check=True)
                self.inst.log.wait_for(lambda: self.attempts(qid) > before, 30)
                time.sleep(0.3)
                self.settle(qid)

    def run(self):
        started = time.time()
        self.course()
        self.took = time.time() - started

    def course(self):
        steps = self.spec.get("steps") or [["send", number] for number in range(len(self.spec.get("messages", [{}])))]
        for name, *values in steps:
            if name == "send":
                qid = self.send(values[0])
                if qid and "until" in self.spec:
                    self.wait_until(self.spec["until"])
                elif qid:
                    self.settle(qid)
            elif name == "send-nowait":
                self.send(values[0])
            elif name == "settle":
                self.settle_all(60)
            elif name == "sleep":
                time.sleep(values[0])
            elif name == "probe":
                self.probe(self.subst(values[0]))
            elif name == "retry":
                self.retry()
            elif name == "touch":       # a table of the scenario becomes newer
                for path in glob.glob(os.path.join(self.inst.wd, "%s.%s*" % (self.name, values[0]))):
                    os.utime(path, (time.time() + 5,) * 2)
            else:
                raise ValueError("no such step: " + name)
        time.sleep(self.spec.get("linger", 0))
        if "until" not in self.spec:
            self.settle_all(5)

    def wait_until(self, pattern):
        """For an agent that dies at start: the message stays where it is, but the log has a line."""
        found = self.inst.log.wait_for(
            lambda: any(re.search(pattern, text) for _, _, text in self.inst.log.of(self.name) + self.inst.log.complaints), 60)
        if not found:
            self.problems.append("never logged: " + pattern)

    def settle_all(self, limit):
        return [self.settle(qid, limit) for qid in self.qids]

    def finish(self, deadline):
        """What comes late: bounces and reports, connections that were kept, notices."""
        def left(most):
            return min(most, max(0.1, deadline - time.time()))
        if "until" in self.spec:
            return []
        states = [self.settle(qid, left(5)) for qid in self.qids]
        for qid in self.qids:
            for _, program, text in self.inst.log.about(qid):
                if program in ("bounce", "trace", "defer") and "notification: " in text:
                    self.children.append(text.rsplit(" ", 1)[1])
                    self.settle(self.children[-1], left(10))
        for server in self.servers:
            server.wait_idle(left(25))
        if self.spec.get("notice"):
            self.inst.log.wait_for(lambda: self.mail_in("pm." + self.name), left(8))
        return states

    def mail_in(self, box):
        path = os.path.join(self.inst.mbox, box, "new")
        mails = []
        for name in sorted(os.listdir(path)) if os.path.isdir(path) else []:
            with open(os.path.join(path, name), "rb") as file:
                mails.append(file.read())
        return mails


class Client:
    """An SMTP client, for mail into the private Postfix."""

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), 30)
        self.sock.settimeout(60)
        self.file = self.sock.makefile("rb")

    def __enter__(self):
        self.hear("220")
        return self

    def __exit__(self, *_):
        self.sock.sendall(b"QUIT\r\n")
        self.sock.close()

    def hear(self, code):
        line = "   -"
        while line[3:4] == "-":
            line = self.file.readline().decode("utf-8", "replace").rstrip()
        if not line.startswith(code):
            raise RuntimeError("smtpd(8) should say %s: %r" % (code, line))
        return line

    def say(self, text, code):
        self.sock.sendall(text.rstrip().encode() + b"\r\n")
        return self.hear(code)
