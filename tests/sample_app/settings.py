"""The school with one app more: added to the settings, and nowhere else."""

from config.settings import TASKS as QUEUED
from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = ["tests.sample_app", *INSTALLED_APPS]
TASKS = QUEUED  # jobs are rows here, so that they can be looked at
