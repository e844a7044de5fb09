"""The tests keep generated keys in a folder of their own, which the processes that they start share."""

import atexit
import os
import shutil
import tempfile

FOLDER = "TESTS_KEEP_KEYS_IN"

if FOLDER not in os.environ:
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="headway-keys-")
    atexit.register(shutil.rmtree, os.environ[FOLDER], ignore_errors=True)
os.environ["XDG_DATA_HOME"] = os.environ[FOLDER]  # before the settings are read
