"""catalogue.txt: the log lines and statuses that there are, and which scenario brings each about."""


def report(outcomes, listing):
    return 0
