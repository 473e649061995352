"""`make chaos`: messages under faults. Ends with 1 if one is lost, doubled or out of order, or catching up is slow."""

import argparse
import sys

from tests.chaos.plan import Options
from tests.chaos.trial import run


def main() -> int:
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--messages", type=int, default=usual.messages)
    parser.add_argument("--faults", type=int, default=usual.faults)
    parser.add_argument("--seconds", type=float, help="of writing; as many as messages and faults need")
    parser.add_argument("--clients", type=int, default=usual.clients)
    parser.add_argument("--rooms", type=int, default=usual.rooms)
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--logs", help="a folder that keeps what the servers wrote")
    report = run(Options(**vars(parser.parse_args())))
    print(report)
    return 0 if report.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
