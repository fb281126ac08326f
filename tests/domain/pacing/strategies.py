"""Any seller, any facts, any level."""

from hypothesis import strategies as st

from domain.pacing import FULL, Facts, Level, SellerPace

DAY = 86_400.0
NOW = 1_800_000_000.0  # 8:00 UTC

SECONDS = st.floats(1, 10 * DAY)
COUNTS = st.floats(0, 1e5)
RATES = st.floats(1e-6, 1e6)
ANY_FACTS = st.builds(
    Facts,
    sales_30d=st.integers(0, 10_000),
    last_login=st.none() | st.floats(NOW - 20 * DAY, NOW + DAY),
    cadence_s=st.none() | SECONDS,
    speed_up_s=st.none() | SECONDS,
    paused=st.booleans(),
    utc_offset_h=st.floats(-12, 14),
    unseen_share=st.floats(0.001, 1),
)
PACES = st.builds(
    SellerPace,
    last_change=st.floats(NOW - 10 * DAY, NOW + DAY),
    seen_to=st.floats(NOW - 10 * DAY, NOW),
    n14=COUNTS,
    d14=st.floats(0, 30),
    n1=COUNTS,
    x1=COUNTS,
    nf=COUNTS,
    xf=COUNTS,
    calls_per_poll=st.floats(1, 50),
)
LEVELS = st.just(FULL) | st.builds(Level, st.floats(1e-6, 1e6), st.just(1.0)) | st.builds(Level, st.just(0.0), st.floats(1, 24))
