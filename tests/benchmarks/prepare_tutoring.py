"""Run by `manage.py shell`: makes the measured practice, or with BENCH_OTHERS the rest of the school around it."""

import json
import os

from tests.benchmarks.generate_tutoring import make_others, make_practice, time_rules, time_statement

if os.environ.get("BENCH_OTHERS"):
    make_others(lessons=100_000, lines=300_000)
    account = int(os.environ["BENCH_ACCOUNT"])
    rules = [time_rules() for _round in range(5)]
    words = [time_statement(account) for _round in range(5)]
    print(json.dumps({"rules": rules, "statement": words}))
else:
    print(json.dumps(make_practice()))
