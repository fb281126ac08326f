"""Open orders by their age. Many are never marked as shipped: what nothing happens to any more is asked for ever more rarely."""

from sqlalchemy import text

# By the index `orders_open_by_creation`: however many old ones there are, none of them is looked at.
ANY_OPEN_ORDER_SINCE = text(
    "SELECT entity_id FROM sellerbeat.orders WHERE seller_id = :seller_id AND is_open AND created_at >= :since LIMIT 1"
)
OPEN_ORDERS_SINCE = text("""
    SELECT entity_id FROM sellerbeat.orders WHERE seller_id = :seller_id AND is_open AND created_at >= :since AND entity_id > :after
    ORDER BY entity_id LIMIT :limit
""")
OPEN_ORDERS_BEFORE = text("""
    SELECT entity_id FROM sellerbeat.orders
    WHERE seller_id = :seller_id AND is_open AND (created_at < :before OR created_at IS NULL) AND entity_id > :after
    ORDER BY entity_id LIMIT :limit
""")
# A sweep reads so many of them and no more: the next one goes on behind the last. Kept as a page of no scan.
LAST_OLD_ORDER_READ = text(
    "SELECT ids[1] FROM sellerbeat.scan_pages WHERE seller_id = :seller_id AND stream = 'old' AND scan = 0 AND page = 0"
)
NOTE_LAST_OLD_ORDER_READ = text("""
    INSERT INTO sellerbeat.scan_pages (seller_id, stream, scan, page, ids, read_at)
        VALUES (:seller_id, 'old', 0, 0, ARRAY [:after], :read_at)
    ON CONFLICT (seller_id, stream, scan, page) DO UPDATE SET ids = excluded.ids, read_at = excluded.read_at
    WHERE scan_pages.ids <> excluded.ids
""")
# Earlier versions kept these as open, until they were sent. Nothing happened to them: no event.
CLOSE_CANCELLED_ORDERS = text("""
    UPDATE sellerbeat.orders SET is_open = false
    WHERE seller_id = :seller_id AND is_open AND data #>> '{cancelStatus,cancelState}' = 'CANCELED'
""")
