"""What became of one delivery, as lines that can be compared; and how two agents may differ.

An observation is a list of lines: what the agent logged, what each connection was to the server, and the fate of the
recipient. Ports, queue ids, delays and the like are made equal; so are the library's own words for a failure.
"""
import collections
import re

import lab

# What is not the same twice
EQUAL = (
    (r"^(.*)\bE[0-9A-F]{5}[0-9A-F]*: ", r"\1QID: "),
    (r"\]:\d{2,5}\b", "]:PORT"),
    (r"_\d{4,5}\._tcp", "_PORT._tcp"),
    (r"(\.test|\.1):\d{4,5}\b", r"\1:PORT"),
    (r"<u\d+@rcpt\.example>", "<RCPT>"),
    (r" delay=.*?, delays=.*?,", ""),
    (r"\b[0-9A-F]{64}\b", "DIGEST"),
    (r"queued by connection \d+", "queued"),
    (r"(TLS library problem): .*", r"\1"),
    (r"(SSL_connect error to .*): Connection reset by peer", r"\1: lost connection"),  # whichever is seen first
    (r"(handshake failure): Connection reset by peer", r"\1: the server closed the connection"),
    (r"/\S+/safemx-e2e-\w+/", "/"),
)


def equal(line):
    for pattern, words in EQUAL:
        line = re.sub(pattern, words, line)
    return line


def end(record):
    """How the connection ended; whoever doesn't wait for the reply to QUIT may reset it."""
    if record["cmds"][-1:] in (["QUIT"], ["QUIT+"]):
        return "QUIT"
    return re.sub("^ssl:.*", "TLS error", re.sub("^io:.*|^eof.*", "lost", record["end"]))


def connection(record):
    """One connection as the server saw it; what came inside TLS has a +."""
    tls = record["tls"]
    words = ["said " + " ".join(record["cmds"])]
    if tls:
        words.append("%s %s, name %s%s%s" % (tls["version"], tls["cipher"], record["sni"] or "-",
                                             ", resumed" if tls["resumed"] else "",
                                             ", client " + str(tls["client"]) if tls.get("client") else ""))
    words += ["message taken"] * record["mail"] + ["end: " + end(record)]
    return "server %s: %s" % (record["ip"], "; ".join(words))


def lines_of(log, records):
    """The observation: log lines in their order, then connections, then the recipient's fate."""
    said = [equal(line) for line in log if line]
    fates = [line for line in said if ": to=<" in line]
    return [line for line in said if ": to=<" not in line] + [connection(record) for record in records] + fates


def fate(log, records):
    """(outcome, dsn, reason) and the word of the connection that took the mail: "TLS" when it was not told."""
    settled = [re.search(r"dsn=([\d.]+), status=(\w+) \((.*)\)$", line) for line in log if ": to=<" in line]
    words = [re.match(r"(\w+) TLS connection (?:established|reused) to", line) for line in log]
    words = [match.group(1) for match in words if match]
    if not words: # safemx's own line
        words = ["Verified" if " verified=yes " in line else "TLS" for line in log if ": tls: level=" in line]
    clear = any(record["mail"] and not record["tls"] for record in records)
    inside = words or any(record["mail"] and record["tls"] for record in records)
    if not settled or not settled[-1]:
        return None, "", "", ""
    dsn, outcome, reason = settled[-1].groups()
    return outcome, dsn, reason, (words[-1] if words else "TLS") if inside and not clear else "plaintext"


# ---------------------------------------------------------------------------- two agents

def same(theirs, ours):
    """Ours may go on where Postfix's text ends: behind a colon, or in brackets (DNSSEC: ...)."""
    theirs, ours = theirs.removesuffix(")"), ours.removesuffix(")")
    return ours == theirs or ours.startswith(theirs + " (") \
        or (theirs.startswith("QID: ") and ours.startswith(theirs + ": "))


def difference(theirs, ours):
    """Lines that only one of them has: "- line" of Postfix's agent, "+ line" of ours."""
    left, extra = list(theirs), []
    for line in ours:
        match = next((other for other in left if same(other, line)), None)
        if match is None:
            extra.append("+ " + line)
        else:
            left.remove(match)
    return ["- " + line for line in left] + extra


def unlike(some, others):
    """Lines that are in one log more often than in the other, but for what depends on who is first."""
    some, others = (collections.Counter(equal(line) for line in log if not line.startswith("DNSSEC validation by"))
                    for log in (some, others))
    return ["- " + line for line in (some - others).elements()] + ["+ " + line for line in (others - some).elements()]


class Allowed:
    """The differences that are meant, from a file; its head says how it is written."""

    def __init__(self, path):
        self.items = []
        with open(path, encoding="ascii") as file:
            for line in file:
                if line.strip() and not line.startswith("#"):
                    self.take(line.rstrip())

    def take(self, line):
        word, _, rest = line.strip().partition(" ")
        if not line[0].isspace():
            self.items.append({"name": line, "rows": [], "lines": {}})
        elif word == "in":
            self.items[-1]["rows"].append(rest.strip())
        elif word == "accepts":
            self.items[-1]["accepts"] = True
        elif word in ("-", "+"):
            self.items[-1]["lines"][word + " " + rest.strip()] = 0
        elif word == "maybe":
            self.items[-1]["lines"][rest.strip()] = 1

    def allows(self, row, line):
        allowed = False
        for item in self.items:
            if any(lab.matches(pattern, row) for pattern in item["rows"] or ["*"]):
                for pattern in item["lines"]:
                    if lab.matches(pattern, line):
                        item["lines"][pattern] += 1
                        allowed = True
        return allowed

    def accepts(self, row):
        """May ours send what Postfix's agent would not?"""
        return any(item.get("accepts") and any(lab.matches(pattern, row) for pattern in item["rows"])
                   for item in self.items)

    def stale(self):
        """What is listed and never happened."""
        return ["%s: %s" % (item["name"], pattern) for item in self.items
                for pattern, count in item["lines"].items() if count == 0]


def strength(seen):
    """How well the mail was kept: 0 sent in clear, 1 over TLS, 2 not sent."""
    if fate(seen.log, seen.records)[0] != "sent":
        return 2
    return 0 if any(record["mail"] and not record["tls"] for record in seen.records) else 1


def looser(theirs, ours):
    return strength(ours) < strength(theirs)
