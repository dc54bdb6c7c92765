"""The scenario files: text in, one dictionary a scenario out. README.md says how they are written."""
import glob
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))

# what may stand at the start of a line, and how its value is read
TEXTS = {"program", "args", "nexthop", "since", "about", "delays_form", "damage", "until"}
NUMBERS = {"linger", "slow"}
SWITCHES = {"exclusive", "notice", "late_cache"}
OF_MESSAGE = {"from", "to", "mail", "rcpt", "via", "helo", "charset", "header", "body", "data", "lines", "raw_eol"}


class Mistake(Exception):
    pass


def widen(text):
    """{c*990}: a character many times, so that long lines stay short here."""
    return re.sub(r"\{(.)\*(\d+)\}", lambda match: match.group(1) * int(match.group(2)), text)


def unescape(text):
    r"""\n \r \t \\ \xHH"""
    def one(match):
        word = match.group(1)
        return chr(int(word[1:], 16)) if word[0] == "x" else {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}[word]
    return re.sub(r"\\(x[0-9A-Fa-f]{2}|[nrt\\])", one, text)


def plain(text):
    return unescape(widen(text))


def words(text):
    """Split at blanks, but not inside quotes: "john doe"@example."""
    return re.findall(r'(?:"(?:\\.|[^"\\])*"|\S)+', text)


def option(text):
    """NAME=VALUE or NAME, as of a server or a reply."""
    name, equals, value = text.partition("=")
    if not equals:
        return name, True
    try:
        return name, float(value) if "." in value and value.replace(".", "", 1).isdigit() else int(value)
    except ValueError:
        return name, value


def reply(text):
    """"250 ok", "(close delay=1) 421 bye", "(hang)", "(raw) 250ok\\r\\n": as mockserver.py wants it."""
    match = re.match(r"\(([^)]*)\) ?(.*)", text)
    if not match:
        return plain(text)
    spec = dict(option(word) for word in match.group(1).split())
    text = plain(match.group(2))
    if "none" in spec:
        return None
    if "per_rcpt" in spec:
        return {"per_rcpt": text.split(" | ")}
    if "times" in spec:
        first, _, rest = text.partition("\n")
        text = (first + "\n") * spec.pop("times") + rest
    if "drip" in spec:
        spec["chunks"] = [[char, spec["drip"]] for char in text + "\r\n"]
        del spec["drip"]
    elif spec.pop("raw", False):
        spec["raw"] = text
    elif text:
        spec["r"] = text
    elif not spec.get("hang"):
        spec["raw"] = ""
    return spec


class Script:
    """What a server says on one connection, collected line by line."""

    def __init__(self):
        self.said, self.match, self.done = {}, {}, {}

    def line(self, verb, rest):
        if verb == "offers":
            lines = ["mock.example"] + [word.strip() for word in rest.split(",")]
            text = "\n".join("250%s%s" % (" " if word is lines[-1] else "-", word) for word in lines)
            self.said["EHLO"], self.said["LHLO"] = [text], [text]
        elif verb == "tls":
            self.done["tls"] = rest
        elif verb == "data_abort":
            found = re.match(r"after=(\d+) mode=(\w+) ?(.*)", rest)
            self.done["data_abort"] = {"after": int(found.group(1)), "mode": found.group(2), "reply": found.group(3)}
        else:
            found = re.match(r"\[([^]]*)\] (.*)", rest)
            if found:
                self.match.setdefault(verb, {})[found.group(1)] = reply(found.group(2))
            else:
                self.said.setdefault(verb, []).append(reply(rest))

    def spec(self, default):
        for verb, replies in self.said.items():
            self.done[verb] = replies[0] if len(replies) == 1 else replies
        for verb, match in self.match.items():
            self.done[verb] = {"match": match, "else": self.done.get(verb, default(verb))}
        return self.done


def friendly(verb):
    return {"RCPT": "250 2.1.5 ok", "MAIL": "250 2.1.0 ok"}.get(verb, "250 2.0.0 ok")


class Reader:
    """One file."""

    def __init__(self, path):
        self.path, self.found, self.number = path, [], 0
        with open(path, encoding="utf-8") as file:
            self.lines = file.read().split("\n")

    def __call__(self):
        while self.number < len(self.lines):
            line = self.lines[self.number]
            self.number += 1
            if not line or line.startswith("#"):
                continue
            try:
                self.take(line)
            except (Mistake, KeyError, ValueError, AttributeError) as error:
                raise SystemExit("%s:%d: %s: %s" % (os.path.basename(self.path), self.number, error, line))
        return self.found

    def block(self):
        """The lines below that begin with a tab, without it. An empty line belongs to the block if it goes on."""
        lines = []
        while self.number < len(self.lines):
            line = self.lines[self.number]
            if not line:
                rest = [other for other in self.lines[self.number:] if other]
                if not rest or not rest[0].startswith("\t"):
                    break
            elif not line.startswith("\t"):
                break
            lines.append(line[1:])
            self.number += 1
        return lines

    def take(self, line):
        if line.startswith("== "):
            name, _, about = line[3:].partition(": ")
            self.spec = {"name": name, "about": about, "file": os.path.basename(self.path)}
            self.found.append(self.spec)
            return
        key, _, value = line.partition(" ")
        if key in OF_MESSAGE:
            self.of_message(key, value)
        elif key in TEXTS:
            self.spec[key] = widen(value)
        elif key in NUMBERS:
            self.spec[key] = float(value)
        elif key in SWITCHES:
            self.spec[key] = True
        else:
            getattr(self, "on_" + key)(value)

    def setting(self, where, text):
        name, _, value = text.partition("=")
        self.spec.setdefault(where, {})[name.strip()] = widen(value.strip())

    def on_set(self, text):
        self.setting("options", text)

    def on_main(self, text):
        self.setting("main", text)

    def on_route(self, text):
        self.spec.setdefault("domains", []).append(text)

    def on_mask(self, text):
        self.spec.setdefault("log_mask", []).append(text)

    def on_request(self, text):
        self.setting("request", plain(text))

    def on_delays_min(self, text):
        self.spec["delays_min"] = [float(word) for word in text.split()]

    def on_file(self, name):
        """file NAME, or file NAME hash: postmap(1) makes a table of it."""
        name, _, kind = name.partition(" ")
        if kind:
            self.spec.setdefault("postmap", {})[name] = kind
        self.spec.setdefault("files", {})[name] = "".join(widen(line) + "\n" for line in self.block())

    def on_dns(self, text):
        name, kind, *data = text.split()
        zone = self.spec.setdefault("dns", {}).setdefault(name, {})
        if kind in ("CNAME", "CLASS") or kind.startswith("RCODE"):
            zone[kind] = data[0]
        elif kind == "MX":
            zone.setdefault("MX", []).append([int(data[0]), data[1].rstrip(".")])
        elif kind == "SRV":
            zone.setdefault("SRV", []).append([int(data[0]), int(data[1]), data[2], data[3].rstrip(".")])
        elif kind == "A" and "-" in data[0]:        # A 127.0.8.1-120
            front, _, span = data[0].rpartition(".")
            first, last = span.split("-")
            zone.setdefault("A", []).extend("%s.%d" % (front, n) for n in range(int(first), int(last) + 1))
        elif kind == "RAW":             # dns NAME RAW TYPE HEX: a record with these bytes as its data
            zone.setdefault("RAW", []).append(data)
        elif kind != "EMPTY":
            zone.setdefault(kind, []).append(" ".join(data))

    def on_server(self, text):
        server = dict(option(word) for word in text.split())
        scripts = [Script()]
        for line in self.block():
            verb, _, rest = line.partition(" ")
            if verb == "session":
                scripts.append(Script())
            elif verb and not verb.startswith("#"):
                scripts[-1].line(verb, rest)
        server["sessions"] = [script.spec(friendly) for script in scripts]
        self.spec.setdefault("servers", []).append(server)

    def on_step(self, text):
        name, *values = text.split()
        if name in ("send", "send-nowait"):
            values = [int(values[0])]
        elif name == "sleep":
            values = [float(values[0])]
        self.spec.setdefault("steps", []).append([name] + values)

    def on_message(self, _):
        self.spec.setdefault("messages", []).append({})

    def on_no(self, text):
        """no message: only the steps do something; no server: none is there."""
        self.spec[text.strip() + "s"] = []

    def of_message(self, key, value):
        messages = self.spec.setdefault("messages", [])
        if not messages:
            messages.append({})
        message = messages[-1]
        if key == "to":
            message["to"] = [word if "@" in word or word.startswith("=") else word + "@{id}.test"
                             for word in words(widen(value))]
            message["to"] = [word.removeprefix("=") for word in message["to"]]
        elif key == "from":
            message["from"] = widen(value).removeprefix("<>")
        elif key == "mail":
            message["mail_opts"] = widen(value)
        elif key == "rcpt":
            message.setdefault("rcpt_opts", []).append(widen(value))
        elif key == "via":
            message["via"], *message["args"] = value.split()
        elif key == "header":           # behind the usual ones; "header first": in front of them
            where = "first" if value == "first" else "header"
            message[where] = message.get(where, "") + "".join(plain(line) + "\n" for line in self.block())
        elif key in ("body", "data"):
            message[key] = "".join(plain(line) + "\n" for line in self.block())
            if value == "unfinished":           # the last line has no newline
                message[key] = message[key][:-1]
        elif key == "lines":
            count, width = value.split()
            message["data"] = {"lines": int(count), "width": int(width)}
        elif key == "raw_eol":
            message[key] = True
        else:
            message[key] = value


def load(paths=None):
    """All scenarios, by name, in the order of the files."""
    specs = []
    for path in paths or sorted(glob.glob(os.path.join(HERE, "scenarios", "*.txt"))):
        specs += Reader(path)()
    names = [spec["name"] for spec in specs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SystemExit("two scenarios of one name: %s" % " ".join(twice))
    return specs
