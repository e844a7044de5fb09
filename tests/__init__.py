"""The tests keep generated keys in a folder of their own."""

import atexit
import os
import shutil
import tempfile

FOLDER = tempfile.mkdtemp(prefix="headway-keys-")
os.environ["XDG_DATA_HOME"] = FOLDER  # before the settings are read
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
