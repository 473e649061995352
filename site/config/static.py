"""How static files are stored when they are collected."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticStorage(CompressedManifestStaticFilesStorage):
    """Each file under a name that changes with it, also where one script imports another."""

    support_js_module_import_aggregation = True
