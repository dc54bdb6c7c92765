"""safemx beside another Postfix than the installed one: held against what that one was seen to do.

The installed daemons remain. The agent is told another version by a postconf(1) of ours, and the request's attribute
that has another name from 3.10 on is renamed; nothing else of their protocols differs between 3.7 and 3.11.
Only what the agent itself does is compared: its log, the dialogue, where the message ended.
"""
import json
import os
import stat

HERE = os.path.dirname(os.path.abspath(__file__))
COMPARED = ("log", "wire", "queue")
FULL = {"3.8": "3.8.6", "3.9": "3.9.14", "3.11": "3.11.6"}
ADDED = ["use_srv_lookup =", "ignore_srv_lookup_error = no", "allow_srv_lookup_fallback = no",
         "requiretls_enable = yes", "smtp_requiretls_policy = enforce"]         # parameters since 3.7
SAID_BY_HEADER, REQUIRETLS = "Require-TLS-ESMTP: yes", 32       # cleanup(8) of 3.11 makes this bit of that header


def number(text):
    return tuple(int(part) for part in text.split("."))


class Recorded:
    """The recordings of one version. What isn't there is as in the next older one, down to 3.7."""

    def __init__(self, version):
        if version not in FULL:
            raise SystemExit("recordings are there of %s" % ", ".join(FULL))
        self.version = version
        names = [name for name in os.listdir(os.path.join(HERE, "recorded")) if number(name) <= number(version)]
        self.places = [os.path.join(HERE, "recorded", name) for name in sorted(names, key=number, reverse=True)]

    def find(self, name):
        for place in self.places:
            path = os.path.join(place, name + ".json")
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    return reduced(json.load(file))
        return None

    def wanted(self, specs):
        """Scenarios that were recorded."""
        return [spec for spec in specs if self.find(spec["name"]) is not None
                and number(spec.get("since", "3.5")) <= number(self.version)]

    def postconf(self, wd, bindir):
        """A directory whose postconf(1) tells of this version."""
        place = os.path.join(wd, "bin")
        os.mkdir(place)
        path = os.path.join(place, "postconf")
        with open(path, "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n%s/postconf \"$@\" | sed 's/^mail_version = .*/mail_version = %s/'\n"
                       "printf '%%s\\n' '%s'\n" % (bindir, FULL[self.version], "' '".join(ADDED)))
        os.chmod(path, stat.S_IRWXU | stat.S_IRGRP | stat.S_IXGRP | stat.S_IROTH | stat.S_IXOTH)
        return place

    def translated(self, message, spec):
        """The request's first list, as a queue manager of this version sends it."""
        if number(self.version) < (3, 10):
            return message
        bits = REQUIRETLS if any(SAID_BY_HEADER in one.get("first", "") for one in spec.get("messages", [])) else 0
        return [("sendopts", str(int(value) | bits)) if name == "smtputf8" else (name, value) for name, value in message]


def without_header(value):
    """The header that only the installed cleanup(8) leaves in the content."""
    if isinstance(value, list):
        return [without_header(item) for item in value if item != SAID_BY_HEADER]
    return value


def reduced(outcome):
    """What is compared."""
    outcome = dict(outcome, wire=without_header(outcome["wire"]))
    return {key: outcome[key] for key in COMPARED if outcome.get(key) or key == "wire"}

