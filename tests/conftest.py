"""What holds for all tests."""

import os

from hypothesis import HealthCheck, settings

# The same examples every time, however slow the machine: a test that fails does so on every run.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
