#!/usr/bin/env python3
"""End-to-end dialogues: a message, what the server must hear, what Postfix's other daemons must then have heard.

  ./run.py [NAME...]         all tests in cases/, or those; the agent is $SAFEMX, else build/safemx
  ./run.py --agent real      the same against the installed smtp(8), less the tests marked "ours"
  ./run.py --help

README.md says how a test is written.
"""
import argparse
import concurrent.futures
import os
import re
import shlex
import sys

import lab

NAMES = "offset|dsn_orig_rcpt|original_recipient|recipient|notify_flags|status|diag_type|diag_text|mta_type|mta_mname" \
        "|action|reason|flags|queue_id|dsn_status|address|recipient_status|updated|site|nexthop|sender|recipient_count|request|value"
SERVICES = ("bounce", "defer", "trace", "verify", "flush", "agent", "proxywrite", "cleanup")


class Case:
    """One test file, taken apart."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.head, self.expect, self.servers, self.message = {}, [], {}, None
        self.section = self.in_head
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                self.take(line.rstrip("\n"))
        if self.message is None:
            self.message = lab.MESSAGE

    def take(self, line):
        match = re.fullmatch(r"--- (message|dialogue|expect)(?: (\d+))?", line)
        if not match:
            return self.section(line)
        word, number = match.groups()
        if self.section == self.in_message:     # the empty line before this one is for people
            self.message = self.message.removesuffix("\n\n") + "\n"
        if word == "dialogue":
            self.steps = []
            self.servers.setdefault(int(number or 1), []).append(self.steps)
        elif word == "message":
            self.message = ""
        self.section = {"dialogue": self.in_dialogue, "message": self.in_message, "expect": self.in_expect}[word]

    def in_head(self, line):
        if line and not line.startswith("#"):
            name, _, value = line.partition(":")
            self.head.setdefault(name.strip(), []).append(value.strip())

    def in_message(self, line):
        self.message += lab.unescape(line) + "\n"

    def in_dialogue(self, line):
        if not line or line.startswith("#"):
            return
        match = re.fullmatch(r"([SRCX]): ?(.*)", line)
        if not match:
            raise SystemExit("%s: not a step of a dialogue: %s" % (self.name, line))
        self.steps.append(match.groups())

    def in_expect(self, line):
        if line and not line.startswith("#"):
            self.expect.append(line)

    def one(self, name, default=""):
        return self.head.get(name, [default])[-1]

    def rcpts(self):
        return self.one("to", "a@mx.example").split()

    def options(self):
        """The line "request:" in the words of fakeqmgr's options."""
        parser = argparse.ArgumentParser()
        for name in ("envid", "encoding", "orig", "client-name", "client-addr", "sasl-username", "ident"):
            parser.add_argument("--" + name, default=argparse.SUPPRESS)
        for name in ("flags", "sendopts", "ret", "notify", "old-mail"):
            parser.add_argument("--" + name, type=int, default=argparse.SUPPRESS)
        parser.add_argument("--orcpt", action="store_true", default=argparse.SUPPRESS)
        return vars(parser.parse_args(shlex.split(self.one("request"))))


class Run:
    """One case against one agent."""

    def __init__(self, case, binary, pem, base, privileged):
        self.case, self.binary, self.pem, self.base, self.privileged = case, binary, pem, base, privileged
        self.complaints = []

    def complain(self, text):
        self.complaints.append(text)

    def fill_in(self, text):
        for number, server in self.servers.items():
            text = text.replace("{port%s}" % ("" if number == 1 else number), str(server.port))
        return text.replace("{closed}", str(self.closed.port)).replace("{base}", self.base).replace("{pem}", self.pem)

    def listen(self):
        self.servers = {number: lab.Server(dialogues, self.case.message, self.pem, lambda: self.agent.kill())
                        for number, dialogues in self.case.servers.items()}
        self.closed = lab.Server([])        # bound, so that nobody else gets the port, but not listening
        for server in self.servers.values():
            server.listen()

    def start(self):
        options = shlex.split(self.case.one("services"))
        if "plugin" in self.case.head:
            options += ["--env", "SASL_PATH=" + lab.sasl_plugin(self.base)]
        settings = ["%s" % self.fill_in(setting) for setting in self.case.head.get("set", [])]
        program = self.case.one("program", "smtp")
        self.agent = lab.Agent(self.base, self.binary, program, settings, shlex.split(self.case.one("args")),
                               privileged=self.privileged, options=options)

    def send(self):
        nexthop = self.fill_in(self.case.one("nexthop", "[127.0.0.1]:{port}"))
        self.message = lab.Message(self.agent, self.case.message, rcpt=self.case.rcpts(), nexthop=nexthop,
                                   sender=self.case.one("from", "me@client.example").strip("<>"),
                                   **self.case.options())
        self.verdict = lab.deliver(self.agent, self.message, float(self.case.one("patience", lab.PATIENCE)))

    def finish(self):
        for number, server in self.servers.items():
            for text in server.finish():
                self.complain("server %d: %s" % (number, text))
        if not self.agent.drain():
            self.complain("the agent did not end when its master said so")
        self.agent.stop()

    def __call__(self):
        self.listen()
        try:
            self.start()
            try:
                self.send()
            finally:
                self.finish()
            Judge(self).check()
        except (RuntimeError, OSError) as error:
            self.complain(str(error))
        return self.complaints


class Judge:
    """Holds what was heard against the lines of "expect"; each of them must be used, and nothing be left over."""

    def __init__(self, run):
        self.run, self.case, self.complain = run, run.case, run.complain
        self.log = [line.replace(run.message.id, "QID") for line in run.agent.log()]
        self.settled = [line for line in self.log if line.startswith("QID: to=<")]
        self.loud = [line for line in self.log if re.match(r"(warning|error|fatal|panic): ", line)]
        self.records = [record for record in run.agent.records() if record["service"] in SERVICES
                        and dict(record.get("attrs", [])).get("request") not in ("open", "lookup")]
        self.exits = {(0, 0)}

    def check(self):
        for line in self.case.expect:
            word, _, rest = line.partition(" ")
            rest = self.run.fill_in(rest.strip())
            if word in SERVICES:
                self.heard(word, rest)
            else:
                getattr(self, "on_" + word)(rest)
        for line in self.settled + self.loud:
            self.complain("not expected in the log: " + line)
        for record in self.records:
            self.complain("not expected by %s: %s" % (record["service"], record.get("attrs", record)))
        for status in self.run.agent.exits():
            if status not in self.exits:
                self.complain("the agent ended with status %d, signal %d" % status)
        text = lab.read(self.run.agent.errors)
        if text:
            self.complain("on standard error: " + text)

    def take(self, lines, test, what):
        """Removes the first line that fits."""
        for line in lines:
            if test(line):
                lines.remove(line)
                return
        self.complain("missing: %s; there is:\n    %s" % (what, "\n    ".join(map(str, lines)) or "nothing"))

    def on_log(self, rest):
        """log RCPT [relay=...] dsn=... status=...: the delivery line of a recipient."""
        rcpt, _, pattern = rest.partition(" ")

        def fits(line):
            match = re.fullmatch(r"QID: to=<(.*?)>,(?: orig_to=<.*?>,)? (relay=[^ ]*), .*(dsn=[^ ]*), (status=.*)", line)
            if not match or match.group(1) != rcpt:
                return False
            text = "%s %s" % match.group(3, 4)
            return lab.matches(pattern, text if pattern.startswith("dsn=") else match.group(2) + " " + text)
        self.take(self.settled, fits, "log " + rest)

    def on_says(self, pattern):
        """says PATTERN: another line of the log, with its severity."""
        lines = self.loud if re.match(r"(warning|error|fatal|panic): ", pattern) else self.log
        self.take(lines, lambda line: lab.matches(pattern, line), "says " + pattern)

    def on_mute(self, pattern):
        """mute PATTERN: no line of the log is like this."""
        for line in self.log:
            if lab.matches(pattern, line):
                self.complain("in the log: " + line)

    def heard(self, service, rest):
        """SERVICE RCPT name=pattern ...: a record that the service was asked to keep."""
        rcpt, _, attrs = rest.partition(" ")
        wanted = re.findall(r"(%s)=(.*?)(?= (?:%s)=|$)" % (NAMES, NAMES), attrs)

        def fits(record):
            if record["service"] != service or "attrs" not in record:
                return False
            have = dict(record["attrs"])
            return rcpt in ("-", have.get("recipient"), have.get("address"), have.get("site"), have.get("key")) and all(
                lab.matches(pattern, have.get(name, "(absent)")) for name, pattern in wanted)
        self.take(self.records, fits, "%s %s" % (service, rest))

    def on_queue(self, marks):
        """queue MARKS: a letter a recipient, D is crossed off."""
        if self.run.message.marks() != marks:
            self.complain("marks are %s, not %s" % (self.run.message.marks(), marks))

    def on_qmgr(self, rest):
        """qmgr name=pattern ...: the verdict; "qmgr none": the agent went away without one."""
        have = self.run.verdict
        if rest == "none" or have is None:
            if not (rest == "none" and have is None):
                self.complain("verdict: %s, expected: %s" % (have, rest))
            return
        for name, pattern in re.findall(r"(%s)=(.*?)(?= (?:%s)=|$)" % (NAMES, NAMES), rest):
            if not lab.matches(pattern, str(have[name])):
                self.complain("verdict: %s=%s, not %s" % (name, have[name], pattern))

    def on_tag(self, tag):
        """tag TAG: every line of the log has it."""
        for line in lab.read(os.path.join(self.run.base, "mail.log")).splitlines():
            if " %s[" % tag not in line:
                self.complain("not tagged %s: %s" % (tag, line))

    def on_exit(self, rest):
        """exit STATUS, or exit signal N: allowed besides 0."""
        word, _, number = rest.partition(" ")
        self.exits.add((-int(number), int(number)) if word == "signal" else (int(word), 0))


def run_case(case, args, pem):
    with lab.Scratch(args.keep) as base:
        complaints = Run(case, args.binary, pem, base, args.leaks)()
        if complaints and args.verbose:
            complaints.append("log:\n    " + "\n    ".join(lab.read(os.path.join(base, "mail.log")).splitlines()))
        return complaints


def skipped(case, args):
    """Why the case does not count for this agent; empty when it does."""
    if args.real and "ours" in case.head:
        return "not as smtp(8): " + case.one("ours")
    return ""


def chosen(names):
    directory = os.path.join(lab.HERE, "cases")
    return [Case(os.path.join(directory, name)) for name in names or sorted(os.listdir(directory))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--agent", help='a path, or "real"')
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--leaks", action="store_true", help="keep the agent root and look for leaks at its exit")
    parser.add_argument("--keep", action="store_true", help="keep each test's directory")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the log of a test that failed")
    args = parser.parse_args()
    args.binary, args.real = lab.agent_path(args.agent), args.agent == "real"
    count = {"passed": 0, "failed": 0, "skipped": 0}
    with lab.Scratch() as shared, concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        pem = lab.certificate(shared)
        jobs = [(case, skipped(case, args) or pool.submit(run_case, case, args, pem)) for case in chosen(args.names)]
        for case, job in jobs:
            complaints = [] if isinstance(job, str) else job.result()
            word = "skipped" if isinstance(job, str) else "failed" if complaints else "passed"
            count[word] += 1
            print("%s %s%s" % ("not ok" if complaints else "ok", case.name, " # SKIP " + job if word == "skipped" else ""))
            for text in complaints:
                print("#   " + text.replace("\n", "\n#   "))
    print("%(passed)d passed, %(failed)d failed, %(skipped)d skipped" % count)
    sys.exit(1 if count["failed"] else 0)


if __name__ == "__main__":
    main()
