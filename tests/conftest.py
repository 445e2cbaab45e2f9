from hypothesis import HealthCheck, settings

# A slow or shared machine changes no outcome: no deadlines, and the same examples on every run.
settings.register_profile("webdual", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("webdual")
