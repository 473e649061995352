"""Run by `manage.py shell`: makes dictionary and decks, and prints what is measured of them."""

import json
import os

from tests.benchmarks.generate_vocabulary import generate, make_measured

generate(float(os.environ.get("BENCH_WORDS", "1")))
print(json.dumps(make_measured()))
