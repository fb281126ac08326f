"""Properties here take milliseconds; on a machine that does other things too, any deadline would be one of the machine, not of the code."""

from hypothesis import settings

settings.register_profile("unhurried")
settings.load_profile("unhurried")
