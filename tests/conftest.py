"""Hypothesis profiles for the whole test suite.

`repeatable` tries the same examples in every run; it applies in CI, where the
environment has `CI=true`. `random` tries new ones in every run and applies
elsewhere. `HYPOTHESIS_PROFILE=repeatable` or `HYPOTHESIS_PROFILE=random` overrides
the choice.
"""

import os

from hypothesis import settings

settings.register_profile(
    "repeatable", derandomize=True, database=None, deadline=None, print_blob=True
)
settings.register_profile("random", derandomize=False, deadline=None, print_blob=True)

_DEFAULT = "repeatable" if os.environ.get("CI") == "true" else "random"
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or _DEFAULT)
