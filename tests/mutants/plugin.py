"""A pytest plugin: one module of the project is read from another file, as `python -m tests.mutants` has changed it."""

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder, SourceLoader
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

MODULE, SOURCE = os.environ.get("MUTANT_MODULE", ""), os.environ.get("MUTANT_SOURCE", "")


class _ChangedSource(SourceLoader):
    def get_filename(self, fullname: str) -> str:
        return SOURCE

    def get_data(self, path: str | bytes) -> bytes:
        return Path(SOURCE).read_bytes()

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.get_data(SOURCE), SOURCE, "exec")  # never from a cache


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return spec_from_loader(fullname, _ChangedSource()) if fullname == MODULE else None


if MODULE:
    sys.meta_path.insert(0, _Finder())
