"""catalogue.txt: the log lines and statuses that there are, and which scenario brings each about."""
import os
import re

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "catalogue.txt")
FATE = re.compile(r"dsn=(\S+), status=[\w-]+ \((.*)\)$")


class Row:
    """One row; excuse is the line below it."""

    def __init__(self, kind, text):
        self.kind, self.text, self.excuse, self.hits = kind, text, "", []
        self.code = None
        if kind == "status":
            self.code, text = text.split(" ", 1)
        text = re.escape(text).replace(r"\*", ".*").replace(r"QID:\ ", r"Q\d*: ")
        self.regex = re.compile(text)

    def fits(self, kind, line, code=None):
        return kind == self.kind and (self.code in (code, "r", None)) and self.regex.fullmatch(line)

    def elsewhere(self, version):
        """Only another Postfix than this VERSION says it."""
        found = re.match(r"(since|until) (\d+)\.(\d+)", self.excuse)
        bound = found and (int(found[2]), int(found[3]))
        return found and (version < bound if found[1] == "since" else version >= bound)


def load():
    rows = []
    with open(PATH, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if line.startswith("\t"):
                rows[-1].excuse = line.strip()
            elif line and not line.startswith("#"):
                rows.append(Row(*line.split(" ", 1)))
    return rows


def said(outcome):
    """All that can be in the catalogue: (kind, text, code)."""
    for line in outcome.get("log", []):
        text = line.split(": ", 1)[1]
        yield "log", text, None
        fate = FATE.search(text)
        if fate:
            yield "status", fate.group(2), fate.group(1)
    for line in outcome.get("other_log", []) + outcome.get("master_log", []):
        yield "other", line, None


def report(outcomes, listing, version):
    """Returns how many rows are missing, or said to be impossible though they aren't."""
    rows, wrong = load(), 0
    for name, outcome in outcomes.items():
        for kind, text, code in set(said(outcome)):
            for row in rows:
                if name not in row.hits[-1:] and row.fits(kind, text, code):
                    row.hits.append(name)
    for row in rows:
        missing = not row.hits and not row.elsewhere(version) and not row.excuse.startswith("never")
        strange = row.hits and row.excuse.startswith("never")
        wrong += bool(missing or strange)
        if missing or strange or listing:
            what = "NOT COVERED" if missing else "COVERED, BUT IT SAYS NEVER" if strange else ""
            print("%-7s%s%s\n        %s" % (row.kind, row.text, " - " + what if what else "",
                                          named(row.hits) or row.excuse or "-"))
    print("%d of %d rows of the catalogue are brought about; %d are excused" % (
        sum(bool(row.hits) for row in rows), len(rows), sum(not row.hits and bool(row.excuse) for row in rows)))
    return wrong


def named(hits, most=6):
    return " ".join(hits[:most]) + (" and %d more" % (len(hits) - most) if len(hits) > most else "")
