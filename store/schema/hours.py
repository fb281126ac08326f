"""Polls by the hour: a row an hour in which a stream was polled, and the hour that is not over, which stands with the stream itself."""

# (seller_id, stream, hour, polls, api_calls, changes); `{since}` is the oldest hour. A poll counts in the hour in which it began.
POLL_HOURS = """(
        SELECT seller_id, stream, hour, polls, api_calls, changes FROM sellerbeat.poll_hours WHERE hour >= {since}
        UNION ALL
        SELECT seller_id, stream, hour_at, hour_polls, hour_calls, hour_changes FROM sellerbeat.streams WHERE hour_at >= {since}
    )"""
# The last 24 hours, with the one that is not over. As a subquery it is asked once, and indexes serve; bare, `clock_timestamp()` does not.
A_DAY_AGO = "(SELECT date_trunc('hour', clock_timestamp(), 'UTC') - interval '23 hours')"
