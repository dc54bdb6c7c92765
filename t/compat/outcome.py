"""What came of a scenario, with everything taken out that differs from run to run."""
import email
import email.policy
import re

from postfix import PORT_FIRST

DELAYS = re.compile(r"delay=([^,]+), delays=([^/,]+)/([^/,]+)/([^/,]+)/([^/,]+)")
# two significant digits, at most two decimals, no trailing zeroes
GOOD_NUMBER = r"0|0\.\d?[1-9]|[1-9](?:\.[1-9])?|[1-9]\d+"
LONG, MOST = 1900, 2000         # a log line is cut at MOST; where exactly that is depends on the digits of its delays


class Outcome:
    def __init__(self, scenario, verdicts):
        self.sc, self.inst, self.verdicts = scenario, scenario.inst, verdicts

    def __call__(self, states):
        """A dictionary; what is empty is left out."""
        sc = self.sc
        found = {
            "name": sc.name,
            "queue": states,
            "log": [self.log_line(program, text) for _, program, text in self.inst.log.of(sc.name)],
            "other_log": self.others(),
            "master_log": self.complaints(),
            "wire": [[[self.event(event) for event in session.events] for session in list(server.sessions)]
                     for server in sc.servers],
            "qmgr": [self.verdict(verdict) for verdict in self.in_order()],
            "smtpd_replies": [self.norm(text) for text in sc.replies],
            "bounces": sorted((self.mail(raw) for raw in sc.mail_in(sc.name)), key=lambda m: (m["subject"], m["parts"])),
            "notices": [self.mail(raw) for raw in sc.mail_in("pm." + sc.name)],
            "problems": sc.problems,
        }
        if "until" in sc.spec:          # master(8) starts it again and again; its tag may not be set yet
            early = [self.log_line(program, text) for _, program, text in self.inst.log.complaints
                     if program == sc.program and re.search(sc.spec["until"], text)]
            found["log"] = list(dict.fromkeys(found["log"] + early))
            del found["master_log"], found["qmgr"]
        return {key: value for key, value in found.items() if value or key == "wire"}

    # ---------------------------------------------------------------- text

    def norm(self, text):
        for number, qid in enumerate(self.sc.qids):
            text = text.replace(qid, "Q%d" % (number + 1))
        for number, port in enumerate(self.sc.ports):
            if port >= PORT_FIRST:
                text = re.sub(r"(?<!\d)%d(?!\d)" % port, "PORT%d" % number, text)
        text = text.replace(self.inst.wd, "WD")
        text = re.sub(r"(?<=<)\d{14}(?=\.Q)|\w{3}, [ \d]\d \w{3} \d{4} [\d:]{8} \+0000 \(UTC\)", "DATE", text)
        text = re.sub(r"\bSIZE=\d+", "SIZE=N", text)
        text = re.sub(r"\bIDENT=[0-9A-F]+\b", "IDENT=Q", text)
        text = re.sub(r"(XFORWARD .*\bPORT=)\d+", r"\1N", text)
        text = re.sub(r"message size \d+ exceeds", "message size N exceeds", text)
        for pattern in self.sc.spec.get("log_mask", []):
            text = re.sub(pattern, "MASKED", text)
        return text

    def delays(self, match):
        """Judges the numbers, which are never the same twice."""
        values = match.groups()
        form = re.compile("(?:%s)$" % self.sc.spec.get("delays_form", GOOD_NUMBER))
        if not all(form.match(value) for value in values):
            return "delay=BAD-FORM(%s)" % match.group(0)
        total, *parts = [float(value) for value in values]
        rounded = 2 if all(value.isdigit() for value in values) else 0.25
        if abs(total - sum(parts)) > max(rounded, 0.1 * total):
            return "delay=INCONSISTENT(%s)" % match.group(0)
        least = self.sc.spec.get("delays_min", [])
        if any(have < want for have, want in zip(parts, least)):
            return "delay=TOO-SMALL(%s)" % match.group(0)
        return "delay=D, delays=D/D/D/D"

    def log_line(self, program, text):
        size = len(text)
        text = self.norm("%s: %s" % (program, DELAYS.sub(self.delays, text)))
        text = re.sub(r"^(\w+: (?:warning: )?)[0-9A-F]{9,12}: ", r"\1Q: ", text)
        text = re.sub(r"(TLS library problem: ).*", r"\1(library text)", text)
        text = re.sub(r"(TLS connection (?:established|reused) to \S+: )TLSv1.*", r"\1(cipher details)", text)
        if size >= LONG:
            text = "%s ...(%s)" % (text[:700], "cut at %d" % size if size >= MOST else "long")
        return text

    def others(self):
        """What other programs log of the same messages."""
        lines = []
        for qid in self.sc.qids:
            for scenario, program, text in self.inst.log.about(qid):
                if scenario != self.sc.name and program in ("error", "discard", "bounce", "defer", "trace", "verify"):
                    lines.append(self.log_line(program, re.sub(r"(notification: )[0-9A-F]+", r"\1Q", text)))
        return lines

    def complaints(self):
        """What other programs have to complain of the agent."""
        lines = []
        with self.inst.log.cond:
            complaints = list(self.inst.log.complaints)
        for _, program, text in complaints:
            if "sc-" + self.sc.name in text and re.search(r"sc-%s(?![-\w])" % re.escape(self.sc.name), text):
                text = re.sub(r"-- throttling.*", "-- throttling", re.sub(r"pid \d+", "pid N", text))
                lines.append(self.log_line(program, text))
        return lines

    def event(self, event):
        kind, value = event
        if isinstance(value, str):
            return [kind, self.norm(value)]
        return [kind, [self.norm(line) for line in value] if isinstance(value, list) else value]

    # ---------------------------------------------------------------- the queue manager's view

    def in_order(self):
        """Verdicts on our messages, then those on others (probes, bounces)."""
        order = {qid: number for number, qid in enumerate(self.sc.qids)}
        return sorted(self.verdicts, key=lambda verdict: order.get(verdict.qid, len(order)))

    def verdict(self, verdict):
        seen = {"reply": [self.norm(line) for line in verdict.reply] if verdict.reply is not None else "none",
                "marks": [self.norm(line) for line in verdict.marks]}
        for name, lines in verdict.recorded.items():
            seen[name] = [self.norm(re.sub(r"^offset=\d+", "offset=N", line)) for line in lines]
        return seen

    # ---------------------------------------------------------------- bounces, reports, notices

    def mail(self, raw):
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        return {"subject": self.norm(str(message["Subject"])), "from": str(message["From"]), "to": str(message["To"]),
                "parts": [self.lines(text) for text in texts(message, raw)]}

    def lines(self, text):
        text = re.sub(r"(Arrival-Date|Last-Attempt-Date|Will-Retry-Until): .*", r"\1: DATE", self.norm(text))
        text = re.sub(r"(X-Postfix-Queue-ID: ).*", r"\1Q", text)
        return text.rstrip().split("\n")


STATUS = re.compile(rb"(?ms)^Content-Type: message/(?:global-)?delivery-status$.*?\n\n(.*?)\n--")


def texts(message, raw):
    """The text of a mail: its first part for people, and its part for programs."""
    found = []
    for part in message.walk():
        kind = part.get_content_type()
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            found.append(STATUS.search(raw).group(1).decode("utf-8", "replace"))
        elif part is message and not part.is_multipart() or kind == "text/plain" and not found:
            found.append(part.get_payload(decode=True).decode("utf-8", "replace"))
    return found
